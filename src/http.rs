//! The HTTP side: routes, who may call them, and how errors look.
//!
//! [`router`] is the map of all addresses. Each area has its own file; [`error`] says how problems are printed,
//! [`auth`] who is asking, [`limits`] how often.

pub mod ask;
pub mod assets;
pub mod assist;
pub mod auth;
pub mod channels;
pub mod desk;
pub mod error;
pub mod extract;
pub mod files;
pub mod health;
pub mod knowledge;
pub mod known;
pub mod limits;
pub mod live;
pub mod login;
pub mod me;
pub mod models;
pub mod search;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use adapters::Inbox;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::{from_fn, from_fn_with_state};
use secrecy::SecretString;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{Any, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::assist::Assist;
use crate::desk::Desk;
use crate::gateway::Gateway;
use crate::identity::Identities;
use crate::records::Doubts;
use crate::retrieval::Knowledge;
use crate::retrieval::trial::Trials;
use crate::telemetry::Metrics;

/// How much longer than other bodies an import may be.
const IMPORT_FACTOR: usize = 512;

/// What the HTTP side is told by the configuration.
pub struct HttpSettings {
    /// The longest body, in bytes.
    pub body_bytes: usize,
    /// The largest file, in bytes.
    pub file_bytes: usize,
    /// Requests a minute from one address; 0 is unlimited.
    pub per_address: u32,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: usize,
    /// Whether cookies go over TLS only.
    pub secure_cookies: bool,
    /// The token by which programs change the knowledge.
    pub api_token: Option<SecretString>,
    /// How long `ask` waits for an answer.
    pub patience: Duration,
    /// Where citizens reach this server, if that is configured.
    pub public_url: Option<String>,
    /// What the page is called, Chinese and English.
    pub city: (String, String),
    /// Whether the demo knowledge is served.
    pub demo: bool,
}

/// What the handlers work with.
pub struct Web {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) inbox: Inbox,
    pub(crate) desk: Arc<Desk>,
    pub(crate) knowledge: Knowledge,
    pub(crate) doubts: Arc<Doubts>,
    pub(crate) trials: Arc<Trials>,
    pub(crate) identities: Option<Arc<Identities>>,
    pub(crate) models: Option<models::Look>,
    pub(crate) assist: Option<Arc<Assist>>,
    pub(crate) metrics: Metrics,
    pub(crate) settings: HttpSettings,
    pub(crate) problems: error::Problems,
    pub(crate) alarms: channels::AlarmWords,
    /// The configured channels and their types.
    pub(crate) channel_types: BTreeMap<String, String>,
    pub(crate) limiter: limits::AddressLimiter,
    pub(crate) stop: tokio_util::sync::CancellationToken,
}

type Shared = Arc<Web>;

#[derive(OpenApi)]
#[openapi(
    info(title = "一口问 yikouwen", description = "Ask once, in one place: answers with sources, or a person.", license(name = "MIT OR Apache-2.0")),
    tags((name = "public", description = "For citizens and programs"), (name = "desk", description = "For helpers, after login"), (name = "citizen", description = "For citizens, after login"), (name = "knowledge", description = "For the office that keeps the knowledge"))
)]
struct ApiDoc;

/// All routes.
pub fn router(web: Shared) -> Router {
    let anyone = CorsLayer::new().allow_origin(Any).allow_methods([Method::GET]);
    let public =
        OpenApiRouter::new().routes(routes!(ask::suggest)).routes(routes!(ask::site)).layer(anyone.clone());
    let asking = OpenApiRouter::new()
        .routes(routes!(ask::ask))
        .layer(from_fn_with_state(Arc::clone(&web), limits::per_address));
    let entries = OpenApiRouter::new()
        .routes(routes!(knowledge::get, knowledge::put, knowledge::delete))
        .layer(anyone.clone());
    let import = OpenApiRouter::new()
        .routes(routes!(knowledge::import))
        .layer(DefaultBodyLimit::max(web.settings.body_bytes.saturating_mul(IMPORT_FACTOR)));
    let desk = OpenApiRouter::new()
        .routes(routes!(desk::login))
        .routes(routes!(desk::logout))
        .routes(routes!(desk::me))
        .routes(routes!(desk::password))
        .routes(routes!(desk::queue))
        .routes(routes!(desk::conversation))
        .routes(routes!(desk::enterprise))
        .routes(routes!(desk::claim))
        .routes(routes!(desk::send))
        .routes(routes!(desk::release))
        .routes(routes!(desk::close))
        .routes(routes!(desk::typing))
        .routes(routes!(desk::reveal))
        .routes(routes!(desk::reveals))
        .routes(routes!(channels::list))
        .routes(routes!(files::read))
        .routes(routes!(live::live))
        .routes(routes!(assist::begin, assist::list))
        .routes(routes!(assist::end))
        .routes(routes!(assist::audit))
        .routes(routes!(assist::helper))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(files::send))
                .layer(DefaultBodyLimit::max(web.settings.file_bytes.saturating_add(files::FORM_BYTES))),
        )
        .layer(from_fn(auth::same_site));
    let citizen = OpenApiRouter::new()
        .routes(routes!(me::me, me::forget))
        .routes(routes!(me::conversation))
        .routes(routes!(me::unlink))
        .routes(routes!(me::logout))
        .routes(routes!(login::send))
        .routes(routes!(login::view))
        .routes(routes!(login::consent))
        .routes(routes!(login::callback))
        .layer(from_fn(auth::same_site))
        .layer(from_fn_with_state(Arc::clone(&web), limits::per_address));
    let shared = OpenApiRouter::new()
        .routes(routes!(assist::open))
        .routes(routes!(assist::citizen))
        .layer(assist::forms_only(&web))
        .layer(from_fn_with_state(Arc::clone(&web), limits::per_address));
    let known = OpenApiRouter::new()
        .routes(routes!(known::leave))
        .routes(routes!(known::back))
        .layer(from_fn(auth::same_site))
        .layer(from_fn_with_state(Arc::clone(&web), limits::per_address));
    let search = search::router(web.settings.body_bytes).layer(from_fn(auth::same_site));
    let api = OpenApiRouter::with_openapi(ApiDoc::openapi())
        .merge(public)
        .merge(asking)
        .merge(entries)
        .merge(import)
        .merge(desk)
        .merge(citizen)
        .merge(shared)
        .merge(known)
        .merge(search);
    let (api, description) = api.split_for_parts();
    let description: Arc<str> = description.to_json().unwrap_or_default().into();
    let mut routes = Router::new()
        .merge(api)
        .route("/api/openapi.json", axum::routing::get(move || health::openapi(description)))
        .merge(health::router())
        .merge(assets::router(anyone))
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed);
    for channel in web.gateway.channels() {
        let path = format!("/channels/{}", channel.id());
        let mut own = Router::new().nest(&path, Arc::clone(channel).routes(web.inbox.clone()));
        if !channel.called_by_platform() {
            own = own.layer(from_fn_with_state(Arc::clone(&web), limits::per_address));
        }
        routes = routes.merge(own.with_state(()));
    }
    routes
        .layer(DefaultBodyLimit::max(web.settings.body_bytes))
        .layer(from_fn_with_state(Arc::clone(&web), limits::body_length))
        .layer(from_fn_with_state(Arc::clone(&web), error::localise))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(CompressionLayer::new())
        .layer(header("x-content-type-options", "nosniff"))
        .layer(header("referrer-policy", "strict-origin-when-cross-origin"))
        .with_state(web)
}

fn header(name: &'static str, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
}
