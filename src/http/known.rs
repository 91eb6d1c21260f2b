//! Asking the citizen's platform who opens the link of a shared form: a browser leaves for the platform and comes back. Nothing is
//! opened by that, and whatever goes wrong leads to the same page, which asks for the code then.

#![expect(unused_qualifications, reason = "the macro that describes the interface writes paths in full")]

use adapters::{Peer, Proof};
use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Shared;
use super::assist::fleeting;
use super::auth::{cookie, set_cookie};
use super::error::ApiError;
use super::extract::Body;
use crate::assist::known::key_of;
use crate::assist::{Departure, ShareError};

/// The cookie by which a browser proves that it is the one that left for the platform.
const TICKET_COOKIE: &str = "yikouwen_share";

/// Where the platform sends a browser back to.
const BACK: &str = "/s/back";

/// The ticket of a browser that has left for the platform, if it has.
pub(super) fn ticket(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, TICKET_COOKIE).filter(|ticket| !ticket.is_empty())
}

/// Takes the ticket away: it has done its work.
pub(super) fn without_ticket(web: &Shared, response: &mut Response) {
    let cleared = set_cookie(web, (TICKET_COOKIE, ""), "Lax", Some(0));
    response.headers_mut().append(header::SET_COOKIE, cleared);
}

/// Whether the platform says that this proof is the peer's. What the platform does not say counts as no, and the code has to do.
pub(super) async fn is_citizen(web: &Shared, peer: &Peer, proof: Proof<'_>) -> Option<bool> {
    let recognition = web.gateway.recognition(peer)?;
    let said = match recognition.is(peer, proof).await {
        Ok(is_citizen) => Some(is_citizen),
        Err(error) => {
            let reason = error.to_string();
            tracing::warn!(channel.id = %peer.channel, reason, "the platform did not say who opens a link");
            None
        }
    };
    web.metrics.assist_known(match said {
        Some(true) => "known",
        Some(false) => "somebody_else",
        None => "not_said",
    });
    said
}

/// The link that is to be opened.
#[derive(Deserialize, ToSchema)]
pub struct LeaveRequest {
    id: String,
    /// What stood behind the `#`.
    key: String,
}

/// Where to go.
#[derive(Serialize, ToSchema)]
pub struct LeaveReply {
    /// The platform's page; none: it is not asked here, and the code has to do.
    url: Option<String>,
}

/// Sends the browser to the platform to be known. Nothing is used up of the link.
#[utoipa::path(post, path = "/api/v1/assist/leave", tag = "public", request_body = LeaveRequest,
    responses((status = 200, body = LeaveReply), (status = 410, description = "Used, expired, ended, or never there")))]
pub(super) async fn leave(
    State(web): State<Shared>,
    headers: HeaderMap,
    Body(request): Body<LeaveRequest>,
) -> Result<Response, ApiError> {
    let shares = web.assist()?.shares();
    let peer = shares.sent_to(&request.id, &request.key).await?;
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let door = |departure: &Departure| {
        let base = web.settings.public_url.as_ref()?;
        let back = format!("{}{BACK}", base.trim_end_matches('/'));
        web.gateway.recognition(peer.as_ref()?)?.door(agent, &back, &departure.state)
    };
    // Who comes with a ticket of this very link has been there, in vain.
    let was_there = ticket(&headers).and_then(key_of) == Some(request.key.as_str());
    let departure = Departure::new(&request.id, &request.key).filter(|_| !was_there);
    let going = departure.and_then(|departure| Some((door(&departure)?, departure)));
    let going = match going {
        Some((url, departure)) if shares.leave(&request.id, &departure).await? => Some((url, departure)),
        _ => None,
    };
    let (url, departure) = going.unzip();
    let mut response = Json(LeaveReply { url }).into_response();
    fleeting(&mut response);
    if let Some(departure) = departure {
        web.metrics.assist_known("left");
        let seconds = shares.link_ttl().as_secs();
        // Lax: it comes along when the platform sends the browser back.
        let ticket = set_cookie(&web, (TICKET_COOKIE, &departure.ticket), "Lax", Some(seconds));
        response.headers_mut().append(header::SET_COOKIE, ticket);
    }
    Ok(response)
}

/// What the platform sends back.
#[derive(Deserialize, IntoParams)]
pub(super) struct BackQuery {
    code: Option<String>,
    /// The code, as DingTalk calls it.
    #[serde(rename = "authCode")]
    auth_code: Option<String>,
    state: Option<String>,
}

/// Takes a browser back from the platform and shows the link's own page, whatever happened.
#[utoipa::path(get, path = "/s/back", tag = "public", params(BackQuery), responses((status = 303, description = "To the link's page")))]
pub(super) async fn back(
    State(web): State<Shared>,
    headers: HeaderMap,
    Query(query): Query<BackQuery>,
) -> Result<Response, ApiError> {
    web.assist()?;
    let state = query.state.as_deref().unwrap_or_default();
    let code = query.auth_code.as_deref().or(query.code.as_deref());
    let place = match returned(&web, state, code, ticket(&headers)).await {
        Ok(place) => place,
        Err(ShareError::Store(error)) => return Err(error.into()),
        // The page says that the link is over.
        Err(_) => Place::default(),
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    let place = place.address(&web.base(&headers));
    if let Ok(place) = HeaderValue::from_str(&place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    // Neither the code nor the link's key may lie in a cache or go on in a referrer.
    fleeting(&mut response);
    Ok(response)
}

/// Where a browser goes that is back.
#[derive(Default)]
struct Place {
    share: Option<String>,
    key: Option<String>,
    is_known: bool,
}

impl Place {
    /// Our own page. The share is one that exists, and the key one of a ticket of ours; nothing else of what came in is in it.
    fn address(&self, base: &str) -> String {
        match (&self.share, &self.key) {
            (Some(share), Some(key)) => {
                let how = if self.is_known { "known" } else { "code" };
                format!("{base}/s/{share}#k={key}&{how}")
            }
            // Without the key it is no link, and the page says where to find the whole one.
            (Some(share), None) => format!("{base}/s/{share}"),
            (None, _) => format!("{base}/s/-"),
        }
    }
}

async fn returned(
    web: &Shared,
    state: &str,
    code: Option<&str>,
    ticket: Option<&str>,
) -> Result<Place, ShareError> {
    let Some(assist) = &web.assist else { return Ok(Place::default()) };
    let Some(returned) = assist.shares().come_back(state, ticket).await? else { return Ok(Place::default()) };
    let share = returned.share;
    let (Some(peer), Some(ticket)) = (returned.peer, ticket) else {
        web.metrics.assist_known("other_browser");
        return Ok(Place { share: Some(share), ..Place::default() });
    };
    // Without a code the citizen has said no.
    let said = match code {
        Some(code) => is_citizen(web, &peer, Proof::Code(code)).await,
        None => None,
    };
    assist.shares().know(&share, ticket, said).await?;
    Ok(Place { share: Some(share), key: key_of(ticket).map(str::to_owned), is_known: said == Some(true) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_back_goes_to_our_own_page_only() {
        let place = |share: Option<&str>, key: Option<&str>, is_known| {
            let place = Place { share: share.map(str::to_owned), key: key.map(str::to_owned), is_known };
            place.address("https://ask.city.example")
        };
        assert_eq!(place(Some("abc"), Some("k1"), true), "https://ask.city.example/s/abc#k=k1&known");
        assert_eq!(place(Some("abc"), Some("k1"), false), "https://ask.city.example/s/abc#k=k1&code");
        assert_eq!(place(Some("abc"), None, false), "https://ask.city.example/s/abc");
        assert_eq!(place(None, None, false), "https://ask.city.example/s/-");
    }
}
