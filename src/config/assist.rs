//! `[assist]`: the shared screen.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use super::duration::Span;

/// `[assist]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each setting means")]
pub struct AssistConfig {
    pub enabled: bool,
    pub forms: Vec<FormConfig>,
    pub pages: Vec<OwnPage>,
    pub link_ttl: Span,
    pub idle_ttl: Span,
    pub keep: Span,
    pub frame_bytes: usize,
    pub inflated_bytes: usize,
    pub bytes_per_second: usize,
    pub frames_per_second: u32,
    pub nodes: usize,
    pub tail_bytes: usize,
    pub voice: bool,
    pub screen: bool,
    pub stun: Vec<String>,
    #[serde(default)]
    pub relay_only: Option<bool>,
    #[serde(default)]
    pub turn: Option<TurnConfig>,
}

/// `[assist.turn]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each setting means")]
pub struct TurnConfig {
    pub urls: Vec<String>,
    #[serde(serialize_with = "hidden")]
    pub secret: SecretString,
    #[serde(default = "four_hours")]
    pub ttl: Span,
}

fn four_hours() -> Span {
    Span(Duration::from_secs(4 * 3_600))
}

/// Keeps a secret out of everything that is printed.
fn hidden<S: Serializer>(_: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("(hidden)")
}

/// A form that can be shared.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FormConfig {
    /// What it is called.
    pub title: String,
    /// Its address, or a path on this server.
    pub url: String,
}

/// A page of ours that belongs to the citizen rather than to a matter.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OwnPage {
    /// That of the chat.
    Chat,
    /// That of the citizen's questions.
    Me,
}

/// A frame is inflated and read in memory, so a larger one would cost the memory of the machine.
const MOST_INFLATED: usize = 64 << 20;

impl AssistConfig {
    /// Whether everything goes over the relay. Where there is one it does, unless it is said otherwise: else a helper's
    /// browser learns the citizen's address.
    pub fn relays_only(&self) -> bool {
        self.relay_only.unwrap_or(self.turn.is_some())
    }

    pub(super) fn check(&self, faults: &mut Vec<String>) {
        if !self.enabled {
            return;
        }
        if self.forms.is_empty() && self.pages.is_empty() {
            faults.push(
                "[assist] forms: without a form or a page there is nothing to share; set enabled = false"
                    .to_owned(),
            );
        }
        for form in &self.forms {
            let own = form.url.starts_with('/') && !form.url.starts_with("//");
            if !own && !form.url.starts_with("http://") && !form.url.starts_with("https://") {
                faults.push(format!(
                    "[assist] forms: `{}` is neither an address nor a path on this server",
                    form.url
                ));
            }
            if form.url.contains('#') {
                faults.push(format!(
                    "[assist] forms: `{}` has a `#`, which the share needs for itself",
                    form.url
                ));
            }
        }
        for (name, value) in [
            ("frame_bytes", self.frame_bytes),
            ("inflated_bytes", self.inflated_bytes),
            ("bytes_per_second", self.bytes_per_second),
            ("frames_per_second", usize::try_from(self.frames_per_second).unwrap_or(usize::MAX)),
            ("nodes", self.nodes),
        ] {
            if value == 0 {
                faults.push(format!("[assist] {name}: 0 would let nothing through"));
            }
        }
        if self.inflated_bytes > MOST_INFLATED {
            faults.push(format!("[assist] inflated_bytes: more than {MOST_INFLATED} is not possible"));
        }
        self.check_servers(faults);
        if self.link_ttl.0.is_zero() || self.idle_ttl.0.is_zero() {
            faults.push("[assist] link_ttl and idle_ttl: with 0 every share is over at once".to_owned());
        }
    }

    fn check_servers(&self, faults: &mut Vec<String>) {
        let begins = |url: &String, schemes: &[&str]| schemes.iter().any(|scheme| url.starts_with(scheme));
        for url in self.stun.iter().filter(|url| !begins(url, &["stun:", "stuns:"])) {
            faults.push(format!("[assist] stun: `{url}` does not begin with stun: or stuns:"));
        }
        match &self.turn {
            Some(turn) => {
                if turn.urls.is_empty() || turn.secret.expose_secret().is_empty() || turn.ttl.0.is_zero() {
                    faults.push("[assist.turn] urls, secret and ttl: none of them may be empty".to_owned());
                }
                for url in turn.urls.iter().filter(|url| !begins(url, &["turn:", "turns:"])) {
                    faults.push(format!("[assist.turn] urls: `{url}` does not begin with turn: or turns:"));
                }
            }
            None if self.relays_only() => {
                faults
                    .push("[assist] relay_only: without [assist.turn] no call would ever connect".to_owned());
            }
            None => {}
        }
    }
}
