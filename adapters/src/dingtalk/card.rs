//! An answer that grows on a card while it is written. A card is a help: whenever one of its calls fails, the answer
//! arrives as a message instead, and one failed update never ends the rest.

mod calls;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::address::Address;
use super::client::DingtalkChannel;
use super::compose;
use super::render::{self, Cells};
use super::send::To;
use crate::{Content, Inbox, Live, LiveStream, NotesError, NotesExt, Outbound, personal};

/// The first part of the keys of notes on cards.
pub(super) const CARDS: &str = "card";
/// How long a person is watched after their last message.
const WATCH: Duration = Duration::from_secs(120);
/// How often it is looked whether they still are.
const LOOK: Duration = Duration::from_secs(15);
/// The longest draft that is shown, in characters: the platform recommends no more than 1 K a call.
const DRAFT: usize = 1_000;
/// After so many failures in a row the draft is no longer shown; the answer still comes.
const FAILURES: u32 = 3;
/// How long the answer waits for a card that is just being made.
const BEING_MADE: Duration = Duration::from_secs(12);
/// How long an answer waits for the news that its turn has begun.
const NEWS: Duration = Duration::from_millis(250);
/// How many choices a card has buttons for.
const BUTTONS: usize = 6;

/// What became of a card.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Stage {
    /// It is being made.
    Making,
    /// It can be seen, and waits for the answer.
    Shown,
    /// It holds the answer.
    Done,
    /// The answer came, or will come, another way.
    Given,
}

/// A card as it is noted, under the id of the reply it is for, which is also its `outTrackId`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CardNote {
    /// Whose it is.
    pub(super) address: String,
    /// What became of it.
    pub(super) stage: Stage,
    /// Since when.
    pub(super) at: Timestamp,
    /// Key and label of the choices on its buttons.
    #[serde(default)]
    pub(super) choices: Vec<(String, String)>,
}

/// How a draft ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Drawn {
    /// The card can be seen, and waits for the answer.
    Waiting,
    /// There is no card to be used.
    Nothing,
    /// Another node draws it.
    Elsewhere,
}

/// A card on which a draft is growing.
struct Slot {
    draft: watch::Sender<String>,
    stop: CancellationToken,
    task: JoinHandle<Drawn>,
}

/// The cards of this process.
#[derive(Default)]
pub(super) struct Cards {
    /// By the id of the reply to come.
    slots: Mutex<HashMap<String, Slot>>,
    /// Who is watched, and since when they have written nothing.
    watched: Mutex<HashMap<String, Instant>>,
}

impl Cards {
    fn change_draft(&self, turn: &str, change: impl FnOnce(&mut String)) {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(turn) {
            slot.draft.send_modify(change);
        }
    }

    fn remove(&self, turn: &str) -> Option<Slot> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).remove(turn)
    }

    fn is_watched(&self, address: &str) -> bool {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).contains_key(address)
    }

    /// Ends the draft of a turn, after its last update has been answered.
    async fn take(&self, turn: &str) -> Drawn {
        let Some(slot) = self.remove(turn) else { return Drawn::Elsewhere };
        slot.stop.cancel();
        match tokio::time::timeout(BEING_MADE, slot.task).await {
            Ok(Ok(drawn)) => drawn,
            Ok(Err(_)) | Err(_) => Drawn::Nothing,
        }
    }
}

impl DingtalkChannel {
    /// Watches a person's turns, so that each gets a card when it begins. Called before the message is submitted.
    pub(super) fn watch_for_card(&self, inbox: &Inbox, address: &Address, content: &Content) {
        let can_be_shown = address.is_group() || address.who().staff().is_some();
        let begins_turn =
            matches!(content, Content::Text { .. } | Content::Choice { .. } | Content::Media { .. });
        if self.settings.card.is_none() || !can_be_shown || !begins_turn {
            return;
        }
        let Some(me) = self.me() else { return };
        let peer = self.peer(address);
        {
            let mut watched = self.cards.watched.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(since) = watched.get_mut(&peer.address) {
                *since = Instant::now();
                return;
            }
            watched.insert(peer.address.clone(), Instant::now());
        }
        let live = inbox.watch(&peer);
        let address = address.clone();
        tokio::spawn(async move { me.follow(&address, &peer.address, live).await });
    }

    async fn follow(&self, address: &Address, key: &str, mut live: LiveStream) {
        loop {
            match tokio::time::timeout(LOOK, live.next()).await {
                Ok(Some(Live::Thinking { turn })) => self.begin_card(&turn, address),
                Ok(Some(Live::Delta { turn, text })) => {
                    self.cards.change_draft(&turn, |draft| draft.push_str(&text));
                }
                Ok(Some(Live::Drop { turn })) => self.cards.change_draft(&turn, String::clear),
                Ok(Some(Live::Changed | Live::Typing)) | Err(_) => {}
                Ok(None) => {
                    self.cards.watched.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
                    return;
                }
            }
            let mut watched = self.cards.watched.lock().unwrap_or_else(PoisonError::into_inner);
            if watched.get(key).is_none_or(|since| since.elapsed() > WATCH) {
                watched.remove(key);
                return;
            }
        }
    }

    fn begin_card(&self, turn: &str, address: &Address) {
        let Some(me) = self.me() else { return };
        let mut slots = self.cards.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.contains_key(turn) {
            return;
        }
        let (draft, growing) = watch::channel(String::new());
        let stop = CancellationToken::new();
        let (turn_id, address, stopped) = (turn.to_owned(), address.clone(), stop.clone());
        let task = tokio::spawn(async move { me.draw(&turn_id, &address, growing, stopped).await });
        slots.insert(turn.to_owned(), Slot { draft, stop, task });
    }

    /// Makes a card and shows the draft on it until `stop`.
    async fn draw(
        &self,
        turn: &str,
        address: &Address,
        mut growing: watch::Receiver<String>,
        stop: CancellationToken,
    ) -> Drawn {
        let Some(card) = &self.settings.card else { return Drawn::Nothing };
        match self.make_card(card, turn, address).await {
            Ok(true) => {}
            Ok(false) => return Drawn::Elsewhere,
            Err(fault) => {
                tracing::warn!(channel.id = %self.kit.id, reason = fault.code, "an answer is sent without a card");
                self.note_card(turn, |note| note.stage = Stage::Given).await;
                return Drawn::Nothing;
            }
        }
        self.note_card(turn, |note| note.stage = Stage::Shown).await;
        let (mut failures, mut shown, mut begun) = (0, String::new(), false);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Drawn::Waiting,
                changed = tokio::time::timeout(self.settings.pace.abandoned, growing.changed()) => match changed {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return Drawn::Waiting,
                    Err(_) => {
                        self.cards.remove(turn);
                        self.give_up(turn, &self.settings.words.ended).await;
                        return Drawn::Nothing;
                    }
                }
            }
            let draft = self.draft(&growing.borrow_and_update(), address.is_group());
            if failures < FAILURES && !draft.is_empty() && draft != shown {
                let updated = async {
                    if !begun {
                        // The template shows that it is being written to.
                        self.update_card(turn, &json!({ "flowStatus": "2" })).await?;
                    }
                    self.stream_card(card, turn, &draft, false, false).await
                };
                match updated.await {
                    Ok(()) => (failures, shown, begun) = (0, draft, true),
                    Err(fault) => {
                        failures += 1;
                        tracing::debug!(channel.id = %self.kit.id, reason = fault.code, failures, "a draft could not be shown");
                    }
                }
            }
            tokio::select! {
                () = stop.cancelled() => return Drawn::Waiting,
                () = tokio::time::sleep(self.settings.pace.draft) => {}
            }
        }
    }

    /// What is shown of a draft: in groups no number that might be somebody's, nor the beginning of one.
    fn draft(&self, text: &str, is_group: bool) -> String {
        let style = self.style();
        let pair = |name: &str, value: &str| {
            style.words.pair.fill(style.locale, &[("name", name), ("value", value)])
        };
        let cells = Cells { pair: &pair, between: style.words.between_pairs.say(style.locale) };
        let mut shown: String = render::blocks(text, &cells).join("\n\n").chars().take(DRAFT).collect();
        if is_group {
            shown = personal::hide_all(&shown, &self.settings.personal);
            let whole =
                shown.trim_end_matches(|c: char| c.is_ascii() && !c.is_ascii_punctuation() || c == '-');
            shown.truncate(whole.len());
        }
        shown
    }

    /// Puts the answer on the card of its turn. False: there is no card, or it failed, and a message has to be sent.
    pub(super) async fn finish_card(
        &self,
        to: &To<'_>,
        reply: &Outbound,
        text: &str,
        is_whole: bool,
    ) -> Result<bool, NotesError> {
        let Some(card) = &self.settings.card else { return Ok(false) };
        let here = self.taken(to.address, reply).await;
        let Some(stage) = self.settled_stage(&reply.id, to.address, here).await? else { return Ok(false) };
        match stage {
            Stage::Done => return Ok(true),
            Stage::Given => return Ok(false),
            Stage::Making | Stage::Shown => {}
        }
        let words = &self.settings.words;
        let text = match is_whole {
            true => text.to_owned(),
            false => format!("{text}\n\n{}", words.continued.say(self.settings.locale)),
        };
        if let Err(fault) = self.stream_card(card, &reply.id, &text, true, false).await {
            tracing::warn!(channel.id = %self.kit.id, reason = fault.code, "a card failed; the answer is sent as a message");
            self.give_up(&reply.id, &words.see_below).await;
            return Ok(false);
        }
        let choices: Vec<(String, String)> = reply
            .choices
            .iter()
            .take(BUTTONS)
            .map(|choice| (choice.key.clone(), choice.label.clone()))
            .collect();
        let (noted, now) = (choices.clone(), (self.kit.now)());
        self.note_card(&reply.id, move |note| {
            (note.stage, note.at, note.choices) = (Stage::Done, now, noted);
        })
        .await;
        let can_press = to.address.who().staff().is_some();
        let answers = matches!(reply.outcome.as_deref(), Some("answered" | "guide"));
        let mut variables = json!({
            "flowStatus": "3",
            "can_choose": (can_press && !choices.is_empty()).to_string(),
            "can_rate": (can_press && answers).to_string(),
            "can_ask_human": (can_press && compose::can_ask_human(reply)).to_string(),
        });
        for place in 0..BUTTONS {
            let label = choices.get(place).map_or("", |(_, label)| label.as_str());
            variables[format!("choice{}", place + 1)] = label.into();
        }
        if let Err(fault) = self.update_card(&reply.id, &variables).await {
            // The text stands, and every button has words that do the same.
            tracing::warn!(channel.id = %self.kit.id, reason = fault.code, "a card has no buttons");
        }
        Ok(true)
    }

    /// Takes the draft of a turn. An answer that was quick may be here before the news that the robot thinks, so that is
    /// waited for a moment.
    async fn taken(&self, address: &Address, reply: &Outbound) -> Drawn {
        let begun = Instant::now();
        loop {
            let drawn = self.cards.take(&reply.id).await;
            let may_come = reply.outcome.is_some() && self.cards.is_watched(&address.to_string());
            if drawn != Drawn::Elsewhere || !may_come || begun.elapsed() > NEWS {
                return drawn;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The card's stage, once nobody is making it any more. `None`: there is no card, and there will be none.
    async fn settled_stage(
        &self,
        turn: &str,
        address: &Address,
        here: Drawn,
    ) -> Result<Option<Stage>, NotesError> {
        let begun = Instant::now();
        loop {
            let Some(note) = self.kit.notes.get::<CardNote>(&[CARDS, turn]).await? else {
                // Whoever would still begin a card for this turn finds the note, and lets it be.
                let note = CardNote {
                    address: address.to_string(),
                    stage: Stage::Given,
                    at: (self.kit.now)(),
                    choices: Vec::new(),
                };
                if self.kit.notes.put(&[CARDS, turn], None, &note).await? {
                    return Ok(None);
                }
                continue;
            };
            let stage = note.value.stage;
            match here {
                Drawn::Nothing if stage != Stage::Done => return Ok(Some(Stage::Given)),
                Drawn::Nothing | Drawn::Waiting => return Ok(Some(stage)),
                Drawn::Elsewhere => {}
            }
            // Another node may be making it; one that was left like this by a crash is tried.
            if stage != Stage::Making || begun.elapsed() > BEING_MADE {
                return Ok(Some(stage));
            }
            let age = (self.kit.now)().duration_since(note.value.at);
            if age.unsigned_abs() > BEING_MADE {
                return Ok(Some(stage));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
