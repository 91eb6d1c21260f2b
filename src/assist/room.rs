//! A room: one share in memory, on the node that the citizen's page is connected to. It is one task, so everything about a
//! share happens one after another. [`citizen`] is what the page says, [`helper`] what viewers say, [`bulk`] what is shown,
//! [`calls`] what goes on between the two browsers alone.

mod bulk;
mod calls;
mod citizen;
mod helper;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use governor::{DefaultDirectRateLimiter, Quota};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::carried::{Down, Says, To, Up};
use super::meter::Meter;
use super::nodes::Nodes;
use super::order::{Order, Ring};
use super::rate::Rates;
use super::wire::{
    self, BulkKind, Envelope, FromCitizen, Peer, Permissions, Person, Role, ToCitizen, ToHelper, Viewport,
};
use super::{Assist, Frame};
use crate::bus::{Event, topic};
use crate::records::{Scope, ShareRecord};
use crate::store::StoreError;

/// How often a room looks at its clocks.
const TICK: Duration = Duration::from_secs(1);

/// How often a room says that it is there, and asks the store whose the conversation is.
const BEAT: Duration = Duration::from_secs(5);

/// How often the citizen's presence is noted in the store.
const SIGN: Duration = Duration::from_secs(60);

/// How long frames that lack are waited for before the room goes on with a fresh picture of the page.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many bytes of frames to the citizen's page are kept for sending again.
const RING_BYTES: usize = 512 << 10;

/// What reaches a room from the citizen's sockets.
#[derive(Debug)]
pub enum Input {
    /// A page has said hello.
    Attach(Box<Attach>),
    /// A frame of the page.
    Frame(u64, Frame),
    /// The page's socket is gone.
    Detach(u64),
}

/// A page that has said hello.
#[derive(Debug)]
pub struct Attach {
    /// The share as it is in the store now.
    pub record: ShareRecord,
    /// Names the socket.
    pub connection: u64,
    /// Where its frames go.
    pub sender: mpsc::Sender<Frame>,
    /// The last frame of ours that the page has seen, if it is the same recorder on a new socket.
    pub resumes: Option<u32>,
    /// What the page is called; empty before consent.
    pub title: String,
    /// How large it is.
    pub viewport: Viewport,
}

/// A frame of the page, before it is in order.
#[derive(Debug)]
enum Arrived {
    Says(FromCitizen),
    Shows(BulkKind, Bytes),
}

struct Viewer {
    name: String,
    role: Role,
    rates: Rates,
}

/// What is kept for viewers who come late: never on disk.
#[derive(Default)]
struct Cache {
    snap: Option<Bytes>,
    tail: Vec<Bytes>,
    bytes: usize,
}

/// One share in memory.
pub struct Room {
    assist: Arc<Assist>,
    /// The host whose addresses are our own.
    host: String,
    record: ShareRecord,
    /// Tells this room from one that another node opened later.
    id: u64,
    epoch: u32,
    order: Order<Arrived>,
    ring: Ring<String>,
    citizen: Option<(u64, mpsc::Sender<Frame>)>,
    /// The socket of the page that came last. What it said is heard also when it reads nothing any more: a page that closes
    /// has mostly just said that the share is over.
    page: u64,
    gone_since: Instant,
    nodes: Nodes,
    cache: Cache,
    viewers: BTreeMap<u64, Viewer>,
    number: u64,
    title: String,
    viewport: Option<Viewport>,
    hidden: bool,
    paused: bool,
    /// Increments are of no use before the next whole picture.
    stale: bool,
    /// Fields that are shown for a moment, and until when.
    revealed: BTreeMap<u32, Timestamp>,
    /// Frames that could not be read.
    faults: u32,
    rate: DefaultDirectRateLimiter,
    meter: Arc<Meter>,
    asked_snap: Option<Instant>,
    /// A whole picture is wanted, and was not asked for because one was asked for just before.
    wanted: bool,
    needed: Option<(u32, Instant, Instant)>,
    acked: u32,
    told: Option<Permissions>,
    signed: Instant,
    beat: Instant,
    owned: bool,
    calls: calls::Calls,
    over: bool,
}

impl Room {
    /// A room for a page that has said hello.
    pub fn new(assist: Arc<Assist>, host: String, record: ShareRecord) -> Self {
        let now = Instant::now();
        let rate = NonZeroU32::new(assist.limits.frames_per_second).unwrap_or(NonZeroU32::MIN);
        Self {
            host,
            id: rand::random(),
            epoch: 0,
            order: Order::default(),
            ring: Ring::new(RING_BYTES),
            citizen: None,
            page: 0,
            gone_since: now,
            nodes: Nodes::default(),
            cache: Cache::default(),
            viewers: BTreeMap::new(),
            number: 0,
            title: String::new(),
            viewport: None,
            hidden: false,
            paused: false,
            stale: true,
            revealed: BTreeMap::new(),
            faults: 0,
            rate: DefaultDirectRateLimiter::direct(Quota::per_second(rate)),
            meter: Arc::new(Meter::new(&assist.limits)),
            asked_snap: None,
            wanted: false,
            needed: None,
            acked: 0,
            told: None,
            signed: now,
            beat: now,
            owned: true,
            calls: calls::Calls::default(),
            over: false,
            record,
            assist,
        }
    }

    /// Lives until the share is over, or nobody is left and the program stops.
    pub async fn run(mut self, mut inputs: mpsc::Receiver<Input>) {
        let mut up = self.assist.events.subscribe_bytes(&topic::assist_up(&self.record.id));
        let mut desk = self.assist.events.subscribe(topic::DESK);
        let mut tick = tokio::time::interval(TICK);
        let stop = self.assist.stop.clone();
        self.assist.metrics.assist_rooms(1);
        let moved = Up::Moved { room: self.id };
        self.assist.events.publish_bytes(&topic::assist_up(&self.record.id), moved.print());
        while !self.over {
            let done = tokio::select! {
                input = inputs.recv() => match input {
                    Some(input) => self.input(input).await,
                    None => break,
                },
                message = up.next() => match message {
                    Some(message) => self.up(&message).await,
                    None => break,
                },
                event = desk.next() => match event {
                    Some(Event::Changed { conversation })
                        if conversation.is_empty() || conversation == self.record.conversation =>
                    {
                        self.look_at_owner().await
                    }
                    Some(_) => Ok(()),
                    None => break,
                },
                _ = tick.tick() => self.tick().await,
                () = stop.cancelled() => break,
            };
            if let Err(error) = done {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    share.id = self.record.id,
                    "a room failed"
                );
                // What was allowed is only known from the store, so nothing goes on without it.
                self.over = true;
            }
        }
        self.leave_calls().await;
        self.assist.metrics.assist_rooms(-1);
        let mut rooms = self.assist.rooms();
        // Another room may have taken the place already.
        if rooms.get(&self.record.id).is_some_and(|opened| opened.id == self.id) {
            rooms.remove(&self.record.id);
        }
    }

    /// Tells this room from others of the same share.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// What the page is measured by.
    pub fn meter(&self) -> Arc<Meter> {
        Arc::clone(&self.meter)
    }

    fn now(&self) -> Timestamp {
        self.assist.shares.ledger().now()
    }

    fn allows(&self, scope: Scope) -> bool {
        self.record.allows(scope, self.now())
    }

    fn permissions(&self) -> Permissions {
        Permissions {
            view: self.allows(Scope::View),
            point: self.allows(Scope::Point),
            fill: self.allows(Scope::Fill),
            voice: self.allows(Scope::Voice),
            screen: self.allows(Scope::Screen),
            paused: self.paused,
            viewers: self.viewers.values().map(|viewer| Person::new(&viewer.name)).collect(),
        }
    }

    fn peer(&self) -> Peer {
        match (&self.citizen, self.paused, self.hidden) {
            (None, _, _) => Peer::Gone,
            (_, true, _) => Peer::Paused,
            (_, _, true) => Peer::Hidden,
            _ => Peer::Online,
        }
    }

    /// Sends a frame to the citizen's page, if it is there; it is counted and can be sent again.
    fn tell_citizen<T: serde::Serialize>(&mut self, body: &T) {
        let Some((_, sender)) = &self.citizen else { return };
        let text = wire::print(&self.envelope(self.ring.next()), self.now().as_millisecond(), body);
        let sent = sender.try_send(Frame::Text(text.clone()));
        self.acked = self.order.last();
        self.ring.push(text.clone(), text.len());
        if sent.is_err() {
            // A page that does not read has to come again, and is sent what it missed.
            self.detached();
        }
    }

    /// Sends a frame that is not counted.
    fn tell_citizen_uncounted(&mut self, body: &ToCitizen) {
        let Some((_, sender)) = &self.citizen else { return };
        let text = wire::print(&self.envelope(0), self.now().as_millisecond(), body);
        if sender.try_send(Frame::Text(text)).is_err() {
            self.detached();
        }
    }

    fn envelope(&self, seq: u32) -> Envelope {
        Envelope { sid: self.record.id.clone(), epoch: self.epoch, seq, ack: self.order.last() }
    }

    fn down(&mut self, to: To, says: Says, bulk: Vec<(BulkKind, Bytes)>) {
        self.number += 1;
        let down = Down { number: self.number, room: self.id, epoch: self.epoch, to, says, bulk };
        self.assist.events.publish_bytes(&topic::assist(&self.record.id), down.print());
    }

    fn tell_viewers(&mut self, frame: ToHelper) {
        self.down(To::All, Says::Frame(frame), Vec::new());
    }

    /// Tells everybody what is allowed now, if that differs from what they were told.
    fn tell_permissions(&mut self) {
        let permissions = self.permissions();
        if self.told.as_ref() == Some(&permissions) {
            return;
        }
        if !permissions.view {
            self.forget_page();
        }
        self.told = Some(permissions.clone());
        self.tell_viewers(ToHelper::Perm(permissions.clone()));
        self.tell_citizen(&ToCitizen::Perm(permissions));
    }

    /// Forgets what was shown, so that nobody can be shown it later.
    fn forget_page(&mut self) {
        self.cache = Cache::default();
        self.nodes = Nodes::default();
        self.revealed.clear();
        self.stale = true;
    }

    fn detached(&mut self) {
        self.citizen = None;
        self.gone_since = Instant::now();
        self.tell_viewers(ToHelper::Peer { state: Peer::Gone });
    }

    /// Ends the share: viewers first, then the page, then the store.
    async fn end(&mut self, reason: &str, who: &str) -> Result<(), StoreError> {
        self.cut(reason);
        if self.assist.shares.end(&self.record.id, reason, who).await? {
            self.assist.metrics.assist_ended(reason);
        }
        Ok(())
    }

    /// Shows and takes nothing any more.
    fn cut(&mut self, reason: &str) {
        self.over = true;
        self.forget_page();
        self.tell_viewers(ToHelper::End { reason: reason.to_owned() });
        self.tell_citizen(&ToCitizen::End { reason: reason.to_owned() });
        self.citizen = None;
        tracing::info!(share.id = self.record.id, reason, "a shared screen ended");
    }

    async fn input(&mut self, input: Input) -> Result<(), StoreError> {
        match input {
            Input::Attach(attach) => {
                let another = self.epoch != attach.record.epoch;
                self.attach(*attach);
                self.settle_calls(another).await
            }
            Input::Detach(connection) => {
                if self.citizen.as_ref().is_some_and(|(own, _)| *own == connection) {
                    self.detached();
                }
                Ok(())
            }
            Input::Frame(connection, frame) => {
                if self.page == connection {
                    self.arrived(frame).await
                } else {
                    // An older socket of the page, which the newer one took over from.
                    Ok(())
                }
            }
        }
    }

    fn attach(&mut self, attach: Attach) {
        let Attach { record, connection, sender, resumes, title, viewport } = attach;
        let same = self.epoch == record.epoch;
        self.epoch = record.epoch;
        self.record = record;
        let last = match resumes {
            Some(_) if same => self.order.last(),
            _ => {
                self.order = Order::default();
                self.ring = Ring::new(RING_BYTES);
                // The same recorder after a restart of ours: its count of our frames goes on.
                self.ring.go_on_after(resumes.unwrap_or(0));
                self.forget_page();
                self.paused = false;
                0
            }
        };
        self.needed = None;
        self.hidden = false;
        self.title = title;
        self.viewport = Some(viewport);
        self.citizen = Some((connection, sender));
        self.page = connection;
        let welcome = ToCitizen::Welcome {
            epoch: self.epoch,
            perm: self.permissions(),
            helper: Person::new(&self.record.helper),
            purpose: self.record.purpose.clone(),
            last_seq: last,
            kind: self.record.kind,
        };
        self.tell_citizen_uncounted(&welcome);
        if let Some(missed) = resumes.filter(|_| same).and_then(|seen| self.ring.from(seen.saturating_add(1)))
        {
            for text in missed {
                if let Some((_, sender)) = &self.citizen
                    && sender.try_send(Frame::Text(text)).is_err()
                {
                    return self.detached();
                }
            }
        }
        self.told = Some(self.permissions());
        // Viewers who wait join now, and those who were there learn of the new page.
        self.down(To::All, Says::Room, Vec::new());
        for viewer in self.viewers.keys().copied().collect::<Vec<_>>() {
            self.welcome(viewer);
        }
    }

    async fn up(&mut self, message: &Bytes) -> Result<(), StoreError> {
        match Up::parse(message) {
            Some(Up::Join { viewer, name, role }) => {
                let viewers = &mut self.viewers;
                viewers.entry(viewer).or_insert_with(|| Viewer { name, role, rates: Rates::default() });
                self.welcome(viewer);
                self.tell_permissions();
                Ok(())
            }
            Some(Up::Leave { viewer }) => {
                if self.viewers.remove(&viewer).is_some() {
                    self.tell_permissions();
                }
                self.viewer_left(viewer).await
            }
            Some(Up::Frame { viewer, epoch, body }) => self.wants(viewer, epoch, body).await,
            Some(Up::Ended { reason }) => {
                self.cut(&reason);
                Ok(())
            }
            Some(Up::Moved { room }) => {
                if room != self.id {
                    // The viewers stay: they are the other room's now.
                    self.over = true;
                }
                Ok(())
            }
            // The bus dropped something: whoever did not get through asks again.
            None => Ok(()),
        }
    }

    /// Welcomes a viewer with the page as it is now.
    fn welcome(&mut self, viewer: u64) {
        let Some(role) = self.viewers.get(&viewer).map(|viewer| viewer.role) else { return };
        let welcome = ToHelper::Welcome {
            epoch: self.epoch,
            perm: self.permissions(),
            peer: self.peer(),
            purpose: self.record.purpose.clone(),
            title: self.title.clone(),
            viewport: self.viewport,
            role,
            kind: self.record.kind,
            calls: self.assist.calling.offered.clone(),
        };
        let mut bulk = Vec::new();
        if self.allows(Scope::View) {
            match &self.cache.snap {
                Some(snap) => {
                    bulk.push((BulkKind::Snap, snap.clone()));
                    bulk.extend(self.cache.tail.iter().map(|inc| (BulkKind::Inc, inc.clone())));
                }
                None => self.ask_snap("viewer"),
            }
        }
        self.down(To::One(viewer), Says::Frame(welcome), bulk);
    }

    /// Asks the page for a whole picture of itself, not more than once a second.
    fn ask_snap(&mut self, reason: &str) {
        if !self.allows(Scope::View) {
            return;
        }
        if self.asked_snap.is_some_and(|asked| asked.elapsed() < TICK) {
            self.wanted = true;
            return;
        }
        self.wanted = false;
        self.asked_snap = Some(Instant::now());
        self.tell_citizen(&ToCitizen::SnapRequest { reason: reason.to_owned() });
    }

    /// Ends the share when the conversation has passed to somebody else.
    async fn look_at_owner(&mut self) -> Result<(), StoreError> {
        self.owned = self.assist.shares.is_owned(&self.record).await?;
        if self.owned { Ok(()) } else { self.end("owner", "system").await }
    }

    async fn tick(&mut self) -> Result<(), StoreError> {
        if self.citizen.is_none() && self.gone_since.elapsed() > self.assist.shares.idle_ttl() {
            return self.end("idle", "system").await;
        }
        if let Some((_, since, _)) = self.needed
            && since.elapsed() > PATIENCE
        {
            self.needed = None;
            let (skipped, ready) = self.order.skip();
            self.stale |= skipped;
            self.handle(ready).await?;
            if self.stale {
                self.ask_snap("lost");
            }
        } else if let Some(from) = self.order.lacking() {
            self.need(from);
        }
        if self.over {
            return Ok(());
        }
        let now = self.now();
        self.revealed.retain(|_, until| now < *until);
        if (self.stale || self.wanted && self.cache.snap.is_none())
            && self.citizen.is_some()
            && !self.paused
            && self.allows(Scope::View)
        {
            self.ask_snap("stale");
        }
        self.tell_permissions();
        if self.order.last() != self.acked {
            self.tell_citizen(&ToCitizen::Ack);
        }
        if self.citizen.is_some() && self.signed.elapsed() > SIGN {
            self.signed = Instant::now();
            self.assist.shares.touch(&self.record.id).await?;
        }
        if self.beat.elapsed() >= BEAT {
            self.beat = Instant::now();
            self.down(To::All, Says::Room, Vec::new());
            return self.look_at_owner().await;
        }
        Ok(())
    }
}
