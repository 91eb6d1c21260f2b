//! A provider of identities that is not ours, and a browser that goes there and comes back.

use std::collections::BTreeMap;
use std::process::Command;

use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

use super::oracle::Serving;
use super::{Server, oracle};

/// `oidc-provider-mock` of PyPI, which speaks OpenID Connect with authlib.
pub(crate) struct Provider {
    _serving: Serving,
    pub(crate) url: String,
}

impl Provider {
    /// Starts it with two people.
    pub(crate) async fn start() -> Self {
        let port = free_port();
        let mut command = Command::new(oracle::python("oidc"));
        command.args(["-m", "oidc_provider_mock", "--require-nonce", "true", "--port", &port.to_string()]);
        for (subject, name) in [("zhang", "张小三"), ("li", "李四")] {
            let claims = json!({ "sub": subject, "name": name });
            command.args(["--user-claims", &claims.to_string()]);
        }
        let serving = Serving::start(&mut command);
        let url = format!("http://127.0.0.1:{port}");
        let provider = Self { _serving: serving, url };
        let discovery = format!("{}/.well-known/openid-configuration", provider.url);
        super::eventually("the provider answers", async || {
            let answer = reqwest::get(&discovery).await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        provider
    }

    /// The section of the configuration. What lies under `public_url` is asked of the server by its own address.
    pub(crate) fn section(&self) -> String {
        section(&self.url)
    }

    /// The section of the login alone, where a channel's section has said what the public address is.
    pub(crate) fn login(&self) -> String {
        login(&self.url)
    }
}

pub(crate) fn section(issuer: &str) -> String {
    format!("[server]\npublic_url = \"http://city.test\"\n{}", login(issuer))
}

fn login(issuer: &str) -> String {
    format!(
        "[login]\nissuer = \"{issuer}\"\nclient_id = \"yikouwen\"\nclient_secret = \"a secret of tests\"\n\
         label = \"浙里办\"\nlabel_en = \"Zheliban\"\n"
    )
}

pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// A browser with cookies, which follows no redirect by itself.
pub(crate) struct Browser {
    client: Client,
    base: String,
    /// What it calls itself.
    pub(crate) agent: &'static str,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new(server: &Server) -> Self {
        Self::at(&server.url(""))
    }

    /// One that looks at a server that is a process of its own.
    pub(crate) fn at(url: &str) -> Self {
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { client, base: url.to_owned(), agent: "tests", cookies: BTreeMap::new() }
    }

    async fn send(&mut self, method: Method, path: &str, body: Option<Value>) -> Response {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        request = request.header("user-agent", self.agent).header("cookie", cookies.join("; "));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        for cookie in answer.headers().get_all("set-cookie") {
            let text = cookie.to_str().unwrap();
            assert!(text.contains("HttpOnly") && text.contains("SameSite=Lax"), "{text}");
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            match value {
                "" => self.cookies.remove(name),
                _ => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        answer
    }

    pub(crate) async fn call(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let answer = self.send(method, path, body).await;
        let status = answer.status();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
    }

    pub(crate) async fn get(&mut self, path: &str) -> (StatusCode, Value) {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: Value) -> (StatusCode, Value) {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Leaves for the provider, and returns its page's address.
    pub(crate) async fn leave(&mut self, login: Option<&str>) -> String {
        let (status, sent) = self.post("/api/v1/me/login", json!({ "login": login })).await;
        assert_eq!(status, 200, "{sent}");
        sent["url"].as_str().unwrap().to_owned()
    }

    /// Says at the provider who one is, or no, and returns the path by which it sends one back.
    pub(crate) async fn identify(&self, page: &str, subject: Option<&str>) -> String {
        let form = match subject {
            Some(subject) => vec![("sub", subject)],
            None => vec![("action", "deny")],
        };
        let body: String = form.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.client.post(page).header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(body).send().await.unwrap();
        assert!(answer.status().is_redirection(), "{}", answer.text().await.unwrap());
        let back = answer.headers()["location"].to_str().unwrap().to_owned();
        let (_, rest) = back.split_once("://").unwrap_or_else(|| panic!("{back}"));
        format!("/{}", rest.split_once('/').unwrap().1)
    }

    /// Comes back, and returns where our server sends one then.
    pub(crate) async fn come_back(&mut self, path: &str) -> String {
        let answer = self.send(Method::GET, path, None).await;
        assert_eq!(answer.status(), 303, "{path}");
        answer.headers()["location"].to_str().unwrap().to_owned()
    }

    /// The whole way to the provider and back.
    pub(crate) async fn log_in(&mut self, login: Option<&str>, subject: &str) -> String {
        let page = self.leave(login).await;
        let back = self.identify(&page, Some(subject)).await;
        self.come_back(&back).await
    }

    /// Consents, and returns the code.
    pub(crate) async fn consent(&mut self, login: &str) -> String {
        let (status, consented) = self.post(&format!("/api/v1/me/logins/{login}/consent"), json!({})).await;
        assert_eq!(status, 200, "{consented}");
        consented["code"].as_str().unwrap().to_owned()
    }
}
