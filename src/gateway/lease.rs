//! Who may work on a conversation. A lease is a record with a fencing token: every commit of a turn checks the
//! record's version, so a worker that was too slow cannot write over its successor.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Gateway;
use crate::records::keys;
use crate::store::{Commit, Committed, StoreError, StoreExt, Version};

/// How long a lease holds without being renewed.
const TERM: Duration = Duration::from_secs(30);

/// How often a long turn renews it.
pub(super) const RENEW: Duration = Duration::from_secs(10);

/// The stored lease.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct LeaseRecord {
    node: String,
    /// Rises with every new holder.
    token: u64,
    until: Timestamp,
}

impl LeaseRecord {
    /// Whether this node holds it and has time left for a turn.
    pub(super) fn is_ours(&self, node: &str, now: Timestamp) -> bool {
        self.node == node && now < self.until
    }

    /// Whether another node holds it.
    pub(super) fn is_theirs(&self, node: &str, now: Timestamp) -> bool {
        self.node != node && now < self.until
    }
}

/// A lease that this node holds at this version.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lease {
    pub(super) version: Version,
}

impl Gateway {
    /// The lease this node would take over from `known`.
    pub(super) fn next_lease(&self, known: Option<&LeaseRecord>, now: Timestamp) -> LeaseRecord {
        LeaseRecord {
            node: self.node.clone(),
            token: known.map_or(1, |lease| lease.token + 1),
            until: now.checked_add(TERM).unwrap_or(Timestamp::MAX),
        }
    }

    /// Takes or keeps the lease of a conversation. `None`: another node works on it.
    pub(super) async fn acquire(&self, conversation: &str) -> Result<Option<Lease>, StoreError> {
        let key = keys::lease(conversation);
        let now = self.ledger.now();
        let known = self.ledger.store().get_json::<LeaseRecord>(&key).await?;
        if let Some((lease, version)) = &known {
            if lease.is_theirs(&self.node, now) {
                return Ok(None);
            }
            if lease.is_ours(&self.node, now) {
                return Ok(Some(Lease { version: *version }));
            }
        }
        let version = known.as_ref().map(|(_, version)| *version);
        let next = self.next_lease(known.as_ref().map(|(lease, _)| lease), now);
        let commit = Commit::new().check(key.clone(), version).put_json(key, &next);
        Ok(self.ledger.store().commit(commit).await?.done().map(|version| Lease { version }))
    }

    /// Prolongs a lease during a long turn. `None`: it was lost.
    pub(super) async fn renew(&self, conversation: &str, lease: Lease) -> Result<Option<Lease>, StoreError> {
        let key = keys::lease(conversation);
        let Some((known, version)) = self.ledger.store().get_json::<LeaseRecord>(&key).await? else {
            return Ok(None);
        };
        if version != lease.version {
            return Ok(None);
        }
        let next = LeaseRecord { token: known.token, ..self.next_lease(Some(&known), self.ledger.now()) };
        let commit = Commit::new().check(key.clone(), Some(version)).put_json(key, &next);
        Ok(self.ledger.store().commit(commit).await?.done().map(|version| Lease { version }))
    }

    /// Gives a lease back. Losing it meanwhile is no error.
    pub(super) async fn give_back(&self, conversation: &str, lease: Lease) -> Result<(), StoreError> {
        let key = keys::lease(conversation);
        let commit = Commit::new().check(key.clone(), Some(lease.version)).delete(key);
        match self.ledger.store().commit(commit).await? {
            Committed::Done(_) | Committed::Conflict(_) => Ok(()),
        }
    }

    /// Forgets the leases of an earlier process. Only one process can hold a sled or memory store, so whoever held
    /// them is gone; waiting for their end would leave citizens without an answer for half a minute.
    pub(super) async fn forget_leases(&self) -> Result<(), StoreError> {
        if !matches!(self.ledger.store().scheme(), "sled" | "memory") {
            return Ok(());
        }
        for record in self.ledger.store().scan_all(&keys::leases()).await? {
            self.ledger.store().attempt(Commit::new().delete(record.key)).await?;
        }
        Ok(())
    }
}
