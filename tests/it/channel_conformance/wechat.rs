//! WeChat in secure mode: an account that may send by itself, and one that may not.
//!
//! A question that is answered in time is answered in the answer to the platform's push, so "a delivery fails" means here
//! that the platform does not get that answer, and pushes again, up to three times; and after a restart, once more.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use adapters::wechat::crypto::AesKey;
use adapters::wechat::xml::Fields;

use serde_json::json;

use super::{FORM_NAME, Platform, Sent, channel_conformance};
use crate::support::Server;
use crate::support::identity::Browser;
use crate::support::wechat::{self, APP, KEY, account, content, encrypted, message, now, text_message};
use crate::support::weixin::{FakeApi, said};

/// A message of a citizen.
#[derive(Clone)]
struct Written {
    citizen: u32,
    body: String,
}

#[derive(Default)]
struct Chats {
    /// What citizens see, in order, and whose it is.
    seen: Vec<(u32, String)>,
    /// The answers to messages, so that a later one to the same message must be the same.
    answers: HashMap<String, String>,
    /// How many of the messages that we sent by ourselves are among what is seen.
    counted: usize,
    /// What the platform has got no answer to yet.
    owed: Vec<Written>,
    /// How many answers get lost.
    lost: usize,
}

/// The platform with one account.
struct Account {
    api: FakeApi,
    verified: bool,
    chats: Mutex<Chats>,
    answered: AtomicUsize,
    number: AtomicU64,
}

fn openid(citizen: u32) -> String {
    format!("openid-{citizen}")
}

impl Account {
    async fn start(verified: bool) -> Self {
        let api = FakeApi::start(verified).await;
        Self {
            api,
            verified,
            chats: Mutex::default(),
            answered: AtomicUsize::default(),
            number: AtomicU64::new(1),
        }
    }

    /// The chats, with everything that has been sent by now.
    fn chats(&self) -> MutexGuard<'_, Chats> {
        let mut chats = self.chats.lock().unwrap();
        let sent = self.api.with(|told| told.sent[chats.counted..].to_vec());
        chats.counted += sent.len();
        for (to, body) in sent {
            let citizen = to.strip_prefix("openid-").unwrap().parse().unwrap();
            if body["msgtype"] != "image" {
                chats.seen.push((citizen, said(&body)));
            }
        }
        chats
    }

    fn next(&self) -> u64 {
        self.number.fetch_add(1, Ordering::Relaxed)
    }

    /// One push; returns its status and the words of its answer.
    async fn push(&self, server: &Server, written: &Written, forged: bool) -> (u16, Option<String>) {
        let platform = wechat::Platform::new(&server.url(""), "tested");
        let nonce = format!("nonce-{}", self.next());
        let (mut url, body) = encrypted(&platform, KEY, &written.body, now(), &nonce);
        if forged {
            url = url.replace("msg_signature=", "msg_signature=0");
        }
        let (status, answer) = platform.post(&url, body).await;
        if status != 200 || answer.is_empty() || answer == "success" {
            return (status, None);
        }
        let envelope = Fields::parse(&answer).unwrap();
        let plain = AesKey::parse(KEY).unwrap().decrypt(envelope.get("Encrypt").unwrap(), APP).unwrap();
        (status, Some(content(&plain)))
    }

    /// Pushes as the platform does: up to three times, until there is an answer.
    async fn deliver(&self, server: &Server, written: &Written) -> Sent {
        for _ in 0..3 {
            let (status, words) = self.push(server, written, false).await;
            if (400..500).contains(&status) {
                return Sent::Refused(status);
            }
            self.answered.fetch_add(1, Ordering::SeqCst);
            let mut chats = self.chats();
            if chats.lost > 0 {
                chats.lost -= 1;
                continue;
            }
            if status != 200 {
                continue;
            }
            if let Some(words) = words {
                let known = chats.answers.insert(written.body.clone(), words.clone());
                match known {
                    Some(known) => assert_eq!(known, words, "the same message, the same answer"),
                    None => chats.seen.push((written.citizen, words)),
                }
            }
            return Sent::Taken;
        }
        self.chats().owed.push(written.clone());
        Sent::Taken
    }
}

impl Account {
    fn section(&self) -> String {
        let (verified, page) = (self.verified, &self.api.url);
        let more =
            format!("mode = \"secure\"\nverified = {verified}\noauth = {verified}\noauth_base = \"{page}\"");
        format!(
            "[server]\npublic_url = \"https://ask.city.example\"\n[retention]\nlongest_pause = \"1s\"\n{}",
            account("tested", &self.api.url, &more)
        )
    }

    /// The platform pushes what it has got no answer to.
    async fn connect(&self, server: &Server) {
        let owed = std::mem::take(&mut self.chats().owed);
        for written in owed {
            assert_eq!(self.deliver(server, &written).await, Sent::Taken);
        }
    }

    fn write(&self, citizen: u32, text: &str) -> Written {
        Written { citizen, body: text_message(&openid(citizen), self.next(), text) }
    }

    fn photo(&self, citizen: u32) -> Written {
        let id = self.next();
        let inner = format!(
            "<MsgType><![CDATA[image]]></MsgType><PicUrl>http://p</PicUrl><MediaId>photo</MediaId><MsgId>{id}</MsgId>"
        );
        Written { citizen, body: message(&openid(citizen), now(), &inner) }
    }

    fn voice(&self, citizen: u32, words: &str) -> Written {
        let id = self.next();
        let inner = format!(
            "<MsgType><![CDATA[voice]]></MsgType><MediaId>sound</MediaId><Format>amr</Format><Recognition><![CDATA[{words}]]></Recognition><MsgId>{id}</MsgId>"
        );
        Written { citizen, body: message(&openid(citizen), now(), &inner) }
    }

    fn form(&self, citizen: u32) -> Written {
        let id = self.next();
        let inner = format!(
            "<MsgType><![CDATA[file]]></MsgType><Title><![CDATA[{FORM_NAME}]]></Title><MediaId>form</MediaId><MsgId>{id}</MsgId>"
        );
        Written { citizen, body: message(&openid(citizen), now(), &inner) }
    }

    async fn forge(&self, server: &Server, written: &Written) -> Sent {
        match self.push(server, written, true).await.0 {
            200 => Sent::Taken,
            status => Sent::Refused(status),
        }
    }

    fn arrived(&self, citizen: u32) -> Vec<String> {
        let chats = self.chats();
        let own = chats.seen.iter().filter(|(whose, _)| *whose == citizen);
        own.map(|(_, words)| words.clone()).collect()
    }

    /// What was sent as pictures, and what the words link to.
    async fn pictures(&self, server: &Server, citizen: u32) -> Vec<Vec<u8>> {
        let mut pictures: Vec<Vec<u8>> = self.api.with(|told| {
            let sent =
                told.sent.iter().filter(|(to, body)| *to == openid(citizen) && body["msgtype"] == "image");
            sent.map(|(_, body)| told.uploads[body["image"]["media_id"].as_str().unwrap()].2.clone())
                .collect()
        });
        pictures.extend(self.linked(server, citizen).await);
        pictures
    }

    /// What the words link to.
    async fn linked(&self, server: &Server, citizen: u32) -> Vec<Vec<u8>> {
        let mut contents = Vec::new();
        let link = regex::Regex::new("https://ask.city.example(/channels/tested/file/[^\\s\"<>]+)").unwrap();
        for text in self.arrived(citizen) {
            for found in link.captures_iter(&text) {
                let answer = server.client.get(server.url(&found[1])).send().await.unwrap();
                assert_eq!(answer.status(), 200);
                contents.push(answer.bytes().await.unwrap().to_vec());
            }
        }
        contents
    }

    fn limit(text: &str) -> (usize, usize) {
        (2_048, text.len())
    }

    fn fail(&self, times: usize) {
        self.chats().lost = times;
        self.api.with(|told| told.refuse = std::iter::repeat_n(-1, times).collect());
    }

    fn attempts(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }
}

/// Makes the platform of one kind of account.
macro_rules! platform {
    ($name:ident, $verified:literal, { $($more:tt)* }) => {
        struct $name(Account);

        impl Platform for $name {
            type Message = Written;

            const HEARS: bool = true;
            // What the platform heard is what the citizen said.
            const KEEPS_RECORDINGS: bool = false;

            $($more)*

            async fn start() -> Self {
                Self(Account::start($verified).await)
            }

            fn section(&self) -> String {
                self.0.section()
            }

            async fn connect(&self, server: &Server) {
                self.0.connect(server).await;
            }

            fn write(&self, citizen: u32, text: &str) -> Written {
                self.0.write(citizen, text)
            }

            fn photo(&self, citizen: u32) -> Written {
                self.0.photo(citizen)
            }

            fn voice(&self, citizen: u32, words: &str) -> Written {
                self.0.voice(citizen, words)
            }

            fn form(&self, citizen: u32) -> Written {
                self.0.form(citizen)
            }

            /// Files are behind links in every account: the platform takes none from it.
            async fn files(&self, server: &Server, citizen: u32) -> Vec<Vec<u8>> {
                self.0.linked(server, citizen).await
            }

            async fn send(&self, server: &Server, written: &Written) -> Sent {
                self.0.deliver(server, written).await
            }

            async fn forge(&self, server: &Server, written: &Written) -> Sent {
                self.0.forge(server, written).await
            }

            fn arrived(&self, citizen: u32) -> Vec<String> {
                self.0.arrived(citizen)
            }

            async fn pictures(&self, server: &Server, citizen: u32) -> Vec<Vec<u8>> {
                self.0.pictures(server, citizen).await
            }

            fn limit(&self, text: &str) -> (usize, usize) {
                Account::limit(text)
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

// Five messages within 48 hours of the citizen's last one; the one that says who serves is one of them.
platform!(Verified, true, {
    const KNOWS_WHO_OPENS: bool = true;

    /// By way of WeChat's own page, in WeChat's browser.
    async fn open_as(&self, server: &Server, citizen: u32, share: &str, key: &str) -> u16 {
        let link = json!({ "id": share, "key": key });
        let mut phone = Browser::new(server);
        phone.agent = "MicroMessenger/8.0.49";
        let (status, door) = phone.post("/api/v1/assist/leave", link.clone()).await;
        if status != 200 {
            return status.as_u16();
        }
        let back = self.0.api.pass(door["url"].as_str().unwrap(), &openid(citizen), false).await;
        phone.come_back(&back).await;
        phone.post("/api/v1/assist/open", link).await.0.as_u16()
    }

    const REPLIES: usize = 4;
    const SENTENCES: usize = 150;
});

platform!(Unverified, false, {
    const TOGETHER: bool = true;
    // Some five parts, each of which the citizen asks for.
    const SENTENCES: usize = 250;

    /// Without who speaks, and without how to read on, which stand before and below every part.
    fn words_of(&self, text: &str) -> String {
        let words = text.strip_prefix("工作人员 王老师：").unwrap_or(text);
        let below = ["（没完）", "工作人员的新回复"].iter().filter_map(|tail| words.find(tail)).min();
        words.get(..below.unwrap_or(words.len())).unwrap().to_owned()
    }

    /// Nothing can be sent, so everything is fetched by the citizen's next words.
    async fn look(&self, server: &Server, citizen: u32) {
        let written = self.0.write(citizen, "继续");
        assert_eq!(self.0.deliver(server, &written).await, Sent::Taken);
    }
});

mod verified {
    super::channel_conformance!(super::Verified);
}

/// What is fetched comes as one text, however many messages it is, and a long one part by part at the citizen's bidding:
/// [`Platform::TOGETHER`] and [`Platform::words_of`] say so to the stories, and none is left out.
mod unverified {
    super::channel_conformance!(super::Unverified);
}
