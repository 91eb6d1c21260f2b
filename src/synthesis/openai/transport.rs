//! Sends the request, and sends it again where that is harmless and may help.

use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::Response;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, HeaderName, RETRY_AFTER};
use secrecy::ExposeSecret;
use tokio::time::{Instant, sleep, timeout_at};

use super::ModelSettings;
use super::failure::Failure;
use super::reading::{Event, Reading};

/// How often a request is repeated.
const REPETITIONS: u32 = 2;

/// The wait before the first repetition where the server names none; it doubles.
const PAUSE: Duration = Duration::from_millis(250);

/// The bytes of an error's body that are read.
const ERROR_BODY: usize = 16 * 1024;

/// Asks, and waits for the first event. Until then nothing was shown, so a passing failure is tried again, unless the wait
/// before it is longer than `patience`.
pub(super) async fn open(
    client: &reqwest::Client,
    settings: &ModelSettings,
    body: &str,
    deadline: Instant,
    patience: Duration,
) -> Result<(Reading, Event), Failure> {
    let mut repetition = 0;
    loop {
        let failure = match attempt(client, settings, body, deadline).await {
            Ok(opened) => return Ok(opened),
            Err(failure) => failure,
        };
        if repetition == REPETITIONS || !failure.is_passing() {
            return Err(failure);
        }
        let pause = failure.retry_after().unwrap_or(PAUSE * 2_u32.pow(repetition));
        // A wait that leaves no time for an answer only keeps the citizen from the quoted one.
        if pause > patience || Instant::now().checked_add(pause).is_none_or(|then| then >= deadline) {
            return Err(failure);
        }
        tracing::debug!(%failure, ?pause, "asking the model again");
        sleep(pause).await;
        repetition += 1;
    }
}

async fn attempt(
    client: &reqwest::Client,
    settings: &ModelSettings,
    body: &str,
    deadline: Instant,
) -> Result<(Reading, Event), Failure> {
    let first_by = deadline.min(Instant::now() + settings.first_token_timeout);
    let url = format!("{}/chat/completions", settings.base_url.trim_end_matches('/'));
    let mut request = client
        .post(url)
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "text/event-stream")
        // What is packed is held back until there is enough of it.
        .header(ACCEPT_ENCODING, "identity")
        .body(body.to_owned());
    if let Some(key) = &settings.api_key {
        request = request.bearer_auth(key.expose_secret());
    }
    let response = timeout_at(first_by, request.send())
        .await
        .map_err(|_| Failure::Slow("the first token"))?
        .map_err(Failure::of_request)?;
    if !response.status().is_success() {
        return Err(refusal(response, settings, first_by).await);
    }
    let mut reading = Reading::new(response, first_by, settings.idle_timeout, deadline)?;
    let first = reading.next().await?;
    Ok((reading, first))
}

/// The status with as much of the body as came.
async fn refusal(mut response: Response, settings: &ModelSettings, by: Instant) -> Failure {
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers());
    let mut bytes = Vec::new();
    while let Ok(Ok(Some(chunk))) = timeout_at(by, response.chunk()).await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > ERROR_BODY {
            break;
        }
    }
    let mut body = String::from_utf8_lossy(&bytes).into_owned();
    // Some servers repeat the key they refuse, and what they say goes to the log.
    if let Some(key) =
        settings.api_key.as_ref().map(ExposeSecret::expose_secret).filter(|key| !key.is_empty())
    {
        body = body.replace(key, "…");
    }
    Failure::of_status(status, &body, retry_after)
}

/// The wait a server asks for, in seconds or as a moment. A moment is compared with the server's own clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let wanted = text(RETRY_AFTER)?;
    if let Ok(seconds) = wanted.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let parser = DateTimeParser::new();
    let then = parser.parse_timestamp(wanted).ok()?;
    let now = parser.parse_timestamp(text(DATE)?).ok()?;
    Some(Duration::try_from(then.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(after: &str, date: Option<&str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, after.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        retry_after(&headers)
    }

    #[test]
    fn a_server_names_its_wait_in_seconds_or_as_a_moment() {
        let now = Some("Wed, 21 Oct 2026 07:28:00 GMT");
        assert_eq!(wait("3", None), Some(Duration::from_secs(3)));
        assert_eq!(wait(" 0.5 ", None), Some(Duration::from_millis(500)));
        assert_eq!(wait("Wed, 21 Oct 2026 07:28:05 GMT", now), Some(Duration::from_secs(5)));
        assert_eq!(wait("Wed, 21 Oct 2026 07:27:00 GMT", now), Some(Duration::ZERO));
        for (after, date) in
            [("-1", None), ("NaN", None), ("soon", now), ("Wed, 21 Oct 2026 07:28:05 GMT", None)]
        {
            assert_eq!(wait(after, date), None, "{after}");
        }
    }
}
