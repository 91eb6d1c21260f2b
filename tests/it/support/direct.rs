//! A channel without a server around it: notes in memory, files and a gateway that do as they are told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use adapters::{
    Accepted, Alarms, Author, ChannelId, Content, Cursor, File, Files, Inbound, Inbox, Intake, Kit,
    LiveStream, NotesError, Now, Outbound, Peer, State, SubmitError, Thread, Ticket,
};
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use yikouwen::gateway::notes::StoreNotes;
use yikouwen::records::Vault;
use yikouwen::store::Store;

/// Files by their ids.
#[derive(Default)]
pub(crate) struct Shelf(pub(crate) BTreeMap<String, File>);

#[async_trait]
impl Files for Shelf {
    async fn file(&self, id: &str) -> Result<Option<File>, NotesError> {
        Ok(self.0.get(id).cloned())
    }
}

/// The notes of a channel in this store.
pub(crate) fn notes(name: &str, store: &Arc<dyn Store>) -> StoreNotes {
    let now: Now = Arc::new(|| "2026-11-20T08:00:00Z".parse().unwrap());
    StoreNotes::new(Arc::clone(store), ChannelId::new(name), Vault::new(b"a secret").unwrap(), now)
}

/// What a channel is handed.
pub(crate) fn kit(name: &str, store: &Arc<dyn Store>, files: Shelf, public_url: Option<&str>) -> Kit {
    let now: Now = Arc::new(|| "2026-11-20T08:00:00Z".parse().unwrap());
    Kit {
        id: ChannelId::new(name),
        notes: Arc::new(notes(name, store)),
        files: Arc::new(files),
        alarms: Alarms::new(Arc::clone(&now)),
        now,
        http: reqwest::Client::new(),
        trust: adapters::Trust::default(),
        public_url: public_url.map(str::to_owned),
    }
}

/// A gateway that refuses as it is told, and takes everything else.
#[derive(Default)]
pub(crate) struct Scripted {
    pub(crate) refusals: Mutex<VecDeque<SubmitError>>,
    pub(crate) taken: Mutex<Vec<Inbound>>,
    /// The thread of everybody.
    pub(crate) thread: Mutex<Vec<Outbound>>,
}

impl Scripted {
    pub(crate) fn inbox(self: &Arc<Self>) -> Inbox {
        Inbox::new(Arc::clone(self) as Arc<dyn Intake>)
    }

    /// What was taken, in order.
    pub(crate) fn contents(&self) -> Vec<Content> {
        self.taken.lock().unwrap().iter().map(|inbound| inbound.content.clone()).collect()
    }
}

#[async_trait]
impl Intake for Scripted {
    async fn submit(&self, inbound: Inbound) -> Result<Ticket, SubmitError> {
        if let Some(refusal) = self.refusals.lock().unwrap().pop_front() {
            return Err(refusal);
        }
        self.taken.lock().unwrap().push(inbound);
        let accepted = Accepted { conversation: "c".to_owned(), seq: Some(1), repeated: false };
        Ok(Ticket::new(accepted, async { Vec::new() }))
    }

    async fn thread(&self, _: &Peer, cursor: &Cursor) -> Result<Thread, SubmitError> {
        let state = State {
            stage: "robot".to_owned(),
            position: None,
            wait_seconds: None,
            helper: None,
            desk_open: false,
        };
        let messages = self
            .thread
            .lock()
            .unwrap()
            .iter()
            .filter(|message| message.seq > cursor.after)
            .cloned()
            .collect();
        Ok(Thread { conversation: Some("c".to_owned()), last: 0, state, messages })
    }

    fn watch(&self, _: &Peer) -> LiveStream {
        futures::stream::pending().boxed()
    }

    async fn typing(&self, _: &Peer) {}
}

/// A reply.
pub(crate) fn reply(id: &str, text: &str) -> Outbound {
    Outbound::new(2, id, Author::Robot, "2026-11-20T08:00:00Z".parse().unwrap(), text)
}

/// A file.
pub(crate) fn file(name: &str, mime: &str, data: &'static [u8]) -> File {
    File { name: name.to_owned(), mime: mime.to_owned(), data: Bytes::from_static(data) }
}
