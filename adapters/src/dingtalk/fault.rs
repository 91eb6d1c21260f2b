//! Why the platform refused a call, from either of its two ways to say so: the newer methods answer with a status and
//! `{"code","message","requestid"}`, the older ones with 200 and `{"errcode","errmsg"}`; an address that calls too often
//! gets a page or `{"status":1111,"punish":"deny"}`.
//!
//! A fault keeps the platform's code and never its message, which can name people.

use std::time::Duration;

use serde_json::Value;

use super::wire::{number, text};
use crate::trust::is_distrust;
use crate::{ChannelError, NotesError};

/// How long the platform blocks an address that called too often, when it does not say.
const BLOCKED: Duration = Duration::from_secs(300);
/// The most that is kept of a code.
const CODE: usize = 120;

/// Said of a certificate that is not believed.
pub(super) const DISTRUSTED: &str = "the certificate is of an authority that is not trusted";

/// What kind of refusal it is, by what is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The access token is not or no longer good: get another.
    Token,
    /// Client id or secret is wrong.
    Secret,
    /// The application lacks a permission, or our address is not on its list.
    Permission,
    /// Too fast: wait, longer each time.
    TooFast,
    /// The address is blocked for a while.
    Blocked,
    /// The platform or the network is away.
    Away,
    /// Who answered has a certificate that is not believed.
    Certificate,
    /// There is no such person, or they do not belong to the company.
    Recipient,
    /// The words are refused.
    Content,
    /// The robot code is wrong, or the robot may not do this.
    Robot,
    /// The chat's session webhook is over.
    Session,
    /// Something else.
    Unknown,
}

/// A refusal.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{code}")]
pub struct Fault {
    /// What kind it is.
    pub kind: Kind,
    /// The platform's code, or what the network said.
    pub code: String,
    /// How long to wait, when that is known.
    pub retry_after: Option<Duration>,
}

impl Fault {
    /// A refusal with the platform's code.
    pub fn new(kind: Kind, code: impl Into<String>) -> Self {
        let code: String = code.into().chars().take(CODE).collect();
        Self { kind, code, retry_after: None }
    }

    /// The same, to be tried again after this time.
    pub fn after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// Names where the call went, before the code.
    pub fn at(mut self, place: &str) -> Self {
        self.code = format!("{place}: {}", self.code);
        self
    }
}

impl From<reqwest::Error> for Fault {
    fn from(error: reqwest::Error) -> Self {
        // Without the address: session webhooks and tokens stand in it.
        if is_distrust(&error) {
            return Self::new(Kind::Certificate, DISTRUSTED);
        }
        let kind = if error.is_timeout() {
            "time-out"
        } else if error.is_connect() {
            "no connection"
        } else {
            "broken answer"
        };
        Self::new(Kind::Away, kind)
    }
}

impl From<NotesError> for Fault {
    fn from(error: NotesError) -> Self {
        Self::new(Kind::Away, error.to_string())
    }
}

impl From<Fault> for ChannelError {
    fn from(fault: Fault) -> Self {
        let reason = fault.code;
        match fault.kind {
            Kind::Token | Kind::TooFast | Kind::Blocked | Kind::Away | Kind::Certificate => {
                Self::Unavailable { reason, retry_after: fault.retry_after }
            }
            Kind::Secret | Kind::Permission | Kind::Robot => Self::Misconfigured(reason),
            Kind::Recipient | Kind::Content | Kind::Session | Kind::Unknown => Self::Gone(reason),
        }
    }
}

/// Tells an answer from a refusal.
///
/// # Errors
/// The refusal.
pub fn judge(status: u16, body: &str) -> Result<Value, Fault> {
    let Ok(value) = serde_json::from_str::<Value>(body) else {
        return Err(match status {
            429 => Fault::new(Kind::TooFast, "429"),
            500.. => Fault::new(Kind::Away, format!("status {status}")),
            // What should be JSON and is a page is the notice of the block.
            200..=299 => Fault::new(Kind::Blocked, "a page instead of an answer").after(BLOCKED),
            _ => Fault::new(Kind::Unknown, format!("status {status}")),
        });
    };
    if number(&value, "status") == Some(1111) || text(&value, "punish").is_some() {
        let minutes = number(&value, "wait").and_then(|minutes| u64::try_from(minutes).ok());
        let delay = minutes.map_or(BLOCKED, |minutes| Duration::from_secs(minutes.saturating_mul(60)));
        return Err(Fault::new(Kind::Blocked, "1111").after(delay));
    }
    match number(&value, "errcode") {
        Some(0) => return Ok(value),
        Some(code) => return Err(old_fault(code, &value)),
        None => {}
    }
    if (200..300).contains(&status) && value.get("success") != Some(&Value::Bool(false)) {
        return Ok(value);
    }
    let code = text(&value, "code").unwrap_or_else(|| format!("status {status}"));
    let required = value.pointer("/accessdenieddetail/requiredScopes/0").and_then(Value::as_str);
    let said = required.map(str::to_owned).or_else(|| text(&value, "message"));
    Err(refused(new(status, &code), &code, said))
}

/// A refusal of the older methods. 88 stands for another code, in a field of its own.
fn old_fault(code: i64, value: &Value) -> Fault {
    let inner = if code == 88 { number(value, "sub_code") } else { None };
    let code = inner.unwrap_or(code);
    let said = text(value, if inner.is_some() { "sub_msg" } else { "errmsg" });
    refused(old(code), &code.to_string(), said)
}

fn refused(kind: Kind, code: &str, said: Option<String>) -> Fault {
    let scope = said.filter(|_| kind == Kind::Permission).and_then(|said| scope(&said));
    Fault::new(kind, scope.map_or_else(|| code.to_owned(), |scope| format!("{code} ({scope})")))
}

/// The name of the missing permission in the platform's message, such as `[qyapi_robot_sendmsg]`.
fn scope(message: &str) -> Option<String> {
    message
        .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_')))
        .find(|word| word.len() >= 8 && word.contains(['.', '_']) && !word.contains("http"))
        .map(str::to_owned)
}

/// Codes of the older methods and of session webhooks.
fn old(code: i64) -> Kind {
    match code {
        -1 => Kind::Away,
        40_001 | 40_014 | 42_001 => Kind::Token,
        40_089 | 40_091 | 40_013 => Kind::Secret,
        88 | 50_002 | 50_004 | 60_011 | 60_020 => Kind::Permission,
        90_002 | 90_018 | 130_101 | 130_102 | 410_100 => Kind::TooFast,
        33_012 | 60_121 => Kind::Recipient,
        430_101..=430_104 => Kind::Content,
        300_001 | 300_005 | 310_000 => Kind::Session,
        _ => Kind::Unknown,
    }
}

/// Codes of the newer methods. They come in several spellings, so a part of the word decides.
fn new(status: u16, code: &str) -> Kind {
    let lower = code.to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    if has(&["invalidclientid", "invalidclientsecret", "clientidorsecret", "authfailed", "appnotexist"]) {
        Kind::Secret
    } else if has(&[
        "invalidauthentication",
        "invalidaccesstoken",
        "invalid_access_token",
        "accesstokenexpired",
    ]) {
        Kind::Token
    } else if has(&["permissiondenied", "permission.denied", "accessdenied", "nopermission"]) {
        Kind::Permission
    } else if has(&["toofast", "too.fast", "throttling", "flowcontrol", "qpslimit", "90002"]) || status == 429
    {
        Kind::TooFast
    } else if has(&["staffid.notexist", "parameter.userids", "user.notexist"]) {
        Kind::Recipient
    } else if has(&["robot.oto.notexist", "notallow.sendoto", "robotcode", "robot.notexist"]) {
        Kind::Robot
    } else if has(&["session.expired"]) {
        Kind::Session
    } else if has(&["contain.", "toolong", "too.long", "too large", "content"]) {
        Kind::Content
    } else if has(&["system.error", "unknown.send.result", "serviceunavailable"]) || status >= 500 {
        Kind::Away
    } else if status == 401 {
        Kind::Token
    } else if status == 403 {
        Kind::Permission
    } else {
        Kind::Unknown
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::testing::fuzz::{SECRET, spoilt};

    #[test]
    fn each_refusal_is_known_by_what_to_do() {
        let table = [
            (
                400,
                r#"{"code":"InvalidAuthentication","requestid":"r","message":"不合法的access_token"}"#,
                Kind::Token,
            ),
            (200, r#"{"errcode":40014,"errmsg":"不合法的access_token"}"#, Kind::Token),
            (400, r#"{"code":"invalidClientIdOrSecret","message":"x"}"#, Kind::Secret),
            (
                403,
                r#"{"code":"Forbidden.AccessDenied.AccessTokenPermissionDenied","message":"应用尚未开通所需的权限：[qyapi_robot_sendmsg]"}"#,
                Kind::Permission,
            ),
            (400, r#"{"code":"send.too.fast"}"#, Kind::TooFast),
            (400, r#"{"code":"send.byToken.tooFast"}"#, Kind::TooFast),
            (200, r#"{"errcode":90002,"errmsg":"x"}"#, Kind::TooFast),
            (429, "", Kind::TooFast),
            (200, "<!doctypehtml><html>", Kind::Blocked),
            (200, r#"{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"u"}"#, Kind::Blocked),
            (500, r#"{"code":"system.error"}"#, Kind::Away),
            (502, "bad gateway", Kind::Away),
            (400, r#"{"code":"permission.denied","message":"没有权限获取企业认证信息"}"#, Kind::Permission),
            (200, r#"{"errcode":88,"sub_code":"60011","sub_msg":"x"}"#, Kind::Permission),
            (200, r#"{"errcode":88,"sub_code":"40014","sub_msg":"不合法的access_token"}"#, Kind::Token),
            (200, r#"{"errcode":50004,"errmsg":"请求的部门id不在授权范围内"}"#, Kind::Permission),
            (200, r#"{"errcode":-1}"#, Kind::Away),
            (400, r#"{"code":"staffId.notExisted"}"#, Kind::Recipient),
            (400, r#"{"code":"invalidParameter.robotCode.empty"}"#, Kind::Robot),
            (400, r#"{"code":"chatbotId.notAllow.sendOTO"}"#, Kind::Robot),
            (400, r#"{"code":"contain.notAllowed.text"}"#, Kind::Content),
            (400, r#"{"code":"invalidParameter.msgParam.tooLong"}"#, Kind::Content),
            (400, r#"{"code":"session.expired"}"#, Kind::Session),
            (400, r#"{"code":"somethingNew"}"#, Kind::Unknown),
        ];
        for (status, body, expected) in table {
            assert_eq!(judge(status, body).unwrap_err().kind, expected, "{status} {body}");
        }
        assert!(judge(200, r#"{"errcode":0,"errmsg":"ok"}"#).is_ok());
        assert!(judge(200, r#"{"processQueryKey":"q"}"#).is_ok());
        assert!(judge(200, r#"{"success":false,"code":"x"}"#).is_err());
    }

    #[test]
    fn the_missing_permission_is_named_and_the_message_is_not_kept() {
        let said = r#"{"code":"Forbidden.AccessDenied.AccessTokenPermissionDenied","message":"应用尚未开通所需的权限：[Card.Instance.Write]，用户张三"}"#;
        let fault = judge(403, said).unwrap_err();
        assert!(fault.code.contains("Card.Instance.Write") && !fault.code.contains("张三"), "{fault}");
        let said = r#"{"errcode":88,"sub_code":"60011","sub_msg":"应用尚未开通所需的权限：[qyapi_get_member]，用户张三"}"#;
        assert_eq!(judge(200, said).unwrap_err().code, "60011 (qyapi_get_member)");
        let said = r#"{"code":"Forbidden.AccessDenied.AccessTokenPermissionDenied","message":"没有调用该接口的权限","accessdenieddetail":{"requiredScopes":["Contact.Org.Read"]}}"#;
        assert!(judge(403, said).unwrap_err().code.ends_with("(Contact.Org.Read)"));
        let block = judge(200, r#"{"status":1111,"wait":5,"punish":"deny"}"#).unwrap_err();
        assert_eq!(block.retry_after, Some(Duration::from_secs(300)));
    }

    const NAMES: &[&str] = &[
        "code",
        "message",
        "requestid",
        "errcode",
        "errmsg",
        "sub_code",
        "sub_msg",
        "status",
        "punish",
        "wait",
        "success",
        "accessdenieddetail",
        "requiredScopes",
        "accessToken",
        "expireIn",
        "result",
    ];

    const TEXTS: &[&str] = &[
        "InvalidAuthentication",
        "Forbidden.AccessDenied.AccessTokenPermissionDenied",
        "send.too.fast",
        "deny",
        "88",
        "40014",
        "system.error",
        "Card.Instance.Write",
    ];

    proptest! {
        /// Answers of the platform, and what is none.
        #[test]
        fn an_answer_is_judged_and_of_a_refusal_only_the_code_is_kept(
            status in prop::sample::select(vec![200_u16, 400, 401, 403, 404, 429, 500, 503]),
            body in prop_oneof![
                spoilt(json!({ "code": "x", "message": SECRET, "requestid": "r" }), NAMES, TEXTS),
                spoilt(json!({ "errcode": 88, "errmsg": SECRET, "sub_code": "60011", "sub_msg": SECRET }), NAMES, TEXTS),
                spoilt(json!({ "status": 1111, "wait": 5, "punish": "deny" }), NAMES, TEXTS),
                spoilt(json!({ "code": "Forbidden.AccessDenied.AccessTokenPermissionDenied", "accessdenieddetail": { "requiredScopes": [SECRET] } }), NAMES, TEXTS),
            ],
        ) {
            if let Err(fault) = judge(status, &body.to_string()) {
                // A code that is the secret itself is the platform's own word.
                let is_code = ["code", "errcode", "sub_code"].iter().any(|name| body[*name] == SECRET);
                prop_assert!(is_code || !fault.code.contains(SECRET), "{fault}");
                drop(ChannelError::from(fault));
            }
        }

        #[test]
        fn anything_is_judged_without_a_panic(status in 0_u16..700, body in "\\PC{0,60}", code in "\\PC{0,30}", errcode: i64) {
            drop(judge(status, &body));
            let answer = serde_json::json!({ "code": code }).to_string();
            prop_assert_eq!(judge(status, &answer).is_ok(), (200..300).contains(&status));
            let answer = serde_json::json!({ "errcode": errcode }).to_string();
            prop_assert_eq!(judge(status, &answer).is_ok(), errcode == 0);
        }
    }
}
