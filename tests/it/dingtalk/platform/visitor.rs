//! Who opens a page: the platform's page of OAuth 2.0, the exchange of its code, and who that is in the company.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::{OriginalUri, Query, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::methods::{field, note, ok, refuse};
use super::staff::old;
use super::{ID, Platform, SECRET, Shared};

/// What is registered as 重定向URL.
const BACK: &str = "https://ask.city.example/s/back";

/// The page: whoever looks at it is named by a header, since there is no DingTalk, and agrees.
pub(super) async fn page(
    State(state): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let given = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let fine = given("redirect_uri") == BACK
        && given("response_type") == "code"
        && given("client_id") == ID
        && ["openid", "openid corpid"].contains(&given("scope"))
        && given("prompt") == "consent";
    let Some(staff) = headers.get("x-staff").and_then(|staff| staff.to_str().ok()).filter(|_| fine) else {
        return (StatusCode::OK, "对不起，你无权限查看该页面").into_response();
    };
    let mut visitors = state.visitors.lock().unwrap();
    let back = format!("{BACK}?authCode=auth-{}&state={}", visitors.len(), given("state"));
    visitors.push((staff.to_owned(), false));
    (StatusCode::FOUND, [("location", back)]).into_response()
}

pub(super) async fn token(State(state): State<Shared>, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if let Some(ordered) = note(&state, Method::POST, "/v1.0/oauth2/userAccessToken", &body).await {
        return ordered;
    }
    if field(&body, "clientId") != ID || field(&body, "clientSecret") != SECRET {
        return refuse(400, "invalidClientIdOrSecret");
    }
    if field(&body, "grantType") != "authorization_code" {
        return refuse(400, "invalidParameter.grantType");
    }
    let number = field(&body, "code").strip_prefix("auth-").and_then(|number| number.parse::<usize>().ok());
    let mut visitors = state.visitors.lock().unwrap();
    let visitor = number.and_then(|number| visitors.get_mut(number));
    // A code is good for one exchange.
    if visitor.is_none_or(|(_, used)| std::mem::replace(used, true)) {
        return refuse(400, "invalidParameter.authCode.notFound");
    }
    ok(&json!({
        "accessToken": format!("user-{}", number.unwrap()), "refreshToken": "r", "expireIn": 7200, "corpId": "ding-corp",
    }))
}

/// Of somebody outside of the company the platform tells the same.
pub(super) async fn me(State(state): State<Shared>, headers: HeaderMap) -> Response {
    if let Some(ordered) = note(&state, Method::GET, "/v1.0/contact/users/me", &Value::Null).await {
        return ordered;
    }
    let token = headers.get("x-acs-dingtalk-access-token").and_then(|token| token.to_str().ok());
    // The vendor's own client puts it into quotation marks.
    let token = token.unwrap_or_default().trim_matches('"');
    let number = token.strip_prefix("user-").and_then(|number| number.parse::<usize>().ok());
    let visitors = state.visitors.lock().unwrap();
    match number.and_then(|number| visitors.get(number)) {
        Some((staff, _)) => ok(&json!({
            "nick": "张三", "avatarUrl": "https://x", "mobile": "18513027676", "stateCode": "86", "openId": "o",
            "unionId": format!("union-of-{staff}"), "email": "zhang@corp.example",
        })),
        None => refuse(400, "InvalidAuthentication"),
    }
}

pub(super) async fn member(
    State(state): State<Shared>,
    uri: OriginalUri,
    Query(query): Query<HashMap<String, String>>,
    body: Bytes,
) -> Response {
    let body = match old(&state, &uri, &query, &body).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let staff = field(&body, "unionid").strip_prefix("union-of-").unwrap_or_default();
    if staff.is_empty() || staff.starts_with("outsider") {
        return ok(&json!({ "errcode": 60_121, "errmsg": "找不到该用户" }));
    }
    let contact = i32::from(staff.starts_with("contact"));
    let userid = staff.trim_start_matches("contact-");
    ok(
        &json!({ "errcode": 0, "errmsg": "ok", "request_id": "r", "result": { "contact_type": contact, "userid": userid } }),
    )
}

impl Platform {
    /// Somebody passes the page in DingTalk; returns the path with which they come to our server.
    pub(crate) async fn pass(&self, door: &str, staff: &str) -> String {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let answer = client.get(door).header("x-staff", staff).send().await.unwrap();
        assert_eq!(answer.status(), 302, "{door}");
        let back = answer.headers()["location"].to_str().unwrap().to_owned();
        back.strip_prefix("https://ask.city.example").unwrap_or_else(|| panic!("{back}")).to_owned()
    }
}
