//! Gathering the changes that wait into one commit of the store.

use std::collections::HashSet;

use knowledge::{Change, EntryId};

use super::super::journal;
use super::super::queue::Bulk;
use super::{Answer, Instant, Waiting, Writer};
use crate::records::keys;
use crate::store::{Commit, Committed, StoreError};

/// Single changes that one commit takes at most.
pub(super) const MOST: usize = 512;

/// A commit that has this many bytes takes no more entries; far below what the store allows.
const BYTES: usize = 4 << 20;

/// How often a commit is tried when other nodes change the knowledge at the same moment.
const ATTEMPTS: usize = 16;

/// Changes on their way into the store.
#[derive(Default)]
struct Group {
    commit: Commit,
    ids: HashSet<EntryId>,
    changes: Vec<Change>,
    answers: Vec<(Instant, Answer)>,
    /// How many of the changes are an import's.
    taken: usize,
}

impl Group {
    fn add(&mut self, change: Change) {
        let id = change.id().clone();
        let key = keys::entry(id.as_ref());
        let commit = std::mem::take(&mut self.commit);
        self.commit = match &change {
            Change::Upsert(placed) => commit.put_json(key, placed.entry()),
            Change::Delete(_) => commit.delete(key),
        };
        self.ids.insert(id);
        self.changes.push(change);
    }

    fn has_room(&self) -> bool {
        self.changes.len() < MOST && self.commit.size() < BYTES
    }
}

impl Writer {
    /// Makes what waits durable, as far as one commit goes, and hands it to the index.
    pub(super) async fn write(&mut self) {
        let mut group = Group::default();
        self.gather(&mut group).await;
        if group.changes.is_empty() {
            self.settle(group.taken, None);
            return;
        }
        let ids = group.changes.iter().map(|change| change.id().clone()).collect();
        match self.store(group.commit, ids).await {
            Ok(generation) => {
                for (since, answer) in group.answers {
                    self.waiting.push(Waiting { generation, since, answer });
                }
                self.settle(group.taken, Some(generation));
                self.stage(group.changes, generation).await;
            }
            Err(error) => {
                let bulk = if group.taken > 0 { self.queue.drop_bulk() } else { None };
                let answers = group.answers.into_iter().map(|(_, answer)| answer);
                // Each is told the same; only one can have the original.
                let text = error.to_string();
                let mut original = Some(error);
                for answer in answers.chain(bulk.map(|bulk| bulk.answer)) {
                    let told = original.take().unwrap_or_else(|| StoreError::Unavailable(text.clone()));
                    drop(answer.send(Err(told.into())));
                }
            }
        }
    }

    /// Single changes first, then a piece of the import that is under way.
    async fn gather(&mut self, group: &mut Group) {
        while group.has_room()
            && let Some(single) = self.queue.next_single(&group.ids)
        {
            if let Change::Delete(id) = &single.change {
                match self.shared.store.get(&keys::entry(id.as_ref())).await {
                    Ok(Some(_)) => {}
                    Ok(None) => {
                        drop(single.answer.send(Ok(false)));
                        continue;
                    }
                    Err(error) => {
                        drop(single.answer.send(Err(error.into())));
                        continue;
                    }
                }
            }
            group.add(single.change);
            group.answers.push((single.since, single.answer));
        }
        while group.has_room()
            && group.taken < self.pace.piece()
            && let Some(placed) = self.queue.next_of_bulk(&group.ids)
        {
            group.add(Change::Upsert(Box::new(placed)));
            group.taken += 1;
        }
    }

    /// Says how far the import is; one that is done waits for the index like a single change.
    fn settle(&mut self, taken: usize, generation: Option<u64>) {
        let Some(Bulk { since, answer, .. }) = self.queue.settle_bulk(taken) else { return };
        let generation = generation.unwrap_or(self.applied);
        self.waiting.push(Waiting { generation, since, answer });
    }

    /// Commits with the next generation. An index that another node has left behind catches up first.
    async fn store(&mut self, commit: Commit, ids: Vec<EntryId>) -> Result<u64, StoreError> {
        for _ in 0..ATTEMPTS {
            let at = journal::head(&*self.shared.store).await?;
            if self.live.is_some() && at.0.generation != self.applied {
                self.follow().await;
            }
            let held = self.building.as_ref().map(|building| building.since);
            let (commit, head) = journal::advance(commit.clone(), at, ids.clone(), held);
            if let Committed::Done(_) = self.shared.store.commit(commit).await? {
                if self.live.is_some() && self.applied + 1 != head.generation {
                    // Catching up failed a moment ago; what is missing must not be passed over.
                    self.live = None;
                    self.staged = 0;
                }
                self.shared.status.send_modify(|status| status.store_generation = head.generation);
                return Ok(head.generation);
            }
        }
        Err(StoreError::Unavailable(
            "the knowledge was changed at the same moment, again and again".to_owned(),
        ))
    }
}
