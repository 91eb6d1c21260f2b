//! How long is waited: for a connection that has grown old, and for a store that is slow.

use std::sync::Arc;
use std::time::Duration;

use adapters::dingtalk::Pace;
use adapters::{
    Channel, Content, Cursor, Inbound, Inbox, Intake, LiveStream, Peer, SubmitError, Thread, Ticket,
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::Alone;
use super::platform::{Person, Platform};
use crate::support::direct::Scripted;
use crate::support::eventually;

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_has_grown_old_is_replaced_though_nothing_is_wrong_with_it() {
    assert_eq!(Pace::default().renew, Duration::from_secs(6 * 3_600));
    let renew = Duration::from_millis(700);
    let platform = Platform::start().await;
    let alone = Alone::new(&platform, |settings| {
        settings.pace = Pace { renew, first_pause: Duration::from_millis(50), ..Pace::default() };
    })
    .await;
    let gateway = Arc::new(Scripted::default());
    let stop = CancellationToken::new();
    let (channel, inbox, stopping) = (alone.channel.clone(), gateway.inbox(), stop.clone());
    let task = tokio::spawn(async move { channel.listen(inbox, stopping).await });
    let first = platform.connected().await;
    let next = eventually("another connection", async || {
        platform.open_lines().into_iter().find(|&line| line > first)
    })
    .await;
    // From the platform's own book: when this test got to look is another matter.
    let opened = platform.calls("/v1.0/gateway/connections/open");
    assert!(opened[1].at - opened[0].at >= renew, "not before its time");
    // The old one is read on for a while: what the platform has sent there is not lost.
    let person = Person::new(&platform, "u1");
    for (line, id) in [(first, "m1"), (next, "m2")] {
        let frame = platform.frame(line, "CALLBACK", "/v1.0/im/bot/messages/get", &person.text(id, "你好"));
        assert_eq!(platform.ack(&frame).await.0["code"], 200);
    }
    assert_eq!(gateway.contents().len(), 2);
    stop.cancel();
    task.await.unwrap().unwrap();
}

/// A gateway whose store is slow: what is submitted becomes durable when the test lets it.
struct Slow {
    let_in: Semaphore,
    gateway: Arc<Scripted>,
}

#[async_trait::async_trait]
impl Intake for Slow {
    async fn submit(&self, inbound: Inbound) -> Result<Ticket, SubmitError> {
        self.let_in.acquire().await.unwrap().forget();
        self.gateway.submit(inbound).await
    }
    async fn thread(&self, peer: &Peer, cursor: &Cursor) -> Result<Thread, SubmitError> {
        self.gateway.thread(peer, cursor).await
    }
    fn watch(&self, peer: &Peer) -> LiveStream {
        self.gateway.watch(peer)
    }
    async fn typing(&self, _: &Peer) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_durable_too_late_is_asked_for_again_and_not_overtaken() {
    let platform = Platform::start().await;
    let alone = Alone::new(&platform, |_| {}).await;
    let slow = Arc::new(Slow { let_in: Semaphore::new(0), gateway: Arc::default() });
    let stop = CancellationToken::new();
    let (channel, stopping) = (alone.channel.clone(), stop.clone());
    let inbox = Inbox::new(Arc::clone(&slow) as Arc<dyn Intake>);
    let task = tokio::spawn(async move { channel.listen(inbox, stopping).await });
    let person = Person::new(&platform, "u1");
    let first = platform.say(&person.text("m1", "一")).await;
    let second = platform.say(&person.text("m2", "二")).await;
    let (ack, took) = platform.ack(&first).await;
    assert_eq!(ack["code"], 500, "the platform is to send it again");
    assert!(took >= Duration::from_millis(1_500), "after as long as the platform waits, and not {took:?}");
    assert!(slow.gateway.contents().is_empty());
    assert_eq!(platform.acked(&second), None, "it waits for the one before it");
    slow.let_in.add_permits(3);
    assert_eq!(platform.ack(&second).await.0["code"], 200);
    let text = |words: &str| Content::Text { text: words.to_owned() };
    assert_eq!(slow.gateway.contents(), [text("一"), text("二")], "in the order in which they were written");
    // The first comes again, as it was asked for, under its own id, by which the gateway knows it.
    let again = platform.say(&person.text("m1", "一")).await;
    assert_eq!(platform.ack(&again).await.0["code"], 200);
    let ids: Vec<String> = slow.gateway.taken.lock().unwrap().iter().map(|taken| taken.id.clone()).collect();
    assert_eq!(ids, ["m1", "m2", "m1"]);
    stop.cancel();
    task.await.unwrap().unwrap();
}
