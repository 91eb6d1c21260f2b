//! The public interface: one question, what the citizen may be typing, and what the page is called.

#![expect(unused_qualifications, reason = "the macro that describes the interface writes paths in full")]

use adapters::{Audience, ChannelId, Content, Inbound, Locale, Outbound, Peer, SubmitError};
use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Shared;
use super::error::{ApiError, prefers_english};
use super::extract::Body;
use crate::dialogue::{Outcome, Phrase};
use crate::records::message::{ChoiceRecord, CitationRecord};

/// The channel that questions over this interface come by.
const CHANNEL: &str = "api";

/// A question.
#[derive(Deserialize, ToSchema)]
pub struct AskRequest {
    /// The words.
    question: String,
    /// The place asked about: a 行政区划 code or name.
    region: Option<String>,
    /// For whom: `citizen` or `enterprise`. Absent: for both.
    audience: Option<AudienceName>,
    /// The conversation to go on with, from an earlier answer.
    conversation: Option<String>,
}

/// For whom a question is asked.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AudienceName {
    /// 群众
    Citizen,
    /// 企业
    Enterprise,
}

impl From<AudienceName> for Audience {
    fn from(name: AudienceName) -> Self {
        match name {
            AudienceName::Citizen => Self::Citizen,
            AudienceName::Enterprise => Self::Enterprise,
        }
    }
}

/// An answer.
#[derive(Serialize, ToSchema)]
pub struct AskReply {
    /// Markdown with marks `[n]`.
    answer: String,
    /// The sources, by their marks.
    citations: Vec<CitationRecord>,
    /// `answered`, `clarify`, `guide`, `no_answer`, `handoff` or `emergency`.
    outcome: String,
    /// What may be chosen from; send a key as the next question.
    choices: Vec<ChoiceRecord>,
    /// The confidence of the best evidence, 0 to 1.
    confidence: Option<f32>,
    /// The conversation's id.
    conversation: String,
    /// Where the conversation stands.
    stage: String,
    /// The place in the queue.
    position: Option<usize>,
}

fn refused(error: &SubmitError) -> ApiError {
    let status = match error {
        SubmitError::Empty => StatusCode::UNPROCESSABLE_ENTITY,
        SubmitError::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        SubmitError::UnknownConversation | SubmitError::UnknownMessage => StatusCode::NOT_FOUND,
        SubmitError::NotNow => StatusCode::CONFLICT,
        SubmitError::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
        SubmitError::Busy { .. } | SubmitError::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    };
    let problem = ApiError::new(status, error.code());
    match error.retry_after() {
        Some(delay) => problem.retry_after(delay),
        None => problem,
    }
}

/// Asks a question: one turn through the same core, queue and transcript as every channel.
#[utoipa::path(post, path = "/api/v1/ask", tag = "public", request_body = AskRequest,
    responses((status = 200, body = AskReply), (status = 400, description = "Not JSON, or a field is missing"),
    (status = 404, description = "No such conversation"), (status = 422, description = "Empty"), (status = 429, description = "Too fast")))]
pub(super) async fn ask(
    State(web): State<Shared>,
    headers: HeaderMap,
    Body(request): Body<AskRequest>,
) -> Result<Json<AskReply>, ApiError> {
    let unknown = || ApiError::new(StatusCode::NOT_FOUND, "unknown_conversation");
    let address = match &request.conversation {
        None => Uuid::new_v4().simple().to_string(),
        Some(id) => {
            let found = web.gateway.ledger().conversation(id).await?;
            // Conversations of other channels belong to the citizens there.
            found.filter(|record| record.channel == CHANNEL).ok_or_else(unknown)?.address
        }
    };
    let inbound = Inbound {
        id: Uuid::now_v7().to_string(),
        peer: Peer { channel: ChannelId::new(CHANNEL), address },
        content: Content::Text { text: request.question },
        locale: if prefers_english(&headers) { Locale::En } else { Locale::Zh },
        region: request.region,
        audience: request.audience.map(Audience::from),
        received_at: web.gateway.ledger().now(),
    };
    let ticket = web.inbox.submit(inbound).await.map_err(|error| refused(&error))?;
    let conversation = ticket.accepted.conversation.clone();
    let Some(replies) = ticket.reply_within(web.settings.patience).await else {
        return Err(
            ApiError::new(StatusCode::GATEWAY_TIMEOUT, "still_working").with("conversation", conversation)
        );
    };
    let record = web.gateway.ledger().conversation(&conversation).await?.ok_or_else(unknown)?;
    let state = web.gateway.state(&record).await?;
    Ok(Json(reply(&web, conversation, state, replies, &record).await?))
}

async fn reply(
    web: &Shared,
    conversation: String,
    state: adapters::State,
    replies: Vec<Outbound>,
    record: &crate::records::ConversationRecord,
) -> Result<AskReply, ApiError> {
    // A channel's message is the stored one without what only helpers see; here that is wanted, too. The words are the
    // channel's: in them the citizen's own data stands where the stored ones have labels.
    let mut answered = None;
    if let Some(shown) = replies.into_iter().next() {
        let stored = web.gateway.ledger().message(&conversation, &shown.id).await?;
        answered = stored.map(|stored| (shown.text, stored));
    }
    let Some((answer, message)) = answered else {
        // The words went to a person; nobody else answers.
        let answer = web.gateway.engine().phrases().get(Phrase::PassedOn, record.locale()).to_owned();
        return Ok(AskReply {
            answer,
            citations: Vec::new(),
            outcome: Outcome::Handoff.name().to_owned(),
            choices: Vec::new(),
            confidence: None,
            conversation,
            stage: state.stage,
            position: state.position,
        });
    };
    Ok(AskReply {
        answer,
        citations: message.citations,
        outcome: message.outcome.unwrap_or_else(|| Outcome::Answered.name().to_owned()),
        choices: message.choices,
        confidence: message.confidence,
        conversation,
        stage: state.stage,
        position: state.position,
    })
}

/// What to complete.
#[derive(Deserialize, IntoParams)]
pub struct SuggestQuery {
    /// What has been typed.
    #[serde(default)]
    q: String,
    /// How many suggestions, at most 20.
    limit: Option<usize>,
}

/// A suggestion.
#[derive(Serialize, ToSchema)]
pub struct SuggestionView {
    /// The question.
    text: String,
    /// The entry it belongs to.
    id: String,
    /// The entry's kind.
    kind: String,
}

/// The suggestions.
#[derive(Serialize, ToSchema)]
pub struct Suggestions {
    /// Best first.
    suggestions: Vec<SuggestionView>,
}

/// Completes what the citizen is typing.
#[utoipa::path(get, path = "/api/v1/suggest", tag = "public", params(SuggestQuery), responses((status = 200, body = Suggestions)))]
pub(super) async fn suggest(
    State(web): State<Shared>,
    Query(query): Query<SuggestQuery>,
) -> Result<Json<Suggestions>, ApiError> {
    const LONGEST: usize = 60;
    let limit = query.limit.unwrap_or(6).min(20);
    let typed = query.q.trim();
    if typed.is_empty() || typed.chars().count() > LONGEST || limit == 0 {
        return Ok(Json(Suggestions { suggestions: Vec::new() }));
    }
    let found = web.knowledge.suggest(typed, limit).await?;
    let suggestions = found
        .into_iter()
        .map(|suggestion| SuggestionView {
            text: suggestion.text,
            id: suggestion.id.as_ref().to_owned(),
            kind: suggestion.kind.as_str().to_owned(),
        })
        .collect();
    Ok(Json(Suggestions { suggestions }))
}

/// A text in both languages.
#[derive(Serialize, ToSchema)]
pub struct Both {
    /// Chinese.
    pub(super) zh: String,
    /// English.
    pub(super) en: String,
}

/// Questions to begin with, in both languages.
#[derive(Serialize, ToSchema)]
pub struct Starters {
    zh: Vec<String>,
    en: Vec<String>,
}

/// What the first screen shows.
#[derive(Serialize, ToSchema)]
pub struct SiteView {
    /// The city's name.
    name: String,
    /// The same in English.
    name_en: String,
    /// Whether the content is a demonstration.
    demo: bool,
    /// The first words.
    greeting: Both,
    /// Questions to begin with.
    starters: Starters,
    /// That a machine writes the answers.
    ai_label: Both,
    /// Citizens' login, if there is one.
    login: Option<LoginOffer>,
}

/// Citizens' login.
#[derive(Serialize, ToSchema)]
pub struct LoginOffer {
    /// What the provider is called.
    label: Both,
}

/// What the first screen shows.
#[utoipa::path(get, path = "/api/v1/site", tag = "public", responses((status = 200, body = SiteView)))]
pub(super) async fn site(State(web): State<Shared>) -> Json<SiteView> {
    use crate::dialogue::Locale::{En, Zh};
    let phrases = web.gateway.engine().phrases();
    let both =
        |phrase| Both { zh: phrases.get(phrase, Zh).to_owned(), en: phrases.get(phrase, En).to_owned() };
    let lines = |locale| {
        let text = phrases.get(Phrase::Starters, locale);
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    Json(SiteView {
        name: web.settings.city.0.clone(),
        name_en: web.settings.city.1.clone(),
        demo: web.settings.demo,
        greeting: both(Phrase::Greeting),
        starters: Starters { zh: lines(Zh), en: lines(En) },
        ai_label: both(Phrase::AiLabel),
        login: web.identities.as_ref().map(|identities| {
            let (zh, en) = identities.settings().label.clone();
            LoginOffer { label: Both { zh, en } }
        }),
    })
}

/// The channel behind this interface: whoever asks waits for the answer, so there is nothing to push.
pub struct ApiChannel(ChannelId);

impl Default for ApiChannel {
    fn default() -> Self {
        Self(ChannelId::new(CHANNEL))
    }
}

#[async_trait::async_trait]
impl adapters::Channel for ApiChannel {
    fn id(&self) -> &ChannelId {
        &self.0
    }

    /// Whoever knows the id of a conversation may go on with it, so nobody logs in there.
    fn is_private(&self, _peer: &Peer) -> bool {
        false
    }

    fn routes(self: std::sync::Arc<Self>, _inbox: adapters::Inbox) -> axum::Router {
        axum::Router::new()
    }

    async fn deliver(
        &self,
        _to: &Peer,
        _reply: &Outbound,
    ) -> Result<adapters::Delivered, adapters::ChannelError> {
        // The reply is in the thread, where the waiting request reads it.
        Ok(adapters::Delivered { platform_id: None })
    }
}
