//! While a model writes: a draft that grows within Telegram's limits and becomes the answer, or goes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use futures::StreamExt;
use serde_json::json;

use super::{LI, polling, press, say, section, shown};
use crate::support::bot_api::BotApi;
use crate::support::{Server, config, eventually};

const QUESTION: &str = "身份证丢了怎么补办";
/// It stands in the entry that is found, else nobody would be shown it.
const FIRST_LINE: &str = "马上去派出所补领，本人到场，40 元，一般 20 个工作日发证。[1]\n";

/// A model that says one piece every so often, and after the last nothing more if it `stalls`.
async fn model(pieces: Vec<&'static str>, pause: Duration, stalls: bool) -> String {
    let pieces: Arc<Vec<&str>> = Arc::new(pieces);
    let complete = move || {
        let pieces = Arc::clone(&pieces);
        async move {
            let events = futures::stream::unfold(0, move |index| {
                let pieces = Arc::clone(&pieces);
                async move {
                    tokio::time::sleep(pause).await;
                    let event = match pieces.get(index) {
                        Some(piece) => json!({ "choices": [{ "delta": { "content": piece } }] }).to_string(),
                        None if stalls => std::future::pending().await,
                        None if index == pieces.len() => {
                            json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }] }).to_string()
                        }
                        None if index == pieces.len() + 1 => "[DONE]".to_owned(),
                        None => return None,
                    };
                    Some((Ok::<_, Infallible>(format!("data: {event}\n\n")), index + 1))
                }
            });
            axum::response::Response::builder()
                .header("content-type", "text/event-stream")
                .body(Body::from_stream(events.boxed()))
                .unwrap()
        }
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/v1/chat/completions", post(complete));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!(
        "[dialogue]\npatience = \"0s\"\n[model]\nbase_url = \"http://{address}/v1\"\nmodel = \"slow\"\napi_key = \"k\"\nfirst_token_timeout = \"50s\"\nidle_timeout = \"50s\"\ntotal_timeout = \"60s\"\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_grows_at_most_once_a_second_and_becomes_the_answer() {
    let api = BotApi::start().await;
    let pieces = vec![
        FIRST_LINE,
        "外地户口到居住地受理点办，",
        "时间**久一些**。[1]\n",
        "没有户口簿也能办，靠人像和指纹核对身份。[1]\n",
        "旧证找到了也不能再用，交回派出所。[1",
        "]",
    ];
    let model = model(pieces, Duration::from_millis(500), false).await;
    let server = polling(&api, &model).await;
    say(&api, LI, QUESTION);
    let whole = eventually("the answer", async || {
        let chat = api.chat(LI);
        chat.first().filter(|shown| shown.text.contains("出处")).cloned()
    })
    .await;
    assert!(whole.text.starts_with(FIRST_LINE.trim_end()), "{whole:?}");
    assert!(whole.buttons.iter().any(|(says, _)| says.contains("有用")));
    assert!(whole.history.len() >= 3, "it has grown before everybody's eyes: {whole:?}");
    for pair in whole.history.windows(2) {
        let gap = pair[1].0.duration_since(pair[0].0);
        assert!(gap >= Duration::from_millis(950), "two edits within {gap:?}");
    }
    let drafts = &whole.history[..whole.history.len() - 1];
    for pair in drafts.windows(2) {
        let begins = pair[0].1.trim_end_matches([' ', '…', '*']);
        assert!(pair[1].1.starts_with(begins.trim_end_matches("久一些")), "{pair:?}");
    }
    let typed = api.calls("sendChatAction");
    assert_eq!(typed[0].params.text("action").as_deref(), Some("typing"), "somebody is at work");
    assert_eq!(api.texts(LI).len(), 1, "one message");
    assert_eq!(api.calls("sendMessage").len(), 1);
    server.stop().await;
}

/// Waits until the chat shows a draft that was put there and edited so often.
async fn drafted(api: &BotApi, times: usize) {
    eventually("a draft", async || {
        let chat = api.chat(LI);
        chat.first()
            .is_some_and(|shown| shown.text.ends_with('…') && shown.history.len() >= times)
            .then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_draft_of_an_answer_that_does_not_come_is_taken_back() {
    let api = BotApi::start().await;
    let model = model(vec![FIRST_LINE], Duration::from_millis(50), true).await;
    let server = polling(&api, &model).await;
    say(&api, LI, QUESTION);
    drafted(&api, 1).await;
    // A person is asked for: the robot stops in the middle of its sentence.
    say(&api, LI, "/human");
    let texts = eventually("the queue", async || {
        let texts = api.texts(LI);
        texts.iter().any(|text| text.contains("第 1 位")).then_some(texts)
    })
    .await;
    let left = eventually("no half sentence", async || {
        let texts = api.texts(LI);
        (!texts.iter().any(|text| text.ends_with('…'))).then_some(texts)
    })
    .await;
    assert!(left.len() <= texts.len(), "{left:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_draft_of_a_process_that_ended_is_replaced_by_the_next_ones_answer() {
    let api = BotApi::start().await;
    let data = tempfile::tempdir().unwrap();
    // The second line makes an edit, which comes after the draft was noted.
    let lines = vec![FIRST_LINE, "没有户口簿也能办，靠人像和指纹核对身份。[1]\n"];
    let model = model(lines, Duration::from_millis(1_300), true).await;
    let own = section(&api, "polling");
    let server = Server::start(config(data.path(), &format!("{own}{model}")), &[]).await;
    say(&api, LI, QUESTION);
    drafted(&api, 2).await;
    eventually("the update confirmed", async || (api.unconfirmed() == 0).then_some(())).await;
    server.stop().await;
    assert!(api.texts(LI)[0].ends_with('…'));
    let server = Server::start(config(data.path(), &own), &[]).await;
    let texts = eventually("the answer", async || {
        let texts = api.texts(LI);
        texts.iter().any(|text| text.contains("出处")).then_some(texts)
    })
    .await;
    assert_eq!(texts.len(), 1, "the half sentence is gone: {texts:?}");
    press(&api, LI, "没用");
    shown(&api, LI, 2).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_stops_while_a_draft_is_put_on_the_screen_leaves_no_half_sentence() {
    let api = BotApi::start().await;
    let data = tempfile::tempdir().unwrap();
    let model = model(vec![FIRST_LINE], Duration::from_millis(50), true).await;
    let own = section(&api, "polling");
    let server = Server::start(config(data.path(), &format!("{own}{model}")), &[]).await;
    // The draft is on the screen, and Telegram's answer on its way, when the program is told to stop.
    api.hold(Some("sendMessage"));
    say(&api, LI, QUESTION);
    drafted(&api, 1).await;
    eventually("the update confirmed", async || (api.unconfirmed() == 0).then_some(())).await;
    tokio::join!(server.stop(), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        api.hold(None);
    });
    let server = Server::start(config(data.path(), &own), &[]).await;
    let texts = eventually("the answer", async || {
        let texts = api.texts(LI);
        texts.iter().any(|text| text.contains("出处")).then_some(texts)
    })
    .await;
    assert_eq!(texts.len(), 1, "the half sentence is gone: {texts:?}");
    server.stop().await;
}
