//! The gateway: redelivery, order, back-pressure, and an outbox that outlives failures and restarts.

use std::sync::Arc;

use adapters::{ChannelId, Content, Inbound, Inbox, Locale, Peer, SubmitError};
use tokio_util::sync::CancellationToken;
use yikouwen::bus::{Events, LocalBus};
use yikouwen::config::words;
use yikouwen::dialogue::{Clock, Engine, Policy, Question, RetrievalError, Retriever};
use yikouwen::gateway::inbox::GatewayIntake;
use yikouwen::gateway::{Gateway, GatewaySettings};
use yikouwen::records::{Doubts, Files, Ledger, LedgerPolicy, Vault};
use yikouwen::store::{self, Store};
use yikouwen::synthesis::Extractive;
use yikouwen::telemetry::Metrics;

use crate::support::platform::{PushChannel, Recorder, platform};
use crate::support::visitor::Visitor;
use crate::support::{MEMORY, Server, config, eventually};

/// Knows nothing; the replies of these tests come from the rules.
struct Empty;

#[async_trait::async_trait]
impl Retriever for Empty {
    async fn retrieve(
        &self,
        _: &Question,
        _: usize,
    ) -> Result<Vec<yikouwen::dialogue::Evidence>, RetrievalError> {
        Ok(Vec::new())
    }
    async fn entry(&self, _: &str) -> Result<Option<yikouwen::dialogue::Evidence>, RetrievalError> {
        Ok(None)
    }
}

/// A gateway over a store and a platform, as one process would have it.
async fn gateway(store: Arc<dyn Store>, url: &str) -> (Arc<Gateway>, Inbox, CancellationToken) {
    gateway_with(store, Arc::new(Empty), vec![Arc::new(PushChannel::new(url))]).await
}

/// The same with what it knows and where it speaks.
pub(crate) async fn gateway_with(
    store: Arc<dyn Store>,
    retriever: Arc<dyn Retriever>,
    channels: Vec<Arc<dyn adapters::Channel>>,
) -> (Arc<Gateway>, Inbox, CancellationToken) {
    let clock: Arc<dyn Clock> = Arc::new(yikouwen::app::SystemClock);
    let seconds = std::time::Duration::from_secs;
    let policy =
        LedgerPolicy { wait_limit: seconds(600), grace: seconds(60), rating_wait: seconds(600), capacity: 3 };
    let doubts = Arc::new(Doubts::new(Arc::clone(&store), 100));
    let vault = Vault::new(b"a secret").unwrap();
    let files = Files::new(Arc::clone(&store), 1 << 20, vault.clone());
    let ledger = Ledger::new(store, Events::new(Arc::new(LocalBus::default())), clock, policy, vault);
    let phrases = words::phrases(None).unwrap();
    let quoter = Arc::new(Extractive::new(phrases.clone()));
    let policy = Policy {
        answer_at: 0.5,
        clarify_at: 0.3,
        ask_model_at: 0.5,
        decline_odds: 20.0,
        close_margin: 0.25,
        choices: 4,
        evidence: 8,
    };
    let words = words::words(None).unwrap();
    let settings = yikouwen::Config::load(&[], std::path::Path::new("data")).unwrap();
    let safeguards = yikouwen::app::safeguards(&settings.dialogue).unwrap();
    let engine = Engine::new(retriever, None, quoter, words, phrases, policy, safeguards);
    let settings = GatewaySettings {
        message_chars: 2_000,
        per_citizen: 0,
        queue_depth: 1_000,
        turns: 8,
        reopen_within: seconds(72 * 3_600),
        remember_ids: seconds(3_600),
        unwatched: seconds(10),
        longest_pause: seconds(1),
        doubt_below: 0.5,
        keep_files: seconds(3_600),
        keep_private: seconds(3_600),
    };
    let stop = CancellationToken::new();
    let gateway = Gateway::new(
        ledger,
        engine,
        doubts,
        files,
        None,
        settings,
        Metrics::default(),
        channels,
        stop.clone(),
    );
    gateway.start().await.unwrap();
    let inbox = Inbox::new(Arc::new(GatewayIntake(Arc::clone(&gateway))));
    (gateway, inbox, stop)
}

fn inbound(id: &str, text: &str) -> Inbound {
    Inbound {
        id: id.to_owned(),
        peer: Peer { channel: ChannelId::new("push"), address: "citizen-1".to_owned() },
        content: Content::Text { text: text.to_owned() },
        locale: Locale::Zh,
        region: None,
        audience: None,
        received_at: "2026-11-20T08:00:00Z".parse().unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_arrive_once_and_in_order_though_the_platform_fails() {
    let recorder = Arc::new(Recorder::default());
    let url = platform(Arc::clone(&recorder)).await;
    recorder.next.lock().unwrap().extend([500, 503, 200, 429, 500, 500, 200]);
    let (gateway, inbox, stop) = gateway(store::open("memory:").await.unwrap(), &url).await;
    let says = ["你好", "谢谢", "你是机器人吗", "好的", "再见"];
    for (number, text) in says.iter().enumerate() {
        inbox.submit(inbound(&format!("m{number}"), text)).await.unwrap();
    }
    let seen = eventually("all replies", async || {
        let seen = recorder.seen.lock().unwrap().clone();
        (seen.len() >= says.len()).then_some(seen)
    })
    .await;
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!(recorder.seen.lock().unwrap().len(), says.len(), "none twice");
    let conversation = gateway.ledger().of_peer("push", "citizen-1").await.unwrap().unwrap();
    let thread = gateway.ledger().messages(&conversation.id, 0, 100).await.unwrap();
    let replies: Vec<String> = thread
        .iter()
        .filter(|message| message.reply_to.is_some())
        .map(|message| message.id.clone())
        .collect();
    assert_eq!(seen.into_iter().map(|(id, _)| id).collect::<Vec<_>>(), replies, "in the order of the thread");
    stop.cancel();
    gateway.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redelivered_message_is_answered_once_also_when_it_comes_at_the_same_moment() {
    let recorder = Arc::new(Recorder::default());
    let url = platform(Arc::clone(&recorder)).await;
    let (gateway, inbox, stop) = gateway(store::open("memory:").await.unwrap(), &url).await;
    let deliveries = futures::future::join_all((0..16).map(|_| inbox.submit(inbound("same", "你好")))).await;
    let fresh = deliveries.iter().filter(|ticket| !ticket.as_ref().unwrap().accepted.repeated).count();
    assert_eq!(fresh, 1);
    for ticket in deliveries {
        let replies = ticket.unwrap().reply_within(std::time::Duration::from_secs(10)).await.unwrap();
        assert_eq!(replies.len(), 1, "every delivery learns of the one reply");
    }
    eventually("the reply", async || (recorder.seen.lock().unwrap().len() == 1).then_some(())).await;
    stop.cancel();
    gateway.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_before_a_restart_is_answered_and_delivered_after_it() {
    let data = tempfile::tempdir().unwrap();
    let store_url = format!("sled:{}", data.path().join("store").display());
    let recorder = Arc::new(Recorder::default());
    let url = platform(Arc::clone(&recorder)).await;
    // The platform is down until after the restart.
    recorder.next.lock().unwrap().extend([500; 200]);
    {
        let store = store::open(&store_url).await.unwrap();
        let (gateway, inbox, stop) = gateway(Arc::clone(&store), &url).await;
        for number in 0..5 {
            inbox.submit(inbound(&format!("m{number}"), "你好")).await.unwrap();
        }
        stop.cancel();
        gateway.drain().await;
        store.close().await.unwrap();
    }
    recorder.next.lock().unwrap().clear();
    let store = store::open(&store_url).await.unwrap();
    let (gateway, inbox, stop) = gateway(Arc::clone(&store), &url).await;
    assert!(
        inbox.submit(inbound("m3", "你好")).await.unwrap().accepted.repeated,
        "ids are remembered across restarts"
    );
    eventually("five replies", async || (recorder.seen.lock().unwrap().len() >= 5).then_some(())).await;
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let seen = recorder.seen.lock().unwrap().clone();
    let ids: std::collections::HashSet<&String> = seen.iter().map(|(id, _)| id).collect();
    assert_eq!((seen.len(), ids.len()), (5, 5), "each once");
    stop.cancel();
    gateway.drain().await;
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_who_is_gone_does_not_hold_up_the_rest() {
    let recorder = Arc::new(Recorder::default());
    let url = platform(Arc::clone(&recorder)).await;
    recorder.next.lock().unwrap().push_back(410);
    let (gateway, inbox, stop) = gateway(store::open("memory:").await.unwrap(), &url).await;
    inbox.submit(inbound("a", "你好")).await.unwrap();
    inbox.submit(inbound("b", "谢谢")).await.unwrap();
    eventually("the second reply", async || (recorder.seen.lock().unwrap().len() == 1).then_some(())).await;
    stop.cancel();
    gateway.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_one_citizen_are_handled_in_their_order() {
    let server = Server::in_memory(&[]).await;
    let visitor = Visitor::new(&server).await;
    let texts: Vec<String> = (0..40).map(|number| format!("第{number}个问题：身份证")).collect();
    for (number, text) in texts.iter().enumerate() {
        assert_eq!(visitor.say(&format!("m{number}"), text).await.0, 202);
    }
    let thread = eventually("every message handled", async || {
        let thread = visitor.thread().await;
        let pending = server.metrics().await.contains("yikouwen_messages_pending 0");
        (pending && thread.len() > texts.len()).then_some(thread)
    })
    .await;
    let said: Vec<&str> = thread
        .iter()
        .filter(|message| message["author"] == "citizen")
        .map(|message| message["text"].as_str().unwrap())
        .collect();
    assert_eq!(said, texts.iter().map(String::as_str).collect::<Vec<_>>());
    let places: Vec<u64> = thread.iter().map(|message| message["seq"].as_u64().unwrap()).collect();
    assert_eq!(places, (1..=thread.len() as u64).collect::<Vec<_>>());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn past_the_depth_citizens_are_asked_to_wait_and_nothing_is_stored() {
    let store = store::open("memory:").await.unwrap();
    let recorder = Arc::new(Recorder::default());
    let url = platform(recorder).await;
    let (gateway, inbox, stop) = gateway(Arc::clone(&store), &url).await;
    // Workers stop, messages pile up.
    stop.cancel();
    let mut refused = 0;
    for number in 0..1_100 {
        match inbox.submit(inbound(&format!("m{number}"), "你好")).await {
            Ok(_) => assert_eq!(refused, 0, "nothing is taken past the depth"),
            Err(SubmitError::Busy { retry_after }) => {
                assert!(!retry_after.is_zero());
                refused += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(refused, 100);
    assert_eq!(gateway.pending(), 1_000);
    assert!(
        inbox.submit(inbound("m5", "你好")).await.unwrap().accepted.repeated,
        "what was taken is still known"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rate_of_one_citizen_is_limited_and_others_are_not() {
    let data = tempfile::tempdir().unwrap();
    let own = format!("{MEMORY}[limits]\nper_citizen = 5\n");
    let server = Server::start(config(data.path(), &own), &[]).await;
    let (hasty, calm) = (Visitor::new(&server).await, Visitor::new(&server).await);
    let mut limited = 0;
    for number in 0..8 {
        let (status, problem) = hasty.say(&format!("m{number}"), "你好").await;
        if status == 429 {
            assert_eq!(problem["code"], "rate_limited");
            limited += 1;
        }
    }
    assert_eq!(limited, 3);
    assert_eq!(calm.say("m", "你好").await.0, 202);
    assert_eq!(hasty.say("m0", "你好").await.0, 202, "a repeated message is recognised before the limit");
    server.stop().await;
}
