//! Answers that grow on a card, and what happens when a card fails: the answer arrives all the same.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::post;
use futures::StreamExt;
use serde_json::{Value, json};

use super::handoff::claim_first;
use super::platform::{Card, Person, Platform, TEMPLATE};
use super::{Alone, card, server};
use crate::support::eventually;
use crate::support::helper::Helper;

const QUESTION: &str = "身份证丢了怎么补";
const MAKE: &str = "/v1.0/card/instances/createAndDeliver";
const STREAM: &str = "/v1.0/card/streaming";

/// Forty lines, each with its source. A number that no entry has would not hold, so that they are counted as years were.
fn steps() -> Vec<String> {
    let (stems, branches) = ("甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥");
    let named = stems.chars().cycle().zip(branches.chars().cycle()).take(40);
    let steps = named.map(|(stem, branch)| format!("{stem}{branch}，补领以下证件。[1]\n"));
    steps.chain(std::iter::once("带身份证。[1]".to_owned())).collect()
}

/// The last of the forty.
const LAST: &str = "癸卯";

/// A model that writes these pieces, one every so often.
async fn model(pieces: Vec<String>, pause: Duration) -> String {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let complete = move || {
        let pieces = pieces.clone();
        async move {
            let piece = |text: &String| {
                format!("data: {}\n\n", json!({ "choices": [{ "delta": { "content": text } }] }))
            };
            let mut events: Vec<String> = pieces.iter().map(piece).collect();
            events.push(
                "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
                    .to_owned(),
            );
            let stream = futures::stream::iter(events).then(move |event| async move {
                tokio::time::sleep(pause).await;
                Ok::<_, std::convert::Infallible>(event)
            });
            Response::builder()
                .header("content-type", "text/event-stream")
                .body(Body::from_stream(stream))
                .unwrap()
        }
    };
    tokio::spawn(async move {
        axum::serve(listener, Router::new().route("/v1/chat/completions", post(complete))).await.unwrap();
    });
    format!("[model]\nbase_url = \"http://{address}/v1\"\nmodel = \"m\"\nfirst_token_timeout = \"5s\"\n")
}

fn with_card() -> String {
    format!("card_template_id = \"{TEMPLATE}\"")
}

/// The card that holds an answer.
async fn answered(platform: &Platform) -> (String, Card) {
    eventually("a card with an answer", async || {
        platform
            .cards()
            .into_iter()
            .find(|(_, card)| card.parameters.get("flowStatus").is_some_and(|status| status == "3"))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_grows_on_its_card_and_is_not_sent_a_second_time() {
    let platform = Platform::start().await;
    let model = model(steps(), Duration::from_millis(40)).await;
    let server = server(&platform, &with_card(), &model, &[]).await;
    Person::new(&platform, "u1").says("m1", QUESTION).await;
    let (track, card) = answered(&platform).await;
    assert_eq!(card.space, "dtv1.card//IM_ROBOT.u1");
    assert!(card.is_final && !card.is_error);
    let (last, drafts) = card.texts.split_last().unwrap();
    assert!(drafts.len() >= 2, "it grew: {drafts:?}");
    assert!(drafts.windows(2).all(|pair| pair[1].starts_with(&pair[0])), "{drafts:?}");
    assert!(last.contains(LAST) && last.contains("带身份证。[1]") && last.contains("依据"), "{last}");
    let calls = platform.calls(STREAM);
    let gaps = calls[..calls.len() - 1].windows(2).map(|pair| pair[1].at - pair[0].at);
    assert!(gaps.min().unwrap() >= Duration::from_millis(390), "no more than a few updates a second");
    assert_eq!(card.parameters["can_rate"], "true");
    assert_eq!(card.parameters["can_ask_human"], "true");
    assert_eq!(platform.calls(MAKE)[0].body["outTrackId"], track);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(platform.shown().is_empty(), "{:?}", platform.shown());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_update_ends_nothing() {
    let platform = Platform::start().await;
    let model = model(steps(), Duration::from_millis(40)).await;
    // The first two updates fail, and then no more.
    platform.answer_next(
        STREAM,
        &[
            (500, json!({ "code": "system.error" })),
            (400, json!({ "code": "param.stream.content", "message": "content is too large" })),
        ],
    );
    let server = server(&platform, &with_card(), &model, &[]).await;
    Person::new(&platform, "u1").says("m1", QUESTION).await;
    let (_, card) = answered(&platform).await;
    assert!(card.texts.len() >= 2 && card.texts.last().unwrap().contains(LAST), "{card:?}");
    assert!(platform.shown().is_empty());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_card_an_answer_is_a_message() {
    let refusals = [
        (
            MAKE,
            403,
            json!({ "code": "Forbidden.AccessDenied.AccessTokenPermissionDenied", "message": "[Card.Instance.Write]" }),
        ),
        (MAKE, 400, json!({ "code": "param.templateNotExist" })),
        (
            MAKE,
            200,
            json!({ "success": true, "result": { "deliverResults": [{ "success": false, "errorMsg": "x" }] } }),
        ),
        (STREAM, 400, json!({ "code": "param.stream.content" })),
        (STREAM, 500, json!({ "code": "system.error" })),
    ];
    for (path, status, answer) in refusals {
        let platform = Platform::start().await;
        platform.answer_next(path, &vec![(status, answer.clone()); 50]);
        let server = server(&platform, &with_card(), "", &[]).await;
        let person = Person::new(&platform, "u1");
        person.says("m1", QUESTION).await;
        let told = person.sees_so_many(1).await;
        assert!(told[0].contains("[1]"), "{path} {answer}: {told:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(person.sees().len(), 1, "{path} {answer}: once");
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn buttons_do_what_they_say_within_two_seconds() {
    let platform = Platform::start().await;
    let server = server(&platform, &with_card(), "", &["王老师"]).await;
    let person = Person::new(&platform, "u1");
    person.says("m1", QUESTION).await;
    let (track, _) = answered(&platform).await;
    let line = platform.connected().await;
    let press = async |track: &str, user: &str, action: Value| -> Value {
        let content = json!({ "cardPrivateData": { "actionIds": ["1"], "params": action } }).to_string();
        let press = json!({ "type": "actionCallback", "outTrackId": track, "corpId": "c", "userId": user, "userIdType": 1, "content": content });
        let id = platform.frame(line, "CALLBACK", "/v1.0/card/instances/callback", &press);
        let (ack, took) = platform.ack(&id).await;
        assert_eq!(ack["code"], 200);
        assert!(took < Duration::from_secs(2), "{took:?}");
        serde_json::from_str::<Value>(ack["data"].as_str().unwrap()).unwrap()["response"].clone()
    };
    let useful = press(&track, "u1", json!({ "action": "useful" })).await;
    assert_eq!(useful["cardData"]["cardParamMap"]["can_rate"], "false", "{useful}");
    let foreign = press(&track, "u2", json!({ "action": "human" })).await;
    assert!(foreign["cardData"]["cardParamMap"].as_object().unwrap().is_empty());
    assert!(foreign["userPrivateData"]["cardParamMap"]["notice"].as_str().unwrap().contains("只有提问的人"));
    for odd in [json!({}), json!({ "action": "choice", "number": "9" }), json!({ "action": "x" })] {
        let answer = press(&track, "u1", odd).await;
        assert!(
            answer["userPrivateData"]["cardParamMap"]["notice"].as_str().unwrap().contains("不能用了"),
            "{answer}"
        );
    }
    let unknown = press("another", "u1", json!({ "action": "human" })).await;
    assert!(unknown["userPrivateData"]["cardParamMap"]["notice"].is_string());
    for _ in 0..2 {
        let human = press(&track, "u1", json!({ "action": "human" })).await;
        assert_eq!(human["cardData"]["cardParamMap"]["can_ask_human"], "false", "{human}");
    }
    person.sees_so_many(1).await;
    let helper = Helper::log_in(&server, "王老师").await;
    let conversation = claim_first(&helper).await;
    let view = helper.conversation(&conversation).await;
    let transcript = view["transcript"].as_array().unwrap();
    assert!(transcript.iter().any(|message| message["feedback"] == "useful"), "{view}");
    let asked = transcript.iter().filter(|message| message["author"] == "citizen").count();
    assert_eq!(asked, 2, "pressed twice, asked once: {view}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_is_made_by_button_or_by_number() {
    let platform = Platform::start().await;
    // A question that several entries fit equally well.
    let unsure = "[dialogue]\nanswer_at = 0.999\nclarify_at = 0.05\n";
    let server = server(&platform, &with_card(), unsure, &[]).await;
    let person = Person::new(&platform, "u1");
    person.says("m1", "身份证").await;
    let (track, card) = answered(&platform).await;
    let offered = card.texts.last().unwrap().clone();
    assert!(offered.contains("1. ") && offered.contains("2. "), "{offered}");
    assert_eq!(card.parameters["can_choose"], "true", "{card:?}");
    let label = card.parameters["choice1"].clone();
    assert!(offered.contains(&format!("1. {label}")), "{offered}");
    let line = platform.connected().await;
    let press = json!({ "outTrackId": track, "userId": "u1", "content": "{\"cardPrivateData\":{\"actionIds\":[\"choice1\"]}}" });
    let id = platform.frame(line, "CALLBACK", "/v1.0/card/instances/callback", &press);
    assert!(platform.ack(&id).await.0["data"].as_str().unwrap().contains(&label));
    eventually("the answer on a second card", async || {
        let done = platform.cards().into_values().filter(|card| card.is_final).count();
        (done == 2).then_some(())
    })
    .await;
    let other = Person::new(&platform, "u2");
    other.says("n1", "身份证").await;
    eventually("a third", async || {
        (platform.cards().into_values().filter(|card| card.is_final).count() == 3).then_some(())
    })
    .await;
    other.says("n2", "1").await;
    let cards = eventually("a fourth", async || {
        let done: Vec<Card> = platform.cards().into_values().filter(|card| card.is_final).collect();
        (done.len() == 4).then_some(done)
    })
    .await;
    let answers = cards.iter().filter(|card| card.texts.last().unwrap().contains("[1]")).count();
    assert_eq!(answers, 2, "{cards:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_sees_no_number_grow_on_a_card() {
    let platform = Platform::start().await;
    let number = ["补领以下证件，您的电话【手", "机号】", "。", "[1]\n"];
    let mut pieces: Vec<String> = number.iter().map(|&piece| piece.to_owned()).collect();
    pieces.extend(steps());
    let model = model(pieces, Duration::from_millis(120)).await;
    let server = server(&platform, &with_card(), &model, &[]).await;
    let group = Person::new(&platform, "u1").in_group("cidG==");
    group.says("m1", &format!("{QUESTION}，我的手机是13800138000")).await;
    let (_, card) = answered(&platform).await;
    assert_eq!(card.space, "dtv1.card//IM_GROUP.cidG==");
    let made = &platform.calls(MAKE)[0].body;
    assert_eq!(made["imGroupOpenDeliverModel"]["atUserIds"], json!({ "u1": "u1某" }));
    assert!(card.texts.len() > 4 && card.texts[0].contains("补领以下证件"), "{card:?}");
    assert!(card.texts.iter().all(|text| !text.contains("138")), "{card:?}");
    assert!(card.texts.iter().any(|text| text.contains("【手机号】")), "{card:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_was_left_by_a_crash_gets_the_answer_or_an_end() {
    use adapters::{Channel, NotesExt};
    let platform = Platform::start().await;
    let alone = Alone::new(&platform, |settings| settings.card = Some(card())).await;
    let notes = crate::support::direct::notes("ding", &alone.store);
    // A process made the card and ended before its answer was delivered.
    let note = json!({ "address": "single:staff:u1", "stage": "shown", "at": "2026-01-01T00:00:00Z" });
    notes.put(&["card", "r1"], None, &note).await.unwrap();
    let body = json!({ "cardTemplateId": TEMPLATE, "outTrackId": "r1", "openSpaceId": "dtv1.card//IM_ROBOT.u1", "imRobotOpenDeliverModel": { "spaceType": "IM_ROBOT" } });
    let token = json!({ "appKey": super::ID, "appSecret": super::SECRET });
    let client = reqwest::Client::new();
    client.post(format!("{}/v1.0/oauth2/accessToken", platform.base())).json(&token).send().await.unwrap();
    let made = client
        .post(format!("{}{MAKE}", platform.base()))
        .header("x-acs-dingtalk-access-token", "token-0")
        .json(&body);
    assert_eq!(made.send().await.unwrap().status(), 200);
    let to = super::peer("single:staff:u1");
    alone.channel.deliver(&to, &super::reply("r1", "回答")).await.unwrap();
    alone.channel.deliver(&to, &super::reply("r1", "回答")).await.unwrap();
    let card = platform.cards()["r1"].clone();
    assert!(card.is_final && card.texts == ["回答"], "delivering again changes nothing: {card:?}");
    assert!(platform.shown().is_empty());
    // A long answer begins on its card and goes on in messages.
    notes.put(&["card", "r3"], None, &note).await.unwrap();
    let mut third = body.clone();
    third["outTrackId"] = "r3".into();
    let made = client
        .post(format!("{}{MAKE}", platform.base()))
        .header("x-acs-dingtalk-access-token", "token-0")
        .json(&third);
    assert_eq!(made.send().await.unwrap().status(), 200);
    let long: String = (0..200).map(|number| format!("第{number}条：先到窗口取号，再交材料。\n\n")).collect();
    alone.channel.deliver(&to, &super::reply("r3", &long)).await.unwrap();
    let first = platform.cards()["r3"].texts[0].clone();
    assert!(first.contains("第0条") && first.ends_with("（后面还有，请看下面的消息）"), "{first}");
    let rest: String = platform.shown().iter().map(|shown| shown.text().to_owned()).collect();
    assert!(rest.contains("第199条") && !rest.contains("第0条"), "{rest}");
    let before = platform.shown().len();
    // One that the platform does not know: the answer is a message.
    notes.put(&["card", "r2"], None, &note).await.unwrap();
    alone.channel.deliver(&to, &super::reply("r2", "回答")).await.unwrap();
    assert_eq!(platform.shown().len(), before + 1);
}

/// A gateway whose robot begins to think about everything, and whose helper is quicker.
struct Overtaken;

#[async_trait::async_trait]
impl adapters::Intake for Overtaken {
    async fn submit(&self, inbound: adapters::Inbound) -> Result<adapters::Ticket, adapters::SubmitError> {
        let accepted = adapters::Accepted { conversation: inbound.id, seq: Some(1), repeated: false };
        Ok(adapters::Ticket::new(accepted, async { Vec::new() }))
    }
    async fn thread(
        &self,
        _: &adapters::Peer,
        _: &adapters::Cursor,
    ) -> Result<adapters::Thread, adapters::SubmitError> {
        Err(adapters::SubmitError::Unavailable)
    }
    fn watch(&self, _: &adapters::Peer) -> adapters::LiveStream {
        let thinking = adapters::Live::Thinking { turn: "r1".to_owned() };
        Box::pin(futures::stream::iter([thinking]).chain(futures::stream::pending()))
    }
    async fn typing(&self, _: &adapters::Peer) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_whose_answer_a_helper_has_overtaken_is_ended() {
    use adapters::Channel;
    let platform = Platform::start().await;
    let alone = Alone::new(&platform, |settings| {
        settings.card = Some(card());
        settings.pace.abandoned = Duration::from_millis(300);
    })
    .await;
    let stop = tokio_util::sync::CancellationToken::new();
    let (channel, stopping) = (alone.channel.clone(), stop.clone());
    let inbox = adapters::Inbox::new(std::sync::Arc::new(Overtaken));
    let task = tokio::spawn(async move { channel.listen(inbox, stopping).await });
    Person::new(&platform, "u1").says("m1", "你好").await;
    let card = eventually("the end of the card", async || {
        platform.cards().get("r1").filter(|card| card.is_final).cloned()
    })
    .await;
    assert!(card.is_error && card.texts == ["这条回答没有写完。"], "{card:?}");
    // It comes after all, late: then as a message.
    alone.channel.deliver(&super::peer("single:staff:u1"), &super::reply("r1", "迟到的回答")).await.unwrap();
    assert!(platform.shown()[0].text().contains("迟到的回答"));
    stop.cancel();
    task.await.unwrap().unwrap();
}
