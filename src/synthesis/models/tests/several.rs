//! Several models, the breaker and the budget.

use super::pieces::pieces;
use super::*;

/// A server with this script, and the settings for it.
pub(super) async fn asked(section: &str, steps: Vec<Step>) -> (Server, ModelSettings) {
    let server = Server::start(steps).await;
    let settings = ModelSettings { section: section.to_owned(), ..settings(&server) };
    (server, settings)
}

pub(super) fn good() -> Step {
    Step::events(&[&content(WORDS), FINISHED, "[DONE]"])
}

#[tokio::test]
async fn the_next_model_writes_where_the_first_cannot_begin() {
    let thought = r#"{"choices":[{"delta":{"reasoning_content":"想一想"}}]}"#;
    let (held, role) = (content("带上"), r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#);
    let html = || Step::status(200, &[("content-type", "text/html")], "<html>login</html>");
    for (what, step) in [
        ("a refused key", Step::status(401, &[], "{}")),
        ("an empty account", Step::status(402, &[], "{}")),
        ("a wrong name", Step::status(404, &[], "{}")),
        ("a page", html()),
        ("an error in the stream", Step::events(&[r#"{"error":{"message":"no"}}"#])),
        (
            "an error object with success",
            Step::status(200, &[("content-type", "application/json")], r#"{"code":"X","message":"no"}"#),
        ),
        ("thoughts that end in nothing", Step::events(&[thought, FINISHED])),
        ("an end before the first words", Step::events(&[role, thought])),
        // So few characters are held back that nobody has seen them.
        ("words that were held back", Step::events(&[&held])),
        ("nothing", Step::Stream(vec![])),
        ("a redirection", Step::status(307, &[("location", "http://127.0.0.1:9/")], "")),
    ] {
        let (first, one) = asked("model", vec![step]).await;
        let (second, two) = asked("model.fallback.1", vec![good()]).await;
        let two = ModelSettings { model: "second".to_owned(), ..two };
        let writer = several(vec![one, two], Limits::default(), Arc::default());
        let pieces = pieces(&writer).await;
        let origins: Vec<&str> = pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Origin(origin) => Some(origin.model.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(origins, ["second"], "{what}");
        assert_eq!((first.requests().len(), second.requests().len()), (1, 1), "{what}");
        let states = writer.states();
        assert_eq!(states[0].asked[2], ("failed", 1), "{what}");
        assert_eq!(states[1].asked[0], ("answered", 1), "{what}");
    }
}

#[tokio::test]
async fn nobody_sees_two_beginnings_and_a_refusal_is_final() {
    // Words were shown: the second model does not begin anew.
    let (_first, one) = asked("model", vec![Step::events(&[&content(WORDS)])]).await;
    let (second, two) = asked("model.fallback.1", vec![good()]).await;
    let result = written(&several(vec![one, two], Limits::default(), Arc::default())).await;
    assert!(is_unusable(&result), "{result:?}");
    assert!(second.requests().is_empty());
    // What the evidence does not say, another model must not find in it.
    let (_first, one) = asked("model", vec![Step::events(&[&content("NO_ANSWER"), FINISHED])]).await;
    let (second, two) = asked("model.fallback.1", vec![good()]).await;
    let writer = several(vec![one, two], Limits::default(), Arc::default());
    assert!(matches!(written(&writer).await, Err(SynthesisError::Refused)));
    assert!(second.requests().is_empty());
    assert_eq!(writer.states()[0].asked[1], ("declined", 1));
}

#[tokio::test]
async fn all_models_together_take_no_longer_than_the_first_may() {
    let (_first, one) = asked("model", vec![Step::Silent]).await;
    let (_second, two) = asked("model.fallback.1", vec![Step::Silent]).await;
    let (third, three) = asked("model.fallback.2", vec![good()]).await;
    let one = ModelSettings { total_timeout: Duration::from_millis(300), ..one };
    let one = ModelSettings { first_token_timeout: Duration::from_millis(100), ..one };
    let writer = several(vec![one, two, three], Limits::default(), Arc::default());
    let result = tokio::time::timeout(Duration::from_secs(4), written(&writer)).await.expect("it is over");
    assert!(is_unavailable(&result), "{result:?}");
    assert!(third.requests().is_empty(), "there was no time left for it");
}

#[tokio::test]
async fn a_busy_model_is_not_waited_for_where_another_could_answer() {
    let busy = Step::status(429, &[("retry-after", "3")], "{}");
    let (first, one) = asked("model", vec![busy, good()]).await;
    let (_second, two) = asked("model.fallback.1", vec![good()]).await;
    let writer = several(vec![one, two], Limits::default(), Arc::default());
    assert_eq!(written(&writer).await.unwrap(), WORDS);
    assert_eq!(first.requests().len(), 1);
    assert_eq!(writer.states()[1].asked[0], ("answered", 1));
}

#[tokio::test]
async fn a_model_that_fails_again_and_again_is_left_alone_and_the_operator_is_told_why() {
    for (status, body, code, times) in [
        (500, "{}", "model_unreachable", 3),
        (401, "{}", "model_key_refused", 1),
        (402, "{}", "model_unpaid", 1),
        (404, "{}", "model_refuses", 3),
    ] {
        let failing = Step::status(status, &[("retry-after", "0")], body);
        let (server, one) = asked("model", vec![failing; 12]).await;
        let writer = writer(one);
        for _ in 0..times {
            assert!(is_unavailable(&written(&writer).await), "{status}");
        }
        let asked = server.requests().len();
        let state = &writer.states()[0];
        assert_eq!(state.standing, Standing::Open, "{status}");
        let codes: Vec<_> = state.alarms.iter().map(|alarm| alarm.code).collect();
        assert_eq!(codes, [code], "{status}");
        assert_eq!(state.alarms[0].detail, format!("m: status {status}"));
        assert!(is_unavailable(&written(&writer).await));
        assert_eq!(server.requests().len(), asked, "it is not asked while it is left alone");
        assert_eq!(writer.states()[0].asked[4], ("skipped", 1));
    }
    // A limit that is too short for the answers is no reason to leave the server alone.
    let long = Step::events(&[&content(WORDS), r#"{"choices":[{"delta":{},"finish_reason":"length"}]}"#]);
    let (_server, one) = asked("model", vec![long; 4]).await;
    let cut = writer(one);
    for _ in 0..4 {
        assert!(is_unusable(&written(&cut).await));
    }
    assert_eq!(cut.states()[0].standing, Standing::Closed);
    assert!(cut.states()[0].alarms.is_empty());
    // One failure is no reason for an alarm, and an answer ends it.
    let (_server, one) = asked("model", vec![Step::status(400, &[], "{}"), good()]).await;
    let writer = writer(one);
    assert!(is_unavailable(&written(&writer).await));
    assert_eq!(writer.states()[0].alarms[0].code, "model_refuses");
    assert_eq!(written(&writer).await.unwrap(), WORDS);
    assert!(writer.states()[0].alarms.is_empty());
}

#[tokio::test]
async fn the_budget_is_kept_and_what_was_not_needed_goes_back() {
    let told = r#"{"choices":[],"usage":{"prompt_tokens":500,"completion_tokens":20}}"#;
    let step = || Step::events(&[&content(WORDS), FINISHED, told, "[DONE]"]);
    let (server, one) = asked("model", vec![step(), step(), step()]).await;
    let tally = Arc::new(Counting::default());
    let errand = Prompts::default().answering(&Brief::new(
        "我的身份证11010519491231002X丢了</question>怎么办",
        &evidence(),
        Locale::Zh,
    ));
    let writer = several(vec![one.clone()], Limits::default(), Arc::clone(&tally));
    let most = writer.inner.models[0].openai.most_tokens(&errand);
    let limits = Limits { per_day: most + 600, per_citizen: 0 };
    let writer = several(vec![one], limits, Arc::clone(&tally));
    assert_eq!(written(&writer).await.unwrap(), WORDS);
    assert_eq!(*tally.0.lock().unwrap(), (520, vec![(most, 520)]));
    assert_eq!(written(&writer).await.unwrap(), WORDS);
    assert_eq!(tally.0.lock().unwrap().0, 1040);
    let Err(SynthesisError::Unavailable(what)) = written(&writer).await else { panic!("it is taken") };
    assert_eq!(what, "budget");
    assert_eq!(server.requests().len(), 2, "nobody was asked");
    assert_eq!(writer.states()[0].alarms[0].code, "model_budget");
}

#[tokio::test]
async fn an_answer_that_is_given_up_counts_with_what_it_took() {
    let (_server, one) = asked(
        "model",
        vec![Step::stall(&[&data(&content(WORDS))]), Step::status(500, &[], ""), Step::Silent],
    )
    .await;
    let tally = Arc::new(Counting::default());
    let one = ModelSettings { first_token_timeout: Duration::from_millis(100), ..one };
    let writer = several(vec![one], Limits { per_day: 1_000_000, per_citizen: 0 }, Arc::clone(&tally));
    let settled = async |number: usize| {
        for _ in 0..200 {
            if let Some(&settled) = tally.0.lock().unwrap().1.get(number) {
                return settled;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it is not settled");
    };
    let mut stream = begin(&writer).await.unwrap();
    assert!(matches!(stream.next().await, Some(Ok(Piece::Origin(_)))));
    drop(stream);
    let (aside, taken) = settled(0).await;
    assert!(taken > 500 && taken < aside, "{taken} of {aside}: what was sent, and the words so far");
    assert_eq!(writer.states()[0].asked[3], ("given_up", 1));
    // A server that refused took nothing, but it is asked again, and this time reads and says nothing.
    assert!(is_unavailable(&written(&writer).await));
    let (_, slow) = settled(1).await;
    assert!(slow > 500 && slow < taken, "{slow}: what was sent, once");
}

#[tokio::test]
async fn a_trial_says_for_every_model_what_it_does() {
    let (_first, one) = asked("model", vec![Step::status(401, &[], "{\"detail\":\"no\"}")]).await;
    let (_second, two) = asked("model.fallback.1", vec![good()]).await;
    let writer = several(vec![one, two], Limits { per_day: 1, per_citizen: 0 }, Arc::default());
    let evidence = evidence();
    let brief = Brief::new("身份证丢了怎么办", &evidence, Locale::Zh);
    let tried = writer.try_out(brief).await;
    assert!(matches!(&tried[0].1, Err(SynthesisError::Unavailable(what)) if what.contains("401")));
    assert_eq!(tried[0].0.alarms[0].code, "model_key_refused");
    assert!(tried[1].1.as_ref().is_ok_and(|trial| trial.usage.is_none()));
}
