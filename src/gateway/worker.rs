//! A message is handled: one worker a conversation, in order; reply, new state and outbox entry are one commit that
//! holds only while the right to speak has not passed to somebody else.

use std::sync::Arc;
use std::time::Instant;

use adapters::Content;
use uuid::Uuid;

use super::inbox::InboxRecord;
use super::lease::{Lease, RENEW};
use super::progress::LiveProgress;
use super::{Gateway, claim_task, release_task, translate};
use crate::bus::topic;
use crate::dialogue::conversation::Undrawn;
use crate::dialogue::engine::Gap;
use crate::dialogue::ports::Usage;
use crate::dialogue::trace::{Ending, Step};
use crate::dialogue::{Context, Input, Outcome, Phrase, Reply, Stage, StageEvent, Turn, Utterance};
use crate::records::conversation::MemoryRecord;
use crate::records::{
    AuthorRecord, Change, ChangeError, ConversationRecord, Doubt, MessageRecord, TraceRecord, keys,
};
use crate::store::{StoreError, StoreExt};

/// How many waiting messages of one conversation are read at once.
const BATCH: usize = 16;

/// What a turn found out before its commit.
struct Handled {
    epoch: u64,
    input: Input,
    turn: Turn,
    /// When the core was done with it.
    thought: Instant,
}

impl Gateway {
    /// Makes sure that a worker looks at the conversation.
    pub(super) fn wake(self: &Arc<Self>, conversation: &str) {
        if self.stop.is_cancelled() || !claim_task(&self.working, conversation) {
            return;
        }
        let gateway = Arc::clone(self);
        let conversation = conversation.to_owned();
        self.tasks.spawn(async move {
            loop {
                if let Err(error) = gateway.work(&conversation).await {
                    // The message stays in the inbox, and the sweeper wakes a worker again.
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        conversation.id = conversation,
                        "a conversation could not be worked on"
                    );
                }
                if release_task(&gateway.working, &conversation) || gateway.stop.is_cancelled() {
                    return;
                }
            }
        });
    }

    /// Handles what waits in a conversation, until nothing does.
    async fn work(self: &Arc<Self>, conversation: &str) -> Result<(), ChangeError> {
        let Some(mut lease) = self.acquire(conversation).await? else { return Ok(()) };
        loop {
            let waiting = self.ledger.store().scan_json(&keys::inbox_of(conversation), BATCH, false).await?;
            if waiting.is_empty() {
                self.give_back(conversation, lease).await?;
                return Ok(());
            }
            for (_, item, _) in waiting {
                if self.stop.is_cancelled() {
                    self.give_back(conversation, lease).await?;
                    return Ok(());
                }
                lease = match self.handle(conversation, &item, lease).await {
                    Ok(lease) => lease,
                    Err(ChangeError::Fenced) => return Ok(()),
                    Err(error) => return Err(error),
                };
            }
        }
    }

    /// Handles one message and returns the lease as it is afterwards.
    async fn handle(
        self: &Arc<Self>,
        conversation: &str,
        item: &InboxRecord,
        mut lease: Lease,
    ) -> Result<Lease, ChangeError> {
        let Some(record) = self.ledger.conversation(conversation).await? else {
            return Err(ChangeError::Unknown);
        };
        let begun = Instant::now();
        let reply_id = Uuid::now_v7().to_string();
        let about_login = self.about_login(&record, &item.content).await?;
        let handled = if record.conversation()?.stage == Stage::Robot {
            // What an earlier version left in the inbox is not masked yet.
            let (content, region) = (translate::masked(item.content.clone()), item.region.clone());
            let Some(input) = translate::input(&record, content, region, item.audience) else {
                return Ok(lease);
            };
            let turn = match &about_login {
                Some(words) => Turn::saying(Reply::plain(words), Context::from(record.memory.clone())),
                None => {
                    let permit = self.turns.acquire().await;
                    let turn = self.turn(&record, (&input, item.seq), &reply_id, &mut lease).await?;
                    drop(permit);
                    turn
                }
            };
            Some(Handled { epoch: record.conversation()?.owner_epoch, input, turn, thought: Instant::now() })
        } else {
            None
        };
        let (spoken, _) = self
            .ledger
            .change(conversation, |change| {
                change.check(keys::lease(conversation), Some(lease.version));
                change.delete(keys::inbox(conversation, item.number));
                match &handled {
                    Some(handled) if speaks(change, handled) => {
                        self.settle(change, item, handled, &reply_id).map(|()| true)
                    }
                    // A helper took over while the robot was thinking: what it thought is dropped here.
                    Some(_) => Ok(false),
                    None => {
                        if let Some(words) = &about_login {
                            let message = notice(change, words.clone());
                            change.append(message);
                            return Ok(false);
                        }
                        self.pass_on(change, item, &reply_id).map(|()| false)
                    }
                }
            })
            .await?;
        self.waiting.handled();
        if let Some(handled) = handled.as_ref().filter(|_| spoken) {
            self.note_doubt(conversation, handled);
        }
        if let Some(handled) = &handled {
            let outcome = handled.turn.reply.as_ref().and_then(|reply| reply.outcome);
            self.metrics.turn(&record.channel, outcome.map(Outcome::name), begun.elapsed());
            self.measure(handled, spoken);
            tracing::info!(
                conversation.id = conversation,
                channel.id = record.channel,
                outcome = outcome.map(Outcome::name),
                handoff = handled.turn.handoff.map(super::super::dialogue::handoff::Reason::name),
                "a turn was taken"
            );
        }
        Ok(lease)
    }

    /// Lets the core take a turn, renewing the lease meanwhile.
    async fn turn(
        &self,
        record: &ConversationRecord,
        (input, seq): (&Input, Option<u64>),
        reply_id: &str,
        lease: &mut Lease,
    ) -> Result<Turn, ChangeError> {
        let is_left_when_unwatched = self
            .channels
            .get(&adapters::ChannelId::new(&record.channel))
            .is_some_and(|channel| channel.is_left_when_unwatched());
        let words = match (&input.utterance, seq) {
            (Utterance::Text(_), Some(seq)) => self.ledger.words(&record.id, seq).await?,
            _ => None,
        };
        let progress = LiveProgress {
            events: self.ledger.events().clone(),
            topic: topic::peer(&record.channel, &record.address),
            turn: reply_id.to_owned(),
            unwatched: is_left_when_unwatched.then_some(self.settings.unwatched),
            words: words.unwrap_or_default(),
        };
        let context = Context::from(record.memory.clone());
        let turn = self.engine.turn(&context, input, &progress);
        tokio::pin!(turn);
        loop {
            tokio::select! {
                turn = &mut turn => return Ok(turn),
                () = tokio::time::sleep(RENEW) => {
                    *lease = self.renew(&record.id, *lease).await?.ok_or(ChangeError::Fenced)?;
                }
            }
        }
    }

    /// Writes a turn of the robot into the change.
    fn settle(
        &self,
        change: &mut Change,
        item: &InboxRecord,
        handled: &Handled,
        reply_id: &str,
    ) -> Result<(), ChangeError> {
        let turn = &handled.turn;
        change.record.memory = MemoryRecord::from(turn.context.clone());
        change.touch();
        if let Some(reason) = turn.handoff {
            change.apply(StageEvent::HandOff(reason))?;
            self.metrics.handoff(reason.name());
        }
        if let Some(reply) = &turn.reply {
            let mut message =
                MessageRecord::reply(reply_id.to_owned(), change.now, reply.clone(), item.number);
            message.asked = item.seq;
            let seq = change.append(message);
            let mut trace = turn.trace.clone();
            trace.pass(Step::Send, sent(handled), handled.thought.elapsed(), Usage::default());
            let place = (reply_id, change.record.id.as_str(), seq);
            let record = TraceRecord::new(place, change.now, &trace);
            change.put(keys::trace(reply_id), &record);
        }
        if let Some(gap) = &turn.gap {
            let key = keys::gap(change.now, reply_id);
            change.put(key, &GapRecord::new(gap, change));
        }
        Ok(())
    }

    /// Counts the stages of a turn, what was written, and what did not hold.
    fn measure(&self, handled: &Handled, spoken: bool) {
        let trace = &handled.turn.trace;
        for passed in &trace.steps {
            self.metrics.stage(passed.step.name(), passed.ending.name(), passed.took);
        }
        let ending = if spoken { sent(handled) } else { Ending::Overtaken };
        self.metrics.stage(Step::Send.name(), ending.name(), handled.thought.elapsed());
        for attempt in &trace.attempts {
            for flaw in &attempt.flaws {
                self.metrics.answer_fault(flaw.kind);
            }
        }
        if let Some(by) = trace.by().filter(|_| spoken) {
            self.metrics.answer(by.name());
        }
    }

    /// Lists a question that was not answered, or not surely, for the office that keeps the knowledge. Beside the turn:
    /// the list is a help, and nobody waits for it.
    fn note_doubt(self: &Arc<Self>, conversation: &str, handled: &Handled) {
        let turn = &handled.turn;
        let unsure = || {
            let Utterance::Text(text) = &handled.input.utterance else { return None };
            let reply = turn.reply.as_ref()?;
            let kind = match reply.outcome? {
                Outcome::Answered | Outcome::Guide => "unsure",
                Outcome::Clarify => "clarified",
                Outcome::NoAnswer | Outcome::Handoff | Outcome::Emergency => return None,
            };
            reply.confidence.filter(|confidence| *confidence < self.settings.doubt_below)?;
            let nearest = reply.evidence.first().map(|first| (first.id.clone(), first.confidence));
            Some((text.clone(), kind, nearest))
        };
        let unanswered = turn.gap.clone().map(|gap| (gap.question, gap.kind, gap.nearest));
        let Some((question, kind, nearest)) = unanswered.or_else(unsure) else { return };
        let doubt = Doubt {
            question,
            kind,
            nearest,
            conversation: conversation.to_owned(),
            region: handled.input.region.clone(),
            at: self.ledger.now(),
        };
        let doubts = Arc::clone(&self.doubts);
        self.tasks.spawn(async move {
            if let Err(error) = doubts.note(doubt).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "a doubt could not be noted");
            }
        });
    }

    /// A message at a stage where the robot is silent: it is in the thread already, where the helper sees it. What is
    /// left is to notice danger, and to call a person again after the end.
    fn pass_on(&self, change: &mut Change, item: &InboxRecord, reply_id: &str) -> Result<(), ChangeError> {
        let locale = change.record.locale();
        let text = match &item.content {
            Content::Text { text } => text.as_str(),
            Content::Media { text, .. } => text.as_deref().unwrap_or_default(),
            Content::Human | Content::Place { .. } => "",
            // Thumbs and old choices change nothing between people.
            _ => return Ok(()),
        };
        let say = |change: &mut Change, reply: Reply| {
            let message = MessageRecord::reply(reply_id.to_owned(), change.now, reply, item.number);
            change.append(message);
        };
        if let Some(reply) = self.engine.emergency(text, locale) {
            call_again(change)?;
            say(change, reply);
            return Ok(());
        }
        let over = matches!(change.state().stage, Stage::WrapUp | Stage::Closed);
        if over && self.engine.is_thanks(text) {
            say(change, Reply::plain(self.engine.phrases().get(Phrase::Thanks, locale)));
            return Ok(());
        }
        if call_again(change)? {
            let words = self.engine.phrases().get(Phrase::QueuedAgain, locale);
            say(change, Reply::plain(words).with_outcome(Outcome::Handoff));
        }
        Ok(())
    }

    /// Wakes a worker for every conversation with waiting messages.
    pub(super) async fn sweep_inboxes(self: &Arc<Self>) -> Result<(), StoreError> {
        let mut last = String::new();
        for record in self.ledger.store().scan_all(&keys::inboxes()).await? {
            let parts = record.key.parts();
            let Some(conversation) = parts.first().and_then(|part| part.text()) else { continue };
            if conversation != last {
                conversation.clone_into(&mut last);
                self.wake(conversation);
            }
        }
        Ok(())
    }
}

/// How a turn ends for the citizen.
fn sent(handled: &Handled) -> Ending {
    match handled.turn.reply.as_ref().and_then(|reply| reply.outcome) {
        Some(Outcome::Answered) => Ending::Answered,
        Some(Outcome::Clarify) => Ending::Clarify,
        Some(Outcome::Guide) => Ending::Guide,
        Some(Outcome::NoAnswer) => Ending::NoAnswer,
        Some(Outcome::Handoff) => Ending::Handoff,
        Some(Outcome::Emergency) => Ending::Emergency,
        None => Ending::Plain,
    }
}

/// Whether the robot may still say what it has thought.
fn speaks(change: &Change, handled: &Handled) -> bool {
    change.state().stage == Stage::Robot && change.state().owner_epoch == handled.epoch
}

/// Puts a conversation that is over, or was left as a message, back into the queue. False: it is with people anyway.
fn call_again(change: &mut Change) -> Result<bool, Undrawn> {
    match change.state().stage {
        Stage::WrapUp => {
            change.apply(StageEvent::Settle)?;
            change.apply(StageEvent::Return)?;
        }
        Stage::Closed | Stage::LeftMessage => change.apply(StageEvent::Return)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// A question the knowledge could not answer, as the office that keeps it reads it.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct GapRecord {
    /// The words, masked.
    pub question: String,
    /// Why it is listed.
    pub kind: String,
    /// The conversation, for whoever may read it.
    pub conversation: String,
    /// The nearest entry.
    pub nearest: Option<String>,
    /// Its confidence.
    pub confidence: Option<f32>,
    /// When.
    pub at: jiff::Timestamp,
}

impl GapRecord {
    fn new(gap: &Gap, change: &Change) -> Self {
        Self {
            question: crate::privacy::mask(&gap.question).into_owned(),
            kind: gap.kind.to_owned(),
            conversation: change.record.id.clone(),
            nearest: gap.nearest.as_ref().map(|(id, _)| id.clone()),
            confidence: gap.nearest.as_ref().map(|&(_, confidence)| confidence),
            at: change.now,
        }
    }
}

/// What a system message about the conversation itself is made of.
pub(crate) fn notice(change: &Change, text: String) -> MessageRecord {
    MessageRecord::new(Uuid::now_v7().to_string(), AuthorRecord::System, change.now, text)
}
