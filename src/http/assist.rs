//! The shared screen over HTTP: asking for it, opening the link, and the two sockets. What is allowed is decided in
//! [`crate::assist`]; here only who somebody is.

#![expect(unused_qualifications, reason = "the macro that describes the interface writes paths in full")]

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use adapters::{ChannelId, Peer, Proof};
use axum::Json;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream::unfold;
use futures::{SinkExt, Stream, StreamExt};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::PollSender;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::{IntoParams, ToSchema};

use super::auth::{Signed, token};
use super::error::ApiError;
use super::extract::Body;
use super::known;
use super::{Shared, Web};
use crate::assist::rtc::Media;
use crate::assist::viewer::Looker;
use crate::assist::wire::Role as ViewerRole;
use crate::assist::{Asking, Assist, Frame, Opener, ShareError};
use crate::desk::{DeskError, Role};
use crate::records::{ShareEnd, ShareKind, ShareRecord, ShareState};

/// The type of the channel whose page opens the link itself, so that nobody else can have got it.
const WEBSITE: &str = "web";

/// How often a socket is pinged, and after how long without any sign it is dead.
const PING: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_secs(60);

/// Sockets are mostly idle, and axum's default read buffer costs 128 KiB each.
const READ_BUFFER: usize = 8 * 1024;

/// The longest text frame of a helper, in bytes.
const HELPER_BYTES: usize = 64 * 1024;

/// Frames on their way to a socket.
const WAITING: usize = 32;

impl super::Web {
    /// The shared screens, if there are some.
    pub(super) fn assist(&self) -> Result<&Arc<Assist>, ApiError> {
        self.assist.as_ref().ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "assist_off"))
    }
}

impl From<ShareError> for ApiError {
    fn from(error: ShareError) -> Self {
        match error {
            ShareError::Unknown => Self::new(StatusCode::NOT_FOUND, "unknown_share"),
            ShareError::NotYours { owner } => {
                let problem = Self::new(StatusCode::FORBIDDEN, "not_yours");
                match owner {
                    Some(owner) => problem.with("winner", owner),
                    None => problem,
                }
            }
            ShareError::Open { share } => Self::new(StatusCode::CONFLICT, "share_open").with("share", share),
            ShareError::NoForm => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown_form"),
            ShareError::Purpose => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_purpose"),
            ShareError::Gone => Self::new(StatusCode::GONE, "share_gone"),
            ShareError::CodeNeeded => Self::new(StatusCode::UNAUTHORIZED, "code_needed"),
            ShareError::WrongCode => Self::new(StatusCode::UNAUTHORIZED, "wrong_code"),
            ShareError::Store(error) => error.into(),
        }
    }
}

/// What a helper wants to share.
#[derive(Deserialize, ToSchema)]
pub struct ShareRequest {
    /// What for, as the citizen reads it; 1 to 100 characters.
    purpose: String,
    /// The address of one of the configured forms; the first of them without. Of no use for the citizen's own pages.
    form: Option<String>,
    /// What is asked for first: a form, unless it is said otherwise; one of `pages` for a page of the citizen's own.
    #[serde(default)]
    kind: ShareKind,
}

/// A shared screen.
#[derive(Serialize, ToSchema)]
pub struct ShareView {
    /// Its id.
    id: String,
    /// Where it stands.
    state: ShareState,
    /// What it is for.
    purpose: String,
    /// The form.
    form: String,
    /// What was asked for first.
    kind: ShareKind,
    /// The helper who asked.
    helper: String,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Until when the link can be opened.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When and why it ended.
    ended: Option<ShareEnd>,
}

impl From<ShareRecord> for ShareView {
    fn from(record: ShareRecord) -> Self {
        Self {
            id: record.id,
            state: record.state,
            purpose: record.purpose,
            form: record.form,
            kind: record.kind,
            helper: record.helper,
            created_at: record.created_at,
            expires_at: record.expires_at,
            ended: record.ended,
        }
    }
}

/// A share that was begun.
#[derive(Serialize, ToSchema)]
pub struct ShareBegun {
    share: ShareView,
    /// The link that the citizen was sent.
    link: String,
}

/// A form that can be shared.
#[derive(Serialize, ToSchema)]
pub struct FormView {
    /// What it is called.
    title: String,
    /// Its address.
    url: String,
}

/// The shares of a conversation.
#[derive(Serialize, ToSchema)]
pub struct SharesView {
    /// The newest first.
    shares: Vec<ShareView>,
    /// What can be shared, the default first.
    forms: Vec<FormView>,
    /// Which of the citizen's own pages can be shared in this conversation.
    pages: Vec<ShareKind>,
    /// Whether a desktop can be asked for.
    screen: bool,
}

/// Which of the citizen's own pages can be shared: that of the chat where the citizen writes on it, and that of the questions
/// where citizens can log in.
fn own_pages(web: &Web, assist: &Assist, channel: &str) -> Vec<ShareKind> {
    let is_there = |page: &ShareKind| match page {
        ShareKind::Chat => is_website(web, channel),
        ShareKind::Me => web.identities.is_some(),
        ShareKind::Form | ShareKind::Screen => false,
    };
    assist.pages().iter().copied().filter(is_there).collect()
}

fn is_website(web: &Web, channel: &str) -> bool {
    web.channel_types.get(channel).is_some_and(|kind| kind == WEBSITE)
}

/// Offers the citizen to look at a form together; the link goes into the conversation.
#[utoipa::path(post, path = "/api/v1/desk/conversations/{id}/shares", tag = "desk", params(("id" = String, Path)), request_body = ShareRequest,
    responses((status = 201, body = ShareBegun), (status = 403, description = "Not yours"), (status = 404), (status = 409, description = "A screen is shared already: `share` is its id; or others read along"), (status = 422)))]
pub(super) async fn begin(
    State(web): State<Shared>,
    Signed(helper): Signed,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<ShareRequest>,
) -> Result<(StatusCode, Json<ShareBegun>), ApiError> {
    let assist = web.assist()?;
    let record = web.desk.ledger().conversation(&id).await?.ok_or(DeskError::Unknown)?;
    let peer = Peer { channel: ChannelId::new(&record.channel), address: record.address };
    if !web.gateway.is_private(&peer) {
        return Err(ApiError::new(StatusCode::CONFLICT, "not_private"));
    }
    if request.kind == ShareKind::Screen && !assist.offers(Media::Screen) {
        return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "screen_off"));
    }
    let form = match (request.kind.own_page(), &request.form) {
        (Some(page), _) => {
            if !own_pages(&web, assist, &record.channel).contains(&request.kind) {
                return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "page_off"));
            }
            page
        }
        (None, Some(url)) => {
            let form = assist.forms().iter().find(|form| form.url == *url);
            &form.ok_or(ShareError::NoForm)?.url
        }
        (None, None) => &assist.forms().first().ok_or(ShareError::NoForm)?.url,
    };
    let asking = Asking {
        helper: &helper.name,
        conversation: &id,
        purpose: &request.purpose,
        form,
        kind: request.kind,
        base: &web.base(&headers),
        may_be_known: web.settings.public_url.is_some() && web.gateway.recognition(&peer).is_some(),
        needs_code: !is_website(&web, &record.channel),
    };
    let (record, link) = assist.shares().ask(&asking).await?;
    Ok((StatusCode::CREATED, Json(ShareBegun { share: record.into(), link })))
}

/// The shares of a conversation, and what can be shared.
#[utoipa::path(get, path = "/api/v1/desk/conversations/{id}/shares", tag = "desk", params(("id" = String, Path)),
    responses((status = 200, body = SharesView), (status = 404), (status = 409, description = "Somebody else has it")))]
pub(super) async fn list(
    State(web): State<Shared>,
    Signed(helper): Signed,
    Path(id): Path<String>,
) -> Result<Json<SharesView>, ApiError> {
    let assist = web.assist()?;
    // Whoever may read the conversation may know of its shares.
    let citizen = web.desk.citizen(&helper, &id).await?;
    let shares = assist.shares().of(&id).await?.into_iter().map(ShareView::from).collect();
    let forms =
        assist.forms().iter().map(|form| FormView { title: form.title.clone(), url: form.url.clone() });
    let pages = own_pages(&web, assist, citizen.channel.as_str());
    Ok(Json(SharesView {
        shares,
        forms: forms.collect(),
        pages,
        screen: assist.offers(Media::Screen) && !assist.forms().is_empty(),
    }))
}

/// Ends a share: its owner, or a supervisor.
#[utoipa::path(post, path = "/api/v1/desk/shares/{id}/end", tag = "desk", params(("id" = String, Path)),
    responses((status = 200, body = ShareView), (status = 403, description = "Not yours"), (status = 404)))]
pub(super) async fn end(
    State(web): State<Shared>,
    Signed(helper): Signed,
    Path(id): Path<String>,
) -> Result<Json<ShareView>, ApiError> {
    let assist = web.assist()?;
    let record = assist.shares().get(&id).await?.ok_or(ShareError::Unknown)?;
    if record.helper != helper.name && !helper.role.sees_all() {
        return Err(ShareError::NotYours { owner: Some(record.helper) }.into());
    }
    assist.end(&record, "helper", &format!("helper:{}", helper.name)).await?;
    let record = assist.shares().get(&id).await?.ok_or(ShareError::Unknown)?;
    Ok(Json(record.into()))
}

/// Something that happened to a share.
#[derive(Serialize, ToSchema)]
pub struct AuditView {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `citizen`, `system`, or `helper:` and the name.
    who: String,
    /// What, in one word.
    what: String,
    /// What it concerned; never what a field holds.
    detail: Option<String>,
}

/// What happened to a share, in order. For its owner, supervisors and administrators.
#[utoipa::path(get, path = "/api/v1/desk/shares/{id}/audit", tag = "desk", params(("id" = String, Path)),
    responses((status = 200, body = Vec<AuditView>), (status = 403, description = "Not yours"), (status = 404)))]
pub(super) async fn audit(
    State(web): State<Shared>,
    Signed(helper): Signed,
    Path(id): Path<String>,
) -> Result<Json<Vec<AuditView>>, ApiError> {
    let shares = web.assist()?.shares();
    let record = shares.get(&id).await?.ok_or(ShareError::Unknown)?;
    if record.helper != helper.name && !helper.role.sees_all() {
        return Err(ShareError::NotYours { owner: Some(record.helper) }.into());
    }
    let rows = shares.audit(&id).await?.into_iter();
    Ok(Json(
        rows.map(|row| AuditView { at: row.at, who: row.who, what: row.what, detail: row.detail }).collect(),
    ))
}

/// The link, as its page uses it.
#[derive(Deserialize, ToSchema)]
pub struct OpenRequest {
    id: String,
    /// What stood behind the `#`.
    key: String,
    /// The six digits of the chat, where they are needed.
    code: Option<String>,
    /// What the platform signed and put behind the `#`, if it did.
    proof: Option<String>,
}

/// What the form's page needs.
#[derive(Serialize, ToSchema)]
pub struct OpenReply {
    /// The right to this share, until its end.
    token: String,
    /// Where the form is.
    form_url: String,
    /// What is asked for first.
    kind: ShareKind,
}

/// Uses the link, once. Nothing is shown by that: the form's page asks for consent first.
#[utoipa::path(post, path = "/api/v1/assist/open", tag = "public", request_body = OpenRequest,
    responses((status = 200, body = OpenReply), (status = 401, description = "`code_needed` or `wrong_code`"), (status = 410, description = "Used, expired, ended, or never there")))]
pub(super) async fn open(
    State(web): State<Shared>,
    headers: HeaderMap,
    Body(request): Body<OpenRequest>,
) -> Result<Response, ApiError> {
    let shares = web.assist()?.shares();
    let is_citizen = match &request.proof {
        Some(proof) => match shares.sent_to(&request.id, &request.key).await? {
            Some(peer) => known::is_citizen(&web, &peer, Proof::Signed(proof)).await == Some(true),
            None => false,
        },
        None => false,
    };
    let ticket = known::ticket(&headers);
    let opener = Opener { code: request.code.as_deref(), ticket, is_citizen };
    let (record, token) = shares.open(&request.id, &request.key, opener).await?;
    let mut response = Json(OpenReply { token, form_url: record.form, kind: record.kind }).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if ticket.is_some() {
        known::without_ticket(&web, &mut response);
    }
    Ok(response)
}

/// The pages of other sites that may use a link: those of the configured forms.
pub(super) fn forms_only(web: &Shared) -> CorsLayer {
    let origin = |url: &str| {
        let (scheme, rest) = url.split_once("://")?;
        format!("{scheme}://{}", rest.split('/').next()?).parse().ok()
    };
    let forms = web.assist.iter().flat_map(|assist| assist.forms());
    let origins: Vec<HeaderValue> = forms.filter_map(|form| origin(&form.url)).collect();
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::POST])
        .allow_headers([header::CONTENT_TYPE])
}

/// The socket of a citizen's page; its first frame is the hello with the token.
#[utoipa::path(get, path = "/api/v1/assist/citizen", tag = "public", responses((status = 101, description = "A WebSocket; docs/assist.md says what goes over it")))]
pub(super) async fn citizen(
    State(web): State<Shared>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    let assist = Arc::clone(web.assist()?);
    let base = web.base(&headers);
    let host = base.split_once("://").map_or("", |(_, host)| host).to_owned();
    // One that is too large by a little is answered, and only one that is far too large breaks the line.
    let most = assist.limits().frame_bytes.saturating_mul(2);
    Ok(upgrade.read_buffer_size(READ_BUFFER).max_message_size(most).max_frame_size(most).on_upgrade(
        async move |socket| {
            let (reader, writer) = frames(socket);
            assist.serve_citizen(host, Box::pin(reader), writer).await;
        },
    ))
}

#[derive(Deserialize, IntoParams)]
pub(super) struct HelperQuery {
    /// The share's id.
    share: String,
}

/// The socket of a helper's viewer. The owner of the conversation may point and propose; heads of office, supervisors and
/// administrators may watch, which the citizen sees and the audit keeps.
#[utoipa::path(get, path = "/api/v1/assist/helper", tag = "desk", params(HelperQuery),
    responses((status = 101, description = "A WebSocket; docs/assist.md says what goes over it"), (status = 401), (status = 403), (status = 404), (status = 410)))]
pub(super) async fn helper(
    State(web): State<Shared>,
    Signed(helper): Signed,
    Query(query): Query<HelperQuery>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    let assist = Arc::clone(web.assist()?);
    let record = assist.shares().get(&query.share).await?.ok_or(ShareError::Unknown)?;
    if assist.shares().ended_by_now(&record).await?.is_some() {
        return Err(ShareError::Gone.into());
    }
    let role = if record.helper == helper.name {
        ViewerRole::Owner
    } else if helper.role.sees_all() || helper.role == Role::Owner {
        ViewerRole::Watcher
    } else {
        return Err(ShareError::NotYours { owner: Some(record.helper) }.into());
    };
    let login = token(&headers).unwrap_or_default().to_owned();
    let looker = Looker { name: helper.name, role };
    Ok(upgrade.read_buffer_size(READ_BUFFER).max_message_size(HELPER_BYTES).on_upgrade(async move |socket| {
        let (reader, writer) = frames(socket);
        let may_still = || async { web.desk.helper_of(&login).await.is_ok() };
        assist.serve_viewer(&record, looker, Box::pin(reader), writer, may_still).await;
    }))
}

/// A socket as frames. It is pinged, and how long the answer took is one of the frames that come in.
fn frames(socket: WebSocket) -> (impl Stream<Item = Frame> + Send, PollSender<Frame>) {
    let (mut sink, stream) = socket.split();
    let pinged: Arc<Mutex<Option<Instant>>> = Arc::default();
    let asked = Arc::clone(&pinged);
    let (sender, mut frames) = mpsc::channel::<Frame>(WAITING);
    tokio::spawn(async move {
        let mut ping = tokio::time::interval(PING);
        loop {
            let message = tokio::select! {
                frame = frames.recv() => match frame {
                    Some(Frame::Text(text)) => Message::Text(text.into()),
                    Some(Frame::Binary(bytes)) => Message::Binary(bytes),
                    Some(Frame::Answered(_)) => continue,
                    None => break,
                },
                _ = ping.tick() => {
                    *asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                    Message::Ping(bytes::Bytes::new())
                }
            };
            if sink.send(message).await.is_err() {
                return;
            }
        }
        // A failed close is the end of a socket, and no news.
        drop(sink.send(Message::Close(None)).await);
    });
    let reader = unfold((stream, pinged), async |(mut stream, pinged)| {
        loop {
            let frame = match tokio::time::timeout(SILENCE, stream.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => Frame::Text(text.as_str().to_owned()),
                Ok(Some(Ok(Message::Binary(bytes)))) => Frame::Binary(bytes),
                Ok(Some(Ok(Message::Pong(_)))) => {
                    let asked = pinged.lock().unwrap_or_else(PoisonError::into_inner).take();
                    let Some(asked) = asked else { continue };
                    Frame::Answered(asked.elapsed().as_millis().try_into().unwrap_or(u64::MAX))
                }
                Ok(Some(Ok(Message::Ping(_)))) => continue,
                Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) | Err(_) => return None,
            };
            return Some((frame, (stream, pinged)));
        }
    });
    (reader, PollSender::new(sender))
}

impl super::Web {
    /// Where citizens reach this server: as it is configured, else as whoever asks has reached it.
    pub(super) fn base(&self, headers: &HeaderMap) -> String {
        if let Some(url) = &self.settings.public_url {
            return url.trim_end_matches('/').to_owned();
        }
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        format!("http://{host}")
    }
}

/// Headers of the page behind a link: kept nowhere, and told nobody.
pub(super) fn fleeting(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow"));
    headers.remove(header::ETAG);
}
