//! A helper's socket. It shows what the room sends over the bus, numbers it for this socket alone, and notices when the bus
//! or the socket was too slow: then it asks the room for the whole page again, so that nobody sees a page with a gap.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{Sink, SinkExt, Stream, StreamExt};
use tokio::time::Instant;

use super::carried::{Down, Says, To, Up};
use super::order::Ring;
use super::wire::{self, Bulk, BulkKind, Envelope, FromHelper, Peer, Permissions, Role, ToHelper};
use super::{Assist, Frame};
use crate::bus::topic;
use crate::records::ShareRecord;

/// How often a viewer that nobody welcomed asks again.
const AGAIN: Duration = Duration::from_secs(1);

/// After so long without a sign of the room there is none.
const SILENCE: Duration = Duration::from_secs(12);

/// How long a frame to the socket may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many bytes are kept for sending again.
const RING_BYTES: usize = 1 << 20;

/// Who looks.
#[derive(Clone, Debug)]
pub struct Looker {
    /// The helper's name.
    pub name: String,
    /// As what.
    pub role: Role,
}

struct Session<W> {
    assist: Arc<Assist>,
    share: String,
    looker: Looker,
    viewer: u64,
    writer: W,
    ring: Ring<Frame>,
    epoch: u32,
    heard: u32,
    /// The room and the number of its last message, once it has welcomed us.
    welcomed: Option<(u64, u64)>,
    /// The room that is known from its own words.
    room: Option<u64>,
    greeted: bool,
    /// Whether the whole page was shown since the welcome: changes of what was not shown are nothing.
    whole: bool,
    last: Instant,
    gone: bool,
}

/// The socket is no more.
struct Closed;

impl Assist {
    /// Serves a helper's socket to its end. Whether the helper may look was asked before, and `may_still` asks again now
    /// and then.
    pub async fn serve_viewer<R, W, F>(
        self: Arc<Self>,
        record: &ShareRecord,
        looker: Looker,
        reader: R,
        writer: W,
        may_still: impl Fn() -> F,
    ) where
        R: Stream<Item = Frame> + Unpin,
        W: Sink<Frame> + Unpin,
        F: Future<Output = bool>,
    {
        let mut session = Session {
            share: record.id.clone(),
            looker,
            viewer: rand::random(),
            writer,
            ring: Ring::new(RING_BYTES),
            epoch: record.epoch,
            heard: 0,
            welcomed: None,
            room: None,
            greeted: false,
            whole: false,
            last: Instant::now(),
            gone: false,
            assist: self,
        };
        let who = format!("helper:{}", session.looker.name);
        let shares = Arc::clone(&session.assist.shares);
        let what = if session.looker.role == Role::Owner { "looks" } else { "watches" };
        // Nobody looks without a row that says so.
        if shares.note(&record.id, &who, what, None).await.is_err() {
            return;
        }
        drop(session.serve(record, reader, may_still).await);
        session.up(&Up::Leave { viewer: session.viewer });
        drop(shares.note(&record.id, &who, "left", None).await);
        drop(session.writer.close().await);
    }
}

impl<W: Sink<Frame> + Unpin> Session<W> {
    async fn serve<R, F>(
        &mut self,
        record: &ShareRecord,
        mut reader: R,
        may_still: impl Fn() -> F,
    ) -> Result<(), Closed>
    where
        R: Stream<Item = Frame> + Unpin,
        F: Future<Output = bool>,
    {
        const MAY: Duration = Duration::from_secs(10);
        let mut down = self.assist.events.subscribe_bytes(&topic::assist(&self.share));
        let mut again = tokio::time::interval(AGAIN);
        let mut asked = Instant::now();
        let stop = self.assist.stop.clone();
        self.greet(record).await?;
        loop {
            tokio::select! {
                message = down.next() => match message {
                    Some(message) => self.down(message).await?,
                    None => return Ok(()),
                },
                frame = reader.next() => match frame {
                    Some(Frame::Text(text)) => self.heard(&text).await?,
                    Some(Frame::Answered(_)) => {}
                    Some(Frame::Binary(_)) | None => return Ok(()),
                },
                _ = again.tick() => {
                    if self.welcomed.is_none() {
                        self.join();
                        self.look_for_end().await?;
                    } else if self.last.elapsed() > SILENCE {
                        self.lost();
                        self.say(ToHelper::Peer { state: Peer::Gone }).await?;
                    }
                    if asked.elapsed() > MAY {
                        asked = Instant::now();
                        if !may_still().await {
                            return self.say(ToHelper::End { reason: "login".to_owned() }).await;
                        }
                    }
                }
                () = stop.cancelled() => return Ok(()),
            }
        }
    }

    /// Says what is known before there is a room: the citizen's page may not be there yet.
    async fn greet(&mut self, record: &ShareRecord) -> Result<(), Closed> {
        self.gone = true;
        self.say_uncounted(ToHelper::Welcome {
            epoch: record.epoch,
            perm: Permissions::default(),
            peer: Peer::Gone,
            purpose: record.purpose.clone(),
            title: String::new(),
            viewport: None,
            role: self.looker.role,
            kind: record.kind,
            calls: self.assist.calling.offered.clone(),
        })
        .await
    }

    fn up(&self, up: &Up) {
        self.assist.events.publish_bytes(&topic::assist_up(&self.share), up.print());
    }

    fn join(&self) {
        let Looker { name, role } = self.looker.clone();
        self.up(&Up::Join { viewer: self.viewer, name, role });
    }

    /// Something did not reach us: the room is asked for everything.
    fn lost(&mut self) {
        self.welcomed = None;
        self.gone = true;
        self.join();
    }

    async fn send(&mut self, frame: Frame) -> Result<(), Closed> {
        if let Frame::Binary(bytes) = &frame {
            self.assist.metrics.assist_frame("helper", bytes.len());
        }
        match tokio::time::timeout(PATIENCE, self.writer.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Closed),
        }
    }

    fn text(&self, seq: u32, body: &ToHelper) -> Frame {
        let envelope = Envelope { sid: self.share.clone(), epoch: self.epoch, seq, ack: self.heard };
        Frame::Text(wire::print(&envelope, self.assist.shares.ledger().now().as_millisecond(), body))
    }

    async fn say(&mut self, body: ToHelper) -> Result<(), Closed> {
        let body = match body {
            // What the page had when it said so is what we have shown.
            ToHelper::Digest { nodes, hash, .. } => {
                ToHelper::Digest { nodes, hash, at_seq: self.ring.last() }
            }
            other => other,
        };
        let frame = self.text(self.ring.next(), &body);
        let Frame::Text(text) = &frame else { return Ok(()) };
        self.ring.push(frame.clone(), text.len());
        self.send(frame).await
    }

    async fn say_uncounted(&mut self, body: ToHelper) -> Result<(), Closed> {
        let frame = self.text(0, &body);
        self.send(frame).await
    }

    async fn show(&mut self, kind: BulkKind, body: Bytes) -> Result<(), Closed> {
        self.whole |= kind == BulkKind::Snap;
        if !self.whole {
            return Ok(());
        }
        let frame = Frame::Binary(Bulk { kind, epoch: self.epoch, seq: self.ring.next(), body }.print());
        let Frame::Binary(bytes) = &frame else { return Ok(()) };
        self.ring.push(frame.clone(), bytes.len());
        self.send(frame).await
    }

    async fn down(&mut self, message: Bytes) -> Result<(), Closed> {
        let Some(down) = Down::parse(message) else {
            // The bus dropped some.
            self.lost();
            return Ok(());
        };
        self.last = Instant::now();
        if down.room == 0 {
            // It comes from the store, not from a room.
            return self.end(down.says).await;
        }
        let welcome =
            down.to == To::One(self.viewer) && matches!(down.says, Says::Frame(ToHelper::Welcome { .. }));
        if let Says::Frame(ToHelper::End { .. }) = down.says {
            return self.end(down.says).await;
        }
        if welcome {
            self.welcomed = Some((down.room, down.number));
            return self.welcome(down).await;
        }
        match self.welcomed {
            None => {
                // A room that was not there before.
                if self.room != Some(down.room) {
                    self.room = Some(down.room);
                    self.join();
                }
                return Ok(());
            }
            Some((room, number)) if room != down.room || number + 1 != down.number => {
                self.room = Some(down.room);
                self.lost();
                return Ok(());
            }
            Some(_) => self.welcomed = Some((down.room, down.number)),
        }
        let ours = match down.to {
            To::All => true,
            To::Owner => self.looker.role == Role::Owner,
            To::Watchers => self.looker.role == Role::Watcher,
            To::One(viewer) => viewer == self.viewer,
        };
        if !ours {
            return Ok(());
        }
        if let Says::Frame(frame) = down.says {
            self.say(frame).await?;
        }
        for (kind, body) in down.bulk {
            self.show(kind, body).await?;
        }
        Ok(())
    }

    async fn welcome(&mut self, down: Down) -> Result<(), Closed> {
        let Says::Frame(welcome) = down.says else { return Ok(()) };
        if self.epoch != down.epoch || !self.greeted {
            // Another page: everything is counted anew.
            if self.epoch != down.epoch {
                self.heard = 0;
            }
            self.epoch = down.epoch;
            self.ring = Ring::new(RING_BYTES);
            self.greeted = true;
            self.say_uncounted(welcome).await?;
        } else if let ToHelper::Welcome { perm, peer, .. } = welcome {
            self.say(ToHelper::Perm(perm)).await?;
            self.say(ToHelper::Peer { state: peer }).await?;
        }
        self.gone = false;
        self.whole = false;
        for (kind, body) in down.bulk {
            self.show(kind, body).await?;
        }
        Ok(())
    }

    /// A share that ended before we listened has no room to say so.
    async fn look_for_end(&mut self) -> Result<(), Closed> {
        let shares = &self.assist.shares;
        let Ok(Some(record)) = shares.get(&self.share).await else { return Ok(()) };
        match shares.ended_by_now(&record).await {
            Ok(Some(reason)) => self.end(Says::Frame(ToHelper::End { reason })).await,
            _ => Ok(()),
        }
    }

    async fn end(&mut self, says: Says) -> Result<(), Closed> {
        if let Says::Frame(frame @ ToHelper::End { .. }) = says {
            self.say(frame).await?;
        }
        Err(Closed)
    }

    async fn heard(&mut self, text: &str) -> Result<(), Closed> {
        let Ok((envelope, body)) = wire::parse::<FromHelper>(text) else {
            let why = "malformed".to_owned();
            return self.say(ToHelper::Denied { of: String::new(), id: None, why }).await;
        };
        if envelope.sid != self.share {
            let why = "share".to_owned();
            return self.say(ToHelper::Denied { of: body.name().to_owned(), id: None, why }).await;
        }
        // A frame that was sent again does nothing again; one that is lost is lost, as a gesture is.
        if envelope.seq != 0 && envelope.epoch == self.epoch {
            if envelope.seq <= self.heard {
                return Ok(());
            }
            self.heard = envelope.seq;
        }
        match body {
            FromHelper::Leave {} => Err(Closed),
            FromHelper::Ping { n } => self.say(ToHelper::Pong { n }).await,
            FromHelper::Need { from } => match self.ring.from(from) {
                Some(again) => {
                    for frame in again {
                        self.send(frame).await?;
                    }
                    Ok(())
                }
                None => {
                    self.lost();
                    Ok(())
                }
            },
            body if self.gone => {
                let why = "gone".to_owned();
                self.say(ToHelper::Denied { of: body.name().to_owned(), id: None, why }).await
            }
            body => {
                self.up(&Up::Frame { viewer: self.viewer, epoch: envelope.epoch, body });
                Ok(())
            }
        }
    }
}
