//! Two nodes with gateways of their own over one store and no line between them: the platform pushes to the one, and the
//! citizen's next words come to the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use adapters::wechat::{WechatChannel, errors};
use adapters::{Alarms, Channel, ChannelId, Kit, Now};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use yikouwen::config::{ChannelConfig, words};
use yikouwen::dialogue::evidence::{Details, Evidence};
use yikouwen::dialogue::{Question, RetrievalError, Retriever};
use yikouwen::gateway::Gateway;
use yikouwen::records::AuthorRecord;
use yikouwen::store::{MemoryStore, Store};

use crate::gateway::gateway_with;
use crate::support::direct::{Shelf, notes};
use crate::support::wechat::{CUT, Platform, Seen, account, content, message, now, text_message};
use crate::support::weixin::FakeApi;
use crate::support::{config, eventually};

/// What the entry says, and nothing else does.
const ANSWER: &str = "先由全体业主商量，再到云顶窗口申请";
/// How long it takes to find it.
const TAKES: Duration = Duration::from_secs(7);

/// Knows one entry, and takes its time.
struct Slow;

#[async_trait::async_trait]
impl Retriever for Slow {
    async fn retrieve(&self, question: &Question, _: usize) -> Result<Vec<Evidence>, RetrievalError> {
        if !question.text.contains("云梯") {
            return Ok(Vec::new());
        }
        tokio::time::sleep(TAKES).await;
        Ok(vec![Evidence::new("lift", "老楼加装云梯怎么办", ANSWER, Details::Faq)])
    }

    async fn entry(&self, _: &str) -> Result<Option<Evidence>, RetrievalError> {
        Ok(None)
    }
}

const QUESTION: &str = "老楼加装云梯怎么办";

struct Node {
    gateway: Arc<Gateway>,
    channel: Arc<WechatChannel>,
    platform: Platform,
    stop: CancellationToken,
}

struct Town {
    nodes: Vec<Node>,
    /// How many seconds the nodes' clock is ahead.
    ahead: Arc<AtomicI64>,
}

async fn town(api: &FakeApi, verified: bool) -> Town {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let ahead = Arc::new(AtomicI64::new(0));
    let data = tempfile::tempdir().unwrap();
    let settings = format!("mode = \"plain\"\nverified = {verified}");
    let all = config(data.path(), &account("gzh", &api.url, &settings));
    let ChannelConfig::Wechat(settings) = &all.channels["gzh"] else { panic!("a WeChat account") };
    let mut nodes = Vec::new();
    for _ in 0..2 {
        let reading = Arc::clone(&ahead);
        let clock: Now =
            Arc::new(move || Timestamp::from_second(now() + reading.load(Ordering::SeqCst)).unwrap());
        let kit = Kit {
            id: ChannelId::new("gzh"),
            notes: Arc::new(notes("gzh", &store)),
            files: Arc::new(Shelf::default()),
            alarms: Alarms::new(Arc::clone(&clock)),
            now: clock,
            http: reqwest::Client::new(),
            trust: adapters::Trust::default(),
            public_url: None,
        };
        let channel = WechatChannel::new(kit, (**settings).clone(), Arc::new(words::wechat().unwrap()));
        let channels = vec![Arc::clone(&channel) as Arc<dyn Channel>];
        let (gateway, inbox, stop) = gateway_with(Arc::clone(&store), Arc::new(Slow), channels).await;
        let router = axum::Router::new().nest("/channels/gzh", Arc::clone(&channel).routes(inbox));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let platform = Platform::new(&format!("http://{}", listener.local_addr().unwrap()), "gzh");
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        nodes.push(Node { gateway, channel, platform, stop });
    }
    Town { nodes, ahead }
}

impl Town {
    /// What a citizen has written, as the ledger has it.
    async fn written(&self, openid: &str) -> Vec<String> {
        let ledger = self.nodes[0].gateway.ledger();
        let conversation = ledger.of_peer("gzh", openid).await.unwrap().unwrap();
        let messages = ledger.messages(&conversation.id, 0, 100).await.unwrap();
        let own = messages.into_iter().filter(|message| message.author == AuthorRecord::Citizen);
        own.map(|message| message.text).collect()
    }

    async fn end(self) {
        for node in &self.nodes {
            node.stop.cancel();
        }
        for node in &self.nodes {
            node.gateway.drain().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_at_one_node_is_fetched_at_the_other_once() {
    let api = FakeApi::start(false).await;
    let town = town(&api, false).await;
    let [one, two] = [&town.nodes[0], &town.nodes[1]].map(|node| &node.platform);

    // The platform has cut the first delivery, and the citizen asks for the answer before the second comes.
    let asked = text_message("o1", 1, QUESTION);
    assert_eq!(one.once(&asked, CUT).await, None);
    let fetched = two.says("o1", 2, "继续").await;
    assert!(matches!(&fetched, Seen::Words(words, _) if words.contains(ANSWER)), "{fetched:?}");
    for platform in [one, two] {
        let again = platform.once(&asked, CUT).await;
        assert_eq!(again.as_deref(), Some("success"), "the question comes again: its answer was given");
    }
    let next = two.says("o1", 3, "你是机器人吗").await;
    assert!(next.words().contains("我是机器人") && !next.words().contains(ANSWER), "{next:?}");
    assert_eq!(town.written("o1").await, [QUESTION, "你是机器人吗"], "what only fetches is no question");

    // The platform asks again at the one node while the citizen asks at the other: one of them has it.
    let asking = one.says("o2", 1, QUESTION);
    let poking = async {
        tokio::time::sleep(CUT + Duration::from_millis(500)).await;
        two.says("o2", 2, "？").await
    };
    let (answered, poked) = futures::future::join(asking, poking).await;
    let told = |seen: &Seen| match seen {
        Seen::Words(words, _) => words.matches(ANSWER).count(),
        Seen::Nothing(_) => 0,
        Seen::Fault => panic!("{seen:?}"),
    };
    assert_eq!(told(&answered) + told(&poked), 1, "{answered:?} {poked:?}");
    assert_eq!(town.written("o2").await, [QUESTION]);
    town.end().await;
}

/// One push at a time of the nodes' own; `None`: the platform cut it.
async fn push(town: &Town, node: usize, openid: &str, id: u64, text: &str) -> Option<String> {
    let platform = &town.nodes[node].platform;
    let at = now() + town.ahead.load(Ordering::SeqCst);
    let inner = format!("<MsgType>text</MsgType><Content>{text}</Content><MsgId>{id}</MsgId>");
    let url = platform.signed(at, &format!("nonce-{openid}-{id}"));
    let answer = platform.post(&url, message(openid, at, &inner));
    let (status, answer) = tokio::time::timeout(CUT, answer).await.ok()?;
    (status == 200).then_some(answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn that_an_account_cannot_send_is_known_to_all_nodes_and_so_is_that_it_can() {
    let api = FakeApi::start(false).await;
    let town = town(&api, true).await;
    let codes =
        |node: usize| town.nodes[node].channel.alarms().iter().map(|alarm| alarm.code).collect::<Vec<_>>();
    // Both nodes have served somebody, and know of nothing wrong.
    for node in [0, 1] {
        assert!(content(&push(&town, node, "o9", node as u64, "你好").await.unwrap()).contains("智能助手"));
        assert_eq!(codes(node), Vec::<&str>::new());
    }
    assert_eq!(push(&town, 0, "o1", 1, QUESTION).await, None, "it found out while it showed that it writes");
    assert_eq!(codes(0), [errors::NO_RIGHT]);
    // The other node is not refused anything, so it can have it from the first alone.
    api.with(|told| told.verified = true);
    assert_eq!(push(&town, 1, "o2", 2, QUESTION).await, None, "the platform has to ask again");
    assert_eq!(codes(1), [errors::NO_RIGHT]);
    assert!(api.with(|told| told.typing.is_empty()), "nothing was tried");
    assert!(api.sent_to("o2").is_empty());

    // After an hour one of them tries again, and both are free.
    town.ahead.store(3_700, Ordering::SeqCst);
    assert_eq!(push(&town, 1, "o3", 3, QUESTION).await.as_deref(), Some("success"));
    eventually("the answer", async || {
        api.sent_to("o3").iter().any(|text| text.contains(ANSWER)).then_some(())
    })
    .await;
    eventually("the end of the alarm", async || codes(1).is_empty().then_some(())).await;
    assert_eq!(codes(0), [errors::NO_RIGHT], "it has not been asked since");
    push(&town, 0, "o9", 4, "谢谢").await.unwrap();
    assert_eq!(codes(0), Vec::<&str>::new());
    town.end().await;
}
