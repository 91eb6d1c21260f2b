//! While an answer is written: "typing", then a draft that grows at most once a second, then nothing more, because the
//! outbox edits the draft into the answer. Drafts are a nicety: whatever fails here, the answer is delivered.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use teloxide_core::RequestError;
use teloxide_core::prelude::Requester;
use teloxide_core::types::{ChatAction, ChatId, MessageId};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::Instant;

use super::account::Account;
use super::client::EDIT_EVERY;
use super::lines::Line;
use super::peers::Draft;
use super::render::Part;
use super::{compose, failure};
use crate::{Inbox, Live, LiveStream, Outbound, Peer, Ticket};

/// How long an answer is waited for; it is delivered without a draft afterwards.
const PATIENCE: Duration = Duration::from_secs(300);

/// How often it is looked whether a draft should be shown or grow.
const LOOK: Duration = Duration::from_millis(200);

/// "Typing" is shown for five seconds (Bot API, sendChatAction).
const TYPING: Duration = Duration::from_secs(4);

/// Shorter beginnings of answers are not shown: they would only flicker.
const SHORTEST: usize = 8;

/// Messages that wait for their answers in one chat, at most; more are answered without being followed.
const TICKETS: usize = 32;

/// Events of a chat, watched since before the message was submitted, so that the first is not missed.
pub(super) struct Watching {
    line: Arc<Line>,
    live: Option<LiveStream>,
    inbox: Inbox,
}

/// Begins to watch, unless somebody does already.
pub(super) fn watch(account: &Account, inbox: &Inbox, peer: &Peer) -> Watching {
    let line = account.lines.of(&peer.address);
    let is_followed = line.follower.lock().unwrap_or_else(PoisonError::into_inner).is_some();
    let live = (!is_followed).then(|| inbox.watch(peer));
    Watching { line, live, inbox: inbox.clone() }
}

/// Follows the answer to a message that was accepted.
pub(super) fn follow(account: &Arc<Account>, watching: Watching, peer: Peer, chat: i64, ticket: Ticket) {
    let Watching { line, live, inbox } = watching;
    let mut follower = line.follower.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = &*follower {
        // A full queue means that the chat is flooded; then the answer comes without a draft.
        drop(known.try_send(ticket));
        return;
    }
    let Ok(permit) = Arc::clone(&account.followed).try_acquire_owned() else { return };
    let (tickets, more) = mpsc::channel(TICKETS);
    *follower = Some(tickets);
    drop(follower);
    let live = live.unwrap_or_else(|| inbox.watch(&peer));
    let follower = Follower {
        account: Arc::clone(account),
        peer,
        chat: ChatId(chat),
        line,
        live,
        waiting: FuturesUnordered::from_iter([wait(ticket)]),
        more,
        turn: None,
        typed: None,
        rest: None,
        _permit: permit,
    };
    account.tasks.spawn(follower.run());
}

fn wait(ticket: Ticket) -> BoxFuture<'static, Option<Vec<Outbound>>> {
    Box::pin(ticket.reply_within(PATIENCE))
}

/// The answer being written.
struct Turn {
    id: String,
    text: String,
    /// Whether the text has grown since it was shown.
    grown: bool,
}

struct Follower {
    account: Arc<Account>,
    peer: Peer,
    chat: ChatId,
    line: Arc<Line>,
    live: LiveStream,
    waiting: FuturesUnordered<BoxFuture<'static, Option<Vec<Outbound>>>>,
    more: mpsc::Receiver<Ticket>,
    turn: Option<Turn>,
    typed: Option<Instant>,
    /// Until when Telegram asked to be left alone.
    rest: Option<Instant>,
    _permit: OwnedSemaphorePermit,
}

impl Follower {
    async fn run(mut self) {
        if !self.work().await {
            *self.line.follower.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// Follows until nothing is left or the program ends. True: the line knows already that nobody follows any more.
    async fn work(&mut self) -> bool {
        let account = Arc::clone(&self.account);
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            // A stop is heeded between two steps and never within one: a draft that is on the screen and not in the notes would
            // stay there as half a sentence, where one in the notes is found by the next program.
            tokio::select! {
                () = account.stopped() => return false,
                event = self.live.next() => match event {
                    Some(event) => self.hear(event).await,
                    None => return false,
                },
                Some(ticket) = self.more.recv() => self.waiting.push(wait(ticket)),
                Some(replies) = self.waiting.next() => {
                    self.settle(replies.unwrap_or_default()).await;
                    if self.is_done() {
                        self.drop_draft().await;
                        return true;
                    }
                }
                _ = look.tick() => self.show().await,
            }
        }
    }

    /// Whether nothing is left to follow; then nobody hands over further tickets.
    fn is_done(&mut self) -> bool {
        let mut follower = self.line.follower.lock().unwrap_or_else(PoisonError::into_inner);
        while let Ok(ticket) = self.more.try_recv() {
            self.waiting.push(wait(ticket));
        }
        if self.waiting.is_empty() {
            *follower = None;
            return true;
        }
        false
    }

    async fn hear(&mut self, event: Live) {
        match event {
            Live::Thinking { turn } => {
                self.drop_draft().await;
                self.turn = Some(Turn { id: turn, text: String::new(), grown: false });
                self.type_on().await;
            }
            Live::Delta { turn, text } => {
                let known = self.turn.take_if(|known| known.id == turn);
                let mut known = known.unwrap_or(Turn { id: turn, text: String::new(), grown: false });
                known.text.push_str(&text);
                known.grown = true;
                self.turn = Some(known);
            }
            Live::Drop { turn } => {
                if let Some(known) = self.turn.as_mut().filter(|known| known.id == turn) {
                    // The same message will come with other words: what is on the screen stays until then.
                    known.text.clear();
                    known.grown = false;
                }
            }
            Live::Typing => self.type_on().await,
            Live::Changed => {}
        }
    }

    /// A turn is durable: no further draft of it.
    async fn settle(&mut self, replies: Vec<Outbound>) {
        let mut progress = self.line.turn.lock().await;
        for reply in replies {
            progress.await_reply(&reply.id);
            self.turn.take_if(|turn| turn.id == reply.id);
        }
    }

    async fn type_on(&mut self) {
        if self.typed.is_some_and(|last| last.elapsed() < TYPING) {
            return;
        }
        self.typed = Some(Instant::now());
        if let Err(error) = self.account.bot.send_chat_action(self.chat, ChatAction::Typing).await {
            self.leave_alone(&error);
        }
    }

    fn leave_alone(&mut self, error: &RequestError) {
        let reason = failure::describe(error);
        tracing::debug!(channel.id = %self.account.settings.kit.id, reason, "a draft could not be shown");
        // Drafts are not worth a second try at once.
        let pause = failure::retry_after(error).unwrap_or(Duration::from_secs(5));
        self.rest = Some(Instant::now() + pause);
    }

    /// Shows what has been written, if it is time.
    async fn show(&mut self) {
        if self.rest.is_some_and(|until| Instant::now() < until) {
            return;
        }
        let Some(turn) = &self.turn else { return };
        if turn.text.chars().count() < SHORTEST {
            return self.type_on().await;
        }
        if !turn.grown {
            return;
        }
        let Some(part) = compose::draft(&turn.text) else { return };
        let id = turn.id.clone();
        match self.show_part(&id, &part).await {
            Ok(false) => {}
            Ok(true) => {
                if let Some(turn) = &mut self.turn {
                    turn.grown = false;
                }
            }
            Err(error) => self.leave_alone(&error),
        }
    }

    /// False: it is not time yet.
    async fn show_part(&mut self, turn: &str, part: &Part) -> Result<bool, RequestError> {
        let line = Arc::clone(&self.line);
        // While a reply is handed over, drafts wait.
        let Ok(mut progress) = line.turn.try_lock() else { return Ok(false) };
        let is_early = progress.edited.is_some_and(|last| last.elapsed() < EDIT_EVERY);
        if is_early || progress.is_handed_over(turn) || !progress.is_clear() {
            return Ok(false);
        }
        if let Some(draft) = progress.draft.clone().filter(|draft| draft.turn == turn) {
            let edited = self.account.edit(self.chat, MessageId(draft.message), part, None).await;
            progress.edited = Some(Instant::now());
            return edited.map(|()| true);
        }
        let Some(message) = self.account.begin_draft(self.chat, part).await? else { return Ok(false) };
        progress.edited = Some(Instant::now());
        let draft = Draft { turn: turn.to_owned(), message };
        progress.draft = Some(draft.clone());
        let noted =
            self.account.peers.change(&self.peer.address, |known| known.draft = Some(draft.clone())).await;
        if let Err(error) = noted {
            tracing::warn!(channel.id = %self.account.settings.kit.id, %error, "a draft could not be noted");
        }
        Ok(true)
    }

    /// Takes the draft of a turn off the screen that did not become a reply: a person took over meanwhile.
    async fn drop_draft(&mut self) {
        let line = Arc::clone(&self.line);
        let mut progress = line.turn.lock().await;
        let Some(draft) = progress.draft.clone() else { return };
        if progress.is_awaited(&draft.turn) || progress.is_handed_over(&draft.turn) {
            return;
        }
        progress.draft = None;
        self.account.take_back(&self.peer.address, self.chat, &draft).await;
    }
}
