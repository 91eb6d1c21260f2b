//! Answers a push within the platform's five seconds.
//!
//! The platform sends a push up to three times, five seconds apart, until it is answered; an empty answer counts as one.
//! So what is not ready in 4.5 seconds is answered so:
//!
//! | Account | 1st and 2nd delivery | 3rd delivery | Later |
//! |---|---|---|---|
//! | sends by itself | `success` | | sent by [`super::deliver`], or with the next push when the window is closed |
//! | does not | no answer, so that it comes again | "please wait", with a link that asks for it | with the next push, whatever it is |
//!
//! A push takes everything that is unseen, in order. So a new question asked meanwhile gets its own answer and brings the
//! pending one along. What only asks for the pending one (继续, ？, and after "please wait" any single character) is not
//! submitted as a question. The rule is [`WechatChannel::is_poke`].

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::client::WechatChannel;
use super::deed::{Deed, deed, english, with_people};
use super::errors::ApiError;
use super::reader::{Given, Reader};
use super::render::Tail;
use super::window::Trigger;
use super::wire::{Kind, Push};
use super::words::{WechatWords, comparable, is_scrap, rating};
use crate::{Content, Inbound, Inbox, Locale, NotesError, SubmitError, Thread, Ticket, Wording};

/// By when an answer is given, after a push has arrived: the platform cuts the connection after five seconds.
const ANSWER_BY: Duration = Duration::from_millis(4_500);
/// How many deliveries of a push there are. Observed by others; the platform says "three times".
const DELIVERIES: u32 = 3;
/// A push that is as old as this when its time is up is in its last delivery, though we have not seen the others: the
/// second one is 9.5 seconds old then, and the third 14.5.
const LAST: SignedDuration = SignedDuration::from_secs(12);
/// After how long the citizen is shown "is writing", how often that is renewed (it lasts 15 seconds), and how often at most.
const WRITING: (Duration, Duration, u32) = (Duration::from_millis(700), Duration::from_secs(12), 10);

/// What is answered.
pub(super) enum Answer {
    /// These words.
    Words(Given),
    /// Received, and nothing to say now.
    Success,
    /// Nothing, until the platform has cut the connection: so it sends the push again.
    Silence,
    /// It could not be accepted: the platform may send it again.
    Again,
}

/// A push on its way.
pub(super) struct Visit<'p> {
    pub(super) push: &'p Push,
    pub(super) inbox: &'p Inbox,
    /// When this delivery has to be answered.
    pub(super) deadline: Instant,
    /// When the push came first, as far as it is known.
    pub(super) asked_at: Timestamp,
    pub(super) trigger: Trigger,
    pub(super) sends: bool,
    pub(super) english: Option<bool>,
    /// What is said while a person serves and has not written anything new.
    pub(super) nothing_new: fn(&WechatWords) -> &Wording,
}

/// Why a visit ends early.
pub(super) enum Trouble {
    Notes(NotesError),
    Gateway(SubmitError),
}

impl From<NotesError> for Trouble {
    fn from(error: NotesError) -> Self {
        Self::Notes(error)
    }
}

impl WechatChannel {
    /// Answers a push.
    pub(super) async fn attend(self: &Arc<Self>, inbox: &Inbox, push: &Push, arrived: Instant) -> Answer {
        match self.try_attend(inbox, push, arrived).await {
            Ok(answer) => answer,
            Err(Trouble::Notes(error)) => {
                tracing::error!(channel.id = %self.kit.id, %error, "a push could not be answered");
                Answer::Again
            }
            Err(Trouble::Gateway(error)) => {
                tracing::error!(channel.id = %self.kit.id, %error, "a push could not be accepted");
                Answer::Again
            }
        }
    }

    async fn try_attend(
        self: &Arc<Self>,
        inbox: &Inbox,
        push: &Push,
        arrived: Instant,
    ) -> Result<Answer, Trouble> {
        let deed = deed(&push.kind);
        match deed {
            Deed::Nothing => return Ok(Answer::Success),
            Deed::Forget => {
                self.mailbox.forget(&push.openid).await?;
                return Ok(Answer::Success);
            }
            Deed::Text(_) | Deed::Submit(..) | Deed::Own(_) => {}
        }
        let reader = self.mailbox.open(&push.openid).await?.reader;
        if let Some(given) = reader.answered(&push.id) {
            return Ok(Answer::Words(given.clone()));
        }
        let gesture =
            matches!(push.kind, Kind::Subscribe(_) | Kind::Scan(_) | Kind::Click(_) | Kind::Scanned { .. });
        let first = reader.asked.iter().find(|asked| asked.id == push.id).map(|asked| asked.at);
        let visit = Visit {
            push,
            inbox,
            deadline: arrived + ANSWER_BY,
            asked_at: first.unwrap_or_else(|| self.now()),
            trigger: if gesture { Trigger::Gesture } else { Trigger::Message },
            sends: self.sends().await?,
            english: match &deed {
                Deed::Text(text) => english(text),
                _ => None,
            },
            nothing_new: |words| &words.received,
        };
        if self.links.are_possible() {
            self.links.prepare().await?;
        }
        let thread = self.thread(&visit, &reader).await?;
        match deed {
            Deed::Text(text) if self.is_poke(&text, &reader, &thread, &visit) => {
                self.poke(&visit, &reader, text).await
            }
            Deed::Text(text) => {
                // The gateway reads ratings too, but by what stands in the thread. Here a citizen sees the request for one
                // with their next push, perhaps after thanking or when the conversation is over; and what was told to
                // ask again with any one character means by it only that.
                let score = rating(&text).filter(|_| reader.ask_rating && !reader.hinted);
                if let Some(score) = score {
                    let rated = self.inbound(&visit, &reader, Content::Rating { score, comment: None });
                    if let Ok(ticket) = inbox.submit(rated).await {
                        return self.follow(&visit, ticket).await;
                    }
                }
                self.submit(&visit, &reader, &thread, Content::Text { text }, |words| &words.not_now).await
            }
            Deed::Submit(content, refused) => self.submit(&visit, &reader, &thread, content, refused).await,
            Deed::Own(pick) => self.say(&visit, pick(&self.words).say(reader.locale()).to_owned()).await,
            Deed::Forget | Deed::Nothing => Ok(Answer::Success),
        }
    }

    pub(super) async fn thread(&self, visit: &Visit<'_>, reader: &Reader) -> Result<Thread, Trouble> {
        let peer = self.peer(&visit.push.openid);
        visit.inbox.thread(&peer, &Self::cursor(reader)).await.map_err(Trouble::Gateway)
    }

    fn inbound(&self, visit: &Visit<'_>, reader: &Reader, content: Content) -> Inbound {
        let english = visit.english.unwrap_or(reader.english);
        Inbound {
            id: visit.push.id.clone(),
            peer: self.peer(&visit.push.openid),
            content,
            locale: if english { Locale::En } else { Locale::Zh },
            region: None,
            audience: None,
            received_at: self.now(),
        }
    }

    /// Whether words only ask for an answer that waits. What was taken for a question once stays one when the platform
    /// sends it again, and the other way round.
    fn is_poke(&self, text: &str, reader: &Reader, thread: &Thread, visit: &Visit<'_>) -> bool {
        let push = visit.push;
        if let Some(asked) = reader.asked.iter().find(|asked| asked.id == push.id) {
            return asked.poke;
        }
        let unread = !reader.rest.is_empty() || reader.unseen(thread).next().is_some();
        let asked = reader.waiting(self.now()).is_some() || self.open.other(&push.openid, &push.id).is_some();
        if with_people(&thread.state.stage) {
            // Between people every word counts; only the words that we ourselves told the citizen to use are kept back.
            let told = !comparable(text).is_empty() && self.words.is_poke(text);
            return told && (unread || asked || !visit.sends);
        }
        (unread || asked) && (self.words.is_poke(text) || (reader.hinted && is_scrap(text)))
    }

    /// Hands out what waits, or waits for it.
    async fn poke(
        self: &Arc<Self>,
        visit: &Visit<'_>,
        reader: &Reader,
        text: String,
    ) -> Result<Answer, Trouble> {
        let asked = reader.waiting(self.now()).map(|asked| (asked.id.clone(), asked.at));
        let open = self.open.other(&visit.push.openid, &visit.push.id).map(|id| (id, visit.asked_at));
        let mut done_for = visit.asked_at;
        if let Some((id, at)) = asked.or(open) {
            // The same id is the same message, so nothing is submitted: this is the promise of its reply once more.
            let again = Inbound { id, ..self.inbound(visit, reader, Content::Text { text }) };
            if let Ok(ticket) = visit.inbox.submit(again).await {
                let _open = self.open.enter(&visit.push.openid, &visit.push.id);
                if !self.replied(visit, ticket).await {
                    return self.late(visit, true).await;
                }
            }
            done_for = at;
        }
        let visit = Visit { asked_at: done_for, nothing_new: |words| &words.no_reply_yet, ..*visit };
        if let Some(given) = self.give(&visit, None, true, Tail::Nothing).await? {
            return Ok(Answer::Words(given));
        }
        if self.mailbox.open(&visit.push.openid).await?.reader.is_sending(self.now()) {
            return Ok(Answer::Success);
        }
        self.say(&visit, self.words.nothing_waiting.say(reader.locale()).to_owned()).await
    }

    /// Submits something and answers it.
    async fn submit(
        self: &Arc<Self>,
        visit: &Visit<'_>,
        reader: &Reader,
        thread: &Thread,
        content: Content,
        refused: fn(&WechatWords) -> &Wording,
    ) -> Result<Answer, Trouble> {
        if thread.state.stage == "closed" && reader.unseen(thread).next().is_some() {
            let speech = self.speech(reader);
            let file = |attachment: &_| self.file_link(attachment);
            self.mailbox.change(&visit.push.openid, |reader| reader.carry(thread, speech, &file)).await?;
        }
        match visit.inbox.submit(self.inbound(visit, reader, content)).await {
            Ok(ticket) => self.follow(visit, ticket).await,
            Err(error) => self.refused(visit, reader.locale(), error, refused).await,
        }
    }

    /// Waits for the answer as long as the platform does.
    async fn follow(self: &Arc<Self>, visit: &Visit<'_>, ticket: Ticket) -> Result<Answer, Trouble> {
        let _open = self.open.enter(&visit.push.openid, &visit.push.id);
        if !self.replied(visit, ticket).await {
            return self.late(visit, false).await;
        }
        let given = self.give(visit, None, true, Tail::Nothing).await?;
        Ok(given.map_or(Answer::Success, Answer::Words))
    }

    async fn refused(
        &self,
        visit: &Visit<'_>,
        locale: Locale,
        error: SubmitError,
        refused: fn(&WechatWords) -> &Wording,
    ) -> Result<Answer, Trouble> {
        let words = &*self.words;
        let text = match &error {
            SubmitError::Unavailable => return Err(Trouble::Gateway(error)),
            SubmitError::Empty => words.unsupported.say(locale).to_owned(),
            SubmitError::TooLong { limit } => words.too_long.fill(locale, &[("limit", &limit.to_string())]),
            SubmitError::Busy { .. } => words.busy.say(locale).to_owned(),
            SubmitError::RateLimited { retry_after } => {
                let seconds = (retry_after.as_secs() + 1).to_string();
                words.too_fast.fill(locale, &[("seconds", &seconds)])
            }
            SubmitError::NotNow | SubmitError::UnknownMessage | SubmitError::UnknownConversation => {
                refused(words).say(locale).to_owned()
            }
        };
        self.say(visit, text).await
    }

    /// Words of our own, after what is unseen.
    async fn say(&self, visit: &Visit<'_>, text: String) -> Result<Answer, Trouble> {
        let given = self.give(visit, Some(text), false, Tail::Nothing).await?;
        Ok(given.map_or(Answer::Success, Answer::Words))
    }

    /// Whether the turn ends before the deadline. The citizen is shown meanwhile that somebody is writing.
    async fn replied(self: &Arc<Self>, visit: &Visit<'_>, ticket: Ticket) -> bool {
        let patience = visit.deadline.saturating_duration_since(Instant::now());
        let reply = ticket.reply_within(patience);
        tokio::pin!(reply);
        if visit.sends {
            tokio::select! {
                replies = &mut reply => return replies.is_some(),
                () = tokio::time::sleep(WRITING.0) => self.show_writing(&visit.push.openid),
            }
        }
        let replied = reply.await.is_some();
        if replied {
            self.open.end_writing(&visit.push.openid);
        }
        replied
    }

    /// Shows "is writing" until the answer is there.
    fn show_writing(self: &Arc<Self>, openid: &str) {
        if !self.open.begin_writing(openid) {
            return;
        }
        let (channel, openid) = (Arc::clone(self), openid.to_owned());
        tokio::spawn(async move {
            for _ in 0..WRITING.2 {
                match channel.api.typing(&openid).await {
                    Err(ApiError::NoRight(_)) => {
                        if let Err(error) = channel.cannot_send().await {
                            tracing::warn!(channel.id = %channel.kit.id, %error, "a note could not be written");
                        }
                        break;
                    }
                    // A courtesy: whatever else is wrong will be told when the answer is sent.
                    Ok(()) | Err(_) => tokio::time::sleep(WRITING.1).await,
                }
                if !channel.open.is_writing(&openid) {
                    break;
                }
            }
            channel.open.end_writing(&openid);
        });
    }

    /// The deadline has passed without an answer.
    async fn late(&self, visit: &Visit<'_>, poke: bool) -> Result<Answer, Trouble> {
        let (openid, id) = (&visit.push.openid, &visit.push.id);
        let now = self.now();
        // It may have turned out meanwhile that the account cannot send.
        if self.sends().await? {
            self.mailbox
                .change(openid, |reader| {
                    reader.unanswered(id, visit.asked_at, poke);
                    reader.window.open(visit.trigger, now);
                    visit.note_language(reader);
                })
                .await?;
            return Ok(Answer::Success);
        }
        let reader = self.mailbox.open(openid).await?.reader;
        let known = reader.asked.iter().find(|asked| asked.id == *id).map_or(0, |asked| asked.deliveries);
        let old = now.duration_since(visit.push.created) >= LAST;
        let unread = poke
            && (!reader.rest.is_empty()
                || reader.unseen(&self.thread(visit, &reader).await?).next().is_some());
        let last = known + 1 >= DELIVERIES || old || unread;
        self.mailbox
            .change(openid, |reader| {
                reader.unanswered(id, visit.asked_at, poke);
                visit.note_language(reader);
            })
            .await?;
        if !last {
            return Ok(Answer::Silence);
        }
        let given = self.give(visit, None, false, Tail::Wait).await?;
        Ok(given.map_or(Answer::Success, Answer::Words))
    }
}

impl Visit<'_> {
    pub(super) fn note_language(&self, reader: &mut Reader) {
        if let Some(english) = self.english {
            reader.english = english;
        }
    }
}
