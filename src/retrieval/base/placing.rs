//! Where and for whom: what the store says of an entry now, and what a question says of a place.

use std::collections::HashSet;
use std::sync::Arc;

use knowledge::{Analyzer, Entry, Mention, Scope, Status};

use super::KnowledgeBase;
use crate::dialogue::evidence::{Located, Reach};
use crate::retrieval::evidence;
use crate::store::StoreError;

impl KnowledgeBase {
    /// The entry that holds where the one of this id is asked for: what took its place, or itself. The same rule as the
    /// index has, over what the store says now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn current(&self, id: &str) -> Result<Option<Entry>, StoreError> {
        let today = self.today();
        let begun = |entry: &Entry| {
            entry.status != Status::Draft && entry.effective_from.is_none_or(|from| from <= today)
        };
        let Some(mut entry) = self.entry(id).await? else { return Ok(None) };
        let mut passed = HashSet::new();
        while let Some(successor) = &entry.superseded_by {
            let Some(next) = self.entry(successor.as_ref()).await?.filter(begun) else { break };
            if !passed.insert(entry.id) {
                return Ok(None);
            }
            entry = next;
        }
        Ok(self.in_force(&entry).then_some(entry))
    }

    /// The place that the words name to somebody in that region.
    pub fn mention(&self, text: &str, region: Option<&str>) -> Mention {
        let normalised = Analyzer::shared().normalise(text);
        match self.shared.places.mention(&normalised, self.scope(region).region) {
            Mention::Here { region, rest } if rest == normalised => {
                Mention::Here { region, rest: text.to_owned() }
            }
            mention => mention,
        }
    }

    /// Where an entry holds, as far as that is not the whole city.
    pub(in crate::retrieval) fn reach(&self, entry: &Entry, scope: &Scope) -> Reach {
        let regions = &self.shared.site.regions;
        let place = entry.region.as_deref().and_then(|name| regions.resolve(name));
        let (Some(place), Some(home)) = (place, self.shared.site.region) else { return Reach::Whole };
        if place == home || !home.contains(place) {
            return Reach::Whole;
        }
        let name = regions.name(place).unwrap_or_default().to_owned();
        if scope.region.is_some_and(|asker| place.contains(asker)) {
            Reach::Asked(name)
        } else {
            Reach::Part(name)
        }
    }

    /// Whether an entry of the store, in force today, may be shown in that scope.
    pub(in crate::retrieval) fn admits(&self, entry: &Entry, scope: &Scope) -> bool {
        let place = entry.region.as_deref().map(|name| self.shared.site.regions.resolve(name));
        // A region that was taken out of the table is no place at all.
        let reached = place.is_none_or(|place| place.is_some() && scope.reaches(place));
        reached && (scope.audience.is_none() || entry.audience.is_none() || entry.audience == scope.audience)
    }

    /// The scope of a question of which nothing is known but that it came here.
    pub(in crate::retrieval) fn at_home(&self) -> Scope {
        self.scope(None)
    }

    /// What home is called.
    pub fn home_name(&self) -> &str {
        self.shared.places.home_name().unwrap_or_default()
    }

    /// The windows of all matters in force whose places are known, each once. They are read again when an entry has
    /// changed or another day has begun.
    ///
    /// # Errors
    /// When the store fails.
    pub(in crate::retrieval) async fn windows(&self) -> Result<Arc<Vec<Located>>, StoreError> {
        let now = (self.generation().await?, self.today());
        let mut known = self.shared.windows.lock().await;
        if let Some((as_of, windows)) = &*known
            && *as_of == now
        {
            return Ok(Arc::clone(windows));
        }
        let home = self.at_home();
        let mut seen = HashSet::new();
        let mut windows = Vec::new();
        for entry in self.entries().await? {
            if !self.in_force(&entry) || !self.admits(&entry, &home) {
                continue;
            }
            let followed = entry.superseded_by.is_some();
            if followed && self.current(entry.id.as_ref()).await?.is_none_or(|current| current.id != entry.id)
            {
                continue;
            }
            let found = evidence::located(&entry).into_iter();
            windows.extend(
                found.filter(|found| seen.insert((found.window.name.clone(), found.window.address.clone()))),
            );
        }
        let windows = Arc::new(windows);
        *known = Some((now, Arc::clone(&windows)));
        Ok(windows)
    }
}
