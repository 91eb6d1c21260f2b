//! The desk's live socket: what waits, what changes, who writes. Everything on it can also be fetched; a socket that
//! missed something is mended by the next event or by fetching after a reconnect.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use futures::StreamExt;
use tokio::time::Instant;

use super::Shared;
use super::auth::{Signed, token};
use super::error::ApiError;
use crate::bus::{Event, topic};
use crate::desk::{HelperRecord, QueueView};
use crate::records::{AttachmentState, MessageRecord};

/// A socket that has been silent for so long is dead; the desk pings every 15 seconds.
const SILENCE: Duration = Duration::from_secs(50);

/// How often the queue is looked at even when no event came, and the login is checked.
const SWEEP: Duration = Duration::from_secs(10);

/// Sockets are mostly idle, and axum's default read buffer costs 128 KiB each.
const READ_BUFFER: usize = 8 * 1024;

/// The desk's live socket.
#[utoipa::path(get, path = "/api/v1/desk/live", tag = "desk", responses((status = 101, description = "A WebSocket of JSON frames"), (status = 401)))]
pub(super) async fn live(
    State(web): State<Shared>,
    Signed(helper): Signed,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    let token = token(&headers).unwrap_or_default().to_owned();
    Ok(upgrade.read_buffer_size(READ_BUFFER).max_message_size(64 * 1024).on_upgrade(
        async move |mut socket| {
            let mut session = Session { web, helper, token, shown: HashMap::new(), queue: None };
            // A failed send is the end of a socket, and no news.
            drop(session.serve(&mut socket).await);
        },
    ))
}

struct Session {
    web: Shared,
    helper: HelperRecord,
    token: String,
    /// What was sent of each conversation.
    shown: HashMap<String, ShownThread>,
    queue: Option<QueueView>,
}

impl Session {
    async fn serve(&mut self, socket: &mut WebSocket) -> Result<(), axum::Error> {
        let mut events = self.web.desk.ledger().events().subscribe(topic::DESK);
        let mut sweep = tokio::time::interval(SWEEP);
        let mut last_heard = Instant::now();
        self.send_queue(socket).await?;
        let stop = self.web.stop.clone();
        loop {
            tokio::select! {
                frame = socket.recv() => match frame {
                    Some(Ok(Message::Text(text))) => {
                        last_heard = Instant::now();
                        if text.contains("\"ping\"") {
                            if self.web.desk.sign_of_life(&self.helper.name).await.is_err() { return Ok(()); }
                            socket.send("{\"t\":\"pong\"}".into()).await?;
                        }
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
                    Some(Ok(_)) => last_heard = Instant::now(),
                },
                event = events.next() => match event {
                    Some(event) => self.tell(socket, event).await?,
                    None => return Ok(()),
                },
                _ = sweep.tick() => {
                    if last_heard.elapsed() > SILENCE { return Ok(()); }
                    if self.web.desk.helper_of(&self.token).await.is_err() {
                        socket.send("{\"t\":\"goodbye\"}".into()).await?;
                        return Ok(());
                    }
                    self.send_queue(socket).await?;
                }
                () = stop.cancelled() => return Ok(()),
            }
        }
    }

    async fn tell(&mut self, socket: &mut WebSocket, event: Event) -> Result<(), axum::Error> {
        match event {
            Event::Queue => self.send_queue(socket).await,
            Event::Changed { conversation } if conversation.is_empty() => self.send_queue(socket).await,
            Event::Changed { conversation } => {
                self.send_conversation(socket, &conversation).await?;
                self.send_queue(socket).await
            }
            Event::CitizenTypes { conversation } => {
                let own = self.queue.as_ref().is_some_and(|queue| {
                    queue.mine.iter().any(|summary| summary.conversation == conversation)
                });
                if own {
                    let frame = serde_json::json!({ "t": "typing", "conversation": conversation });
                    socket.send(frame.to_string().into()).await?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Sends the queue when it differs from what was sent; waiting times count on at the desk by themselves.
    async fn send_queue(&mut self, socket: &mut WebSocket) -> Result<(), axum::Error> {
        let Ok(queue) = self.web.desk.queue(&self.helper).await else { return Ok(()) };
        if self.queue.as_ref().is_some_and(|known| same(known, &queue)) {
            return Ok(());
        }
        let mut frame = serde_json::to_value(&queue).unwrap_or_default();
        if let Some(members) = frame.as_object_mut() {
            members.insert("t".to_owned(), "queue".into());
        }
        self.queue = Some(queue);
        socket.send(frame.to_string().into()).await
    }

    /// Sends what is new in a conversation that this helper may read.
    async fn send_conversation(&mut self, socket: &mut WebSocket, id: &str) -> Result<(), axum::Error> {
        let Ok(view) = self.web.desk.view(&self.helper, id).await else {
            // It is not this helper's to see any more, and the page has to close it.
            if self.shown.remove(id).is_some() {
                let frame = serde_json::json!({ "t": "conversation", "conversation": id, "stage": "gone", "version": 0 });
                socket.send(frame.to_string().into()).await?;
            }
            return Ok(());
        };
        let before = self.shown.remove(id).unwrap_or_default();
        // A message whose file was on its way is sent once more when the file is there, or lost.
        let is_news = |message: &&MessageRecord| {
            message.seq > before.last || before.pending.contains(&message.seq) && !is_pending(message)
        };
        for message in view.transcript.iter().filter(is_news) {
            let frame = serde_json::json!({ "t": "message", "conversation": id, "message": message });
            socket.send(frame.to_string().into()).await?;
        }
        let shown = ShownThread {
            last: view.transcript.last().map_or(0, |message| message.seq),
            pending: view
                .transcript
                .iter()
                .filter(|message| is_pending(message))
                .map(|message| message.seq)
                .collect(),
        };
        self.shown.insert(id.to_owned(), shown);
        let frame = serde_json::json!({
            "t": "conversation", "conversation": id, "stage": view.stage, "version": view.version, "owner": view.owner,
        });
        socket.send(frame.to_string().into()).await
    }
}

/// How far a desk has read a conversation.
#[derive(Default)]
struct ShownThread {
    /// The highest `seq` that was sent.
    last: u64,
    /// The messages whose files were on their way then.
    pending: Vec<u64>,
}

fn is_pending(message: &MessageRecord) -> bool {
    message.attachments.iter().any(|file| file.state == AttachmentState::Pending)
}

/// Whether two views of the queue differ in nothing but the time that passed.
fn same(known: &QueueView, new: &QueueView) -> bool {
    let timeless = |view: &QueueView| {
        let mut view = view.clone();
        for item in &mut view.queue {
            item.waiting_seconds = 0;
        }
        view
    };
    timeless(known) == timeless(new)
}
