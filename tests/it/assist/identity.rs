//! Whoever opens the link of a shared form is known by the platform, and proves nothing by digits; whatever goes wrong leaves the
//! digits.

mod dingtalk;
mod secrecy;
mod telegram;
mod wechat;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use yikouwen::desk::Role;

use crate::support::helper::Helper;
use crate::support::identity::Browser;
use crate::support::{MEMORY, Server, config, eventually};

/// Where citizens reach the server, as they are told.
const CITY: &str = "https://ask.city.example";

const HELPER: &str = "王老师";

/// A link that was sent to the first citizen of a channel.
struct Sent {
    server: Server,
    helper: Helper,
    conversation: String,
    share: String,
    key: String,
    /// How many links were sent.
    links: usize,
}

/// A server with these settings of channels.
async fn server(channels: &str) -> Server {
    let data = tempfile::tempdir().unwrap().keep();
    let own = format!("{MEMORY}[server]\npublic_url = \"{CITY}\"\n{channels}");
    Server::with_entries(config(&data, &own), &[(HELPER, Role::Responder)], &[("id-card", "身份证")]).await
}

impl Sent {
    /// A helper takes the first conversation of the queue, and asks to see a form.
    async fn by_helper(server: Server) -> Self {
        let helper = Helper::log_in(&server, HELPER).await;
        let conversation = eventually("the queue", async || {
            helper.get("/queue").await["queue"][0]["conversation"].as_str().map(str::to_owned)
        })
        .await;
        assert_eq!(helper.claim(&conversation).await.0, 200);
        let mut sent =
            Self { server, helper, conversation, share: String::new(), key: String::new(), links: 0 };
        sent.again().await;
        sent
    }

    /// Another link of the same conversation.
    async fn again(&mut self) {
        if !self.share.is_empty() {
            let path = format!("/shares/{}/end", self.share);
            assert_eq!(self.helper.call(Method::POST, &path, None).await.0, 200);
        }
        let path = format!("/conversations/{}/shares", self.conversation);
        let (status, begun) =
            self.helper.call(Method::POST, &path, Some(json!({ "purpose": "一起填写经营范围" }))).await;
        assert_eq!(status, 201, "{begun}");
        begun["share"]["id"].as_str().unwrap().clone_into(&mut self.share);
        let link = begun["link"].as_str().unwrap();
        assert!(link.starts_with(&format!("{CITY}/s/{}#k=", self.share)), "{link}");
        link.split_once("#k=").unwrap().1.clone_into(&mut self.key);
        self.links += 1;
    }

    /// The digits of the last link, from what the platform shows the citizen: the desk does not have them.
    async fn code(&self, shown: impl Fn() -> Vec<String>) -> String {
        let pattern = regex::Regex::new(r"数字：(\d{6})").unwrap();
        eventually("the digits", async || {
            let found = shown().join("\n");
            pattern.captures_iter(&found).nth(self.links - 1).map(|found| found[1].to_owned())
        })
        .await
    }

    fn link(&self) -> Value {
        json!({ "id": self.share, "key": self.key })
    }

    /// Presses the button of the link's page.
    async fn open(&self, browser: &mut Browser, more: Value) -> (StatusCode, String) {
        let mut body = self.link();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, answer) = browser.post("/api/v1/assist/open", body).await;
        (status, answer["code"].as_str().unwrap_or_default().to_owned())
    }

    /// Asks where the platform says who one is.
    async fn leave(&self, browser: &mut Browser) -> Option<String> {
        let (status, answer) = browser.post("/api/v1/assist/leave", self.link()).await;
        assert_eq!(status, 200, "{answer}");
        answer["url"].as_str().map(str::to_owned)
    }

    /// The page that a browser is sent to when the platform has said that it is the citizen's.
    fn known(&self) -> String {
        format!("{CITY}/s/{}#k={}&known", self.share, self.key)
    }

    /// The page that a browser is sent to which needs the digits.
    fn unknown(&self) -> String {
        format!("{CITY}/s/{}#k={}&code", self.share, self.key)
    }

    /// Nobody gets in without the digits, and whoever has them does, once.
    async fn digits_are_needed_and_do(&self, shown: impl Fn() -> Vec<String>) {
        let mut browser = Browser::new(&self.server);
        assert_eq!(
            self.open(&mut browser, json!({})).await,
            (StatusCode::UNAUTHORIZED, "code_needed".into())
        );
        let code = self.code(shown).await;
        assert_eq!(self.open(&mut browser, json!({ "code": code })).await.0, 200);
        assert_eq!(self.open(&mut browser, json!({ "code": code })).await.0, 410, "once");
    }

    /// What happened to the share, in words.
    async fn audit(&self) -> Vec<String> {
        let rows = self.helper.get(&format!("/shares/{}/audit", self.share)).await;
        let row = |row: &Value| {
            let detail = row["detail"].as_str().map(|detail| format!(" {detail}")).unwrap_or_default();
            format!("{}{detail}", row["what"].as_str().unwrap())
        };
        rows.as_array().unwrap().iter().map(row).collect()
    }
}
