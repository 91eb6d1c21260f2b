//! Calls to the platform: an access token on each, replaced and tried once more when it is refused.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use reqwest::RequestBuilder;
use reqwest::multipart::{Form, Part};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::config::WechatConfig;
use super::errors::{self, ApiError};
use super::render::Part as Message;
use super::token::{Tokens, check, unreachable};
use crate::{Alarms, File, Kit, MediaKind};

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a file may take.
const FILE_PATIENCE: Duration = Duration::from_secs(60);
/// The longest file that is taken, in bytes. A film has at most 10 MB on this platform.
const FILE_BYTES: usize = 20 << 20;
/// The longest answer in JSON, in bytes.
const ANSWER_BYTES: usize = 1 << 20;

/// The platform's interface for one account.
pub struct Api {
    http: reqwest::Client,
    base: String,
    tokens: Tokens,
    alarms: Alarms,
    app_id: String,
    secret: SecretString,
}

/// A body and its media type.
struct Raw {
    mime: String,
    name: Option<String>,
    data: Bytes,
}

impl Api {
    /// For one account.
    pub fn new(kit: &Kit, config: &WechatConfig) -> Self {
        let tokens = Tokens::new(
            Arc::clone(&kit.notes),
            Arc::clone(&kit.now),
            kit.http.clone(),
            config.api_base.clone(),
            config.app_id.clone(),
            config.app_secret.clone(),
        );
        Self {
            http: kit.http.clone(),
            base: config.api_base.clone(),
            tokens,
            alarms: kit.alarms.clone(),
            app_id: config.app_id.clone(),
            secret: config.app_secret.clone(),
        }
    }

    /// Tries whether there is a token to be had, which AppID, AppSecret and the list of addresses decide.
    ///
    /// # Errors
    /// Says what is wrong.
    pub async fn try_token(&self) -> Result<(), ApiError> {
        self.tokens.get(None).await.map(drop)
    }

    /// Makes a call with a token, and once more with another one when that is refused. `request` is asked for each.
    async fn with_token(
        &self,
        limit: usize,
        request: impl Fn(&str) -> Result<RequestBuilder, ApiError> + Send + Sync,
    ) -> Result<Raw, ApiError> {
        let done = async {
            let token = self.tokens.get(None).await?;
            match call(request(&token)?, limit).await {
                Err(ApiError::TokenRefused(_)) => {
                    let other = self.tokens.get(Some(&token)).await?;
                    call(request(&other)?, limit).await
                }
                done => done,
            }
        };
        let done = done.await;
        match &done {
            Ok(_) => errors::all_well(&self.alarms),
            Err(error) => error.tell(&self.alarms),
        }
        done
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        let url = format!("{}/cgi-bin/{path}", self.base);
        let request = |token: &str| {
            Ok(self.http.post(&url).query(&[("access_token", token)]).timeout(PATIENCE).json(body))
        };
        need_json(&self.with_token(ANSWER_BYTES, request).await?)
    }

    /// Sends one message. `robot` puts the platform's mark of machine-made words below it.
    ///
    /// # Errors
    /// Says what follows.
    pub async fn send(&self, openid: &str, part: &Message, robot: bool) -> Result<(), ApiError> {
        let mut body = json!({ "touser": openid });
        match part {
            Message::Text(text) => {
                body["msgtype"] = "text".into();
                body["text"] = json!({ "content": text });
            }
            Message::Menu { head, items, tail } => {
                let list: Vec<Value> =
                    items.iter().map(|(id, label)| json!({ "id": id, "content": label })).collect();
                body["msgtype"] = "msgmenu".into();
                body["msgmenu"] = json!({ "head_content": head, "list": list, "tail_content": tail });
            }
            Message::Card { title, description, url } => {
                let article = json!({ "title": title, "description": description, "url": url });
                body["msgtype"] = "news".into();
                body["news"] = json!({ "articles": [article] });
            }
            // A file becomes one of the kinds below once it is uploaded.
            Message::File(_) => return Err(ApiError::Refused(0)),
        }
        if robot {
            body["aimsgcontext"] = json!({ "is_ai_msg": 1 });
        }
        let sent = self.post("message/custom/send", &body).await.map(drop);
        if sent.is_ok() {
            self.alarms.clear(errors::QUOTA);
            self.alarms.clear(errors::NO_RIGHT);
            if matches!(part, Message::Menu { .. } | Message::Card { .. }) {
                self.alarms.clear(errors::KIND);
            }
        }
        sent
    }

    /// Sends a file that was uploaded.
    ///
    /// # Errors
    /// Says what follows.
    pub async fn send_media(&self, openid: &str, kind: MediaKind, media_id: &str) -> Result<(), ApiError> {
        let name = uploadable(kind)?;
        let body = json!({ "touser": openid, "msgtype": name, name: { "media_id": media_id } });
        self.post("message/custom/send", &body).await.map(drop)
    }

    /// Shows "is writing" for 15 seconds.
    ///
    /// # Errors
    /// Says what follows.
    pub async fn typing(&self, openid: &str) -> Result<(), ApiError> {
        self.post("message/custom/typing", &json!({ "touser": openid, "command": "Typing" })).await.map(drop)
    }

    /// Uploads a file for three days and returns its id.
    ///
    /// # Errors
    /// Says what follows.
    pub async fn upload(&self, kind: MediaKind, file: &File) -> Result<String, ApiError> {
        let kind = uploadable(kind)?;
        let url = format!("{}/cgi-bin/media/upload", self.base);
        let request = |token: &str| {
            let part = Part::bytes(file.data.to_vec()).file_name(file.name.clone());
            let form = Form::new().part("media", part.mime_str(&file.mime).map_err(unreachable)?);
            let query = [("access_token", token), ("type", kind)];
            Ok(self.http.post(&url).query(&query).timeout(FILE_PATIENCE).multipart(form))
        };
        let answer = need_json(&self.with_token(ANSWER_BYTES, request).await?)?;
        let id = answer["media_id"].as_str().map(str::to_owned);
        id.ok_or_else(|| ApiError::Unreachable("its answer has no media_id".to_owned()))
    }

    /// Gets a file that a citizen sent.
    ///
    /// # Errors
    /// Says what follows.
    pub async fn media(&self, media_id: &str, name: &str) -> Result<File, ApiError> {
        let url = format!("{}/cgi-bin/media/get", self.base);
        let request = |token: &str| {
            let query = [("access_token", token), ("media_id", media_id)];
            Ok(self.http.get(&url).query(&query).timeout(FILE_PATIENCE))
        };
        let mut raw = self.with_token(FILE_BYTES, request).await?;
        // Of a film the platform gives the address, as JSON.
        if let Some(answer) = as_json(&raw) {
            let film = answer["video_url"].as_str().filter(|film| film.starts_with("http"));
            let film = film.ok_or_else(|| ApiError::Unreachable("its answer has no file".to_owned()))?;
            raw = call(self.http.get(film).timeout(FILE_PATIENCE), FILE_BYTES).await?;
        }
        Ok(File { name: raw.name.unwrap_or_else(|| name.to_owned()), mime: raw.mime, data: raw.data })
    }

    /// Replaces the menu.
    ///
    /// # Errors
    /// Says what follows.
    pub async fn create_menu(&self, menu: &Value) -> Result<(), ApiError> {
        self.post("menu/create", menu).await.map(drop)
    }

    /// Takes the menu away.
    ///
    /// # Errors
    /// Says what follows.
    pub async fn delete_menu(&self) -> Result<(), ApiError> {
        let url = format!("{}/cgi-bin/menu/delete", self.base);
        let request =
            |token: &str| Ok(self.http.get(&url).query(&[("access_token", token)]).timeout(PATIENCE));
        self.with_token(ANSWER_BYTES, request).await.map(drop)
    }

    /// Makes a QR code and returns its ticket and the address it holds.
    ///
    /// # Errors
    /// Says what follows.
    pub async fn create_code(&self, code: &Value) -> Result<(String, String), ApiError> {
        let answer = self.post("qrcode/create", code).await?;
        match (answer["ticket"].as_str(), answer["url"].as_str()) {
            (Some(ticket), Some(url)) => Ok((ticket.to_owned(), url.to_owned())),
            _ => Err(ApiError::Unreachable("its answer has no ticket".to_owned())),
        }
    }

    /// Who came back from the platform with this code. `None`: it does not say, because whoever came has agreed to nothing
    /// and is shown a made-up person (`is_snapshotuser`).
    ///
    /// # Errors
    /// Says what follows. A code holds for five minutes, and once.
    pub async fn openid(&self, code: &str) -> Result<Option<String>, ApiError> {
        let url = format!("{}/sns/oauth2/access_token", self.base);
        let query = [
            ("appid", self.app_id.as_str()),
            ("secret", self.secret.expose_secret()),
            ("code", code),
            ("grant_type", "authorization_code"),
        ];
        let answer =
            need_json(&call(self.http.get(url).query(&query).timeout(PATIENCE), ANSWER_BYTES).await?)?;
        if answer["is_snapshotuser"] == 1 {
            return Ok(None);
        }
        let openid = answer["openid"].as_str().filter(|openid| !openid.is_empty()).map(str::to_owned);
        openid.map(Some).ok_or_else(|| ApiError::Unreachable("its answer has no openid".to_owned()))
    }

    /// Gets a picture by its address.
    ///
    /// # Errors
    /// When it cannot be had.
    pub async fn picture(&self, url: &str) -> Result<Bytes, ApiError> {
        Ok(call(self.http.get(url).timeout(FILE_PATIENCE), FILE_BYTES).await?.data)
    }
}

/// What can be sent as itself. A film needs a picture of its own beside it, which helpers do not send; files the platform
/// does not take at all.
fn uploadable(kind: MediaKind) -> Result<&'static str, ApiError> {
    match kind {
        MediaKind::Image => Ok("image"),
        MediaKind::Voice => Ok("voice"),
        MediaKind::Video | MediaKind::File => Err(ApiError::Refused(0)),
    }
}

/// Makes one call. Errors are JSON with the status 200, whatever the type says.
async fn call(request: RequestBuilder, limit: usize) -> Result<Raw, ApiError> {
    let raw = read(request.send().await.map_err(unreachable)?, limit).await?;
    if let Some(answer) = as_json(&raw) {
        check(&answer)?;
    }
    Ok(raw)
}

fn need_json(raw: &Raw) -> Result<Value, ApiError> {
    as_json(raw).ok_or_else(|| ApiError::Unreachable("its answer is no JSON".to_owned()))
}

fn as_json(raw: &Raw) -> Option<Value> {
    if raw.data.first() != Some(&b'{') {
        return None;
    }
    serde_json::from_slice(&raw.data).ok()
}

/// Reads a body up to a limit.
async fn read(answer: reqwest::Response, limit: usize) -> Result<Raw, ApiError> {
    let status = answer.status();
    if !status.is_success() {
        return Err(ApiError::Unreachable(format!("it answered {status}")));
    }
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let mime = header(reqwest::header::CONTENT_TYPE).unwrap_or("application/octet-stream").to_owned();
    let name = header(reqwest::header::CONTENT_DISPOSITION).and_then(file_name);
    let mut data = Vec::new();
    let mut pieces = answer.bytes_stream();
    while let Some(piece) = pieces.next().await {
        data.extend_from_slice(&piece.map_err(unreachable)?);
        if data.len() > limit {
            return Err(ApiError::Unreachable("its answer is too long".to_owned()));
        }
    }
    Ok(Raw { mime, name, data: data.into() })
}

/// The name in `attachment; filename="NAME"`, without anything that is a path.
fn file_name(disposition: &str) -> Option<String> {
    let (_, name) = disposition.split_once("filename=")?;
    let name = name.split(';').next()?.trim().trim_matches('"');
    let name: String = name.chars().filter(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_')).collect();
    let name = name.trim_start_matches('.').to_owned();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn raw(data: Vec<u8>) -> Raw {
        Raw { mime: "text/plain".to_owned(), name: None, data: data.into() }
    }

    proptest! {
        #[test]
        fn whatever_is_answered_is_read_or_refused(
            data in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..200),
                "\\{(\"(errcode|errmsg|media_id|ticket)\":|[0-9\"{}\\[\\],:-]|\\PC){0,60}".prop_map(String::into_bytes),
            ],
            disposition in "(attachment; ?)?(filename=)?(\"|[./\\\\;]|\\PC){0,40}",
        ) {
            let raw = raw(data);
            if let Ok(answer) = need_json(&raw) {
                drop(check(&answer));
            }
            if let Some(name) = file_name(&disposition) {
                prop_assert!(!name.is_empty() && !name.starts_with('.'), "{}", name);
                prop_assert!(!name.contains(['/', '\\', '"', ';', ' ']), "{}", name);
            }
        }

        #[test]
        fn an_error_is_one_whatever_stands_beside_its_code(code in any::<i64>(), words in "\\PC{0,40}") {
            let answer = json!({ "media_id": words, "errcode": code, "errmsg": words }).to_string();
            let answer = need_json(&raw(answer.into_bytes())).unwrap();
            prop_assert_eq!(check(&answer).is_err(), code != 0);
        }
    }

    #[test]
    fn names_of_files_are_no_paths() {
        assert_eq!(file_name("attachment; filename=\"abc.jpg\"").as_deref(), Some("abc.jpg"));
        assert_eq!(file_name("attachment; filename=\"../../etc/x\"").as_deref(), Some("etcx"));
        assert_eq!(file_name("inline"), None);
    }
}
