//! Sets of questions, runs over them, and two runs side by side.

#![expect(unused_qualifications, reason = "the macro that describes the interface writes paths in full")]

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Office;
use crate::http::Shared;
use crate::http::auth::Signed;
use crate::http::error::ApiError;
use crate::http::extract::Body;
use crate::retrieval::trial::{
    Comparison, MAX_QUESTION_CHARS, MAX_QUESTIONS, MAX_SETS, RowRecord, RunRecord, SetQuestion, SetRecord,
    SetSummary, read_lines,
};

/// The most changed questions of a comparison that are sent; the counts are of all.
const MAX_COMPARED: usize = 1_000;

/// A set as it is sent to be kept.
#[derive(Deserialize, ToSchema)]
pub(super) struct SetRequest {
    /// Its name, which no other set has.
    name: String,
    /// Its questions.
    #[serde(default)]
    questions: Vec<SetQuestion>,
    /// Pasted lines, read besides `questions`: a question, and after a tab the ids of its entries, or `-` where it is
    /// right to have no answer.
    #[serde(default)]
    lines: String,
}

/// Questions to add to a set.
#[derive(Deserialize, ToSchema)]
pub(super) struct MoreRequest {
    /// The questions.
    #[serde(default)]
    questions: Vec<SetQuestion>,
    /// Pasted lines, as for a whole set.
    #[serde(default)]
    lines: String,
}

fn together(mut questions: Vec<SetQuestion>, lines: &str) -> Vec<SetQuestion> {
    questions.extend(read_lines(lines));
    questions
}

/// The sets there are.
#[derive(Serialize, ToSchema)]
pub(super) struct SetsView {
    sets: Vec<SetSummary>,
    /// The most sets.
    max_sets: usize,
    /// The most questions of a set.
    max_questions: usize,
    /// The most characters of a question.
    max_chars: usize,
    /// How many runs of each set are kept.
    kept_runs: usize,
}

/// All sets of questions, each with its newest run.
#[utoipa::path(get, path = "/api/v1/desk/search/sets", tag = "desk", responses((status = 200, body = SetsView), (status = 401)))]
pub(super) async fn sets(State(web): State<Shared>, _: Signed) -> Result<Json<SetsView>, ApiError> {
    Ok(Json(SetsView {
        sets: web.trials.sets().await?,
        max_sets: MAX_SETS,
        max_questions: MAX_QUESTIONS,
        max_chars: MAX_QUESTION_CHARS,
        kept_runs: web.trials.kept(),
    }))
}

/// Makes a set.
#[utoipa::path(post, path = "/api/v1/desk/search/sets", tag = "desk", request_body = SetRequest,
    responses((status = 201, body = SetRecord), (status = 401), (status = 403), (status = 409, description = "The name is taken"), (status = 422)))]
pub(super) async fn add_set(
    State(web): State<Shared>,
    Office(helper): Office,
    Body(request): Body<SetRequest>,
) -> Result<(StatusCode, Json<SetRecord>), ApiError> {
    let questions = together(request.questions, &request.lines);
    let set = web.trials.add_set(&request.name, questions, &helper.name).await?;
    Ok((StatusCode::CREATED, Json(set)))
}

/// A set with its questions.
#[utoipa::path(get, path = "/api/v1/desk/search/sets/{id}", tag = "desk", params(("id" = String, Path)),
    responses((status = 200, body = SetRecord), (status = 401), (status = 404)))]
pub(super) async fn set(
    State(web): State<Shared>,
    _: Signed,
    Path(id): Path<String>,
) -> Result<Json<SetRecord>, ApiError> {
    Ok(Json(web.trials.set(&id).await?))
}

/// Replaces a set's name and questions. Its runs stay.
#[utoipa::path(put, path = "/api/v1/desk/search/sets/{id}", tag = "desk", params(("id" = String, Path)), request_body = SetRequest,
    responses((status = 200, body = SetRecord), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
pub(super) async fn change_set(
    State(web): State<Shared>,
    _: Office,
    Path(id): Path<String>,
    Body(request): Body<SetRequest>,
) -> Result<Json<SetRecord>, ApiError> {
    let questions = together(request.questions, &request.lines);
    Ok(Json(web.trials.change_set(&id, &request.name, questions).await?))
}

/// Takes a set away with all of its runs.
#[utoipa::path(delete, path = "/api/v1/desk/search/sets/{id}", tag = "desk", params(("id" = String, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 409, description = "A run of it is going on")))]
pub(super) async fn remove_set(
    State(web): State<Shared>,
    _: Office,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    web.trials.remove_set(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Adds questions to a set; those it has already stay as they are.
#[utoipa::path(post, path = "/api/v1/desk/search/sets/{id}/questions", tag = "desk", params(("id" = String, Path)), request_body = MoreRequest,
    responses((status = 200, body = SetRecord), (status = 401), (status = 403), (status = 404), (status = 422)))]
pub(super) async fn extend_set(
    State(web): State<Shared>,
    _: Office,
    Path(id): Path<String>,
    Body(request): Body<MoreRequest>,
) -> Result<Json<SetRecord>, ApiError> {
    let more = together(request.questions, &request.lines);
    Ok(Json(web.trials.extend_set(&id, more).await?))
}

/// Which runs are asked for.
#[derive(Deserialize, IntoParams)]
pub(super) struct RunsQuery {
    /// Those of this set; all if absent.
    set: Option<String>,
}

/// The runs there are.
#[derive(Serialize, ToSchema)]
pub(super) struct RunsView {
    /// The newest first.
    runs: Vec<RunRecord>,
    /// How many of each set are kept.
    kept: usize,
}

/// Runs with what they depended on and what they came to.
#[utoipa::path(get, path = "/api/v1/desk/search/runs", tag = "desk", params(RunsQuery), responses((status = 200, body = RunsView), (status = 401)))]
pub(super) async fn runs(
    State(web): State<Shared>,
    _: Signed,
    Query(wanted): Query<RunsQuery>,
) -> Result<Json<RunsView>, ApiError> {
    let runs = web.trials.runs(wanted.set.as_deref()).await?;
    Ok(Json(RunsView { runs, kept: web.trials.kept() }))
}

/// What is to be run.
#[derive(Deserialize, ToSchema)]
pub(super) struct RunRequest {
    /// The set's id.
    set: String,
    /// From where, by code or name; from the city if absent.
    region: Option<String>,
}

/// Begins a run in the background; how far it is stands in the run itself.
#[utoipa::path(post, path = "/api/v1/desk/search/runs", tag = "desk", request_body = RunRequest,
    responses((status = 202, body = RunRecord), (status = 401), (status = 403), (status = 404), (status = 409, description = "Another run is going on")))]
pub(super) async fn start_run(
    State(web): State<Shared>,
    Office(helper): Office,
    Body(request): Body<RunRequest>,
) -> Result<(StatusCode, Json<RunRecord>), ApiError> {
    let region = request.region.filter(|region| !region.trim().is_empty());
    let run = web.trials.start_run(&request.set, region, &helper.name).await?;
    Ok((StatusCode::ACCEPTED, Json(run)))
}

/// Whether the rows are wanted too.
#[derive(Deserialize, IntoParams)]
pub(super) struct RunQuery {
    /// With what each question came to.
    #[serde(default)]
    rows: bool,
}

/// A run with what its questions came to.
#[derive(Serialize, ToSchema)]
pub(super) struct RunView {
    run: RunRecord,
    /// In the order of the set; absent unless asked for.
    rows: Option<Vec<RowRecord>>,
}

/// One run.
#[utoipa::path(get, path = "/api/v1/desk/search/runs/{number}", tag = "desk", params(("number" = u64, Path), RunQuery),
    responses((status = 200, body = RunView), (status = 401), (status = 404)))]
pub(super) async fn run(
    State(web): State<Shared>,
    _: Signed,
    Path(number): Path<u64>,
    Query(wanted): Query<RunQuery>,
) -> Result<Json<RunView>, ApiError> {
    let run = web.trials.one_run(number).await?;
    let rows = if wanted.rows { Some(web.trials.rows(number).await?) } else { None };
    Ok(Json(RunView { run, rows }))
}

/// Ends a run early; what it has done is kept.
#[utoipa::path(post, path = "/api/v1/desk/search/runs/{number}/stop", tag = "desk", params(("number" = u64, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404, description = "It is not going on")))]
pub(super) async fn stop_run(
    State(web): State<Shared>,
    _: Office,
    Path(number): Path<u64>,
) -> Result<StatusCode, ApiError> {
    if web.trials.stop_run(number) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::new(StatusCode::NOT_FOUND, "unknown_run"))
    }
}

/// Which runs are compared.
#[derive(Deserialize, IntoParams)]
pub(super) struct CompareQuery {
    /// The earlier run's number.
    before: u64,
    /// The later run's number.
    after: u64,
}

/// Two runs side by side, by the questions they share; what changed stands first.
#[utoipa::path(get, path = "/api/v1/desk/search/compare", tag = "desk", params(CompareQuery),
    responses((status = 200, body = Comparison), (status = 401), (status = 404)))]
pub(super) async fn compare(
    State(web): State<Shared>,
    _: Signed,
    Query(wanted): Query<CompareQuery>,
) -> Result<Json<Comparison>, ApiError> {
    let mut comparison = web.trials.compare(wanted.before, wanted.after).await?;
    comparison.rows.truncate(MAX_COMPARED);
    Ok(Json(comparison))
}
