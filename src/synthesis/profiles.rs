//! What each kind of server needs beyond the common protocol: a table, `config/profiles.toml`, so that a vendor's new
//! whim is a line there and no release.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The table that ships.
const COMPILED: &str = include_str!("../../config/profiles.toml");

/// The profile of a server that nothing is known about.
pub const PLAIN: &str = "plain";

/// What one kind of server needs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Hosts by which it is recognised.
    #[serde(default)]
    hosts: Vec<String>,
    /// Ports of the house by which it is recognised.
    #[serde(default)]
    ports: Vec<u16>,
    /// It is asked how many tokens an answer took.
    #[serde(default)]
    pub(super) include_usage: bool,
    /// What it calls the limit of an answer.
    #[serde(default = "Profile::max_tokens")]
    pub(super) max_tokens: String,
    /// The temperatures it takes.
    #[serde(default = "Profile::temperature")]
    pub(super) temperature: [f32; 2],
    /// Further fields of every request.
    #[serde(default)]
    pub(super) body: Map<String, Value>,
    /// Fields it refuses.
    #[serde(default)]
    pub(super) omit: Vec<String>,
    /// What some of its models need besides.
    #[serde(default)]
    models: Vec<Exception>,
}

/// What some models of a server need besides.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    /// How their names begin.
    names: Vec<String>,
    #[serde(default)]
    body: Map<String, Value>,
    #[serde(default)]
    omit: Vec<String>,
}

impl Profile {
    fn max_tokens() -> String {
        "max_tokens".to_owned()
    }

    fn temperature() -> [f32; 2] {
        [0.0, 2.0]
    }

    /// The profile as it is for one model.
    fn for_model(&self, model: &str) -> Self {
        let mut profile = self.clone();
        // A gateway writes the vendor before the model: `zai-org/glm-4.6`.
        let name = model.rsplit_once('/').map_or(model, |(_, name)| name).to_ascii_lowercase();
        for exception in &self.models {
            if exception.names.iter().any(|begin| name.starts_with(&begin.to_ascii_lowercase())) {
                profile.body.extend(exception.body.clone());
                profile.omit.extend(exception.omit.iter().cloned());
            }
        }
        profile
    }

    fn is_at(&self, url: &reqwest::Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let by_host = self.hosts.iter().any(|known| host == known || host.ends_with(&format!(".{known}")));
        by_host || (is_of_the_house(host) && url.port().is_some_and(|port| self.ports.contains(&port)))
    }
}

/// Whether a host is this machine or lies in a private network; on the Internet a port says nothing about what listens.
fn is_of_the_house(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(address)) => address.is_loopback() || address.is_private(),
        Ok(std::net::IpAddr::V6(address)) => address.is_loopback() || address.is_unique_local(),
        // A name without a dot is of a local network.
        Err(_) => !host.contains('.'),
    }
}

/// All profiles by their names.
#[derive(Clone, Debug)]
pub struct Profiles(BTreeMap<String, Profile>);

/// A table or a name that cannot be used, in an operator's words.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The table is malformed.
    #[error("the table of profiles cannot be read: {0}")]
    Unreadable(String),
    /// A profile's range is empty.
    #[error("[{0}] temperature: the first number has to be the smaller one")]
    Range(String),
    /// There is no such profile.
    #[error("there is no profile `{0}`; known are {1}")]
    Unknown(String, String),
}

impl Profiles {
    /// The table that ships, with the sections of `own` in place of those of the same names.
    ///
    /// # Errors
    /// Says what is wrong with a table.
    pub fn read(own: Option<&str>) -> Result<Self, ProfileError> {
        let mut profiles = BTreeMap::new();
        for table in [Some(COMPILED), own].into_iter().flatten() {
            let read: BTreeMap<String, Profile> =
                toml::from_str(table).map_err(|error| ProfileError::Unreadable(error.to_string()))?;
            profiles.extend(read);
        }
        for (name, profile) in &profiles {
            let [low, high] = profile.temperature;
            if low.is_nan() || high.is_nan() || low > high {
                return Err(ProfileError::Range(name.clone()));
            }
        }
        Ok(Self(profiles))
    }

    /// The name of the profile of this address: of several, the one with the longest host.
    pub fn guess(&self, base_url: &str) -> &str {
        let Ok(url) = reqwest::Url::parse(base_url) else { return PLAIN };
        let matching = self.0.iter().filter(|(_, profile)| profile.is_at(&url));
        let longest = |profile: &Profile| profile.hosts.iter().map(String::len).max().unwrap_or_default();
        matching.max_by_key(|(_, profile)| longest(profile)).map_or(PLAIN, |(name, _)| name)
    }

    /// The profile that is named, or the one of the address, as it is for this model; with its name.
    ///
    /// # Errors
    /// When there is no profile of that name.
    pub fn choose(
        &self,
        named: Option<&str>,
        base_url: &str,
        model: &str,
    ) -> Result<(String, Profile), ProfileError> {
        let name = named.unwrap_or_else(|| self.guess(base_url));
        let profile = self.0.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
            ProfileError::Unknown(name.to_owned(), known.join(", "))
        })?;
        Ok((name.to_owned(), profile.for_model(model)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_recognised_by_its_address() {
        let profiles = Profiles::read(None).unwrap();
        for (url, name) in [
            ("https://api.deepseek.com", "deepseek"),
            ("https://api.deepseek.com/v1", "deepseek"),
            ("https://dashscope.aliyuncs.com/compatible-mode/v1", "qwen"),
            ("https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "qwen"),
            ("https://open.bigmodel.cn/api/paas/v4", "zhipu"),
            ("https://api.moonshot.cn/v1", "moonshot"),
            ("https://api.minimaxi.com/v1", "minimax"),
            ("https://api.openai.com/v1", "openai"),
            ("http://localhost:11434/v1", "ollama"),
            ("http://10.1.2.3:11434/v1", "ollama"),
            ("http://[::1]:11434/v1", "ollama"),
            // Elsewhere, and behind a port that many programs use, nothing is known.
            ("https://llm.example:11434/v1", "plain"),
            ("http://127.0.0.1:8000/v1", "plain"),
            ("https://api.deepseek.com.evil.example/v1", "plain"),
            ("https://notapi-deepseek.com/v1", "plain"),
            ("no address", "plain"),
        ] {
            assert_eq!(profiles.guess(url), name, "{url}");
        }
    }

    #[test]
    fn what_is_named_counts_more_than_the_address_and_must_exist() {
        let profiles = Profiles::read(None).unwrap();
        let (name, _) = profiles.choose(Some("vllm"), "https://api.deepseek.com", "m").unwrap();
        assert_eq!(name, "vllm");
        let error = profiles.choose(Some("claude"), "https://a.example", "m").unwrap_err().to_string();
        assert!(error.contains("claude") && error.contains("deepseek") && error.contains("plain"), "{error}");
    }

    #[test]
    fn a_table_of_ones_own_replaces_and_adds() {
        let own = "[deepseek]\nhosts = [\"api.deepseek.com\"]\n[city]\nhosts = [\"llm.city.example\"]\nbody = { top_k = 1 }\n";
        let profiles = Profiles::read(Some(own)).unwrap();
        let (name, profile) = profiles.choose(None, "https://llm.city.example/v1", "m").unwrap();
        assert_eq!((name.as_str(), profile.body["top_k"].as_i64()), ("city", Some(1)));
        let (_, profile) = profiles.choose(None, "https://api.deepseek.com", "m").unwrap();
        assert!(profile.body.is_empty() && !profile.include_usage, "replaced as a whole");
        assert_eq!(profiles.guess("https://api.moonshot.cn/v1"), "moonshot");
        for (faulty, word) in [
            ("[x]\ntemprature = [0.0, 1.0]\n", "temprature"),
            ("[x]\ntemperature = [1.0, 0.0]\n", "[x]"),
            ("[x", "cannot be read"),
        ] {
            let error = Profiles::read(Some(faulty)).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn some_models_need_more_than_their_server() {
        let profiles = Profiles::read(None).unwrap();
        let choose =
            |name: &str, model: &str| profiles.choose(Some(name), "https://a.example", model).unwrap().1;
        assert!(choose("moonshot", "kimi-k2.5").omit.contains(&"temperature".to_owned()));
        assert!(choose("moonshot", "moonshot-v1-8k").omit.is_empty());
        assert!(choose("zhipu", "zai-org/GLM-4.6-Air").body.contains_key("thinking"));
        assert!(!choose("zhipu", "glm-4-flash").body.contains_key("thinking"));
    }
}
