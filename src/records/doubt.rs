//! Questions that were not answered, or not surely: each wording once, masked, with how often and when it was asked.
//! The office that keeps the knowledge reads them to learn what it lacks.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use utoipa::ToSchema;

use super::keys;
use crate::dialogue::question::comparable;
use crate::store::{Commit, Committed, Store, StoreError, StoreExt};

/// The shortest question worth a line, in characters that mean something. Less is the key of a choice or a slip.
const SHORTEST: usize = 2;

/// The longest question that is kept, in characters. What is longer is a letter, and its beginning says what about.
const LONGEST: usize = 300;

/// How often a change is tried again when another node came first.
const TRIES: usize = 8;

/// A question that was not answered, or not surely.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DoubtRecord {
    /// Names the wording; equal for wordings that differ by marks and courtesies alone.
    pub id: String,
    /// The words of the last time, masked.
    pub question: String,
    /// What happened the last time: `no_answer`, `none_of_these`, `unavailable`, `useless`, `clarified` or `unsure`.
    pub kind: String,
    /// How often it was asked.
    pub count: u64,
    /// The first time.
    #[schema(value_type = String, format = DateTime)]
    pub first_at: Timestamp,
    /// The last time.
    #[schema(value_type = String, format = DateTime)]
    pub last_at: Timestamp,
    /// The nearest entry of the last time.
    pub nearest: Option<String>,
    /// Its confidence.
    pub confidence: Option<f32>,
    /// The conversation of the last time, for whoever may read it.
    pub conversation: String,
    /// The place that was asked about, if the channel knew it.
    pub region: Option<String>,
    /// Who dealt with it. Asked again, it is open again.
    pub done: Option<DoneRecord>,
}

/// Who dealt with a question, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DoneRecord {
    /// The helper.
    pub by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// One time that a question was not answered, or not surely.
#[derive(Clone, Debug)]
pub struct Doubt {
    /// The words as they were written.
    pub question: String,
    /// What happened.
    pub kind: &'static str,
    /// The nearest entry and its confidence.
    pub nearest: Option<(String, f32)>,
    /// The conversation.
    pub conversation: String,
    /// The place asked about.
    pub region: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// A question without what identifies a person, as every list keeps it.
pub fn masked(question: &str) -> String {
    crate::privacy::mask(question).into_owned()
}

/// The list of doubts.
pub struct Doubts {
    store: Arc<dyn Store>,
    /// How many are kept.
    kept: usize,
    /// One note at a time; holds how many there are, once counted.
    count: Mutex<Option<usize>>,
}

impl Doubts {
    /// A list over a store that keeps so many.
    pub fn new(store: Arc<dyn Store>, kept: usize) -> Self {
        Self { store, kept, count: Mutex::new(None) }
    }

    /// Notes a question, masked.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note(&self, doubt: Doubt) -> Result<(), StoreError> {
        let words: String = doubt.question.chars().take(LONGEST).collect();
        let question = masked(&words);
        let form = comparable(&question);
        if form.chars().count() < SHORTEST {
            return Ok(());
        }
        let id: String = Sha256::digest(form).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let mut count = self.count.lock().await;
        let key = keys::doubt(&id);
        for _ in 0..TRIES {
            let known = self.store.get_json::<DoubtRecord>(&key).await?;
            let is_new = known.is_none();
            let version = known.as_ref().map(|(_, version)| *version);
            let (nearest, confidence) = doubt.nearest.clone().unzip();
            let record = DoubtRecord {
                id: id.clone(),
                question: question.clone(),
                kind: doubt.kind.to_owned(),
                count: known.as_ref().map_or(0, |(record, _)| record.count) + 1,
                first_at: known.map_or(doubt.at, |(record, _)| record.first_at),
                last_at: doubt.at,
                nearest,
                confidence,
                conversation: doubt.conversation.clone(),
                region: doubt.region.clone(),
                done: None,
            };
            let commit = Commit::new().check(key.clone(), version).put_json(key.clone(), &record);
            if self.store.commit(commit).await?.is_done() {
                if is_new {
                    self.make_room(&mut count).await?;
                }
                return Ok(());
            }
        }
        Ok(())
    }

    /// Drops what is dealt with, then what was not asked for longest, when there are too many.
    async fn make_room(&self, count: &mut Option<usize>) -> Result<(), StoreError> {
        let total = match *count {
            Some(known) => known + 1,
            None => self.store.scan_all(&keys::doubts()).await?.len(),
        };
        *count = Some(total);
        if total <= self.kept {
            return Ok(());
        }
        let mut all = self.list().await?;
        // A tenth more than needed, so that the next new question need not look through all of them again.
        let keep = self.kept - self.kept / 10;
        all.sort_by_key(|record| (record.done.is_some(), std::cmp::Reverse(record.last_at)));
        let commit = all
            .iter()
            .skip(keep)
            .fold(Commit::new(), |commit, record| commit.delete(keys::doubt(&record.id)));
        self.store.attempt(commit).await?;
        *count = Some(keep.min(all.len()));
        Ok(())
    }

    /// All of them, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self) -> Result<Vec<DoubtRecord>, StoreError> {
        let found = self.store.scan_all(&keys::doubts()).await?;
        let mut all =
            found.iter().map(crate::store::Record::decode).collect::<Result<Vec<DoubtRecord>, _>>()?;
        all.sort_by_key(|record| std::cmp::Reverse(record.last_at));
        Ok(all)
    }

    /// Marks a question as dealt with, or as open again. `None`: there is none of this id.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn mark(&self, id: &str, done: Option<DoneRecord>) -> Result<Option<DoubtRecord>, StoreError> {
        let key = keys::doubt(id);
        for _ in 0..TRIES {
            let Some((mut record, version)) = self.store.get_json::<DoubtRecord>(&key).await? else {
                return Ok(None);
            };
            record.done.clone_from(&done);
            let commit = Commit::new().check(key.clone(), Some(version)).put_json(key.clone(), &record);
            if let Committed::Done(_) = self.store.commit(commit).await? {
                return Ok(Some(record));
            }
        }
        Err(StoreError::Busy("the question was changed too often at the same moment".into()))
    }
}

#[cfg(test)]
mod tests;
