//! Wiring of citizens' login.

use std::sync::Arc;

use adapters::Trust;
use anyhow::Context;

use super::{calls, secrets};
use crate::config::{Config, words};
use crate::identity::{Identities, IdentitySettings, Provider, ProviderSettings};
use crate::records::Ledger;

/// The provider that the configuration names, if it names one.
pub(crate) fn provider(config: &Config, trust: &Trust) -> anyhow::Result<Option<Provider>> {
    let (Some(login), Some(public_url)) = (&config.login, &config.server.public_url) else { return Ok(None) };
    let public_url = public_url.trim_end_matches('/');
    let settings = ProviderSettings {
        issuer: login.issuer.clone(),
        client_id: login.client_id.clone(),
        client_secret: login.client_secret.clone(),
        scopes: login.scopes.clone(),
        name_claim: login.name_claim.clone(),
        redirect: format!("{public_url}/login/callback"),
    };
    let http = calls::client_builder(super::CHANNEL_CONNECT, trust)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(login.timeout.into())
        .build()
        .context("cannot build the HTTP client")?;
    Ok(Some(Provider::new(settings, http)?))
}

/// Citizens' login, if there is one.
pub(super) async fn identities(
    config: &Config,
    ledger: &Ledger,
    trust: &Trust,
) -> anyhow::Result<Option<Arc<Identities>>> {
    let (Some(login), Some(provider), Some(public_url)) =
        (&config.login, provider(config, trust)?, &config.server.public_url)
    else {
        return Ok(None);
    };
    let settings = IdentitySettings {
        public_url: public_url.trim_end_matches('/').to_owned(),
        label: (login.label.clone(), login.label_en.clone()),
        session: login.session.into(),
        consent: words::consent()?,
    };
    let key = secrets::identity_key(ledger.store()).await?;
    Ok(Some(Arc::new(Identities::new(ledger.clone(), provider, settings, key))))
}
