//! The state machine by tables: what is given to whom, once, in order, and never lost.

use proptest::prelude::*;

use super::*;
use crate::message::Call;
use crate::wechat::testing::{reply, thread, words};
use crate::wechat::words::WechatWords;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_764_000_000 + seconds).unwrap()
}

fn citizen(seq: u64) -> Outbound {
    Outbound { author: Author::Citizen, ..reply(seq, "问") }
}

struct Test {
    words: WechatWords,
    reader: Reader,
    ai_label: bool,
}

impl Test {
    fn new() -> Self {
        Self { words: words(), reader: Reader::default(), ai_label: false }
    }

    fn speech(&self) -> Speech<'static> {
        // The words live as long as the test.
        Speech { words: Box::leak(Box::new(self.words.clone())), locale: Locale::Zh, ai_label: self.ai_label }
    }

    fn give(&mut self, id: &str, now: i64, thread: &Thread, done: bool, tail: Tail) -> Option<Given> {
        let giving = Giving {
            id,
            asked_at: at(now),
            now: at(now),
            own: None,
            done,
            tail,
            url: None,
            leave_files: false,
            file: &|_| None,
        };
        let speech = self.speech();
        self.reader.give(thread, &giving, speech)
    }

    fn done(&mut self, id: &str, now: i64, thread: &Thread) -> Option<Given> {
        self.give(id, now, thread, true, Tail::Nothing)
    }

    /// What the citizen reads, without what stands below it.
    fn text(&mut self, id: &str, now: i64, thread: &Thread) -> String {
        self.done(id, now, thread).map(|given| given.text).unwrap_or_default()
    }
}

#[test]
fn an_answer_is_given_once_and_again_to_the_same_push() {
    let mut test = Test::new();
    let said = thread("c", vec![citizen(1), reply(2, "甲")]);
    let given = test.done("m1", 0, &said).unwrap();
    assert_eq!(given.words(), "甲");
    assert_eq!(test.reader.answered("m1").map(Given::words), Some("甲".to_owned()));
    assert!(test.reader.written("m1") && !test.reader.written("m1"));
    assert_eq!(test.done("m2", 1, &said), None, "another push does not get it again");
}

#[test]
fn everything_unseen_is_given_in_order() {
    let mut test = Test::new();
    let said = thread("c", vec![citizen(1), citizen(2), reply(3, "甲"), reply(4, "乙"), citizen(5)]);
    assert_eq!(test.text("m2", 0, &said), "甲\n\n乙");
    assert_eq!((test.reader.shown, test.reader.conversation.as_deref()), (5, Some("c")));
}

#[test]
fn please_wait_is_no_answer_and_the_answer_comes_to_whoever_asks_next() {
    let mut test = Test::new();
    let mut said = thread("c", vec![citizen(1)]);
    test.reader.unanswered("m1", at(0), false);
    let hint = test.give("m1", 14, &said, false, Tail::Wait).unwrap();
    assert!(hint.text.is_empty() && hint.below.contains("继续"), "{hint:?}");
    assert!(test.reader.hinted && test.reader.answered("m1").is_none());
    assert_eq!(test.reader.waiting(at(15)).map(|asked| asked.id.as_str()), Some("m1"));
    said.messages.push(reply(2, "甲"));
    assert_eq!(test.text("m2", 20, &said), "甲");
    assert!(!test.reader.hinted && test.reader.asked.is_empty());
}

#[test]
fn a_delivery_that_comes_again_after_please_wait_gets_the_answer_if_it_is_there() {
    let mut test = Test::new();
    let mut said = thread("c", vec![citizen(1), reply(2, "甲"), citizen(3)]);
    let hint = test.give("m1", 14, &said, false, Tail::Wait).unwrap();
    assert_eq!(hint.text, "甲", "what is there already goes along");
    said.messages.push(reply(4, "乙"));
    assert_eq!(test.text("m1", 15, &said), "甲\n\n乙", "the platform did not take the first answer");
}

#[test]
fn an_answer_whose_bytes_never_went_out_comes_with_the_next_push_and_one_that_went_out_does_not() {
    for (written, expected) in [(false, "甲\n\n乙"), (true, "乙")] {
        let mut test = Test::new();
        let said = thread("c", vec![citizen(1), reply(2, "甲")]);
        test.done("m1", 0, &said).unwrap();
        if written {
            test.reader.written("m1");
        }
        let said = thread("c", vec![citizen(1), reply(2, "甲"), citizen(3), reply(4, "乙")]);
        let mut soon = Test { reader: test.reader.clone(), ..Test::new() };
        assert_eq!(soon.text("m2", 2, &said), "乙", "it may still be on its way");
        assert_eq!(test.text("m2", 7, &said), expected);
    }
}

#[test]
fn long_answers_are_read_on_and_nothing_is_lost_between_the_parts() {
    let mut test = Test::new();
    let long: String = (0..400).map(|number| format!("第{number}句话说完了。")).collect();
    let said = thread("c", vec![citizen(1), reply(2, &long)]);
    let mut whole = String::new();
    let mut rounds = 0;
    for round in 0..20 {
        let Some(given) = test.done(&format!("m{round}"), round, &said) else { break };
        assert!(given.words().len() <= TEXT_BYTES, "{}", given.words().len());
        assert!(given.text.ends_with('。'), "cut where a sentence ends");
        whole.push_str(&given.text);
        test.reader.written(&given.id);
        rounds += 1;
    }
    assert!(rounds > 3);
    assert_eq!(whole, long);
}

#[test]
fn numbers_to_call_come_before_what_is_left_of_an_earlier_answer() {
    let mut test = Test::new();
    test.reader.rest = "旧的".to_owned();
    let mut alarm = reply(2, "快打电话");
    alarm.call = vec![Call { label: "急救".into(), number: "120".into() }];
    let said = thread("c", vec![citizen(1), alarm]);
    assert_eq!(test.text("m1", 0, &said), "快打电话\n\n☎ 急救 120\n\n旧的");
}

#[test]
fn whoever_sends_is_left_alone_until_it_is_dead_and_then_nothing_is_said_twice() {
    let mut test = Test::new();
    let long: String = (0..400).map(|number| format!("第{number}句话说完了。")).collect();
    let said = thread("c", vec![citizen(1), reply(2, &long), reply(3, "尾")]);
    test.reader.sending = Some(Sending { node: "a".into(), until: at(20), to: 2, done: 1 });
    assert_eq!(test.done("m2", 10, &said), None);
    assert_eq!(test.reader.shown, 0);
    let first = match &test.speech().parts(&said.messages[1])[0] {
        Part::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    let mut whole = first;
    for round in 0..20 {
        let Some(given) = test.done(&format!("n{round}"), 21 + round, &said) else { break };
        whole.push_str(&given.text);
        test.reader.written(&given.id);
    }
    let squeeze = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    assert_eq!(squeeze(&whole), format!("{long}尾"));
    assert_eq!(test.reader.sending, None);
}

#[test]
fn what_is_unseen_of_a_conversation_that_ended_is_carried_into_the_next() {
    let mut test = Test::new();
    let old = thread("old", vec![citizen(1), reply(2, "甲")]);
    let speech = test.speech();
    assert!(test.reader.carry(&old, speech, &|_| None));
    assert!(!test.reader.carry(&old, speech, &|_| None));
    let new = thread("new", vec![citizen(1), reply(2, "乙")]);
    assert_eq!(test.text("m1", 0, &new), "甲\n\n乙");
    assert_eq!(test.reader.conversation.as_deref(), Some("new"));
}

#[test]
fn whoever_left_leaves_only_how_far_they_had_read() {
    let mut test = Test::new();
    let said = thread("c", vec![citizen(1), reply(2, "甲")]);
    test.done("m1", 0, &said).unwrap();
    test.reader.alias = Some("alias".to_owned());
    test.reader.forget();
    assert_eq!(test.reader, Reader { conversation: Some("c".into()), shown: 2, ..Reader::default() });
}

#[test]
fn a_note_of_an_older_version_can_be_read() {
    let reader: Reader = serde_json::from_str(r#"{"conversation":"c","shown":4}"#).unwrap();
    assert_eq!(reader.shown, 4);
}

/// What happens to a reader in the property test.
#[derive(Clone, Debug)]
enum Step {
    /// The robot says something.
    Says,
    /// A push takes what is unseen; whether its bytes go out.
    Push { arrives: bool },
    /// The platform sends the last push again; whether its bytes go out now.
    Again { arrives: bool },
    /// A third delivery without an answer.
    Wait { arrives: bool },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Says),
        3 => any::<bool>().prop_map(|arrives| Step::Push { arrives }),
        2 => any::<bool>().prop_map(|arrives| Step::Again { arrives }),
        1 => any::<bool>().prop_map(|arrives| Step::Wait { arrives }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    /// Whatever is cut and sent again: in the end every sentence was read exactly once, in order.
    #[test]
    fn every_sentence_is_read_once_and_in_order(steps in proptest::collection::vec(step(), 0..40)) {
        let mut test = Test::new();
        let mut said = thread("c", vec![citizen(1)]);
        let (mut now, mut push, mut sentences) = (0, 0, 0);
        let mut read: Vec<usize> = Vec::new();
        let mut seen: std::collections::HashSet<String> = std::collections::HashSet::new();
        let mut show = |given: &Given, arrives: bool, reader: &mut Reader, read: &mut Vec<usize>| {
            if !arrives {
                return;
            }
            reader.written(&given.id);
            // The phone shows what comes for one push once.
            if seen.insert(given.id.clone()) {
                let numbers = given.text.split("。").filter_map(|part| part.trim().strip_prefix('第')?.parse::<usize>().ok());
                read.extend(numbers);
            }
        };
        for step in steps.into_iter().chain([Step::Push { arrives: true }, Step::Push { arrives: true }, Step::Push { arrives: true }, Step::Push { arrives: true }]) {
            now += 7;
            match step {
                Step::Says => {
                    let text: String = (0..60).map(|_| { sentences += 1; format!("第{sentences}。") }).collect();
                    said.messages.push(reply(said.messages.len() as u64 + 1, &text));
                }
                Step::Push { arrives } | Step::Wait { arrives } => {
                    push += 1;
                    let tail = if matches!(step, Step::Wait { .. }) { Tail::Wait } else { Tail::Nothing };
                    if let Some(given) = test.give(&format!("m{push}"), now, &said, tail == Tail::Nothing, tail) {
                        show(&given, arrives, &mut test.reader, &mut read);
                    }
                }
                Step::Again { arrives } => {
                    let id = format!("m{push}");
                    if let Some(given) = test.reader.answered(&id).cloned() {
                        show(&given, arrives, &mut test.reader, &mut read);
                    }
                }
            }
        }
        for _ in 0..40 {
            now += 7;
            push += 1;
            match test.done(&format!("m{push}"), now, &said) {
                Some(given) => show(&given, true, &mut test.reader, &mut read),
                None => break,
            }
        }
        prop_assert_eq!(read, (1..=sentences).collect::<Vec<_>>());
    }
}

#[test]
fn a_long_answer_of_the_robot_says_so_once_at_its_end_and_every_page_still_fits() {
    let mut test = Test { ai_label: true, ..Test::new() };
    let label = test.words.ai.say(Locale::Zh).to_owned();
    let long: String = (1..=300).map(|number| format!("第{number}条要核对。")).collect();
    let said = thread("c", vec![citizen(1), reply(2, &long)]);
    let mut pages = vec![test.done("a", 0, &said).unwrap().words()];
    for number in 0..20 {
        let Some(given) = test.done(&format!("b{number}"), 1, &said) else { break };
        pages.push(given.words());
    }
    assert!(pages.len() > 2 && pages.iter().all(|page| page.len() <= TEXT_BYTES), "{pages:?}");
    assert_eq!(pages.concat().matches(&label).count(), 1);
    assert!(pages.last().unwrap().ends_with(&label), "{pages:?}");
    // "Please wait" is nobody's answer, and a helper's words are a person's.
    let mut test = Test { ai_label: true, ..Test::new() };
    let wait = test.give("a", 0, &thread("c", vec![citizen(1)]), false, Tail::Wait).unwrap();
    assert!(!wait.words().contains(&label), "{}", wait.words());
    let helper = Outbound { author: Author::Helper, ..reply(2, "您好。") };
    assert_eq!(test.text("b", 1, &thread("c", vec![citizen(1), helper])), "您好。");
}

#[test]
fn what_was_left_unsent_says_that_a_machine_wrote_it() {
    let mut test = Test { ai_label: true, ..Test::new() };
    let label = test.words.ai.say(Locale::Zh).to_owned();
    let long: String = (1..=150).map(|number| format!("第{number}条要核对。")).collect();
    let said = thread("c", vec![citizen(1), reply(2, &long)]);
    let parts = test.speech().parts(&said.messages[1]).len();
    assert!(parts > 1, "{parts}");
    test.reader.sending = Some(Sending { node: "n".to_owned(), until: at(1), to: 2, done: parts - 1 });
    let text = test.text("a", 2, &said);
    assert!(text.contains("第150条") && text.ends_with(&label), "{text}");
    assert_eq!(text.matches(&label).count(), 1);
}
