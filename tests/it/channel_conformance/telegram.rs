//! Telegram, by webhook and by polling.

use serde_json::{Value, json};

use super::{FORM, FORM_NAME, Platform, SOUND, Sent, channel_conformance};
use crate::files::PNG;
use crate::support::bot_api::{BotApi, Call, Failure, TEXT_UNITS, TOKEN};
use crate::support::{Server, eventually};

/// What a citizen was sent, as it was written: links stand in it as HTML.
fn with_links(api: &BotApi, citizen: u32) -> Vec<String> {
    let sent = api.calls("sendMessage").into_iter();
    let to = |call: &Call| call.params.number("chat_id") == Some(citizen.into());
    sent.filter(to).filter_map(|call| call.params.text("text")).collect()
}

fn section(api: &BotApi, mode: &str) -> String {
    format!(
        "[server]\npublic_url = \"https://ask.city.example\"\n[channels.tested]\ntype = \"telegram\"\ntoken = \"{TOKEN}\"\nmode = \"{mode}\"\napi_base = \"{}\"\npoll = \"5s\"\nper_chat = 100\nper_group = 1000\noverall = 1000\n",
        api.base
    )
}

fn fail(api: &BotApi, times: usize) {
    api.mend();
    api.fail((0..times).map(|_| Failure::too_many("sendMessage")));
}

/// A picture as Telegram describes it; its bytes are kept for whoever gets it.
fn photo(api: &BotApi, citizen: u32) -> Value {
    api.keep_file("photo", "photos/file_1.png", PNG);
    let size = json!({ "file_id": "photo", "file_unique_id": "u", "width": 1, "height": 1 });
    api.private(citizen.into(), json!({ "photo": [size] }))
}

/// A recording: Telegram hears no words in it.
fn voice(api: &BotApi, citizen: u32) -> Value {
    api.keep_file("sound", "voice/file_2.amr", SOUND);
    let voice = json!({ "file_id": "sound", "file_unique_id": "u", "duration": 3, "mime_type": "audio/amr", "file_size": SOUND.len() });
    api.private(citizen.into(), json!({ "voice": voice }))
}

fn form(api: &BotApi, citizen: u32) -> Value {
    api.keep_file("form", "documents/file_3.pdf", FORM);
    let document = json!({ "file_id": "form", "file_unique_id": "u", "file_name": FORM_NAME, "mime_type": "application/pdf", "file_size": FORM.len() });
    api.private(citizen.into(), json!({ "document": document }))
}

fn is_picture(name: &str) -> bool {
    name.ends_with(".png")
}

/// The contents of the files of a chat whose names are such.
fn files(api: &BotApi, citizen: u32, wanted: fn(&str) -> bool) -> Vec<Vec<u8>> {
    let shown = api.chat(citizen.into()).into_iter().filter_map(|shown| shown.file);
    shown.filter(|(name, _)| wanted(name)).map(|(_, data)| data).collect()
}

/// A person presses the button of the chat, and the page opens in Telegram's view; with a key of their own, if it is another.
async fn open_as(api: &BotApi, server: &Server, person: u32, share: &str, key: &str) -> u16 {
    let page = eventually("the button", async || {
        let page = api.open_page(1, person.into(), crate::support::time::now().as_second());
        page.filter(|page| page.share == share)
    })
    .await;
    let body = json!({ "id": share, "key": key, "proof": page.proof });
    let answer = server.client.post(server.url("/api/v1/assist/open")).json(&body).send().await.unwrap();
    answer.status().as_u16()
}

/// Telegram as it calls us.
struct Webhook(BotApi);

impl Platform for Webhook {
    type Message = Value;

    const KNOWS_WHO_OPENS: bool = true;

    async fn open_as(&self, server: &Server, citizen: u32, share: &str, key: &str) -> u16 {
        open_as(&self.0, server, citizen, share, key).await
    }

    async fn start() -> Self {
        Self(BotApi::start().await)
    }

    fn section(&self) -> String {
        section(&self.0, "webhook")
    }

    async fn connect(&self, _: &Server) {
        eventually("the webhook set", async || self.0.webhook()).await;
    }

    fn write(&self, citizen: u32, text: &str) -> Value {
        self.0.private(citizen.into(), json!({ "text": text }))
    }

    async fn send(&self, server: &Server, message: &Value) -> Sent {
        let secret = self.0.webhook().and_then(|(_, secret)| secret);
        match self.0.call_webhook(&server.url(""), secret.as_deref(), message).await {
            200 => Sent::Taken,
            status => Sent::Refused(status),
        }
    }

    async fn forge(&self, server: &Server, message: &Value) -> Sent {
        Sent::Refused(self.0.call_webhook(&server.url(""), Some("forged-secret-token"), message).await)
    }

    fn arrived(&self, citizen: u32) -> Vec<String> {
        self.0.texts(citizen.into())
    }

    fn with_links(&self, citizen: u32) -> Vec<String> {
        with_links(&self.0, citizen)
    }

    fn photo(&self, citizen: u32) -> Value {
        photo(&self.0, citizen)
    }

    async fn pictures(&self, _: &Server, citizen: u32) -> Vec<Vec<u8>> {
        files(&self.0, citizen, is_picture)
    }

    fn voice(&self, citizen: u32, _: &str) -> Value {
        voice(&self.0, citizen)
    }

    fn form(&self, citizen: u32) -> Value {
        form(&self.0, citizen)
    }

    async fn files(&self, _: &Server, citizen: u32) -> Vec<Vec<u8>> {
        files(&self.0, citizen, |name| !is_picture(name))
    }

    fn limit(&self, text: &str) -> (usize, usize) {
        (TEXT_UNITS, text.encode_utf16().count())
    }

    fn fail(&self, times: usize) {
        fail(&self.0, times);
    }

    fn attempts(&self) -> usize {
        self.0.calls("sendMessage").len()
    }
}

/// Telegram as we ask it.
struct Polling(BotApi);

impl Platform for Polling {
    type Message = Value;

    const IS_CALLED: bool = false;
    const KNOWS_WHO_OPENS: bool = true;

    async fn open_as(&self, server: &Server, citizen: u32, share: &str, key: &str) -> u16 {
        open_as(&self.0, server, citizen, share, key).await
    }

    async fn start() -> Self {
        Self(BotApi::start().await)
    }

    fn section(&self) -> String {
        section(&self.0, "polling")
    }

    async fn connect(&self, _: &Server) {
        let polls = self.0.calls("getUpdates").len();
        eventually("a poll", async || (self.0.calls("getUpdates").len() > polls).then_some(())).await;
    }

    fn write(&self, citizen: u32, text: &str) -> Value {
        self.0.private(citizen.into(), json!({ "text": text }))
    }

    async fn send(&self, _: &Server, message: &Value) -> Sent {
        self.0.queue(message.clone());
        eventually("the update got", async || (self.0.unconfirmed() == 0).then_some(())).await;
        Sent::Taken
    }

    /// Nobody else is listened to: the address of the webhook is not there.
    async fn forge(&self, server: &Server, message: &Value) -> Sent {
        let url = server.url("/channels/tested");
        let answer = server.client.post(url).body(message.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), 404);
        Sent::Refused(404)
    }

    fn arrived(&self, citizen: u32) -> Vec<String> {
        self.0.texts(citizen.into())
    }

    fn with_links(&self, citizen: u32) -> Vec<String> {
        with_links(&self.0, citizen)
    }

    fn photo(&self, citizen: u32) -> Value {
        photo(&self.0, citizen)
    }

    async fn pictures(&self, _: &Server, citizen: u32) -> Vec<Vec<u8>> {
        files(&self.0, citizen, is_picture)
    }

    fn voice(&self, citizen: u32, _: &str) -> Value {
        voice(&self.0, citizen)
    }

    fn form(&self, citizen: u32) -> Value {
        form(&self.0, citizen)
    }

    async fn files(&self, _: &Server, citizen: u32) -> Vec<Vec<u8>> {
        files(&self.0, citizen, |name| !is_picture(name))
    }

    fn limit(&self, text: &str) -> (usize, usize) {
        (TEXT_UNITS, text.encode_utf16().count())
    }

    fn fail(&self, times: usize) {
        fail(&self.0, times);
    }

    fn attempts(&self) -> usize {
        self.0.calls("sendMessage").len()
    }
}

mod webhook {
    super::channel_conformance!(super::Webhook);
}

mod polling {
    super::channel_conformance!(super::Polling);
}
