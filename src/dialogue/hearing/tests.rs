//! What the hearing does with weights of its own, and with those that ship.

use super::fit::{Line, Material, biases};
use super::pieces::{Concepts, Pieces};
use super::thresholds::choose;
use super::{Class, Hearing, HearingError, Scores, contrasted, decide, is_certain, print, settle};
use crate::config::words;
use crate::dialogue::intent::Intent;

fn concepts() -> Concepts {
    [("person", "真人 活人 someone"), ("ask", "找 叫"), ("latin", "ai")]
        .into_iter()
        .map(|(name, words)| (name.to_owned(), words.split(' ').map(str::to_owned).collect()))
        .collect()
}

fn names(text: &str) -> Vec<String> {
    let pieces = Pieces::new(concepts()).unwrap();
    let mut names = Vec::new();
    pieces.of(text, &mut |piece| names.push(pieces.name(piece)));
    names
}

#[test]
fn pieces_are_runs_words_and_concepts_however_they_are_written() {
    let names = names("找活人!");
    for piece in ["^", "^找", "^找活", "活人!", "人!$", "!$", "@person", "@ask", "@ask+person"] {
        assert!(names.iter().any(|name| name == piece), "{piece}: {names:?}");
    }
    assert_eq!(self::names("ＡＩ，找个　人工１２３４５６"), self::names("ai 找個 人工789"));
    assert!(self::names("get me someone").contains(&"w:me someone".to_owned()));
}

#[test]
fn short_latin_words_stand_alone() {
    assert!(names("no ai please").contains(&"@latin".to_owned()));
    assert!(names("不要ai了").contains(&"@latin".to_owned()));
    assert!(!names("it failed").contains(&"@latin".to_owned()));
}

#[test]
fn words_within_harmless_ones_stand_for_nothing() {
    let concepts: Concepts = [("fire", "火 着火"), ("harmless", "火车"), ("paper", "火车")]
        .into_iter()
        .map(|(name, words)| (name.to_owned(), words.split(' ').map(str::to_owned).collect()))
        .collect();
    let pieces = Pieces::new(concepts).unwrap();
    let names = |text: &str| {
        let mut names = Vec::new();
        pieces.of(text, &mut |piece| names.push(pieces.name(piece)));
        names.retain(|name| name.starts_with('@') && !name.contains('+'));
        names
    };
    assert_eq!(names("火车几点开"), ["@harmless", "@paper"]);
    assert_eq!(names("火车着火了"), ["@fire", "@harmless", "@paper"]);
}

#[test]
fn what_the_words_sound_like_otherwise_speaks_against_a_class() {
    let at = |class: Class| Class::ALL.iter().position(|known| *known == class).unwrap();
    let (danger, question) = (at(Class::Emergency), at(Class::Question));
    let mut scores: Scores = [-1.0; Class::ALL.len()];
    scores[danger] = 0.5;
    let alone = contrasted(&scores);
    scores[question] = 0.5;
    let disputed = contrasted(&scores);
    assert!(alone[danger] > disputed[danger]);
    let kind = at(Class::Intent(Intent::EmergencyFire));
    assert!((disputed[kind] - scores[kind]).abs() < f32::EPSILON);
    scores[kind] = 0.9;
    assert!(contrasted(&scores)[danger] > disputed[danger]);
}

fn lines() -> Vec<Line> {
    let line = |text: &str, label| Line { text: text.to_owned(), label };
    let mut lines = Vec::new();
    for (wish, question) in [("找真人", "找房子"), ("叫活人来", "叫号机坏了"), ("找活人说", "真丝怎么洗")]
    {
        for end in ["", "吧", "呀"] {
            lines.push(line(&format!("{wish}{end}"), Some(Intent::AskHuman)));
            lines.push(line(&format!("{question}{end}"), None));
        }
    }
    lines
}

fn fitted(lines: &[Line]) -> String {
    let material = Material::new(&Pieces::new(concepts()).unwrap(), lines);
    let weights: Vec<_> = Class::ALL.into_iter().map(|class| material.fit(class, |_| true)).collect();
    print("of a test", &material.rows(&weights), &biases(&weights), &[0.0; Class::ALL.len()])
}

#[test]
fn what_is_fitted_is_heard_again_after_the_file_is_read() {
    let text = fitted(&lines());
    let hearing = Hearing::read(concepts(), &text).unwrap();
    let heard = |text: &str| decide(&hearing.margins(text), |_| true);
    assert_eq!(heard("叫真人"), Some(Intent::AskHuman));
    assert_eq!(heard("房子坏了"), None);
    assert_eq!(decide(&hearing.margins("叫真人"), |intent| intent != Intent::AskHuman), None);
    assert!(hearing.margins("。 …—").iter().all(|&margin| margin <= f32::MIN), "nothing is said");
    let explanation = hearing.explain("叫真人");
    assert!(explanation.pieces.iter().any(|(piece, added)| piece.contains("person") && *added > 0.0));
}

#[test]
fn the_same_lines_give_the_same_file() {
    assert_eq!(fitted(&lines()), fitted(&lines()));
}

#[test]
fn a_file_that_is_cut_or_for_others_is_refused() {
    let text = fitted(&lines());
    let read = |text: &str| Hearing::read(concepts(), text).map(drop);
    assert!(matches!(read("^\tx"), Err(HearingError::Line(1))));
    assert!(matches!(read("^\t3\t99:1"), Err(HearingError::Line(1))));
    assert!(matches!(read("^\t3\t0:1"), Err(HearingError::Classes)));
    assert!(matches!(read(&text.replace("ask_human", "ask_robot")), Err(HearingError::Classes)));
    assert!(read(&text).is_ok());
}

#[test]
fn danger_goes_before_everything_and_a_rule_before_what_words_sound_like() {
    let at = |class: Class| Class::ALL.iter().position(|known| *known == class).unwrap();
    let mut margins: Scores = [-1.0; Class::ALL.len()];
    assert_eq!(settle(None, &margins, |_| true), None);
    margins[at(Class::Intent(Intent::Dissatisfied))] = 0.9;
    assert_eq!(settle(None, &margins, |_| true), Some(Intent::Dissatisfied));
    assert_eq!(settle(Some(Intent::AskHuman), &margins, |_| true), Some(Intent::AskHuman));
    margins[at(Class::Emergency)] = 0.1;
    margins[at(Class::Intent(Intent::EmergencyFire))] = -0.5;
    assert_eq!(settle(None, &margins, |_| true), Some(Intent::EmergencyFire));
    assert_eq!(settle(Some(Intent::AskHuman), &margins, |_| true), Some(Intent::AskHuman));
    margins[at(Class::Emergency)] = 0.8;
    assert_eq!(settle(Some(Intent::AskHuman), &margins, |_| true), Some(Intent::EmergencyFire));
    assert_eq!(settle(Some(Intent::EmergencyPolice), &margins, |_| true), Some(Intent::EmergencyPolice));
    margins[at(Class::Emergency)] = -0.45;
    assert_eq!(settle(Some(Intent::EmergencyPolice), &margins, |_| true), Some(Intent::EmergencyPolice));
    margins[at(Class::Emergency)] = -0.55;
    assert_eq!(settle(Some(Intent::EmergencyPolice), &margins, |_| true), Some(Intent::Dissatisfied));
}

#[test]
fn beyond_doubt_is_what_a_rule_says_or_what_sounds_very_much_like_it() {
    let at = |class: Class| Class::ALL.iter().position(|other| *other == class).unwrap();
    let heard = |class: Class, margin: f32| {
        let mut margins = [-1.0; Class::ALL.len()];
        margins[at(class)] = margin;
        margins
    };
    let (human, danger) = (Class::Intent(Intent::AskHuman), Class::Emergency);
    let table = [
        (Intent::AskHuman, None, heard(human, 0.7), false),
        (Intent::AskHuman, None, heard(human, 0.8), true),
        (Intent::AskHuman, Some(Intent::AskHuman), heard(human, -0.6), true),
        (Intent::EmergencyFire, None, heard(danger, 0.1), false),
        (Intent::EmergencyFire, Some(Intent::EmergencyFire), heard(danger, 0.1), true),
        // A rule about danger in words that do not sound like it: 火灾保险.
        (Intent::EmergencyFire, Some(Intent::EmergencyFire), heard(danger, -0.1), false),
        // Danger that is heard against a rule about something else has to be clear already.
        (Intent::EmergencyFire, Some(Intent::AskHuman), heard(danger, 0.8), true),
    ];
    for (wanted, ruled, margins, certain) in table {
        assert_eq!(is_certain(wanted, ruled, &margins), certain, "{wanted:?} {ruled:?}");
    }
}

#[test]
fn certain_words_stay_certain_and_questions_stay_questions() {
    let words = words::words(None).unwrap();
    for wish in ["转人工", "转人工！", "人工客服", "找真人", "叫个人来", "human please"] {
        assert_eq!(words.intent(wish), Some(Intent::AskHuman), "{wish}");
    }
    for question in [
        "你好，请问居住证怎么续签",
        "谢谢，那社保卡在哪里补",
        "早上好 今天车管所上班吗",
        "懂了谢谢 但是我没有银行卡 现金可以吗",
        "救护车怎么收费",
        "机器人补贴怎么申请",
        "社保网站登录不上怎么办",
        "垃圾分类扔错了罚多少",
        "闯红灯叫摄像头拍着了，扣几分",
        "昏迷不醒的病人存款怎么取，银行让本人来",
        "那要多久",
        "第二个",
        "没有",
        "",
    ] {
        assert_eq!(words.intent(question), None, "{question}");
    }
    for (danger, kind) in [
        ("我妈躺地上叫她她不应", Intent::EmergencyAmbulance),
        ("楼道里全是烟", Intent::EmergencyFire),
        ("有人在撬我家的门", Intent::EmergencyPolice),
        ("我在天台 不想再熬了", Intent::EmergencyCrisis),
    ] {
        assert_eq!(words.intent(danger), Some(kind), "{danger}");
    }
}

#[test]
fn what_is_of_no_use_here_is_not_heard_either() {
    let words = words::words(None).unwrap().without(Intent::Login);
    assert_eq!(words.intent("我要登进去看看上次问的"), None);
}

#[test]
fn the_threshold_is_where_mistakes_cost_the_least_and_no_single_line_moves_it() {
    let (meant, question) = (Some(Intent::Dissatisfied), None);
    let class = Class::Intent(Intent::Dissatisfied);
    let scores: Vec<f32> = (0..40).map(|at| at as f32 / 20.0 - 1.0).collect();
    let mut labels: Vec<Option<Intent>> =
        scores.iter().map(|&score| if score > 0.0 { meant } else { question }).collect();
    let clear = choose(class, &scores, &labels);
    assert!((0.0..=0.05).contains(&clear), "{clear}");
    labels[12] = meant;
    labels[30] = question;
    assert!((choose(class, &scores, &labels) - clear).abs() < 0.03);
    assert!(choose(Class::Emergency, &scores, &[question; 40]) > 0.95, "what nobody means is not heard");
}
