//! What a citizen sees of a message of the thread.

use super::*;
use crate::message::{Call, Choice, Citation};
use crate::{MediaKind, Wording};

const ID: &str = "0192f3c4-5d6e-7f80-9a1b-2c3d4e5f6071";

fn words() -> TelegramWords {
    let word = |zh: &str| Wording { zh: zh.to_owned(), en: format!("{zh} en") };
    TelegramWords {
        useful: word("有用"),
        useless: word("没用"),
        human: word("转人工"),
        open: word("打开"),
        sources: word("出处"),
        label: word("机器生成"),
        ratings: ["一", "二", "三", "四", "五"].map(word),
        thanks: word("谢"),
        rated: word("谢"),
        calling: word("转"),
        expired: word("过期"),
        hello: word("您好"),
        unreadable: word("看不懂"),
        words_only: word("用文字"),
        too_long: word("太长{limit}"),
        too_fast: word("太快"),
        not_now: word("不能"),
        file_gone: word("过期{name}"),
        command_human: word("转人工"),
        command_new: word("重新"),
        command_help: word("帮助"),
    }
}

fn reply(text: &str) -> Outbound {
    Outbound {
        outcome: Some("answered".to_owned()),
        ..Outbound::new(2, ID, Author::Robot, jiff::Timestamp::UNIX_EPOCH, text)
    }
}

fn steps(reply: &Outbound, words: &TelegramWords, locale: Locale, pages: bool) -> Vec<Step> {
    super::steps(&doc(reply, words, locale), reply, words, locale, pages)
}

fn labels(step: &Step) -> Vec<String> {
    let Step::Text { keyboard: Some(keyboard), .. } = step else { return Vec::new() };
    keyboard.inline_keyboard.iter().flatten().map(|button| button.text.clone()).collect()
}

#[test]
fn an_answer_has_its_sources_its_label_and_thumbs() {
    let mut answer = reply("去派出所。[1]");
    answer.citations.push(Citation {
        number: 1,
        id: "id-card".to_owned(),
        title: "补领<身份证>".to_owned(),
        kind: "matter".to_owned(),
        url: Some("https://a.example".to_owned()),
        quote: String::new(),
        source: None,
        department: Some("公安局".to_owned()),
        links: Vec::new(),
    });
    let steps = steps(&answer, &words(), Locale::Zh, true);
    let [Step::Text { part, .. }] = steps.as_slice() else { panic!("{steps:?}") };
    assert_eq!(
        part.html,
        "去派出所。[1]\n\n<b>出处</b>\n[1] <a href=\"https://a.example\">补领&lt;身份证&gt;</a> · 公安局\n\n<i>机器生成</i>"
    );
    assert_eq!(labels(&steps[0]), ["有用", "没用"]);
}

#[test]
fn choices_are_numbered_lines_and_buttons() {
    let mut asked = reply("您问的是哪一件？");
    asked.outcome = Some("clarify".to_owned());
    asked.choices = [("1", "办护照"), ("0", "都不是")]
        .map(|(key, label)| Choice { key: key.to_owned(), label: label.to_owned() })
        .to_vec();
    asked.offer_human = true;
    let steps = steps(&asked, &words(), Locale::En, true);
    let [Step::Text { part, .. }] = steps.as_slice() else { panic!("{steps:?}") };
    assert_eq!(part.plain, "您问的是哪一件？\n\n1. 办护照\n0. 都不是");
    assert_eq!(labels(&steps[0]), ["1. 办护照", "0. 都不是", "转人工 en"]);
}

#[test]
fn emergency_numbers_stand_in_the_text() {
    let mut urgent = reply("请马上打电话！");
    urgent.call.push(Call { label: "报警".to_owned(), number: "110".to_owned() });
    let steps = steps(&urgent, &words(), Locale::Zh, true);
    let [Step::Text { part, .. }] = steps.as_slice() else { panic!("{steps:?}") };
    assert!(part.html.ends_with("<b>☎ 报警 110</b>"), "{}", part.html);
}

#[test]
fn a_long_message_has_its_buttons_under_the_last_part_and_files_after_it() {
    let mut long = reply(&"一句话。".repeat(3_000));
    long.attachments.push(Attachment {
        id: "f".to_owned(),
        kind: MediaKind::File,
        name: "表.pdf".to_owned(),
        mime: "application/pdf".to_owned(),
        bytes: 3,
    });
    let steps = steps(&long, &words(), Locale::Zh, true);
    assert_eq!(steps.len(), 4);
    assert_eq!(steps[..3].iter().map(|step| labels(step).len()).collect::<Vec<_>>(), [0, 0, 2]);
    assert!(matches!(steps[3], Step::File(_)));
}

#[test]
fn a_rating_begins_with_the_best_and_a_helper_has_a_name() {
    let mut closing = reply("满意吗");
    closing.author = Author::Helper;
    closing.name = Some("王老师".to_owned());
    closing.ask_rating = true;
    let steps = steps(&closing, &words(), Locale::Zh, true);
    let [Step::Text { part, .. }] = steps.as_slice() else { panic!("{steps:?}") };
    assert_eq!(part.html, "<b>王老师</b>\n\n满意吗");
    assert_eq!(labels(&steps[0]), ["★★★★★ 五", "★★★★ 四", "★★★ 三", "★★ 二", "★ 一"]);
}

#[test]
fn a_page_is_opened_by_a_button_where_telegram_takes_one() {
    let mut link =
        Outbound::new(2, ID, Author::System, jiff::Timestamp::UNIX_EPOCH, "点开 https://a.example/s/1#k=2");
    link.opens = Some("https://a.example/s/1#k=2".to_owned());
    assert_eq!(labels(&steps(&link, &words(), Locale::Zh, true)[0]), ["打开"]);
    assert!(labels(&steps(&link, &words(), Locale::Zh, false)[0]).is_empty());
    let keyboard = buttons::keyboard(&link, &words(), Locale::Zh, true).unwrap();
    assert_eq!(buttons::without_pages(&keyboard), Some(None));
    link.offer_human = true;
    let keyboard = buttons::keyboard(&link, &words(), Locale::Zh, true).unwrap();
    let rest = buttons::without_pages(&keyboard).flatten().unwrap();
    assert_eq!(rest.inline_keyboard.len(), 1);
    assert_eq!(buttons::without_pages(&rest), None);
}
