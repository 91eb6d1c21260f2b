//! The main job, from question to rating, over the public interfaces.

use serde_json::json;

use crate::support::helper::Helper;
use crate::support::process::Process;
use crate::support::visitor::{Visitor, messages};
use crate::support::{Server, entries_of, eventually};

const QUESTION: &str = "我的医保卡里有历年余额，能给老父亲用吗";

#[tokio::test(flavor = "multi_thread")]
async fn a_citizen_asks_is_dissatisfied_and_a_helper_takes_over() {
    let server = Server::in_memory(&["王老师", "李老师"]).await;

    let answer = server.ask(QUESTION, None).await;
    assert_eq!(answer["outcome"], "answered", "{answer}");
    let cited = entries_of(&answer);
    assert_eq!(cited.first().map(String::as_str), Some("soc-faq-family-share-father"), "{answer}");
    assert!(answer["answer"].as_str().unwrap().contains("[1]"), "{answer}");
    let conversation = answer["conversation"].as_str().unwrap().to_owned();

    let follow_up = server.ask("那要带什么材料", Some(&conversation)).await;
    let kept = entries_of(&follow_up);
    assert!(
        kept.contains(&"soc-family-share".to_owned()),
        "the matter behind the topic has the documents: {follow_up}"
    );

    let handoff = server.ask("没用，我要人工", Some(&conversation)).await;
    assert_eq!(handoff["outcome"], "handoff");
    assert_eq!(handoff["stage"], "queued");
    assert_eq!(handoff["position"], 1);
    assert!(handoff["answer"].as_str().unwrap().contains("第 1 位"), "{handoff}");

    let (first, second) = (Helper::log_in(&server, "王老师").await, Helper::log_in(&server, "李老师").await);
    let queue = first.get("/queue").await;
    assert_eq!(queue["queue"][0]["conversation"], conversation.as_str());
    let view = first.conversation(&conversation).await;
    assert!(view["transcript"].as_array().unwrap().len() >= 6, "the whole transcript");
    assert_eq!(view["transcript"][1]["evidence"][0]["id"], cited[0].as_str(), "and what the robot saw");

    let (status, claimed) = first.claim(&conversation).await;
    assert_eq!((status.as_u16(), claimed["stage"].as_str()), (200, Some("claimed")));
    let (status, lost) = second.claim(&conversation).await;
    assert_eq!((status.as_u16(), lost["winner"].as_str()), (409, Some("王老师")));
    let (status, _) =
        second.call(reqwest::Method::GET, &format!("/conversations/{conversation}"), None).await;
    assert_eq!(status, 409, "whoever lost the claim loses sight of it");

    let (status, sent) = first.write(&conversation, "您好，可以的，带上双方身份证。").await;
    assert_eq!(status, 201);
    let silent = server.ask("好的，父亲的卡也要带吗", Some(&conversation)).await;
    assert_eq!(silent["outcome"], "handoff", "the robot is silent: {silent}");
    let view = first.conversation(&conversation).await;
    let last = view["transcript"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (last["author"].as_str(), last["text"].as_str()),
        (Some("citizen"), Some("好的，父亲的卡也要带吗"))
    );
    assert!(sent["seq"].as_u64() < last["seq"].as_u64());

    let (status, closed) = first.act(&conversation, "close").await;
    assert_eq!((status.as_u16(), closed["stage"].as_str()), (200, Some("wrap_up")));
    server.stop().await;
}

/// Everything the story has shown is asserted after every kill: nothing lost, nothing twice.
#[tokio::test(flavor = "multi_thread")]
async fn the_story_survives_a_kill_between_any_two_steps() {
    let data = tempfile::tempdir().unwrap();
    for name in ["wang", "li"] {
        let added = crate::support::process::run(
            data.path(),
            &["helper", "add", name, "--password", crate::support::PASSWORD],
        );
        assert!(added.status.success(), "{}", crate::support::process::stderr(&added));
    }
    let mut process = Process::serve(data.path(), &[]);
    let client = reqwest::Client::new();
    let mut visitor = Visitor::with_base(&process.url, client.clone()).await;
    let mut expected: Vec<(String, String)> = Vec::new();
    let mut conversation = String::new();

    for step in 0..8 {
        let desk = format!("{}/api/v1/desk", process.url);
        let log_in = async |name: &str| {
            let body = json!({ "name": name, "password": crate::support::PASSWORD });
            let answer = client.post(format!("{desk}/login")).json(&body).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
        };
        let act = async |cookie: &str, what: &str, body: serde_json::Value| {
            let url = format!("{desk}/conversations/{conversation}/{what}");
            client.post(url).header("cookie", cookie).json(&body).send().await.unwrap().status().as_u16()
        };
        let say = |author: &str, text: &str| (author.to_owned(), text.to_owned());
        match step {
            0 => {
                // Killed as soon as it is acknowledged: the answer comes from the next process.
                assert_eq!(visitor.say("m0", QUESTION).await.0, 202);
                expected.push(say("citizen", QUESTION));
                expected.push(say("robot", ""));
            }
            1 => {
                assert_eq!(visitor.say("m1", "那要带什么材料").await.0, 202);
                expected.push(say("citizen", "那要带什么材料"));
                expected.push(say("robot", ""));
            }
            2 => {
                for _ in 0..2 {
                    // Sent twice, as a device does that missed the acknowledgement.
                    assert_eq!(visitor.say("m2", "没用，我要人工").await.0, 202);
                }
                expected.push(say("citizen", "没用，我要人工"));
                expected.push(say("robot", ""));
            }
            3 => {
                assert_eq!(act(&log_in("wang").await, "claim", json!({})).await, 200);
                expected.push(say("system", "wang 正在为您服务。"));
            }
            4 => {
                assert_eq!(act(&log_in("li").await, "claim", json!({})).await, 409);
                let body = json!({ "text": "带身份证就行", "id": "h1" });
                let cookie = log_in("wang").await;
                assert_eq!(act(&cookie, "messages", body.clone()).await, 201);
                assert_eq!(act(&cookie, "messages", body).await, 201, "the same id sends nothing twice");
                expected.push(say("helper", "带身份证就行"));
            }
            5 => {
                assert_eq!(visitor.say("m5", "谢谢老师").await.0, 202);
                expected.push(say("citizen", "谢谢老师"));
            }
            6 => {
                assert_eq!(act(&log_in("wang").await, "close", json!({})).await, 200);
                expected.push(say("system", ""));
            }
            _ => {
                let rate = json!({ "t": "rate", "id": "r1", "score": 5, "comment": "很耐心" });
                assert_eq!(visitor.post(rate.clone()).await.0, 202);
                assert_eq!(visitor.post(rate).await.0, 202);
                expected.push(say("system", "谢谢您的评价！"));
            }
        }
        process.kill();
        process = Process::serve(data.path(), &[]);
        visitor = visitor.moved_to(&process.url);
        let thread = eventually("the thread is whole again", async || {
            let frames = visitor.poll("", 0, 0).await;
            let thread = messages(&frames);
            (thread.len() >= expected.len()).then_some((frames, thread))
        })
        .await;
        let (frames, thread) = thread;
        for frame in &frames {
            if frame["t"] == "conversation" {
                conversation = frame["conversation"].as_str().unwrap().to_owned();
            }
        }
        let told: Vec<(String, String)> = thread
            .iter()
            .zip(&expected)
            .map(|(message, (_, text))| {
                let shown = if text.is_empty() { "" } else { message["text"].as_str().unwrap() };
                (message["author"].as_str().unwrap().to_owned(), shown.to_owned())
            })
            .collect();
        assert_eq!(told, expected, "after step {step}");
        assert_eq!(thread.len(), expected.len(), "nothing twice after step {step}: {thread:?}");
        let places: Vec<u64> = thread.iter().map(|message| message["seq"].as_u64().unwrap()).collect();
        assert_eq!(places, (1..=expected.len() as u64).collect::<Vec<_>>(), "no gap after step {step}");
    }
    assert_eq!(process.terminate(), Some(0), "SIGTERM drains and exits 0");
    let exported = crate::support::process::run(data.path(), &["export", "--conversations"]);
    let line = crate::support::process::stdout(&exported);
    let record: serde_json::Value = serde_json::from_str(line.trim()).unwrap();
    assert_eq!(record["rating"]["score"], 5, "the rating is stored: {record}");
    assert_eq!(record["stage"], "closed");
}
