//! Dates on the wire are exactly `YYYY-MM-DD`.
//!
//! jiff's own deserializer also takes date-times and week dates; an editor who writes one of those most likely pasted
//! into the wrong column, so it is refused.

use jiff::civil::Date;

/// Reads `YYYY-MM-DD` and nothing else.
pub(crate) fn parse(text: &str) -> Result<Date, String> {
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shaped {
        return Err(format!("`{text}` is not a date of the form YYYY-MM-DD"));
    }
    text.parse().map_err(|_| format!("`{text}` is not a day of the calendar"))
}

/// For `#[serde(with)]` on optional dates.
pub(crate) mod optional {
    use jiff::civil::Date;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::ref_option, reason = "serde passes the field by reference")]
    pub(crate) fn serialize<S: Serializer>(date: &Option<Date>, serializer: S) -> Result<S::Ok, S::Error> {
        match date {
            Some(date) => serializer.collect_str(date),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| super::parse(&text).map_err(D::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn only_calendar_days_in_one_form_pass() {
        assert!(parse("2026-02-28").is_ok());
        for bad in ["2026-02-29", "2026-2-28", "20260228", "2026-02-28T00:00", "2026/02/28", "", "二〇二六年"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
