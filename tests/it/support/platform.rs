//! A platform that is not there: an HTTP server that records what is pushed to it, has files, and fails on demand, and a
//! channel that speaks with it, as adapters for real platforms do.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock};

use adapters::{
    Alarm, Alarms, Attachment, Channel, ChannelError, ChannelId, Content, Delivered, File, Inbound, Inbox,
    Kit, Locale, Media, MediaKind, Outbound, Peer, SubmitError, Ticket,
};
use async_trait::async_trait;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

/// What the platform saw, and the statuses it answers with next; then 200.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) seen: Mutex<Vec<(String, String)>>,
    pub(crate) next: Mutex<VecDeque<u16>>,
    /// Its files by reference: media type and content.
    pub(crate) files: Mutex<HashMap<String, (String, Vec<u8>)>>,
    /// The statuses it answers with when a file is asked for; 0 never answers.
    pub(crate) next_file: Mutex<VecDeque<u16>>,
    /// Which files were asked for.
    pub(crate) asked: Mutex<Vec<String>>,
}

impl Recorder {
    /// The texts that were pushed, in order.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|(_, text)| text.clone()).collect()
    }

    pub(crate) fn has_file(&self, reference: &str, mime: &str, content: &[u8]) {
        self.files.lock().unwrap().insert(reference.to_owned(), (mime.to_owned(), content.to_vec()));
    }
}

/// Starts the platform and returns its address.
pub(crate) async fn platform(recorder: Arc<Recorder>) -> String {
    async fn push(
        State(recorder): State<Arc<Recorder>>,
        axum::Json(body): axum::Json<serde_json::Value>,
    ) -> StatusCode {
        let status = recorder.next.lock().unwrap().pop_front().unwrap_or(200);
        if status == 200 {
            let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
            recorder.seen.lock().unwrap().push((text("id"), text("text")));
        }
        StatusCode::from_u16(status).unwrap()
    }
    async fn file(State(recorder): State<Arc<Recorder>>, Path(reference): Path<String>) -> Response {
        recorder.asked.lock().unwrap().push(reference.clone());
        let status = recorder.next_file.lock().unwrap().pop_front().unwrap_or(200);
        if status == 0 {
            std::future::pending::<()>().await;
        }
        let found = recorder.files.lock().unwrap().get(&reference).cloned();
        match found {
            Some((mime, content)) if status == 200 => {
                ([(header::CONTENT_TYPE, mime)], content).into_response()
            }
            Some(_) => StatusCode::from_u16(status).unwrap().into_response(),
            None => StatusCode::GONE.into_response(),
        }
    }
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new().route("/push", post(push)).route("/push/{reference}", get(file));
    tokio::spawn(async move {
        axum::serve(listener, routes.with_state(recorder)).await.unwrap();
    });
    format!("http://{address}/push")
}

/// A channel that pushes to the platform.
pub(crate) struct PushChannel {
    pub(crate) id: ChannelId,
    pub(crate) url: String,
    pub(crate) client: reqwest::Client,
    /// What is wrong with it, as the test says.
    pub(crate) alarms: Option<Alarms>,
    /// The program's files, to see what a reply carries.
    pub(crate) kit: Option<Kit>,
    /// What replies carried: names and contents.
    pub(crate) carried: Mutex<Vec<(Attachment, Vec<u8>)>>,
    inbox: OnceLock<Inbox>,
}

impl PushChannel {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            id: ChannelId::new("push"),
            url: url.to_owned(),
            client: reqwest::Client::new(),
            alarms: None,
            kit: None,
            carried: Mutex::default(),
            inbox: OnceLock::new(),
        }
    }

    /// The same with the program's kit.
    pub(crate) fn with_kit(url: &str, kit: Kit) -> Self {
        Self { alarms: Some(kit.alarms.clone()), kit: Some(kit), ..Self::new(url) }
    }

    /// What a citizen does, as the platform would report it; waits for the replies of the turn.
    pub(crate) async fn does(&self, citizen: &str, id: &str, content: Content) -> Vec<Outbound> {
        self.does_in(citizen, id, content, Locale::Zh).await
    }

    pub(crate) async fn does_in(
        &self,
        citizen: &str,
        id: &str,
        content: Content,
        locale: Locale,
    ) -> Vec<Outbound> {
        let inbound = Inbound { locale, ..self.inbound(citizen, id, content) };
        let ticket = self.submits(inbound).await.unwrap();
        ticket.reply_within(std::time::Duration::from_secs(20)).await.expect("the turn ends")
    }

    pub(crate) fn inbound(&self, citizen: &str, id: &str, content: Content) -> Inbound {
        Inbound {
            id: id.to_owned(),
            peer: Peer { channel: self.id.clone(), address: citizen.to_owned() },
            content,
            locale: Locale::Zh,
            region: None,
            audience: None,
            received_at: "2026-11-20T08:00:00Z".parse().unwrap(),
        }
    }

    pub(crate) async fn submits(&self, inbound: Inbound) -> Result<Ticket, SubmitError> {
        self.inbox.get().expect("the server runs").submit(inbound).await
    }

    pub(crate) async fn says(&self, citizen: &str, id: &str, text: &str) -> Vec<Outbound> {
        self.does(citizen, id, Content::Text { text: text.to_owned() }).await
    }

    /// Sends a file that the platform keeps under this reference.
    pub(crate) async fn sends(
        &self,
        citizen: &str,
        id: &str,
        kind: MediaKind,
        reference: &str,
        text: Option<&str>,
    ) -> Vec<Outbound> {
        let media = Media { kind, name: None, reference: reference.to_owned(), bytes: None };
        self.does(citizen, id, Content::Media { media, text: text.map(str::to_owned) }).await
    }
}

#[async_trait]
impl Channel for PushChannel {
    fn id(&self) -> &ChannelId {
        &self.id
    }

    fn routes(self: Arc<Self>, inbox: Inbox) -> Router {
        drop(self.inbox.set(inbox));
        Router::new()
    }

    async fn fetch(&self, media: &Media) -> Result<File, ChannelError> {
        let unavailable = |reason: String| ChannelError::Unavailable {
            reason,
            retry_after: Some(std::time::Duration::from_millis(20)),
        };
        let asked = self.client.get(format!("{}/{}", self.url, media.reference)).send().await;
        let answer = asked.map_err(|error| unavailable(error.to_string()))?;
        match answer.status().as_u16() {
            200 => {
                let mime = answer.headers()["content-type"].to_str().unwrap().to_owned();
                let data = answer.bytes().await.map_err(|error| unavailable(error.to_string()))?;
                Ok(File { name: String::new(), mime, data })
            }
            410 => Err(ChannelError::Gone("expired".to_owned())),
            status => Err(unavailable(status.to_string())),
        }
    }

    fn alarms(&self) -> Vec<Alarm> {
        self.alarms.as_ref().map(Alarms::raised).unwrap_or_default()
    }

    async fn deliver(&self, _to: &Peer, reply: &Outbound) -> Result<Delivered, ChannelError> {
        if let Some(kit) = &self.kit {
            for attachment in &reply.attachments {
                let file = kit.files.file(&attachment.id).await.unwrap().unwrap();
                self.carried.lock().unwrap().push((attachment.clone(), file.data.to_vec()));
            }
        }
        let body = serde_json::json!({ "id": reply.id, "text": reply.text });
        let unavailable = |reason: String| ChannelError::Unavailable {
            reason,
            retry_after: Some(std::time::Duration::from_millis(20)),
        };
        let answer = self
            .client
            .post(&self.url)
            .json(&body)
            .send()
            .await
            .map_err(|error| unavailable(error.to_string()))?;
        match answer.status().as_u16() {
            200 => Ok(Delivered { platform_id: None }),
            410 => Err(ChannelError::Gone("blocked".to_owned())),
            status => Err(unavailable(status.to_string())),
        }
    }
}
