//! Retrieval without the orders to a model that stand in entries.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::dialogue::evidence::{Evidence, Located};
use crate::dialogue::smuggled::Orders;
use crate::dialogue::{Place, Question, RetrievalError, Retriever};

/// A retriever whose entries give no orders.
pub(crate) struct Cleaned {
    inner: Arc<dyn Retriever>,
    orders: Orders,
    /// Entries that were complained of, so that the log says it once.
    told: Mutex<HashSet<String>>,
}

impl Cleaned {
    /// The same retriever without such lines.
    pub(crate) fn new(inner: Arc<dyn Retriever>, orders: Orders) -> Self {
        Self { inner, orders, told: Mutex::default() }
    }

    fn clean(&self, mut evidence: Evidence) -> Evidence {
        let is_new =
            |id: &str| self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
        self.orders.clean(&mut evidence);
        if evidence.is_suspect && is_new(&evidence.id) {
            tracing::warn!(
                entry = evidence.id,
                patterns = self.orders.version(),
                "lines of this entry speak to a machine and are left out of answers; look at it"
            );
        }
        evidence
    }
}

#[async_trait]
impl Retriever for Cleaned {
    async fn retrieve(&self, question: &Question, limit: usize) -> Result<Vec<Evidence>, RetrievalError> {
        let found = self.inner.retrieve(question, limit).await?;
        Ok(found.into_iter().map(|evidence| self.clean(evidence)).collect())
    }

    async fn entry(&self, id: &str) -> Result<Option<Evidence>, RetrievalError> {
        Ok(self.inner.entry(id).await?.map(|evidence| self.clean(evidence)))
    }

    fn place(&self, text: &str, region: Option<&str>) -> Place {
        self.inner.place(text, region)
    }

    async fn windows(&self) -> Result<Vec<Located>, RetrievalError> {
        self.inner.windows().await
    }

    async fn ended(&self, question: &Question) -> Option<(String, f32)> {
        self.inner.ended(question).await
    }
}
