//! The page 检索测试: one question looked into, and the list of questions that were not answered, or not surely. Every
//! helper may look; [`Office`] says who may change something. Sets and runs are in `search/trial.rs`.

#![expect(unused_qualifications, reason = "the macro that describes the interface writes paths in full")]

mod trial;

use axum::Json;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use knowledge::Audience;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Shared;
use super::auth::Signed;
use super::error::ApiError;
use super::extract::Body;
use crate::desk::{HelperRecord, Role};
use crate::records::DoubtRecord;
use crate::records::doubt::DoneRecord;
use crate::retrieval::trial::{Asker, Looked, MAX_QUESTION_CHARS, Places, TrialError};

/// Where sets are; their bodies may be as long as an import's.
pub(super) const SETS: &str = "/api/v1/desk/search/sets";

/// The most hits that are looked into at once.
const MAX_HITS: usize = 50;

/// How many doubts a list shows if it is not told.
const SHOWN: usize = 100;

/// The routes of the page.
pub(super) fn router(body_bytes: usize) -> OpenApiRouter<Shared> {
    let sets = OpenApiRouter::new()
        .routes(routes!(trial::sets, trial::add_set))
        .routes(routes!(trial::set, trial::change_set, trial::remove_set))
        .routes(routes!(trial::extend_set))
        .layer(DefaultBodyLimit::max(body_bytes.saturating_mul(super::IMPORT_FACTOR)));
    OpenApiRouter::new()
        .routes(routes!(look))
        .routes(routes!(places))
        .routes(routes!(entry))
        .routes(routes!(doubts))
        .routes(routes!(mark))
        .routes(routes!(trial::runs))
        .routes(routes!(trial::start_run))
        .routes(routes!(trial::run))
        .routes(routes!(trial::stop_run))
        .routes(routes!(trial::compare))
        .merge(sets)
}

/// A helper who keeps the knowledge: may change sets, run them, and settle doubts.
pub(super) struct Office(HelperRecord);

impl axum::extract::FromRequestParts<Shared> for Office {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        web: &Shared,
    ) -> Result<Self, ApiError> {
        let Signed(helper) = Signed::from_request_parts(parts, web).await?;
        match helper.role {
            Role::Owner | Role::Supervisor | Role::Admin => Ok(Self(helper)),
            Role::Responder => Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden")),
        }
    }
}

impl From<TrialError> for ApiError {
    fn from(error: TrialError) -> Self {
        match error {
            TrialError::UnknownSet => ApiError::new(StatusCode::NOT_FOUND, "unknown_set"),
            TrialError::UnknownRun => ApiError::new(StatusCode::NOT_FOUND, "unknown_run"),
            TrialError::NameTaken => ApiError::new(StatusCode::CONFLICT, "name_taken"),
            TrialError::Empty => ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "empty"),
            TrialError::UnknownRegion(_) => ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown_region"),
            TrialError::TooMany { what, limit } => {
                let problem = ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "too_many");
                problem.with("what", what).with("limit", limit)
            }
            TrialError::Busy(number) => {
                ApiError::new(StatusCode::CONFLICT, "run_in_progress").with("run", number)
            }
            TrialError::Knowledge(error) => error.into(),
            TrialError::Store(error) => error.into(),
        }
    }
}

/// A question, and who is imagined to ask it.
#[derive(Deserialize, ToSchema)]
pub struct LookRequest {
    question: String,
    /// Where, by code or name; the city if absent.
    region: Option<String>,
    /// `citizen` or `enterprise`; both if absent.
    audience: Option<String>,
    /// A day such as `2026-11-20`; today if absent.
    on: Option<String>,
    /// How many hits, 10 if absent.
    limit: Option<usize>,
    /// An entry that should have been found; the answer says where it stands, or why it is not there.
    entry: Option<String>,
}

/// Looks a question up and says why each entry was found. Nothing of it reaches a citizen or is kept.
#[utoipa::path(post, path = "/api/v1/desk/search", tag = "desk", request_body = LookRequest,
    responses((status = 200, body = Looked), (status = 401), (status = 422, description = "Empty, too long, or an unknown region, audience or date")))]
async fn look(
    State(web): State<Shared>,
    _: Signed,
    Body(request): Body<LookRequest>,
) -> Result<Json<Looked>, ApiError> {
    let question = request.question.trim();
    if question.is_empty() {
        return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "empty"));
    }
    if question.chars().count() > MAX_QUESTION_CHARS {
        let problem = ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "too_long");
        return Err(problem.with("limit", MAX_QUESTION_CHARS));
    }
    let audience = match request.audience.as_deref().filter(|audience| !audience.is_empty()) {
        None => None,
        Some("citizen") => Some(Audience::Citizen),
        Some("enterprise") => Some(Audience::Enterprise),
        Some(_) => return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_audience")),
    };
    let on = match request.on.as_deref().filter(|on| !on.is_empty()) {
        None => None,
        Some(day) => {
            Some(day.parse().map_err(|_| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_date"))?)
        }
    };
    let asker = Asker { region: request.region, audience, on };
    let limit = request.limit.unwrap_or(10).clamp(1, MAX_HITS);
    let entry = request.entry.as_deref().map(str::trim).filter(|entry| !entry.is_empty());
    Ok(Json(web.trials.look(question, &asker, limit, entry).await?))
}

/// Where can be asked from, and what decides about outcomes.
#[utoipa::path(get, path = "/api/v1/desk/search/places", tag = "desk", responses((status = 200, body = Places), (status = 401)))]
async fn places(State(web): State<Shared>, _: Signed) -> Json<Places> {
    Json(web.trials.places())
}

/// An entry whatever its status, for a helper who wants to see what was found.
#[utoipa::path(get, path = "/api/v1/desk/search/entries/{id}", tag = "desk", params(("id" = String, Path)),
    responses((status = 200, description = "The entry", body = Object), (status = 401), (status = 404)))]
async fn entry(
    State(web): State<Shared>,
    _: Signed,
    Path(id): Path<String>,
) -> Result<Json<serde_json::Value>, ApiError> {
    let entry = web.knowledge.entry(&id).await?;
    let entry = entry.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "not_found"))?;
    Ok(Json(serde_json::to_value(entry).unwrap_or_default()))
}

/// Which doubts are asked for.
#[derive(Deserialize, IntoParams)]
struct DoubtsQuery {
    /// `open` (if absent), `done` or `all`.
    state: Option<String>,
    /// `unanswered`, `unsure`, or both if absent.
    kind: Option<String>,
    /// `newest` (if absent) or `often`.
    order: Option<String>,
    /// How many, 100 if absent.
    limit: Option<usize>,
}

/// A doubt with the title of its nearest entry.
#[derive(Serialize, ToSchema)]
struct DoubtView {
    #[serde(flatten)]
    doubt: DoubtRecord,
    /// The title of the nearest entry, if it still exists.
    nearest_title: Option<String>,
}

/// The list of doubts.
#[derive(Serialize, ToSchema)]
struct DoubtsView {
    doubts: Vec<DoubtView>,
    /// How many there are of this kind and state.
    total: usize,
    /// How many are open, of either kind.
    open: usize,
}

/// Questions that were not answered, or not surely.
#[utoipa::path(get, path = "/api/v1/desk/search/doubts", tag = "desk", params(DoubtsQuery),
    responses((status = 200, body = DoubtsView), (status = 401)))]
async fn doubts(
    State(web): State<Shared>,
    _: Signed,
    Query(wanted): Query<DoubtsQuery>,
) -> Result<Json<DoubtsView>, ApiError> {
    let mut all = web.doubts.list().await?;
    let open = all.iter().filter(|doubt| doubt.done.is_none()).count();
    all.retain(|doubt| match wanted.state.as_deref() {
        Some("all") => true,
        Some("done") => doubt.done.is_some(),
        _ => doubt.done.is_none(),
    });
    let is_unsure = |doubt: &DoubtRecord| matches!(doubt.kind.as_str(), "unsure" | "clarified");
    all.retain(|doubt| match wanted.kind.as_deref() {
        Some("unanswered") => !is_unsure(doubt),
        Some("unsure") => is_unsure(doubt),
        _ => true,
    });
    if wanted.order.as_deref() == Some("often") {
        all.sort_by_key(|doubt| std::cmp::Reverse(doubt.count));
    }
    let total = all.len();
    all.truncate(wanted.limit.unwrap_or(SHOWN).min(1_000));
    let mut doubts = Vec::with_capacity(all.len());
    for doubt in all {
        let nearest = match &doubt.nearest {
            Some(id) => web.knowledge.entry(id).await?,
            None => None,
        };
        doubts.push(DoubtView { doubt, nearest_title: nearest.map(|entry| entry.title) });
    }
    Ok(Json(DoubtsView { doubts, total, open }))
}

/// Whether a doubt is dealt with.
#[derive(Deserialize, ToSchema)]
struct MarkRequest {
    done: bool,
}

/// Marks a doubt as dealt with, or as open again.
#[utoipa::path(post, path = "/api/v1/desk/search/doubts/{id}", tag = "desk", params(("id" = String, Path)), request_body = MarkRequest,
    responses((status = 200, body = DoubtRecord), (status = 401), (status = 403), (status = 404)))]
async fn mark(
    State(web): State<Shared>,
    Office(helper): Office,
    Path(id): Path<String>,
    Body(request): Body<MarkRequest>,
) -> Result<Json<DoubtRecord>, ApiError> {
    let at = web.desk.ledger().now();
    let done = request.done.then(|| DoneRecord { by: helper.name.clone(), at });
    let marked = web.doubts.mark(&id, done).await?;
    Ok(Json(marked.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "unknown_doubt"))?))
}
