//! What was not shown in time is sent, if the account may: verified, within the window, no more than five messages.
//!
//! Taking part in the same note as passive answers ([`super::reader`]), a process first notes that it sends, then counts
//! every part that went out. Whoever finds that note afterwards goes on behind the last part: the platform gives no way to
//! send a part again without showing it twice, so one part may come twice if the process ends right after sending it, and
//! none is lost.

use std::time::Duration;

use jiff::SignedDuration;

use super::client::{WechatChannel, unavailable};
use super::errors::ApiError;
use super::mailbox::{Opened, busy};
use super::reader::{Reader, Sending};
use super::render::{Part, TEXT_BYTES, Tail, cut, join};
use crate::message::{Attachment, Author};
use crate::{ChannelError, Inbox, MediaKind, NotesError, Outbound, Thread};

/// How long a push that is being answered is given to take the answer: it costs nothing, and comes at once.
const PASSIVE_FIRST: Duration = Duration::from_millis(500);
/// How long a process that sends is believed to be alive without a sign of life.
const ALIVE: SignedDuration = SignedDuration::from_secs(20);
/// The most messages for one answer.
const PARTS: usize = 5;
/// Between two parts, so that they stay in order.
const BETWEEN: Duration = Duration::from_millis(500);
/// How often it is tried to begin.
const TRIES: usize = 64;

/// What is to be sent.
struct Plan {
    parts: Vec<(Part, Author)>,
    /// Up to which message.
    to: u64,
    conversation: Option<String>,
    ask_rating: bool,
}

impl WechatChannel {
    /// Makes sure that a reply reaches its citizen: it has been shown, is sent now, or waits in the thread to be fetched.
    pub(super) async fn hand_over(&self, openid: &str, reply: &Outbound) -> Result<(), ChannelError> {
        self.open.end_writing(openid);
        if !self.sends().await.map_err(|error| unavailable(&error))? {
            return Ok(());
        }
        self.open.quiet(openid, PASSIVE_FIRST).await;
        let inbox = self.inbox().await.ok_or_else(|| ChannelError::Unavailable {
            reason: "the channel is not mounted yet".to_owned(),
            retry_after: Some(Duration::from_secs(1)),
        })?;
        self.links.prepare().await.map_err(|error| unavailable(&error))?;
        let Some(plan) = self.begin(&inbox, openid, reply).await? else { return Ok(()) };
        self.send_all(openid, plan).await
    }

    /// Notes that this process sends. `None`: there is nothing to send, or nothing may be sent.
    async fn begin(
        &self,
        inbox: &Inbox,
        openid: &str,
        reply: &Outbound,
    ) -> Result<Option<Plan>, ChannelError> {
        for _ in 0..TRIES {
            let opened = self.mailbox.open(openid).await.map_err(|error| unavailable(&error))?;
            let thread =
                inbox.thread(&self.peer(openid), &Self::cursor(&opened.reader)).await.map_err(|error| {
                    ChannelError::Unavailable { reason: error.to_string(), retry_after: error.retry_after() }
                })?;
            if !opened.reader.unseen(&thread).any(|message| message.id == reply.id) {
                return Ok(None);
            }
            let now = self.now();
            if let Some(sending) = &opened.reader.sending
                && self.is_others(sending, now)
            {
                let retry_after = Some(sending.until.duration_since(now).unsigned_abs());
                return Err(ChannelError::Unavailable {
                    reason: "another process sends".to_owned(),
                    retry_after,
                });
            }
            let done = opened.reader.sending.as_ref().map_or(0, |sending| sending.done);
            let plan = self.plan(&opened.reader, &thread, reply.seq, done);
            if plan.parts.is_empty() {
                return Ok(None);
            }
            let mut next = opened.reader.clone();
            next.sending = Some(self.sending(plan.to, done));
            // Whoever reads the request for a rating may answer it before we hear that it has arrived.
            next.ask_rating |= plan.ask_rating;
            if self.mailbox.write(openid, &opened, &next).await.map_err(|error| unavailable(&error))? {
                return Ok(Some(plan));
            }
        }
        Err(unavailable(&busy()))
    }

    fn is_others(&self, sending: &Sending, now: jiff::Timestamp) -> bool {
        sending.node != self.node && now < sending.until
    }

    fn sending(&self, to: u64, done: usize) -> Sending {
        let until = self.now().checked_add(ALIVE).unwrap_or(jiff::Timestamp::MAX);
        Sending { node: self.node.clone(), until, to, done }
    }

    /// Everything unseen up to a message, without the parts that have gone out, and no more than may be sent.
    fn plan(&self, reader: &Reader, thread: &Thread, to: u64, done: usize) -> Plan {
        let speech = self.speech(reader);
        let unseen: Vec<&Outbound> = reader.unseen(thread).filter(|message| message.seq <= to).collect();
        let of = |message: &&Outbound| {
            let author = message.author;
            speech.parts(message).into_iter().map(move |part| (part, author))
        };
        let all: Vec<(Part, Author)> = unseen.iter().flat_map(of).skip(done).collect();
        let left = usize::try_from(reader.window.left(self.now())).unwrap_or(usize::MAX);
        let may = left.min(PARTS.saturating_sub(done));
        Plan {
            parts: if may == 0 { Vec::new() } else { all },
            to,
            conversation: thread.conversation.clone(),
            ask_rating: unseen.last().is_some_and(|message| message.ask_rating),
        }
    }

    async fn send_all(&self, openid: &str, plan: Plan) -> Result<(), ChannelError> {
        let count = plan.parts.len();
        for (index, (part, author)) in plan.parts.iter().enumerate() {
            let robot = self.config.ai_label && *author == Author::Robot;
            if index > 0 {
                tokio::time::sleep(BETWEEN).await;
            }
            let reader = self.mailbox.open(openid).await.map_err(|error| unavailable(&error))?.reader;
            let Some(sending) = reader.sending.as_ref().filter(|sending| sending.node == self.node) else {
                // Somebody thought us dead and has taken over.
                return Ok(());
            };
            let left = usize::try_from(reader.window.left(self.now())).unwrap_or(usize::MAX);
            let may = left.min(PARTS.saturating_sub(sending.done));
            if may == 0 {
                return self.keep_rest(openid, &plan, index).await;
            }
            let last_of_several = may == 1 && index + 1 < count;
            let sent = if last_of_several {
                self.send_cut(openid, &reader, part, robot).await
            } else {
                self.send_part(openid, part, robot).await
            };
            match sent {
                Ok(()) => {
                    self.count(openid).await.map_err(|error| unavailable(&error))?;
                    self.has_sent().await.map_err(|error| unavailable(&error))?;
                }
                Err(error) => return self.failed(openid, &plan, index, error).await,
            }
            if last_of_several {
                return self.keep_rest(openid, &plan, index + 1).await;
            }
        }
        self.end(openid, &plan, String::new()).await.map_err(|error| unavailable(&error))
    }

    /// Sends the last part that may be sent, with how to read on below it.
    async fn send_cut(
        &self,
        openid: &str,
        reader: &Reader,
        part: &Part,
        robot: bool,
    ) -> Result<(), ApiError> {
        let speech = self.speech(reader);
        let text = speech.as_text(part, &|attachment| self.file_link(attachment));
        let below = speech.tail(Tail::More, None);
        let (text, _) = cut(&text, TEXT_BYTES - below.len() - 2);
        self.send_part(openid, &Part::Text(join(&[text, below])), robot).await
    }

    async fn send_part(&self, openid: &str, part: &Part, robot: bool) -> Result<(), ApiError> {
        let sent = match part {
            Part::Text(_) => return self.api.send(openid, part, robot).await,
            Part::Menu { .. } | Part::Card { .. } => self.api.send(openid, part, robot).await,
            Part::File(attachment) => self.send_file(openid, attachment).await,
        };
        match sent {
            // What the platform does not take as it is goes as words, with a link.
            Err(ApiError::Refused(_) | ApiError::KindRefused(_)) => {
                let speech = self.speech(&Reader::default());
                let text = speech.as_text(part, &|attachment| self.file_link(attachment));
                self.api.send(openid, &Part::Text(text), robot).await
            }
            sent => sent,
        }
    }

    async fn send_file(&self, openid: &str, attachment: &Attachment) -> Result<(), ApiError> {
        if !matches!(attachment.kind, MediaKind::Image | MediaKind::Voice) {
            return Err(ApiError::Refused(0));
        }
        let file = self.kit.files.file(&attachment.id).await?.ok_or(ApiError::Refused(0))?;
        let media_id = self.api.upload(attachment.kind, &file).await?;
        self.api.send_media(openid, attachment.kind, &media_id).await
    }

    /// A part went out.
    async fn count(&self, openid: &str) -> Result<(), NotesError> {
        let now = self.now();
        let alive = now.checked_add(ALIVE).unwrap_or(jiff::Timestamp::MAX);
        self.mailbox
            .change(openid, |reader| {
                reader.window.spend(now);
                if let Some(sending) = reader.sending.as_mut().filter(|sending| sending.node == self.node) {
                    sending.done += 1;
                    sending.until = alive;
                }
            })
            .await
    }

    async fn failed(
        &self,
        openid: &str,
        plan: &Plan,
        index: usize,
        error: ApiError,
    ) -> Result<(), ChannelError> {
        tracing::warn!(channel.id = %self.kit.id, %error, "a message could not be sent");
        let notes = |error: NotesError| unavailable(&error);
        match error {
            ApiError::NoRight(_) => {
                self.cannot_send().await.map_err(notes)?;
                self.keep_rest(openid, plan, index).await
            }
            ApiError::Closed(_) => {
                self.mailbox.change(openid, |reader| reader.window.shut()).await.map_err(notes)?;
                self.keep_rest(openid, plan, index).await
            }
            ApiError::Refused(_) | ApiError::KindRefused(_) => {
                // This part will never be taken: it waits to be fetched as words, and the rest goes with it.
                self.keep_rest(openid, plan, index).await
            }
            ApiError::Left(_) => {
                self.end(openid, plan, String::new()).await.map_err(notes)?;
                Err(error.into())
            }
            error => {
                // The claim ends, what went out stays counted, and the outbox comes again.
                self.mailbox.change(openid, |reader| self.let_go(reader)).await.map_err(notes)?;
                Err(error.into())
            }
        }
    }

    fn let_go(&self, reader: &mut Reader) {
        if let Some(sending) = reader.sending.as_mut().filter(|sending| sending.node == self.node) {
            sending.until = jiff::Timestamp::UNIX_EPOCH;
        }
    }

    /// Nothing more may be sent: what is left waits to be fetched. If nothing went out, all of it stays unseen.
    async fn keep_rest(&self, openid: &str, plan: &Plan, from: usize) -> Result<(), ChannelError> {
        let notes = |error: NotesError| unavailable(&error);
        let opened: Opened = self.mailbox.open(openid).await.map_err(notes)?;
        let done = opened.reader.sending.as_ref().map_or(0, |sending| sending.done);
        if done == 0 {
            let release = |reader: &mut Reader| {
                if reader.sending.as_ref().is_some_and(|sending| sending.node == self.node) {
                    reader.sending = None;
                }
            };
            return self.mailbox.change(openid, release).await.map_err(notes);
        }
        let speech = self.speech(&opened.reader);
        let left = plan.parts.get(from..).unwrap_or_default();
        let texts = speech.left(left, &|attachment| self.file_link(attachment));
        self.end(openid, plan, join(&texts)).await.map_err(notes)
    }

    /// Everything is with the citizen, or waits as the rest.
    async fn end(&self, openid: &str, plan: &Plan, rest: String) -> Result<(), NotesError> {
        self.mailbox
            .change(openid, |reader| {
                if reader.sending.as_ref().is_none_or(|sending| sending.node != self.node) {
                    return;
                }
                reader.sending = None;
                reader.shown = reader.shown_of(plan.conversation.as_deref()).max(plan.to);
                reader.conversation.clone_from(&plan.conversation);
                reader.rest = join(&[std::mem::take(&mut reader.rest), rest.clone()]);
                reader.ask_rating = plan.ask_rating;
                reader.hinted = false;
            })
            .await
    }
}
