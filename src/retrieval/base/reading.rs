//! Reading: entries as the store has them, and what the index finds.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use knowledge::{
    Audience, Entry, Found, Hit, Index, IndexError, Mention, Model, Query, Scope, Status, Suggestion, Version,
};

use super::writer::Request;
use super::{KnowledgeBase, KnowledgeError, Site, blocking};
use crate::records::keys;
use crate::retrieval::dense::{self, Dense};
use crate::store::{Record, StoreError, StoreExt};

impl KnowledgeBase {
    /// The entry of this id, whatever its status.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn entry(&self, id: &str) -> Result<Option<Entry>, StoreError> {
        Ok(self.shared.store.get_json(&keys::entry(id)).await?.map(|(entry, _)| entry))
    }

    /// All entries, whatever their status, in the order of their ids.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        self.shared.store.scan_all(&keys::entries()).await?.iter().map(Record::decode).collect()
    }

    /// Today in the city.
    pub(in crate::retrieval) fn today(&self) -> Date {
        self.shared.clock.now().to_zoned(shanghai()).date()
    }

    /// Whether an entry is in force today.
    pub fn in_force(&self, entry: &Entry) -> bool {
        let today = self.today();
        entry.status == Status::Published
            && entry.effective_from.is_none_or(|from| from <= today)
            && entry.expires_on.is_none_or(|until| today <= until)
    }

    /// The scope of a question about a region, by code or name.
    pub(in crate::retrieval) fn scope(&self, region: Option<&str>) -> Scope {
        let region =
            region.and_then(|name| self.shared.site.regions.resolve(name)).or(self.shared.site.region);
        Scope { region, audience: None, on: self.today() }
    }

    /// What is found for a question, and the scope it was found in. A place in the words narrows the scope, and is then
    /// tried with and without: an entry may name it, or be of it without saying so.
    ///
    /// # Errors
    /// When the index fails.
    pub async fn find(
        &self,
        text: &str,
        region: Option<&str>,
        audience: Option<Audience>,
        limit: usize,
    ) -> Result<(Found, Scope), KnowledgeError> {
        let mut scope = Scope { audience, ..self.scope(region) };
        let mut rest = None;
        if let Mention::Here { region, rest: words } = self.mention(text, region) {
            scope.region = Some(region);
            rest = Some(words).filter(|words| words != text);
        }
        let asked = self.embedded(text).await;
        let text = text.to_owned();
        let index = self.searchable().await?;
        let found = blocking(move || {
            let look = |text: String| dense::look(&index, &Query { text, scope }, limit, asked.as_ref());
            let whole = look(text)?;
            let Some(rest) = rest else { return Ok(whole) };
            let bare = look(rest)?;
            let sure = |found: &Found| found.hits.first().map_or(0.0, |hit| hit.confidence);
            Ok::<_, IndexError>(if sure(&bare) >= sure(&whole) { bare } else { whole })
        })
        .await?;
        if let Err(IndexError::Rebuild(why)) = &found {
            // Whoever waits for nothing but the asking is not held up by a full queue: the next search asks again.
            drop(self.requests.try_send(Request::Rebuild { reason: why.clone(), answer: None }));
        }
        Ok((found?, scope))
    }

    /// The question's vector, if entries are looked for by meaning and it comes in time.
    pub(in crate::retrieval) async fn embedded(&self, text: &str) -> Option<dense::Asked> {
        self.dense()?.question(text).await
    }

    /// The best hits for a question.
    ///
    /// # Errors
    /// When the index fails.
    pub async fn search(
        &self,
        text: &str,
        region: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Hit>, KnowledgeError> {
        Ok(self.find(text, region, None, limit).await?.0.hits)
    }

    /// The index to search. At a start without a usable one this waits until it is built: a citizen waits a few seconds
    /// rather than being told that there is no answer.
    ///
    /// # Errors
    /// When no index can be built.
    pub(in crate::retrieval) async fn searchable(&self) -> Result<Arc<Index>, KnowledgeError> {
        if let Some(index) = self.shared.index() {
            return Ok(index);
        }
        let mut status = self.shared.status.subscribe();
        let settled = status.wait_for(|status| status.serving || status.failure.is_some()).await;
        let failure = settled.map_err(|_| KnowledgeError::Cancelled)?.failure.clone();
        self.shared.index().ok_or_else(|| KnowledgeError::Unsearchable(failure.unwrap_or_default()))
    }

    /// Waits until there is an index to search.
    ///
    /// # Errors
    /// When no index can be built.
    pub async fn wait_until_searchable(&self) -> Result<(), KnowledgeError> {
        self.searchable().await.map(drop)
    }

    /// What the citizen may be typing.
    ///
    /// # Errors
    /// When the index fails.
    pub async fn suggest(&self, typed: &str, limit: usize) -> Result<Vec<Suggestion>, KnowledgeError> {
        let scope = self.scope(None);
        let typed = typed.to_owned();
        // Help with typing is of no use to somebody who waits for it.
        let Some(index) = self.shared.index() else { return Ok(Vec::new()) };
        Ok(blocking(move || index.suggest(&typed, &scope, limit)).await??)
    }

    /// Ranks by these weights from now on. A second call changes nothing.
    pub fn rank_by(&self, model: Arc<Model>) {
        if self.shared.model.set(Arc::clone(&model)).is_ok()
            && let Some(index) = self.shared.index()
        {
            index.set_model(model);
        }
    }

    /// Searches by meaning as well from now on. A second call changes nothing.
    pub fn search_by_meaning(&self, dense: Arc<Dense>) {
        drop(self.shared.dense.set(dense));
    }

    /// Search by meaning, where it is switched on.
    pub fn dense(&self) -> Option<&Arc<Dense>> {
        self.shared.dense.get()
    }

    /// Which city's knowledge it is.
    pub(in crate::retrieval) fn site(&self) -> &Site {
        &self.shared.site
    }

    /// What the answers of this moment depend on.
    pub fn version(&self) -> Version {
        let version = self.shared.index().map(|index| index.version()).unwrap_or_default();
        Version { embedding: self.dense().and_then(|dense| dense.in_use()), ..version }
    }

    /// How many entries the index has.
    pub fn len(&self) -> usize {
        self.shared.index().map_or(0, |index| index.len())
    }

    /// Whether the index has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The time zone of everything that people read.
fn shanghai() -> TimeZone {
    // China has one time zone and no daylight saving, so the fixed offset says the same where the database is missing.
    TimeZone::get("Asia/Shanghai").unwrap_or_else(|_| TimeZone::fixed(jiff::tz::offset(8)))
}
