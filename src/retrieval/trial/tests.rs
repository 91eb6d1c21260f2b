//! Pasted lines, verdicts and comparisons, as tables.

use jiff::Timestamp;
use knowledge::Version;

use super::compare::compare;
use super::*;

fn question(text: &str, expected: &[&str], unanswerable: bool) -> SetQuestion {
    let expected = expected.iter().map(|&id| id.to_owned()).collect();
    SetQuestion { text: text.to_owned(), expected, unanswerable }
}

#[test]
fn pasted_lines_are_questions_with_what_is_expected() {
    let text = "身份证丢了怎么补\tid-card\n# 注释\n\n  护照多少钱 | pass, visa；pass\n今晚吃什么\t-\n身份证丢了怎么补？\n没有标注\n没有标注\tx\n？\t-\n";
    let expected = [
        question("身份证丢了怎么补", &["id-card"], false),
        question("护照多少钱", &["pass", "visa"], false),
        question("今晚吃什么", &[], true),
        question("没有标注", &["x"], false),
    ];
    assert_eq!(read_lines(text), expected);
}

#[test]
fn numbers_of_persons_do_not_stay_in_a_set() {
    let read = read_lines("我的手机号13800138000怎么改");
    assert!(!read[0].text.contains("13800138000"), "{read:?}");
}

fn row(question: SetQuestion, outcome: &str, hits: &[(&str, f32)]) -> RowRecord {
    let hits = hits
        .iter()
        .map(|&(id, confidence)| TopHit { id: id.to_owned(), title: id.to_owned(), confidence })
        .collect();
    let mut row = RowRecord {
        question,
        outcome: (!outcome.is_empty()).then(|| outcome.to_owned()),
        intent: None,
        hits,
        verdict: Verdict::Unjudged,
    };
    row.verdict = row.judge();
    row
}

#[test]
fn a_verdict_is_about_what_the_citizen_would_be_shown() {
    let expects = || question("q", &["a", "b"], false);
    let foreign = || question("q", &[], true);
    let table = [
        (row(expects(), "answered", &[("b", 0.9)]), Verdict::Right),
        (row(expects(), "clarify", &[("a", 0.3)]), Verdict::Right),
        (row(expects(), "answered", &[("c", 0.9), ("a", 0.8)]), Verdict::Wrong),
        (row(expects(), "no_answer", &[("a", 0.1)]), Verdict::Wrong),
        (row(foreign(), "no_answer", &[("a", 0.1)]), Verdict::Right),
        (row(foreign(), "", &[]), Verdict::Right),
        (row(foreign(), "clarify", &[("a", 0.3)]), Verdict::Wrong),
        (row(question("q", &[], false), "answered", &[("a", 0.9)]), Verdict::Unjudged),
    ];
    for (row, expected) in table {
        assert_eq!(row.verdict, expected, "{row:?}");
    }
}

fn run(number: u64) -> RunRecord {
    RunRecord {
        number,
        set: "s".to_owned(),
        set_name: "题集".to_owned(),
        by: "王".to_owned(),
        begun_at: Timestamp::UNIX_EPOCH,
        ended_at: None,
        state: RunState::Finished,
        version: Version::default(),
        mixed: false,
        region: None,
        thresholds: Thresholds::default(),
        total: 0,
        done: 0,
        totals: Totals::default(),
    }
}

#[test]
fn two_runs_are_compared_by_what_is_expected_and_else_by_what_changed() {
    let ask = |text: &str, id: &str| question(text, &[id], false);
    let open = |text: &str| question(text, &[], false);
    let foreign = |text: &str| question(text, &[], true);
    // (question, before, after, what became of it)
    let table = [
        (ask("变好", "a"), ("answered", "b", 0.8), ("answered", "a", 0.8), Some(Change::Better)),
        (ask("变差", "a"), ("answered", "a", 0.8), ("no_answer", "a", 0.1), Some(Change::Worse)),
        (ask("不再反问", "a"), ("clarify", "a", 0.3), ("answered", "a", 0.32), Some(Change::Better)),
        (foreign("外地事"), ("no_answer", "a", 0.1), ("clarify", "a", 0.2), Some(Change::Worse)),
        (open("换了首条"), ("answered", "a", 0.8), ("answered", "b", 0.8), Some(Change::First)),
        (open("换了结果"), ("answered", "a", 0.21), ("clarify", "a", 0.2), Some(Change::Outcome)),
        (open("更有把握"), ("answered", "a", 0.5), ("answered", "a", 0.7), Some(Change::Confidence)),
        (open("照旧"), ("answered", "a", 0.5), ("answered", "a", 0.52), None),
    ];
    let side = |question: &SetQuestion, (outcome, id, confidence): (&str, &str, f32)| {
        row(question.clone(), outcome, &[(id, confidence)])
    };
    let mut before: Vec<_> = table.iter().map(|(question, before, _, _)| side(question, *before)).collect();
    let mut after: Vec<_> = table.iter().map(|(question, _, after, _)| side(question, *after)).collect();
    before.push(row(open("只在前一次"), "answered", &[]));
    after.push(row(open("只在后一次"), "answered", &[]));
    let compared = compare(run(1), before, run(2), after);
    for (question, _, _, expected) in &table {
        let found = compared.rows.iter().find(|row| row.after.question == *question).map(|row| row.change);
        assert_eq!(found, *expected, "{}", question.text);
    }
    assert_eq!((compared.worse, compared.better, compared.common), (2, 2, 8));
    assert_eq!((compared.only_before, compared.only_after), (1, 1));
    assert_eq!(compared.right, [3, 2]);
    assert_eq!((compared.first_changed, compared.confidence_moved), (2, 3));
    assert!(compared.rows.is_sorted_by_key(|row| row.change), "the worst stand first");
}

#[test]
fn both_runs_are_judged_by_what_is_known_now() {
    let before = row(question("护照", &[], false), "answered", &[("a", 0.5)]);
    let after = row(question("护照", &["a"], false), "answered", &[("b", 0.5)]);
    let compared = compare(run(1), vec![before], run(2), vec![after]);
    assert_eq!((compared.worse, compared.right), (1, [1, 0]));
}

#[test]
fn totals_count_every_row_once() {
    let mut totals = Totals::default();
    for row in [
        row(question("a", &["a"], false), "answered", &[("a", 0.9)]),
        row(question("b", &["a"], false), "clarify", &[("b", 0.3), ("a", 0.2)]),
        row(question("c", &[], true), "no_answer", &[]),
        row(question("d", &[], false), "", &[]),
    ] {
        totals.count(&row);
    }
    assert_eq!((totals.answered, totals.clarify, totals.no_answer, totals.aside), (1, 1, 1, 1));
    assert_eq!((totals.right, totals.wrong, totals.in_three, totals.with_expected), (2, 1, 2, 2));
    assert!((totals.mean_confidence - 0.3).abs() < 1e-5, "{}", totals.mean_confidence);
}
