//! What the program calls others with.

use std::time::Duration;

use adapters::Trust;
use anyhow::Context;

use crate::config::{Config, ConfigError, EmbeddingConfig};
use crate::embedding::{Embedder, EmbeddingSettings};

/// Whom the program believes when it calls somebody over TLS.
pub(crate) fn trust(config: &Config) -> anyhow::Result<Trust> {
    config.server.trust().map_err(|fault| ConfigError::Senseless(vec![fault]).into())
}

/// The one HTTP client of the program.
pub(crate) fn client(connect_timeout: Duration, trust: &Trust) -> anyhow::Result<reqwest::Client> {
    client_builder(connect_timeout, trust).build().context("cannot build the HTTP client")
}

/// What all HTTP clients of the program have in common.
pub(super) fn client_builder(connect_timeout: Duration, trust: &Trust) -> reqwest::ClientBuilder {
    trust
        .extend(reqwest::Client::builder())
        .connect_timeout(connect_timeout)
        .user_agent(concat!("yikouwen/", env!("CARGO_PKG_VERSION")))
}

/// The client of the embedding endpoint.
pub(crate) fn embedder(config: &EmbeddingConfig, trust: &Trust) -> anyhow::Result<Embedder> {
    let settings = EmbeddingSettings {
        base_url: config.base_url.clone(),
        api_key: config.api_key.clone(),
        model: config.model.clone(),
        dimensions: config.dimensions,
        timeout: config.timeout.into(),
        batch_timeout: config.batch_timeout.into(),
        query_prefix: config.query_prefix.clone(),
        document_prefix: config.document_prefix.clone(),
        query_type: config.query_type.clone(),
        document_type: config.document_type.clone(),
        characters: config.characters,
    };
    Ok(Embedder::new(settings, client(config.batch_timeout.into(), trust)?))
}
