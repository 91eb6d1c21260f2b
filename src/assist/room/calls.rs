//! Calls: a helper asks, the citizen allows, and then two browsers speak to each other. What was allowed lasts as long as the
//! call and not a moment longer, so whoever asks again is asked about again. Only who asked hears and sees: watchers are
//! told that somebody is spoken with, and nothing else.

use std::collections::BTreeMap;

use governor::DefaultDirectRateLimiter;

use super::Room;
use crate::assist::ShareError;
use crate::assist::carried::{Says, To};
use crate::assist::rate;
use crate::assist::rtc::{Media, Side, Signal};
use crate::assist::wire::{Begin, Over, Reluctance, Role, ToCitizen, ToHelper};
use crate::records::token::fresh_short;
use crate::records::{Scope, ShareKind};
use crate::store::StoreError;

/// How many descriptions and addresses each side sends in a call; browsers send one and about twenty, and the same again
/// when somebody changes networks.
const OFFERS: u32 = 10;
const ADDRESSES: u32 = 300;

struct Call {
    id: String,
    viewer: u64,
    connected: bool,
    offers: u32,
    addresses: u32,
}

/// The calls of a room.
pub(super) struct Calls {
    asked: BTreeMap<Media, u64>,
    running: BTreeMap<Media, Call>,
    rate: DefaultDirectRateLimiter,
}

impl Default for Calls {
    fn default() -> Self {
        Self { asked: BTreeMap::new(), running: BTreeMap::new(), rate: rate::signals() }
    }
}

impl Room {
    pub(super) fn is_running(&self, media: Media) -> bool {
        self.calls.running.contains_key(&media)
    }

    /// Who would hear or see, if the citizen allowed it now.
    fn caller(&self, media: Media) -> Option<u64> {
        let owns = |viewer: &u64| self.viewers.get(viewer).is_some_and(|known| known.role == Role::Owner);
        let asked = self.calls.asked.get(&media).copied().filter(owns);
        // A share of the desktop is itself the question.
        let implied = media == Media::Screen && self.record.kind == ShareKind::Screen;
        asked.or_else(|| self.viewers.keys().rev().copied().find(owns).filter(|_| implied))
    }

    /// Whether the citizen has something to allow.
    pub(super) fn is_wanted(&self, media: Media) -> bool {
        self.assist.offers(media) && !self.is_running(media) && self.caller(media).is_some()
    }

    /// Why a helper may not ask.
    pub(super) fn asking_refusal(&self, scope: Scope) -> Option<&'static str> {
        let media = Media::of(scope)?;
        if !self.assist.offers(media) {
            return Some("off");
        }
        self.is_running(media).then_some("busy")
    }

    pub(super) fn asked(&mut self, viewer: u64, media: Media) {
        self.calls.asked.insert(media, viewer);
        self.assist.metrics.assist_call(media.name(), "asked");
    }

    /// The citizen said no, or the browser did.
    pub(super) async fn refused(&mut self, media: Media, why: Option<Reluctance>) -> Result<(), StoreError> {
        let why = why.unwrap_or(Reluctance::Declined).name();
        let Some(viewer) = self.caller(media) else { return Ok(()) };
        self.calls.asked.remove(&media);
        self.assist.metrics.assist_call(media.name(), "refused");
        self.say_to(viewer, ToHelper::CallEnd(Over { call: None, media, why: why.to_owned() }));
        let detail = Some(format!("{} {why}", media.name()));
        self.assist.shares.note(&self.record.id, "citizen", "call_refused", detail).await
    }

    /// The citizen allowed it: both browsers learn how to find each other.
    pub(super) async fn begin_call(&mut self, media: Media) -> Result<(), StoreError> {
        if self.over || !self.allows(media.scope()) || self.is_running(media) {
            return Ok(());
        }
        let Some(viewer) = self.caller(media) else { return Ok(()) };
        self.calls.asked.remove(&media);
        let id = fresh_short();
        let call = Call { id: id.clone(), viewer, connected: false, offers: 0, addresses: 0 };
        self.calls.running.insert(media, call);
        self.assist.metrics.assist_call(media.name(), "begun");
        let detail = Some(media.name().to_owned());
        let who = format!("helper:{}", self.record.helper);
        self.assist.shares.note(&self.record.id, &who, "call_begun", detail).await?;
        let (now, ice) = (self.now(), &self.assist.calling.ice);
        let begin = |side: &str| Begin {
            call: id.clone(),
            media,
            ice: ice.servers(&format!("{id}-{side}"), now),
            relay_only: ice.relay_only,
        };
        let (citizen, helper) = (begin("c"), begin("h"));
        // First who answers, so that the offer finds somebody.
        self.say_to(viewer, ToHelper::Call(helper));
        self.tell_citizen(&ToCitizen::Call(citizen));
        Ok(())
    }

    /// Ends a call for both sides, and with it what was allowed for it.
    pub(super) async fn end_call(&mut self, media: Media, why: &str, who: &str) -> Result<(), StoreError> {
        if !self.cut_call(media, why) {
            return Ok(());
        }
        self.tell_permissions();
        match self.assist.shares.end_call(&self.record.id, who, media.scope(), why).await {
            Ok(record) => {
                self.record = record;
                Ok(())
            }
            Err(ShareError::Store(error)) => Err(error),
            Err(_) => {
                self.cut("gone");
                Ok(())
            }
        }
    }

    /// Ends a call in memory, at once. False: there was none.
    pub(super) fn cut_call(&mut self, media: Media, why: &str) -> bool {
        let Some(call) = self.calls.running.remove(&media) else { return false };
        self.record.consents.remove(&media.scope());
        let failed = !call.connected && why != "hangup";
        self.assist.metrics.assist_call(media.name(), if failed { "failed" } else { "ended" });
        let over = Over { call: Some(call.id), media, why: why.to_owned() };
        self.say_to(call.viewer, ToHelper::CallEnd(over.clone()));
        self.tell_citizen(&ToCitizen::CallEnd(over));
        true
    }

    /// Writes down that a call ended.
    pub(super) async fn note_ended(&self, media: Media, why: &str, who: &str) -> Result<(), StoreError> {
        let detail = Some(format!("{} {why}", media.name()));
        self.assist.shares.note(&self.record.id, who, "call_ended", detail).await
    }

    /// There is nobody to speak with, or not any more.
    pub(super) fn say_over(&mut self, media: Media, why: &str) {
        self.tell_citizen(&ToCitizen::CallEnd(Over { call: None, media, why: why.to_owned() }));
    }

    fn say_to(&mut self, viewer: u64, frame: ToHelper) {
        self.down(To::One(viewer), Says::Frame(frame), Vec::new());
    }

    /// A helper's socket is gone: nothing reaches who spoke, so it is over for the citizen as well.
    pub(super) async fn viewer_left(&mut self, viewer: u64) -> Result<(), StoreError> {
        for media in Media::ALL {
            if self.calls.asked.get(&media) == Some(&viewer) {
                self.calls.asked.remove(&media);
                self.say_over(media, "helper");
            }
            if self.calls.running.get(&media).is_some_and(|call| call.viewer == viewer) {
                self.end_call(media, "lost", "system").await?;
            }
        }
        Ok(())
    }

    /// The citizen's page is here, again or anew. A call does not outlive its page, nor the room that knew of it.
    pub(super) async fn settle_calls(&mut self, another_page: bool) -> Result<(), StoreError> {
        for media in Media::ALL {
            if self.is_running(media) {
                if another_page {
                    self.end_call(media, "page", "citizen").await?;
                }
            } else if self.record.consents.contains_key(&media.scope()) {
                self.say_over(media, "server");
                self.record.consents.remove(&media.scope());
                self.tell_permissions();
                match self.assist.shares.end_call(&self.record.id, "system", media.scope(), "server").await {
                    Ok(record) => self.record = record,
                    Err(ShareError::Store(error)) => return Err(error),
                    Err(_) => self.cut("gone"),
                }
            }
        }
        Ok(())
    }

    /// The room closes. Both sides know from the end of the share; the audit is still to be told.
    pub(super) async fn leave_calls(&mut self) {
        for (media, _) in std::mem::take(&mut self.calls.running) {
            self.assist.metrics.assist_call(media.name(), "ended");
            if let Err(error) = self.note_ended(media, "share", "system").await {
                tracing::error!(error = &error as &dyn std::error::Error, "the end of a call was not noted");
            }
        }
    }

    /// What the citizen's browser says to the helper's.
    pub(super) async fn citizen_signals(&mut self, signal: Signal) -> Result<(), StoreError> {
        let media = signal.media();
        // What is still on its way when a call ends is no fault.
        let Some(call) = self.calls.running.get_mut(&media).filter(|call| call.id == signal.call()) else {
            return Ok(());
        };
        match signal {
            Signal::Offer { .. } => call.offers += 1,
            Signal::Ice { .. } => call.addresses += 1,
            _ => {}
        }
        if call.offers > OFFERS || call.addresses > ADDRESSES || self.calls.rate.check().is_err() {
            return self.end_call(media, "rate", "system").await;
        }
        if matches!(signal, Signal::Offer { .. }) {
            self.look_at_owner().await?;
        }
        if !self.owned || !self.allows(media.scope()) {
            return self.end_call(media, "owner", "system").await;
        }
        match signal.fit(Side::Citizen, self.assist.calling.ice.relay_only) {
            Err(why) => {
                self.assist.metrics.assist_denied(why);
                self.end_call(media, why, "system").await
            }
            Ok(Some(Signal::Bye { why, .. })) => self.end_call(media, why.name(), "citizen").await,
            Ok(Some(Signal::Up { .. })) => self.connected(media).await,
            Ok(Some(signal)) => {
                let Some(call) = self.calls.running.get(&media) else { return Ok(()) };
                self.say_to(call.viewer, ToHelper::Rtc(signal));
                Ok(())
            }
            Ok(None) => Ok(()),
        }
    }

    async fn connected(&mut self, media: Media) -> Result<(), StoreError> {
        let Some(call) = self.calls.running.get_mut(&media).filter(|call| !call.connected) else {
            return Ok(());
        };
        call.connected = true;
        self.assist.metrics.assist_call(media.name(), "connected");
        let detail = Some(media.name().to_owned());
        self.assist.shares.note(&self.record.id, "citizen", "call_connected", detail).await
    }

    /// Why the helper's browser may not say this. That it is owner's, and the owner still is, was looked at before.
    pub(super) fn signal_refusal(&self, viewer: u64, epoch: u32, signal: &Signal) -> Option<&'static str> {
        let media = signal.media();
        if matches!(signal, Signal::Bye { .. }) {
            // What is over can be ended again.
            return None;
        }
        if !self.allows(media.scope()) {
            return Some("consent");
        }
        if epoch != self.epoch {
            return Some("epoch");
        }
        let Some(call) = self.calls.running.get(&media) else { return Some("no_call") };
        if call.id != signal.call() || call.viewer != viewer {
            return Some("no_call");
        }
        signal.clone().fit(Side::Helper, self.assist.calling.ice.relay_only).err()
    }

    pub(super) async fn helper_signals(&mut self, viewer: u64, signal: Signal) -> Result<(), StoreError> {
        let media = signal.media();
        let who = format!("helper:{}", self.record.helper);
        match signal.fit(Side::Helper, self.assist.calling.ice.relay_only) {
            Ok(Some(Signal::Bye { call, why, .. })) => {
                let runs = self.calls.running.get(&media);
                if runs.is_some_and(|running| running.id == call && running.viewer == viewer) {
                    return self.end_call(media, why.name(), &who).await;
                }
                if self.calls.asked.get(&media) == Some(&viewer) {
                    // Not asked for any longer.
                    self.calls.asked.remove(&media);
                    self.say_over(media, "helper");
                }
                Ok(())
            }
            Ok(Some(signal)) => {
                self.tell_citizen(&ToCitizen::Rtc(signal));
                Ok(())
            }
            Ok(None) | Err(_) => Ok(()),
        }
    }
}
