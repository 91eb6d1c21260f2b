//! A button of a card was pressed. The platform wants an answer within 2 s: what changes on the card.

use std::time::Duration;

use serde_json::Value;

use super::address::{Address, Who};
use super::card::{CARDS, CardNote};
use super::client::DingtalkChannel;
use super::wire::press::{Action, parse, response};
use crate::{Content, Inbound, Inbox, NotesExt, SubmitError, Wording};

/// How long submitting may take; the rest of the 2 s is the network's.
const PATIENCE: Duration = Duration::from_millis(1_500);

impl DingtalkChannel {
    /// Takes a press as the platform sent it; returns what changes on the card.
    pub(super) async fn pressed(&self, inbox: &Inbox, raw: &str) -> Value {
        match tokio::time::timeout(PATIENCE, self.take_press(inbox, raw)).await {
            Ok(answer) => answer,
            Err(_) => {
                tracing::warn!(channel.id = %self.kit.id, reason = "late", "a press is not taken");
                self.notice(&self.settings.words.unavailable)
            }
        }
    }

    /// A notice that only whoever pressed sees.
    fn notice(&self, wording: &Wording) -> Value {
        response(&[], &[("notice", wording.say(self.settings.locale).to_owned())])
    }

    async fn take_press(&self, inbox: &Inbox, raw: &str) -> Value {
        let words = &self.settings.words;
        let refuse = |reason: &str, wording: &Wording| {
            tracing::warn!(channel.id = %self.kit.id, reason, "a press is not taken");
            self.notice(wording)
        };
        let Some(press) = parse(raw) else { return refuse("it cannot be read", &words.stale) };
        let Some(action) = press.action else {
            return refuse("the button has no known action", &words.stale);
        };
        let note = match self.kit.notes.get::<CardNote>(&[CARDS, &press.track]).await {
            Ok(Some(note)) => note.value,
            Ok(None) => return refuse("the card is not known any more", &words.stale),
            Err(error) => return refuse(&error.0, &words.unavailable),
        };
        let Some(address) = Address::parse(&note.address) else {
            return refuse("the card is nobody's", &words.stale);
        };
        if address.who() != &Who::Staff(press.user) {
            return refuse("somebody else's card", &words.not_yours);
        }
        let message = press.track;
        let id = format!("card/{message}/{}", action.name());
        let (content, flag, noted) = match action {
            Action::Human => {
                (Content::Human, "can_ask_human", words.noted_human.say(self.settings.locale).to_owned())
            }
            Action::Feedback(useful) => {
                let said = if useful { &words.noted_useful } else { &words.noted_useless };
                (Content::Feedback { message, useful }, "can_rate", said.say(self.settings.locale).to_owned())
            }
            Action::Choice(number) => {
                let Some((key, label)) = note.choices.into_iter().nth(number - 1) else {
                    return refuse("there is no such choice", &words.stale);
                };
                let said = words.noted_choice.fill(self.settings.locale, &[("label", &label)]);
                (Content::Choice { message, key }, "can_choose", said)
            }
        };
        self.watch_for_card(inbox, &address, &content);
        let inbound = Inbound {
            id,
            peer: self.peer(&address),
            content,
            locale: self.settings.locale,
            region: None,
            audience: self.settings.audience,
            received_at: (self.kit.now)(),
        };
        match inbox.submit(inbound).await {
            Ok(_) => response(&[(flag, "false".to_owned()), ("notice", noted)], &[]),
            Err(error) => {
                tracing::warn!(channel.id = %self.kit.id, reason = error.code(), "a press is not taken");
                let said = match error {
                    SubmitError::NotNow | SubmitError::UnknownMessage | SubmitError::UnknownConversation => {
                        words.stale.say(self.settings.locale).to_owned()
                    }
                    other => self.reason(&other),
                };
                response(&[], &[("notice", said)])
            }
        }
    }
}
