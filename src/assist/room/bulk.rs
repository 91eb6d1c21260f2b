//! What is shown: inflated, read, scrubbed, learned from, and passed on.

use std::collections::BTreeSet;

use bytes::Bytes;
use tokio::time::Instant;

use super::{Cache, Room};
use crate::assist::carried::{Says, To};
use crate::assist::nodes::Nodes;
use crate::assist::pack::{self, Unpackable};
use crate::assist::scrub::json::Json;
use crate::assist::scrub::{self, Found, Reader, Rules, Unfit};
use crate::assist::wire::BulkKind;
use crate::store::StoreError;

/// From this size on the work is done where it keeps no other room waiting.
const HEAVY: usize = 128 << 10;

/// The most changes that are kept for viewers who come late.
const TAIL: usize = 400;

/// Events that may be shown, as they go on.
struct Clean {
    body: Bytes,
    /// The same without what the citizen shows to the owner alone.
    masked: Option<Bytes>,
    found: Found,
    /// Whether a picture of the whole page is among them.
    whole: bool,
}

/// By what bodies are cleaned, without borrowing the room.
struct Job {
    kind: BulkKind,
    host: String,
    revealed: BTreeSet<u32>,
    most: usize,
}

/// Cleans events, and learns from those that will be shown.
fn clean(text: &[u8], body: Bytes, job: &Job, nodes: &mut Nodes) -> Result<Clean, Unfit> {
    // A part of the page is shown with all the texts in it.
    let revealed: BTreeSet<u32> = job.revealed.iter().flat_map(|node| nodes.within(*node)).collect();
    let rules = Rules { host: &job.host, revealed: &revealed, reader: Reader::Owner, nodes: job.most };
    let mut events = scrub::read(text, job.most)?;
    let found = scrub::scrub(&mut events, &rules)?;
    let print = |events: &[Json<'_>]| {
        let mut printed = Vec::with_capacity(text.len() + 1);
        serde_json::to_writer(&mut printed, events).map_err(|_| Unfit::Malformed)?;
        Ok(printed)
    };
    let printed = print(&events)?;
    // Only what is the same to the last byte goes on as it came: two readers of one text could differ.
    let body = if printed == text { body } else { pack::deflate(&printed) };
    let masked = if found.revealed {
        let mut events = events.clone();
        scrub::scrub(&mut events, &Rules { reader: Reader::Anybody, ..rules })?;
        Some(pack::deflate(&print(&events)?))
    } else {
        None
    };
    let whole = is_whole(&events);
    if found.leaks == 0 && (whole || job.kind == BulkKind::Inc) {
        nodes.learn(&events);
    }
    Ok(Clean { body, masked, found, whole })
}

fn is_whole(events: &[Json<'_>]) -> bool {
    events.iter().any(|event| event.get("type").and_then(Json::as_u64) == Some(2))
}

impl Room {
    /// Shows events to the viewers, if they may be shown.
    pub(super) async fn show(&mut self, kind: BulkKind, body: Bytes) -> Result<(), StoreError> {
        // Changes of a picture that lacks some are worth nothing.
        if kind == BulkKind::Inc && self.stale {
            return Ok(());
        }
        let begun = Instant::now();
        let text = match pack::inflate(&body, self.assist.limits.inflated_bytes) {
            Ok(text) => text,
            Err(Unpackable::TooLarge) => return self.end("too_large", "system").await,
            Err(Unpackable::Malformed) => return self.unreadable().await,
        };
        self.meter.owe(text.len());
        let job = Job {
            kind,
            host: self.host.clone(),
            revealed: self.revealed.keys().copied().collect(),
            most: self.assist.limits.nodes,
        };
        let cleaned = if text.len() > HEAVY {
            // What is known of the page goes along; nothing else of the room happens meanwhile.
            let mut nodes = std::mem::take(&mut self.nodes);
            let work = tokio::task::spawn_blocking(move || {
                let cleaned = clean(&text, body, &job, &mut nodes);
                (cleaned, nodes)
            });
            match work.await {
                Ok((cleaned, nodes)) => {
                    self.nodes = nodes;
                    cleaned
                }
                Err(_) => Err(Unfit::Malformed),
            }
        } else {
            clean(&text, body, &job, &mut self.nodes)
        };
        let clean = match cleaned {
            Ok(clean) => clean,
            Err(Unfit::TooDeep) => return self.end("too_deep", "system").await,
            Err(Unfit::TooMany) => return self.end("too_many_nodes", "system").await,
            Err(Unfit::Malformed) => return self.unreadable().await,
        };
        if clean.found.leaks > 0 {
            // The page should have hidden it. So it is not the page it should be, and nothing more of it is shown.
            self.assist.alarms.raise("assist_leak", self.record.id.clone());
            tracing::warn!(
                share.id = self.record.id,
                places = clean.found.leaks,
                "a shared page showed numbers"
            );
            return self.end("leak", "system").await;
        }
        if kind == BulkKind::Snap && !clean.whole {
            return self.unreadable().await;
        }
        if self.nodes.len() > self.assist.limits.nodes {
            return self.end("too_many_nodes", "system").await;
        }
        self.pass_on(kind, clean);
        self.assist.metrics.assist_relayed(begun.elapsed());
        Ok(())
    }

    fn pass_on(&mut self, kind: BulkKind, clean: Clean) {
        let kept = clean.masked.clone().unwrap_or_else(|| clean.body.clone());
        self.assist.metrics.assist_frame("viewers", clean.body.len());
        match clean.masked {
            Some(masked) => {
                self.down(To::Owner, Says::Bulk, vec![(kind, clean.body)]);
                self.down(To::Watchers, Says::Bulk, vec![(kind, masked)]);
            }
            None => self.down(To::All, Says::Bulk, vec![(kind, clean.body)]),
        }
        match kind {
            BulkKind::Snap => {
                self.stale = false;
                self.cache = Cache { bytes: kept.len(), snap: Some(kept), tail: Vec::new() };
            }
            BulkKind::Inc if self.cache.snap.is_some() => {
                self.cache.bytes += kept.len();
                self.cache.tail.push(kept);
            }
            BulkKind::Inc => {}
        }
        if self.cache.bytes > self.assist.limits.tail_bytes || self.cache.tail.len() > TAIL {
            self.cache = Cache::default();
            self.ask_snap("tail");
        }
    }
}
