//! The WeChat channel on several nodes over one store, with a gateway whose thread is given: who says what, and how.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use adapters::inbox::State;
use adapters::message::{Attachment, Choice, Citation, Link, LinkKind};
use adapters::wechat::WechatChannel;
use adapters::wechat::errors;
use adapters::{
    Accepted, Alarms, Author, Channel, ChannelId, Cursor, File, Files, Inbound, Inbox, Intake, Kit,
    LiveStream, MediaKind, Notes, NotesError, Now, Outbound, Peer, SubmitError, Thread, Ticket,
};
use jiff::Timestamp;
use serde_json::json;
use yikouwen::config::{ChannelConfig, words};
use yikouwen::store::{MemoryStore, Store};

use crate::support::config;
use crate::support::wechat::{CUT, Platform, account, content, now, text_message};
use crate::support::weixin::FakeApi;

/// A gateway that has answered everything already.
#[derive(Default)]
struct Answered(Mutex<HashMap<String, Vec<Outbound>>>);

#[async_trait::async_trait]
impl Intake for Answered {
    async fn submit(&self, _: Inbound) -> Result<Ticket, SubmitError> {
        let accepted = Accepted { conversation: "c".to_owned(), seq: None, repeated: false };
        Ok(Ticket::new(accepted, async { Vec::new() }))
    }

    async fn thread(&self, peer: &Peer, cursor: &Cursor) -> Result<Thread, SubmitError> {
        let all = self.0.lock().unwrap().get(&peer.address).cloned().unwrap_or_default();
        let after = if cursor.conversation.is_some() { cursor.after } else { 0 };
        let stage = "robot".to_owned();
        let state = State { stage, position: None, wait_seconds: None, helper: None, desk_open: false };
        let last = all.last().map_or(0, |last| last.seq);
        let messages = all.into_iter().filter(|message| message.seq > after).collect();
        Ok(Thread { conversation: Some("c".to_owned()), last, state, messages })
    }

    fn watch(&self, _: &Peer) -> LiveStream {
        Box::pin(futures::stream::pending())
    }

    async fn typing(&self, _: &Peer) {}
}

/// The file of a helper.
struct OneFile;

#[async_trait::async_trait]
impl Files for OneFile {
    async fn file(&self, id: &str) -> Result<Option<File>, NotesError> {
        let file = || File {
            name: "表格.jpg".to_owned(),
            mime: "image/jpeg".to_owned(),
            data: vec![1, 2, 3].into(),
        };
        Ok((id == "f1").then(file))
    }
}

struct Nodes {
    api: FakeApi,
    gateway: Arc<Answered>,
    notes: Arc<dyn Notes>,
    channels: Vec<Arc<WechatChannel>>,
    platforms: Vec<Platform>,
}

async fn nodes(count: usize) -> Nodes {
    let api = FakeApi::start(true).await;
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let gateway = Arc::new(Answered::default());
    let id = ChannelId::new("gzh");
    let data = tempfile::tempdir().unwrap();
    let all = config(data.path(), &account("gzh", &api.url, "mode = \"plain\"\nverified = true"));
    let ChannelConfig::Wechat(settings) = &all.channels["gzh"] else { panic!("a WeChat account") };
    let clock: Now = Arc::new(|| Timestamp::from_second(now()).unwrap());
    let notes: Arc<dyn Notes> = Arc::new(crate::support::direct::notes(id.as_str(), &store));
    let (mut channels, mut platforms) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let kit = Kit {
            notes: Arc::clone(&notes),
            files: Arc::new(OneFile),
            alarms: Alarms::new(Arc::clone(&clock)),
            now: Arc::clone(&clock),
            http: reqwest::Client::new(),
            trust: adapters::Trust::default(),
            public_url: None,
            id: id.clone(),
        };
        let channel = WechatChannel::new(kit, (**settings).clone(), Arc::new(words::wechat().unwrap()));
        let inbox = Inbox::new(Arc::clone(&gateway) as Arc<dyn Intake>);
        let router = axum::Router::new().nest("/channels/gzh", Arc::clone(&channel).routes(inbox));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        platforms.push(Platform::new(&format!("http://{}", listener.local_addr().unwrap()), "gzh"));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        channels.push(channel);
    }
    Nodes { api, gateway, notes, channels, platforms }
}

fn robot(seq: u64, text: &str) -> Outbound {
    let plain = json!({ "seq": seq, "id": format!("r{seq}"), "author": "robot", "at": "2026-11-26T08:00:00Z", "text": text });
    serde_json::from_value(plain).unwrap()
}

impl Nodes {
    /// A citizen whose window is open, and what the robot has said to them.
    async fn citizen(&self, openid: &str, said: Vec<Outbound>) -> Peer {
        let until = Timestamp::from_second(now() + 3_600).unwrap();
        let note = json!({ "window": { "message": { "until": until, "left": 5 } } });
        assert!(self.notes.write(&["reader", openid], None, Some(note)).await.unwrap());
        self.gateway.0.lock().unwrap().insert(openid.to_owned(), said);
        Peer { channel: ChannelId::new("gzh"), address: openid.to_owned() }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_answers_first_is_the_only_one_on_all_nodes() {
    let nodes = nodes(3).await;
    let mut passive_rounds = 0;
    for round in 0..60_u64 {
        let openid = format!("o{round}");
        let reply = robot(1, &format!("答案{round}。"));
        let peer = nodes.citizen(&openid, vec![reply.clone()]).await;
        let body = text_message(&openid, 100 + round, "在吗");
        // Outboxes of three nodes and two deliveries of one push, at nearly the same moment.
        // In some rounds one of them is clearly first.
        let (outbox_waits, platform_waits) = match round {
            0..10 => (200, 0),
            10..20 => (0, 200),
            _ => (round % 5, round % 3),
        };
        let wait = |milliseconds| tokio::time::sleep(std::time::Duration::from_millis(milliseconds));
        let sends = nodes.channels.iter().map(async |channel| {
            wait(outbox_waits).await;
            channel.deliver(&peer, &reply).await
        });
        let pushes = nodes.platforms.iter().take(2).map(async |platform| {
            wait(platform_waits).await;
            platform.once(&body, CUT).await.unwrap()
        });
        let (sent, answers) =
            futures::future::join(futures::future::join_all(sends), futures::future::join_all(pushes)).await;
        // A node that finds another one sending comes again later, as the outbox does.
        for (channel, done) in nodes.channels.iter().zip(sent) {
            if done.is_err() {
                channel.deliver(&peer, &reply).await.unwrap();
            }
        }
        let words: Vec<String> =
            answers.iter().filter(|answer| *answer != "success").map(|answer| content(answer)).collect();
        let passive = usize::from(!words.is_empty());
        assert!(words.iter().all(|text| *text == words[0]), "{words:?}");
        let shown = nodes.api.sent_to(&openid).len() + passive;
        assert_eq!(shown, 1, "round {round}: {words:?} {:?}", nodes.api.sent_to(&openid));
        passive_rounds += passive;
    }
    println!("{passive_rounds} of 60 were answered passively");
    assert!((1..60).contains(&passive_rounds), "both ways were taken: {passive_rounds}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captured_proof_is_good_for_its_own_message_alone_on_every_node() {
    let nodes = nodes(2).await;
    for openid in ["o1", "o2"] {
        nodes.citizen(openid, Vec::new()).await;
    }
    let [one, two] = [&nodes.platforms[0], &nodes.platforms[1]];
    let proof = one.signed(now(), "n1");
    let query = proof.split_once('?').unwrap().1;
    let elsewhere = format!("{}?{query}", two.url);
    let body = text_message("o1", 1, "你好");
    let (status, first) = one.post(&proof, body.clone()).await;
    assert_eq!(status, 200);
    // The same message at another node, as when the platform asks again, and the same proof above other words.
    assert_eq!(two.post(&elsewhere, body).await, (200, first));
    for forged in [text_message("o1", 2, "转人工"), text_message("o2", 1, "你好")] {
        assert_eq!(two.post(&elsewhere, forged.clone()).await.0, 403);
        assert_eq!(one.post(&proof, forged).await.0, 403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn menus_cards_and_files_are_sent_as_what_they_are() {
    let nodes = nodes(1).await;
    let channel = &nodes.channels[0];
    let mut question = robot(1, "您问的是哪一件？");
    question.choices = vec![
        Choice { key: "1".into(), label: "补领身份证".into() },
        Choice { key: "0".into(), label: "都不是".into() },
    ];
    let mut answer = robot(2, "带户口簿去。[1]");
    answer.citations = vec![Citation {
        number: 1,
        id: "m".into(),
        title: "身份证补领".into(),
        kind: "matter".into(),
        url: Some("https://a.example/m".into()),
        quote: "q".into(),
        source: None,
        department: None,
        links: vec![
            Link {
                kind: LinkKind::Map,
                label: "户政大厅".into(),
                url: "https://uri.amap.com/marker?position=1,2".into(),
            },
            Link {
                kind: LinkKind::Appointment,
                label: "身份证补领".into(),
                url: "https://a.example/yy".into(),
            },
        ],
    }];
    let mut file = robot(3, "请看表格。");
    file.author = Author::Helper;
    file.attachments = vec![Attachment {
        id: "f1".into(),
        kind: MediaKind::Image,
        name: "表格.jpg".into(),
        mime: "image/jpeg".into(),
        bytes: 3,
    }];
    let said = vec![question, answer, file];
    let peer = nodes.citizen("o1", said.clone()).await;
    for reply in &said {
        channel.deliver(&peer, reply).await.unwrap();
        channel.deliver(&peer, reply).await.unwrap();
    }
    let bodies: Vec<serde_json::Value> =
        nodes.api.with(|told| told.sent.iter().map(|(_, body)| body.clone()).collect());
    let kinds: Vec<&str> = bodies.iter().map(|body| body["msgtype"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["msgmenu", "text", "news", "text", "image"], "each once, in order: {bodies:?}");
    assert_eq!(bodies[0]["msgmenu"]["list"][0], json!({ "id": "1", "content": "补领身份证" }));
    assert_eq!(bodies[0]["aimsgcontext"]["is_ai_msg"], 1);
    assert_eq!(bodies[2]["news"]["articles"][0]["url"], "https://a.example/m");
    // A card has one address; what else the matter has stands in the words above it.
    let words = bodies[1]["text"]["content"].as_str().unwrap();
    for link in [
        "https://uri.amap.com/marker?position=1,2\">在地图上看：户政大厅</a>",
        "https://a.example/yy\">网上预约：",
    ] {
        assert!(words.contains(link), "{words}");
    }
    // The platform puts its own label below these.
    assert!(bodies[1]["aimsgcontext"]["is_ai_msg"] == 1 && !words.contains("AI 生成"), "{words}");
    assert!(bodies[3].get("aimsgcontext").is_none() && bodies[4].get("aimsgcontext").is_none());
    let uploaded = nodes.api.with(|told| told.uploads["media-1"].clone());
    assert_eq!((uploaded.0.as_str(), uploaded.2), ("image", vec![1, 2, 3]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_of_message_that_the_account_may_not_send_goes_as_words_and_is_an_alarm() {
    let nodes = nodes(1).await;
    let channel = &nodes.channels[0];
    let question = |seq| {
        let mut question = robot(seq, "您问的是哪一件？");
        question.choices = vec![Choice { key: "1".into(), label: "补领身份证".into() }];
        question
    };
    let peer = nodes.citizen("o1", vec![question(1), question(2)]).await;
    let codes = || channel.alarms().iter().map(|alarm| alarm.code).collect::<Vec<_>>();
    nodes.api.with(|told| told.refuse.push_back(45_162));
    channel.deliver(&peer, &question(1)).await.unwrap();
    let sent = nodes.api.sent_to("o1");
    assert!(
        matches!(&sent[..], [words] if words.contains("1. <a href=") && words.contains("补领身份证")),
        "{sent:?}"
    );
    assert_eq!(codes(), [errors::KIND]);
    assert!(words::alarm(errors::KIND).is_some());
    channel.deliver(&peer, &question(2)).await.unwrap();
    let kinds =
        nodes.api.with(|told| told.sent.iter().map(|(_, body)| body["msgtype"].clone()).collect::<Vec<_>>());
    assert_eq!(kinds, ["text", "msgmenu"]);
    assert_eq!(codes(), Vec::<&str>::new(), "it may send them now");
}
