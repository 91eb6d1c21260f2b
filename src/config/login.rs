//! `[login]`: citizens' real-name login.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::duration::Span;
use super::sections::hidden;

/// `[login]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each setting means")]
pub struct LoginConfig {
    pub issuer: String,
    pub client_id: String,
    #[serde(default, serialize_with = "hidden")]
    pub client_secret: Option<SecretString>,
    #[serde(default = "LoginConfig::profile")]
    pub scopes: Vec<String>,
    #[serde(default = "LoginConfig::name")]
    pub name_claim: String,
    #[serde(default = "LoginConfig::label_zh")]
    pub label: String,
    #[serde(default = "LoginConfig::label_en")]
    pub label_en: String,
    #[serde(default = "LoginConfig::two_hours")]
    pub session: Span,
    #[serde(default = "LoginConfig::ten_seconds")]
    pub timeout: Span,
}

impl LoginConfig {
    fn profile() -> Vec<String> {
        vec!["profile".to_owned()]
    }
    fn name() -> String {
        "name".to_owned()
    }
    fn label_zh() -> String {
        "实名账号".to_owned()
    }
    fn label_en() -> String {
        "your real-name account".to_owned()
    }
    fn two_hours() -> Span {
        Span(std::time::Duration::from_secs(2 * 3_600))
    }
    fn ten_seconds() -> Span {
        Span(std::time::Duration::from_secs(10))
    }

    pub(super) fn check(&self, public_url: Option<&str>, faults: &mut Vec<String>) {
        if !is_address(&self.issuer) {
            faults.push(format!("[login] issuer: `{}` does not begin with http:// or https://", self.issuer));
        }
        if self.client_id.trim().is_empty() {
            faults.push("[login] client_id: is empty; the provider's console shows it".to_owned());
        }
        if public_url.is_none() {
            faults.push(
                "[login] needs [server] public_url: the provider sends people back to PUBLIC_URL/login/callback"
                    .to_owned(),
            );
        }
    }
}

fn is_address(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}
