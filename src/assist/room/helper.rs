//! What viewers want. Every frame is decided on here, and a refusal is said: who forges a viewer learns what a viewer may.

use super::Room;
use crate::assist::carried::{Says, To};
use crate::assist::rtc::{Media, Signal};
use crate::assist::wire::{FromHelper, Peer, Person, Role, ToCitizen, ToHelper};
use crate::records::Scope;
use crate::store::StoreError;

/// The longest caption and purpose, in characters.
const WORDS: usize = 200;

/// The longest value that is proposed, in characters.
const VALUE: usize = 2_000;

/// The longest id, in characters.
const ID: usize = 64;

/// The most steps of a list.
const STEPS: usize = 20;

/// The longest a highlight stays, in seconds.
const HIGHLIGHT: f64 = 3_600.0;

impl Room {
    /// Takes a frame of a viewer.
    pub(super) async fn wants(
        &mut self,
        viewer: u64,
        epoch: u32,
        body: FromHelper,
    ) -> Result<(), StoreError> {
        match self.refusal(viewer, epoch, &body).await? {
            None => self.granted(viewer, body).await,
            Some(_) if self.over => Ok(()),
            Some(why) => {
                self.assist.metrics.assist_denied(why);
                let id = match &body {
                    FromHelper::Hl { id, .. }
                    | FromHelper::Steps { id, .. }
                    | FromHelper::FillPropose { id, .. } => Some(id.chars().take(ID).collect()),
                    _ => None,
                };
                let denied = ToHelper::Denied { of: body.name().to_owned(), id, why: why.to_owned() };
                self.down(To::One(viewer), Says::Frame(denied), Vec::new());
                Ok(())
            }
        }
    }

    /// Why a frame is refused.
    async fn refusal(
        &mut self,
        viewer: u64,
        epoch: u32,
        body: &FromHelper,
    ) -> Result<Option<&'static str>, StoreError> {
        let Some(known) = self.viewers.get(&viewer) else { return Ok(Some("not_joined")) };
        if !known.rates.admit(body) {
            return Ok(Some("rate"));
        }
        let scope = match body {
            FromHelper::Leave {} | FromHelper::Ping { .. } | FromHelper::Pong { .. } => return Ok(None),
            FromHelper::Need { .. } | FromHelper::Resnap { .. } => {
                return Ok((!self.allows(Scope::View)).then_some("consent"));
            }
            FromHelper::Ask { .. } | FromHelper::Rtc(_) => None,
            FromHelper::Ptr { .. }
            | FromHelper::Hl { .. }
            | FromHelper::HlClear { .. }
            | FromHelper::Steps { .. } => Some(Scope::Point),
            FromHelper::FillPropose { .. } => Some(Scope::Fill),
        };
        if known.role != Role::Owner {
            return Ok(Some("role"));
        }
        // Positions and addresses are many, so for them the last look at the store counts; it is renewed with every change of the
        // conversation that the bus tells of.
        if !matches!(body, FromHelper::Ptr { .. } | FromHelper::Rtc(Signal::Ice { .. })) {
            self.look_at_owner().await?;
        }
        if !self.owned {
            return Ok(Some("owner"));
        }
        if let FromHelper::Rtc(signal) = body {
            return Ok(self.signal_refusal(viewer, epoch, signal));
        }
        let Some(scope) = scope else {
            if self.peer() == Peer::Gone {
                return Ok(Some("gone"));
            }
            return Ok(if let FromHelper::Ask { scope } = body { self.asking_refusal(*scope) } else { None });
        };
        if !self.allows(scope) {
            return Ok(Some("consent"));
        }
        if self.paused {
            return Ok(Some("paused"));
        }
        if !self.peer().takes() {
            return Ok(Some("gone"));
        }
        if epoch != self.epoch {
            return Ok(Some("epoch"));
        }
        Ok(self.unfit(body))
    }

    /// What is wrong with what a frame says.
    fn unfit(&self, body: &FromHelper) -> Option<&'static str> {
        let within = |text: &str, most: usize| text.chars().count() <= most;
        let known = |node: u32| (!self.nodes.has(node)).then_some("node");
        match body {
            FromHelper::Ptr { node, dx, dy } => {
                let inside = |at: &f64| (0.0..=1.0).contains(at);
                if inside(dx) && inside(dy) { known(*node) } else { Some("out_of_range") }
            }
            FromHelper::Hl { id, node, text, ttl, .. } => {
                if !within(id, ID) || !within(text, WORDS) {
                    Some("too_long")
                } else if !(0.0..=HIGHLIGHT).contains(ttl) {
                    Some("out_of_range")
                } else {
                    known(*node)
                }
            }
            FromHelper::Steps { id, list, .. } => {
                if !within(id, ID) || list.len() > STEPS || list.iter().any(|step| !within(&step.text, WORDS))
                {
                    return Some("too_long");
                }
                list.iter().find_map(|step| known(step.node))
            }
            FromHelper::FillPropose { id, node, value, purpose, expect } => {
                let short = within(id, ID)
                    && within(value, VALUE)
                    && within(purpose, WORDS)
                    && within(&expect.name, WORDS)
                    && within(&expect.label, WORDS);
                if !short {
                    return Some("too_long");
                }
                known(*node).or_else(|| self.nodes.forbidden(*node))
            }
            _ => None,
        }
    }

    async fn granted(&mut self, viewer: u64, body: FromHelper) -> Result<(), StoreError> {
        let who =
            self.viewers.get(&viewer).map(|viewer| format!("helper:{}", viewer.name)).unwrap_or_default();
        match body {
            FromHelper::Leave {} => {
                self.viewers.remove(&viewer);
                self.tell_permissions();
                self.viewer_left(viewer).await?;
            }
            FromHelper::Ping { n } => {
                self.down(To::One(viewer), Says::Frame(ToHelper::Pong { n }), Vec::new());
            }
            FromHelper::Pong { .. } => {}
            FromHelper::Need { .. } => self.welcome(viewer),
            // Something does not agree, so what is kept may not agree either.
            FromHelper::Resnap { .. } => self.ask_snap("viewer"),
            FromHelper::Rtc(signal) => self.helper_signals(viewer, signal).await?,
            FromHelper::Ask { scope } => {
                if let Some(media) = Media::of(scope) {
                    self.asked(viewer, media);
                }
                let detail = Some(scope.name().to_owned());
                self.assist.shares.note(&self.record.id, &who, "asked_for", detail).await?;
                let request = ToCitizen::ShareRequest {
                    scope,
                    helper: Person::new(&self.record.helper),
                    purpose: self.record.purpose.clone(),
                };
                self.tell_citizen(&request);
            }
            FromHelper::FillPropose { node, .. } => {
                let detail = Some(format!("node {node}"));
                self.assist.shares.note(&self.record.id, &who, "proposed", detail).await?;
                self.tell_citizen(&body);
            }
            FromHelper::Ptr { .. }
            | FromHelper::Hl { .. }
            | FromHelper::HlClear { .. }
            | FromHelper::Steps { .. } => {
                self.tell_citizen(&body);
            }
        }
        Ok(())
    }
}
