//! Changes that wait for the writer. Single ones go first, because somebody waits for each; an import gives way to them
//! and is taken in pieces, but never undoes a change that came after it.

use std::collections::{HashSet, VecDeque};

use knowledge::{Change, EntryId, Placed};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::KnowledgeError;

/// What became of a change: whether it changed anything.
pub(super) type Answer = oneshot::Sender<Result<bool, KnowledgeError>>;

/// One change that somebody waits for.
pub(super) struct Single {
    pub(super) change: Change,
    pub(super) since: Instant,
    pub(super) answer: Answer,
}

/// An import.
pub(super) struct Bulk {
    rest: VecDeque<Placed>,
    /// Changed by others since the import came: theirs is the later word.
    overtaken: HashSet<EntryId>,
    /// How many entries have been handed out.
    progress: watch::Sender<usize>,
    pub(super) since: Instant,
    pub(super) answer: Answer,
}

impl Bulk {
    pub(super) fn new(entries: Vec<Placed>, progress: watch::Sender<usize>, answer: Answer) -> Self {
        Self { rest: entries.into(), overtaken: HashSet::new(), progress, since: Instant::now(), answer }
    }
}

/// Changes that wait for the writer.
#[derive(Default)]
pub(super) struct Queue {
    singles: VecDeque<Single>,
    bulks: VecDeque<Bulk>,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.singles.is_empty() && self.bulks.is_empty()
    }

    /// How many single changes wait.
    pub(super) fn singles(&self) -> usize {
        self.singles.len()
    }

    pub(super) fn add(&mut self, single: Single) {
        for bulk in &mut self.bulks {
            bulk.overtaken.insert(single.change.id().clone());
        }
        self.singles.push_back(single);
    }

    pub(super) fn add_bulk(&mut self, bulk: Bulk) {
        self.bulks.push_back(bulk);
    }

    /// The next single change, unless it is about one of these entries.
    pub(super) fn next_single(&mut self, besides: &HashSet<EntryId>) -> Option<Single> {
        let first = self.singles.front()?;
        if besides.contains(first.change.id()) { None } else { self.singles.pop_front() }
    }

    /// The next entry of the import that is under way, unless it is one of these entries.
    pub(super) fn next_of_bulk(&mut self, besides: &HashSet<EntryId>) -> Option<Placed> {
        let bulk = self.bulks.front_mut()?;
        loop {
            let next = bulk.rest.front()?;
            if bulk.overtaken.contains(&next.entry().id) {
                bulk.rest.pop_front();
            } else if besides.contains(&next.entry().id) {
                return None;
            } else {
                return bulk.rest.pop_front();
            }
        }
    }

    /// Says how far the import is. Returns it once nothing of it is left.
    pub(super) fn settle_bulk(&mut self, total_taken: usize) -> Option<Bulk> {
        let bulk = self.bulks.front()?;
        bulk.progress.send_modify(|done| *done += total_taken);
        if bulk.rest.is_empty() { self.bulks.pop_front() } else { None }
    }

    /// Gives the import that is under way up.
    pub(super) fn drop_bulk(&mut self) -> Option<Bulk> {
        self.bulks.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use knowledge::Entry;
    use knowledge::entry::Details;

    use super::*;

    fn placed(id: &str, title: &str) -> Placed {
        Placed::everywhere(Entry::new(EntryId::new(id).unwrap(), title, Details::Faq))
    }

    fn single(id: &str) -> Single {
        let change = Change::Delete(EntryId::new(id).unwrap());
        Single { change, since: Instant::now(), answer: oneshot::channel().0 }
    }

    fn bulk(ids: &[&str]) -> Bulk {
        let entries = ids.iter().map(|id| placed(id, "标题")).collect();
        Bulk::new(entries, watch::Sender::new(0), oneshot::channel().0)
    }

    /// Takes one group out and returns the ids in their order.
    fn group(queue: &mut Queue, piece: usize) -> Vec<String> {
        let mut ids = HashSet::new();
        let mut order = Vec::new();
        while let Some(single) = queue.next_single(&ids) {
            ids.insert(single.change.id().clone());
            order.push(single.change.id().to_string());
        }
        let mut taken = 0;
        while taken < piece
            && let Some(entry) = queue.next_of_bulk(&ids)
        {
            ids.insert(entry.entry().id.clone());
            order.push(entry.entry().id.to_string());
            taken += 1;
        }
        drop(queue.settle_bulk(taken));
        order
    }

    #[test]
    fn a_group_changes_an_entry_once_and_keeps_the_order() {
        let mut queue = Queue::default();
        for id in ["a", "b", "a", "c"] {
            queue.add(single(id));
        }
        assert_eq!(group(&mut queue, 9), ["a", "b"]);
        assert_eq!(group(&mut queue, 9), ["a", "c"]);
        assert!(queue.is_empty());
    }

    #[test]
    fn an_import_gives_way_and_the_later_word_stands() {
        let mut queue = Queue::default();
        queue.add(single("c"));
        queue.add_bulk(bulk(&["a", "b", "c", "d"]));
        queue.add(single("d"));
        assert_eq!(group(&mut queue, 1), ["c", "d", "a"]);
        queue.add(single("x"));
        assert_eq!(group(&mut queue, 9), ["x", "b", "c"], "`c` came before the import, `d` after it");
        assert!(queue.is_empty());
    }

    #[test]
    fn imports_come_one_after_another() {
        let mut queue = Queue::default();
        queue.add_bulk(bulk(&["a"]));
        queue.add_bulk(bulk(&["a", "b"]));
        assert_eq!(group(&mut queue, 9), ["a"]);
        assert_eq!(group(&mut queue, 9), ["a", "b"]);
        assert!(queue.is_empty());
    }
}
