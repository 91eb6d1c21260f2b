//! Live events between the parts of the program, and later between nodes. Delivery is at most once: an event says
//! "look again", and whatever must not be lost is in the store. A missed event only delays, because sweepers look too.

mod local;

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use serde::{Deserialize, Serialize};

pub use local::LocalBus;

/// A stream of published payloads.
pub type Subscription = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

/// Publish and subscribe, at most once.
pub trait Bus: Send + Sync + 'static {
    /// Tells everyone who is subscribed to the topic at this moment.
    fn publish(&self, topic: &str, payload: Bytes);

    /// Hears what is published from now on. A subscriber that falls behind misses the oldest events and hears
    /// [`Event::Changed`] in their place.
    fn subscribe(&self, topic: &str) -> Subscription;

    /// How many subscriptions a topic has in this process.
    fn subscribers(&self, topic: &str) -> usize;
}

/// What is said on the bus.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The thread or the stage of this conversation changed.
    Changed {
        /// The conversation; empty where events were missed.
        conversation: String,
    },
    /// The robot has begun on a message.
    Thinking {
        /// The id of the message to come.
        turn: String,
    },
    /// A piece of a draft.
    Delta {
        /// The id of the message to come.
        turn: String,
        /// The piece.
        text: String,
    },
    /// A draft is taken back.
    Drop {
        /// The id of the message that does not come.
        turn: String,
    },
    /// The citizen is writing.
    CitizenTypes {
        /// The conversation.
        conversation: String,
    },
    /// The helper is writing.
    HelperTypes,
    /// The citizen wants the draft to stop.
    Stop,
    /// The queue, or who is at the desk, changed.
    Queue,
}

/// The topics, one function each, so that publisher and subscriber cannot spell them differently.
pub mod topic {
    /// What concerns one citizen's devices.
    pub fn peer(channel: &str, address: &str) -> String {
        format!("peer/{channel}/{address}")
    }

    /// What concerns every helper's desk.
    pub const DESK: &str = "desk";

    /// What concerns everyone who waits.
    pub const QUEUE: &str = "queue";

    /// What the viewers of a shared screen are shown.
    pub fn assist(share: &str) -> String {
        format!("assist/{share}")
    }

    /// What the viewers of a shared screen do.
    pub fn assist_up(share: &str) -> String {
        format!("assist/{share}/up")
    }

    /// Replies that wait to be delivered.
    pub const OUTBOX: &str = "outbox";
}

/// Typed access to a bus.
#[derive(Clone)]
pub struct Events(Arc<dyn Bus>);

impl Events {
    /// Wraps a bus.
    pub fn new(bus: Arc<dyn Bus>) -> Self {
        Self(bus)
    }

    /// Publishes an event.
    pub fn publish(&self, topic: &str, event: &Event) {
        // These types always serialise: no map with keys other than strings, no foreign implementation.
        if let Ok(payload) = serde_json::to_vec(event) {
            self.0.publish(topic, payload.into());
        }
    }

    /// Subscribes; payloads that are no events (of a newer version, say) are passed over.
    pub fn subscribe(&self, topic: &str) -> Pin<Box<dyn Stream<Item = Event> + Send>> {
        Box::pin(self.0.subscribe(topic).filter_map(async |payload| serde_json::from_slice(&payload).ok()))
    }

    /// Publishes bytes that are no event: frames of a shared screen.
    pub fn publish_bytes(&self, topic: &str, payload: Bytes) {
        self.0.publish(topic, payload);
    }

    /// Subscribes to bytes that are no events.
    pub fn subscribe_bytes(&self, topic: &str) -> Subscription {
        self.0.subscribe(topic)
    }

    /// How many subscriptions a topic has in this process.
    pub fn subscribers(&self, topic: &str) -> usize {
        self.0.subscribers(topic)
    }
}
