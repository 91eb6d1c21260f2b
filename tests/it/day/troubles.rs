//! What goes wrong on this day, and when.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::town::Town;
use crate::dingtalk::platform::Platform;
use crate::support::bot_api::Failure;
use crate::support::counterpart;
use crate::support::weixin::Trouble as Weixin;

const MINUTE: Duration = Duration::from_secs(60);
const OPEN: &str = "/v1.0/gateway/connections/open";
const SEND: &str = "/v1.0/robot/oToMessages/batchSend";

/// Something that goes wrong for a while.
pub(super) struct Trouble {
    pub(super) channel: &'static str,
    pub(super) what: &'static str,
    pub(super) at: Duration,
    pub(super) lasts: Duration,
    /// The alarm that names it, and what its detail says. Without one it passes before anybody could do anything.
    pub(super) alarm: Option<(&'static str, &'static str)>,
    pub(super) begin: fn(&Town),
    pub(super) end: fn(&Town),
}

fn nothing(_: &Town) {}

/// Does something to the socket that DingTalk has open.
fn line(town: &Town, what: impl Fn(&Platform, usize)) {
    if let Some(&open) = town.ding.open_lines().last() {
        what(&town.ding, open);
    }
}

fn cut(town: &Town) {
    line(town, Platform::cut);
}

fn replace(town: &Town) {
    town.wechat.api.replace_token();
}

fn revoke(town: &Town) {
    town.ding.revoke_token();
}

fn weixin(town: &Town, trouble: Option<Weixin>) {
    town.wechat.api.with(|told| told.trouble = trouble);
}

fn telegram(town: &Town, failure: Failure) {
    town.telegram.trouble(Some(failure));
}

fn mend_telegram(town: &Town) {
    town.telegram.trouble(None);
}

fn mend_kiosk(town: &Town) {
    town.kiosk.trouble(None);
}

/// Everything of the day, in its order; when exactly is decided by the seed.
#[rustfmt::skip]
pub(super) fn troubles(seed: u64) -> Vec<Trouble> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut list = Vec::new();
    let mut add = |channel, what, hour: u64, minutes: u32, alarm, begin: fn(&Town), end: fn(&Town)| {
        let at = MINUTE * u32::try_from(hour).unwrap() * 60 + Duration::from_secs(random.random_range(0..1_200));
        list.push(Trouble { channel, what, at, lasts: MINUTE * minutes, alarm, begin, end });
    };

    for hour in [1, 10, 21] {
        add("gzh", "another program replaces the access token (40001)", hour, 0, None, replace, nothing);
    }
    add("gzh", "every call is answered with -1, busy", 3, 5, None, |town| weixin(town, Some(Weixin::Refuses(-1))), |town| weixin(town, None));
    add("gzh", "every call is answered with 502", 5, 15, Some(("wechat_unreachable", "502")), |town| weixin(town, Some(Weixin::Fails(502))), |town| weixin(town, None));
    add("gzh", "the day's calls are used up (45009)", 8, 60, Some(("wechat_quota_used_up", "45009")), |town| weixin(town, Some(Weixin::Refuses(45_009))), |town| weixin(town, None));
    add("gzh", "the server's address is taken off the list (40164)", 12, 40, Some(("wechat_ip_not_listed", "203.0.113.7")), |town| {
        town.wechat.api.replace_token();
        town.wechat.api.with(|told| told.refuse_token = Some((40_164, "invalid ip 203.0.113.7, not in whitelist")));
    }, |town| town.wechat.api.with(|told| told.refuse_token = None));
    add("gzh", "two citizens may be sent nothing more (45047)", 16, 120, None, |town| {
        town.wechat.api.with(|told| told.quota.extend([("w0".to_owned(), 0), ("w1".to_owned(), 0)]));
    }, |town| town.wechat.api.with(|told| told.quota.clear()));

    for hour in [2, 8, 15] {
        add("ding", "the socket is cut", hour, 0, None, cut, nothing);
    }
    for hour in [5, 22] {
        add("ding", "the access token is revoked", hour, 0, None, revoke, nothing);
    }
    add("ding", "the platform asks to disconnect", 4, 0, None, |town| line(town, |ding, line| { ding.frame(line, "SYSTEM", "disconnect", &json!({})); }), nothing);
    add("ding", "the socket stands, and nothing is heard on it", 6, 0, None, |town| line(town, Platform::fall_silent), nothing);
    add("ding", "the socket is cut, and opening another is answered with 503", 9, 20, Some(("dingtalk_stream_down", "ServiceUnavailable")), |town| {
        town.ding.answer_always(OPEN, Some((503, json!({ "code": "ServiceUnavailable" }))));
        cut(town);
    }, |town| town.ding.answer_always(OPEN, None));
    add("ding", "the socket is cut, and opening another is answered with 401", 11, 20, Some(("dingtalk_secret_refused", "authFailed")), |town| {
        town.ding.answer_always(OPEN, Some((401, json!({ "code": "authFailed" }))));
        cut(town);
    }, |town| town.ding.answer_always(OPEN, None));
    add("ding", "sending is answered with 500", 14, 15, Some(("dingtalk_unreachable", "system.error")), |town| town.ding.answer_always(SEND, Some((500, json!({ "code": "system.error" })))), |town| town.ding.answer_always(SEND, None));
    add("ding", "the robot sends too fast", 17, 10, Some(("dingtalk_throttled", "send.too.fast")), |town| town.ding.answer_always(SEND, Some((400, json!({ "code": "send.too.fast" })))), |town| town.ding.answer_always(SEND, None));
    add("ding", "the permission to send is taken away", 19, 30, Some(("dingtalk_send_refused", "qyapi_robot_sendmsg")), |town| {
        let denied = json!({ "code": "Forbidden.AccessDenied.AccessTokenPermissionDenied", "message": "所需的权限：[qyapi_robot_sendmsg]" });
        town.ding.answer_always(SEND, Some((403, denied)));
    }, |town| town.ding.answer_always(SEND, None));

    add("tg", "every call is answered with 502", 3, 20, Some(("telegram_unreachable", "Bad Gateway")), |town| telegram(town, Failure::of("", 502, "Bad Gateway")), mend_telegram);
    add("tg", "sending is answered with 429, again in 30 s", 10, 10, None, |town| telegram(town, Failure {
        parameters: json!({ "retry_after": 30 }), ..Failure::of("sendMessage", 429, "Too Many Requests: retry after 30")
    }), mend_telegram);
    add("tg", "the token is refused (401)", 15, 30, Some(("telegram_token_refused", "")), |town| telegram(town, Failure::of("", 401, "Unauthorized")), mend_telegram);

    add("kiosk", "every push is answered with 503", 7, 15, Some(("http_unreachable", "503")), |town| town.kiosk.trouble(Some(counterpart::Trouble::Status(503))), mend_kiosk);
    add("kiosk", "no push is answered", 13, 15, Some(("http_unreachable", "no answer in time")), |town| town.kiosk.trouble(Some(counterpart::Trouble::Silence)), mend_kiosk);
    add("kiosk", "every push is refused with 403", 18, 20, Some(("http_refused", "403")), |town| town.kiosk.trouble(Some(counterpart::Trouble::Status(403))), mend_kiosk);

    list.sort_by_key(|trouble| trouble.at);
    list
}
