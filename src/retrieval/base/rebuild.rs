//! Filling an index from the store: all of it into a new one, or what changed of late into one that is behind.

use std::sync::Arc;

use knowledge::{Change, Entry, EntryId, Index, Placed, Regions};
use tokio::sync::mpsc;

use super::journal::{self, Head};
use super::shelf::Shelved;
use super::status::RebuildStatus;
use super::{KnowledgeError, Shared, blocking};
use crate::records::keys;
use crate::store::{Record, StoreExt};

/// Entries read from the store at a time.
const PAGE: usize = 500;

/// Pages that may wait for the indexing threads.
const PAGES: usize = 4;

/// Entries caught up with at a time.
const CHUNK: usize = 500;

/// A new index that is this few generations behind is handed over; the writer does the rest while changes wait.
const NEARLY: u64 = 2;

/// How often a new index catches up by itself, at most. Under a flood of changes the writer catches up with the rest.
const ROUNDS: usize = 8;

/// Builds an index beside the current one, from what the store holds at `since` or later, and catches up with what
/// changes meanwhile.
///
/// # Errors
/// When the store or the disk fails, or the program ends. Nothing of the new index is left then.
pub(super) async fn build(shared: Arc<Shared>, since: u64) -> Result<Shelved, KnowledgeError> {
    let base = Arc::clone(&shared);
    let fresh = blocking(move || base.shelf.fresh()).await??;
    match fill(&shared, &fresh.index, since).await {
        Ok(()) => Ok(fresh),
        Err(error) => {
            blocking(move || shared.shelf.retire(fresh)).await?;
            Err(error)
        }
    }
}

async fn fill(shared: &Arc<Shared>, index: &Arc<Index>, since: u64) -> Result<(), KnowledgeError> {
    let (sender, mut pages) = mpsc::channel::<Vec<Record>>(PAGES);
    let (filled, base) = (Arc::clone(index), Arc::clone(shared));
    let filling = tokio::task::spawn_blocking(move || {
        let records = std::iter::from_fn(|| pages.blocking_recv()).flatten();
        filled.rebuild(records.filter_map(|record| searchable(&record, &base.site.regions)), since)
    });
    let fed = feed(shared, sender).await;
    filling.await.map_err(|_| KnowledgeError::Cancelled)??;
    fed?;
    for _ in 0..ROUNDS {
        let before = index.generation();
        let Some(head) = catch_up(shared, index).await? else { return Err(KnowledgeError::Overtaken) };
        if head.generation <= before + NEARLY {
            break;
        }
    }
    Ok(())
}

/// Reads every entry, page by page. What changes meanwhile may be read in either state; it is caught up with.
async fn feed(shared: &Shared, pages: mpsc::Sender<Vec<Record>>) -> Result<(), KnowledgeError> {
    let total = count(shared).await?;
    shared.rebuilding(|rebuild| rebuild.total = total);
    let mut rest = keys::entries();
    loop {
        let page = shared.store.scan(&rest, PAGE, false).await?;
        let Some(last) = page.last() else { return Ok(()) };
        rest = rest.after(&last.key);
        let read = page.len();
        if shared.stop.is_cancelled() || pages.send(page).await.is_err() {
            return Err(KnowledgeError::Cancelled);
        }
        shared.rebuilding(|rebuild| {
            rebuild.done += read;
            rebuild.total = rebuild.total.max(rebuild.done);
        });
    }
}

async fn count(shared: &Shared) -> Result<usize, KnowledgeError> {
    let mut rest = keys::entries();
    let mut count = 0;
    loop {
        let page = shared.store.scan(&rest, PAGE, false).await?;
        let Some(last) = page.last() else { return Ok(count) };
        rest = rest.after(&last.key);
        count += page.len();
    }
}

/// Brings an index up to the store by what is listed as changed. `None`: it is too far behind for that, or was made from
/// another store.
///
/// # Errors
/// When the store or the index fails.
pub(super) async fn catch_up(shared: &Shared, index: &Arc<Index>) -> Result<Option<Head>, KnowledgeError> {
    let store = &*shared.store;
    // The head is read before the entries: what changes in between is at worst taken over twice.
    let (head, _) = journal::head(store).await?;
    let generation = index.generation();
    let Some(ids) = journal::changed_since(store, head, generation).await? else { return Ok(None) };
    if generation == head.generation {
        return Ok(Some(head));
    }
    let ids: Vec<EntryId> = ids.into_iter().collect();
    for chunk in ids.chunks(CHUNK) {
        let mut changes = Vec::with_capacity(chunk.len());
        for id in chunk {
            let stored = store.get_json::<Entry>(&keys::entry(id.as_ref())).await?;
            let placed = stored.and_then(|(entry, _)| placed(entry, &shared.site.regions));
            changes.push(match placed {
                Some(placed) => Change::Upsert(Box::new(placed)),
                None => Change::Delete(id.clone()),
            });
        }
        shared.changed(&changes);
        let index = Arc::clone(index);
        blocking(move || index.stage(&changes)).await??;
    }
    let index = Arc::clone(index);
    blocking(move || index.commit(head.generation)).await??;
    Ok(Some(head))
}

/// The entry of a record. One that cannot be read is not searched; `verify` tells of it, and the rest is served.
fn searchable(record: &Record, regions: &Regions) -> Option<Placed> {
    match record.decode() {
        Ok(entry) => placed(entry, regions),
        Err(error) => {
            tracing::error!(%error, "an entry cannot be read and is not searched");
            None
        }
    }
}

/// A region that was taken out of the table since: the entry is kept, and not searched, because it would mislead
/// wherever it was found.
fn placed(entry: Entry, regions: &Regions) -> Option<Placed> {
    let id = entry.id.clone();
    let placed = Placed::new(entry, regions);
    placed.inspect_err(|error| tracing::error!(entry.id = %id, %error, "an entry has no place any more and is not searched")).ok()
}

impl Shared {
    /// Changes what is said of the rebuild that runs.
    fn rebuilding(&self, change: impl FnOnce(&mut RebuildStatus)) {
        self.status.send_modify(|status| {
            if let Some(rebuild) = &mut status.rebuild {
                change(rebuild);
            }
        });
    }
}
