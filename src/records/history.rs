//! What somebody asked before: the conversations of a peer, or of all peers of a citizen.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AuthorRecord, ConversationRecord, Ledger, MessageRecord, keys};
use crate::dialogue::{Outcome, Stage};
use crate::store::{Record, StoreError, StoreExt};

/// How many of the newest messages of a conversation are looked at.
const NEWEST: usize = 200;

/// The most conversations of one peer that are looked at.
const OF_PEER: usize = 100;

/// Who reads what somebody asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reader {
    /// Whoever asked it: as it was written.
    Citizen,
    /// Somebody else: masked.
    Other,
}

/// The longest question in a list, in characters.
const QUESTION: usize = 120;

/// What became of a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// A person has it.
    Open,
    /// It waits for a person.
    Waiting,
    /// It holds a question without a good answer.
    Unresolved,
    /// The rest.
    Resolved,
}

impl Standing {
    /// Whether the citizen is still owed something.
    pub fn is_owed(self) -> bool {
        self != Self::Resolved
    }
}

/// A conversation of the past, or of the present, in a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// The conversation's id.
    pub id: String,
    /// The channel.
    pub channel: String,
    /// When it began.
    pub opened_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The stage's name.
    pub stage: &'static str,
    /// What was asked: the question that is still open, else the first.
    pub question: String,
    /// The questions that nobody has answered.
    pub unanswered: Vec<String>,
    /// What became of it.
    pub standing: Standing,
}

impl Ledger {
    /// The ids of all conversations that a peer ever had.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn of(&self, channel: &str, address: &str) -> Result<Vec<String>, StoreError> {
        let found = self.store().scan_all(&keys::histories(channel, address)).await?;
        let last = |record: Record| record.key.parts().last().and_then(|part| part.text().map(str::to_owned));
        Ok(found.into_iter().filter_map(last).collect())
    }

    /// The conversations of these peers, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn past(
        &self,
        peers: &[(&str, &str)],
        limit: usize,
        reader: Reader,
    ) -> Result<Vec<Past>, StoreError> {
        let mut ids = Vec::new();
        for (channel, address) in peers {
            let found = self.store().scan(&keys::histories(channel, address), OF_PEER, true).await?;
            for record in found {
                // The last two parts of the key are the moment and the conversation.
                let parts = record.key.parts();
                if let [.., moment, conversation] = parts.as_slice()
                    && let (Some(moment), Some(id)) = (moment.number(), conversation.text())
                {
                    ids.push((moment, id.to_owned()));
                }
            }
        }
        ids.sort_unstable_by(|left, right| right.cmp(left));
        ids.dedup();
        let mut past = Vec::new();
        for (_, id) in ids.into_iter().take(limit) {
            if let Some(record) = self.conversation(&id).await? {
                past.push(self.past_of(record, reader).await?);
            }
        }
        Ok(past)
    }

    /// A conversation in a line.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn past_of(&self, record: ConversationRecord, reader: Reader) -> Result<Past, StoreError> {
        let found = self.store().scan_json(&keys::messages(&record.id), NEWEST, true).await?;
        let mut messages: Vec<MessageRecord> = found.into_iter().map(|(_, message, _)| message).collect();
        messages.reverse();
        match reader {
            Reader::Citizen => messages = self.opened(&record.id, messages).await?,
            // Stores of earlier versions hold what was written.
            Reader::Other => messages.iter_mut().for_each(|message| drop(message.hide())),
        }
        let stage = record.conversation()?.stage;
        let unanswered = unanswered(&messages);
        let standing = standing(stage, &record, &unanswered);
        let question = unanswered
            .last()
            .cloned()
            .or_else(|| first_question(&messages))
            .unwrap_or_else(|| record.preview.clone());
        Ok(Past {
            id: record.id,
            channel: record.channel,
            opened_at: record.opened_at,
            updated_at: record.updated_at,
            stage: stage.name(),
            question,
            unanswered,
            standing,
        })
    }
}

fn standing(stage: Stage, record: &ConversationRecord, unanswered: &[String]) -> Standing {
    match stage {
        Stage::Queued | Stage::LeftMessage => Standing::Waiting,
        Stage::Robot if unanswered.is_empty() => Standing::Resolved,
        Stage::Robot => Standing::Unresolved,
        Stage::WrapUp | Stage::Closed => match &record.rating {
            Some(rating) if rating.is_bad() => Standing::Unresolved,
            _ => Standing::Resolved,
        },
        _ => Standing::Open,
    }
}

/// What became of the question before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// It was answered, or there was none.
    Settled,
    /// It was not.
    Missed,
    /// The robot asked back.
    AskedBack,
}

/// The questions that the robot could not answer and nobody answered since. What the citizen asked next and got an answer
/// to counts as the same question in other words, and whatever came before a person spoke was that person's to settle.
fn unanswered(messages: &[MessageRecord]) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    let mut asked: Option<&str> = None;
    let mut last = Last::Settled;
    for message in messages {
        match message.author {
            AuthorRecord::Citizen => {
                asked = Some(&message.text).filter(|text| !text.is_empty()).map(String::as_str);
            }
            AuthorRecord::Helper => {
                open.clear();
                last = Last::Settled;
            }
            AuthorRecord::Robot => match message.outcome.as_deref() {
                // None of the choices was meant: what was asked before them is still what was asked.
                Some(outcome) if outcome == Outcome::NoAnswer.name() && last == Last::AskedBack => {
                    last = Last::Missed;
                }
                Some(outcome)
                    if [Outcome::NoAnswer, Outcome::Clarify].map(Outcome::name).contains(&outcome) =>
                {
                    if let Some(text) = asked.take() {
                        open.push(short(text));
                        let missed = outcome == Outcome::NoAnswer.name();
                        last = if missed { Last::Missed } else { Last::AskedBack };
                    }
                }
                Some(outcome)
                    if [Outcome::Answered, Outcome::Guide].map(Outcome::name).contains(&outcome) =>
                {
                    if last != Last::Settled {
                        open.pop();
                    }
                    last = Last::Settled;
                }
                _ => {}
            },
            AuthorRecord::System => {}
        }
    }
    open
}

/// The first words of the citizen that the robot took for a question.
fn first_question(messages: &[MessageRecord]) -> Option<String> {
    let questions = messages.iter().zip(messages.iter().skip(1)).filter(|(asked, reply)| {
        asked.author == AuthorRecord::Citizen && !asked.text.is_empty() && reply.outcome.is_some()
    });
    let first = questions.map(|(asked, _)| asked).next();
    let any = || {
        messages.iter().find(|message| message.author == AuthorRecord::Citizen && !message.text.is_empty())
    };
    first.or_else(any).map(|message| short(&message.text))
}

fn short(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= QUESTION {
        return line;
    }
    let mut cut: String = line.chars().take(QUESTION - 1).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(author: AuthorRecord, text: &str, outcome: Option<&str>) -> MessageRecord {
        let at = "2026-11-20T08:00:00Z".parse().unwrap();
        let mut message = MessageRecord::new("m".to_owned(), author, at, text);
        message.outcome = outcome.map(str::to_owned);
        message
    }

    fn citizen(text: &str) -> MessageRecord {
        said(AuthorRecord::Citizen, text, None)
    }

    fn robot(outcome: &str) -> MessageRecord {
        said(AuthorRecord::Robot, "…", Some(outcome))
    }

    #[test]
    fn a_question_stays_open_until_it_is_answered_in_other_words_or_by_a_person() {
        let mut thread = vec![citizen("你好"), said(AuthorRecord::Robot, "您好", None)];
        assert_eq!(unanswered(&thread), Vec::<String>::new());
        thread.extend([citizen("钓鱼许可证"), robot("no_answer")]);
        assert_eq!(unanswered(&thread), ["钓鱼许可证"]);
        let other_words = [thread.clone(), vec![citizen("钓鱼证怎么办"), robot("answered")]].concat();
        assert_eq!(unanswered(&other_words), Vec::<String>::new());
        let second = [thread.clone(), vec![citizen("划船许可证"), robot("no_answer")]].concat();
        assert_eq!(unanswered(&second), ["钓鱼许可证", "划船许可证"]);
        let later =
            [second, vec![citizen("社保卡"), robot("answered"), citizen("医保"), robot("answered")]].concat();
        assert_eq!(unanswered(&later), ["钓鱼许可证"]);
        let asked_back = [citizen("办卡"), robot("clarify")];
        assert_eq!(unanswered(&asked_back), ["办卡"]);
        let chosen = [asked_back.to_vec(), vec![citizen("社保卡"), robot("answered")]].concat();
        assert_eq!(unanswered(&chosen), Vec::<String>::new());
        let none = [asked_back.to_vec(), vec![citizen("都不是"), robot("no_answer")]].concat();
        assert_eq!(unanswered(&none), ["办卡"]);
        let person = [later, vec![said(AuthorRecord::Helper, "我来答", None)]].concat();
        assert_eq!(unanswered(&person), Vec::<String>::new());
    }

    #[test]
    fn the_first_question_is_the_first_that_got_a_reply_with_an_outcome() {
        let thread = [
            citizen("你好"),
            said(AuthorRecord::Robot, "您好", None),
            citizen("社保卡丢了"),
            robot("answered"),
        ];
        assert_eq!(first_question(&thread).as_deref(), Some("社保卡丢了"));
        assert_eq!(first_question(&thread[..2]).as_deref(), Some("你好"));
        assert_eq!(first_question(&[]), None);
        assert_eq!(short(&"问".repeat(500)).chars().count(), QUESTION);
    }
}
