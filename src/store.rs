//! The narrow waist: everything durable goes through [`Store`], and domain code is written once above it.
//!
//! Open next: `key.rs` (how keys sort), `commit.rs` (the only way to change anything), then one of the stores,
//! `memory.rs` being the short one that says what the others must do. `backup.rs` copies a store while it serves.
//!
//! # What a caller may rely on
//!
//! - A commit that returned [`Committed::Done`] survives the end of the process and of the machine.
//! - Commits happen one after another; each sees all before it. A commit whose checks hold happens whole.
//! - A read sees every commit that was done before it began. It may also see one that is a moment from being durable:
//!   so **read, commit, then act**. A commit is durable only together with all before it, hence also with all that its
//!   author can have read, and what is sent out after it rests on nothing a crash could take back.
//! - Two reads, or two records of a scan, may come from different moments. Check the versions
//!   of what a decision rests on.
//! - A dropped `commit` future may have happened or not, as may one that returned [`StoreError::Unavailable`].

mod backup;
mod commit;
mod error;
mod json;
mod key;
mod memory;
mod sled;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

pub use self::backup::{BACKUP_FILE, Summary, backup, restore, restore_into, verify};
pub use self::commit::{Commit, Committed, MAX_COMMIT_BYTES, Record, Value, Version, decode};
pub use self::error::StoreError;
pub use self::json::StoreExt;
pub use self::key::{BadKey, Key, OwnedPart, Part, Range};
pub use self::memory::MemoryStore;
pub use self::sled::SledStore;

/// Receives the records of a snapshot one by one; an error ends the snapshot and becomes its result.
pub type Visit = Box<dyn FnMut(Record) -> Result<(), StoreError> + Send>;

/// Ordered keys, versioned values, atomic commits with checks.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// The record of this key, if there is one.
    async fn get(&self, key: &Key) -> Result<Option<(Value, Version)>, StoreError>;

    /// Up to `limit` records of the range in the order of their keys; `reverse` begins at its end.
    async fn scan(&self, range: &Range, limit: usize, reverse: bool) -> Result<Vec<Record>, StoreError>;

    /// Makes all the changes of the commit, or none. Returns only once they are durable.
    ///
    /// A commit that changes one key twice, or carries more than [`MAX_COMMIT_BYTES`], is refused.
    async fn commit(&self, commit: Commit) -> Result<Committed, StoreError>;

    /// Shows every record as of one moment, in the order of keys. Commits may wait meanwhile, so `visit` must be quick
    /// and must not use the store.
    async fn snapshot(&self, visit: Visit) -> Result<(), StoreError>;

    /// Waits for the commits under way, then lets go of files and connections. Everything asked later is refused as
    /// [`StoreError::Unavailable`]; closing twice is harmless.
    async fn close(&self) -> Result<(), StoreError>;

    /// The part of the URL before the colon, for logs.
    fn scheme(&self) -> &'static str;
}

/// The key that is there while a backup is being restored, and stays if that is cut short.
fn restoring() -> Key {
    Key::new("store", &["restoring".into()])
}

/// Opens the store that `url` names: `sled:PATH` or `memory:`.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    let store = open_any(url).await?;
    if store.get(&restoring()).await?.is_some() {
        store.close().await?;
        return Err(StoreError::Corrupt(
            "restoring a backup into it did not finish; empty it, then run `yikouwen restore DIR` again"
                .into(),
        ));
    }
    Ok(store)
}

/// Opens a store even if it holds half a backup.
async fn open_any(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    // Messages name the scheme only, because a URL may hold a password.
    match url.split_once(':') {
        Some(("memory", "")) => Ok(Arc::new(MemoryStore::default())),
        Some(("sled", "")) => {
            Err(StoreError::Misconfigured("`sled:` needs a path, as in `sled:data/store`".into()))
        }
        Some(("sled", path)) => Ok(Arc::new(SledStore::open(Path::new(path)).await?)),
        Some(("postgres" | "postgresql", _)) => {
            Err(StoreError::Misconfigured("this build has no PostgreSQL store yet; use `sled:PATH`".into()))
        }
        Some((scheme, _)) => Err(StoreError::Misconfigured(format!(
            "unknown store `{scheme}:`; known are `sled:PATH` and `memory:`"
        ))),
        None => Err(StoreError::Misconfigured("a store is `sled:PATH` or `memory:`".into())),
    }
}

/// Runs what may take a while off the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|failure| Err(StoreError::Unavailable(format!("a part of it failed: {failure}"))))
}
