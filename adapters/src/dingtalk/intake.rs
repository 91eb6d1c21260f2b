//! What is made of a message, by socket and webhook alike: it is submitted, or the person is told why not. There is no
//! third way: every message that is not taken is in the log, without a word of it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::address::Address;
use super::alarms;
use super::client::DingtalkChannel;
use super::memory::Chat;
use super::send::To;
use super::wire::message::{Arrived, Body, Message, parse};
use crate::{Content, Inbound, Inbox, Media, MediaKind, SubmitError, Wording};

/// How often a message is tried again while the store is away, and the pauses between: some 3 s in all.
const TRIES: usize = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(150);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Somebody who sends too fast is told so no more often than this.
const TELL_AGAIN: Duration = Duration::from_secs(10);
/// Past so many, those told long ago are forgotten.
const TOLD: usize = 1_000;

/// Who was told lately that they send too fast.
#[derive(Default)]
pub(super) struct Refusals(Mutex<HashMap<String, Instant>>);

impl Refusals {
    fn may_tell(&self, address: &Address) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() > TOLD {
            told.retain(|_, at| at.elapsed() < TELL_AGAIN);
        }
        let key = address.to_string();
        if told.get(&key).is_some_and(|at| at.elapsed() < TELL_AGAIN) {
            return false;
        }
        told.insert(key, Instant::now());
        true
    }
}

/// A thing to submit, and what to do when the gateway has no use for it.
struct Plan<'a> {
    id: String,
    content: Content,
    /// Submitted in its place.
    instead: Option<Content>,
    /// Said to the person.
    words: Option<&'a Wording>,
}

/// What came of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Taken {
    /// It is durable, or will never be, and the person knows.
    Settled,
    /// It is not durable: the platform should send it again.
    NotTaken,
}

impl DingtalkChannel {
    /// Takes a message as the platform sent it.
    pub(super) async fn take(&self, inbox: &Inbox, raw: &str) -> Taken {
        let message = match parse(raw) {
            Arrived::Message(message) => message,
            Arrived::Quota => {
                tracing::error!(channel.id = %self.kit.id, "the robot's quota is used up; a message arrived without its words");
                self.kit.alarms.raise(alarms::QUOTA, "20001");
                return Taken::Settled;
            }
            Arrived::Unreadable(reason) => {
                tracing::warn!(channel.id = %self.kit.id, reason, "a message cannot be read");
                return Taken::Settled;
            }
        };
        self.kit.alarms.clear(alarms::QUOTA);
        self.watch_staff_ids(&message);
        if !message.is_for_robot {
            tracing::info!(channel.id = %self.kit.id, message.id, "a message of a group is not for the robot");
            return Taken::Settled;
        }
        let chat = self.remember(&message).await;
        let plans = self.plans(&message);
        if plans.is_empty() {
            tracing::info!(channel.id = %self.kit.id, message.id, reason = "unsupported", "a message is not taken");
            self.tell(&message.address, &chat, self.say(&self.settings.words.unsupported)).await;
            return Taken::Settled;
        }
        let mut taken = Taken::Settled;
        for plan in plans {
            if self.carry_out(inbox, &message, &chat, plan).await == Taken::NotTaken {
                taken = Taken::NotTaken;
            }
        }
        taken
    }

    fn say(&self, wording: &Wording) -> String {
        wording.say(self.settings.locale).to_owned()
    }

    /// Members without a userid: the robot is not published, and cannot write to anybody by itself.
    fn watch_staff_ids(&self, message: &Message) {
        if message.address.who().staff().is_some() {
            self.kit.alarms.clear(alarms::NO_STAFF_ID);
        } else if message.is_member {
            self.kit.alarms.raise(alarms::NO_STAFF_ID, "a member of the company came without senderStaffId");
        }
    }

    /// Notes where answers go. Without the note they go another way, so a failure is no reason to refuse.
    async fn remember(&self, message: &Message) -> Chat {
        let now = (self.kit.now)();
        let heard = |chat: &mut Chat| chat.heard(message, now);
        match self.chats.change(&message.address, heard).await {
            Ok(chat) => chat,
            Err(error) => {
                tracing::warn!(channel.id = %self.kit.id, reason = error.0, "a chat could not be remembered");
                let mut chat = Chat::default();
                heard(&mut chat);
                chat
            }
        }
    }

    /// What a message is for the gateway. Nothing: a kind that this program does not know.
    fn plans(&self, message: &Message) -> Vec<Plan<'_>> {
        let words = &self.settings.words;
        let media = |kind, code: &String, name: Option<String>, text: Option<String>| Content::Media {
            media: Media { kind, name, reference: code.clone(), bytes: None },
            text,
        };
        let plan = |content, instead, words| vec![Plan { id: message.id.clone(), content, instead, words }];
        match &message.body {
            Body::Text(text) if text.is_empty() => plan(Content::Hello, None, Some(&words.not_now)),
            Body::Text(text) => plan(Content::Text { text: text.clone() }, None, None),
            Body::Voice { code, heard } => {
                let instead = heard.clone().map(|text| Content::Text { text });
                let words = instead.is_none().then_some(&words.voice_not_heard);
                plan(media(MediaKind::Voice, code, None, heard.clone()), instead, words)
            }
            Body::Picture { code } => {
                plan(media(MediaKind::Image, code, None, None), None, Some(&words.picture_not_read))
            }
            Body::Video { code, format } => {
                let name = format.as_ref().map(|format| format!("video.{format}"));
                plan(media(MediaKind::Video, code, name, None), None, Some(&words.file_not_read))
            }
            Body::File { code, name } => {
                plan(media(MediaKind::File, code, name.clone(), None), None, Some(&words.file_not_read))
            }
            Body::Rich { text, pictures } => {
                let said = (!text.is_empty()).then(|| text.clone());
                let instead = said.clone().map(|text| Content::Text { text });
                let Some((first, rest)) = pictures.split_first() else {
                    return instead.map_or_else(Vec::new, |content| plan(content, None, None));
                };
                let mut plans =
                    plan(media(MediaKind::Image, first, None, said), instead, Some(&words.picture_not_read));
                plans.extend(rest.iter().enumerate().map(|(place, code)| Plan {
                    id: format!("{}/{}", message.id, place + 2),
                    content: media(MediaKind::Image, code, None, None),
                    instead: None,
                    words: None,
                }));
                plans
            }
            Body::Unknown(_) => Vec::new(),
        }
    }

    async fn carry_out(&self, inbox: &Inbox, message: &Message, chat: &Chat, plan: Plan<'_>) -> Taken {
        let Plan { id, content, instead, words } = plan;
        self.watch_for_card(inbox, &message.address, &content);
        let mut result = self.submit(inbox, message, &id, content).await;
        if result == Err(SubmitError::NotNow) {
            if let Some(content) = instead {
                self.watch_for_card(inbox, &message.address, &content);
                result = self.submit(inbox, message, &id, content).await;
            }
            // A picture beside words is answered by the words, and the person knows that only they were read.
            if let (Ok(()), Some(words)) = (&result, words) {
                self.tell(&message.address, chat, self.say(words)).await;
            }
        }
        let Err(error) = result else { return Taken::Settled };
        tracing::warn!(channel.id = %self.kit.id, message.id = id, reason = error.code(), "a message is not taken");
        let said = match (&error, words) {
            (SubmitError::NotNow, Some(words)) => self.say(words),
            (SubmitError::NotNow, None) if id != message.id => return Taken::Settled,
            _ => self.reason(&error),
        };
        let crowds = matches!(error, SubmitError::RateLimited { .. } | SubmitError::Busy { .. });
        if !crowds || self.refusals.may_tell(&message.address) {
            self.tell(&message.address, chat, said).await;
        }
        if error == SubmitError::Unavailable { Taken::NotTaken } else { Taken::Settled }
    }

    /// What is said of a refusal.
    pub(super) fn reason(&self, error: &SubmitError) -> String {
        let (words, locale) = (&self.settings.words, self.settings.locale);
        match error {
            SubmitError::TooLong { limit } => words.too_long.fill(locale, &[("limit", &limit.to_string())]),
            SubmitError::Busy { .. } => self.say(&words.busy),
            SubmitError::RateLimited { retry_after } => {
                let seconds = retry_after.as_secs().max(1).to_string();
                words.too_fast.fill(locale, &[("seconds", &seconds)])
            }
            SubmitError::Unavailable => self.say(&words.unavailable),
            SubmitError::Empty
            | SubmitError::NotNow
            | SubmitError::UnknownMessage
            | SubmitError::UnknownConversation => self.say(&words.not_now),
        }
    }

    /// Submits, and tries again for a few seconds while the store is away.
    async fn submit(
        &self,
        inbox: &Inbox,
        message: &Message,
        id: &str,
        content: Content,
    ) -> Result<(), SubmitError> {
        let inbound = Inbound {
            id: id.to_owned(),
            peer: self.peer(&message.address),
            content,
            locale: self.settings.locale,
            region: None,
            audience: self.settings.audience.filter(|_| message.is_member),
            received_at: (self.kit.now)(),
        };
        use backon::Retryable;
        let pauses = backon::ExponentialBuilder::default()
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(LONGEST_PAUSE)
            .with_max_times(TRIES)
            .with_jitter();
        (|| async { inbox.submit(inbound.clone()).await })
            .retry(pauses)
            .when(|error| *error == SubmitError::Unavailable)
            .sleep(tokio::time::sleep)
            .await
            .map(drop)
    }

    /// Says something to a person outside the thread, in the background: nobody waits for it.
    async fn tell(&self, address: &Address, chat: &Chat, words: String) {
        let Some(me) = self.me() else { return };
        let (address, chat) = (address.clone(), chat.clone());
        tokio::spawn(async move {
            let to = To { address: &address, chat: &chat };
            let title = me.settings.words.title.say(me.settings.locale);
            if let Err(fault) = me.sender().markdown(&to, title, &words, true).await {
                tracing::warn!(channel.id = %me.kit.id, reason = fault.code, "a person could not be told why a message was not taken");
            }
        });
    }
}
