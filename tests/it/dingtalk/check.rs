//! What `yikouwen check --online` says of a robot.

use serde_json::json;

use super::platform::{Platform, SECRET};
use super::settings;
use crate::support::MEMORY;
use crate::support::check::check_online;
use crate::support::tls::Authority;

#[tokio::test(flavor = "multi_thread")]
async fn a_robot_is_tried_without_taking_messages_from_a_running_server() {
    let platform = Platform::start().await;
    let (code, text) = check_online(&settings(&platform, "", MEMORY)).await;
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("ding: 取得 access token，Stream 连接已获准"), "{text}");
    assert!(platform.open_lines().is_empty() && platform.calls("/v1.0/gateway/connections/open").len() == 1);
    assert!(!text.contains(SECRET), "{text}");
    let (code, text) = check_online(&settings(&platform, "mode = \"webhook\"", MEMORY)).await;
    assert!(code == Some(0) && text.contains("gives an access token"), "{text}");
    assert_eq!(platform.calls("/v1.0/gateway/connections/open").len(), 1, "a webhook needs no stream");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_says_what_to_do() {
    let platform = Platform::start().await;
    let token = "/v1.0/oauth2/accessToken";
    let open = "/v1.0/gateway/connections/open";
    let listed =
        json!({ "code": "Forbidden.AccessDenied.IpNotInWhiteList", "message": "访问ip不在白名单之中" });
    for (path, status, answer, words) in [
        (
            token,
            400,
            json!({ "code": "invalidClientIdOrSecret", "message": "无效的clientId或clientSecret" }),
            "凭证与基础信息",
        ),
        (open, 401, json!({ "code": "authFailed", "message": "鉴权失败" }), "凭证与基础信息"),
        (open, 403, listed, "凭证与基础信息"),
        (token, 429, json!({ "code": "Throttling", "message": "slow down" }), "20 秒 1 万次"),
    ] {
        platform.answer_as_usual();
        platform.answer_next(path, &[(status, answer.clone())]);
        let (code, text) = check_online(&settings(&platform, "", MEMORY)).await;
        assert_eq!(code, Some(1), "{answer}: {text}");
        assert!(text.contains(words) && text.contains(path), "{answer}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_ones_own_authority_is_believed_once_it_is_added() {
    let authority = Authority::new();
    let platform = Platform::over_tls(&authority).await;
    let (code, text) = check_online(&settings(&platform, "", MEMORY)).await;
    assert!(code == Some(1) && text.contains("extra_ca") && text.contains("not trusted"), "{text}");
    let trusting = format!("{MEMORY}[server]\nextra_ca = {:?}\n", authority.file());
    let (code, text) = check_online(&settings(&platform, "", &trusting)).await;
    assert_eq!(code, Some(0), "{text}");
    let nowhere = format!("{MEMORY}[server]\nextra_ca = \"/no/such/file.pem\"\n");
    let (code, text) = check_online(&settings(&platform, "", &nowhere)).await;
    assert!(code == Some(2) && text.contains("[server] extra_ca: /no/such/file.pem"), "{text}");
}
