//! The channel's outward half: replies are pushed as signed JSON, and files are got from the hosts that were named.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::http::{HeaderMap, header};
use bytes::BytesMut;
use futures::StreamExt;
use jiff::Timestamp;

use super::config::HttpSettings;
use super::routes;
use super::sign;
use super::wire::Reply;
use crate::trust::is_distrust;
use crate::{
    Alarm, Author, Channel, ChannelError, ChannelId, Delivered, File, Inbox, Media, MediaKind, Outbound, Peer,
};

/// The other side does not answer, or with an error of its own.
const UNREACHABLE: &str = "http_unreachable";

/// The other side refuses what is pushed.
const REFUSED: &str = "http_refused";

/// How long the other side may take for one reply.
const PUSH: Duration = Duration::from_secs(10);

/// How long a file may take.
const FETCH: Duration = Duration::from_secs(60);

/// The HTTP channel.
pub struct HttpChannel {
    pub(super) settings: HttpSettings,
    /// Follows no redirects: they could lead into the house.
    http: reqwest::Client,
}

impl HttpChannel {
    /// Builds the channel.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(settings: HttpSettings) -> Result<Arc<Self>, ChannelError> {
        let http = settings
            .kit
            .trust
            .extend(reqwest::Client::builder())
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .user_agent(concat!("yikouwen/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| ChannelError::Misconfigured("the HTTP client cannot be made".to_owned()))?;
        Ok(Arc::new(Self { settings, http }))
    }

    /// Whether a file may be got from there.
    fn is_named(&self, url: &reqwest::Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let own = self.settings.deliver_url.as_ref();
        let is_own = own.is_some_and(|own| {
            own.host_str() == Some(host) && own.port_or_known_default() == url.port_or_known_default()
        });
        // Where the other side is reached without TLS, on the same machine say, its files are, too.
        let is_plain_own = is_own && own.is_some_and(|own| own.scheme() == "http");
        let is_listed = self.settings.media_hosts.iter().any(|listed| listed.eq_ignore_ascii_case(host));
        match url.scheme() {
            "https" => is_own || is_listed,
            "http" => is_plain_own,
            _ => false,
        }
    }

    async fn push(
        &self,
        url: &reqwest::Url,
        citizen: &str,
        reply: &Outbound,
    ) -> Result<Delivered, ChannelError> {
        let unavailable =
            |reason: &str, retry_after| ChannelError::Unavailable { reason: reason.to_owned(), retry_after };
        let body = serde_json::to_vec(&Reply::of(citizen, reply))
            .map_err(|_| ChannelError::Gone("the reply cannot be printed".to_owned()))?;
        let now = (self.settings.kit.now)();
        let (timestamp, signature) = self.settings.signer.sign(now, &body);
        let request = self
            .http
            .post(url.clone())
            .timeout(PUSH)
            .header(header::CONTENT_TYPE, "application/json")
            .header(sign::TIMESTAMP, timestamp)
            .header(sign::SIGNATURE, signature)
            .body(body);
        let alarms = &self.settings.kit.alarms;
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => {
                let reason = unreached(&error);
                alarms.raise(UNREACHABLE, reason);
                return Err(unavailable(reason, None));
            }
        };
        let status = answer.status().as_u16();
        let reason = format!("status {status}");
        if (500..=599).contains(&status) {
            // A proxy before a platform that is down answers so, too.
            alarms.raise(UNREACHABLE, reason.clone());
        } else {
            alarms.clear(UNREACHABLE);
        }
        match status {
            200..=299 => {
                alarms.clear(REFUSED);
                Ok(Delivered { platform_id: None })
            }
            410 => Err(ChannelError::Gone(reason)),
            408 | 425 | 429 | 500..=599 => Err(unavailable(&reason, retry_after(answer.headers(), now))),
            _ => {
                alarms.raise(REFUSED, reason.clone());
                Err(ChannelError::Misconfigured(reason))
            }
        }
    }
}

/// Why the other side did not answer, without its address, in which a secret may stand.
fn unreached(error: &reqwest::Error) -> &'static str {
    if is_distrust(error) {
        "its certificate is of an authority that is not trusted; see [server] extra_ca"
    } else if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    }
}

/// The longest that the other side may ask to be left alone; a slip of its would else hold replies back for years.
const LONGEST_RETRY: Duration = Duration::from_secs(24 * 3_600);

/// When to try again: seconds, or a date (RFC 9110).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds).min(LONGEST_RETRY));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default().min(LONGEST_RETRY))
}

#[async_trait]
impl Channel for HttpChannel {
    fn id(&self) -> &ChannelId {
        &self.settings.kit.id
    }

    fn called_by_platform(&self) -> bool {
        true
    }

    fn routes(self: Arc<Self>, inbox: Inbox) -> Router {
        routes::router(self, inbox)
    }

    async fn deliver(&self, to: &Peer, reply: &Outbound) -> Result<Delivered, ChannelError> {
        match &self.settings.deliver_url {
            // The other side names every reply by its id, so a repeated one is harmless.
            Some(url) if reply.author != Author::Citizen => self.push(url, &to.address, reply).await,
            // The thread is durable, and is pulled.
            _ => Ok(Delivered { platform_id: None }),
        }
    }

    async fn try_out(&self) -> Result<Option<String>, ChannelError> {
        let Some(url) = &self.settings.deliver_url else {
            return Ok(Some(
                "回复由对方来取，没有要连的地址 replies are pulled; there is nothing to reach".to_owned(),
            ));
        };
        // Any answer shows that the way is open; a reply that nobody wrote is not pushed for it.
        match self.http.head(url.clone()).timeout(PUSH).send().await {
            Ok(answer) => {
                Ok(Some(format!("deliver_url 可以连通 can be reached (HEAD: {})", answer.status().as_u16())))
            }
            Err(error) => {
                let reason = unreached(&error);
                self.settings.kit.alarms.raise(UNREACHABLE, reason);
                Err(ChannelError::Unavailable { reason: reason.to_owned(), retry_after: None })
            }
        }
    }

    async fn fetch(&self, media: &Media) -> Result<File, ChannelError> {
        let gone = |reason: &str| ChannelError::Gone(reason.to_owned());
        let away = |reason: &str| ChannelError::Unavailable { reason: reason.to_owned(), retry_after: None };
        let url: reqwest::Url = media.reference.parse().map_err(|_| gone("`media_url` is no address"))?;
        if !self.is_named(&url) {
            return Err(gone("`media_url` is of a host that is not in `media_hosts`"));
        }
        let name = url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default().to_owned();
        let answer =
            self.http.get(url).timeout(FETCH).send().await.map_err(|_| away("the file's host is away"))?;
        let status = answer.status().as_u16();
        if status >= 500 || status == 429 {
            return Err(away(&format!("status {status}")));
        }
        if !answer.status().is_success() {
            return Err(gone(&format!("status {status}")));
        }
        let mime = answer.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let mime = mime.unwrap_or(match media.kind {
            MediaKind::Image => "image/jpeg",
            MediaKind::Voice => "audio/mpeg",
            MediaKind::Video => "video/mp4",
            MediaKind::File => "application/octet-stream",
        });
        let mime = mime.split(';').next().unwrap_or_default().trim().to_owned();
        let mut data = BytesMut::new();
        let mut content = answer.bytes_stream();
        while let Some(piece) = content.next().await {
            data.extend_from_slice(&piece.map_err(|_| away("the file broke off"))?);
            if data.len() > self.settings.media_bytes {
                return Err(gone("the file is larger than allowed"));
            }
        }
        let name = media.name.clone().unwrap_or(name);
        Ok(File { name, mime, data: data.freeze() })
    }

    fn alarms(&self) -> Vec<Alarm> {
        self.settings.kit.alarms.raised()
    }
}

#[cfg(test)]
mod tests;
