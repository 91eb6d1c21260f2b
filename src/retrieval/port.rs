//! The core's port, answered from the knowledge base.

use std::collections::HashSet;

use async_trait::async_trait;
use knowledge::region::placeless;
use knowledge::{Entry, Scope};

use super::Knowledge;
use super::base::KnowledgeBase;
use super::evidence;
use crate::dialogue::evidence::{Located, Reach};
use crate::dialogue::{Audience, Evidence, Place, Question, RetrievalError, Retriever};
use crate::privacy::without_labels;

fn unavailable(error: &dyn std::fmt::Display) -> RetrievalError {
    RetrievalError::Unavailable(error.to_string())
}

fn audience(audience: Audience) -> knowledge::Audience {
    match audience {
        Audience::Citizen => knowledge::Audience::Citizen,
        Audience::Enterprise => knowledge::Audience::Enterprise,
    }
}

/// The retriever of the dialogue core.
pub(crate) struct KnowledgeRetriever(pub(crate) Knowledge);

impl KnowledgeRetriever {
    /// The entry in force that stands for this id.
    async fn load(&self, id: &str) -> Result<Option<Entry>, RetrievalError> {
        self.0.current(id).await.map_err(|error| unavailable(&error))
    }

    /// The entry in the core's terms: with the titles of the matters a scenario leads to, and where it holds.
    async fn evidence(&self, entry: Entry, scope: &Scope) -> Result<Evidence, RetrievalError> {
        let mut titles = std::collections::BTreeMap::new();
        for id in evidence::matters(&entry) {
            if let Some(matter) = self.load(id.as_ref()).await? {
                titles.insert(id.as_ref().to_owned(), matter.title);
            }
        }
        let reach = self.0.reach(&entry, scope);
        Ok(Evidence { reach, ..evidence::of(entry, &titles) })
    }
}

#[async_trait]
impl Retriever for KnowledgeRetriever {
    async fn retrieve(&self, question: &Question, limit: usize) -> Result<Vec<Evidence>, RetrievalError> {
        let base: &KnowledgeBase = &self.0;
        let audience = question.audience.map(audience);
        let (hits, scope) = self
            .0
            .find(&without_labels(&question.text), question.region.as_deref(), audience, limit)
            .await
            .map(|(found, scope)| (found.hits, scope))
            .map_err(|error| unavailable(&error))?;
        let mut found = Vec::with_capacity(hits.len());
        let mut said = HashSet::new();
        for hit in hits {
            // The index may be a moment behind the store: what was taken out meanwhile is no evidence.
            let Some(entry) = self.load(hit.id.as_ref()).await? else { continue };
            if !base.admits(&entry, &scope) {
                continue;
            }
            let says = (placeless(&entry.title), entry.audience);
            let mut evidence = self.evidence(entry, &scope).await?;
            // The most local and newest stands for all that say the same; districts that the question does not tell
            // apart stand for themselves only.
            if said.contains(&says) {
                continue;
            }
            if !matches!(evidence.reach, Reach::Part(_)) {
                said.insert(says);
            }
            if let Some(old) = hit.replaces {
                let old = base.entry(old.as_ref()).await.map_err(|error| unavailable(&error))?;
                evidence.replaces = old.map(|old| old.title);
            }
            evidence.confidence = hit.confidence;
            evidence.score = hit.score;
            evidence.unit = hit.unit;
            found.push(evidence);
        }
        Ok(found)
    }

    async fn entry(&self, id: &str) -> Result<Option<Evidence>, RetrievalError> {
        match self.load(id).await? {
            Some(entry) => Ok(Some(self.evidence(entry, &self.0.at_home()).await?)),
            None => Ok(None),
        }
    }

    fn place(&self, text: &str, region: Option<&str>) -> Place {
        match self.0.mention(text, region) {
            knowledge::Mention::Nowhere => Place::Unnamed,
            knowledge::Mention::Here { region, rest } => Place::Here { region: region.to_string(), rest },
            knowledge::Mention::Elsewhere { name } => {
                Place::Elsewhere { name, home: self.0.home_name().to_owned() }
            }
        }
    }

    async fn windows(&self) -> Result<Vec<Located>, RetrievalError> {
        let windows = self.0.windows().await.map_err(|error| unavailable(&error))?;
        Ok(windows.to_vec())
    }

    async fn ended(&self, question: &Question) -> Option<(String, f32)> {
        let audience = question.audience.map(audience);
        let text = without_labels(&question.text);
        let (found, _) = self.0.find(&text, question.region.as_deref(), audience, 1).await.ok()?;
        found.ended.map(|ended| (ended.id.to_string(), ended.confidence))
    }
}
