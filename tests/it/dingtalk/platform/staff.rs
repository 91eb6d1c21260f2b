//! The company's address book: who its members are.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use axum::body::Bytes;
use axum::extract::{OriginalUri, Query, State};
use axum::http::Method;
use axum::response::Response;
use serde_json::{Value, json};

use super::Shared;
use super::methods::{field, note, ok, refuse};

/// The company of the messages that [`super::Person`] sends.
pub(super) const COMPANY: &str = "ding-corp";

/// The query of one of the older methods, whose token stands in it, and the body.
pub(super) async fn old(
    state: &Shared,
    uri: &OriginalUri,
    query: &HashMap<String, String>,
    body: &Bytes,
) -> Result<Value, Response> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    if let Some(ordered) = note(state, Method::POST, uri.path(), &body).await {
        return Err(ordered);
    }
    if query.get("access_token") != Some(&format!("token-{}", state.token.load(Ordering::SeqCst))) {
        return Err(ok(
            &json!({ "errcode": 88, "sub_code": "40014", "sub_msg": "不合法的access_token", "errmsg": "ding talk error[subcode=40014,submsg=不合法的access_token]" }),
        ));
    }
    Ok(body)
}

/// A member, with everything that the platform tells of them.
pub(super) async fn user(
    State(state): State<Shared>,
    uri: OriginalUri,
    Query(query): Query<HashMap<String, String>>,
    body: Bytes,
) -> Response {
    let body = match old(&state, &uri, &query, &body).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    if field(&body, "userid").starts_with("gone") {
        return ok(&json!({ "errcode": 60_121, "errmsg": "找不到该用户" }));
    }
    ok(&json!({ "errcode": 0, "errmsg": "ok", "request_id": "r", "result": {
        "userid": body["userid"], "unionid": "z21Hj", "name": "张三", "mobile": "18513027676", "hide_mobile": false,
        "telephone": "010-86123456-2345", "email": "zhang@corp.example", "org_email": "zhang@corp.example",
        "title": "会计", "work_place": "未来park", "remark": "备注", "job_number": "4", "dept_id_list": [1, 2, 3],
        "dept_order_list": [{ "dept_id": 2, "order": 1 }], "leader_in_dept": [{ "dept_id": 2, "leader": true }],
        "active": true, "admin": false, "boss": false, "senior": false, "real_authed": true, "avatar": "",
        "role_list": [{ "group_name": "职务", "name": "会计", "id": 100 }], "state_code": "86",
    } }))
}

/// A department.
pub(super) async fn department(
    State(state): State<Shared>,
    uri: OriginalUri,
    Query(query): Query<HashMap<String, String>>,
    body: Bytes,
) -> Response {
    let body = match old(&state, &uri, &query, &body).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    match body["dept_id"].as_i64() {
        Some(2) => ok(&json!({ "errcode": 0, "errmsg": "ok", "request_id": "r", "result": {
            "dept_id": 2, "name": "财务部", "parent_id": 1, "order": 10, "dept_manager_userid_list": ["5"],
        } })),
        _ => ok(&json!({ "errcode": 60_003, "errmsg": "部门不存在" })),
    }
}

/// A company as its licence says it.
pub(super) fn company(query: &HashMap<String, String>) -> Response {
    match query.get("targetCorpId").map(String::as_str) {
        Some(COMPANY) | None => ok(&json!({
            "orgName": "某某公司", "licenseOrgName": "某某（本市）有限公司", "registrationNum": "1", "legalPerson": "王五",
            "unifiedSocialCredit": "91440300MA5XXXXX0X", "organizationCode": "1-1", "licenseUrl": "https://x", "authLevel": 1,
        })),
        Some(_) => refuse(400, "invalidParameter.system.param"),
    }
}
