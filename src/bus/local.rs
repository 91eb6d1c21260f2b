//! The bus of a single process: one broadcast channel a topic, made when somebody subscribes and forgotten when nobody
//! does any more.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures::StreamExt;
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

use super::{Bus, Event, Subscription};

/// How many events a slow subscriber may lag behind. Drafts are the bulk of them, and their loss is mended by the
/// final message.
const LAG: usize = 256;

/// Topics are dropped in passing once there are this many, so that citizens who left cost nothing.
const SWEEP_AT: usize = 4_096;

/// A bus within one process.
#[derive(Default)]
pub struct LocalBus {
    topics: Mutex<HashMap<String, broadcast::Sender<Bytes>>>,
}

impl Bus for LocalBus {
    fn publish(&self, topic: &str, payload: Bytes) {
        let topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = topics.get(topic) {
            // An error says that nobody listens, which is no error on a bus.
            drop(sender.send(payload));
        }
    }

    fn subscribe(&self, topic: &str) -> Subscription {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if topics.len() >= SWEEP_AT {
            topics.retain(|_, sender| sender.receiver_count() > 0);
        }
        let sender = topics.entry(topic.to_owned()).or_insert_with(|| broadcast::channel(LAG).0);
        let missed = serde_json::to_vec(&Event::Changed { conversation: String::new() }).unwrap_or_default();
        Box::pin(
            BroadcastStream::new(sender.subscribe())
                .map(move |received| received.unwrap_or_else(|_| Bytes::from(missed.clone()))),
        )
    }

    fn subscribers(&self, topic: &str) -> usize {
        let topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        topics.get(topic).map_or(0, broadcast::Sender::receiver_count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everyone_subscribed_hears_and_nobody_else() {
        let bus = LocalBus::default();
        let (mut first, mut second) = (bus.subscribe("a"), bus.subscribe("a"));
        bus.publish("b", Bytes::from_static(b"elsewhere"));
        bus.publish("a", Bytes::from_static(b"here"));
        assert_eq!(first.next().await.as_deref(), Some(&b"here"[..]));
        assert_eq!(second.next().await.as_deref(), Some(&b"here"[..]));
        drop(first);
        assert_eq!(bus.subscribers("a"), 1);
    }

    #[tokio::test]
    async fn who_falls_behind_is_told_to_look_again() {
        let bus = LocalBus::default();
        let mut slow = bus.subscribe("a");
        for _ in 0..(LAG * 2) {
            bus.publish("a", Bytes::from_static(b"{}"));
        }
        let first = slow.next().await.unwrap();
        let event: Event = serde_json::from_slice(&first).unwrap();
        assert_eq!(event, Event::Changed { conversation: String::new() });
    }
}
