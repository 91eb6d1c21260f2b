//! The page with a full answer. Looking at it changes nothing: previews and crawlers do no harm, and what is read there
//! still comes in the chat.

use super::markdown;
use super::render::{Speech, places};
use super::words::WechatWords;
use crate::message::Author;
use crate::{Locale, Outbound, Thread};

/// How often a page without its answer asks again, in seconds.
const REFRESH: u32 = 3;

const STYLE: &str = "body{font:1.125rem/1.7 system-ui,sans-serif;max-width:42rem;margin:0 auto;padding:1rem;color:#1a1a1a;background:#fff}h1{font-size:1.3rem}section{border-top:1px solid #ccc;padding:.5rem 0}table{border-collapse:collapse}td,th{border:1px solid #999;padding:.25rem .5rem}a{color:#0b57d0}p.call{font-size:1.4rem}p.ai{color:#595959;font-size:.95rem}";

/// What a reader without scripts may do on the page.
pub const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'";

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The messages that belong to a question after which the link was made: up to the citizen's next words that came after
/// a reply, so that a link that is passed on does not show what was said later.
pub fn replies(thread: &Thread, after: u64) -> Vec<&Outbound> {
    let mut found = Vec::new();
    for message in thread.messages.iter().filter(|message| message.seq > after) {
        match message.author {
            Author::Citizen if found.is_empty() => {}
            Author::Citizen => break,
            _ => found.push(message),
        }
    }
    found
}

fn whole(title: &str, body: &str, refresh: bool) -> String {
    let refresh =
        if refresh { format!("<meta http-equiv=\"refresh\" content=\"{REFRESH}\">") } else { String::new() };
    format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex,nofollow\">{refresh}<title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    )
}

/// Prints the page.
pub fn print(
    replies: &[&Outbound],
    speech: Speech<'_>,
    file: &dyn Fn(&crate::Attachment) -> Option<String>,
) -> String {
    let Speech { words, locale, .. } = speech;
    let title = escape(words.page_title.say(locale));
    if replies.is_empty() {
        return whole(&title, &format!("<p>{}</p>", escape(words.page_wait.say(locale))), true);
    }
    let body: String = replies.iter().map(|reply| section(reply, speech, file)).collect();
    whole(&title, &body, false)
}

/// Prints what stands in place of an answer that is not to be had any more.
pub fn gone(words: &WechatWords, locale: Locale) -> String {
    whole(
        &escape(words.page_title.say(locale)),
        &format!("<p>{}</p>", escape(words.page_gone.say(locale))),
        false,
    )
}

fn section(
    reply: &Outbound,
    speech: Speech<'_>,
    file: &dyn Fn(&crate::Attachment) -> Option<String>,
) -> String {
    let Speech { words, locale, .. } = speech;
    let mut out = format!("<section>{}", markdown::page(&reply.text));
    for call in &reply.call {
        let number: String = call.number.chars().filter(char::is_ascii_digit).collect();
        out.push_str(&format!(
            "<p class=\"call\"><a href=\"tel:{number}\">{} {number}</a></p>",
            escape(&call.label)
        ));
    }
    if !reply.citations.is_empty() {
        out.push_str(&format!("<h2>{}</h2><ul>", escape(words.page_sources.say(locale))));
        for citation in &reply.citations {
            let title = escape(&citation.title);
            let title = match citation.url.as_deref().filter(|url| url.starts_with("http")) {
                Some(url) => format!("<a rel=\"noopener noreferrer\" href=\"{}\">{title}</a>", escape(url)),
                None => title,
            };
            let office = citation.department.as_deref().map(|name| format!("（{}）", escape(name)));
            out.push_str(&format!("<li>[{}] {title}{}</li>", citation.number, office.unwrap_or_default()));
        }
        out.push_str("</ul>");
    }
    for (url, label) in places(reply, &speech) {
        out.push_str(&format!(
            "<p><a rel=\"noopener noreferrer\" href=\"{}\">{}</a></p>",
            escape(url),
            escape(&label)
        ));
    }
    for attachment in &reply.attachments {
        if let Some(url) = file(attachment) {
            out.push_str(&format!("<p><a href=\"{}\">{}</a></p>", escape(&url), escape(&attachment.name)));
        }
    }
    let label = speech.label(reply.author);
    if !label.is_empty() {
        out.push_str(&format!("<p class=\"ai\">{}</p>", escape(&label)));
    }
    out.push_str("</section>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat::testing::{reply, thread, words};

    #[test]
    fn a_link_shows_the_answer_to_its_question_and_nothing_that_was_said_later() {
        let citizen = |seq| Outbound { author: Author::Citizen, ..reply(seq, "问") };
        let said = thread(
            "c",
            vec![citizen(3), citizen(4), reply(5, "甲"), reply(6, "乙"), citizen(7), reply(8, "丙")],
        );
        let texts: Vec<&str> = replies(&said, 2).iter().map(|message| message.text.as_str()).collect();
        assert_eq!(texts, ["甲", "乙"]);
        assert!(replies(&thread("c", vec![citizen(3)]), 2).is_empty());
    }

    #[test]
    fn a_page_waits_or_shows_and_escapes() {
        let words = words();
        let speech = Speech { words: &words, locale: Locale::Zh, ai_label: true };
        let waits = print(&[], speech, &|_| None);
        assert!(waits.contains("http-equiv=\"refresh\""));
        let answer = reply(2, "<img src=x onerror=alert(1)> **好**");
        assert!(!waits.contains("AI 生成"), "nothing has been written yet");
        let printed = print(&[&answer], speech, &|_| None);
        assert!(!printed.contains("<img") && printed.contains("<strong>好</strong>"), "{printed}");
        assert!(!printed.contains("refresh"));
        assert!(printed.contains("<p class=\"ai\">内容由 AI 生成"), "{printed}");
        let silent = Speech { ai_label: false, ..speech };
        assert!(!print(&[&answer], silent, &|_| None).contains("AI 生成"));
        let helper = Outbound { author: Author::Helper, ..reply(3, "好的") };
        assert!(!print(&[&helper], speech, &|_| None).contains("AI 生成"));
    }

    #[test]
    fn a_page_leads_to_the_map_and_the_appointment_of_its_matter() {
        let words = words();
        let speech = Speech { words: &words, locale: Locale::Zh, ai_label: false };
        let mut answer = reply(2, "带户口簿去。[1]");
        let matter = serde_json::json!({
            "number": 1, "id": "m", "title": "落户", "kind": "matter", "quote": "q",
            "links": [
                { "kind": "map", "label": "一<窗", "url": "https://uri.amap.com/marker?position=1,2&name=a" },
                { "kind": "appointment", "label": "落户", "url": "https://a.example/\"yy" },
            ],
        });
        answer.citations = vec![serde_json::from_value(matter).unwrap()];
        let printed = print(&[&answer], speech, &|_| None);
        let map = "href=\"https://uri.amap.com/marker?position=1,2&amp;name=a\">在地图上看：一";
        assert!(printed.contains(map) && !printed.contains("一<窗"), "{printed}");
        assert!(printed.contains("href=\"https://a.example/&quot;yy\">网上预约：落户</a>"), "{printed}");
    }
}
