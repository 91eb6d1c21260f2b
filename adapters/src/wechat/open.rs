//! Pushes that are being answered in this process, and citizens who see "is writing". Hints only: which of two processes
//! says something is decided by the note, never here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

#[derive(Default)]
struct Inner {
    pushes: Mutex<HashMap<String, Vec<String>>>,
    writing: Mutex<HashMap<String, u32>>,
    closed: Notify,
}

/// What is going on. Cheap to clone; all clones see the same.
#[derive(Clone, Default)]
pub struct OpenPushes(Arc<Inner>);

/// A push that is open until this is dropped.
pub struct OpenPush {
    pushes: OpenPushes,
    openid: String,
    id: String,
}

impl OpenPushes {
    /// A push was accepted, and its answer is waited for.
    pub fn enter(&self, openid: &str, id: &str) -> OpenPush {
        let mut pushes = self.0.pushes.lock().unwrap_or_else(PoisonError::into_inner);
        pushes.entry(openid.to_owned()).or_default().push(id.to_owned());
        OpenPush { pushes: self.clone(), openid: openid.to_owned(), id: id.to_owned() }
    }

    /// The last open push of a citizen, other than this one.
    pub fn other(&self, openid: &str, id: &str) -> Option<String> {
        let pushes = self.0.pushes.lock().unwrap_or_else(PoisonError::into_inner);
        pushes.get(openid)?.iter().rfind(|open| *open != id).cloned()
    }

    /// Waits until no push of a citizen is open, no longer than `patience`.
    pub async fn quiet(&self, openid: &str, patience: Duration) {
        let quiet = async {
            loop {
                // Listening begins before looking, so that no end falls between the two.
                let closed = self.0.closed.notified();
                if !self.0.pushes.lock().unwrap_or_else(PoisonError::into_inner).contains_key(openid) {
                    return;
                }
                closed.await;
            }
        };
        drop(tokio::time::timeout(patience, quiet).await);
    }

    /// "Is writing" begins. False: the citizen sees it already.
    pub fn begin_writing(&self, openid: &str) -> bool {
        let mut writing = self.0.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let count = writing.entry(openid.to_owned()).or_default();
        *count += 1;
        *count == 1
    }

    /// Whether the answer is still not there.
    pub fn is_writing(&self, openid: &str) -> bool {
        self.0.writing.lock().unwrap_or_else(PoisonError::into_inner).contains_key(openid)
    }

    /// The answer is there.
    pub fn end_writing(&self, openid: &str) {
        self.0.writing.lock().unwrap_or_else(PoisonError::into_inner).remove(openid);
    }
}

impl Drop for OpenPush {
    fn drop(&mut self) {
        let mut pushes = self.pushes.0.pushes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = pushes.get_mut(&self.openid) {
            if let Some(index) = open.iter().position(|id| *id == self.id) {
                open.remove(index);
            }
            if open.is_empty() {
                pushes.remove(&self.openid);
            }
        }
        drop(pushes);
        self.pushes.0.closed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_waits_goes_on_when_the_last_push_is_closed() {
        let pushes = OpenPushes::default();
        let first = pushes.enter("o", "1");
        let second = pushes.enter("o", "2");
        assert_eq!(pushes.other("o", "2").as_deref(), Some("1"));
        assert_eq!(pushes.other("p", "2"), None);
        // Its patience ends although a push is open.
        pushes.quiet("o", Duration::from_millis(5)).await;
        let waiting = tokio::spawn({
            let pushes = pushes.clone();
            async move { pushes.quiet("o", Duration::from_secs(600)).await }
        });
        tokio::task::yield_now().await;
        drop(first);
        drop(second);
        waiting.await.unwrap();
    }

    #[test]
    fn is_writing_begins_once_and_ends() {
        let pushes = OpenPushes::default();
        assert!(pushes.begin_writing("o") && !pushes.begin_writing("o"));
        assert!(pushes.is_writing("o"));
        pushes.end_writing("o");
        assert!(!pushes.is_writing("o"));
    }
}
