//! Durations as people write them: "20s", "15m", "72h", "30d".

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A length of time that is not negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Span(pub Duration);

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        span.0
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let days = |text: &str| {
            let span: jiff::Span = text.parse()?;
            span.to_duration(jiff::SpanRelativeTo::days_are_24_hours())
        };
        let span = text.parse::<jiff::SignedDuration>().or_else(|_| days(&text)).map_err(|_| {
            serde::de::Error::custom(format!(
                "`{text}` is no duration; write it like \"20s\", \"15m\", \"72h\" or \"30d\""
            ))
        })?;
        Duration::try_from(span)
            .map(Self)
            .map_err(|_| serde::de::Error::custom("a duration cannot be negative"))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{}ms", self.0.as_millis()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Duration> {
        serde_json::from_value::<Span>(text.into()).ok().map(Duration::from)
    }

    #[test]
    fn days_are_of_24_hours_and_longer_units_have_no_length() {
        assert_eq!(read("30d"), Some(Duration::from_secs(30 * 24 * 3_600)));
        assert_eq!(read("1d 12h"), Some(Duration::from_secs(36 * 3_600)));
        assert_eq!(read("500ms"), Some(Duration::from_millis(500)));
        for text in ["1mo", "2y", "-3d", "soon", ""] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
