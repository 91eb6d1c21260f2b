//! The platform's methods: with the token, within its limits, and with every refusal told to the operator.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::absence::Absence;
use super::alarms;
use super::config::DingtalkSettings;
use super::fault::{Fault, Kind, judge};
use super::wire::{number, text};
use crate::token::{Fresh, Tokens};
use crate::{Alarms, Kit, Now};

/// How long one call may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a file may take.
pub(super) const FILE_PATIENCE: Duration = Duration::from_secs(60);
/// The longest pause after being too fast.
const LONGEST_PAUSE: Duration = Duration::from_secs(64);

/// What a call belongs to: its refusals are the same alarm.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// Messages.
    Send,
    /// Cards.
    Card,
    /// Files, either way.
    File,
    /// Where members of the company work.
    Staff,
    /// Who opens a page of ours.
    Visitor,
    /// Tokens and connections.
    Access,
}

impl Family {
    fn permission_alarm(self) -> &'static str {
        match self {
            Self::Send => alarms::SEND_REFUSED,
            Self::Card => alarms::CARD_REFUSED,
            Self::File => alarms::FILE_REFUSED,
            Self::Staff => alarms::STAFF_REFUSED,
            Self::Visitor => alarms::VISITOR_REFUSED,
            Self::Access => alarms::SECRET_REFUSED,
        }
    }
}

/// When the platform wants to be left alone.
#[derive(Default)]
struct Gate {
    until: Option<Timestamp>,
    /// How often in a row we were too fast.
    streak: u32,
}

/// The platform's methods.
pub struct Api {
    /// The program's HTTP client.
    pub(super) http: reqwest::Client,
    /// What is wrong at present.
    pub(super) alarms: Alarms,
    now: Now,
    client_id: String,
    client_secret: SecretString,
    api_base: String,
    oapi_base: String,
    tokens: Tokens,
    gate: Mutex<Gate>,
    /// Whether the last call met a certificate that is not believed.
    distrusts: AtomicBool,
    absence: Absence,
}

impl Api {
    /// Builds it from what the channel was given.
    pub fn new(kit: &Kit, settings: &DingtalkSettings) -> Self {
        Self {
            http: kit.http.clone(),
            alarms: kit.alarms.clone(),
            now: Arc::clone(&kit.now),
            client_id: settings.client_id.clone(),
            client_secret: settings.client_secret.clone(),
            api_base: settings.api_base.clone(),
            oapi_base: settings.oapi_base.clone(),
            tokens: Tokens::new(Arc::clone(&kit.notes), Arc::clone(&kit.now), None),
            gate: Mutex::default(),
            distrusts: AtomicBool::new(false),
            absence: Absence::default(),
        }
    }

    /// Calls one of the newer methods; `path` begins with a slash.
    ///
    /// # Errors
    /// The refusal, after one more try with another token where the first was refused.
    pub async fn call(
        &self,
        family: Family,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, Fault> {
        let url = format!("{}{path}", self.api_base);
        let request = |token: &str| {
            let request =
                self.http.request(method.clone(), &url).header("x-acs-dingtalk-access-token", token);
            request.header("accept", "application/json").json(body).timeout(PATIENCE)
        };
        self.with_token(family, path, request).await
    }

    /// Asks one of the newer methods.
    ///
    /// # Errors
    /// The refusal, as for [`Api::call`].
    pub async fn ask(&self, family: Family, path: &str, query: &[(&str, &str)]) -> Result<Value, Fault> {
        let url = format!("{}{path}", self.api_base);
        let request = |token: &str| {
            let request = self.http.get(&url).query(query).header("x-acs-dingtalk-access-token", token);
            request.header("accept", "application/json").timeout(PATIENCE)
        };
        self.with_token(family, path, request).await
    }

    /// Exchanges the code that a person came back with for the person's own token.
    ///
    /// # Errors
    /// The refusal. A code holds for five minutes, and once.
    pub async fn user_token(&self, code: &str) -> Result<String, Fault> {
        const PATH: &str = "/v1.0/oauth2/userAccessToken";
        self.admit()?;
        let body = json!({
            "clientId": self.client_id,
            "clientSecret": self.client_secret.expose_secret(),
            "code": code,
            "grantType": "authorization_code",
        });
        let request = self.http.post(format!("{}{PATH}", self.api_base)).header("accept", "application/json");
        let sent = request.json(&body).timeout(PATIENCE).send().await;
        let answer = self.learn(PATH, Family::Visitor, read(sent).await, false)?;
        text(&answer, "accessToken").ok_or_else(|| Fault::new(Kind::Away, "an answer without accessToken"))
    }

    /// Calls one of the newer methods in the name of a person.
    ///
    /// # Errors
    /// The refusal.
    pub async fn as_user(&self, token: &str, method: Method, path: &str) -> Result<Value, Fault> {
        self.admit()?;
        let request = self.http.request(method, format!("{}{path}", self.api_base));
        let request =
            request.header("x-acs-dingtalk-access-token", token).header("accept", "application/json");
        let sent = request.timeout(PATIENCE).send().await;
        self.learn(path, Family::Visitor, read(sent).await, false)
    }

    /// Calls one of the older methods, whose token stands in the address.
    ///
    /// # Errors
    /// The refusal, as for [`Api::call`].
    pub async fn call_old(&self, family: Family, path: &str, body: &Value) -> Result<Value, Fault> {
        let url = format!("{}{path}", self.oapi_base);
        let request =
            |token: &str| self.http.post(&url).query(&[("access_token", token)]).json(body).timeout(PATIENCE);
        self.with_token(family, path, request).await
    }

    /// Uploads a file to one of the older methods.
    ///
    /// # Errors
    /// The refusal.
    pub async fn upload(
        &self,
        kind: &str,
        name: &str,
        mime: &str,
        data: bytes::Bytes,
    ) -> Result<Value, Fault> {
        let request = |token: &str| {
            let part = || reqwest::multipart::Part::stream(data.clone()).file_name(name.to_owned());
            // A type that cannot be read is left to the platform to guess.
            let part = part().mime_str(mime).unwrap_or_else(|_| part());
            let form = reqwest::multipart::Form::new().part("media", part);
            let url = format!("{}/media/upload", self.oapi_base);
            let query = [("access_token", token), ("type", kind)];
            self.http.post(url).query(&query).multipart(form).timeout(FILE_PATIENCE)
        };
        self.with_token(Family::File, "/media/upload", request).await
    }

    /// Sends to a chat's session webhook, which takes no token.
    ///
    /// # Errors
    /// The refusal.
    pub async fn post_session(&self, url: &str, body: &Value) -> Result<Value, Fault> {
        self.admit()?;
        if !self.is_trusted(url) {
            return Err(Fault::new(Kind::Session, "the session webhook is not at the platform"));
        }
        let sent = self.http.post(url).json(body).timeout(PATIENCE).send().await;
        let result = read(sent).await;
        self.learn("sessionWebhook", Family::Send, result, false)
    }

    /// Tries whether the platform gives a token.
    ///
    /// # Errors
    /// The refusal.
    pub async fn try_token(&self) -> Result<(), Fault> {
        self.tokens.get(None, |_| self.fetch_token()).await.map(drop)
    }

    /// Opens a connection for the stream, or registers anything else that is signed with the secret itself.
    ///
    /// # Errors
    /// The refusal.
    pub async fn open(&self, body: &Value) -> Result<Value, Fault> {
        self.admit()?;
        let url = format!("{}/v1.0/gateway/connections/open", self.api_base);
        let sent = self
            .http
            .post(url)
            .header("accept", "application/json")
            .json(body)
            .timeout(PATIENCE)
            .send()
            .await;
        self.learn("/v1.0/gateway/connections/open", Family::Access, read(sent).await, true)
    }

    /// The application's id and secret, for the request that opens a connection.
    pub fn credentials(&self) -> (&str, &str) {
        (&self.client_id, self.client_secret.expose_secret())
    }

    /// Whether an address that came with a message is the platform's. Messages of the webhook are signed by time only,
    /// so a copied signature must not make us write elsewhere.
    fn is_trusted(&self, url: &str) -> bool {
        let (Ok(url), Ok(own)) = (reqwest::Url::parse(url), reqwest::Url::parse(&self.oapi_base)) else {
            return false;
        };
        url.origin() == own.origin()
            || url.scheme() == "https" && url.host_str().is_some_and(|host| host.ends_with(".dingtalk.com"))
    }

    async fn with_token(
        &self,
        family: Family,
        path: &str,
        request: impl Fn(&str) -> reqwest::RequestBuilder,
    ) -> Result<Value, Fault> {
        self.admit()?;
        let token = self.tokens.get(None, |_| self.fetch_token()).await?;
        let first = read(request(&token).send().await).await;
        let result = match first {
            Err(fault) if fault.kind == Kind::Token => {
                let another = self.tokens.get(Some(&token), |_| self.fetch_token()).await?;
                read(request(&another).send().await).await
            }
            other => other,
        };
        // Several methods make up where somebody works, and each has a permission of its own: one that is granted must not
        // end the alarm of another. Whoever asks them all ends it.
        self.learn(path, family, result, !matches!(family, Family::Staff | Family::Visitor))
    }

    async fn fetch_token(&self) -> Result<Fresh, Fault> {
        let url = format!("{}/v1.0/oauth2/accessToken", self.api_base);
        let body = json!({ "appKey": self.client_id, "appSecret": self.client_secret.expose_secret() });
        let sent = self
            .http
            .post(url)
            .header("accept", "application/json")
            .json(&body)
            .timeout(PATIENCE)
            .send()
            .await;
        let answer = self.learn("/v1.0/oauth2/accessToken", Family::Access, read(sent).await, true)?;
        let token = text(&answer, "accessToken")
            .ok_or_else(|| Fault::new(Kind::Away, "an answer without accessToken"))?;
        Ok(Fresh { token, seconds: number(&answer, "expireIn").unwrap_or(0) })
    }

    /// Refuses at once while the platform wants to be left alone: calling on would only prolong it.
    fn admit(&self) -> Result<(), Fault> {
        let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(until) = gate.until else { return Ok(()) };
        let left = until.duration_since((self.now)());
        if left.is_positive() {
            return Err(
                Fault::new(Kind::TooFast, "waiting, as the platform asked").after(left.unsigned_abs())
            );
        }
        Ok(())
    }

    /// Draws the conclusions from an answer: the gate, the alarms, and how long to wait.
    fn learn(
        &self,
        place: &str,
        family: Family,
        result: Result<Value, Fault>,
        clears: bool,
    ) -> Result<Value, Fault> {
        match &result {
            Err(fault) if fault.kind == Kind::Away => {
                let reason = format!("{place}: {}", fault.code);
                self.absence.unanswered(place, &reason, (self.now)(), &self.alarms);
            }
            _ => self.absence.answered(place, (self.now)(), &self.alarms),
        }
        let fault = match result {
            Ok(answer) => {
                self.open_gate();
                if self.distrusts.swap(false, Ordering::Relaxed) {
                    self.alarms.clear(alarms::CERTIFICATE_REFUSED);
                }
                if clears {
                    self.alarms.clear(family.permission_alarm());
                }
                if clears && family == Family::Send {
                    self.alarms.clear(alarms::ROBOT_REFUSED);
                    self.alarms.clear(alarms::MESSAGE_REFUSED);
                }
                return Ok(answer);
            }
            Err(fault) => fault.at(place),
        };
        match fault.kind {
            Kind::TooFast | Kind::Blocked => {
                let delay = self.close_gate(fault.retry_after);
                self.alarms.raise(alarms::THROTTLED, fault.code.clone());
                return Err(fault.after(delay));
            }
            Kind::Certificate => {
                self.distrusts.store(true, Ordering::Relaxed);
                self.alarms.raise(alarms::CERTIFICATE_REFUSED, fault.code.clone());
            }
            Kind::Permission => self.alarms.raise(family.permission_alarm(), fault.code.clone()),
            Kind::Secret => self.alarms.raise(alarms::SECRET_REFUSED, fault.code.clone()),
            Kind::Robot => self.alarms.raise(alarms::ROBOT_REFUSED, fault.code.clone()),
            Kind::Unknown if family == Family::Access => {
                self.alarms.raise(alarms::SECRET_REFUSED, fault.code.clone());
            }
            Kind::Unknown if family == Family::Card => {
                self.alarms.raise(alarms::CARD_REFUSED, fault.code.clone());
            }
            Kind::Unknown if family == Family::Send && clears => {
                self.alarms.raise(alarms::MESSAGE_REFUSED, fault.code.clone());
            }
            _ => {}
        }
        Err(fault)
    }

    fn open_gate(&self) {
        let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        if gate.streak > 0 {
            *gate = Gate::default();
            self.alarms.clear(alarms::THROTTLED);
        }
    }

    /// Nothing is sent for 1, 2, 4 … s, or for as long as the platform said. Returns how long.
    fn close_gate(&self, asked: Option<Duration>) -> Duration {
        let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let own = Duration::from_secs(1_u64 << gate.streak.min(6)).min(LONGEST_PAUSE);
        gate.streak = gate.streak.saturating_add(1);
        let delay = asked.unwrap_or(own);
        let until =
            jiff::SignedDuration::try_from(delay).ok().and_then(|delay| (self.now)().checked_add(delay).ok());
        gate.until = gate.until.max(until);
        delay
    }
}

async fn read(sent: reqwest::Result<reqwest::Response>) -> Result<Value, Fault> {
    let response = sent?;
    let status = response.status().as_u16();
    let body = response.text().await?;
    judge(status, &body)
}
