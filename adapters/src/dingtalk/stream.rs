//! The channel's inward half by socket. One connection is current; when it says goodbye, falls silent or grows old, the
//! next is opened before it is let go, so that no moment is without one.
//!
//! [`super::link`] is one socket; here is which socket, and what is done with its frames: lanes keep the order of each
//! person's messages while those of different people do not wait for each other.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use backon::BackoffBuilder;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::alarms;
use super::client::DingtalkChannel;
use super::fault::{Fault, Kind};
use super::intake::Taken;
use super::link::{self, Socket};
use super::wire::message::{Arrived, parse};
use super::wire::{self, Ack, Frame};
use crate::Inbox;

/// How many messages are submitted side by side.
const LANES: usize = 16;
/// How many frames may wait in a lane; past it the platform is told to send again.
const WAITING: usize = 256;
/// How long a message may take to become durable before the platform is told to send it again. It wants an answer
/// within about 2 s, and an answer that is late counts for nothing.
const ACK_WITHIN: Duration = Duration::from_millis(1_500);
/// How often it is looked whether there is a connection.
const LOOK: Duration = Duration::from_millis(500);

/// What a socket tells of itself.
pub(super) enum Told {
    /// It should be replaced, and is read on meanwhile.
    Leaving(u64, &'static str),
    /// It is closed.
    Ended(u64, &'static str),
}

/// A frame to be handled, and where its acknowledgement goes.
pub(super) struct Job {
    pub(super) frame: Frame,
    pub(super) reply: mpsc::Sender<String>,
}

/// Takes frames in the order of each person.
#[derive(Clone)]
pub(super) struct Lanes(Arc<[mpsc::Sender<Job>]>);

impl Lanes {
    fn start(channel: &Arc<DingtalkChannel>, inbox: &Inbox, tasks: &TaskTracker) -> Self {
        let lanes = (0..LANES).map(|_| {
            let (sender, mut jobs) = mpsc::channel::<Job>(WAITING);
            let (channel, inbox) = (Arc::clone(channel), inbox.clone());
            tasks.spawn(async move {
                while let Some(job) = jobs.recv().await {
                    handle(&channel, &inbox, job).await;
                }
            });
            sender
        });
        Self(lanes.collect())
    }

    /// Hands a frame to its lane. False: too many wait there.
    pub(super) fn push(&self, job: Job) -> bool {
        let mut hasher = DefaultHasher::new();
        match (job.frame.topic.as_str(), parse(&job.frame.data)) {
            (wire::MESSAGES, Arrived::Message(message)) => message.address.to_string().hash(&mut hasher),
            _ => job.frame.message_id.hash(&mut hasher),
        }
        let lane = usize::try_from(hasher.finish() % LANES as u64).unwrap_or_default();
        self.0.get(lane).is_some_and(|lane| lane.try_send(job).is_ok())
    }
}

async fn handle(channel: &Arc<DingtalkChannel>, inbox: &Inbox, job: Job) {
    let Job { frame, reply } = job;
    // A socket that is gone needs no acknowledgement: what is durable is answered all the same.
    let acknowledge = |how: Ack| {
        let text = wire::ack(&frame, &how);
        async { drop(reply.send(text).await) }
    };
    if frame.topic == wire::CARDS {
        let response = channel.pressed(inbox, &frame.data).await;
        return acknowledge(Ack::Response(response)).await;
    }
    let taking = channel.take(inbox, &frame.data);
    tokio::pin!(taking);
    tokio::select! {
        taken = &mut taking => acknowledge(match taken {
            Taken::Settled => Ack::Response(Value::Null),
            Taken::NotTaken => Ack::Failed,
        })
        .await,
        () = tokio::time::sleep(ACK_WITHIN) => {
            tracing::warn!(channel.id = %channel.kit.id, "a message is not durable yet; the platform is told to send it again");
            acknowledge(Ack::Failed).await;
            // It is still waited for, so that the next message of the same person does not overtake it.
            taking.await;
        }
    }
}

/// Keeps a connection until `stop`.
pub(super) async fn run(channel: &Arc<DingtalkChannel>, inbox: &Inbox, stop: CancellationToken) {
    let tasks = TaskTracker::new();
    let alive = Arc::new(AtomicUsize::new(0));
    {
        let lanes = Lanes::start(channel, inbox, &tasks);
        let (tell, told) = mpsc::channel(16);
        let connections = Connections {
            channel,
            lanes,
            tell,
            tasks: tasks.clone(),
            alive: Arc::clone(&alive),
            stop: stop.clone(),
            links: HashMap::new(),
            next: 0,
        };
        tokio::join!(connections.keep(told), watch_for_silence(channel, &alive, &stop));
        // The lanes end with their last sender, which goes here.
    }
    tasks.close();
    tasks.wait().await;
}

/// Tells the operator when there has been no connection for a while.
async fn watch_for_silence(channel: &DingtalkChannel, alive: &AtomicUsize, stop: &CancellationToken) {
    let mut connected = Instant::now();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK.min(channel.settings.pace.down_alarm)) => {}
        }
        if alive.load(Ordering::Relaxed) > 0 {
            connected = Instant::now();
            channel.kit.alarms.clear(alarms::STREAM_DOWN);
        } else if connected.elapsed() > channel.settings.pace.down_alarm {
            let causes = [alarms::SECRET_REFUSED, alarms::UNREACHABLE];
            let last = channel.kit.alarms.raised().into_iter().find(|alarm| causes.contains(&alarm.code));
            channel
                .kit
                .alarms
                .raise(alarms::STREAM_DOWN, last.map_or_else(String::new, |alarm| alarm.detail));
        }
    }
}

struct Connections<'a> {
    channel: &'a Arc<DingtalkChannel>,
    lanes: Lanes,
    tell: mpsc::Sender<Told>,
    tasks: TaskTracker,
    alive: Arc<AtomicUsize>,
    stop: CancellationToken,
    /// The sockets that are read, by number; cancelling lets one go.
    links: HashMap<u64, CancellationToken>,
    next: u64,
}

impl Connections<'_> {
    async fn keep(mut self, mut told: mpsc::Receiver<Told>) {
        let pace = self.channel.settings.pace;
        let pauses = backon::ExponentialBuilder::default()
            .with_min_delay(pace.first_pause)
            .with_max_delay(pace.longest_pause)
            .without_max_times()
            .with_jitter();
        let mut waiting = pauses.build();
        let mut distrusted = false;
        loop {
            let opened = tokio::select! {
                () = self.stop.cancelled() => return,
                opened = self.open() => opened,
            };
            let begun = Instant::now();
            match opened {
                Ok(socket) => {
                    if std::mem::take(&mut distrusted) {
                        self.channel.kit.alarms.clear(alarms::CERTIFICATE_REFUSED);
                    }
                    let number = self.adopt(socket);
                    let stop = self.stop.clone();
                    let reason = tokio::select! {
                        () = stop.cancelled() => return,
                        reason = self.until_leaving(&mut told, number) => reason,
                        () = tokio::time::sleep(pace.renew) => "it has grown old",
                    };
                    tracing::info!(channel.id = %self.channel.kit.id, reason, "a connection is replaced");
                    if begun.elapsed() > pace.first_pause {
                        // It worked for a while: the next is opened at once.
                        waiting = pauses.build();
                        continue;
                    }
                }
                Err(fault) => {
                    let (id, reason) = (&self.channel.kit.id, &fault.code);
                    tracing::warn!(channel.id = %id, reason, "a connection could not be opened");
                    if fault.kind == Kind::Certificate {
                        distrusted = true;
                        self.channel.kit.alarms.raise(alarms::CERTIFICATE_REFUSED, fault.code);
                    }
                }
            }
            let pause = waiting.next().unwrap_or(pace.longest_pause);
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Reads from a new socket, and lets those before it go.
    fn adopt(&mut self, socket: Socket) -> u64 {
        self.next += 1;
        let number = self.next;
        for earlier in self.links.values() {
            earlier.cancel();
        }
        let leave = CancellationToken::new();
        self.links.insert(number, leave.clone());
        let link = link::Link {
            number,
            pace: self.channel.settings.pace,
            lanes: self.lanes.clone(),
            tell: self.tell.clone(),
            leave,
            stop: self.stop.clone(),
        };
        let alive = Arc::clone(&self.alive);
        alive.fetch_add(1, Ordering::Relaxed);
        self.tasks.spawn(async move {
            link.run(socket).await;
            alive.fetch_sub(1, Ordering::Relaxed);
        });
        tracing::info!(channel.id = %self.channel.kit.id, "a connection is open");
        number
    }

    /// Waits until this socket has to be replaced.
    async fn until_leaving(&mut self, told: &mut mpsc::Receiver<Told>, number: u64) -> &'static str {
        loop {
            match told.recv().await {
                Some(Told::Leaving(who, reason)) if who == number => return reason,
                Some(Told::Ended(who, reason)) => {
                    self.links.remove(&who);
                    if who == number {
                        return reason;
                    }
                }
                Some(Told::Leaving(..)) => {}
                // Not while `self.tell` lives.
                None => return "nobody tells",
            }
        }
    }

    async fn open(&self) -> Result<Socket, Fault> {
        let url = ask_for_socket(self.channel).await?;
        let opening = link::connect(&url, &self.channel.kit.trust);
        match tokio::time::timeout(self.channel.settings.pace.open, opening).await {
            Ok(opened) => opened,
            Err(_) => Err(Fault::new(Kind::Away, "the socket does not open in time")),
        }
    }
}

/// Asks the platform where a socket can be opened. Without one the answer is forgotten after 90 s.
pub(super) async fn ask_for_socket(channel: &DingtalkChannel) -> Result<reqwest::Url, Fault> {
    let (id, secret) = channel.api.credentials();
    let body = wire::open_request(id, secret, &local_address().await.to_string());
    let answer = channel.api.open(&body).await?;
    wire::socket_url(&answer).ok_or_else(|| Fault::new(Kind::Unknown, "no endpoint and ticket"))
}

/// The address of this machine as the network sees it, which the platform shows to the operator. Nothing is sent.
async fn local_address() -> IpAddr {
    let asked = async {
        let socket = tokio::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
        // An address of no host (RFC 5737): the kernel only has to choose the way to it.
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).await?;
        socket.local_addr()
    };
    asked.await.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address: std::net::SocketAddr| address.ip())
}

#[cfg(test)]
mod tests {
    use super::super::config::Pace;
    use super::*;
    use crate::Trust;

    #[tokio::test(start_paused = true)]
    async fn by_default_a_line_is_left_after_a_minute_of_silence_and_closed_after_another() {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("ws://{}/connect?ticket=t", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (line, _) = listener.accept().await.unwrap();
            let socket = tokio_tungstenite::accept_async(line).await.unwrap();
            // The line stands, and nobody reads or writes.
            std::future::pending::<()>().await;
            drop(socket);
        });
        let socket = link::connect(&reqwest::Url::parse(&url).unwrap(), &Trust::default()).await.unwrap();
        let (tell, mut told) = mpsc::channel(16);
        let line = link::Link {
            number: 7,
            pace: Pace::default(),
            lanes: Lanes(Arc::from([])),
            tell,
            leave: CancellationToken::new(),
            stop: CancellationToken::new(),
        };
        let begun = Instant::now();
        tokio::spawn(line.run(socket));
        assert!(matches!(told.recv().await, Some(Told::Leaving(7, _))));
        assert_eq!(begun.elapsed().as_secs(), 60);
        assert!(matches!(told.recv().await, Some(Told::Ended(7, _))));
        assert_eq!(begun.elapsed().as_secs(), 120);
    }
}
