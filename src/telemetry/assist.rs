//! What is measured of shared screens.

use std::sync::atomic::AtomicI64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::{How, Metrics, Why, seconds};

#[derive(Clone)]
pub(super) struct AssistGauges {
    rooms: Gauge<i64, AtomicI64>,
    ended: Family<Why, Counter>,
    denied: Family<How, Counter>,
    frames: Family<How, Counter>,
    bytes: Family<How, Counter>,
    relay: Histogram,
    long_tasks: Counter,
    calls: Family<CallHow, Counter>,
    known: Family<How, Counter>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CallHow {
    media: &'static str,
    how: &'static str,
}

impl Default for AssistGauges {
    fn default() -> Self {
        Self {
            rooms: Gauge::default(),
            ended: Family::default(),
            denied: Family::default(),
            frames: Family::default(),
            bytes: Family::default(),
            relay: seconds(),
            long_tasks: Counter::default(),
            calls: Family::default(),
            known: Family::default(),
        }
    }
}

impl AssistGauges {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "assist_shares",
            "Shared screens whose page is or was here just now",
            self.rooms.clone(),
        );
        registry.register("assist_ended", "Shared screens that ended, by reason", self.ended.clone());
        registry.register(
            "assist_denied",
            "Frames of helpers that were refused, by reason",
            self.denied.clone(),
        );
        registry.register(
            "assist_frames",
            "Pictures and changes of pages: from citizens, to all viewers of a page, to each helper; and how often some were asked for again",
            self.frames.clone(),
        );
        registry.register("assist_bytes", "The bytes of these frames", self.bytes.clone());
        registry.register_with_unit(
            "assist_lag",
            "From a frame in order to its scrubbed copy on the way to the viewers",
            Unit::Seconds,
            self.relay.clone(),
        );
        registry.register(
            "assist_long_tasks",
            "Times that recording kept a citizen's page busy for too long, as the pages say",
            self.long_tasks.clone(),
        );
        registry.register(
            "assist_calls",
            "Calls of voice and desktop: asked for, refused, begun, connected, and how they ended",
            self.calls.clone(),
        );
        registry.register(
            "assist_known",
            "Browsers that left to let their platform say who opens a link, and what it said",
            self.known.clone(),
        );
    }
}

impl Metrics {
    /// A shared screen is in memory here, or is not any more.
    pub fn assist_rooms(&self, by: i64) {
        self.assist.rooms.inc_by(by);
    }

    /// A shared screen ended.
    pub fn assist_ended(&self, reason: &str) {
        self.assist.ended.get_or_create(&Why { reason: reason.to_owned() }).inc();
    }

    /// A frame of a helper was refused.
    pub fn assist_denied(&self, why: &'static str) {
        self.assist.denied.get_or_create(&How { how: why }).inc();
    }

    /// A frame came from a page (`citizen`), went to all viewers of a page (`viewers`), or to one helper (`helper`); or some
    /// were asked for again (`again`), or came too fast and were read later (`held`).
    pub fn assist_frame(&self, how: &'static str, bytes: usize) {
        self.assist.frames.get_or_create(&How { how }).inc();
        self.assist.bytes.get_or_create(&How { how }).inc_by(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// A frame was scrubbed and passed on.
    pub fn assist_relayed(&self, took: Duration) {
        self.assist.relay.observe(took.as_secs_f64());
    }

    /// A call (`voice`, `screen`) was `asked` for, `refused`, has `begun`, is `connected`, has `ended` or `failed`.
    pub fn assist_call(&self, media: &'static str, how: &'static str) {
        self.assist.calls.get_or_create(&CallHow { media, how }).inc();
    }

    /// A browser has `left` for its platform; of one that is back, or that brings a proof, the platform says that it is the
    /// citizen (`known`) or `somebody_else`, or it has `not_said`. Or another browser came back than the one that left.
    pub fn assist_known(&self, how: &'static str) {
        self.assist.known.get_or_create(&How { how }).inc();
    }

    /// A page says how it does: tasks that took too long since it said so last.
    pub fn assist_health(&self, long_tasks: u32) {
        self.assist.long_tasks.inc_by(long_tasks.into());
    }
}
