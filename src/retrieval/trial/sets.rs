//! Sets of questions: made from pasted lines or from the list of doubts, kept in the store.

use std::collections::HashSet;

use uuid::Uuid;

use super::record::{SetQuestion, SetRecord, SetSummary};
use super::{TrialError, Trials};
use crate::dialogue::question::comparable;
use crate::records::keys;
use crate::store::{Commit, StoreExt};

/// The most questions of a set.
pub const MAX_QUESTIONS: usize = 5_000;

/// The longest question, in characters; the search looks at no more.
pub const MAX_QUESTION_CHARS: usize = 300;

/// The most sets.
pub const MAX_SETS: usize = 200;

/// The longest name of a set, in characters.
const NAME_CHARS: usize = 60;

/// What stands for "it is right to have no answer" in a pasted line.
const NOTHING: &str = "-";

/// Reads pasted lines: a question, and after a tab or `|` the ids of the entries that answer it, parted by blanks or
/// commas, or `-` where it is right to have no answer. Empty lines, lines that begin with `#` and repetitions are left
/// out.
pub fn read_lines(text: &str) -> Vec<SetQuestion> {
    let read = text.lines().filter(|line| !line.trim_start().starts_with('#')).map(|line| {
        let (question, expected) = line.split_once(['\t', '|', '｜']).unwrap_or((line, ""));
        let mut ids: Vec<String> = expected
            .split(|c: char| c.is_whitespace() || matches!(c, ',' | '，' | '、' | ';' | '；'))
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
            .collect();
        let unanswerable = ids.iter().any(|id| id == NOTHING);
        ids.retain(|id| id != NOTHING);
        SetQuestion { text: question.trim().to_owned(), expected: ids, unanswerable }
    });
    tidy(read)
}

/// Drops what has no words, cuts what is too long, and keeps the first of questions that say the same. What is said to
/// be right anywhere is kept.
fn tidy(questions: impl IntoIterator<Item = SetQuestion>) -> Vec<SetQuestion> {
    let mut kept: Vec<SetQuestion> = Vec::new();
    let mut places: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    for mut question in questions {
        let masked = crate::records::doubt::masked(question.text.trim());
        question.text = masked.chars().take(MAX_QUESTION_CHARS).collect();
        let mut seen = HashSet::new();
        question.expected.retain(|id| seen.insert(id.clone()));
        // An entry that answers it and nothing at all cannot both be right.
        question.unanswerable &= question.expected.is_empty();
        let form = comparable(&question.text);
        if form.is_empty() {
            continue;
        }
        match places.get(&form) {
            Some(&place) if kept[place].is_judged() => {}
            Some(&place) => kept[place] = question,
            None => {
                places.insert(form, kept.len());
                kept.push(question);
            }
        }
    }
    kept
}

impl Trials {
    /// All sets, by name, each with its newest run.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sets(&self) -> Result<Vec<SetSummary>, TrialError> {
        let runs = self.runs(None).await?;
        let mut sets: Vec<SetSummary> = self
            .all_sets()
            .await?
            .into_iter()
            .map(|set| SetSummary {
                judged: set.questions.iter().filter(|question| question.is_judged()).count(),
                questions: set.questions.len(),
                last_run: runs.iter().find(|run| run.set == set.id).cloned(),
                id: set.id,
                name: set.name,
                changed_at: set.changed_at,
            })
            .collect();
        sets.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(sets)
    }

    async fn all_sets(&self) -> Result<Vec<SetRecord>, TrialError> {
        let found = self.store.scan_all(&keys::question_sets()).await?;
        Ok(found.iter().map(crate::store::Record::decode).collect::<Result<_, _>>()?)
    }

    /// A set by its id or name.
    ///
    /// # Errors
    /// [`TrialError::UnknownSet`] when there is none.
    pub async fn set(&self, id_or_name: &str) -> Result<SetRecord, TrialError> {
        if let Some((set, _)) = self.store.get_json::<SetRecord>(&keys::question_set(id_or_name)).await? {
            return Ok(set);
        }
        let named = self.all_sets().await?.into_iter().find(|set| set.name == id_or_name);
        named.ok_or(TrialError::UnknownSet)
    }

    /// Makes a set.
    ///
    /// # Errors
    /// When the name is missing or taken, or there are too many questions or sets.
    pub async fn add_set(
        &self,
        name: &str,
        questions: Vec<SetQuestion>,
        by: &str,
    ) -> Result<SetRecord, TrialError> {
        let sets = self.all_sets().await?;
        if sets.len() >= MAX_SETS {
            return Err(TrialError::TooMany { what: "sets", limit: MAX_SETS });
        }
        let now = self.clock.now();
        let set = SetRecord {
            id: Uuid::now_v7().to_string(),
            name: checked_name(name, "", &sets)?,
            questions: checked(questions)?,
            by: by.to_owned(),
            created_at: now,
            changed_at: now,
        };
        self.write(&set).await?;
        Ok(set)
    }

    /// Replaces a set's name and questions.
    ///
    /// # Errors
    /// As [`Trials::add_set`], or [`TrialError::UnknownSet`].
    pub async fn change_set(
        &self,
        id: &str,
        name: &str,
        questions: Vec<SetQuestion>,
    ) -> Result<SetRecord, TrialError> {
        let mut set = self.set(id).await?;
        set.name = checked_name(name, &set.id, &self.all_sets().await?)?;
        set.questions = checked(questions)?;
        set.changed_at = self.clock.now();
        self.write(&set).await?;
        Ok(set)
    }

    /// Adds questions to a set; those it has already stay as they are.
    ///
    /// # Errors
    /// As [`Trials::change_set`].
    pub async fn extend_set(&self, id: &str, more: Vec<SetQuestion>) -> Result<SetRecord, TrialError> {
        let mut set = self.set(id).await?;
        let questions = set.questions.drain(..).chain(more).collect();
        set.questions = checked(questions)?;
        set.changed_at = self.clock.now();
        self.write(&set).await?;
        Ok(set)
    }

    /// Takes a set away with all of its runs.
    ///
    /// # Errors
    /// [`TrialError::UnknownSet`], or [`TrialError::Busy`] while one of its runs is going on.
    pub async fn remove_set(&self, id: &str) -> Result<(), TrialError> {
        let set = self.set(id).await?;
        for run in self.runs(Some(&set.id)).await? {
            self.remove_run(&run).await?;
        }
        self.store.attempt(Commit::new().delete(keys::question_set(&set.id))).await?;
        Ok(())
    }

    async fn write(&self, set: &SetRecord) -> Result<(), TrialError> {
        Ok(self.store.attempt(Commit::new().put_json(keys::question_set(&set.id), set)).await?)
    }
}

fn checked(questions: Vec<SetQuestion>) -> Result<Vec<SetQuestion>, TrialError> {
    let questions = tidy(questions);
    match questions.len() {
        0 => Err(TrialError::Empty),
        count if count > MAX_QUESTIONS => {
            Err(TrialError::TooMany { what: "questions in a set", limit: MAX_QUESTIONS })
        }
        _ => Ok(questions),
    }
}

fn checked_name(name: &str, own: &str, sets: &[SetRecord]) -> Result<String, TrialError> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() {
        return Err(TrialError::Empty);
    }
    if name.chars().count() > NAME_CHARS {
        return Err(TrialError::TooMany { what: "characters in a name", limit: NAME_CHARS });
    }
    let taken = sets.iter().any(|set| set.name == name && set.id != own);
    if taken { Err(TrialError::NameTaken) } else { Ok(name) }
}
