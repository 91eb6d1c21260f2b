//! Whoever waits has had enough: what the breaker, the figures and the budget learn of it.

use super::several::{asked, good};
use super::*;

const PATIENCE: Duration = Duration::from_millis(200);

/// A question of somebody who waits.
fn brief<'a>(evidence: &'a [Evidence], waiting: &'a Waiting) -> Brief<'a> {
    Brief { waiting: Some(waiting), ..Brief::new("身份证丢了怎么办", evidence, Locale::Zh) }
}

/// Asks for somebody of this patience, of which so much is left, who waits for a line that does not come.
async fn waited(writer: &Models, left: Duration) {
    let (waiting, evidence) = (Waiting::new(PATIENCE, left), evidence());
    let brief = brief(&evidence, &waiting);
    let writing = async {
        let mut stream = writer.write(brief).await?;
        while let Some(piece) = stream.next().await {
            piece?;
        }
        Ok::<(), SynthesisError>(())
    };
    let mut writing = Box::pin(writing);
    tokio::select! {
        written = &mut writing => panic!("{written:?}"),
        () = tokio::time::sleep(left) => waiting.end(),
    }
}

fn asked_of(writer: &Models) -> Vec<(&'static str, u64)> {
    let state = writer.states().remove(0);
    state.asked.into_iter().filter(|(_, number)| *number > 0).collect()
}

#[tokio::test]
async fn a_model_that_tries_the_patience_again_and_again_is_left_alone() {
    let begun = data(&content(WORDS));
    for step in [Step::Silent, Step::stall(&[": keep-alive\n\n"]), Step::stall(&[&begun])] {
        let (server, one) = asked("model", vec![step; 3]).await;
        let tally = Arc::new(Counting::default());
        let writer = several(vec![one], Limits { per_day: 1_000_000, per_citizen: 0 }, Arc::clone(&tally));
        for _ in 0..3 {
            waited(&writer, PATIENCE).await;
        }
        assert_eq!(asked_of(&writer), [("failed", 3)]);
        let state = &writer.states()[0];
        assert_eq!(state.standing, Standing::Open);
        assert_eq!(state.alarms[0].code, "model_unreachable");
        assert_eq!(state.alarms[0].detail, "m: a line took too long");
        assert!(is_unavailable(&written(&writer).await), "nobody waits for it any more");
        assert_eq!(server.requests().len(), 3);
        for _ in 0..200 {
            if tally.0.lock().unwrap().1.len() == 4 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let settled = tally.0.lock().unwrap().1.clone();
        assert_eq!(settled.len(), 4, "{settled:?}");
        // What was sent each time was read, and nothing was sent to a model that is left alone.
        assert_eq!(settled.iter().filter(|(_, taken)| *taken > 0).count(), 3, "{settled:?}");
        assert!(settled.iter().all(|(aside, taken)| taken < aside), "{settled:?}");
    }
}

#[tokio::test]
async fn a_citizen_who_leaves_and_a_model_that_was_asked_late_say_nothing_about_it() {
    let (_server, one) = asked("model", vec![Step::Silent; 8]).await;
    let writer = writer(one);
    for _ in 0..4 {
        let mut waiting = Box::pin(written(&writer));
        tokio::select! {
            written = &mut waiting => panic!("{written:?}"),
            () = tokio::time::sleep(PATIENCE) => {}
        }
    }
    for _ in 0..4 {
        waited(&writer, PATIENCE / 8).await;
    }
    assert_eq!(asked_of(&writer), [("given_up", 8)]);
    assert_eq!(writer.states()[0].standing, Standing::Closed);
}

#[tokio::test]
async fn a_pause_that_a_server_asks_for_is_not_waited_for_beyond_the_patience() {
    let busy = Step::status(429, &[("retry-after", "3")], "{}");
    let (server, one) = asked("model", vec![busy, good()]).await;
    let writer = writer(one);
    let (waiting, evidence) = (Waiting::new(PATIENCE, PATIENCE), evidence());
    let brief = brief(&evidence, &waiting);
    let Err(SynthesisError::Unavailable(what)) = writer.write(brief).await.map(|_| ()) else {
        panic!("it was asked again")
    };
    assert!(what.contains("429"), "{what}");
    assert_eq!(server.requests().len(), 1);
}
