//! A helper at the desk, through the public interface alone.

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use super::{PASSWORD, Server};

pub(crate) struct Helper {
    client: Client,
    cookie: String,
    base: String,
}

impl Helper {
    pub(crate) async fn log_in(server: &Server, name: &str) -> Self {
        Self::at(&server.url(""), name).await
    }

    /// Logs in at a server that is a process of its own.
    pub(crate) async fn at(url: &str, name: &str) -> Self {
        let base = format!("{url}/api/v1/desk");
        let client = Client::new();
        let answer = client
            .post(format!("{base}/login"))
            .json(&json!({ "name": name, "password": PASSWORD }))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200, "{name} logs in");
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        for attribute in ["HttpOnly", "SameSite=Strict"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Self { client, cookie, base }
    }

    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request =
            self.client.request(method, format!("{}{path}", self.base)).header("cookie", &self.cookie);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, value) = self.call(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    pub(crate) async fn claim(&self, conversation: &str) -> (StatusCode, Value) {
        self.call(Method::POST, &format!("/conversations/{conversation}/claim"), None).await
    }

    pub(crate) async fn write(&self, conversation: &str, text: &str) -> (StatusCode, Value) {
        self.call(
            Method::POST,
            &format!("/conversations/{conversation}/messages"),
            Some(json!({ "text": text })),
        )
        .await
    }

    pub(crate) async fn act(&self, conversation: &str, what: &str) -> (StatusCode, Value) {
        self.call(Method::POST, &format!("/conversations/{conversation}/{what}"), None).await
    }

    pub(crate) async fn conversation(&self, conversation: &str) -> Value {
        self.get(&format!("/conversations/{conversation}")).await
    }

    /// Sends a file.
    pub(crate) async fn send_file(
        &self,
        conversation: &str,
        id: &str,
        name: &str,
        content: &[u8],
    ) -> (StatusCode, Value) {
        let url = format!("{}/conversations/{conversation}/files", self.base);
        let request = self.client.post(url).header("cookie", &self.cookie);
        let answer = request.multipart(super::visitor::form(id, name, content)).send().await.unwrap();
        let status = answer.status();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
    }

    /// Reads a file, or a part of it.
    pub(crate) async fn file(&self, id: &str, headers: &[(&str, &str)]) -> reqwest::Response {
        let mut request = self.client.get(format!("{}/files/{id}", self.base)).header("cookie", &self.cookie);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }
}
