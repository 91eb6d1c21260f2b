//! The channel's inward half: the platform's verification and its pushes; pages with full answers.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use secrecy::ExposeSecret;
use serde::Deserialize;
use tokio::time::Instant;
use tower_http::timeout::TimeoutLayer;

use super::attend::Answer;
use super::client::WechatChannel;
use super::config::Mode;
use super::crypto::{AesKey, CryptoError};
use super::link::Target;
use super::replays::is_fresh;
use super::wire::{Push, SUCCESS};
use super::{crypto, errors, page, replays, wire};
use crate::{Cursor, Inbox, NotesError};

/// The longest push, in bytes; in the compatible mode everything is in it twice.
const BODY_BYTES: usize = 128 * 1024;
/// How long a connection is held without an answer; the platform cuts it after five seconds.
const HELD: Duration = Duration::from_millis(5_600);
/// How long a request may take whatever happens.
const PATIENCE: Duration = Duration::from_secs(15);

struct Shared {
    channel: Arc<WechatChannel>,
    inbox: Inbox,
}

pub(super) fn router(channel: Arc<WechatChannel>, inbox: Inbox) -> Router {
    Router::new()
        .route("/", get(verify).post(receive))
        .route("/answer/{token}", get(answer))
        .route("/file/{token}", get(file))
        .layer(axum::extract::DefaultBodyLimit::max(BODY_BYTES))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, PATIENCE))
        .with_state(Arc::new(Shared { channel, inbox }))
}

/// What the platform puts behind the address.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Proof {
    signature: String,
    msg_signature: String,
    timestamp: String,
    nonce: String,
    encrypt_type: String,
    echostr: String,
}

/// Why a push is refused. Nothing of it is said to whoever sent it.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    Signature,
    Clock,
    Mode,
    Replay,
    Malformed,
}

/// A push that was proven and read.
struct Proven {
    push: Push,
    /// The key that fits, if it was encrypted: the answer takes the same one.
    key: Option<AesKey>,
    nonce: String,
}

/// The platform asks whether the token is ours; the answer is its text, and nothing else.
async fn verify(State(shared): State<Arc<Shared>>, Query(proof): Query<Proof>) -> Response {
    let channel = &shared.channel;
    let token = channel.config.token.expose_secret();
    let parts = [token, &proof.timestamp, &proof.nonce];
    let plain = crypto::verify(&proof.signature, &parts).then(|| proof.echostr.clone());
    // Its relatives for companies sign and encrypt this text, too; some consoles have been seen to do so here.
    let encrypted = || {
        let parts = [token, &proof.timestamp, &proof.nonce, &proof.echostr];
        let fits = crypto::verify(&proof.msg_signature, &parts);
        channel
            .keys
            .iter()
            .filter(|_| fits)
            .find_map(|key| key.decrypt(&proof.echostr, &channel.config.app_id).ok())
    };
    match plain.or_else(encrypted) {
        Some(text) if is_fresh(&proof.timestamp, channel.now()) => {
            channel.kit.alarms.clear(errors::SIGNATURE);
            channel.kit.alarms.clear(errors::CLOCK);
            plain_text(text)
        }
        Some(_) => refuse(channel, &Refusal::Clock),
        None => refuse(channel, &Refusal::Signature),
    }
}

fn plain_text(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

fn refuse(channel: &WechatChannel, refusal: &Refusal) -> Response {
    let (alarm, what) = match refusal {
        // Anybody can send a wrong signature, so it is an alarm only because nothing else comes when the token is wrong;
        // the first right one ends it.
        Refusal::Signature => (Some(errors::SIGNATURE), "signature"),
        Refusal::Clock => (Some(errors::CLOCK), "timestamp"),
        Refusal::Mode => (Some(errors::MODE), "mode or key"),
        Refusal::Replay => (None, "replay"),
        Refusal::Malformed => (None, "form"),
    };
    tracing::warn!(channel.id = %channel.kit.id, reason = what, "a push was refused");
    if let Some(code) = alarm {
        channel.kit.alarms.raise(code, what);
    }
    let status = if *refusal == Refusal::Malformed { StatusCode::BAD_REQUEST } else { StatusCode::FORBIDDEN };
    status.into_response()
}

impl WechatChannel {
    /// Proves that a push comes from the platform, and reads it.
    fn prove(&self, proof: &Proof, body: &str) -> Result<Proven, Refusal> {
        let token = self.config.token.expose_secret();
        let fields = wire::fields(body);
        let encrypted = fields.as_ref().ok().and_then(|fields| fields.get("Encrypt"));
        let use_encrypted = match (self.config.mode, encrypted) {
            (Mode::Plain, _) => None,
            (Mode::Compatible, encrypted) => encrypted.filter(|_| proof.encrypt_type == "aes"),
            (Mode::Secure, Some(encrypted)) => Some(encrypted),
            (Mode::Secure, None) => {
                // Said only of what is signed: anybody can send an unencrypted message.
                let parts = [token, &proof.timestamp, &proof.nonce];
                let signed = crypto::verify(&proof.signature, &parts);
                return Err(if signed { Refusal::Mode } else { Refusal::Signature });
            }
        };
        let (signature, parts) = match use_encrypted {
            Some(encrypted) => (&proof.msg_signature, vec![token, &proof.timestamp, &proof.nonce, encrypted]),
            None => (&proof.signature, vec![token, &proof.timestamp, &proof.nonce]),
        };
        if !crypto::verify(signature, &parts) {
            return Err(Refusal::Signature);
        }
        if !is_fresh(&proof.timestamp, self.now()) {
            return Err(Refusal::Clock);
        }
        let (fields, key) = match use_encrypted {
            Some(encrypted) => {
                let (text, key) = self.decrypt(encrypted)?;
                (wire::fields(&text), Some(key))
            }
            None => (fields, None),
        };
        let fields = fields.map_err(|_| Refusal::Malformed)?;
        let push = match wire::push(&fields) {
            Ok(push) => push,
            // An encrypted message at an account that is configured as plain.
            Err(_) if self.config.mode == Mode::Plain && fields.get("Encrypt").is_some() => {
                return Err(Refusal::Mode);
            }
            Err(_) => return Err(Refusal::Malformed),
        };
        if !self.replays.take(&format!("{signature} {}", proof.nonce), &message_of(&push), self.now()) {
            return Err(Refusal::Replay);
        }
        for code in [errors::SIGNATURE, errors::CLOCK, errors::MODE] {
            self.kit.alarms.clear(code);
        }
        Ok(Proven { push, key, nonce: proof.nonce.clone() })
    }

    /// Whether a signature that does not cover its message was used for no other one, on any node.
    async fn is_first_use(&self, proof: &Proof, proven: &Proven) -> Result<bool, NotesError> {
        if proven.key.is_some() {
            return Ok(true);
        }
        let signature = format!("{} {}", proof.signature, proof.nonce);
        let message = message_of(&proven.push);
        replays::take_for_all(&*self.kit.notes, &signature, &message, self.now()).await
    }

    /// Decrypts with the key that fits; during a change both the new and the previous one may.
    fn decrypt(&self, encrypted: &str) -> Result<(String, AesKey), Refusal> {
        let mut refusal = Refusal::Mode;
        for key in &self.keys {
            match key.decrypt(encrypted, &self.config.app_id) {
                Ok(text) => return Ok((text, key.clone())),
                Err(CryptoError::Damaged) => refusal = Refusal::Malformed,
                Err(CryptoError::OtherKey | CryptoError::OtherAccount) => {}
            }
        }
        Err(refusal)
    }

    /// Prints an answer as the push came: encrypted with the same key, or not.
    fn print(&self, proven: &Proven, text: &str, at: jiff::Timestamp) -> String {
        let reply = wire::reply(&proven.push, at, text);
        match &proven.key {
            Some(key) => {
                let encrypted = key.encrypt(&reply, &self.config.app_id);
                wire::envelope(&encrypted, self.config.token.expose_secret(), self.now(), &proven.nonce)
            }
            None => reply,
        }
    }
}

/// By what a message is the same one.
fn message_of(push: &Push) -> String {
    format!("{} {}", push.openid, push.id)
}

/// Takes a push.
async fn receive(State(shared): State<Arc<Shared>>, Query(proof): Query<Proof>, body: Bytes) -> Response {
    let arrived = Instant::now();
    let channel = &shared.channel;
    let proven = match channel.prove(&proof, &String::from_utf8_lossy(&body)) {
        Ok(proven) => proven,
        Err(refusal) => return refuse(channel, &refusal),
    };
    match channel.is_first_use(&proof, &proven).await {
        Ok(true) => {}
        Ok(false) => return refuse(channel, &Refusal::Replay),
        Err(error) => {
            tracing::error!(channel.id = %channel.kit.id, %error, "a push could not be accepted");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    }
    match channel.attend(&shared.inbox, &proven.push, arrived).await {
        Answer::Words(given) => {
            let printed = channel.print(&proven, &given.words(), given.at);
            words(&shared, &proven.push, printed)
        }
        Answer::Success => plain_text(SUCCESS.to_owned()),
        Answer::Silence => {
            tokio::time::sleep_until(arrived + HELD).await;
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Answer::Again => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// A response that notes that its bytes went out, once they are asked for. A connection that was cut before never asks.
fn words(shared: &Arc<Shared>, push: &Push, printed: String) -> Response {
    let (channel, openid, id) = (Arc::clone(&shared.channel), push.openid.clone(), push.id.clone());
    let length = printed.len();
    let body = futures::stream::once(async move {
        tokio::spawn(async move {
            if let Err(error) = channel.mailbox.change(&openid, |reader| reader.written(&id)).await {
                // The answer counts as not given, and comes once more with the next message.
                tracing::warn!(channel.id = %channel.kit.id, %error, "a note could not be written");
            }
        });
        Ok::<_, Infallible>(Bytes::from(printed))
    });
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml; charset=utf-8"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// The page with a full answer.
async fn answer(State(shared): State<Arc<Shared>>, Path(token): Path<String>) -> Response {
    let channel = &shared.channel;
    let found = look_up(&shared, &token).await;
    let (status, html) = match found {
        Ok(Some(html)) => (StatusCode::OK, html),
        Ok(None) => (StatusCode::GONE, page::gone(&channel.words, crate::Locale::Zh)),
        Err(status) => return status.into_response(),
    };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, page::POLICY),
    ];
    (status, headers, html).into_response()
}

async fn look_up(shared: &Shared, token: &str) -> Result<Option<String>, StatusCode> {
    let channel = &shared.channel;
    let away = |_| StatusCode::SERVICE_UNAVAILABLE;
    let target = channel.links.check("answer", token, channel.now()).await.map_err(away)?;
    let Some(Target::Answer { alias, conversation, after }) = target else { return Ok(None) };
    let Some(openid) = channel.mailbox.behind(&alias).await.map_err(away)? else { return Ok(None) };
    let reader = channel.mailbox.open(&openid).await.map_err(away)?.reader;
    // The conversation stands in the link without its dashes; which one it is, is asked of the thread itself.
    let current = shared.inbox.thread(&channel.peer(&openid), &Cursor::default()).await;
    let current = current.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?.conversation.unwrap_or_default();
    if current.replace('-', "") != conversation {
        return Ok(None);
    }
    let cursor = Cursor { conversation: Some(current), after };
    let thread = shared.inbox.thread(&channel.peer(&openid), &cursor).await;
    let thread = thread.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let file = |attachment: &_| channel.file_link(attachment);
    Ok(Some(page::print(&page::replies(&thread, after), channel.speech(&reader), &file)))
}

/// A helper's file.
async fn file(State(shared): State<Arc<Shared>>, Path(token): Path<String>) -> Response {
    let channel = &shared.channel;
    let found = match channel.links.check("file", &token, channel.now()).await {
        Ok(Some(Target::File { id })) => channel.kit.files.file(&id).await,
        Ok(_) => Ok(None),
        Err(error) => Err(error),
    };
    match found {
        Ok(Some(file)) => {
            let mime = HeaderValue::from_str(&file.mime);
            let mime = mime.unwrap_or(HeaderValue::from_static("application/octet-stream"));
            let headers = [
                (header::CONTENT_TYPE, mime),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
                // Whatever a file holds, it runs nothing under our name.
                (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'")),
            ];
            (headers, file.data).into_response()
        }
        Ok(None) => StatusCode::GONE.into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
