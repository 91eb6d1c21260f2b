//! What a citizen who has logged in sees and does: earlier and unresolved questions of all joined channels, letting go of a
//! channel, being forgotten.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;
use super::ask::Both;
use super::auth::{CITIZEN_COOKIE, Citizen, cookie};
use super::error::ApiError;
use super::login::set_cookie;
use crate::records::{AttachmentRecord, AuthorRecord, Past, Reader, Standing};

/// The most conversations that are listed.
const LISTED: usize = 100;

/// The longest transcript that is shown at once.
const TRANSCRIPT: usize = 2_000;

impl super::Web {
    /// The type of a channel; of one that is no longer configured, its name.
    pub(super) fn type_of<'a>(&'a self, channel: &'a str) -> &'a str {
        self.channel_types.get(channel).map_or(channel, String::as_str)
    }
}

/// A citizen, as they see themselves.
#[derive(Serialize, ToSchema)]
pub struct CitizenView {
    /// The name, masked.
    name: Option<String>,
    /// What the provider is called.
    provider: Both,
    /// The channels that were joined.
    links: Vec<LinkView>,
    /// The conversations of all of them, the newest first.
    conversations: Vec<PastView>,
}

/// A channel that was joined.
#[derive(Serialize, ToSchema)]
pub struct LinkView {
    /// Names the link.
    id: String,
    /// The channel.
    channel: String,
    /// The platform: `web`, `wechat`, `dingtalk`, `telegram` …
    r#type: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

/// A conversation in a line.
#[derive(Serialize, ToSchema)]
pub struct PastView {
    /// Its id.
    id: String,
    /// The channel.
    channel: String,
    /// The platform.
    r#type: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    opened_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// What was asked.
    question: String,
    /// The questions that nobody has answered.
    unanswered: Vec<String>,
    /// What became of it.
    state: Standing,
    /// Its stage.
    stage: String,
}

fn line(web: &Shared, past: Past) -> PastView {
    PastView {
        r#type: web.type_of(&past.channel).to_owned(),
        id: past.id,
        channel: past.channel,
        opened_at: past.opened_at,
        updated_at: past.updated_at,
        question: past.question,
        unanswered: past.unanswered,
        state: past.standing,
        stage: past.stage.to_owned(),
    }
}

/// Who is logged in, and what was asked on all joined channels.
#[utoipa::path(get, path = "/api/v1/me", tag = "citizen", responses((status = 200, body = CitizenView), (status = 401), (status = 404, description = "There is no login here")))]
pub(super) async fn me(
    State(web): State<Shared>,
    Citizen(citizen): Citizen,
) -> Result<Json<CitizenView>, ApiError> {
    let past = web.gateway.ledger().past(&citizen.peers(), LISTED, Reader::Citizen).await?;
    let (zh, en) = web.identities()?.settings().label.clone();
    let links = citizen.links.into_iter().map(|link| LinkView {
        r#type: web.type_of(&link.channel).to_owned(),
        id: link.id,
        channel: link.channel,
        since: link.since,
    });
    Ok(Json(CitizenView {
        name: citizen.name,
        provider: Both { zh, en },
        links: links.collect(),
        conversations: past.into_iter().map(|past| line(&web, past)).collect(),
    }))
}

/// A transcript, as the citizen may read it: without what only helpers see.
#[derive(Serialize, ToSchema)]
pub struct TranscriptView {
    /// The conversation's id.
    id: String,
    /// The channel.
    channel: String,
    /// The platform.
    r#type: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    opened_at: Timestamp,
    /// What became of it.
    state: Standing,
    /// What was said.
    messages: Vec<LineView>,
}

/// A message.
#[derive(Serialize, ToSchema)]
pub struct LineView {
    /// Its place.
    seq: u64,
    /// Who said it.
    author: AuthorRecord,
    /// The helper's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Markdown.
    text: String,
    /// What came with it; it is opened where it was sent.
    attachments: Vec<FileView>,
}

/// A file that came with a message.
#[derive(Serialize, ToSchema)]
pub struct FileView {
    /// Its name.
    name: String,
    /// Its media type, once it is known.
    mime: Option<String>,
    /// Its size, once it is known.
    bytes: Option<u64>,
}

/// A conversation of any joined channel.
#[utoipa::path(get, path = "/api/v1/me/conversations/{id}", tag = "citizen", responses((status = 200, body = TranscriptView), (status = 401), (status = 404)))]
pub(super) async fn conversation(
    State(web): State<Shared>,
    Citizen(citizen): Citizen,
    Path(id): Path<String>,
) -> Result<Json<TranscriptView>, ApiError> {
    let ledger = web.gateway.ledger();
    let record = ledger.conversation(&id).await?;
    let record = record
        .filter(|record| citizen.has(&record.channel, &record.address))
        .ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "unknown_conversation"))?;
    let messages = ledger.opened(&id, ledger.messages(&id, 0, TRANSCRIPT).await?).await?;
    let past = ledger.past_of(record, Reader::Citizen).await?;
    let lines = messages.into_iter().map(|message| LineView {
        seq: message.seq,
        author: message.author,
        name: message.name,
        at: message.at,
        text: message.text,
        attachments: message.attachments.into_iter().map(file).collect(),
    });
    Ok(Json(TranscriptView {
        r#type: web.type_of(&past.channel).to_owned(),
        id,
        channel: past.channel,
        opened_at: past.opened_at,
        state: past.standing,
        messages: lines.collect(),
    }))
}

fn file(file: AttachmentRecord) -> FileView {
    FileView { name: file.name, mime: file.mime, bytes: file.bytes }
}

/// Lets go of a channel.
#[utoipa::path(delete, path = "/api/v1/me/links/{id}", tag = "citizen", responses((status = 204), (status = 401), (status = 404)))]
pub(super) async fn unlink(
    State(web): State<Shared>,
    Citizen(citizen): Citizen,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    web.identities()?.unlink(&citizen.id, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Logs out of our own pages.
#[utoipa::path(post, path = "/api/v1/me/logout", tag = "citizen", responses((status = 204)))]
pub(super) async fn logout(State(web): State<Shared>, headers: HeaderMap) -> Result<Response, ApiError> {
    if let Some(token) = cookie(&headers, CITIZEN_COOKIE) {
        web.identities()?.log_out(token).await?;
    }
    Ok(gone(&web))
}

/// Forgets the citizen: identity, name, links and logins, and what was hidden in the words. The conversations stay with the
/// channels, with labels.
#[utoipa::path(delete, path = "/api/v1/me", tag = "citizen", responses((status = 204), (status = 401)))]
pub(super) async fn forget(
    State(web): State<Shared>,
    Citizen(citizen): Citizen,
) -> Result<Response, ApiError> {
    web.identities()?.forget(&citizen.id).await?;
    Ok(gone(&web))
}

fn gone(web: &Shared) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::SET_COOKIE, set_cookie(web, CITIZEN_COOKIE, "", Some(0)));
    response
}
