//! One question: what is found, why, what the robot would do, and why a certain entry is not there.

use std::sync::Arc;
use std::time::Instant;

use jiff::civil::Date;
use knowledge::{Analyzer, Audience, Explained, Query, RegionCode, Scope, Status, Version};
use serde::Serialize;
use utoipa::ToSchema;

use super::record::Thresholds;
use super::{TrialError, Trials};
use crate::dialogue::Found;
use crate::retrieval::{KnowledgeError, dense};

/// How far down the list an entry is looked for.
const SOUGHT_AMONG: usize = 50;

/// Who is imagined to ask.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asker {
    /// Where, by code or name; absent: in the city.
    pub region: Option<String>,
    /// As whom; absent: both.
    pub audience: Option<Audience>,
    /// On which day; absent: today.
    pub on: Option<Date>,
}

/// A region that can be asked from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Place {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// Where can be asked from, and what is assumed if nothing is said.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Places {
    /// The city, what lies in it, and what it lies in, the wider first.
    pub regions: Vec<Place>,
    /// The city's code.
    pub region: Option<String>,
    /// Today in the city.
    #[schema(value_type = String, format = Date)]
    pub today: Date,
    /// What decides about outcomes.
    pub thresholds: Thresholds,
    /// What answers depend on now.
    #[schema(value_type = Object)]
    pub version: Version,
    /// How many entries can be found.
    pub entries: usize,
}

/// What was found for a question, and why.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Looked {
    /// The question as the index was asked: simplified, without courtesies, with one name a thing.
    pub read_as: String,
    /// What it would come to, asked without anything before it; absent for a greeting or thanks.
    pub outcome: Option<String>,
    /// What the words are taken for, if they are not looked up at all.
    pub intent: Option<String>,
    /// What decided.
    pub thresholds: Thresholds,
    /// What the answer depends on.
    #[schema(value_type = Object)]
    pub version: Version,
    /// How long the search took.
    pub milliseconds: f64,
    /// The hits, best first, each with fields, terms, features, `matched` and `missing`.
    #[schema(value_type = Vec<Object>)]
    pub hits: Vec<Explained>,
    /// The entry that was asked about.
    pub sought: Option<Sought>,
}

/// Why an entry stands where it stands, or is not there.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Sought {
    /// The entry's id.
    pub id: String,
    /// Its title, if it exists.
    pub title: Option<String>,
    /// At which place it was found, from 1.
    pub place: Option<usize>,
    /// Why it is not found: `unknown`, `draft`, `repealed`, `not_yet`, `expired`, `audience`, `region` or `outranked`.
    pub reasons: Vec<&'static str>,
    /// The hit, if it was found.
    #[schema(value_type = Option<Object>)]
    pub hit: Option<Explained>,
}

impl Trials {
    /// Where can be asked from.
    pub fn places(&self) -> Places {
        let site = self.knowledge.site();
        let mut regions: Vec<(RegionCode, &str)> = site
            .regions
            .iter()
            .filter(|(code, _)| site.region.is_none_or(|city| code.contains(city) || city.contains(*code)))
            .collect();
        regions.sort_by_key(|(code, _)| (code.level(), *code));
        Places {
            regions: regions
                .into_iter()
                .map(|(code, name)| Place { code: code.to_string(), name: name.to_owned() })
                .collect(),
            region: site.region.map(|code| code.to_string()),
            today: self.knowledge.today(),
            thresholds: self.thresholds(),
            version: self.knowledge.version(),
            entries: self.knowledge.len(),
        }
    }

    /// The query of somebody who asks.
    pub(super) fn query(&self, text: &str, asker: &Asker) -> Result<Query, TrialError> {
        let site = self.knowledge.site();
        let region = match asker.region.as_deref().map(str::trim).filter(|region| !region.is_empty()) {
            None => site.region,
            Some(name) => {
                let known = site.regions.resolve(name);
                Some(known.ok_or_else(|| TrialError::UnknownRegion(name.to_owned()))?)
            }
        };
        let on = asker.on.unwrap_or_else(|| self.knowledge.today());
        Ok(Query { text: text.to_owned(), scope: Scope { region, audience: asker.audience, on } })
    }

    /// Looks a question up. `entry` is looked for beyond the first `limit` hits, and missed with reasons.
    ///
    /// # Errors
    /// [`TrialError::UnknownRegion`], or when index or store fail.
    pub async fn look(
        self: &Arc<Self>,
        question: &str,
        asker: &Asker,
        limit: usize,
        entry: Option<&str>,
    ) -> Result<Looked, TrialError> {
        let query = self.query(question, asker)?;
        let scope = query.scope;
        let wanted = if entry.is_some() { limit.max(SOUGHT_AMONG) } else { limit.max(self.policy.evidence) };
        let trials = Arc::clone(self);
        let asked = self.knowledge.embedded(question).await;
        let index = self.knowledge.searchable().await?;
        let searched = super::super::base::blocking(move || {
            let analyzer = Analyzer::shared();
            let read_as = analyzer.canonical(analyzer.question(&query.text));
            let version = trials.knowledge.version();
            // What a citizen waits for is the search alone, so that is what is timed.
            let begun = Instant::now();
            dense::look(&index, &query, trials.policy.evidence, asked.as_ref())?;
            let milliseconds = begun.elapsed().as_secs_f64() * 1e3;
            Ok((read_as, version, dense::explain(&index, &query, wanted, asked.as_ref())?, milliseconds))
        });
        let (read_as, version, mut hits, milliseconds) =
            searched.await?.map_err(|error: knowledge::IndexError| KnowledgeError::from(error))?;
        let foreseen = self.judge(
            question,
            hits.iter().map(|hit| Found {
                confidence: hit.confidence,
                score: hit.score,
                unit: &hit.unit,
                scenario: hit.kind == "scenario",
            }),
        );
        let sought = match entry {
            Some(id) => Some(self.seek(id, &hits, &scope).await?),
            None => None,
        };
        hits.truncate(limit);
        Ok(Looked {
            read_as,
            outcome: foreseen.outcome.map(|outcome| outcome.name().to_owned()),
            intent: foreseen.intent.map(|intent| intent.name().to_owned()),
            thresholds: self.thresholds(),
            version,
            milliseconds,
            hits,
            sought,
        })
    }

    /// Where an entry stands among the hits, or why it does not.
    async fn seek(&self, id: &str, hits: &[Explained], scope: &Scope) -> Result<Sought, TrialError> {
        let place = hits.iter().position(|hit| hit.id == id);
        let Some(entry) = self.knowledge.entry(id).await? else {
            let reasons = vec!["unknown"];
            return Ok(Sought { id: id.to_owned(), title: None, place: None, reasons, hit: None });
        };
        let mut reasons = Vec::new();
        if place.is_none() {
            let region = entry.region.as_deref().map(|name| self.knowledge.site().regions.resolve(name));
            let judged = [
                ("draft", entry.status == Status::Draft),
                ("repealed", entry.status == Status::Repealed),
                ("not_yet", entry.effective_from.is_some_and(|from| scope.on < from)),
                ("expired", entry.expires_on.is_some_and(|until| until < scope.on)),
                (
                    "audience",
                    entry.audience.is_some() && scope.audience.is_some() && entry.audience != scope.audience,
                ),
                ("region", region.is_some_and(|region| region.is_none() || !scope.reaches(region))),
            ];
            reasons.extend(judged.into_iter().filter(|(_, holds)| *holds).map(|(reason, _)| reason));
            if reasons.is_empty() {
                reasons.push("outranked");
            }
        }
        Ok(Sought {
            id: id.to_owned(),
            title: Some(entry.title),
            place: place.map(|place| place + 1),
            reasons,
            hit: place.map(|place| hits[place].clone()),
        })
    }
}
