//! Runs: every question of a set tried against the index as it is now, in the background, a few at a time.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use knowledge::{Hit, Kind};
use tokio_util::sync::CancellationToken;

use super::looking::Asker;
use super::record::{RowRecord, RunRecord, RunState, SetQuestion, SetRecord, TopHit, Totals};
use super::{Running, TrialError, Trials, Verdict};
use crate::dialogue::{Foreseen, Found};
use crate::records::keys;
use crate::retrieval::dense;
use crate::store::{Commit, Committed, StoreExt};

/// How many questions are tried before others get their turn.
const CHUNK: usize = 16;

/// How many rows are one record.
const PART: usize = 200;

/// How many hits of a question are kept.
const KEPT_HITS: usize = 3;

impl Trials {
    /// The runs, of one set or of all, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn runs(&self, set: Option<&str>) -> Result<Vec<RunRecord>, TrialError> {
        let found = self.store.scan_all(&keys::trial_runs()).await?;
        let mut runs =
            found.iter().map(crate::store::Record::decode).collect::<Result<Vec<RunRecord>, _>>()?;
        runs.retain(|run| set.is_none_or(|set| run.set == set));
        runs.reverse();
        for run in &mut runs {
            self.bring_up_to_date(run);
        }
        Ok(runs)
    }

    /// One run.
    ///
    /// # Errors
    /// [`TrialError::UnknownRun`] when there is none of this number, or none any more.
    pub async fn one_run(&self, number: u64) -> Result<RunRecord, TrialError> {
        let found = self.store.get_json::<RunRecord>(&keys::trial_run(number)).await?;
        let (mut run, _) = found.ok_or(TrialError::UnknownRun)?;
        self.bring_up_to_date(&mut run);
        Ok(run)
    }

    /// What a run found, in the order of its questions.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn rows(&self, number: u64) -> Result<Vec<RowRecord>, TrialError> {
        let mut rows = Vec::new();
        for part in self.store.scan_all(&keys::trial_rows_of(number)).await? {
            rows.extend(part.decode::<Vec<RowRecord>>()?);
        }
        Ok(rows)
    }

    /// The record lags behind by a part; and what a killed server left running runs no more.
    fn bring_up_to_date(&self, run: &mut RunRecord) {
        if run.state != RunState::Running {
            return;
        }
        match &*self.running.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(running) if running.number == run.number => run.done = running.done,
            _ => run.state = RunState::Stopped,
        }
    }

    /// Begins a run in the background.
    ///
    /// # Errors
    /// [`TrialError::Busy`] while another one is going on; [`TrialError::UnknownSet`].
    pub async fn start_run(
        self: &Arc<Self>,
        set: &str,
        region: Option<String>,
        by: &str,
    ) -> Result<RunRecord, TrialError> {
        let (run, set) = self.begin(set, region, by).await?;
        let begun = run.clone();
        let trials = Arc::clone(self);
        self.tasks.spawn(async move {
            let number = run.number;
            if let Err(error) = trials.work(run, set, |_, _| {}).await {
                tracing::error!(error = &error as &dyn std::error::Error, run = number, "a trial run failed");
            }
        });
        Ok(begun)
    }

    /// Runs a set and returns when it is done.
    ///
    /// # Errors
    /// As [`Trials::start_run`], or why it failed.
    pub async fn run_set(
        self: &Arc<Self>,
        set: &str,
        region: Option<String>,
        by: &str,
        progress: impl Fn(usize, usize) + Send + Sync,
    ) -> Result<RunRecord, TrialError> {
        let (run, set) = self.begin(set, region, by).await?;
        self.work(run, set, progress).await
    }

    /// Asks the run to end early. False: it is not going on.
    pub fn stop_run(&self, number: u64) -> bool {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.as_ref().filter(|running| running.number == number).is_some_and(|running| {
            running.stop.cancel();
            true
        })
    }

    async fn begin(
        &self,
        set: &str,
        region: Option<String>,
        by: &str,
    ) -> Result<(RunRecord, SetRecord), TrialError> {
        let set = self.set(set).await?;
        let asker = Asker { region: region.clone(), ..Asker::default() };
        self.query("", &asker)?;
        loop {
            let newest = self.store.scan_json::<RunRecord>(&keys::trial_runs(), 1, true).await?;
            let number = newest.first().map_or(1, |(_, run, _)| run.number + 1);
            self.occupy(number)?;
            let run = RunRecord {
                number,
                set: set.id.clone(),
                set_name: set.name.clone(),
                by: by.to_owned(),
                begun_at: self.clock.now(),
                ended_at: None,
                state: RunState::Running,
                version: self.knowledge.version(),
                mixed: false,
                region: region.clone(),
                thresholds: self.thresholds(),
                total: set.questions.len(),
                done: 0,
                totals: Totals::default(),
            };
            let key = keys::trial_run(number);
            match self.store.commit(Commit::new().check(key.clone(), None).put_json(key, &run)).await {
                Ok(Committed::Done(_)) => return Ok((run, set)),
                // Another node took the number.
                Ok(Committed::Conflict(_)) => self.vacate(),
                Err(error) => {
                    self.vacate();
                    return Err(error.into());
                }
            }
        }
    }

    fn occupy(&self, number: u64) -> Result<(), TrialError> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(other) = &*running {
            return Err(TrialError::Busy(other.number));
        }
        *running = Some(Running { number, done: 0, stop: self.stop.child_token() });
        Ok(())
    }

    fn vacate(&self) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn work(
        self: &Arc<Self>,
        mut run: RunRecord,
        set: SetRecord,
        progress: impl Fn(usize, usize) + Send + Sync,
    ) -> Result<RunRecord, TrialError> {
        let stop = {
            let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            running.as_ref().map_or_else(CancellationToken::new, |running| running.stop.clone())
        };
        let worked = self.try_all(&mut run, set.questions, &stop, progress).await;
        run.state = match &worked {
            Ok(()) if run.done == run.total => RunState::Finished,
            Ok(()) => RunState::Stopped,
            Err(_) => RunState::Failed,
        };
        run.ended_at = Some(self.clock.now());
        run.mixed = self.knowledge.version() != run.version;
        let ended = self.store.attempt(Commit::new().put_json(keys::trial_run(run.number), &run)).await;
        self.vacate();
        worked?;
        ended?;
        self.drop_oldest(&run.set).await?;
        Ok(run)
    }

    async fn try_all(
        self: &Arc<Self>,
        run: &mut RunRecord,
        questions: Vec<SetQuestion>,
        stop: &CancellationToken,
        progress: impl Fn(usize, usize),
    ) -> Result<(), TrialError> {
        let asker = Asker { region: run.region.clone(), ..Asker::default() };
        let mut titles = HashMap::new();
        let mut part: Vec<RowRecord> = Vec::new();
        let mut parts = 0;
        let mut rest = questions.into_iter().peekable();
        while rest.peek().is_some() && !stop.is_cancelled() {
            let chunk: Vec<SetQuestion> = rest.by_ref().take(CHUNK).collect();
            let begun = Instant::now();
            for (question, hits, foreseen) in self.look_up(chunk, &asker).await? {
                let row = self.row(question, &hits, foreseen, &mut titles).await?;
                run.totals.count(&row);
                part.push(row);
                run.done += 1;
            }
            let took = begun.elapsed();
            if part.len() >= PART || rest.peek().is_none() {
                self.write_part(run, parts, std::mem::take(&mut part)).await?;
                parts += 1;
            }
            if let Some(running) = &mut *self.running.lock().unwrap_or_else(PoisonError::into_inner) {
                running.done = run.done;
            }
            progress(run.done, run.total);
            if rest.peek().is_some() {
                // Half of the time is left to citizens, whose questions need the same cores.
                tokio::time::sleep(took.max(Duration::from_millis(1))).await;
            }
        }
        if !part.is_empty() {
            self.write_part(run, parts, part).await?;
        }
        Ok(())
    }

    async fn write_part(&self, run: &RunRecord, number: u64, rows: Vec<RowRecord>) -> Result<(), TrialError> {
        let commit = Commit::new()
            .put_json(keys::trial_rows(run.number, number), &rows)
            .put_json(keys::trial_run(run.number), run);
        Ok(self.store.attempt(commit).await?)
    }

    /// Looks a few questions up, off the async threads.
    async fn look_up(
        self: &Arc<Self>,
        questions: Vec<SetQuestion>,
        asker: &Asker,
    ) -> Result<Vec<(SetQuestion, Vec<Hit>, Foreseen)>, TrialError> {
        let mut queries = Vec::with_capacity(questions.len());
        for question in questions {
            let asked = self.knowledge.embedded(&question.text).await;
            queries.push((self.query(&question.text, asker)?, question, asked));
        }
        let trials = Arc::clone(self);
        let index = self.knowledge.searchable().await?;
        let found = super::super::base::blocking(move || {
            let limit = trials.policy.evidence.max(KEPT_HITS);
            let looked = queries.into_iter().map(|(query, question, asked)| {
                let hits = dense::look(&index, &query, limit, asked.as_ref())?.hits;
                let foreseen = trials.judge(&question.text, hits.iter().map(seen));
                Ok((question, hits, foreseen))
            });
            looked.collect::<Result<Vec<_>, knowledge::IndexError>>()
        });
        Ok(found.await?.map_err(super::KnowledgeError::from)?)
    }

    /// What a question would come to.
    pub(super) fn judge<'a>(&self, text: &str, found: impl Iterator<Item = Found<'a>>) -> Foreseen {
        let found: Vec<Found<'_>> = found.take(self.policy.evidence).collect();
        (self.foresee)(text, &found)
    }

    async fn row(
        &self,
        question: SetQuestion,
        hits: &[Hit],
        foreseen: Foreseen,
        titles: &mut HashMap<String, String>,
    ) -> Result<RowRecord, TrialError> {
        let mut top = Vec::new();
        for hit in hits.iter().take(KEPT_HITS) {
            let id = hit.id.to_string();
            if !titles.contains_key(&id) {
                let entry = self.knowledge.entry(&id).await?;
                titles.insert(id.clone(), entry.map(|entry| entry.title).unwrap_or_default());
            }
            let title = titles.get(&id).cloned().unwrap_or_default();
            top.push(TopHit { id, title, confidence: hit.confidence });
        }
        let mut row = RowRecord {
            question,
            outcome: foreseen.outcome.map(|outcome| outcome.name().to_owned()),
            intent: foreseen.intent.map(|intent| intent.name().to_owned()),
            hits: top,
            verdict: Verdict::Unjudged,
        };
        row.verdict = row.judge();
        Ok(row)
    }

    /// Drops the oldest runs of a set beyond those that are kept.
    async fn drop_oldest(&self, set: &str) -> Result<(), TrialError> {
        for run in self.runs(Some(set)).await?.iter().skip(self.kept) {
            self.remove_run(run).await?;
        }
        Ok(())
    }

    /// Takes a run away with its rows.
    pub(super) async fn remove_run(&self, run: &RunRecord) -> Result<(), TrialError> {
        if run.state == RunState::Running {
            return Err(TrialError::Busy(run.number));
        }
        let mut commit = Commit::new().delete(keys::trial_run(run.number));
        for part in self.store.scan_all(&keys::trial_rows_of(run.number)).await? {
            commit = commit.delete(part.key);
        }
        Ok(self.store.attempt(commit).await?)
    }
}

/// A hit as the judgement sees it.
fn seen(hit: &Hit) -> Found<'_> {
    Found {
        confidence: hit.confidence,
        score: hit.score,
        unit: &hit.unit,
        scenario: hit.kind == Kind::Scenario,
    }
}
