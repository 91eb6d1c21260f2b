//! What a first start needs: the demo city's knowledge, and somebody who can log in.

use std::net::SocketAddr;

use anyhow::Context;
use knowledge::import::SourceFile;
use rust_embed::RustEmbed;

use super::App;
use crate::desk::{Role, accounts};
use crate::print::announce;
use crate::retrieval::Taking;

/// The demo city's knowledge, carried in the program.
#[derive(RustEmbed)]
#[folder = "knowledge/demo/"]
#[include = "*.jsonl"]
struct Demo;

/// The first account's name.
const FIRST_HELPER: &str = "admin";

impl App {
    /// Takes the demo city's knowledge over; what is there already is replaced.
    ///
    /// # Errors
    /// When the store fails, or the demo content is faulty, which a test rules out.
    pub async fn import_demo(&self) -> anyhow::Result<usize> {
        let files = Demo::iter()
            .filter_map(|name| {
                let file = Demo::get(&name)?;
                Some(SourceFile { name: name.into_owned(), bytes: file.data.into_owned() })
            })
            .collect();
        let imported = self
            .knowledge
            .import(files, None, Taking::AllOrNothing, |_, _, _| {})
            .await
            .context("the demo content")?;
        tracing::info!(entries = imported.entries, "the demo city's knowledge was taken over");
        Ok(imported.entries)
    }

    /// Takes the demo city's knowledge over while there is none at all. The store is asked, because an index that is
    /// being built knows of no entry either.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn prepare_knowledge(&self) -> anyhow::Result<()> {
        if !self.knowledge.has_entries().await? {
            self.import_demo().await?;
        }
        Ok(())
    }

    /// Prepares a first start. Returns the password of the account that was made, to be printed once.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn prepare(&self, demo: bool) -> anyhow::Result<Option<String>> {
        if demo {
            self.import_demo().await?;
        } else if self.config.city.demo {
            self.prepare_knowledge().await?;
        }
        if !accounts::list(&*self.store).await?.is_empty() {
            return Ok(None);
        }
        let password = accounts::random_password();
        accounts::add(&*self.store, FIRST_HELPER, Role::Admin, &password, true, self.ledger.now()).await?;
        Ok(Some(password))
    }

    /// Prints where to go.
    pub(super) async fn announce(&self, address: SocketAddr) {
        announce!("listening on http://{address}");
        let base = match &self.config.server.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{address}"),
        };
        announce!("  群众页面  citizens   {base}/");
        announce!("  工作台    helpers    {base}/desk/");
        if !crate::http::assets::are_built() {
            announce!("  (the web parts are not built into this program; run `make web` and build again)");
        }
        if let Ok(helpers) = accounts::list(&*self.store).await
            && let [only] = helpers.as_slice()
            && only.must_change
        {
            announce!(
                "  {} 首次登录后请修改密码；忘记可运行 yikouwen helper password {}",
                only.name,
                only.name
            );
        }
    }
}
