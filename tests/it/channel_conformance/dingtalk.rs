//! DingTalk, by stream and by webhook.

use std::sync::atomic::{AtomicU64, Ordering};

use adapters::dingtalk::sign;
use serde_json::{Value, json};
use yikouwen::dialogue::Clock;

use super::{FORM_NAME, Platform, Sent, channel_conformance};
use crate::dingtalk::platform::{self as ding, ID, Person, SECRET};
use crate::support::Server;
use crate::support::identity::Browser;

const SESSION: &str = "/robot/sendBySession";

/// The platform with one robot.
struct Robot {
    platform: ding::Platform,
    number: AtomicU64,
}

fn staff(citizen: u32) -> String {
    format!("u{citizen}")
}

impl Robot {
    async fn start() -> Self {
        Self { platform: ding::Platform::start().await, number: AtomicU64::new(1) }
    }

    fn section(&self, mode: &str) -> String {
        let base = self.platform.base();
        format!(
            "[server]\npublic_url = \"https://ask.city.example\"\n[retention]\nlongest_pause = \"1s\"\n[channels.tested]\ntype = \"dingtalk\"\nmode = \"{mode}\"\nclient_id = \"{ID}\"\nclient_secret = \"{SECRET}\"\napi_base = \"{base}\"\noapi_base = \"{base}\"\nlogin_base = \"{base}\"\noauth = true\n"
        )
    }

    /// By way of the platform's own page, in DingTalk's browser.
    async fn open_as(&self, server: &Server, citizen: u32, share: &str, key: &str) -> u16 {
        let link = json!({ "id": share, "key": key });
        let mut phone = Browser::new(server);
        phone.agent = "AliApp(DingTalk/7.6.0)";
        let (status, door) = phone.post("/api/v1/assist/leave", link.clone()).await;
        if status != 200 {
            return status.as_u16();
        }
        let back = self.platform.pass(door["url"].as_str().unwrap(), &staff(citizen)).await;
        phone.come_back(&back).await;
        phone.post("/api/v1/assist/open", link).await.0.as_u16()
    }

    fn message(&self, citizen: u32, fields: &Value) -> Value {
        let id = format!("m{}", self.number.fetch_add(1, Ordering::Relaxed));
        Person::new(&self.platform, &staff(citizen)).message(&id, fields)
    }

    fn write(&self, citizen: u32, text: &str) -> Value {
        self.message(citizen, &json!({ "msgtype": "text", "text": { "content": text } }))
    }

    fn photo(&self, citizen: u32) -> Value {
        self.message(citizen, &json!({ "msgtype": "picture", "content": { "downloadCode": "photo" } }))
    }

    fn voice(&self, citizen: u32, words: &str) -> Value {
        let content = json!({ "downloadCode": "sound", "duration": 3_000, "recognition": words });
        self.message(citizen, &json!({ "msgtype": "audio", "content": content }))
    }

    fn form(&self, citizen: u32) -> Value {
        let content = json!({ "downloadCode": "form", "fileName": FORM_NAME });
        self.message(citizen, &json!({ "msgtype": "file", "content": content }))
    }

    async fn post(&self, server: &Server, message: &Value, secret: &str) -> Sent {
        let time = yikouwen::app::SystemClock.now().as_millisecond().to_string();
        let sign = sign::message_signature(secret, &time);
        let request = server.client.post(server.url("/channels/tested")).header("timestamp", time);
        let request = request.header("sign", sign).header("content-type", "application/json");
        match request.body(message.to_string()).send().await.unwrap().status().as_u16() {
            200 => Sent::Taken,
            status => Sent::Refused(status),
        }
    }

    fn shown(&self, citizen: u32) -> impl Iterator<Item = ding::Shown> {
        let own = ["session", "user"].map(|way| format!("{way}:{}", staff(citizen)));
        self.platform.shown().into_iter().filter(move |shown| own.contains(&shown.to))
    }

    fn arrived(&self, citizen: u32) -> Vec<String> {
        let words = self.shown(citizen).filter(|shown| shown.kind.to_lowercase().contains("markdown"));
        words.map(|shown| shown.text().to_owned()).collect()
    }

    /// What was uploaded for what is shown in this form: `@media-1` is the first upload.
    fn uploaded(&self, citizen: u32, form: &str, field: &str, wanted: &str) -> Vec<Vec<u8>> {
        let uploads = self.platform.uploads();
        let upload = |shown: ding::Shown| {
            let id = shown.body[field].as_str().unwrap().to_owned();
            let number: usize = id.strip_prefix("@media-").unwrap().parse().unwrap();
            let (kind, form) = &uploads[number - 1];
            assert_eq!(kind, wanted);
            let at = |wanted: &[u8]| form.windows(wanted.len()).position(|window| window == wanted).unwrap();
            let (begin, end) = (at(b"\r\n\r\n") + 4, form.len());
            let content = &form[begin..end];
            let boundary = content.windows(4).rposition(|window| window == b"\r\n--").unwrap();
            content[..boundary].to_vec()
        };
        self.shown(citizen).filter(|shown| shown.kind == form).map(upload).collect()
    }

    fn pictures(&self, citizen: u32) -> Vec<Vec<u8>> {
        self.uploaded(citizen, "sampleImageMsg", "photoURL", "image")
    }

    fn files(&self, citizen: u32) -> Vec<Vec<u8>> {
        self.uploaded(citizen, "sampleFile", "mediaId", "file")
    }

    fn fail(&self, times: usize) {
        self.platform.answer_as_usual();
        self.platform.answer_next(SESSION, &vec![(503, json!({})); times]);
    }

    fn attempts(&self) -> usize {
        self.platform.calls(SESSION).len()
    }
}

/// Makes the platform of one mode.
macro_rules! platform {
    ($name:ident, $mode:literal, { $($more:tt)* }) => {
        struct $name(Robot);

        impl Platform for $name {
            type Message = Value;

            const HEARS: bool = true;

            $($more)*

            const KNOWS_WHO_OPENS: bool = true;

            async fn open_as(&self, server: &Server, citizen: u32, share: &str, key: &str) -> u16 {
                self.0.open_as(server, citizen, share, key).await
            }

            async fn start() -> Self {
                Self(Robot::start().await)
            }

            fn section(&self) -> String {
                self.0.section($mode)
            }

            fn write(&self, citizen: u32, text: &str) -> Value {
                self.0.write(citizen, text)
            }

            fn photo(&self, citizen: u32) -> Value {
                self.0.photo(citizen)
            }

            fn voice(&self, citizen: u32, words: &str) -> Value {
                self.0.voice(citizen, words)
            }

            fn form(&self, citizen: u32) -> Value {
                self.0.form(citizen)
            }

            fn arrived(&self, citizen: u32) -> Vec<String> {
                self.0.arrived(citizen)
            }

            async fn pictures(&self, _: &Server, citizen: u32) -> Vec<Vec<u8>> {
                self.0.pictures(citizen)
            }

            async fn files(&self, _: &Server, citizen: u32) -> Vec<Vec<u8>> {
                self.0.files(citizen)
            }

            fn limit(&self, text: &str) -> (usize, usize) {
                (15_000, json!({ "title": "", "text": text }).to_string().len())
            }

            fn fail(&self, times: usize) {
                self.0.fail(times);
            }

            fn attempts(&self) -> usize {
                self.0.attempts()
            }
        }
    };
}

platform!(Stream, "stream", {
    const IS_CALLED: bool = false;

    async fn connect(&self, _: &Server) {
        self.0.platform.connected().await;
    }

    async fn send(&self, _: &Server, message: &Value) -> Sent {
        self.0.platform.say_acked(message).await;
        Sent::Taken
    }

    /// Messages come by the socket that we opened alone: at the address of the webhook nothing is taken, however it is signed.
    async fn forge(&self, server: &Server, message: &Value) -> Sent {
        let sent = self.0.post(server, message, SECRET).await;
        assert_eq!(sent, Sent::Refused(404));
        sent
    }
});

platform!(Webhook, "webhook", {
    async fn connect(&self, _: &Server) {}

    async fn send(&self, server: &Server, message: &Value) -> Sent {
        self.0.post(server, message, SECRET).await
    }

    async fn forge(&self, server: &Server, message: &Value) -> Sent {
        self.0.post(server, message, "a-secret-of-another").await
    }
});

mod stream {
    super::channel_conformance!(super::Stream);
}

mod webhook {
    super::channel_conformance!(super::Webhook);
}
