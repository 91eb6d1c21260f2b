//! What every channel is handed.

use std::sync::Arc;

use adapters::{Alarms, ChannelId, Kit, Now};

use crate::config::Config;
use crate::dialogue::Clock;
use crate::gateway::files::StoreFiles;
use crate::gateway::notes::StoreNotes;
use crate::records::Files;
use crate::store::Store;

/// The program's side of the channel of this name: notes of its own, and what all channels share.
pub(super) fn kit(
    name: &str,
    config: &Config,
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    files: &Files,
    http: &reqwest::Client,
) -> Kit {
    let id = ChannelId::new(name);
    let clock = Arc::clone(clock);
    let now: Now = Arc::new(move || clock.now());
    Kit {
        notes: Arc::new(StoreNotes::new(Arc::clone(store), id.clone())),
        id,
        files: Arc::new(StoreFiles(files.clone())),
        alarms: Alarms::new(Arc::clone(&now)),
        now,
        http: http.clone(),
        public_url: config.server.public_url.as_deref().map(|url| url.trim_end_matches('/').to_owned()),
    }
}
