//! The helpers' interface. Who may call what stands in each signature: [`Signed`] is a helper who is logged in, and
//! the desk itself checks whose the conversation is.

use std::net::SocketAddr;

use adapters::{ChannelId, Enterprise};
use axum::Json;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Shared;
use super::auth::{self, COOKIE, Signed, token};
use super::error::ApiError;
use super::extract::Body;
use super::limits::address;
use crate::desk::service::Moved;
use crate::desk::view::LimitView;
use crate::desk::{ConversationView, DeskError, HelperRecord, QueueView, Revealed, Role, accounts};
use crate::records::{MessageRecord, RevealRecord};

/// Name and password.
#[derive(Deserialize, ToSchema)]
pub struct LoginRequest {
    name: String,
    #[schema(format = Password)]
    password: String,
}

/// A helper, as they see themselves.
#[derive(Serialize, ToSchema)]
pub struct HelperView {
    name: String,
    role: Role,
    /// Whether the password was made by the program and has to be changed.
    must_change_password: bool,
}

impl From<&HelperRecord> for HelperView {
    fn from(record: &HelperRecord) -> Self {
        Self { name: record.name.clone(), role: record.role, must_change_password: record.must_change }
    }
}

/// The answer to a login.
#[derive(Serialize, ToSchema)]
pub struct LoginReply {
    helper: HelperView,
}

/// Sets or clears the cookie. Strict: no other site's page makes the browser send it.
fn cookie(web: &Shared, value: &str, seconds: Option<u64>) -> HeaderValue {
    auth::set_cookie(web, (COOKIE, value), "Strict", seconds)
}

/// Logs in.
#[utoipa::path(post, path = "/api/v1/desk/login", tag = "desk", request_body = LoginRequest,
    responses((status = 200, body = LoginReply), (status = 401, description = "Name or password is wrong"), (status = 429, description = "Too many attempts")))]
pub(super) async fn login(
    State(web): State<Shared>,
    ConnectInfo(connection): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Body(request): Body<LoginRequest>,
) -> Result<Response, ApiError> {
    let from = address(&headers, connection, web.settings.trusted_proxies).to_string();
    let (helper, token) = web.desk.log_in(request.name.trim(), &request.password, &from).await?;
    let mut response = Json(LoginReply { helper: HelperView::from(&helper) }).into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie(&web, &token, None));
    Ok(response)
}

/// Logs out.
#[utoipa::path(post, path = "/api/v1/desk/logout", tag = "desk", responses((status = 204)))]
pub(super) async fn logout(
    State(web): State<Shared>,
    headers: HeaderMap,
    Signed(helper): Signed,
) -> Result<Response, ApiError> {
    if let Some(token) = token(&headers) {
        web.desk.log_out(token).await?;
    }
    web.desk.leave(&helper.name).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie(&web, "", Some(0)));
    Ok(response)
}

/// A helper with what they carry.
#[derive(Serialize, ToSchema)]
pub struct MeView {
    #[serde(flatten)]
    helper: HelperView,
    /// How many conversations one helper may carry.
    capacity: usize,
    /// How many this one carries.
    load: usize,
}

/// Who is logged in.
#[utoipa::path(get, path = "/api/v1/desk/me", tag = "desk", responses((status = 200, body = MeView), (status = 401)))]
pub(super) async fn me(State(web): State<Shared>, Signed(helper): Signed) -> Result<Json<MeView>, ApiError> {
    let ledger = web.desk.ledger();
    let load = ledger.load(&helper.name).await?.conversations.len();
    Ok(Json(MeView { helper: HelperView::from(&helper), capacity: ledger.policy().capacity, load }))
}

/// The old and the new password.
#[derive(Deserialize, ToSchema)]
pub struct PasswordRequest {
    #[schema(format = Password)]
    current: String,
    #[schema(format = Password)]
    new: String,
}

/// Changes one's own password; every login of the helper ends, and this one begins anew.
#[utoipa::path(post, path = "/api/v1/desk/password", tag = "desk", request_body = PasswordRequest,
    responses((status = 204), (status = 401), (status = 422, description = "Too short")))]
pub(super) async fn password(
    State(web): State<Shared>,
    ConnectInfo(connection): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Signed(helper): Signed,
    Body(request): Body<PasswordRequest>,
) -> Result<Response, ApiError> {
    let from = address(&headers, connection, web.settings.trusted_proxies).to_string();
    accounts::long_enough(&request.new)?;
    web.desk.log_in(&helper.name, &request.current, &from).await?;
    accounts::set_password(web.desk.ledger().store(), &helper.name, &request.new, false).await?;
    let (_, token) = web.desk.log_in(&helper.name, &request.new, &from).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie(&web, &token, None));
    Ok(response)
}

/// Who waits, and what one has.
#[utoipa::path(get, path = "/api/v1/desk/queue", tag = "desk", responses((status = 200, body = QueueView), (status = 401)))]
pub(super) async fn queue(
    State(web): State<Shared>,
    Signed(helper): Signed,
) -> Result<Json<QueueView>, ApiError> {
    Ok(Json(web.desk.queue(&helper).await?))
}

/// A conversation with its transcript.
#[utoipa::path(get, path = "/api/v1/desk/conversations/{id}", tag = "desk", params(("id" = String, Path)),
    responses((status = 200, body = ConversationView), (status = 404), (status = 409, description = "Somebody else has it")))]
pub(super) async fn conversation(
    State(web): State<Shared>,
    Signed(helper): Signed,
    Path(id): Path<String>,
) -> Result<Json<ConversationView>, ApiError> {
    let mut view = web.desk.view_whole(&helper, &id).await?;
    let limits = web.gateway.limits(&ChannelId::new(&view.channel));
    view.limit = limits.map(|limits| LimitView { text: limits.text, unit: limits.unit.name() });
    Ok(Json(view))
}

/// Where a citizen works, as their platform knows it.
#[derive(Serialize, ToSchema)]
pub struct EnterpriseView {
    /// The company.
    organisation: Option<String>,
    /// Their part of it.
    department: Option<String>,
    /// What they do there.
    position: Option<String>,
}

/// Where the citizen of a conversation works. The platform is asked, so it may take some seconds.
#[utoipa::path(get, path = "/api/v1/desk/conversations/{id}/enterprise", tag = "desk", params(("id" = String, Path)),
    responses((status = 200, body = EnterpriseView), (status = 204, description = "It is not known, or not permitted"), (status = 404), (status = 409, description = "Somebody else has it")))]
pub(super) async fn enterprise(
    State(web): State<Shared>,
    Signed(helper): Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let citizen = web.desk.citizen(&helper, &id).await?;
    let Some(found) = web.gateway.enterprise(&citizen).await else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let Enterprise { organisation, department, position } = found;
    Ok(Json(EnterpriseView { organisation, department, position }).into_response())
}

/// What became of a conversation.
#[derive(Serialize, ToSchema)]
pub struct MovedView {
    #[serde(flatten)]
    moved: Moved,
    /// Rises with every change.
    version: u64,
}

async fn moved(web: &Shared, helper: &HelperRecord, moved: Moved) -> Result<Json<MovedView>, ApiError> {
    // After a release somebody else may have it already; then there is nothing to add.
    let version = web.desk.view(helper, &moved.conversation).await.map_or(0, |view| view.version);
    Ok(Json(MovedView { moved, version }))
}

/// Takes a conversation. Of several who try, one wins.
#[utoipa::path(post, path = "/api/v1/desk/conversations/{id}/claim", tag = "desk", params(("id" = String, Path)),
    responses((status = 200, body = MovedView), (status = 404), (status = 409, description = "Somebody else has it: `winner` names them")))]
pub(super) async fn claim(
    State(web): State<Shared>,
    Signed(helper): Signed,
    Path(id): Path<String>,
) -> Result<Json<MovedView>, ApiError> {
    let claimed = web.desk.claim(&helper, &id).await.map_err(|error| match error {
        DeskError::NotYours { owner } => {
            let problem = ApiError::new(StatusCode::CONFLICT, "already_claimed");
            match owner {
                Some(owner) => problem.with("winner", owner),
                None => problem,
            }
        }
        other => other.into(),
    })?;
    moved(&web, &helper, claimed).await
}

/// Words to the citizen.
#[derive(Deserialize, ToSchema)]
pub struct SendRequest {
    text: String,
    /// The message's id; sending the same id again sends nothing twice.
    id: Option<String>,
}

/// Writes to the citizen.
#[utoipa::path(post, path = "/api/v1/desk/conversations/{id}/messages", tag = "desk", params(("id" = String, Path)), request_body = SendRequest,
    responses((status = 201, body = MessageRecord), (status = 404), (status = 409, description = "Not yours"), (status = 422, description = "Empty or too long")))]
pub(super) async fn send(
    State(web): State<Shared>,
    Signed(helper): Signed,
    Path(id): Path<String>,
    Body(request): Body<SendRequest>,
) -> Result<(StatusCode, Json<MessageRecord>), ApiError> {
    let message = web.desk.send(&helper, &id, &request.text, request.id).await?;
    Ok((StatusCode::CREATED, Json(message)))
}

/// Puts a conversation back to the front of the queue.
#[utoipa::path(post, path = "/api/v1/desk/conversations/{id}/release", tag = "desk", params(("id" = String, Path)),
    responses((status = 200, body = MovedView), (status = 404), (status = 409)))]
pub(super) async fn release(
    State(web): State<Shared>,
    Signed(helper): Signed,
    Path(id): Path<String>,
) -> Result<Json<MovedView>, ApiError> {
    let released = web.desk.release(&helper, &id).await?;
    moved(&web, &helper, released).await
}

/// Ends the service and asks for a rating.
#[utoipa::path(post, path = "/api/v1/desk/conversations/{id}/close", tag = "desk", params(("id" = String, Path)),
    responses((status = 200, body = MovedView), (status = 404), (status = 409)))]
pub(super) async fn close(
    State(web): State<Shared>,
    Signed(helper): Signed,
    Path(id): Path<String>,
) -> Result<Json<MovedView>, ApiError> {
    let closed = web.desk.close(&helper, &id).await?;
    moved(&web, &helper, closed).await
}

/// Tells the citizen that the helper is writing.
#[utoipa::path(post, path = "/api/v1/desk/conversations/{id}/typing", tag = "desk", params(("id" = String, Path)), responses((status = 204), (status = 409)))]
pub(super) async fn typing(
    State(web): State<Shared>,
    Signed(helper): Signed,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    web.desk.typing(&helper, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows what is hidden in a message to whoever serves the citizen, and to supervisors. Each look is written down.
#[utoipa::path(post, path = "/api/v1/desk/conversations/{id}/messages/{seq}/reveal", tag = "desk", params(("id" = String, Path), ("seq" = u64, Path)),
    responses((status = 200, body = Revealed), (status = 403, description = "Somebody else serves the citizen"), (status = 404),
    (status = 410, description = "Nothing is hidden in it, or it is no longer kept")))]
pub(super) async fn reveal(
    State(web): State<Shared>,
    Signed(helper): Signed,
    Path((id, seq)): Path<(String, u64)>,
) -> Result<Response, ApiError> {
    let shown = web.desk.reveal(&helper, &id, seq).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(shown)).into_response())
}

/// Who looked at what was hidden.
#[derive(Serialize, ToSchema)]
pub struct RevealsView {
    /// The newest first.
    reveals: Vec<RevealRecord>,
}

/// Who looked at what was hidden in messages, and when: for supervisors and administrators.
#[utoipa::path(get, path = "/api/v1/desk/reveals", tag = "desk",
    responses((status = 200, body = RevealsView), (status = 403, description = "Not a supervisor")))]
pub(super) async fn reveals(
    State(web): State<Shared>,
    Signed(helper): Signed,
) -> Result<Json<RevealsView>, ApiError> {
    Ok(Json(RevealsView { reveals: web.desk.reveals(&helper).await? }))
}
