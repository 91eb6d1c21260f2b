//! The body of a request.

use async_openai::types::chat::{
    ChatCompletionRequestSystemMessage, ChatCompletionRequestUserMessage, CreateChatCompletionRequest,
};
use serde_json::{Map, Value};

use super::ModelSettings;
use super::failure::Failure;
use super::prompts::{self, Prompts};
use crate::dialogue::Brief;

/// The request in JSON, with the vendor's own fields merged in.
pub(super) fn body(
    settings: &ModelSettings,
    prompts: &Prompts,
    brief: &Brief<'_>,
) -> Result<String, Failure> {
    let system = ChatCompletionRequestSystemMessage::from(prompts.system(brief.locale));
    let user = ChatCompletionRequestUserMessage::from(prompts::data(brief));
    #[expect(deprecated, reason = "compatible servers know `max_tokens` and not the name that replaced it")]
    let request = CreateChatCompletionRequest {
        model: settings.model.clone(),
        messages: vec![system.into(), user.into()],
        temperature: Some(settings.temperature),
        max_tokens: Some(settings.max_tokens),
        ..CreateChatCompletionRequest::default()
    };
    merged(&request, &settings.extra_body).map_err(|error| Failure::Broken(format!("the request: {error}")))
}

fn merged(request: &CreateChatCompletionRequest, extra: &Map<String, Value>) -> serde_json::Result<String> {
    // Through text, because a value would carry the temperature's binary digits: 0.2 as 0.20000000298023224.
    let mut fields: Map<String, Value> = serde_json::from_str(&serde_json::to_string(request)?)?;
    for (name, value) in extra {
        if value.is_null() {
            fields.remove(name);
        } else {
            fields.insert(name.clone(), value.clone());
        }
    }
    // Whatever the extra fields say: nothing but a stream is understood here.
    fields.insert("stream".to_owned(), Value::Bool(true));
    serde_json::to_string(&fields)
}
