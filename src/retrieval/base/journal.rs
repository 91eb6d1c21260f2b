//! How current the knowledge is, and which entries changed of late. Every commit that changes entries raises the
//! generation and lists what it changed, so that an index that is a little behind catches up without being built anew.

use std::collections::BTreeSet;

use knowledge::EntryId;
use serde::{Deserialize, Serialize};

use crate::records::keys;
use crate::store::{Commit, OwnedPart, Store, StoreError, StoreExt, Version};

/// How many generations stay listed. An index that is further behind is built anew.
const KEPT: u64 = 1_024;

/// How many lists one commit takes out at most, so that none becomes slow after a rebuild held them back.
const TRIMMED: u64 = 8;

/// The record that says how current the knowledge is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// Rises by one with every commit that changes entries.
    pub(super) generation: u64,
    /// The first generation whose changes are listed; 0 while none is.
    #[serde(default)]
    oldest: u64,
}

/// What one generation changed. The entries themselves are read from where they lie.
#[derive(Debug, Serialize, Deserialize)]
struct Changed {
    ids: Vec<EntryId>,
}

/// The head, and the version that the next commit has to check.
pub(super) async fn head(store: &dyn Store) -> Result<(Head, Option<Version>), StoreError> {
    let found = store.get_json(&keys::meta("knowledge")).await?;
    Ok(found.map_or((Head::default(), None), |(head, version)| (head, Some(version))))
}

/// Adds the next generation to a commit that changes these entries. Lists that came after `held` stay, because an index
/// that is being built still needs them.
pub(super) fn advance(
    commit: Commit,
    (head, version): (Head, Option<Version>),
    ids: Vec<EntryId>,
    held: Option<u64>,
) -> (Commit, Head) {
    let generation = head.generation + 1;
    let mut oldest = if head.oldest == 0 { generation } else { head.oldest };
    let wanted = generation.saturating_sub(KEPT - 1).min(held.map_or(u64::MAX, |held| held + 1));
    let mut commit = commit;
    for _ in 0..TRIMMED {
        if oldest >= wanted {
            break;
        }
        commit = commit.delete(keys::knowledge_change(oldest));
        oldest += 1;
    }
    let head = Head { generation, oldest };
    let key = keys::meta("knowledge");
    let commit = commit
        .check(key.clone(), version)
        .put_json(key, &head)
        .put_json(keys::knowledge_change(generation), &Changed { ids });
    (commit, head)
}

/// The entries that changed after `generation` and up to the head. `None`: that is no longer listed, or never was.
pub(super) async fn changed_since(
    store: &dyn Store,
    head: Head,
    generation: u64,
) -> Result<Option<BTreeSet<EntryId>>, StoreError> {
    if generation == head.generation {
        return Ok(Some(BTreeSet::new()));
    }
    if generation > head.generation || head.oldest == 0 || generation + 1 < head.oldest {
        return Ok(None);
    }
    let range = keys::knowledge_changes().after(&keys::knowledge_change(generation));
    let mut next = generation + 1;
    let mut ids = BTreeSet::new();
    for record in store.scan_all(&range).await? {
        let listed = record.key.parts().first().and_then(OwnedPart::number);
        // Another node may have taken lists out, or added some, since the head was read.
        if listed != Some(next) {
            break;
        }
        ids.extend(record.decode::<Changed>()?.ids);
        next += 1;
    }
    Ok((next > head.generation).then_some(ids))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    async fn change(store: &MemoryStore, id: &str, held: Option<u64>) -> Head {
        let at = head(store).await.unwrap();
        let (commit, head) = advance(Commit::new(), at, vec![EntryId::new(id).unwrap()], held);
        assert!(store.commit(commit).await.unwrap().is_done());
        head
    }

    async fn since(store: &MemoryStore, generation: u64) -> Option<Vec<String>> {
        let (head, _) = head(store).await.unwrap();
        let ids = changed_since(store, head, generation).await.unwrap()?;
        Some(ids.into_iter().map(String::from).collect())
    }

    #[tokio::test]
    async fn what_changed_since_a_generation_is_listed_until_it_is_too_long_ago() {
        let store = MemoryStore::default();
        assert_eq!(since(&store, 0).await, Some(vec![]));
        for number in 1..=KEPT + 10 {
            change(&store, &format!("e{}", number % 3), None).await;
        }
        let latest = KEPT + 10;
        assert_eq!(since(&store, latest).await, Some(vec![]));
        assert_eq!(since(&store, latest - 1).await, Some(vec![format!("e{}", latest % 3)]));
        assert_eq!(since(&store, 10).await.map(|ids| ids.len()), Some(3));
        assert_eq!(since(&store, 9).await, None, "taken out");
        assert_eq!(since(&store, latest + 1).await, None, "an index of another store");
        let lists = store.scan_all(&keys::knowledge_changes()).await.unwrap();
        assert_eq!(lists.len() as u64, KEPT);
    }

    #[tokio::test]
    async fn lists_that_a_rebuild_needs_are_held_and_go_afterwards() {
        let store = MemoryStore::default();
        for _ in 0..KEPT + 100 {
            change(&store, "e", Some(5)).await;
        }
        assert!(since(&store, 5).await.is_some());
        for _ in 0..100 {
            change(&store, "e", None).await;
        }
        assert!(since(&store, 5).await.is_none());
        assert_eq!(store.scan_all(&keys::knowledge_changes()).await.unwrap().len() as u64, KEPT);
    }

    #[tokio::test]
    async fn a_missing_list_is_noticed() {
        let store = MemoryStore::default();
        for _ in 0..5 {
            change(&store, "e", None).await;
        }
        store.attempt(Commit::new().delete(keys::knowledge_change(3))).await.unwrap();
        assert_eq!(since(&store, 2).await, None);
        assert!(since(&store, 3).await.is_some());
    }

    #[tokio::test]
    async fn a_store_of_before_the_lists_begins_one() {
        let store = MemoryStore::default();
        let old = serde_json::json!({ "generation": 7 });
        store.attempt(Commit::new().put_json(keys::meta("knowledge"), &old)).await.unwrap();
        assert_eq!(since(&store, 6).await, None);
        change(&store, "e", None).await;
        assert_eq!(since(&store, 7).await, Some(vec!["e".to_owned()]));
    }
}
