//! Models that are slow, by a clock that stands still until everybody waits.

use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use futures::{StreamExt, stream};
use tokio::time::{Instant, sleep, sleep_until};

use super::super::super::aspect::Aspect;
use super::super::super::context::Locale;
use super::super::super::ports::{AnswerStream, Brief, Piece, SynthesisError, Synthesizer};
use super::super::super::trace::{By, Ending};
use super::super::tests::{ANSWER, Quoter, Shown, ended, evidence, text};
use super::super::{Composed, Means, compose};
use super::*;
use crate::config::words;

const SECOND: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_millis(2500);

const LINE: &str = "带户口簿到派出所补领。[1]\n";

struct Ticking(Instant);

#[async_trait]
impl Stopwatch for Ticking {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    async fn reaches(&self, elapsed: Duration) {
        sleep_until(self.0 + elapsed).await;
    }
}

/// Pieces of a text, how long after the one before each comes, and whether it ends.
type Script = (Vec<(Duration, &'static str)>, bool);

/// Writes by scripts, one an attempt, and keeps what it was told of whoever waits.
#[derive(Default)]
struct Timed {
    scripts: Mutex<VecDeque<Script>>,
    told: Mutex<Vec<Option<Waiting>>>,
}

impl Timed {
    fn of(scripts: impl IntoIterator<Item = Script>) -> Self {
        Self { scripts: Mutex::new(scripts.into_iter().collect()), told: Mutex::default() }
    }

    fn told(&self, attempt: usize) -> Waiting {
        self.told.lock().unwrap()[attempt].clone().expect("somebody waits")
    }
}

#[async_trait]
impl Synthesizer for Timed {
    async fn write(&self, brief: Brief<'_>) -> Result<AnswerStream, SynthesisError> {
        self.told.lock().unwrap().push(brief.waiting.cloned());
        let (pieces, ends) = self.scripts.lock().unwrap().pop_front().expect("asked no more than foreseen");
        let pieces = stream::iter(pieces).then(|(after, words)| async move {
            sleep(after).await;
            words
        });
        // A mark stands for itself, as models write it.
        let pieces = pieces.flat_map(|words| {
            let mut parts = Vec::new();
            for (place, part) in words.split("[1]").enumerate() {
                if place > 0 {
                    parts.push(Ok(Piece::Cite(0)));
                }
                parts.push(Ok(Piece::Text(part.to_owned())));
            }
            stream::iter(parts)
        });
        Ok(if ends { Box::pin(pieces) } else { Box::pin(pieces.chain(stream::pending())) })
    }
}

/// What came of it, and how long it took.
async fn composed(writer: &Timed, shown: &Shown, patience: Option<Duration>) -> (Composed, Duration) {
    let (faults, phrases) = (words::faults().unwrap(), words::phrases(None).unwrap());
    let watch = Ticking(Instant::now());
    let means = Means {
        writer: Some(writer),
        quoter: &Quoter,
        faults: &faults,
        phrases: &phrases,
        watch: &watch,
        rewrite_within: SECOND * 15,
        patience,
        waiting: None,
    };
    let evidence = [evidence(ANSWER)];
    let brief = Brief {
        question: "身份证丢了怎么补",
        standalone: None,
        aspect: Aspect::Overview,
        evidence: &evidence,
        locale: Locale::Zh,
        asker: None,
        faults: &[],
        waiting: None,
    };
    let composed = compose(&means, brief, shown).await;
    (composed, watch.elapsed())
}

/// The timer is as fine as milliseconds.
fn about(took: Duration, expected: Duration) {
    assert!(took >= expected && took < expected + SECOND / 20, "{took:?}, not {expected:?}");
}

#[tokio::test(start_paused = true)]
async fn who_has_seen_nothing_for_too_long_gets_the_evidence_and_the_model_is_told() {
    let drip = |words| (SECOND / 2, words);
    let table: [Script; 3] = [
        (vec![], false),
        // Words without the end of a line are shown to nobody.
        (vec![drip("带户"), drip("口簿"), drip("到派"), drip("出所"), drip("补领"), drip("。")], true),
        (vec![(SECOND * 3, LINE)], true),
    ];
    for script in table {
        let (writer, shown) = (Timed::of([script]), Shown::default());
        let (composed, took) = composed(&writer, &shown, Some(PATIENCE)).await;
        assert_eq!(ended(&composed), [(By::Model, Ending::Overdue), (By::Quote, Ending::Quoted)]);
        assert_eq!(text(&composed), format!("{ANSWER}[1]"));
        assert_eq!(*shown.drafts.lock().unwrap(), ["dropped"]);
        about(took, PATIENCE);
        assert_eq!(writer.told(0).left(), PATIENCE);
        assert!(writer.told(0).blames(took));
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_stalls_after_a_line_is_replaced_whole() {
    let (writer, shown) =
        (Timed::of([(vec![(SECOND, LINE), (SECOND, "工本费 40")], false)]), Shown::default());
    let (composed, took) = composed(&writer, &shown, Some(PATIENCE)).await;
    assert_eq!(ended(&composed), [(By::Model, Ending::Overdue), (By::Quote, Ending::Quoted)]);
    assert_eq!(text(&composed), format!("{ANSWER}[1]"), "the whole answer, and nothing torn");
    assert_eq!(*shown.drafts.lock().unwrap(), [LINE, "dropped"]);
    about(took, SECOND + PATIENCE);
    assert!(composed.attempts[0].refused.contains("工本费 40"), "{composed:?}");
    assert!(writer.told(0).blames(took));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_goes_on_line_by_line_may_take_its_time() {
    let lines = [LINE, LINE, LINE, LINE, "工本费 40 元。[1]"];
    let script = (lines.map(|line| (SECOND * 2, line)).to_vec(), true);
    let (writer, shown) = (Timed::of([script]), Shown::default());
    let (composed, took) = composed(&writer, &shown, Some(PATIENCE)).await;
    assert_eq!(ended(&composed), [(By::Model, Ending::Written)]);
    about(took, SECOND * 10);
    assert!(!writer.told(0).blames(took));
}

#[tokio::test(start_paused = true)]
async fn a_text_that_is_written_again_has_what_is_left_of_the_patience() {
    let faulty = || (vec![(SECOND / 2, LINE), (SECOND / 2, "工本费 9990 元。[1]\n")], true);
    let (writer, shown) = (Timed::of([faulty(), (vec![], false)]), Shown::default());
    let (composed, took) = composed(&writer, &shown, Some(PATIENCE)).await;
    assert_eq!(
        ended(&composed),
        [(By::Model, Ending::Faults), (By::Rewrite, Ending::Overdue), (By::Quote, Ending::Quoted)]
    );
    about(took, PATIENCE);
    about(PATIENCE - SECOND, writer.told(1).left());
    let drafts = shown.drafts.lock().unwrap().concat();
    assert!(!drafts.contains("9990"), "{drafts}");
}

#[tokio::test(start_paused = true)]
async fn a_text_that_fails_late_is_not_written_again() {
    let script = (vec![(SECOND * 2, LINE), (SECOND * 2, "工本费 9990 元。[1]\n")], true);
    let (writer, shown) = (Timed::of([script]), Shown::default());
    let (composed, took) = composed(&writer, &shown, Some(PATIENCE)).await;
    assert_eq!(ended(&composed), [(By::Model, Ending::Faults), (By::Quote, Ending::Quoted)]);
    about(took, SECOND * 4);
}

#[tokio::test(start_paused = true)]
async fn without_a_patience_a_model_takes_as_long_as_it_takes() {
    let script = (vec![(SECOND * 1000, LINE), (SECOND * 1000, "工本费 40 元。[1]")], true);
    let (writer, shown) = (Timed::of([script]), Shown::default());
    let (composed, took) = composed(&writer, &shown, None).await;
    assert_eq!(ended(&composed), [(By::Model, Ending::Written)]);
    about(took, SECOND * 2000);
    assert!(writer.told.lock().unwrap()[0].is_none());
}
