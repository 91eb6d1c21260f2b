//! A question that is spelt out costs, fails and is left alone as an answer does.

use super::several::asked;
use super::*;
use crate::dialogue::context::Past;

const PATIENCE: Duration = Duration::from_millis(200);

/// Asks for somebody of this patience, who gives it up when that is over.
async fn spelt(writer: &Models) -> Result<SpeltOut, SynthesisError> {
    let earlier =
        [Past { question: "身份证丢了咋补".to_owned(), title: Some("身份证补领".to_owned()) }];
    let waiting = Waiting::new(PATIENCE, PATIENCE);
    let follow_up = FollowUp {
        question: "那要多少钱",
        earlier: &earlier,
        locale: Locale::Zh,
        asker: None,
        waiting: &waiting,
    };
    // Who is asked has to be there when the patience ends, to hear of it.
    let mut asking = writer.spell_out(follow_up);
    tokio::select! {
        spelt = &mut asking => spelt,
        () = tokio::time::sleep(PATIENCE) => {
            waiting.end();
            Err(SynthesisError::Slow("the patience".to_owned()))
        }
    }
}

#[tokio::test]
async fn a_question_is_read_with_what_it_cost_and_anything_else_is_none() {
    let told = r#"{"choices":[],"usage":{"prompt_tokens":500,"completion_tokens":20}}"#;
    let reply = |text: &str| Step::events(&[&content(text), FINISHED, told, "[DONE]"]);
    let long = r#"{"choices":[{"delta":{},"finish_reason":"length"}]}"#;
    let steps = vec![
        reply(r#"<think>想</think>{"question": "补身份证要多少钱"}"#),
        reply("补身份证要多少钱"),
        Step::events(&[&content(r#"{"question": "补身份证要多少钱"}"#), long]),
    ];
    let (server, one) = asked("model", steps).await;
    let tally = Arc::new(Counting::default());
    let writer = several(vec![one], Limits { per_day: 1_000_000, per_citizen: 0 }, Arc::clone(&tally));
    let first = spelt(&writer).await.unwrap();
    assert_eq!(first.question.as_deref(), Some("补身份证要多少钱"));
    assert_eq!(first.usage, Usage { prompt: 500, completion: 20 });
    assert_ne!(first.origin.unwrap().prompt, Prompts::default().version(), "it has instructions of its own");
    assert_eq!(spelt(&writer).await.unwrap().question, None);
    assert!(matches!(spelt(&writer).await, Err(SynthesisError::Unusable(_))), "it was cut off");
    let state = &writer.states()[0];
    assert_eq!((state.asked[0], state.asked[2]), (("answered", 2), ("failed", 1)));
    assert_eq!(state.told, Usage { prompt: 1000, completion: 40 });
    let settled = tally.0.lock().unwrap().1.clone();
    assert_eq!((settled.len(), settled[0].1, settled[1].1), (3, 520, 520));
    let (_, body) = server.requests().remove(0);
    assert!(body.to_string().contains("问：身份证丢了咋补"), "{body}");
}

#[tokio::test]
async fn a_model_that_is_slow_or_a_budget_that_is_spent_spells_nothing_out() {
    let (server, one) = asked("model", vec![Step::Silent; 3]).await;
    let writer = several(vec![one.clone()], Limits::default(), Arc::default());
    for _ in 0..3 {
        assert!(matches!(spelt(&writer).await, Err(SynthesisError::Slow(_))));
    }
    assert_eq!(writer.states()[0].standing, Standing::Open);
    assert!(matches!(spelt(&writer).await, Err(SynthesisError::Unavailable(_))), "it is left alone");
    assert_eq!(server.requests().len(), 3);
    let poor = several(vec![one], Limits { per_day: 1, per_citizen: 0 }, Arc::default());
    assert!(matches!(spelt(&poor).await, Err(SynthesisError::Unavailable(what)) if what == "budget"));
    assert_eq!(poor.states()[0].alarms[0].code, "model_budget");
}
