//! The life of a share: asked for, opened once, ended; and what survives a restart.

use std::sync::Arc;

use reqwest::Method;
use serde_json::json;

use super::people::{HELPERS, Page, Scene, ask, form, served, typed};
use crate::support::helper::Helper;
use crate::support::platform::{Recorder, platform};
use crate::support::visitor::Visitor;
use crate::support::{MEMORY, Server, config, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn the_link_is_sent_into_the_conversation_and_opens_once() {
    let scene = Scene::new().await;
    let link = format!("/s/{}#k={}", scene.share, scene.key);
    eventually("the link in the chat", async || {
        scene
            .visitor
            .thread()
            .await
            .iter()
            .any(|message| message["text"].as_str().unwrap().contains(&link))
            .then_some(())
    })
    .await;
    let (status, again) = ask(&scene.helper, &scene.conversation).await;
    assert_eq!((status.as_u16(), again["code"].as_str()), (409, Some("share_open")), "one at a time");

    // What a crawler does: it looks at the address, more than once, and uses nothing up.
    for _ in 0..5 {
        for method in [Method::GET, Method::HEAD] {
            let url = scene.server.url(&format!("/s/{}", scene.share));
            let answer = scene.server.client.request(method, url).send().await.unwrap();
            // Without the built pages there is nothing to serve; that nothing is used up holds all the same.
            if answer.status() == 200 {
                assert_eq!(answer.headers()["cache-control"], "no-store");
                assert_eq!(answer.headers()["referrer-policy"], "same-origin");
            } else {
                assert_eq!(answer.status(), 404);
            }
        }
    }
    let (status, problem) = scene.open("AAAAAAAAAAAAAAAAAAAAAA", None).await;
    assert_eq!((status.as_u16(), problem["code"].as_str()), (410, Some("share_gone")), "{problem}");
    let opens = futures::future::join_all((0..8).map(|_| scene.open(&scene.key, None))).await;
    assert_eq!(
        opens.iter().filter(|(status, _)| *status == 200).count(),
        1,
        "of several who try at once, one opens it"
    );
    assert_eq!(opens.iter().filter(|(status, _)| *status == 410).count(), 7);
    assert_eq!(scene.open(&scene.key, None).await.0, 410, "and never again");
    scene.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_serves_asks_and_ends() {
    let scene = Scene::new().await;
    let other = Helper::log_in(&scene.server, HELPERS[1].0).await;
    let supervisor = Helper::log_in(&scene.server, HELPERS[2].0).await;
    let (status, problem) = ask(&other, &scene.conversation).await;
    assert!(status == 403 || status == 409, "{problem}");
    let end = format!("/shares/{}/end", scene.share);
    assert_eq!(other.call(Method::POST, &end, None).await.0, 403);
    assert_eq!(other.call(Method::GET, &format!("/shares/{}/audit", scene.share), None).await.0, 403);
    let (status, ended) = supervisor.call(Method::POST, &end, None).await;
    assert_eq!((status.as_u16(), ended["state"].as_str()), (200, Some("ended")));
    assert_eq!(scene.open(&scene.key, None).await.0, 410);
    assert_eq!(scene.audit().await, ["helper:王老师 asked -", "helper:督办 ended helper"]);
    let (status, begun) = ask(&scene.helper, &scene.conversation).await;
    assert_eq!(status, 201, "another one may begin: {begun}");
    for (body, code) in [
        (json!({ "purpose": " " }), "bad_purpose"),
        (json!({ "purpose": "字".repeat(101) }), "bad_purpose"),
        (json!({ "purpose": "x", "form": "https://evil.example/" }), "unknown_form"),
    ] {
        let path = format!("/conversations/{}/shares", scene.conversation);
        let (status, problem) = scene.helper.call(Method::POST, &path, Some(body)).await;
        assert_eq!((status.as_u16(), problem["code"].as_str()), (422, Some(code)), "{problem}");
    }
    scene.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_citizen_s_own_pages_are_shared_where_they_are_in_use() {
    let scene = Scene::new().await;
    let path = format!("/conversations/{}/shares", scene.conversation);
    let listed = scene.helper.get(&path).await;
    assert_eq!(listed["pages"], json!(["chat"]), "nobody can log in, so there are no questions to look at");
    let asks = async |kind: &str| {
        let body = json!({ "purpose": "教您发照片", "kind": kind, "form": "https://evil.example/" });
        scene.helper.call(Method::POST, &path, Some(body)).await
    };
    let (status, problem) = asks("me").await;
    assert_eq!((status.as_u16(), problem["code"].as_str()), (422, Some("page_off")), "{problem}");
    assert_eq!(scene.helper.call(Method::POST, &format!("/shares/{}/end", scene.share), None).await.0, 200);
    let (status, begun) = asks("chat").await;
    assert_eq!(status, 201, "{begun}");
    assert_eq!((&begun["share"]["kind"], &begun["share"]["form"]), (&json!("chat"), &json!("/")));
    let link = begun["link"].as_str().unwrap();
    let (key, at) = link.split_once("#k=").unwrap().1.split_once('&').unwrap();
    assert_eq!(at, "at=chat");
    let body = json!({ "id": begun["share"]["id"], "key": key });
    let answer = scene.server.client.post(scene.server.url("/api/v1/assist/open")).json(&body).send();
    let opened: serde_json::Value = answer.await.unwrap().json().await.unwrap();
    assert_eq!((&opened["form_url"], &opened["kind"]), (&json!("/"), &json!("chat")));
    scene.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_nobody_opens_expires() {
    let scene = Scene::with("[store]\nurl = \"memory:\"\n[assist]\nlink_ttl = \"300ms\"\n").await;
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    assert_eq!(scene.open(&scene.key, None).await.0, 410);
    assert_eq!(scene.ended().await, "expired");
    scene.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_channel_cannot_say_who_opens_a_code_is_needed() {
    // The platform's channel is any channel but the website.
    let recorder = Arc::<Recorder>::default();
    let url = platform(Arc::clone(&recorder)).await;
    let data = tempfile::tempdir().unwrap().keep();
    let (server, channel) = Server::with_platform(config(&data, MEMORY), &HELPERS, &url).await;
    // What the citizen was sent, however many codes before.
    let code_sent = async |before: usize| {
        let pattern = regex::Regex::new(r"数字：(\d{6})").unwrap();
        eventually("the code", async || {
            let texts = recorder.texts().join("\n");
            pattern.captures_iter(&texts).nth(before).map(|found| found[1].to_owned())
        })
        .await
    };
    let helper = Helper::log_in(&server, HELPERS[0].0).await;
    channel.says("someone", "1", "转人工").await;
    let conversation = eventually("a place in the queue", async || {
        helper.get("/queue").await["queue"][0]["conversation"].as_str().map(str::to_owned)
    })
    .await;
    assert_eq!(helper.claim(&conversation).await.0, 200);
    let (status, begun) = ask(&helper, &conversation).await;
    assert_eq!(status, 201, "{begun}");
    let path = format!("/conversations/{conversation}/shares");
    assert_eq!(helper.get(&path).await["pages"], json!([]), "the chat is the platform's own page");
    let key = begun["link"].as_str().unwrap().split_once("#k=").unwrap().1.to_owned();
    let share = begun["share"]["id"].as_str().unwrap().to_owned();
    let open = async |code: Option<&str>| {
        let body = json!({ "id": share, "key": key, "code": code });
        let answer = server.client.post(server.url("/api/v1/assist/open")).json(&body).send().await.unwrap();
        let status = answer.status().as_u16();
        let body: serde_json::Value = answer.json().await.unwrap();
        (status, body["code"].as_str().map(str::to_owned))
    };
    assert_eq!(open(None).await, (401, Some("code_needed".to_owned())));
    let code = code_sent(0).await;
    let transcript = helper.conversation(&conversation).await.to_string();
    assert!(transcript.contains("数字：••••••") && !transcript.contains(&code), "it is the citizen's alone");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..4 {
        assert_eq!(open(Some(wrong)).await, (401, Some("wrong_code".to_owned())));
    }
    assert_eq!(open(Some(wrong)).await.0, 410, "the fifth ends it");
    assert_eq!(open(Some(&code)).await.0, 410);
    let (status, begun) = ask(&helper, &conversation).await;
    assert_eq!(status, 201);
    let (share, key) = (
        begun["share"]["id"].as_str().unwrap(),
        begun["link"].as_str().unwrap().split_once("#k=").unwrap().1,
    );
    let code = code_sent(1).await;
    let body = json!({ "id": share, "key": key, "code": code });
    let answer = server.client.post(server.url("/api/v1/assist/open")).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_and_share_survive_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(config(data.path(), ""), &HELPERS).await;
    let scene = Scene::at(server).await;
    let mut page = scene.shown().await;
    let (share, token, epoch) = (page.share.clone(), page.token.clone(), page.epoch);
    let mut viewer = scene.viewer().await;
    viewer.until_events(1).await;
    let Scene { server, .. } = scene;
    server.stop().await;
    drop((page, viewer));

    let server = Server::start(config(data.path(), ""), &HELPERS).await;
    let helper = Helper::log_in(&server, HELPERS[0].0).await;
    // The same recorder on a new socket: it is known, may be seen without a new question, and is asked for a picture.
    page = Page::hello(&server, &share, &token, epoch, Some(2)).await.unwrap();
    assert_eq!(page.epoch, epoch);
    assert_eq!(page.welcome["perm"]["view"], true);
    assert_eq!(page.welcome["last_seq"], 0);
    page.until(|frame| frame["t"] == "snap.request").await;
    // It goes on counting where it was.
    page.seq = 700;
    page.snap(&form()).await;
    page.inc(&typed(10, "贸易")).await;
    let mut viewer = super::people::Viewer::connect(&server, &helper, &share).await.unwrap();
    viewer.until_events(1).await;
    assert_eq!(viewer.until_events(2).await, typed(10, "贸易"));
    // A page that was loaded anew has another epoch, and the older socket of it is not heard any more.
    let loaded = Page::load(&server, &share, &token).await;
    assert_eq!(loaded.epoch, epoch + 1);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_does_not_outlive_the_helper_s_conversation() {
    let scene = Scene::new().await;
    let mut page = scene.shown().await;
    let mut viewer = scene.viewer().await;
    viewer.until_events(1).await;
    assert_eq!(scene.helper.act(&scene.conversation, "release").await.0, 200);
    assert_eq!(viewer.until_text("end").await["reason"], "owner");
    assert_eq!(page.end().await, "owner");
    assert_eq!(scene.ended().await, "owner");
    assert_eq!(
        Page::hello(&scene.server, &scene.share, &page.token, 0, None).await.err().unwrap()["reason"],
        "gone"
    );
    scene.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_recorder_or_without_the_right_is_refused() {
    let scene = Scene::new().await;
    let page = scene.page().await;
    let wrong =
        Page::hello(&scene.server, &scene.share, "AAAAAAAAAAAAAAAAAAAAAA", 0, None).await.err().unwrap();
    assert_eq!((wrong["t"].as_str(), wrong["reason"].as_str()), (Some("end"), Some("gone")));
    assert!(Page::hello(&scene.server, &scene.share, &page.token, 0, None).await.is_ok());
    let visitor = Visitor::new(&scene.server).await;
    let other = served(&scene.helper, &visitor).await;
    let (_, begun) = ask(&scene.helper, &other).await;
    let share = begun["share"]["id"].as_str().unwrap();
    assert!(
        Page::hello(&scene.server, share, &page.token, 0, None).await.is_err(),
        "a token is of one share"
    );
    scene.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_a_share_is_forgotten_in_time() {
    let data = tempfile::tempdir().unwrap();
    let scene = Scene::at(Server::start(config(data.path(), ""), &HELPERS).await).await;
    drop(scene.shown().await);
    let end = format!("/shares/{}/end", scene.share);
    assert_eq!(scene.helper.call(Method::POST, &end, Some(json!({}))).await.0, 200);
    let (status, open) = ask(&scene.helper, &scene.conversation).await;
    assert_eq!(status, 201);
    let open = open["share"]["id"].as_str().unwrap().to_owned();
    let Scene { server, share, conversation, .. } = scene;
    server.stop().await;

    let server = Server::start(config(data.path(), "[assist]\nkeep = \"0s\"\n"), &HELPERS).await;
    let helper = Helper::log_in(&server, HELPERS[0].0).await;
    let of_it = format!("/conversations/{conversation}/shares");
    eventually("the share that ended to be forgotten", async || {
        let shares = helper.get(&of_it).await["shares"].as_array().unwrap().clone();
        (shares.len() == 1 && shares[0]["id"] == open).then_some(())
    })
    .await;
    assert_eq!(helper.call(Method::GET, &format!("/shares/{share}/audit"), None).await.0, 404);
    let kept = helper.get(&format!("/shares/{open}/audit")).await;
    assert!(!kept.as_array().unwrap().is_empty(), "what goes on is kept: {kept}");
    server.stop().await;
}
