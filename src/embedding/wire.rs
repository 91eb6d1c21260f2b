//! The request, and what servers answer, read leniently but believed only when it can be used.

use async_openai::types::embeddings::{CreateEmbeddingRequest, EmbeddingInput};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{EmbeddingError, EmbeddingSettings};

/// The common protocol, and what servers of models that embed questions and documents differently have beside.
#[derive(Serialize)]
struct Request<'a> {
    #[serde(flatten)]
    common: CreateEmbeddingRequest,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_type: Option<&'a str>,
}

pub(super) fn request(
    settings: &EmbeddingSettings,
    as_what: Option<&str>,
    texts: &[String],
) -> Result<String, EmbeddingError> {
    let common = CreateEmbeddingRequest {
        model: settings.model.clone(),
        input: EmbeddingInput::StringArray(texts.to_vec()),
        dimensions: settings.dimensions.and_then(|dimensions| u32::try_from(dimensions).ok()),
        // Plain numbers are every server's default; naming them is refused by some.
        encoding_format: None,
        user: None,
    };
    let request = Request { common, input_type: as_what };
    serde_json::to_string(&request).map_err(|error| unusable(format!("the request: {error}")))
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    index: Option<usize>,
    embedding: Numbers,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Numbers {
    Plain(Vec<f32>),
    /// Little-endian 32-bit numbers, which some proxies send unasked.
    Base64(String),
}

fn unusable(why: impl Into<String>) -> EmbeddingError {
    EmbeddingError::Unusable(why.into())
}

/// The vectors in the order of the texts. All are of one size, finite, and have a direction.
pub(super) fn vectors(
    body: &[u8],
    texts: usize,
    expected: Option<usize>,
) -> Result<Vec<Vec<f32>>, EmbeddingError> {
    // The parser's own message repeats what it read.
    let answer: Answer =
        serde_json::from_slice(body).map_err(|_| unusable("it is not a list of embeddings"))?;
    if answer.data.len() != texts {
        return Err(unusable(format!("{} vectors for {texts} texts", answer.data.len())));
    }
    let mut ordered: Vec<Option<Vec<f32>>> = vec![None; texts];
    for (place, item) in answer.data.into_iter().enumerate() {
        let vector = numbers(item.embedding)?;
        let place = ordered.get_mut(item.index.unwrap_or(place));
        let place = place.ok_or_else(|| unusable("an index that was not asked for"))?;
        if place.replace(vector).is_some() {
            return Err(unusable("an index that comes twice"));
        }
    }
    let vectors: Vec<Vec<f32>> = ordered.into_iter().flatten().collect();
    let size = expected.or(vectors.first().map(Vec::len)).unwrap_or_default();
    for vector in &vectors {
        if vector.len() != size {
            return Err(unusable(format!("a vector of {} dimensions instead of {size}", vector.len())));
        }
        if !vector.iter().all(|value| value.is_finite()) || vector.iter().all(|&value| value == 0.0) {
            return Err(unusable("a vector without a direction"));
        }
    }
    Ok(vectors)
}

fn numbers(numbers: Numbers) -> Result<Vec<f32>, EmbeddingError> {
    match numbers {
        Numbers::Plain(values) => Ok(values),
        Numbers::Base64(text) => {
            let bytes = STANDARD.decode(text).map_err(|_| unusable("a text in the place of a vector"))?;
            let (values, rest) = bytes.as_chunks::<4>();
            if !rest.is_empty() {
                return Err(unusable("a piece of a number"));
            }
            Ok(values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
        }
    }
}

/// The vector of the only text.
pub(super) fn only(vectors: Vec<Vec<f32>>, expected: Option<usize>) -> Result<Vec<f32>, EmbeddingError> {
    let vector = vectors.into_iter().next().unwrap_or_default();
    match expected {
        Some(expected) if expected != vector.len() => Err(unusable(format!(
            "a vector of {} dimensions, and those of the entries have {expected}",
            vector.len()
        ))),
        _ => Ok(vector),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str, texts: usize, expected: Option<usize>) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        vectors(body.as_bytes(), texts, expected)
    }

    #[test]
    fn vectors_come_in_the_order_of_the_texts() {
        let whole = r#"{"object":"list","model":"m","usage":{"prompt_tokens":1},"data":[
            {"object":"embedding","index":1,"embedding":[3,4.5]},{"index":0,"embedding":[1e-2,-2]}]}"#;
        assert_eq!(read(whole, 2, None).unwrap(), [vec![0.01, -2.0], vec![3.0, 4.5]]);
        let without = r#"{"data":[{"embedding":[1]},{"embedding":[2]}]}"#;
        assert_eq!(read(without, 2, Some(1)).unwrap(), [vec![1.0], vec![2.0]]);
        let base64 = r#"{"data":[{"index":0,"embedding":"AACAPwAAAMA="}]}"#;
        assert_eq!(read(base64, 1, None).unwrap(), [vec![1.0, -2.0]]);
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_a_word_of_it() {
        let cases = [
            "",
            "null",
            "[[1,2]]",
            r#"{"error":{"message":"secret"}}"#,
            "<html>secret</html>",
            r#"{"data":[]}"#,
            r#"{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[1]}]}"#,
            r#"{"data":[{"index":7,"embedding":[1,2]}]}"#,
            r#"{"data":[{"index":0,"embedding":[]}]}"#,
            r#"{"data":[{"index":0,"embedding":[0,0]}]}"#,
            r#"{"data":[{"index":0,"embedding":[NaN,1]}]}"#,
            r#"{"data":[{"index":0,"embedding":[null,1]}]}"#,
            r#"{"data":[{"index":0,"embedding":[1e39,1]}]}"#,
            r#"{"data":[{"index":0,"embedding":[1e999,1]}]}"#,
            r#"{"data":[{"index":0,"embedding":[1,2,3]}]}"#,
            r#"{"data":[{"index":0,"embedding":"secret"}]}"#,
            r#"{"data":[{"index":0,"embedding":"AACAfwAAAMA="}]}"#,
            r#"{"data":[{"index":-1,"embedding":[1,2]}]}"#,
        ];
        for case in cases {
            let error = read(case, 1, Some(2)).unwrap_err();
            assert!(
                matches!(error, EmbeddingError::Unusable(_)) && !error.to_string().contains("secret"),
                "{case}"
            );
        }
        let twice = r#"{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[2]}]}"#;
        let uneven = r#"{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[2,3]}]}"#;
        for case in [twice, uneven] {
            assert!(read(case, 2, None).is_err(), "{case}");
        }
    }
}
