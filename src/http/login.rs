//! The steps of a citizen's login, as the pages `/login/{id}` and `/me` take them. What may be asked without a cookie changes
//! nothing: programs that fetch links for a preview consume none.

#![expect(unused_qualifications, reason = "the macro that describes the interface writes paths in full")]

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Shared;
use super::ask::Both;
use super::auth::{self, CITIZEN_COOKIE, Citizen, cookie};
use super::error::ApiError;
use super::extract::Body;
use crate::identity::{Identities, IdentityError, LoginStage, ProviderError};

/// The cookie by which a browser proves that it is the one that left for the provider.
const LEFT_COOKIE: &str = "yikouwen_login";

/// How long that cookie lasts, in seconds: as long as a login may take.
const LEFT_SECONDS: u64 = 600;

impl super::Web {
    /// Citizens' login, if there is one.
    pub(super) fn identities(&self) -> Result<&Identities, ApiError> {
        self.identities.as_deref().ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "login_off"))
    }
}

/// Sets or clears a cookie of our own pages. Lax: it comes along when the provider sends somebody back.
pub(super) fn set_cookie(web: &Shared, name: &str, value: &str, seconds: Option<u64>) -> HeaderValue {
    auth::set_cookie(web, (name, value), "Lax", seconds)
}

/// Which login goes to the provider.
#[derive(Deserialize, ToSchema)]
pub struct SendRequest {
    /// The login that a channel began; none: only to see earlier questions.
    login: Option<String>,
    /// Whether the provider is to ask who it is even of somebody it knows: another person sits at the same device.
    #[serde(default)]
    again: bool,
}

/// Where to go.
#[derive(Serialize, ToSchema)]
pub struct SendReply {
    /// The provider's page.
    url: String,
}

/// Sends the browser to the provider.
#[utoipa::path(post, path = "/api/v1/me/login", tag = "citizen", request_body = SendRequest,
    responses((status = 200, body = SendReply), (status = 404, description = "No such login, or none here"), (status = 502, description = "The provider cannot be reached")))]
pub(super) async fn send(
    State(web): State<Shared>,
    Body(request): Body<SendRequest>,
) -> Result<Response, ApiError> {
    let sent = web.identities()?.send(request.login.as_deref(), request.again).await?;
    let mut response = Json(SendReply { url: sent.url }).into_response();
    let left = set_cookie(&web, LEFT_COOKIE, &sent.browser, Some(LEFT_SECONDS));
    response.headers_mut().insert(header::SET_COOKIE, left);
    Ok(response)
}

/// What the provider sends back.
#[derive(Deserialize, IntoParams)]
pub struct CallbackQuery {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

/// Takes somebody back from the provider and shows our own page, whatever happened.
#[utoipa::path(get, path = "/login/callback", tag = "citizen", params(CallbackQuery), responses((status = 303, description = "To /me")))]
pub(super) async fn callback(
    State(web): State<Shared>,
    headers: HeaderMap,
    Query(query): Query<CallbackQuery>,
) -> Result<Response, ApiError> {
    let identities = web.identities()?;
    let state = query.state.as_deref().unwrap_or_default();
    let login = Identities::login_of_state(state).map(str::to_owned);
    let (place, session) = match (query.code, query.error) {
        (Some(code), None) => match identities.take_back(state, cookie(&headers, LEFT_COOKIE), code).await {
            Ok(returned) => (page(returned.login.as_deref(), None), Some(returned.session)),
            Err(error) => (page(login.as_deref(), Some(reason(error)?)), None),
        },
        // RFC 6749, section 4.1.2.1: the citizen said no, or has no right to log in there.
        (_, Some(error)) if error == "access_denied" => (page(login.as_deref(), Some("denied")), None),
        _ => (page(login.as_deref(), Some("failed")), None),
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    if let Ok(place) = HeaderValue::from_str(&place) {
        headers.insert(header::LOCATION, place);
    }
    // Neither the code nor who came back may lie in a cache or go on in a referrer.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.append(header::SET_COOKIE, set_cookie(&web, LEFT_COOKIE, "", Some(0)));
    if let Some(session) = session {
        headers.append(header::SET_COOKIE, set_cookie(&web, CITIZEN_COOKIE, &session, None));
    }
    Ok(response)
}

/// What our page is told of a failure.
fn reason(error: IdentityError) -> Result<&'static str, ApiError> {
    match error {
        IdentityError::Provider(ProviderError::Unreachable(why)) => {
            tracing::error!(why, "the provider of identities cannot be used");
            Ok("unreachable")
        }
        IdentityError::Provider(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a login was refused");
            Ok("failed")
        }
        IdentityError::Store(error) => Err(error.into()),
        _ => Ok("expired"),
    }
}

/// Our own page. An id that is none of ours is left out: the address is built from what a stranger sent.
fn page(login: Option<&str>, error: Option<&str>) -> String {
    let own = |id: &&str| {
        !id.is_empty()
            && id.len() <= 64
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    let login = login.filter(own).map(|id| format!("login={id}"));
    let error = error.map(|error| format!("error={error}"));
    let query: Vec<String> = error.into_iter().chain(login).collect();
    if query.is_empty() { "/me".to_owned() } else { format!("/me?{}", query.join("&")) }
}

/// A login under way.
#[derive(Serialize, ToSchema)]
pub struct LoginReply {
    /// The channel that is to be joined.
    channel: Option<String>,
    /// The platform: `web`, `wechat`, `dingtalk`, `telegram` …
    r#type: Option<String>,
    /// The page that began it, where one did.
    origin: Option<String>,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// How far it has come.
    stage: LoginStage,
    /// What is consented to.
    consent: Both,
}

/// Looks at a login without changing it.
#[utoipa::path(get, path = "/api/v1/me/logins/{id}", tag = "citizen", responses((status = 200, body = LoginReply), (status = 404)))]
pub(super) async fn view(
    State(web): State<Shared>,
    Path(id): Path<String>,
) -> Result<Json<LoginReply>, ApiError> {
    let identities = web.identities()?;
    let login = identities.login_view(&id).await?;
    let (zh, en) = identities.settings().consent.clone();
    Ok(Json(LoginReply {
        r#type: login.channel.as_ref().map(|channel| web.type_of(channel).to_owned()),
        channel: login.channel,
        origin: login.origin,
        expires_at: login.expires_at,
        stage: login.stage,
        consent: Both { zh, en },
    }))
}

/// The code that has to come back through the channel.
#[derive(Serialize, ToSchema)]
pub struct ConsentReply {
    /// Six digits.
    code: String,
    /// When they end.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// The page that began the login, to which the code may be handed.
    origin: Option<String>,
}

/// Consents to joining a channel.
#[utoipa::path(post, path = "/api/v1/me/logins/{id}/consent", tag = "citizen",
    responses((status = 200, body = ConsentReply), (status = 401), (status = 404), (status = 409, description = "The channel is joined to another login")))]
pub(super) async fn consent(
    State(web): State<Shared>,
    Citizen(citizen): Citizen,
    Path(id): Path<String>,
) -> Result<Json<ConsentReply>, ApiError> {
    let consented = web.identities()?.consent(&id, &citizen).await?;
    Ok(Json(ConsentReply {
        code: consented.code,
        expires_at: consented.expires_at,
        origin: consented.origin,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_page_is_told_no_more_than_an_id_of_ours_and_a_word() {
        assert_eq!(page(None, None), "/me");
        assert_eq!(page(Some("abc-_9"), None), "/me?login=abc-_9");
        assert_eq!(page(Some("abc"), Some("denied")), "/me?error=denied&login=abc");
        for hostile in ["", "a&b", "//evil.example", "a\r\nset-cookie: x", &"a".repeat(65)] {
            assert_eq!(page(Some(hostile), Some("failed")), "/me?error=failed");
        }
    }
}
