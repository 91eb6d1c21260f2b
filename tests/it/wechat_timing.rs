//! The platform's five seconds: what a citizen sees when an answer takes its time, on an account that sends by itself and
//! on one that does not. The platform delivers at 0, 5 and 10 seconds and cuts each delivery after five.

use std::time::Duration;

use crate::support::wechat::{
    CUT, Platform, Seen, account, content, mark, message, model, now, question, slow_model, text_message,
};
use crate::support::weixin::FakeApi;
use crate::support::{MEMORY, Server, config, eventually};

struct Town {
    server: Server,
    api: FakeApi,
    sends: Platform,
    waits: Platform,
}

/// A city with one account of each kind and a model that takes its time.
async fn town(more: &str) -> Town {
    let api = FakeApi::start(true).await;
    let data = tempfile::tempdir().unwrap().keep();
    let own = [
        MEMORY.to_owned(),
        more.to_owned(),
        model(&slow_model().await),
        account("sends", &api.url, "mode = \"plain\"\nverified = true"),
        account("waits", &api.url, "mode = \"plain\""),
    ]
    .concat();
    let server = Server::start(config(&data, &own), &[]).await;
    let sends = Platform::new(&server.url(""), "sends");
    let waits = Platform::new(&server.url(""), "waits");
    Town { server, api, sends, waits }
}

/// The times of the table in milliseconds; 0 is never.
const TIMES: [u64; 6] = [1_000, 4_400, 6_000, 13_000, 40_000, 0];

/// A row of the table: what was seen of the question, what came by itself, and what the citizen did to get the rest.
struct Row {
    milliseconds: u64,
    sends: bool,
    first: Seen,
    sent: Vec<String>,
    pokes: Vec<Seen>,
}

/// The mark of the answer; an answer that never came from the model quotes the entry.
fn answer_mark(milliseconds: u64) -> String {
    if milliseconds == 0 { "出处：".to_owned() } else { mark(milliseconds) }
}

async fn row(town: &Town, milliseconds: u64, sends: bool) -> Row {
    let platform = if sends { &town.sends } else { &town.waits };
    let openid = format!("o-{milliseconds}-{sends}");
    let began = tokio::time::Instant::now();
    let first = platform.says(&openid, 1, &question(milliseconds)).await;
    let mut pokes = Vec::new();
    if sends {
        // Nothing is done: what is late comes by itself, or has come already.
        tokio::time::sleep_until(began + Duration::from_secs(54)).await;
    } else {
        // The citizen asks for the answer until it is there, as the account's own words say.
        let mut id = 2;
        while !has(&first, milliseconds) && !pokes.iter().any(|seen| has(seen, milliseconds)) && id < 9 {
            let word = ["继续", "1", "？"][id % 3];
            pokes.push(platform.says(&openid, id as u64, word).await);
            id += 1;
        }
        // And once more, which must not bring it again.
        tokio::time::sleep(Duration::from_secs(1)).await;
        pokes.push(platform.says(&openid, 90, "你是机器人吗").await);
    }
    Row { milliseconds, sends, first, sent: town.api.sent_to(&openid), pokes }
}

fn has(seen: &Seen, milliseconds: u64) -> bool {
    matches!(seen, Seen::Words(words, _) if words.contains(&answer_mark(milliseconds)))
}

impl Row {
    /// Everything the citizen has read.
    fn read(&self) -> Vec<&str> {
        let words = |seen: &'_ Seen| match seen {
            Seen::Words(..) => true,
            Seen::Nothing(_) | Seen::Fault => false,
        };
        let passive =
            std::iter::once(&self.first).chain(&self.pokes).filter(|seen| words(seen)).map(Seen::words);
        passive.chain(self.sent.iter().map(String::as_str)).collect()
    }

    fn print(&self) -> String {
        let time = if self.milliseconds == 0 {
            "never".to_owned()
        } else {
            format!("{} s", self.milliseconds as f64 / 1e3)
        };
        let told = |seen: &Seen| match seen {
            Seen::Words(words, delivery) if words.contains(&answer_mark(self.milliseconds)) => {
                format!("the answer in delivery {delivery}")
            }
            Seen::Words(words, delivery) if words.contains("正在为您查") => {
                format!("please wait, in delivery {delivery}")
            }
            Seen::Words(_, delivery) => format!("other words in delivery {delivery}"),
            Seen::Nothing(delivery) => format!("nothing, said in delivery {delivery}"),
            Seen::Fault => "该公众号提供的服务出现故障".to_owned(),
        };
        let kind = |text: &String| match text {
            text if text.contains(&answer_mark(self.milliseconds)) => "the answer is sent",
            text if text.starts_with("card ") => "with a card that leads to the matter",
            _ => "other words are sent",
        };
        let mut then: Vec<String> = self.sent.iter().map(|text| kind(text).to_owned()).collect();
        let asked = self.pokes.len().saturating_sub(1);
        then.extend(self.pokes.iter().take(asked).map(|seen| format!("asked for it: {}", told(seen))));
        format!(
            "| {time} | {} | {} | {} |",
            if self.sends { "yes" } else { "no" },
            told(&self.first),
            then.join("; ")
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timing_table_shows_every_answer_exactly_once() {
    let town = town("").await;
    let kinds = TIMES.iter().flat_map(|&time| [(time, true), (time, false)]);
    let rows = futures::future::join_all(kinds.map(|(time, sends)| row(&town, time, sends))).await;
    println!(
        "| Model takes | Account sends by itself | The citizen asks and sees | Then |\n|---|---|---|---|"
    );
    for row in &rows {
        println!("{}", row.print());
    }
    for row in &rows {
        let wanted = answer_mark(row.milliseconds);
        let count: usize = row.read().iter().map(|text| text.matches(&wanted).count()).sum();
        assert_eq!(count, 1, "exactly one answer: {}\n{:?}", row.print(), row.read());
        assert!(!row.pokes.contains(&Seen::Fault) && row.first != Seen::Fault, "{}", row.print());
        if row.sends {
            assert!(
                matches!(row.first, Seen::Words(_, 1) | Seen::Nothing(1)),
                "answered at once: {}",
                row.print()
            );
            let writing = town.api.with(|told| {
                told.typing.iter().any(|openid| *openid == format!("o-{}-true", row.milliseconds))
            });
            assert!(writing, "is writing: {}", row.print());
        }
        let early = matches!(row.milliseconds, 1_000);
        if early {
            assert!(has(&row.first, row.milliseconds) && row.sent.is_empty(), "{}", row.print());
        }
        if !row.sends && matches!(row.milliseconds, 6_000 | 13_000) {
            assert!(has(&row.first, row.milliseconds), "within the three deliveries: {}", row.print());
        }
    }
    let marked = town.api.with(|told| {
        told.sent.iter().all(|(_, body)| body["msgtype"] == "news" || body["aimsgcontext"]["is_ai_msg"] == 1)
    });
    assert!(marked, "a machine's words are marked");
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_question_while_the_first_is_pending_gets_its_own_answer_and_brings_the_first_along() {
    let town = town("").await;
    let slow = async {
        // Never answered within its three deliveries.
        let hint = town.waits.says("o1", 1, &question(21_000)).await;
        assert!(hint.words().contains("正在为您查"), "{hint:?}");
        town.waits.says("o1", 2, &question(1_100)).await
    };
    // Here the second question comes while the first is still being delivered.
    let both = async {
        let first = async { town.waits.says("o2", 1, &question(7_000)).await };
        let second = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            town.waits.says("o2", 2, &question(1_200)).await
        };
        futures::future::join(first, second).await
    };
    // And here on an account that sends.
    let sends = async {
        let first = town.sends.says("o3", 1, &question(7_100)).await;
        let second = town.sends.says("o3", 2, &question(1_300)).await;
        eventually("both answers", async || {
            let sent = town.api.sent_to("o3");
            let there = |time| count(&[&first, &second], &sent, time) > 0;
            (there(7_100) && there(1_300)).then_some(())
        })
        .await;
        // And neither comes again.
        tokio::time::sleep(Duration::from_secs(2)).await;
        (first, second)
    };
    let (later, (first, second), (sent_first, sent_second)) = futures::join!(slow, both, sends);
    let words = later.words();
    let (one, two) = (words.find(&mark(21_000)), words.find(&mark(1_100)));
    assert!(one.is_some() && one < two, "both, in their order: {words}");
    assert_eq!(count(&[&first, &second], &[], 7_000), 1, "{first:?} {second:?}");
    assert_eq!(count(&[&first, &second], &[], 1_200), 1, "{first:?} {second:?}");
    let sent = town.api.sent_to("o3");
    for time in [7_100, 1_300] {
        assert_eq!(
            count(&[&sent_first, &sent_second], &sent, time),
            1,
            "{sent_first:?} {sent_second:?} {sent:?}"
        );
    }
    town.server.stop().await;
}

fn count(seen: &[&Seen], sent: &[String], milliseconds: u64) -> usize {
    let passive = seen.iter().filter(|seen| matches!(seen, Seen::Words(..))).map(|seen| seen.words());
    passive.chain(sent.iter().map(String::as_str)).map(|text| text.matches(&mark(milliseconds)).count()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_the_platform_did_not_take_is_given_again_word_for_word() {
    let town = town("").await;
    let body = text_message("o1", 1, &question(800));
    // The platform cuts before the answer is there, and asks again: the same words, however often.
    assert_eq!(town.waits.once(&body, Duration::from_millis(300)).await, None);
    let answers = futures::future::join_all((0..4).map(|_| town.waits.once(&body, CUT))).await;
    let texts: Vec<String> = answers.into_iter().map(|answer| content(&answer.unwrap())).collect();
    assert!(texts.iter().all(|text| *text == texts[0] && text.contains(&mark(800))), "{texts:?}");
    let next = town.waits.says("o1", 2, "你是机器人吗").await;
    assert!(!next.words().contains(&mark(800)), "and with no other message");
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_delivery_alone_is_answered_too() {
    // The server was away for the first two: the time the push was made tells.
    let town = town("").await;
    let inner = format!("<MsgType>text</MsgType><Content>{}</Content><MsgId>1</MsgId>", question(8_000));
    let answer = town.waits.once(&message("o1", now() - 10, &inner), CUT).await;
    assert!(content(&answer.unwrap()).contains("正在为您查"));
    let seen = town.waits.says("o1", 2, "继续").await;
    assert!(seen.words().contains(&mark(8_000)), "{seen:?}");
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_can_be_read_on_a_page_and_looking_changes_nothing() {
    let api = FakeApi::start(false).await;
    let data = tempfile::tempdir().unwrap().keep();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    // Links lead to the configured address; the test asks the server itself.
    let own = format!(
        "{MEMORY}[server]\npublic_url = \"https://ask.city.example\"\n{}{}",
        model(&slow_model().await),
        account("gzh", &api.url, "mode = \"plain\"")
    );
    drop(listener);
    let server = Server::start(config(&data, &own), &[]).await;
    let platform = Platform::new(&server.url(""), "gzh");
    let inner = format!("<MsgType>text</MsgType><Content>{}</Content><MsgId>1</MsgId>", question(10_000));
    let hint = content(&platform.once(&message("o-secret", now() - 10, &inner), CUT).await.unwrap());
    let (_, rest) = hint.split_once("href=\"https://ask.city.example").expect("a link");
    let path = rest.split('"').next().unwrap();
    assert!(path.starts_with("/channels/gzh/answer/") && !path.contains("o-secret"), "{path}");
    let read = async || {
        let answer = server.client.get(server.url(path)).send().await.unwrap();
        assert_eq!(answer.headers()["cache-control"], "no-store");
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, waiting) = read().await;
    assert!(
        status == 200 && waiting.contains("http-equiv=\"refresh\"") && !waiting.contains("[1]"),
        "{waiting}"
    );
    eventually("the answer on the page", async || read().await.1.contains(&mark(10_000)).then_some(())).await;
    for _ in 0..3 {
        let (status, page) = read().await;
        assert!(status == 200 && page.contains(&mark(10_000)) && !page.contains("refresh"), "{page}");
    }
    let forged = format!("{path}x");
    assert_eq!(server.client.get(server.url(&forged)).send().await.unwrap().status(), 410);
    let seen = platform.says("o-secret", 2, "继续").await;
    assert!(seen.words().contains(&mark(10_000)), "it still comes in the chat: {seen:?}");
    platform.says("o-secret", 3, "你是机器人吗").await;
    assert!(!read().await.1.contains("我是机器人"), "what is said later is not on it");
    server.stop().await;
}
