//! A message arrives: checked, made durable, and only then acknowledged.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use adapters::{
    Accepted, Audience, Content, Cursor, Inbound, Intake, LiveStream, LoginLink, LoginRefused, LoginState,
    Outbound, Peer, SubmitError, Thread, Ticket,
};
use async_trait::async_trait;
use futures::StreamExt;
use governor::clock::Clock as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::lease::LeaseRecord;
use super::shown::Shown;
use super::{Gateway, translate};
use crate::bus::{Event, topic};
use crate::dialogue::{Phrase, Stage, StageEvent};
use crate::privacy::mask;
use crate::records::{
    AuthorRecord, Change, ChangeError, ConversationRecord, MessageRecord, PeerRecord, RatingRecord, keys,
};
use crate::store::{StoreError, StoreExt, Version};

/// How often accepting is tried again when another message of the same citizen came first.
const TRIES: usize = 64;

/// The longest name of a place, in characters.
const LABEL: usize = 100;

/// The longest id of an entry, in bytes.
const ENTRY_ID: usize = 200;

/// A message that waits to be handled.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct InboxRecord {
    pub(super) number: u64,
    /// The place of what stands in the thread for it.
    #[serde(default)]
    pub(super) seq: Option<u64>,
    pub(super) content: Content,
    pub(super) region: Option<String>,
    #[serde(default)]
    pub(super) audience: Option<Audience>,
    pub(super) received_at: Timestamp,
}

/// What a platform's message id was accepted as.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct DedupeRecord {
    conversation: String,
    seq: Option<u64>,
    number: Option<u64>,
    pub(super) at: Timestamp,
}

/// Why one attempt to accept did not succeed.
pub(super) enum Obstacle {
    /// Another change came first.
    Again,
    /// It cannot be accepted.
    Refused(SubmitError),
}

impl From<StoreError> for Obstacle {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a message could not be made durable");
        Self::Refused(SubmitError::Unavailable)
    }
}

/// The gateway as the channels see it.
pub struct GatewayIntake(pub Arc<Gateway>);

#[async_trait]
impl Intake for GatewayIntake {
    async fn submit(&self, inbound: Inbound) -> Result<Ticket, SubmitError> {
        let taken = self.0.accept(inbound).await;
        if let Err(error) = &taken {
            self.0.metrics.refused(error.code());
        }
        taken
    }

    async fn thread(&self, peer: &Peer, cursor: &Cursor) -> Result<Thread, SubmitError> {
        self.0.read(peer, cursor).await
    }

    fn watch(&self, peer: &Peer) -> LiveStream {
        self.0.live(peer)
    }

    async fn typing(&self, peer: &Peer) {
        if let Ok(Some(record)) = self.0.ledger.of_peer(peer.channel.as_str(), &peer.address).await {
            self.0.ledger.events().publish(topic::DESK, &Event::CitizenTypes { conversation: record.id });
        }
    }

    async fn begin_login(&self, peer: &Peer, origin: Option<&str>) -> Result<LoginLink, LoginRefused> {
        self.0.begin_login(peer, origin).await
    }

    async fn login_state(&self, peer: &Peer) -> Result<LoginState, LoginRefused> {
        self.0.login_state(peer).await
    }

    async fn confirm_login(&self, peer: &Peer, code: &str) -> Result<(), LoginRefused> {
        self.0.confirm_login(peer, code).await
    }
}

impl Gateway {
    async fn accept(self: &Arc<Self>, mut inbound: Inbound) -> Result<Ticket, SubmitError> {
        inbound.content = self.checked(inbound.content)?;
        if let Content::Stop = inbound.content {
            return self.stop_draft(&inbound.peer).await;
        }
        self.locate(&mut inbound);
        for _ in 0..TRIES {
            match self.try_accept(&inbound).await {
                Ok((accepted, number)) => {
                    if inbound.content == Content::Human {
                        // Whoever wants a person does not want to wait for the robot to finish its sentence.
                        let topic = topic::peer(inbound.peer.channel.as_str(), &inbound.peer.address);
                        self.ledger.events().publish(&topic, &Event::Stop);
                    }
                    if number.is_some() && !accepted.repeated {
                        self.waiting.accepted();
                        self.metrics.accepted(inbound.peer.channel.as_str());
                        self.wake(&accepted.conversation);
                        if let Content::Media { .. } = inbound.content {
                            self.fetch_files_of(&accepted).await;
                        }
                    }
                    return Ok(self.ticket(accepted, number));
                }
                Err(Obstacle::Again) => {}
                Err(Obstacle::Refused(error)) => return Err(error),
            }
        }
        Err(SubmitError::Busy { retry_after: Duration::from_secs(1) })
    }

    /// Keeps the district of an address that is going to be hidden: it says whose office is responsible.
    fn locate(&self, inbound: &mut Inbound) {
        let (Content::Text { text }, None) = (&inbound.content, &inbound.region) else { return };
        if let Cow::Owned(masked) = mask(text)
            && self.engine.region(&masked).is_none()
        {
            inbound.region = self.engine.region(text);
        }
    }

    /// Refuses what cannot be read, and takes away what no reader can see.
    fn checked(&self, content: Content) -> Result<Content, SubmitError> {
        let limit = self.settings.message_chars;
        let readable = |text: String| {
            let text: String =
                text.chars().filter(|&c| !c.is_control() || matches!(c, '\n' | '\t')).collect::<String>();
            let text = text.trim().to_owned();
            if text.chars().count() > limit { Err(SubmitError::TooLong { limit }) } else { Ok(text) }
        };
        match content {
            Content::Text { text } => {
                let text = readable(text)?;
                // Format characters alone (zero-width joiners, marks of direction) show nothing either.
                let blank = text.chars().all(|c| {
                    c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
                });
                if blank { Err(SubmitError::Empty) } else { Ok(Content::Text { text }) }
            }
            Content::Rating { score, comment } => {
                if !(1..=5).contains(&score) {
                    return Err(SubmitError::NotNow);
                }
                let comment = comment.map(readable).transpose()?.filter(|comment| !comment.is_empty());
                Ok(Content::Rating { score, comment })
            }
            Content::Media { media, text } => {
                let text = text.map(readable).transpose()?.filter(|text| !text.is_empty());
                Ok(Content::Media { media, text })
            }
            Content::Place { lat, lng, label } => {
                if !((-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lng)) {
                    return Err(SubmitError::NotNow);
                }
                let label = label.map(readable).transpose()?;
                let label = label.map(|label| label.chars().take(LABEL).collect::<String>());
                Ok(Content::Place { lat, lng, label: label.filter(|label| !label.is_empty()) })
            }
            Content::Open { entry } if entry.trim().is_empty() || entry.len() > ENTRY_ID => {
                Err(SubmitError::UnknownMessage)
            }
            other => Ok(other),
        }
    }

    /// One attempt; returns what was accepted and the number of its inbox item.
    async fn try_accept(&self, inbound: &Inbound) -> Result<(Accepted, Option<u64>), Obstacle> {
        let (channel, address) = (inbound.peer.channel.as_str(), inbound.peer.address.as_str());
        let dedupe = keys::dedupe(channel, address, &inbound.id);
        // The dedupe record is asked before the limits: a platform that repeats an accepted message gets its answer.
        if let Some((known, _)) = self.ledger.store().get_json::<DedupeRecord>(&dedupe).await? {
            let accepted = Accepted { conversation: known.conversation, seq: known.seq, repeated: true };
            return Ok((accepted, known.number));
        }
        self.admit(inbound)?;
        let current = self.ledger.of_peer(channel, address).await?;
        let rated = self.rated_in_words(inbound, current.as_ref()).await?;
        let inbound = rated.as_ref().unwrap_or(inbound);
        let stage = match &current {
            Some(record) => Some(record.conversation()?.stage),
            None => None,
        };
        let current = match (&inbound.content, current, stage) {
            (Content::Anew, Some(_), Some(stage)) => {
                if !matches!(stage, Stage::Closed | Stage::LeftMessage) {
                    return Err(Obstacle::Refused(SubmitError::NotNow));
                }
                None
            }
            // Whoever opens an entry or looks for a window wants an answer of the robot, not the person of yesterday.
            (Content::Open { .. } | Content::Place { .. }, _, Some(Stage::WrapUp | Stage::Closed)) => None,
            (Content::Hello, _, Some(Stage::Closed)) => None,
            (_, Some(record), _) if self.is_over(&record)? => None,
            (_, current, _) => current,
        };
        match current {
            Some(record) => self.accept_into(inbound, record).await,
            None => self.accept_first(inbound).await,
        }
    }

    /// When a citizen who is faster than the configured rate may try again.
    pub(super) fn too_fast(&self, peer: &Peer) -> Option<Duration> {
        let early = self.limiter.as_ref()?.check_key(&format!("{}/{}", peer.channel, peer.address)).err()?;
        Some(early.wait_time_from(governor::clock::DefaultClock::default().now()))
    }

    /// Back-pressure: what is over the limits is refused before anything is stored.
    fn admit(&self, inbound: &Inbound) -> Result<(), Obstacle> {
        if let Some(retry_after) = self.too_fast(&inbound.peer) {
            return Err(Obstacle::Refused(SubmitError::RateLimited { retry_after }));
        }
        if self.pending() >= self.settings.queue_depth {
            return Err(Obstacle::Refused(SubmitError::Busy { retry_after: Duration::from_secs(2) }));
        }
        Ok(())
    }

    /// Whether a conversation ended so long ago that a new one begins.
    fn is_over(&self, record: &ConversationRecord) -> Result<bool, StoreError> {
        let Some(closed_at) = record.conversation()?.closed_at else { return Ok(false) };
        let age = self.ledger.now().duration_since(closed_at);
        Ok(age
            > jiff::SignedDuration::try_from(self.settings.reopen_within)
                .unwrap_or(jiff::SignedDuration::MAX))
    }

    /// The first message of a conversation.
    async fn accept_first(&self, inbound: &Inbound) -> Result<(Accepted, Option<u64>), Obstacle> {
        if matches!(inbound.content, Content::Choice { .. } | Content::Feedback { .. }) {
            return Err(Obstacle::Refused(SubmitError::UnknownMessage));
        }
        if matches!(inbound.content, Content::Rating { .. }) {
            return Err(Obstacle::Refused(SubmitError::NotNow));
        }
        let (channel, address) = (inbound.peer.channel.as_str(), inbound.peer.address.as_str());
        let id = Uuid::now_v7().to_string();
        let locale = translate::locale(inbound.locale);
        let record = ConversationRecord::new(id.clone(), channel, address, locale, self.ledger.now());
        let peer = keys::peer(channel, address);
        let known = self.ledger.store().get(&peer).await?.map(|(_, version)| version);
        let mut accepted = (Accepted { conversation: id.clone(), seq: None, repeated: false }, None);
        let shown = self.shown(inbound, None).await?;
        let begun = self.ledger.begin(record, |change| {
            change.check(peer.clone(), known);
            change.put(peer, &PeerRecord { conversation: id.clone() });
            change.put(keys::history(channel, address, change.now, &id), &());
            if inbound.content == Content::Anew {
                self.remember(change, inbound, None, None);
            } else {
                accepted = self.enter(change, inbound, shown, None);
            }
            Ok(())
        });
        match begun.await {
            Ok(Some(_)) => Ok(accepted),
            Ok(None) => Err(Obstacle::Again),
            Err(error) => Err(obstacle(error)),
        }
    }

    /// A further message of a conversation.
    async fn accept_into(
        &self,
        inbound: &Inbound,
        record: ConversationRecord,
    ) -> Result<(Accepted, Option<u64>), Obstacle> {
        let id = record.id.clone();
        let referred = match &inbound.content {
            Content::Choice { message, .. } | Content::Feedback { message, .. } => {
                let found = self.ledger.message(&id, message).await?;
                Some(found.ok_or(Obstacle::Refused(SubmitError::UnknownMessage))?)
            }
            _ => None,
        };
        let shown = self.shown(inbound, referred.as_ref()).await?;
        if let (Content::Choice { .. }, None) = (&inbound.content, &shown) {
            return Err(Obstacle::Refused(SubmitError::UnknownMessage));
        }
        let lease = self.ledger.store().get_json::<LeaseRecord>(&keys::lease(&id)).await?;
        let changed = self.ledger.change(&id, |change| {
            if let Content::Rating { score, comment } = &inbound.content {
                return self.rate(change, inbound, *score, comment.clone());
            }
            if let (Content::Feedback { useful, .. }, Some(message)) = (&inbound.content, &referred) {
                let mut judged = message.clone();
                judged.feedback = Some(if *useful { "useful" } else { "useless" }.to_owned());
                change.put(keys::message(&id, judged.seq), &judged);
                change.touch();
                // A thumb up asks for no reply, and a thumb down calls a person only while the robot speaks.
                if *useful || change.state().stage != Stage::Robot {
                    self.remember(change, inbound, None, None);
                    return Ok((Accepted { conversation: id.clone(), seq: None, repeated: false }, None));
                }
            }
            if inbound.locale == adapters::Locale::En {
                change.record.english = true;
            }
            Ok(self.enter(change, inbound, shown.clone(), lease.as_ref()))
        });
        match changed.await {
            Ok((accepted, _)) => Ok(accepted),
            // The lease changed hands between reading and committing; reading again shows whose it is.
            Err(ChangeError::Fenced) => Err(Obstacle::Again),
            Err(error) => Err(obstacle(error)),
        }
    }

    /// Writes the citizen's words into the thread, the message into the inbox, and takes the lease in passing when
    /// nobody holds it: one commit instead of two.
    fn enter(
        &self,
        change: &mut Change,
        inbound: &Inbound,
        shown: Option<Shown>,
        lease: Option<&(LeaseRecord, Version)>,
    ) -> (Accepted, Option<u64>) {
        let id = change.record.id.clone();
        let seq = shown.map(|shown| self.show(change, inbound, shown));
        change.touch();
        change.record.last_inbox += 1;
        let number = change.record.last_inbox;
        let mut content = translate::masked(inbound.content.clone());
        if let (Content::Open { entry }, None) = (&mut content, seq) {
            // There is no such entry, so it may be anything.
            *entry = mask(entry).into_owned();
        }
        let item = InboxRecord {
            number,
            seq,
            content,
            region: inbound.region.as_deref().map(|region| mask(region).into_owned()),
            audience: inbound.audience,
            received_at: inbound.received_at,
        };
        change.put(keys::inbox(&id, number), &item);
        let free = lease.is_none_or(|(lease, _)| {
            !lease.is_ours(&self.node, change.now) && !lease.is_theirs(&self.node, change.now)
        });
        if free {
            let key = keys::lease(&id);
            change.check(key.clone(), lease.map(|(_, version)| *version));
            change.put(key, &self.next_lease(lease.map(|(lease, _)| lease), change.now));
        }
        self.remember(change, inbound, seq, Some(number));
        (Accepted { conversation: id, seq, repeated: false }, Some(number))
    }

    /// Remembers the platform's message id, so that a redelivery is recognised.
    fn remember(&self, change: &mut Change, inbound: &Inbound, seq: Option<u64>, number: Option<u64>) {
        let key = keys::dedupe(inbound.peer.channel.as_str(), &inbound.peer.address, &inbound.id);
        let record = DedupeRecord { conversation: change.record.id.clone(), seq, number, at: change.now };
        change.check(key.clone(), None);
        change.put(key, &record);
    }

    fn rate(
        &self,
        change: &mut Change,
        inbound: &Inbound,
        score: u8,
        comment: Option<String>,
    ) -> Result<(Accepted, Option<u64>), ChangeError> {
        let stage = change.state().stage;
        if !matches!(stage, Stage::WrapUp | Stage::Closed) {
            return Err(ChangeError::Refused("there is nothing to rate yet"));
        }
        let helper = change.state().owner.clone().or_else(|| change.state().previous_owner.clone());
        // The citizen never sees it again, so nothing is kept of what is hidden in it.
        let comment = comment.map(|comment| mask(&comment).into_owned());
        let rating = RatingRecord { score, comment, at: change.now, helper };
        change.put(keys::rating(change.now, &change.record.id), &rating);
        let is_bad = rating.is_bad();
        change.record.rating = Some(rating);
        if stage == Stage::WrapUp {
            change.apply(StageEvent::Settle)?;
        }
        let phrase = if is_bad { Phrase::RatedBad } else { Phrase::Rated };
        let words = self.engine.phrases().get(phrase, change.record.locale()).to_owned();
        change.append(MessageRecord::new(
            Uuid::now_v7().to_string(),
            AuthorRecord::System,
            change.now,
            words,
        ));
        self.remember(change, inbound, None, None);
        self.metrics.rated(score);
        Ok((Accepted { conversation: change.record.id.clone(), seq: None, repeated: false }, None))
    }

    async fn stop_draft(&self, peer: &Peer) -> Result<Ticket, SubmitError> {
        let record = self.ledger.of_peer(peer.channel.as_str(), &peer.address).await;
        let conversation = record.ok().flatten().map(|record| record.id).unwrap_or_default();
        self.ledger.events().publish(&topic::peer(peer.channel.as_str(), &peer.address), &Event::Stop);
        let accepted = Accepted { conversation, seq: None, repeated: false };
        Ok(Ticket::new(accepted, async { Vec::new() }))
    }

    /// The promise of the turn's replies: they are there once the inbox item is gone.
    fn ticket(self: &Arc<Self>, accepted: Accepted, number: Option<u64>) -> Ticket {
        let gateway = Arc::clone(self);
        let conversation = accepted.conversation.clone();
        let reply = async move {
            let Some(number) = number else { return Vec::new() };
            gateway.replies(&conversation, number).await.unwrap_or_default()
        };
        Ticket::new(accepted, reply)
    }

    async fn replies(&self, conversation: &str, number: u64) -> Result<Vec<Outbound>, StoreError> {
        const NEWEST: usize = 50;
        let Some(record) = self.ledger.conversation(conversation).await? else { return Ok(Vec::new()) };
        // Subscribed before the first look, so that no change falls between the two.
        let mut events = self.ledger.events().subscribe(&topic::peer(&record.channel, &record.address));
        while self.ledger.store().get(&keys::inbox(conversation, number)).await?.is_some() {
            // The time-out stands in for an event that was missed.
            drop(tokio::time::timeout(Duration::from_secs(1), events.next()).await);
        }
        let found = self.ledger.store().scan_json(&keys::messages(conversation), NEWEST, true).await?;
        let mut replies: Vec<MessageRecord> = found
            .into_iter()
            .map(|(_, message, _)| message)
            .filter(|message: &MessageRecord| message.reply_to == Some(number))
            .collect();
        replies.reverse();
        self.outbound(conversation, replies).await
    }
}

fn obstacle(error: ChangeError) -> Obstacle {
    match error {
        ChangeError::Store(error) => error.into(),
        ChangeError::Unknown => Obstacle::Refused(SubmitError::UnknownConversation),
        ChangeError::Fenced => Obstacle::Again,
        ChangeError::Undrawn(_)
        | ChangeError::Full
        | ChangeError::NotYours { .. }
        | ChangeError::Refused(_) => Obstacle::Refused(SubmitError::NotNow),
    }
}
