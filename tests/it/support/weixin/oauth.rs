//! 网页授权: the page that WeChat's browser passes on its way, and the exchange of the code it brings.

use axum::Router;
use axum::extract::{Query, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use super::{FakeApi, Parameters, Shared, Trouble, error, json_text};
use crate::support::wechat::APP;

/// The domain that is registered as 网页授权域名.
const DOMAIN: &str = "ask.city.example";

/// What a code is worth.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) openid: String,
    /// Whether the page was seen in the mode in which the platform makes somebody up.
    pub(crate) is_snapshot: bool,
    pub(crate) is_used: bool,
}

/// The page: whoever looks at it is named by a header, since there is no WeChat. The real one matches the address by a pattern,
/// so the order of its members matters.
async fn authorise(State(state): State<Shared>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let query = query.unwrap_or_default();
    let pattern = regex::Regex::new(
        "^appid=(wx[0-9a-f]+)&redirect_uri=([^&]+)&response_type=code&scope=snsapi_base(?:&state=([a-zA-Z0-9]{0,128}))?$",
    )
    .unwrap();
    let refuse = |words: &'static str| (StatusCode::OK, words).into_response();
    let Some(found) = pattern.captures(&query) else { return refuse("参数错误") };
    if &found[1] != APP {
        return refuse("AppID 参数错误");
    }
    let whole = reqwest::Url::parse(&format!("http://page/?{query}")).unwrap();
    let back = whole.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned();
    let mut back = reqwest::Url::parse(&back).unwrap();
    if back.host_str() != Some(DOMAIN) {
        return refuse("redirect_uri 域名与后台配置不一致，错误码:10003");
    }
    let Some(openid) = headers.get("x-openid").and_then(|openid| openid.to_str().ok()) else {
        return refuse("请在微信客户端打开链接");
    };
    let mut told = state.lock().unwrap();
    let code = format!("code{:028}", told.web_codes.len());
    let is_snapshot = headers.contains_key("x-snapshot");
    told.web_codes.insert(code.clone(), Code { openid: openid.to_owned(), is_snapshot, is_used: false });
    back.query_pairs_mut().append_pair("code", &code);
    if let Some(state) = found.get(3) {
        back.query_pairs_mut().append_pair("state", state.as_str());
    }
    (StatusCode::FOUND, [("location", back.to_string())]).into_response()
}

async fn exchange(State(state): State<Shared>, Query(query): Parameters) -> Response {
    let given = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let mut told = state.lock().unwrap();
    match told.trouble {
        Some(Trouble::Fails(status)) => return StatusCode::from_u16(status).unwrap().into_response(),
        Some(Trouble::Refuses(code)) => return error(code, "refused"),
        None => {}
    }
    if given("appid") != APP || given("secret") != "s3cret" {
        return error(40125, "invalid appsecret");
    }
    if given("grant_type") != "authorization_code" {
        return error(40002, "invalid grant_type");
    }
    let Some(code) = told.web_codes.get_mut(given("code")) else { return error(40029, "invalid code") };
    if std::mem::replace(&mut code.is_used, true) {
        return error(40163, "code been used");
    }
    let mut answer: Value = json!({
        "access_token": "a-web-token", "expires_in": 7200, "refresh_token": "a-refresh-token",
        "openid": code.openid, "scope": "snsapi_base",
    });
    if code.is_snapshot {
        answer["is_snapshotuser"] = 1.into();
    }
    json_text(&answer)
}

/// What the library of others asks with the token it got.
async fn check(Query(query): Parameters) -> Response {
    if query.get("access_token").is_some_and(|token| token == "a-web-token") {
        json_text(&json!({ "errcode": 0, "errmsg": "ok" }))
    } else {
        error(40003, "invalid openid")
    }
}

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/connect/oauth2/authorize", get(authorise))
        .route("/sns/oauth2/access_token", get(exchange))
        .route("/sns/auth", get(check))
}

impl FakeApi {
    /// Somebody passes the page in WeChat; returns the path with which they come to our server.
    pub(crate) async fn pass(&self, door: &str, openid: &str, is_snapshot: bool) -> String {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let mut request = client.get(door).header("x-openid", openid);
        if is_snapshot {
            request = request.header("x-snapshot", "1");
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 302, "{door}");
        let back = answer.headers()["location"].to_str().unwrap().to_owned();
        back.strip_prefix(&format!("https://{DOMAIN}")).unwrap_or_else(|| panic!("{back}")).to_owned()
    }
}
