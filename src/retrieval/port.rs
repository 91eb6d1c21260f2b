//! The core's port, answered from the knowledge base.

use async_trait::async_trait;

use super::Knowledge;
use super::base::KnowledgeBase;
use super::evidence;
use crate::dialogue::{Evidence, Question, RetrievalError, Retriever};

fn unavailable(error: &dyn std::fmt::Display) -> RetrievalError {
    RetrievalError::Unavailable(error.to_string())
}

/// The retriever of the dialogue core.
pub(crate) struct KnowledgeRetriever(pub(crate) Knowledge);

impl KnowledgeRetriever {
    async fn load(&self, id: &str) -> Result<Option<knowledge::Entry>, RetrievalError> {
        let base: &KnowledgeBase = &self.0;
        let entry = base.entry(id).await.map_err(|error| unavailable(&error))?;
        Ok(entry.filter(|entry| base.in_force(entry)))
    }

    /// The titles of the matters a scenario leads to.
    async fn titled(&self, entry: knowledge::Entry) -> Result<Evidence, RetrievalError> {
        let mut titles = std::collections::BTreeMap::new();
        for id in evidence::matters(&entry) {
            if let Some(matter) = self.load(id.as_ref()).await? {
                titles.insert(id.as_ref().to_owned(), matter.title);
            }
        }
        Ok(evidence::of(entry, &titles))
    }
}

#[async_trait]
impl Retriever for KnowledgeRetriever {
    async fn retrieve(&self, question: &Question, limit: usize) -> Result<Vec<Evidence>, RetrievalError> {
        let hits = self
            .0
            .search(&question.text, question.region.as_deref(), limit)
            .await
            .map_err(|error| unavailable(&error))?;
        let mut found = Vec::with_capacity(hits.len());
        for hit in hits {
            // The index may be a moment behind the store: what was taken out meanwhile is no evidence.
            let Some(entry) = self.load(hit.id.as_ref()).await? else { continue };
            let mut evidence = self.titled(entry).await?;
            evidence.confidence = hit.confidence;
            evidence.unit = hit.unit;
            found.push(evidence);
        }
        Ok(found)
    }

    async fn entry(&self, id: &str) -> Result<Option<Evidence>, RetrievalError> {
        match self.load(id).await? {
            Some(entry) => Ok(Some(self.titled(entry).await?)),
            None => Ok(None),
        }
    }
}
