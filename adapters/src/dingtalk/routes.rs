//! The channel's inward half by webhook: the platform calls `/channels/{id}` with messages and `/channels/{id}/card`
//! with presses of buttons.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::api::Family;
use super::client::DingtalkChannel;
use super::fault::Kind;
use super::intake::Taken;
use super::{alarms, sign};
use crate::{ChannelId, Inbox};

struct Webhook {
    channel: Arc<DingtalkChannel>,
    inbox: Inbox,
    /// Whether a signature has ever fitted: before that, one that does not is more likely our setting than an attack.
    fitted: AtomicBool,
}

pub(super) fn router(channel: Arc<DingtalkChannel>, inbox: Inbox) -> Router {
    let webhook = Arc::new(Webhook { channel, inbox, fitted: AtomicBool::new(false) });
    Router::new().route("/", post(message)).route("/card", post(card)).with_state(webhook)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn json(body: &serde_json::Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

impl Webhook {
    fn refuse(&self, what: &str) -> Response {
        let channel = &self.channel;
        tracing::warn!(channel.id = %channel.kit.id, what, "a call is refused: its signature does not fit");
        if !self.fitted.load(Ordering::Relaxed) {
            channel.kit.alarms.raise(alarms::SIGNATURE_REFUSED, what);
        }
        StatusCode::UNAUTHORIZED.into_response()
    }

    fn accept(&self) {
        if !self.fitted.swap(true, Ordering::Relaxed) {
            self.channel.kit.alarms.clear(alarms::SIGNATURE_REFUSED);
        }
    }
}

async fn message(State(webhook): State<Arc<Webhook>>, headers: HeaderMap, body: String) -> Response {
    let channel = &webhook.channel;
    let secret = channel.settings.client_secret.expose_secret();
    let now = (channel.kit.now)();
    if !sign::is_message_genuine(secret, text(&headers, "timestamp"), text(&headers, "sign"), now) {
        return webhook.refuse("message");
    }
    webhook.accept();
    match channel.take(&webhook.inbox, &body).await {
        // The answer goes another way: this one could wait for no robot.
        Taken::Settled => json(&json!({ "msgtype": "empty" })),
        Taken::NotTaken => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn card(State(webhook): State<Arc<Webhook>>, headers: HeaderMap, body: String) -> Response {
    let channel = &webhook.channel;
    let secret = sign::card_secret(channel.settings.client_secret.expose_secret());
    let (time, signature) =
        (text(&headers, "x-ddpaas-signature-timestamp"), text(&headers, "x-ddpaas-signature"));
    if !sign::is_card_genuine(&secret, time, signature, (channel.kit.now)()) {
        return webhook.refuse("card");
    }
    webhook.accept();
    json(&channel.pressed(&webhook.inbox, &body).await)
}

/// By what the platform finds the address for presses.
pub(super) fn callback_key(id: &ChannelId) -> String {
    format!("yikouwen-{id}")
}

/// Tells the platform where presses go. Without cards, or without a public address, there is nothing to tell.
pub(super) async fn register(channel: &Arc<DingtalkChannel>, stop: CancellationToken) {
    use backon::BackoffBuilder;
    let (Some(_), Some(public)) = (&channel.settings.card, &channel.kit.public_url) else { return };
    let id = &channel.kit.id;
    let body = json!({
        "apiSecret": sign::card_secret(channel.settings.client_secret.expose_secret()),
        "callbackUrl": format!("{public}/channels/{id}/card"),
        "callbackRouteKey": callback_key(id),
        "forceUpdate": true,
    });
    let pace = channel.settings.pace;
    let pauses = backon::ExponentialBuilder::default()
        .with_min_delay(pace.first_pause)
        .with_max_delay(pace.longest_pause)
        .without_max_times()
        .with_jitter();
    for pause in pauses.build() {
        let path = "/v1.0/card/callbacks/register";
        match channel.api.call(Family::Card, Method::POST, path, &body).await {
            Ok(_) => return,
            Err(fault) => {
                tracing::warn!(channel.id = %id, reason = fault.code, "the address for buttons could not be registered");
                if fault.kind == Kind::Permission {
                    channel.kit.alarms.raise(alarms::CARD_REFUSED, fault.code);
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}
