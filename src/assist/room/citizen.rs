//! What the citizen's page says. Consent is the page's alone: no other frame, and no helper, can give it.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::{Arrived, Room};
use crate::assist::carried::{Says, To};
use crate::assist::order::Took;
use crate::assist::rtc::Media;
use crate::assist::wire::{self, Bulk, BulkKind, FromCitizen, Peer, ToCitizen, ToHelper, Visibility};
use crate::assist::{Frame, ShareError};
use crate::records::Scope;
use crate::store::StoreError;

/// How often the same frames are asked for.
const AGAIN: Duration = Duration::from_millis(500);

/// How long a field is shown at most, and what is added because clocks of two machines are not one.
const REVEAL: u32 = 60;
const SLACK: Duration = Duration::from_secs(5);

/// How many frames that cannot be read end a share.
const FAULTS: u32 = 5;

impl Room {
    /// Takes a frame as it arrives, and handles what is in order now.
    pub(super) async fn arrived(&mut self, frame: Frame) -> Result<(), StoreError> {
        let (seq, epoch, arrived) = match frame {
            Frame::Answered(ms) => {
                self.tell_viewers(ToHelper::Lag { ms });
                return Ok(());
            }
            Frame::Text(text) => match wire::parse::<FromCitizen>(&text) {
                Ok((envelope, body)) if envelope.sid == self.record.id => {
                    (envelope.seq, envelope.epoch, Arrived::Says(body))
                }
                _ => return self.fault().await,
            },
            Frame::Binary(bytes) => {
                self.assist.metrics.assist_frame("citizen", bytes.len());
                if bytes.len() > self.assist.limits.frame_bytes {
                    return self.end("too_large", "system").await;
                }
                match Bulk::parse(&bytes) {
                    Ok(bulk) => (bulk.seq, bulk.epoch, Arrived::Shows(bulk.kind, bulk.body)),
                    Err(_) => return self.fault().await,
                }
            }
        };
        // What belongs to a page that was left says nothing of this one.
        if epoch != self.epoch {
            return Ok(());
        }
        // Too fast: it lacks from now on, and is asked for again when there is room.
        if self.rate.check().is_err() {
            return Ok(());
        }
        if matches!(arrived, Arrived::Says(FromCitizen::Need { .. })) && seq == 0 {
            return self.handle(vec![arrived]).await;
        }
        match self.order.take(seq, arrived) {
            Took::Ready(ready) => {
                if self.order.lacking().is_none() {
                    self.needed = None;
                }
                self.handle(ready).await
            }
            Took::Repeated => Ok(()),
            Took::Waits(from) => {
                self.need(from);
                Ok(())
            }
            Took::Beyond(frame) => {
                // What is between is lost: the page keeps no more than we could have asked for. A whole picture is as good.
                self.order.jump(seq.saturating_add(1));
                self.stale = true;
                self.handle(vec![frame]).await?;
                if self.stale {
                    self.ask_snap("lost");
                }
                Ok(())
            }
        }
    }

    /// Asks the page to send from this number on again, not more often than it can.
    pub(super) fn need(&mut self, from: u32) {
        let now = Instant::now();
        let since = match self.needed {
            Some((same, since, asked)) if same == from => {
                if asked.elapsed() < AGAIN {
                    return;
                }
                since
            }
            _ => now,
        };
        self.needed = Some((from, since, now));
        self.assist.metrics.assist_frame("again", 0);
        self.tell_citizen(&ToCitizen::Need { from });
    }

    async fn fault(&mut self) -> Result<(), StoreError> {
        self.faults += 1;
        if self.faults >= FAULTS { self.end("malformed", "system").await } else { Ok(()) }
    }

    pub(super) async fn handle(&mut self, frames: Vec<Arrived>) -> Result<(), StoreError> {
        for frame in frames {
            if self.over {
                break;
            }
            match frame {
                Arrived::Shows(kind, body) => self.shows(kind, body).await?,
                Arrived::Says(body) => self.says(body).await?,
            }
        }
        Ok(())
    }

    async fn shows(&mut self, kind: BulkKind, body: Bytes) -> Result<(), StoreError> {
        if !self.allows(Scope::View) {
            // After the citizen took it back something may still be on its way; before there can be nothing.
            if self.record.was_seen {
                return Ok(());
            }
            self.assist.alarms.raise("assist_early", self.record.id.clone());
            return self.end("early", "system").await;
        }
        if self.paused {
            self.stale = true;
            return Ok(());
        }
        self.show(kind, body).await
    }

    /// A page whose frame cannot be read is asked for a whole picture; one that goes on like this is not shared.
    pub(super) async fn unreadable(&mut self) -> Result<(), StoreError> {
        self.stale = true;
        self.ask_snap("malformed");
        self.fault().await
    }

    async fn says(&mut self, body: FromCitizen) -> Result<(), StoreError> {
        match body {
            FromCitizen::Consent { scope, ttl } => {
                let media = Media::of(scope);
                if let Some(media) = media
                    && !self.is_wanted(media)
                {
                    self.say_over(media, "gone");
                    return Ok(());
                }
                match self.assist.shares.allow(&self.record.id, scope, ttl).await {
                    Ok(record) => self.record = record,
                    Err(ShareError::Store(error)) => return Err(error),
                    Err(_) => self.cut("gone"),
                }
                self.tell_permissions();
                if let Some(media) = media {
                    self.begin_call(media).await?;
                }
            }
            FromCitizen::Revoke { scope, why } => {
                if let Some(media) = Media::of(scope) {
                    return if self.is_running(media) {
                        self.end_call(media, "hangup", "citizen").await
                    } else {
                        self.refused(media, why).await
                    };
                }
                // It holds from this moment; that it is written down takes a moment longer.
                let mut cut = Vec::new();
                if scope == Scope::View {
                    cut.extend(Media::ALL.into_iter().filter(|media| self.cut_call(*media, "hangup")));
                    self.record.consents.clear();
                } else {
                    self.record.consents.remove(&scope);
                }
                self.told = None;
                self.tell_permissions();
                match self.assist.shares.take_back(&self.record.id, scope).await {
                    Ok(record) => self.record = record,
                    Err(ShareError::Store(error)) => return Err(error),
                    Err(_) => self.cut("gone"),
                }
                for media in cut {
                    self.note_ended(media, "hangup", "citizen").await?;
                }
            }
            FromCitizen::Rtc(signal) => self.citizen_signals(signal).await?,
            FromCitizen::Reveal { node, ttl } => {
                if self.allows(Scope::View) && self.nodes.has(node) {
                    let shown = Duration::from_secs(ttl.min(REVEAL).into()) + SLACK;
                    if let Ok(until) = self.now().checked_add(shown) {
                        self.revealed.insert(node, until);
                    }
                    let detail = Some(format!("node {node}"));
                    self.assist.shares.note(&self.record.id, "citizen", "revealed", detail).await?;
                }
            }
            FromCitizen::Digest { nodes, hash } => {
                if self.is_shown() && !self.stale {
                    self.tell_viewers(ToHelper::Digest { nodes, hash, at_seq: 0 });
                }
            }
            FromCitizen::Ptr { node, dx, dy } => {
                if self.is_shown() {
                    self.tell_viewers(ToHelper::Ptr { node, dx, dy });
                }
            }
            FromCitizen::Scroll { node, x, y } => {
                if self.is_shown() {
                    self.tell_viewers(ToHelper::Scroll { node, x, y });
                }
            }
            FromCitizen::Visible { state } => {
                self.hidden = state == Visibility::Hidden;
                let state = self.peer();
                self.tell_viewers(ToHelper::Peer { state });
            }
            FromCitizen::FillResult { id, result } => {
                let id: String = id.chars().take(64).collect();
                let detail = Some(format!("{result:?}").to_lowercase());
                self.assist.shares.note(&self.record.id, "citizen", "proposal", detail).await?;
                self.down(To::All, Says::Frame(ToHelper::FillResult { id, result }), Vec::new());
            }
            FromCitizen::Pause { on } => {
                self.paused = on;
                if on {
                    // What was seen before stays with nobody who comes now.
                    self.cache = super::Cache::default();
                    self.stale = true;
                }
                self.tell_permissions();
                let state = self.peer();
                self.tell_viewers(ToHelper::Peer { state });
                if !on {
                    self.ask_snap("resumed");
                }
            }
            FromCitizen::Health { long_tasks, .. } => self.assist.metrics.assist_health(long_tasks),
            FromCitizen::Need { from } => match self.ring.from(from) {
                Some(again) => {
                    for text in again {
                        if let Some((_, sender)) = &self.citizen
                            && sender.try_send(Frame::Text(text)).is_err()
                        {
                            self.detached();
                        }
                    }
                }
                // A new socket brings the state of everything.
                None => self.detached(),
            },
            FromCitizen::End { reason } => {
                let known =
                    ["citizen", "slow", "left"].into_iter().find(|known| reason.as_deref() == Some(known));
                self.end(known.unwrap_or("citizen"), "citizen").await?;
            }
            FromCitizen::Ack {} => {}
            FromCitizen::Hello { .. } => self.fault().await?,
        }
        Ok(())
    }

    fn is_shown(&self) -> bool {
        self.allows(Scope::View) && !self.paused
    }
}

impl Peer {
    /// Whether the page can take something from a helper.
    pub(super) fn takes(self) -> bool {
        matches!(self, Self::Online | Self::Hidden)
    }
}
