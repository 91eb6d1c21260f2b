//! `type = "http"`: a platform of one's own, over signed HTTP.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{hidden, hidden_if_any, is_address};

/// A secret that is shorter could be tried out.
const SHORTEST_SECRET: usize = 16;

/// The settings of a platform.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// What both sides sign with.
    #[serde(serialize_with = "hidden")]
    pub secret: SecretString,
    /// What was signed with before, while the secret is being changed.
    #[serde(default, serialize_with = "hidden_if_any")]
    pub previous_secret: Option<SecretString>,
    /// Where replies are pushed.
    #[serde(default)]
    pub deliver_url: Option<String>,
    /// What the channel is called in answers about itself; its id otherwise.
    #[serde(default)]
    pub name: Option<String>,
    /// The hosts from which files of citizens may be got, besides that of `deliver_url`.
    #[serde(default)]
    pub media_hosts: Vec<String>,
    /// The largest such file, in bytes.
    #[serde(default = "media_bytes")]
    pub media_bytes: usize,
}

fn media_bytes() -> usize {
    20 << 20
}

impl HttpConfig {
    pub(super) fn check(&self, name: &str, faults: &mut Vec<String>) {
        let mut fault = |what: String| faults.push(format!("[channels.{name}] {what}"));
        for (setting, secret) in
            [("secret", Some(&self.secret)), ("previous_secret", self.previous_secret.as_ref())]
        {
            if secret.is_some_and(|secret| secret.expose_secret().len() < SHORTEST_SECRET) {
                fault(format!(
                    "{setting}: at least {SHORTEST_SECRET} characters; `openssl rand -hex 32` makes a good one"
                ));
            }
        }
        if self.deliver_url.as_deref().is_some_and(|url| !is_address(url)) {
            fault(
                "deliver_url: this is no address; write it like \"https://12345.city.example/yikouwen\""
                    .to_owned(),
            );
        }
        for host in &self.media_hosts {
            if host.is_empty() || host.contains(['/', ':', '*']) {
                fault(format!("media_hosts: `{host}` is no host; write it like \"files.city.example\""));
            }
        }
        if self.media_bytes == 0 {
            fault("media_bytes: 0 would let no file through".to_owned());
        }
    }
}
