//! Records, versions, and the one way to change them: a commit.

use std::collections::HashSet;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::key::Key;

/// What a record holds: one JSON document. A store may change its spacing and the order of its members.
pub type Value = bytes::Bytes;

/// The most bytes one commit may carry. Far above every record of ours; it keeps a mistake from filling the memory.
pub const MAX_COMMIT_BYTES: usize = 16 << 20;

/// Says which commit wrote a record. Every commit of a store gets a greater one than all before it, also across
/// restarts and restored backups, so that equal versions of a key mean equal values. The records of
/// one commit share it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub u64);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A key with what the store holds under it.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Its name.
    pub key: Key,
    /// Its content.
    pub value: Value,
    /// The commit that wrote it.
    pub version: Version,
}

impl Record {
    /// Reads the value as JSON.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        decode(&self.key, &self.value)
    }
}

/// Shows the size of the value, never its content.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes, version {})", self.key, self.value.len(), self.version)
    }
}

/// Reads a record's value as JSON.
pub fn decode<T: DeserializeOwned>(key: &Key, value: &Value) -> Result<T, StoreError> {
    serde_json::from_slice(value).map_err(|error| StoreError::undecodable(key, &error))
}

/// Changes that happen together or not at all, on condition that nothing they depend on has changed.
///
/// ```
/// # use yikouwen::store::{Commit, Key, Version};
/// # let (key, version) = (Key::new("conversation", &["c1".into()]), Version(7));
/// let commit = Commit::new()
///     .check(key.clone(), Some(version))
///     .put_json(key, &serde_json::json!({ "stage": "claimed" }));
/// ```
#[derive(Default, Clone)]
pub struct Commit {
    pub(super) checks: Vec<(Key, Option<Version>)>,
    pub(super) puts: Vec<(Key, Value)>,
    pub(super) deletes: Vec<Key>,
    /// The commit's version has to be greater than this one.
    pub(super) floor: Version,
    /// Set when a value could not be written as JSON; the commit is refused for it. Keeping it here spares every
    /// caller of [`Commit::put_json`] an error that its own types rule out.
    unwritable: Option<Key>,
}

impl Commit {
    /// A commit that changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only if `key` still has this version; `None`: only if there is no such record.
    #[must_use]
    pub fn check(mut self, key: Key, version: Option<Version>) -> Self {
        self.checks.push((key, version));
        self
    }

    /// Writes a record, new or not.
    #[must_use]
    pub fn put(mut self, key: Key, value: impl Into<Value>) -> Self {
        self.puts.push((key, value.into()));
        self
    }

    /// Writes a record whose value is `value` as JSON.
    #[must_use]
    pub fn put_json<T: Serialize + ?Sized>(mut self, key: Key, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(json) => self.puts.push((key, json.into())),
            Err(_) => self.unwritable = Some(key),
        }
        self
    }

    /// Removes a record, if there is one.
    #[must_use]
    pub fn delete(mut self, key: Key) -> Self {
        self.deletes.push(key);
        self
    }

    /// Gets a version greater than `version`. Restoring a backup uses it, so that no version is ever given twice.
    #[must_use]
    pub fn above(mut self, version: Version) -> Self {
        self.floor = self.floor.max(version);
        self
    }

    /// Whether it would neither check nor change anything.
    pub fn is_empty(&self) -> bool {
        self.checks.is_empty() && self.puts.is_empty() && self.deletes.is_empty() && self.unwritable.is_none()
    }

    /// The bytes of what it writes.
    pub(crate) fn size(&self) -> usize {
        let puts: usize = self.puts.iter().map(|(key, value)| key.as_bytes().len() + value.len()).sum();
        let deletes: usize = self.deletes.iter().map(|key| key.as_bytes().len()).sum();
        puts + deletes
    }

    /// Every store calls this first, so that all refuse the same commits.
    pub(super) fn validate(&self) -> Result<(), StoreError> {
        if let Some(key) = &self.unwritable {
            return Err(StoreError::Refused(format!("the value of `{key}` can't be written as JSON")));
        }
        let size = self.size();
        if size > MAX_COMMIT_BYTES {
            return Err(StoreError::Refused(format!(
                "{size} bytes in one commit, more than {MAX_COMMIT_BYTES}"
            )));
        }
        let mut seen = HashSet::new();
        let mut written = self.puts.iter().map(|(key, _)| key).chain(&self.deletes);
        match written.find(|key| !seen.insert(*key)) {
            Some(key) => Err(StoreError::Refused(format!("one commit changes `{key}` twice"))),
            None => Ok(()),
        }
    }
}

/// Shows keys and sizes, never content.
impl fmt::Debug for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let puts: Vec<_> = self.puts.iter().map(|(key, value)| (key, value.len())).collect();
        f.debug_struct("Commit")
            .field("checks", &self.checks)
            .field("puts", &puts)
            .field("deletes", &self.deletes)
            .finish_non_exhaustive()
    }
}

/// What became of a commit.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use = "a conflict means that nothing was written"]
pub enum Committed {
    /// All of it happened and is durable. The records written have this version.
    Done(Version),
    /// Nothing happened, because the record of this key is not as the commit expected.
    Conflict(Key),
}

impl Committed {
    /// The version, unless it was a conflict.
    pub fn done(self) -> Option<Version> {
        match self {
            Self::Done(version) => Some(version),
            Self::Conflict(_) => None,
        }
    }

    /// Whether it happened.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }
}
