//! Vectors of the questions that were asked last. One turn may search several times for the same words, and many
//! citizens ask the same.

use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;

/// How many are remembered: some megabytes.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1000).expect("1000 is not 0");

/// By the text that was sent, in which personal data is masked.
pub(super) struct Cache(LruCache<String, Arc<[f32]>>);

impl Default for Cache {
    fn default() -> Self {
        Self(LruCache::new(REMEMBERED))
    }
}

impl Cache {
    pub(super) fn get(&mut self, sent: &str) -> Option<Arc<[f32]>> {
        self.0.get(sent).cloned()
    }

    pub(super) fn put(&mut self, sent: String, vector: Arc<[f32]>) {
        self.0.put(sent, vector);
    }
}
