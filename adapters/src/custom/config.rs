//! What an HTTP channel is built from.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::sign::Signer;
use crate::{Kit, Locale, Wording};

/// What the channel is built from.
pub struct HttpSettings {
    /// The program's side.
    pub kit: Kit,
    /// What the other side is called, for whoever reads its answers.
    pub name: String,
    /// Signs and checks.
    pub signer: Signer,
    /// Where replies are pushed; without it they are pulled only.
    pub deliver_url: Option<reqwest::Url>,
    /// The hosts from which files of citizens may be got, besides that of `deliver_url`.
    pub media_hosts: Vec<String>,
    /// The largest file that is got, in bytes.
    pub media_bytes: usize,
    /// What the channel says of itself.
    pub words: HttpWords,
}

/// The titles of problems by their code: `config/words/http.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct HttpWords(pub BTreeMap<String, Wording>);

impl HttpWords {
    /// The title of a problem.
    pub(super) fn title(&self, code: &str, locale: Locale) -> &str {
        self.0.get(code).map_or("", |words| words.say(locale))
    }
}
