//! What questions come to, by confidence and by words.

use super::*;

const POLICY: Policy = Policy {
    answer_at: 0.5,
    clarify_at: 0.3,
    ask_model_at: 0.1,
    decline_odds: 20.0,
    close_margin: 0.25,
    choices: 4,
    evidence: 8,
};

fn words() -> Words {
    crate::config::words::words(None).unwrap()
}

/// Entries as sure as that, one ahead of the other by as much as one is surer.
fn found(confidences: &[f32]) -> Vec<Found<'static>> {
    let log_odds = |confidence: f32| (confidence / (1.0 - confidence)).ln();
    let one = |&confidence: &f32| Found {
        confidence,
        score: log_odds(confidence),
        unit: "身份证补办",
        scenario: false,
    };
    confidences.iter().map(one).collect()
}

#[test]
fn the_thresholds_divide_answers_from_asking_back_and_from_none() {
    let words = words();
    let table: [(&[f32], Judgement); 6] = [
        (&[], Judgement::NoAnswer),
        (&[0.29], Judgement::NoAnswer),
        (&[0.4, 0.35, 0.1], Judgement::Clarify(vec![0, 1])),
        (&[0.9, 0.4], Judgement::Answer),
        (&[0.9, 0.89, 0.2], Judgement::Clarify(vec![0, 1])),
        (&[0.51, 0.1], Judgement::Answer),
    ];
    for (confidences, expected) in table {
        let judged = judge(&POLICY, &words, "身份证丢了怎么补", &found(confidences));
        assert_eq!(judged, expected, "{confidences:?}");
    }
}

#[test]
fn two_characters_are_asked_about_where_several_entries_name_them_however_unsure() {
    let words = words();
    let mut unsure = found(&[0.2, 0.1, 0.05]);
    (unsure[0].unit, unsure[2].unit) = ("二手车怎么过户", "自来水过户");
    assert_eq!(judge(&POLICY, &words, "我要过户", &unsure), Judgement::Clarify(vec![0, 2]));
    assert_eq!(judge(&POLICY, &words, "我要看电影", &unsure), Judgement::NoAnswer);
    unsure[2].unit = "身份证补办";
    assert_eq!(judge(&POLICY, &words, "我要过户", &unsure), Judgement::NoAnswer);
}

#[test]
fn what_is_close_is_told_by_the_order_and_not_by_how_sure_each_is_alone() {
    let words = words();
    let mut pair = found(&[0.8, 0.85]);
    (pair[0].score, pair[1].score) = (2.0, 1.0);
    assert_eq!(judge(&POLICY, &words, "身份证丢了怎么补", &pair), Judgement::Answer);
    pair[1].score = 1.9;
    assert_eq!(judge(&POLICY, &words, "身份证丢了怎么补", &pair), Judgement::Clarify(vec![0, 1]));
}

#[test]
fn the_very_question_of_an_entry_is_answered_although_others_are_close() {
    let judged = judge(&POLICY, &words(), "身份证补办？", &found(&[0.9, 0.9]));
    assert_eq!(judged, Judgement::Answer);
}

#[test]
fn a_scenario_begins() {
    let one = Found { confidence: 0.9, score: 1.0, unit: "开餐馆", scenario: true };
    assert_eq!(judge(&POLICY, &words(), "我想开一家餐馆", &[one]), Judgement::Guide);
}

#[test]
fn words_that_are_not_looked_up_are_foreseen_as_what_they_are() {
    let words = words();
    let sure = found(&[0.9]);
    let table = [
        ("我要人工", Some(Outcome::Handoff), Some(Intent::AskHuman)),
        ("你好", None, Some(Intent::Greeting)),
        ("身份证丢了怎么补", Some(Outcome::Answered), None),
        ("怎么办", Some(Outcome::Clarify), None),
    ];
    for (text, outcome, intent) in table {
        assert_eq!(foresee(&POLICY, &words, text, &sure), Foreseen { outcome, intent }, "{text}");
    }
}
