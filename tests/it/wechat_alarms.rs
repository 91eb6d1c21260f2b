//! What an operator has to mend at a WeChat account is seen in `/ready` of the running server, and gone when it is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use adapters::wechat::errors;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use yikouwen::App;
use yikouwen::app::SystemClock;
use yikouwen::config::words;
use yikouwen::desk::Role;
use yikouwen::dialogue::Clock;

use crate::support::helper::Helper;
use crate::support::wechat::{KEY, Platform, Seen, account, encrypted, event, message, now, text_message};
use crate::support::weixin::{FakeApi, Trouble};
use crate::support::{MEMORY, Server, config, eventually};

/// The machine's clock, put forward.
#[derive(Default)]
struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now().checked_add(SignedDuration::from_secs(self.0.load(Ordering::SeqCst))).unwrap()
    }
}

struct Town {
    server: Server,
    api: FakeApi,
    clock: Arc<Ahead>,
}

async fn town() -> Town {
    let api = FakeApi::start(true).await;
    let data = tempfile::tempdir().unwrap().keep();
    let own = [
        MEMORY,
        "[retention]\nlongest_pause = \"1s\"\n",
        &account("gzh", &api.url, ""),
        &account("kf", &api.url, "mode = \"plain\"\nverified = true"),
    ]
    .concat();
    let clock = Arc::new(Ahead::default());
    let app = App::open_at(config(&data, &own), Arc::clone(&clock) as Arc<dyn Clock>, |_| Vec::new());
    let server = Server::run(app.await.unwrap(), &[("王芳", Role::Responder)]).await;
    Town { server, api, clock }
}

impl Town {
    /// The codes and details of a channel's alarms, as `/ready` shows them.
    async fn alarms(&self, channel: &str) -> Vec<(String, String)> {
        let answer = self.server.client.get(self.server.url("/ready")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "an alarm of one channel does not stop the others");
        let ready: Value = answer.json().await.unwrap();
        let alarms = ready["channels"][channel]["alarms"].as_array().unwrap();
        let word = |alarm: &Value, name: &str| alarm[name].as_str().unwrap_or_default().to_owned();
        alarms.iter().map(|alarm| (word(alarm, "code"), word(alarm, "detail"))).collect()
    }

    async fn codes(&self, channel: &str) -> Vec<String> {
        self.alarms(channel).await.into_iter().map(|(code, _)| code).collect()
    }

    /// A citizen of `kf` who is served by a person from now on; who serves is told by a message of its own.
    async fn is_claimed(&self, openid: &str) -> (Helper, String) {
        let helper = Helper::log_in(&self.server, "王芳").await;
        let platform = Platform::new(&self.server.url(""), "kf");
        let at = now() + self.clock.0.load(Ordering::SeqCst);
        let body = message(openid, at, &event("CLICK", "human"));
        let url = platform.signed(at, &format!("n-{openid}"));
        assert_eq!(platform.post(&url, body).await.0, 200);
        let id = eventually("the queue", async || {
            let queue = helper.get("/queue").await;
            queue["queue"].as_array()?.last()?["conversation"].as_str().map(str::to_owned)
        })
        .await;
        assert_eq!(helper.claim(&id).await.0, 200);
        (helper, id)
    }

    async fn is_told(&self, openid: &str) {
        eventually("who serves", async || {
            self.api.sent_to(openid).iter().any(|text| text.contains("正在为您服务")).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_pushes_is_an_alarm_until_the_next_right_one() {
    let town = town().await;
    let platform = Platform::new(&town.server.url(""), "gzh");
    let body = |id| text_message("o1", id, "你好");
    let late = encrypted(&platform, KEY, &body(1), now() - 3_600, "n1");
    let other_key = encrypted(&platform, &"B".repeat(43), &body(2), now(), "n2");
    let (url, sealed) = encrypted(&platform, KEY, &body(3), now(), "n3");
    let table = [
        ("the server's clock", late, errors::CLOCK),
        ("another mode in the console", (platform.signed(now(), "n4"), body(4)), errors::MODE),
        ("another key in the console", other_key, errors::MODE),
        (
            "another token in the console",
            (url.replace("msg_signature=", "msg_signature=0"), sealed),
            errors::SIGNATURE,
        ),
    ];
    for (number, (what, (url, wrong), code)) in table.into_iter().enumerate() {
        assert_eq!(town.codes("gzh").await, Vec::<String>::new(), "before {what}");
        assert_eq!(platform.post(&url, wrong).await.0, 403, "{what}");
        assert_eq!(town.codes("gzh").await, [code], "{what}");
        assert!(words::alarm(code).is_some(), "{code} says what to do");
        assert_eq!(town.codes("kf").await, Vec::<String>::new(), "it is of that account alone");
        let (url, right) = encrypted(&platform, KEY, &body(10 + number as u64), now(), &format!("r{number}"));
        assert_eq!(platform.post(&url, right).await.0, 200);
    }
    assert_eq!(town.codes("gzh").await, Vec::<String>::new());
    // Also the console's own verification of the address.
    let verify = |url: String| town.server.client.get(format!("{url}&echostr=1")).send();
    assert_eq!(verify(platform.signed(now() - 3_600, "v1")).await.unwrap().status(), 403);
    assert_eq!(town.codes("gzh").await, [errors::CLOCK]);
    assert_eq!(verify(platform.signed(now(), "v2")).await.unwrap().status(), 200);
    assert_eq!(town.codes("gzh").await, Vec::<String>::new());
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_platform_refuses_is_an_alarm_until_it_takes_it() {
    let town = town().await;
    let table = [
        (Trouble::Refuses(40_001), errors::TOKEN, "40001"),
        (Trouble::Refuses(40_243), errors::FROZEN, "40243"),
        (Trouble::Refuses(41_002), errors::SECRET, "41002"),
        (Trouble::Refuses(89_503), errors::UNCONFIRMED, "89503"),
        (Trouble::Refuses(50_004), errors::BLOCKED, "50004"),
        (Trouble::Fails(502), errors::UNREACHABLE, "502"),
    ];
    for (number, (trouble, code, detail)) in table.into_iter().enumerate() {
        let openid = format!("o{number}");
        town.api.with(|told| told.trouble = Some(trouble));
        let (helper, id) = town.is_claimed(&openid).await;
        let raised = eventually(code, async || {
            let alarms = town.alarms("kf").await;
            (!alarms.is_empty()).then_some(alarms)
        })
        .await;
        assert_eq!(raised.len(), 1, "{raised:?}");
        assert!(
            raised[0].0 == code && raised[0].1.contains(detail) && !raised[0].1.contains(&openid),
            "{raised:?}"
        );
        assert!(words::alarm(code).is_some(), "{code} says what to do");
        assert!(town.api.sent_to(&openid).is_empty());
        town.api.with(|told| told.trouble = None);
        town.is_told(&openid).await;
        eventually("its end", async || town.codes("kf").await.is_empty().then_some(())).await;
        assert_eq!(helper.act(&id, "close").await.0, 200);
    }
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_customer_service_is_an_alarm_until_it_has_it() {
    let town = town().await;
    town.api.with(|told| told.verified = false);
    town.is_claimed("o1").await;
    let seen = async || town.codes("kf").await.contains(&errors::NO_RIGHT.to_owned()).then_some(());
    eventually("the alarm", seen).await;
    assert!(words::alarm(errors::NO_RIGHT).is_some());
    // What could not be sent is fetched meanwhile.
    let platform = Platform::new(&town.server.url(""), "kf");
    let fetched = platform.says("o1", 2, "继续").await;
    assert!(matches!(&fetched, Seen::Words(words, 1) if words.contains("正在为您服务")), "{fetched:?}");
    // The account has the right now: it is tried again after an hour, and the alarm ends with the first success.
    town.api.with(|told| told.verified = true);
    assert_eq!(town.codes("kf").await, [errors::NO_RIGHT]);
    town.clock.0.store(3_700, Ordering::SeqCst);
    town.is_claimed("o2").await;
    town.is_told("o2").await;
    eventually("its end", async || town.codes("kf").await.is_empty().then_some(())).await;
    town.server.stop().await;
}
