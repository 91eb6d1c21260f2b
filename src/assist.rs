//! The shared screen: a helper sees a citizen's form and points at it; the citizen does everything on it.
//!
//! A **share** ([`shares`]) is the right to do so, in the store. A **room** ([`room`]) is its life in memory, on the node
//! the citizen's page is connected to: it brings the page's frames into order, scrubs them ([`scrub`]), and decides on
//! every frame of a helper. **Viewers** ([`viewer`]) are helpers' sockets, on any node; between them and the room is the
//! bus ([`carried`]). What is on the screen is only in memory, and not longer than the share lasts.

pub mod carried;
pub mod citizen;
pub mod known;
pub mod meter;
pub mod nodes;
pub mod order;
pub mod pack;
pub mod rate;
pub mod room;
pub mod rtc;
pub mod scrub;
pub mod shares;
pub mod viewer;
pub mod wire;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use adapters::{Alarm, Alarms};
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bus::{Events, topic};
use crate::records::{ShareKind, ShareRecord};
use crate::store::StoreError;
use crate::telemetry::Metrics;
use carried::{Down, Says, To, Up};
use rtc::{Ice, Media};
use wire::ToHelper;

pub use known::{Departure, Opener};
pub use shares::{Asking, ShareError, Shares, Times};

/// How often shares are looked at that nobody ends.
const LOOK: Duration = Duration::from_secs(30);

/// How often it looks for those that may be forgotten.
const FORGET: Duration = Duration::from_secs(3600);

/// How long an alarm about a page is shown.
const ALARM_SHOWN: Duration = Duration::from_secs(24 * 3_600);

/// What is said to the citizen, Chinese and English.
#[derive(Clone, Debug)]
pub struct AssistWords {
    /// The message with the link: `{helper}`, `{purpose}`, `{url}`, and how long it holds, `{minutes}`.
    pub link: (String, String),
    /// The same where the desktop is asked for.
    pub screen: (String, String),
    /// The same for the page of the chat.
    pub chat: (String, String),
    /// The same for the page of the citizen's questions.
    pub me: (String, String),
    /// The message with the code: `{code}`.
    pub code: (String, String),
    /// The same where the platform may know who opens the link, so that the code is needed seldom.
    pub spare_code: (String, String),
}

impl AssistWords {
    fn link(
        &self,
        kind: ShareKind,
        english: bool,
        helper: &str,
        purpose: &str,
        url: &str,
        holds: Duration,
    ) -> String {
        let words = match kind {
            ShareKind::Form => &self.link,
            ShareKind::Screen => &self.screen,
            ShareKind::Chat => &self.chat,
            ShareKind::Me => &self.me,
        };
        let words = if english { &words.1 } else { &words.0 };
        let minutes = (holds.as_secs() / 60).max(1).to_string();
        // What a person wrote comes last, so that nothing in it is taken for a place to fill in.
        let words = words.replace("{minutes}", &minutes).replace("{url}", url);
        words.replace("{helper}", helper).replace("{purpose}", purpose)
    }

    fn code(&self, english: bool, is_spare: bool, code: &str) -> String {
        let words = if is_spare { &self.spare_code } else { &self.code };
        let words = if english { &words.1 } else { &words.0 };
        words.replace("{code}", code)
    }
}

/// A form that can be shared.
#[derive(Clone, Debug)]
pub struct Form {
    /// What it is called.
    pub title: String,
    /// Its address, or a path on this server.
    pub url: String,
}

/// What can be shared.
#[derive(Clone, Debug)]
pub struct Sharable {
    /// The forms, the default first.
    pub forms: Vec<Form>,
    /// The citizen's pages of our own.
    pub pages: Vec<ShareKind>,
}

/// What is too much.
#[derive(Clone, Copy, Debug)]
pub struct AssistLimits {
    /// The largest frame as it arrives, in bytes.
    pub frame_bytes: usize,
    /// The largest frame when it is inflated, in bytes.
    pub inflated_bytes: usize,
    /// Bytes a second from one page, as they are inflated.
    pub bytes_per_second: usize,
    /// Frames a second from one page.
    pub frames_per_second: u32,
    /// The most nodes of a page.
    pub nodes: usize,
    /// What is kept for viewers who come late, in bytes.
    pub tail_bytes: usize,
}

/// What can be done besides looking at a page together, and how browsers find each other for it.
#[derive(Clone, Debug, Default)]
pub struct Calling {
    /// What is offered.
    pub offered: Vec<Media>,
    /// The servers.
    pub ice: Ice,
}

/// A frame on a socket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Frame {
    /// JSON in an envelope.
    Text(String),
    /// Events.
    Binary(Bytes),
    /// How long the other side took to answer a ping, in milliseconds. Comes in only.
    Answered(u64),
}

/// A room that is open on this node.
#[derive(Clone)]
struct Opened {
    /// Tells it from another of the same share.
    id: u64,
    inputs: mpsc::Sender<room::Input>,
    meter: Arc<meter::Meter>,
}

/// The shared screens of this node.
pub struct Assist {
    shares: Arc<Shares>,
    events: Events,
    metrics: Metrics,
    alarms: Alarms,
    sharable: Sharable,
    limits: AssistLimits,
    calling: Calling,
    rooms: Mutex<HashMap<String, Opened>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Assist {
    /// The shared screens over these shares. Nothing runs before somebody connects, but [`Assist::sweep`] should.
    pub fn new(
        shares: Shares,
        sharable: Sharable,
        limits: AssistLimits,
        calling: Calling,
        metrics: Metrics,
        alarms: Alarms,
        stop: CancellationToken,
    ) -> Arc<Self> {
        let events = shares.ledger().events().clone();
        Arc::new(Self {
            shares: Arc::new(shares),
            events,
            metrics,
            alarms,
            sharable,
            limits,
            calling,
            rooms: Mutex::default(),
            tasks: TaskTracker::new(),
            stop,
        })
    }

    /// The shares.
    pub fn shares(&self) -> &Shares {
        &self.shares
    }

    /// The forms that can be shared, the default first.
    pub fn forms(&self) -> &[Form] {
        &self.sharable.forms
    }

    /// The citizen's pages of our own that can be shared.
    pub fn pages(&self) -> &[ShareKind] {
        &self.sharable.pages
    }

    /// What can be done besides looking at a page together.
    pub fn offers(&self, media: Media) -> bool {
        self.calling.offered.contains(&media)
    }

    /// What is too much.
    pub fn limits(&self) -> &AssistLimits {
        &self.limits
    }

    /// What was wrong with pages in the last day.
    pub fn alarms(&self) -> Vec<Alarm> {
        let now = self.shares.ledger().now();
        for alarm in self.alarms.raised() {
            if now.duration_since(alarm.since).unsigned_abs() > ALARM_SHOWN {
                self.alarms.clear(alarm.code);
            }
        }
        self.alarms.raised()
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<String, Opened>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a share, wherever its room is. False: it had ended already.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end(&self, record: &ShareRecord, reason: &str, who: &str) -> Result<bool, StoreError> {
        let ended = self.shares.end(&record.id, reason, who).await?;
        if ended {
            self.tell_end(&record.id, reason);
        }
        Ok(ended)
    }

    /// Tells room and viewers that a share was ended in the store. The viewers are told directly as well: there may be no
    /// room to do so.
    fn tell_end(&self, id: &str, reason: &str) {
        self.metrics.assist_ended(reason);
        self.events.publish_bytes(&topic::assist_up(id), Up::Ended { reason: reason.to_owned() }.print());
        let says = Says::Frame(ToHelper::End { reason: reason.to_owned() });
        let down = Down { number: 0, room: 0, epoch: 0, to: To::All, says, bulk: Vec::new() };
        self.events.publish_bytes(&topic::assist(id), down.print());
    }

    /// Looks for shares that are over, until the program stops.
    pub async fn sweep(self: Arc<Self>) {
        let mut look = tokio::time::interval(LOOK);
        let mut forget = tokio::time::interval(FORGET);
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                _ = look.tick() => {}
                _ = forget.tick() => {
                    match self.shares.forget().await {
                        Ok(0) => {}
                        Ok(shares) => tracing::info!(shares, "shares past their time were forgotten"),
                        Err(error) => {
                            let error = &error as &dyn std::error::Error;
                            tracing::error!(error, "shares could not be forgotten");
                        }
                    }
                    continue;
                }
            }
            match self.shares.sweep().await {
                Ok(ended) => {
                    for (id, reason) in ended {
                        self.tell_end(&id, &reason);
                    }
                }
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "shares could not be looked at"
                    );
                }
            }
        }
    }

    /// Waits until every room has closed. Call after `stop` was cancelled.
    pub async fn drain(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
