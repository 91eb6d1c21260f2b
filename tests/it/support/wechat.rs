//! WeChat, which is not there: a platform that pushes, cuts after five seconds and pushes again, and a model that takes
//! its time. The platform's interface is in [`super::weixin`].

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use adapters::wechat::crypto::{AesKey, sign};
use adapters::wechat::xml::{Fields, cdata};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "yikouwen2026";
pub(crate) const APP: &str = "wxba5fad812f8e6fb9";
/// A key with bits set behind its last byte, as the console makes them.
pub(crate) const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

/// When the platform cuts a connection.
pub(crate) const CUT: Duration = Duration::from_secs(5);

pub(crate) fn now() -> i64 {
    super::time::now().as_second()
}

/// The settings of an account.
pub(crate) fn account(name: &str, api: &str, more: &str) -> String {
    format!(
        "[channels.{name}]\ntype = \"wechat\"\napp_id = \"{APP}\"\napp_secret = \"s3cret\"\ntoken = \"{TOKEN}\"\nencoding_aes_key = \"{KEY}\"\napi_base = \"{api}\"\nqr_base = \"{api}\"\n{more}\n"
    )
}

/// What the citizen sees of one message of theirs.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Seen {
    /// These words, in which delivery, counted from 1.
    Words(String, u32),
    /// Nothing, because the server said so in that delivery.
    Nothing(u32),
    /// 该公众号提供的服务出现故障，请稍后再试
    Fault,
}

impl Seen {
    pub(crate) fn words(&self) -> &str {
        match self {
            Self::Words(words, _) => words,
            other => panic!("no words: {other:?}"),
        }
    }
}

/// The platform's side of one account's address.
#[derive(Clone)]
pub(crate) struct Platform {
    pub(crate) url: String,
    client: reqwest::Client,
}

impl Platform {
    pub(crate) fn new(root: &str, channel: &str) -> Self {
        // A connection for every push, as the platform's many machines have.
        let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
        Self { url: format!("{root}/channels/{channel}"), client }
    }

    /// The address with a signature over a time.
    pub(crate) fn signed(&self, timestamp: i64, nonce: &str) -> String {
        let timestamp = timestamp.to_string();
        let signature = sign(&[TOKEN, &timestamp, nonce]);
        format!("{}?signature={signature}&timestamp={timestamp}&nonce={nonce}&openid=o", self.url)
    }

    /// Sends bytes to an address.
    pub(crate) async fn post(&self, url: &str, body: String) -> (u16, String) {
        let answer =
            self.client.post(url).header("content-type", "text/xml").body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// One delivery in the plain mode; `None`: there was no answer, or none that counts.
    pub(crate) async fn once(&self, body: &str, patience: Duration) -> Option<String> {
        let nonce = uuid::Uuid::new_v4().simple().to_string();
        let url = self.signed(now(), &nonce);
        let answering = async {
            let request = self.client.post(url).header("content-type", "text/xml").body(body.to_owned());
            let answer = request.send().await.ok()?;
            if answer.status() != 200 {
                return None;
            }
            answer.text().await.ok()
        };
        tokio::time::timeout(patience, answering).await.ok().flatten()
    }

    /// Delivers as the platform does: three times, each cut after five seconds, until there is an answer.
    pub(crate) async fn deliver(&self, body: &str) -> Seen {
        for delivery in 1..=3 {
            let next = tokio::time::Instant::now() + CUT;
            match self.once(body, CUT).await {
                Some(answer) if answer.is_empty() || answer == "success" => return Seen::Nothing(delivery),
                Some(answer) => return Seen::Words(content(&answer), delivery),
                None => tokio::time::sleep_until(next).await,
            }
        }
        Seen::Fault
    }

    /// A text of a citizen, delivered until it is answered.
    pub(crate) async fn says(&self, openid: &str, id: u64, text: &str) -> Seen {
        self.deliver(&text_message(openid, id, text)).await
    }

    /// Something else of a citizen.
    pub(crate) async fn does(&self, openid: &str, inner: &str) -> Seen {
        self.deliver(&message(openid, now(), inner)).await
    }
}

/// The words of an answer, which must be well-formed and go the other way round.
pub(crate) fn content(answer: &str) -> String {
    assert!(answer.starts_with("<xml>"), "{answer}");
    let fields = Fields::parse(answer).unwrap();
    assert_eq!(fields.get("MsgType"), Some("text"));
    assert_eq!(fields.get("FromUserName"), Some("gh_1"));
    assert!(fields.get("CreateTime").unwrap().parse::<i64>().is_ok());
    let words = fields.get("Content").unwrap().to_owned();
    assert!(!words.is_empty() && words.len() <= 2_048, "{} bytes", words.len());
    words
}

/// A push.
pub(crate) fn message(openid: &str, created: i64, inner: &str) -> String {
    format!(
        "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName><CreateTime>{created}</CreateTime>{inner}</xml>"
    )
}

/// A push with a text.
pub(crate) fn text_message(openid: &str, id: u64, text: &str) -> String {
    let inner =
        format!("<MsgType><![CDATA[text]]></MsgType><Content>{}</Content><MsgId>{id}</MsgId>", cdata(text));
    message(openid, now(), &inner)
}

/// A push with an event.
pub(crate) fn event(name: &str, key: &str) -> String {
    format!(
        "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{name}]]></Event><EventKey><![CDATA[{key}]]></EventKey>"
    )
}

/// The address and body of an encrypted push.
pub(crate) fn encrypted(
    platform: &Platform,
    key: &str,
    body: &str,
    timestamp: i64,
    nonce: &str,
) -> (String, String) {
    let encrypted = AesKey::parse(key).unwrap().encrypt(body, APP);
    let stamp = timestamp.to_string();
    let signature = sign(&[TOKEN, &stamp, nonce, &encrypted]);
    let url = format!("{}&encrypt_type=aes&msg_signature={signature}", platform.signed(timestamp, nonce));
    (
        url,
        format!(
            "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        ),
    )
}

/// A model that takes its time: as many milliseconds as stand behind 代号 in the question; 0 is for ever. Its answers
/// name the number in Chinese characters, so that every answer can be told from the others.
pub(crate) async fn slow_model() -> String {
    slow_model_that_counts(Arc::default()).await
}

/// The same, which says how many questions it has in hand.
pub(crate) async fn slow_model_that_counts(in_hand: Arc<AtomicUsize>) -> String {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let router = Router::new().route("/v1/chat/completions", post(complete)).with_state(in_hand);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

async fn complete(State(in_hand): State<Arc<AtomicUsize>>, body: String) -> Response {
    let body: Value = serde_json::from_str(&body).unwrap();
    let asked = body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned();
    let pattern = regex::Regex::new("代号(\\d+)").unwrap();
    let number = pattern.captures_iter(&asked).last().map(|found| found[1].to_owned()).unwrap_or_default();
    match number.parse::<u64>() {
        Ok(0) => std::future::pending().await,
        Ok(delay) => {
            in_hand.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(delay)).await;
            in_hand.fetch_sub(1, Ordering::SeqCst);
        }
        Err(_) => {}
    }
    // It states nothing, so that it holds whatever entry is asked about.
    let words = format!("以下可办{}。[1]", spelled(&number));
    let piece = json!({ "choices": [{ "delta": { "content": words } }] });
    let end = json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }] });
    let events = format!("data: {piece}\n\ndata: {end}\n\ndata: [DONE]\n\n");
    Response::builder().header("content-type", "text/event-stream").body(Body::from(events)).unwrap()
}

const DIGITS: &str = "零一二三四五六七八九";

/// The mark of an answer to the question of this number.
fn spelled(number: &str) -> String {
    let digit = |digit: char| DIGITS.chars().nth(digit.to_digit(10).unwrap() as usize).unwrap();
    format!("（答{}完）", number.chars().map(digit).collect::<String>())
}

/// The numbers of the answers in a text, in order.
pub(crate) fn marks_in(text: &str) -> Vec<u64> {
    let parts = text.split("（答").skip(1).filter_map(|part| Some(part.split_once("完）")?.0));
    parts
        .map(|part| {
            let digit = |letter| DIGITS.chars().position(|digit| digit == letter).unwrap() as u64;
            part.chars().fold(0, |number, letter| number * 10 + digit(letter))
        })
        .collect()
}

/// The settings of that model.
pub(crate) fn model(url: &str) -> String {
    format!(
        "[dialogue]\npatience = \"0s\"\n[model]\nbase_url = \"{url}\"\nmodel = \"slow\"\nfirst_token_timeout = \"46s\"\nidle_timeout = \"10s\"\ntotal_timeout = \"50s\"\n"
    )
}

/// A question that the model takes so long for.
pub(crate) fn question(milliseconds: u64) -> String {
    format!("身份证丢了怎么补办，代号{milliseconds}")
}

/// The mark of its answer.
pub(crate) fn mark(milliseconds: u64) -> String {
    spelled(&milliseconds.to_string())
}
