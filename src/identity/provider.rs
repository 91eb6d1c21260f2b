//! The provider of identities, over OpenID Connect: discovery, the address of its login page, and what it says of whoever
//! comes back. Protocol, signatures and nonces are the `openidconnect` crate's.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod, CoreErrorResponseType,
    CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
    CoreProviderMetadata, CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse,
    CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse,
    IdTokenFields, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, StandardErrorResponse, StandardTokenResponse, TokenResponse, UserInfoClaims,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::RwLock;
use tokio::time::Instant;

/// How long what the provider says of itself is believed. Keys change more seldom, and an unknown key asks again.
const BELIEVED: Duration = Duration::from_secs(3_600);

/// The longest answer of a provider, in bytes.
const LONGEST: usize = 1024 * 1024;

/// What the configuration says of the provider.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// Its issuer, under which `/.well-known/openid-configuration` is found.
    pub issuer: String,
    /// By what it knows us.
    pub client_id: String,
    /// What proves it.
    pub client_secret: Option<SecretString>,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// The claim that holds the name.
    pub name_claim: String,
    /// Where it sends people back to.
    pub redirect: String,
}

/// Why the provider was of no use.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// It could not be reached, or did not answer like a provider.
    #[error("the provider of identities cannot be used: {0}")]
    Unreachable(String),
    /// It did not accept the code, or what it answered proves nothing.
    #[error("the provider's answer was refused: {0}")]
    Refused(String),
    /// A setting cannot be used.
    #[error("[login] {0}")]
    Misconfigured(String),
}

/// A way to the provider's login page.
pub struct Departure {
    /// The address to go to.
    pub url: String,
    /// What has to stand in the identity token.
    pub nonce: String,
    /// What proves that the code was given to us (RFC 7636).
    pub verifier: String,
}

/// Who came back.
#[derive(Debug)]
pub struct Arrival {
    /// The provider's name of the person, which never changes.
    pub subject: String,
    /// The person's name.
    pub name: Option<String>,
}

/// Claims that are no standard ones.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Others(serde_json::Map<String, serde_json::Value>);

impl AdditionalClaims for Others {}

type Fields = IdTokenFields<
    Others,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

type Client = openidconnect::Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The provider of identities.
pub struct Provider {
    settings: ProviderSettings,
    issuer: IssuerUrl,
    redirect: RedirectUrl,
    carrier: Carrier,
    known: RwLock<Option<(Instant, Arc<CoreProviderMetadata>)>>,
}

impl Provider {
    /// A provider; nothing is asked of it yet. `http` must not follow redirects: an answer is the provider's own.
    ///
    /// # Errors
    /// When an address of the settings is none.
    pub fn new(settings: ProviderSettings, http: reqwest::Client) -> Result<Self, ProviderError> {
        let bad = |what: &str| ProviderError::Misconfigured(format!("{what} is not an address"));
        let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(|_| bad("issuer"))?;
        let redirect = RedirectUrl::new(settings.redirect.clone()).map_err(|_| bad("[server] public_url"))?;
        Ok(Self { settings, issuer, redirect, carrier: Carrier(http), known: RwLock::new(None) })
    }

    /// Its issuer, as configured.
    pub fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    /// Whether the provider can be reached and speaks OpenID Connect, asked anew.
    ///
    /// # Errors
    /// What is wrong.
    pub async fn try_out(&self) -> Result<(), ProviderError> {
        self.metadata(true).await.map(drop)
    }

    /// What the provider says of itself.
    async fn metadata(&self, anew: bool) -> Result<Arc<CoreProviderMetadata>, ProviderError> {
        if !anew
            && let Some((at, metadata)) = &*self.known.read().await
            && at.elapsed() < BELIEVED
        {
            return Ok(Arc::clone(metadata));
        }
        let found = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.carrier).await;
        let found = Arc::new(found.map_err(|error| ProviderError::Unreachable(chain(&error)))?);
        *self.known.write().await = Some((Instant::now(), Arc::clone(&found)));
        Ok(found)
    }

    fn client(&self, metadata: &CoreProviderMetadata) -> Client {
        let settings = &self.settings;
        let secret = settings.client_secret.as_ref();
        let client = Client::from_provider_metadata(
            metadata.clone(),
            ClientId::new(settings.client_id.clone()),
            secret.map(|secret| ClientSecret::new(secret.expose_secret().to_owned())),
        );
        // Basic authentication is what a provider takes that says nothing (OpenID Connect Discovery 1.0, section 3).
        let methods = metadata.token_endpoint_auth_methods_supported();
        let takes = |method| methods.is_some_and(|methods| methods.contains(&method));
        let in_body =
            takes(CoreClientAuthMethod::ClientSecretPost) && !takes(CoreClientAuthMethod::ClientSecretBasic);
        let auth = if in_body { AuthType::RequestBody } else { AuthType::BasicAuth };
        client.set_redirect_uri(self.redirect.clone()).set_auth_type(auth)
    }

    /// The way to the login page. `state` comes back with whoever logged in; `again` asks even those who are logged in there.
    ///
    /// # Errors
    /// When the provider cannot be reached.
    pub async fn depart(&self, state: String, again: bool) -> Result<Departure, ProviderError> {
        let metadata = self.metadata(false).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let client = self.client(&metadata);
        let mut request = client.authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            || CsrfToken::new(state),
            Nonce::new_random,
        );
        for scope in &self.settings.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        if again {
            request = request.add_prompt(CoreAuthPrompt::Login);
        }
        let (url, _, nonce) = request.set_pkce_challenge(challenge).url();
        Ok(Departure { url: url.into(), nonce: nonce.secret().clone(), verifier: verifier.into_secret() })
    }

    /// Who it is that came back with this code.
    ///
    /// # Errors
    /// When the provider cannot be reached, or what it says does not hold.
    pub async fn arrive(
        &self,
        code: String,
        verifier: String,
        nonce: String,
    ) -> Result<Arrival, ProviderError> {
        let metadata = self.metadata(false).await?;
        let client = self.client(&metadata);
        let refused = |what: &str| ProviderError::Refused(what.to_owned());
        let answer = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|_| refused("it names no token endpoint"))?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request_async(&self.carrier)
            .await
            .map_err(|error| match error {
                RequestTokenError::Request(error) => ProviderError::Unreachable(chain(&error)),
                // The provider's own words may hold what must not be logged, so only their kind is passed on.
                RequestTokenError::ServerResponse(answer) => refused(answer.error().as_ref()),
                other => ProviderError::Unreachable(chain(&other)),
            })?;
        let token = answer.id_token().ok_or_else(|| refused("it sent no identity token"))?;
        let nonce = Nonce::new(nonce);
        let mut claims = token.claims(&client.id_token_verifier(), &nonce).cloned();
        if claims.is_err() {
            // The keys may have changed since they were read.
            let client = self.client(&*self.metadata(true).await?);
            claims = token.claims(&client.id_token_verifier(), &nonce).cloned();
        }
        let claims = claims.map_err(|error| ProviderError::Refused(chain(&error)))?;
        let standard = claims.name().and_then(|name| name.get(None)).map(|name| name.as_str().to_owned());
        let mut name = self.named(standard, &claims.additional_claims().0);
        if name.is_none()
            && let Ok(request) =
                client.user_info(answer.access_token().clone(), Some(claims.subject().clone()))
        {
            // A name is a courtesy: whoever has none is still known.
            let told: Result<UserInfoClaims<Others, CoreGenderClaim>, _> =
                request.request_async(&self.carrier).await;
            match told {
                Ok(told) => {
                    let standard = told.name().and_then(|name| name.get(None));
                    let standard = standard.map(|name| name.as_str().to_owned());
                    name = self.named(standard, &told.additional_claims().0);
                }
                Err(error) => tracing::warn!(error = chain(&error), "the provider told no name"),
            }
        }
        Ok(Arrival { subject: claims.subject().as_str().to_owned(), name })
    }

    fn named(
        &self,
        standard: Option<String>,
        others: &serde_json::Map<String, serde_json::Value>,
    ) -> Option<String> {
        let other = || others.get(&self.settings.name_claim)?.as_str().map(str::to_owned);
        let name = if self.settings.name_claim == "name" { standard.or_else(other) } else { other() };
        name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty())
    }
}

/// Carries the library's requests with the program's own client.
struct Carrier(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Carrier {
    type Error = Carried;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Carried>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let mut answer = self.0.execute(request.try_into()?).await?;
            let mut response = HttpResponse::new(Vec::new());
            *response.status_mut() = answer.status();
            *response.headers_mut() = answer.headers().clone();
            while let Some(piece) = answer.chunk().await? {
                response.body_mut().extend_from_slice(&piece);
                if response.body().len() > LONGEST {
                    return Err(Carried::TooLong);
                }
            }
            Ok(response)
        })
    }
}

/// Why a request to the provider was not carried.
#[derive(Debug, thiserror::Error)]
pub enum Carried {
    /// There was no answer, or no whole one.
    #[error("the request failed")]
    Failed(#[from] reqwest::Error),
    /// The answer was longer than any provider's.
    #[error("the answer is longer than {LONGEST} bytes")]
    TooLong,
}

/// An error with its causes. Addresses are left out, because they may hold a code.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        if !text.is_empty() {
            text.push_str(": ");
        }
        let said = error.downcast_ref::<reqwest::Error>().map_or_else(
            || error.to_string(),
            |error| {
                if error.is_timeout() {
                    "no answer in time".to_owned()
                } else if error.is_connect() {
                    "no connection".to_owned()
                } else {
                    "the connection broke".to_owned()
                }
            },
        );
        text.push_str(&said);
        next = error.source();
    }
    text
}
