//! What citizens read, word for word.

use proptest::prelude::*;

use super::*;
use crate::message::{Call, Choice, Link};
use crate::wechat::testing::{reply, words};

fn citation(number: usize, url: Option<&str>) -> Citation {
    Citation {
        number,
        id: "m".into(),
        title: "居民身份证补领".into(),
        kind: "matter".into(),
        url: url.map(str::to_owned),
        quote: "q".into(),
        source: None,
        department: Some("市公安局".into()),
        links: Vec::new(),
    }
}

#[test]
fn an_answer_as_words() {
    let words = words();
    let speech = Speech { words: &words, locale: Locale::Zh, ai_label: false };
    let mut answer = reply(2, "去**派出所**申请。[1]");
    answer.citations = vec![citation(1, Some("https://a.example/m"))];
    answer.offer_human = true;
    assert_eq!(
        speech.text(&answer, &|_| None),
        "去派出所申请。[1]\n\n出处：\n[1] <a href=\"https://a.example/m\">居民身份证补领</a>（市公安局）\n\n要和工作人员说，请回复“人工”，或者点 <a href=\"weixin://bizmsgmenu?msgmenucontent=人工&msgmenuid=1\">转人工</a>。"
    );
    let parts = speech.parts(&answer);
    assert!(
        matches!(&parts[..], [Part::Text(_), Part::Card { url, .. }] if url == "https://a.example/m"),
        "{parts:?}"
    );
}

#[test]
fn choices_are_numbered_lines_or_a_menu() {
    let words = words();
    let speech = Speech { words: &words, locale: Locale::Zh, ai_label: false };
    let mut question = reply(2, "您问的是哪一件？");
    question.choices = vec![
        Choice { key: "1".into(), label: "补领".into() },
        Choice { key: "0".into(), label: "都不是".into() },
    ];
    let text = speech.text(&question, &|_| None);
    assert!(
        text.contains("1. <a href=\"weixin://bizmsgmenu?msgmenucontent=补领&msgmenuid=1\">补领</a>\n0. "),
        "{text}"
    );
    let parts = speech.parts(&question);
    assert!(
        matches!(&parts[..], [Part::Menu { head, items, .. }] if head == "您问的是哪一件？" && items.len() == 2)
    );
    assert!(speech.as_text(&parts[0], &|_| None).contains("0. "));
}

#[test]
fn numbers_to_call_stand_right_below_the_words() {
    let words = words();
    let mut alarm = reply(2, "请马上打电话！");
    alarm.call = vec![Call { label: "急救".into(), number: "120".into() }];
    let text = Speech { words: &words, locale: Locale::Zh, ai_label: false }.text(&alarm, &|_| None);
    assert_eq!(text, "请马上打电话！\n\n☎ 急救 120");
}

#[test]
fn maps_and_appointments_of_the_matter_are_shown_with_its_card_as_far_as_it_has_them() {
    let words = words();
    let speech = Speech { words: &words, locale: Locale::Zh, ai_label: false };
    let map = Link {
        kind: LinkKind::Map,
        label: "户政大厅".into(),
        url: "https://uri.amap.com/marker?position=113.5,23.2&name=%E6%88%B7".into(),
    };
    let booking = Link {
        kind: LinkKind::Appointment,
        label: "居民身份证补领".into(),
        url: "https://a.example/yy".into(),
    };
    let on_map = format!("<a href=\"{}\">在地图上看：户政大厅</a>", map.url);
    let booked = "<a href=\"https://a.example/yy\">网上预约：居民身份证补领</a>".to_owned();
    let odd = Link { url: "javascript:alert(1)".into(), ..booking.clone() };
    let long = Link { url: format!("https://a.example/{}", "a".repeat(LONGEST_LINK)), ..booking.clone() };
    let table = [
        (vec![map.clone(), booking.clone()], format!("{on_map}\n{booked}")),
        (vec![map.clone()], on_map.clone()),
        (vec![booking.clone()], booked.clone()),
        (vec![odd, long], String::new()),
        (Vec::new(), String::new()),
    ];
    for (links, expected) in table {
        let mut answer = reply(2, "带户口簿去。[1]");
        answer.citations = vec![Citation { links, ..citation(1, Some("https://a.example/m")) }];
        // Another entry's links are not those of the card.
        answer.citations.push(Citation { kind: "faq".into(), links: vec![map.clone()], ..citation(2, None) });
        let passive = speech.text(&answer, &|_| None);
        let sources = "[2] 居民身份证补领（市公安局）";
        let ends = |text: &str| text.split_once(sources).unwrap().1.trim().to_owned();
        assert_eq!(ends(&passive), expected);
        let parts = speech.parts(&answer);
        let [Part::Text(text), Part::Card { url, .. }] = &parts[..] else { panic!("{parts:?}") };
        assert_eq!((ends(text), url.as_str()), (expected, "https://a.example/m"), "one card, one text");
    }
    // What the words say already is not said again.
    let mut answer = reply(2, "网上预约：https://a.example/yy [1]");
    answer.citations = vec![Citation { links: vec![map, booking], ..citation(1, None) }];
    let text = speech.text(&answer, &|_| None);
    assert!(text.ends_with(&on_map), "{text}");
}

#[test]
fn words_of_the_robot_say_so_and_nobody_elses() {
    let words = words();
    let speech = |ai_label, locale| Speech { words: &words, locale, ai_label };
    let label = "内容由 AI 生成，仅供参考。";
    let mut answer = reply(2, "去派出所申请。");
    assert_eq!(speech(true, Locale::Zh).text(&answer, &|_| None), format!("去派出所申请。\n\n{label}"));
    assert_eq!(speech(false, Locale::Zh).text(&answer, &|_| None), "去派出所申请。");
    assert!(speech(true, Locale::En).text(&answer, &|_| None).contains("AI"));
    // The platform puts its own label below what is sent.
    assert_eq!(speech(true, Locale::Zh).parts(&answer), [Part::Text("去派出所申请。".to_owned())]);
    for author in [Author::Helper, Author::System] {
        answer.author = author;
        assert_eq!(speech(true, Locale::Zh).text(&answer, &|_| None), "去派出所申请。");
    }
}

#[test]
fn every_tail_fits_where_room_is_left_for_it() {
    let words = words();
    let url = format!("https://{}/channels/gzh/answer/{}", "a".repeat(60), "t".repeat(110));
    for locale in [Locale::Zh, Locale::En] {
        for tail in [Tail::More, Tail::Wait, Tail::Relayed] {
            let text = Speech { words: &words, locale, ai_label: true }.tail(tail, Some(&url));
            assert!(text.len() + 2 <= TAIL_BYTES, "{} {text}", text.len());
            assert!(!text.contains('{'), "{text}");
        }
    }
}

proptest! {
    #[test]
    fn pages_fit_and_links_stay_whole(pieces in proptest::collection::vec("(\\PC|。|\\n){0,40}", 1..12), limit in 200_usize..400) {
        let text = pieces.iter().map(|piece| format!("{} {}", bare(piece), link("https://a.example/x?y=1", "看。这里"))).collect::<String>();
        let (first, rest) = cut(&text, limit);
        prop_assert!(first.len() <= limit);
        let pages = pages(&text, limit);
        prop_assert_eq!(&pages[0], &first);
        for page in &pages {
            prop_assert!(page.len() <= limit, "{}", page.len());
            prop_assert_eq!(page.matches("<a ").count(), page.matches("</a>").count());
        }
        let squeeze = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        prop_assert_eq!(squeeze(&(first + &rest)), squeeze(&text));
        prop_assert_eq!(squeeze(&pages.concat()), squeeze(&text));
    }
}
