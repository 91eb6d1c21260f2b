//! Two nodes over one store and one bus: the citizen's page is on one of them, the helper on the other.

use std::sync::Arc;
use std::time::Duration;

use adapters::Alarms;
use bytes::Bytes;
use futures::channel::mpsc;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use yikouwen::app::SystemClock;
use yikouwen::assist::viewer::Looker;
use yikouwen::assist::wire::Role;
use yikouwen::assist::{
    Asking, Assist, AssistLimits, AssistWords, Calling, Frame, Opener, Sharable, Shares, Times,
};
use yikouwen::bus::{Bus, Events, LocalBus};
use yikouwen::dialogue::{Clock, Locale, Reason, StageEvent};
use yikouwen::records::{ConversationRecord, Ledger, LedgerPolicy, ShareKind, ShareRecord, Vault};
use yikouwen::store::{MemoryStore, Store};
use yikouwen::telemetry::Metrics;

use super::people::{bulk, deflate, form, typed};

struct Town {
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
}

impl Town {
    fn ledger(&self) -> Ledger {
        let hour = Duration::from_secs(3_600);
        let policy = LedgerPolicy { wait_limit: hour, grace: hour, rating_wait: hour, capacity: 3 };
        Ledger::new(
            Arc::clone(&self.store),
            Events::new(Arc::clone(&self.bus)),
            Arc::new(SystemClock),
            policy,
            Vault::new(b"a secret").unwrap(),
        )
    }

    fn node(&self) -> Arc<Assist> {
        let words = ("{url}".to_owned(), "{url}".to_owned());
        let words = AssistWords {
            link: words.clone(),
            screen: words.clone(),
            chat: words.clone(),
            me: words.clone(),
            code: words.clone(),
            spare_code: words,
        };
        let minutes = Duration::from_secs(600);
        let limits = AssistLimits {
            frame_bytes: 1 << 20,
            bytes_per_second: 1 << 20,
            inflated_bytes: 8 << 20,
            frames_per_second: 10_000,
            nodes: 1_000,
            tail_bytes: 2 << 20,
        };
        let alarms = Alarms::new(Arc::new(|| SystemClock.now()));
        let shares = Shares::new(self.ledger(), words, Times { link: minutes, idle: minutes, keep: minutes });
        Assist::new(
            shares,
            Sharable { forms: Vec::new(), pages: Vec::new() },
            limits,
            Calling::default(),
            Metrics::default(),
            alarms,
            CancellationToken::new(),
        )
    }
}

/// A share that was opened, and the token of its page.
async fn opened(town: &Town, node: &Assist) -> (ShareRecord, String) {
    let record = ConversationRecord::new("c".to_owned(), "web", "v", Locale::Zh, SystemClock.now());
    let ledger = town.ledger();
    ledger
        .begin(record, |change| {
            change.touch();
            Ok(())
        })
        .await
        .unwrap()
        .unwrap();
    ledger.change("c", |change| Ok(change.apply(StageEvent::HandOff(Reason::Asked))?)).await.unwrap();
    ledger.change("c", |change| Ok(change.apply(StageEvent::Claim("王老师".to_owned()))?)).await.unwrap();
    let asking = Asking {
        helper: "王老师",
        conversation: "c",
        purpose: "填表",
        form: "/f",
        kind: ShareKind::Form,
        base: "http://city.example",
        needs_code: false,
        may_be_known: false,
    };
    let (record, link) = node.shares().ask(&asking).await.unwrap();
    node.shares().open(&record.id, link.split_once("#k=").unwrap().1, Opener::default()).await.unwrap()
}

/// Somebody's end of a socket.
struct End {
    to: mpsc::Sender<Frame>,
    from: mpsc::Receiver<Frame>,
    share: String,
    epoch: u32,
    seq: u32,
}

impl End {
    fn page(node: &Arc<Assist>, share: &ShareRecord) -> Self {
        let (to, reader) = mpsc::channel(1_000);
        let (writer, from) = mpsc::channel(1_000);
        tokio::spawn(Arc::clone(node).serve_citizen("city.example".to_owned(), reader, writer));
        Self { to, from, share: share.id.clone(), epoch: 1, seq: 0 }
    }

    fn viewer(node: &Arc<Assist>, share: &ShareRecord) -> Self {
        let (to, reader) = mpsc::channel(10);
        // Nothing waits in between: who does not read holds the socket up.
        let (writer, from) = mpsc::channel(0);
        let (node, record) = (Arc::clone(node), share.clone());
        let looker = Looker { name: "王老师".to_owned(), role: Role::Owner };
        tokio::spawn(
            async move { node.serve_viewer(&record, looker, reader, writer, || async { true }).await },
        );
        Self { to, from, share: share.id.clone(), epoch: 1, seq: 0 }
    }

    async fn say(&mut self, mut body: Value) {
        if body["t"] != "hello" {
            self.seq += 1;
        }
        let hello = body["t"] == "hello";
        for (name, value) in [
            ("v", json!(1)),
            ("sid", json!(self.share)),
            ("epoch", json!(if hello { 0 } else { self.epoch })),
            ("seq", json!(if hello { 0 } else { self.seq })),
            ("ack", json!(0)),
            ("ts", json!(0)),
        ] {
            body[name] = value;
        }
        self.to.send(Frame::Text(body.to_string())).await.unwrap();
    }

    async fn hello(&mut self, token: &str) {
        self.say(json!({ "t": "hello", "token": token, "rec_ver": "2.1.6", "url": "", "title": "", "viewport": { "w": 1, "h": 1 } })).await;
        let welcome = self.until("welcome").await;
        self.epoch = u32::try_from(welcome["epoch"].as_u64().unwrap()).unwrap();
    }

    async fn show(&mut self, kind: u8, events: &Value) {
        self.seq += 1;
        let frame = bulk(kind, self.epoch, self.seq, &deflate(events.to_string().as_bytes()));
        // A page that was left behind has a socket that is closed.
        drop(self.to.send(Frame::Binary(Bytes::from(frame))).await);
    }

    async fn next(&mut self) -> Frame {
        tokio::time::timeout(Duration::from_secs(10), self.from.next())
            .await
            .expect("a frame within 10 s")
            .expect("an open socket")
    }

    async fn until(&mut self, kind: &str) -> Value {
        loop {
            if let Frame::Text(text) = self.next().await {
                let frame: Value = serde_json::from_str(&text).unwrap();
                if frame["t"] == kind {
                    return frame;
                }
            }
        }
    }

    /// The kind and body of the next events.
    async fn events(&mut self) -> (u8, Bytes) {
        loop {
            if let Frame::Binary(bytes) = self.next().await {
                return (bytes[0], bytes.slice(9..));
            }
        }
    }
}

fn body(events: &Value) -> Bytes {
    deflate(events.to_string().as_bytes()).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn citizen_and_helper_sit_on_two_nodes_and_the_citizen_moves() {
    let town = Town { store: Arc::new(MemoryStore::default()), bus: Arc::new(LocalBus::default()) };
    let (first, second) = (town.node(), town.node());
    let (share, token) = opened(&town, &first).await;
    let mut viewer = End::viewer(&second, &share);
    viewer.until("welcome").await;
    let mut page = End::page(&first, &share);
    page.hello(&token).await;
    viewer.until("welcome").await;
    page.say(json!({ "t": "consent", "scope": "view" })).await;
    page.say(json!({ "t": "consent", "scope": "point" })).await;
    page.show(1, &form()).await;
    assert_eq!(
        viewer.events().await,
        (1, body(&form())),
        "as it came, because there was nothing to take out"
    );
    viewer.epoch = page.epoch;
    viewer
        .say(json!({ "t": "hl", "id": "h", "node": 10, "kind": "pulse", "text": "先填这里", "ttl": 5.0 }))
        .await;
    assert_eq!(page.until("hl").await["text"], "先填这里");

    // The page is loaded anew and reaches the other node: the room there takes over, and the older one goes.
    let mut moved = End::page(&second, &share);
    moved.hello(&token).await;
    assert_eq!(moved.epoch, page.epoch + 1);
    let welcome = loop {
        let welcome = viewer.until("welcome").await;
        if welcome["epoch"] == moved.epoch {
            break welcome;
        }
    };
    assert_eq!(welcome["perm"]["view"], true);
    moved.show(1, &form()).await;
    assert_eq!(viewer.events().await.0, 1);
    // What the older page still says is nobody's.
    page.show(2, &typed(10, "旧")).await;
    moved.show(2, &typed(10, "新")).await;
    assert_eq!(viewer.events().await, (2, body(&typed(10, "新"))));
    moved.say(json!({ "t": "end" })).await;
    viewer.until("end").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_viewer_is_shown_a_fresh_picture_and_never_a_gap() {
    let town = Town { store: Arc::new(MemoryStore::default()), bus: Arc::new(LocalBus::default()) };
    let (first, second) = (town.node(), town.node());
    let (share, token) = opened(&town, &first).await;
    let mut page = End::page(&first, &share);
    page.hello(&token).await;
    page.say(json!({ "t": "consent", "scope": "view" })).await;
    page.show(1, &form()).await;
    let mut viewer = End::viewer(&second, &share);
    assert_eq!(viewer.events().await.0, 1);
    // The viewer does not read while the page goes on, further than the bus remembers.
    for number in 0..900 {
        page.show(2, &typed(10, &format!("第{number}字"))).await;
    }
    // Long enough for a machine that is busy to carry all of it further than the bus remembers.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let bodies: Vec<Bytes> = (0..900).map(|number| body(&typed(10, &format!("第{number}字")))).collect();
    let place = |shown: &Bytes| bodies.iter().position(|body| body == shown).unwrap();
    let (mut last, mut pictures, mut shown) = (None, 0, 0);
    let look = async {
        loop {
            let (kind, events) = viewer.events().await;
            if kind == 1 {
                pictures += 1;
                last = None;
                continue;
            }
            shown += 1;
            let place = place(&events);
            if let Some(last) = last {
                assert_eq!(place, last + 1, "no gap within a picture");
            }
            last = Some(place);
            if place == 899 {
                return;
            }
        }
    };
    // The page answers when it is asked for a picture, and then goes on with its last words.
    let answer = async {
        loop {
            page.until("snap.request").await;
            page.show(1, &form()).await;
            page.show(2, &typed(10, "第899字")).await;
        }
    };
    tokio::select! {
        () = look => {}
        () = answer => {}
    }
    println!("a slow viewer: {shown} of 900 changes shown, {pictures} fresh pictures");
    assert!(pictures >= 1 && shown < 900);
}

/// On one thread everything that the page says is there, and the page gone, before the room hears the first of it.
#[tokio::test]
async fn what_a_page_says_last_is_heard_though_it_has_gone() {
    let town = Town { store: Arc::new(MemoryStore::default()), bus: Arc::new(LocalBus::default()) };
    let node = town.node();
    let (share, token) = opened(&town, &node).await;
    let mut page = End::page(&node, &share);
    page.hello(&token).await;
    page.say(json!({ "t": "consent", "scope": "view" })).await;
    page.say(json!({ "t": "revoke", "scope": "view" })).await;
    page.say(json!({ "t": "end", "reason": "citizen" })).await;
    drop(page);
    let ended = crate::support::eventually("the end", async || {
        node.shares().get(&share.id).await.unwrap().unwrap().ended.map(|ended| ended.reason)
    });
    assert_eq!(ended.await, "citizen");
}
