//! The reply of a model that was to spell a question out: an object with the question, and nothing else.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reply {
    question: String,
}

/// The question of a reply; none if the reply is anything else.
pub(in crate::synthesis) fn one_question(reply: &str) -> Option<String> {
    let Reply { question } = serde_json::from_str(reply.trim()).ok()?;
    Some(question.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_one_question_and_nothing_else() {
        assert_eq!(
            one_question(r#" {"question": " 补身份证要多少钱 "} "#).as_deref(),
            Some("补身份证要多少钱")
        );
        for reply in [
            "",
            "补身份证要多少钱",
            "{}",
            r#"{"question":7}"#,
            r#"{"question":"补身份证","note":"x"}"#,
            r#"{"question":"补身份证"} 好的"#,
            r#"[{"question":"补身份证"}]"#,
            r#"{"question":"补身份证"}{"question":"护照"}"#,
            r#"{"question":"补身份证","question":"护照"}"#,
            "```json\n{\"question\":\"补身份证\"}\n```",
        ] {
            assert_eq!(one_question(reply), None, "{reply}");
        }
    }
}
