//! `[channels.NAME]`: one section an account.

use serde::{Deserialize, Serialize};

/// A channel's settings, by its type.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum ChannelConfig {
    /// The widget on websites.
    Web {
        /// Origins of the pages that may carry it, besides our own.
        #[serde(default)]
        allowed_origins: Vec<String>,
    },
}

impl ChannelConfig {
    pub(super) fn check(&self, name: &str, faults: &mut Vec<String>) {
        let simple = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if !simple || name == "api" || name == "desk" {
            faults.push(format!(
                "[channels.{name}]: a channel's name has letters, digits, - and _ only, and is not `api` or `desk`"
            ));
        }
        let Self::Web { allowed_origins } = self;
        for origin in allowed_origins {
            let fine = origin == "*"
                || (origin.starts_with("http://") || origin.starts_with("https://"))
                    && origin.split('/').count() == 3
                    && !origin.ends_with('/');
            if !fine {
                faults.push(format!(
                    "[channels.{name}] allowed_origins: `{origin}` is no origin; write it like \"https://www.city.example\", without a path"
                ));
            }
        }
    }
}
