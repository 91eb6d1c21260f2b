//! Models that are slow, by a clock that stands still until everybody waits.

use async_trait::async_trait;
use tokio::time::{Instant, sleep, sleep_until};

use super::super::super::trace::{By, Ending};
use super::super::Composed;
use super::super::tests::{ANSWER, Script, Shown, Times, Writer, composed_by, ended, evidence, text};
use super::*;

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

/// What came of it, and how long it took.
async fn composed(writer: &Writer, shown: &Shown, patience: Option<Duration>) -> (Composed, Duration) {
    waited(writer, shown, patience, None).await
}

/// The same for somebody who has waited since then.
async fn waited(
    writer: &Writer,
    shown: &Shown,
    patience: Option<Duration>,
    waiting: Option<Duration>,
) -> (Composed, Duration) {
    let watch = Ticking(Instant::now());
    sleep(waiting.map_or(Duration::ZERO, |_| SECOND)).await;
    let times = Times { rewrite_within: SECOND * 15, patience, waiting };
    let composed = composed_by(writer, shown, &evidence(ANSWER), &watch, times).await;
    (composed, watch.elapsed())
}

/// What the model was told of whoever waited.
fn told(writer: &Writer, attempt: usize) -> Waiting {
    writer.waiting(attempt).expect("somebody waits")
}

/// The timer is as fine as milliseconds.
fn about(took: Duration, expected: Duration) {
    assert!(took >= expected && took < expected + SECOND / 20, "{took:?}, not {expected:?}");
}

#[tokio::test(start_paused = true)]
async fn who_has_seen_nothing_for_too_long_gets_the_evidence_and_the_model_is_told() {
    let drip = |words| (SECOND / 2, words);
    let dripping = [drip("带户"), drip("口簿"), drip("到派"), drip("出所"), drip("补领"), drip("。")];
    let table = [
        Script::timed(&[]).stalling(),
        // Words without the end of a line are shown to nobody.
        Script::timed(&dripping),
        Script::timed(&[(SECOND * 3, LINE)]),
    ];
    for script in table {
        let (writer, shown) = (Writer::of([script]), Shown::default());
        let (composed, took) = composed(&writer, &shown, Some(PATIENCE)).await;
        assert_eq!(ended(&composed), [(By::Model, Ending::Overdue), (By::Quote, Ending::Quoted)]);
        assert_eq!(text(&composed), format!("{ANSWER}[1]"));
        assert_eq!(*shown.drafts.lock().unwrap(), ["dropped"]);
        about(took, PATIENCE);
        assert_eq!(told(&writer, 0).left(), PATIENCE);
        assert!(told(&writer, 0).blames(took));
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_stalls_after_a_line_is_replaced_whole() {
    let (writer, shown) =
        (Writer::of([Script::timed(&[(SECOND, LINE), (SECOND, "工本费 40")]).stalling()]), Shown::default());
    let (composed, took) = composed(&writer, &shown, Some(PATIENCE)).await;
    assert_eq!(ended(&composed), [(By::Model, Ending::Overdue), (By::Quote, Ending::Quoted)]);
    assert_eq!(text(&composed), format!("{ANSWER}[1]"), "the whole answer, and nothing torn");
    assert_eq!(*shown.drafts.lock().unwrap(), [LINE, "dropped"]);
    about(took, SECOND + PATIENCE);
    assert!(composed.attempts[0].refused.contains("工本费 40"), "{composed:?}");
    assert!(told(&writer, 0).blames(took));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_goes_on_line_by_line_may_take_its_time() {
    let lines = [LINE, LINE, LINE, LINE, "工本费 40 元。[1]"];
    let script = Script::timed(&lines.map(|line| (SECOND * 2, line)));
    let (writer, shown) = (Writer::of([script]), Shown::default());
    let (composed, took) = composed(&writer, &shown, Some(PATIENCE)).await;
    assert_eq!(ended(&composed), [(By::Model, Ending::Written)]);
    about(took, SECOND * 10);
    assert!(!told(&writer, 0).blames(took));
}

#[tokio::test(start_paused = true)]
async fn a_text_that_is_written_again_has_what_is_left_of_the_patience() {
    let faulty = || Script::timed(&[(SECOND / 2, LINE), (SECOND / 2, "工本费 9990 元。[1]\n")]);
    let (writer, shown) = (Writer::of([faulty(), Script::timed(&[]).stalling()]), Shown::default());
    let (composed, took) = composed(&writer, &shown, Some(PATIENCE)).await;
    assert_eq!(
        ended(&composed),
        [(By::Model, Ending::Faults), (By::Rewrite, Ending::Overdue), (By::Quote, Ending::Quoted)]
    );
    about(took, PATIENCE);
    about(PATIENCE - SECOND, told(&writer, 1).left());
    let drafts = shown.drafts.lock().unwrap().concat();
    assert!(!drafts.contains("9990"), "{drafts}");
}

#[tokio::test(start_paused = true)]
async fn a_text_that_fails_late_is_not_written_again() {
    let script = Script::timed(&[(SECOND * 2, LINE), (SECOND * 2, "工本费 9990 元。[1]\n")]);
    let (writer, shown) = (Writer::of([script]), Shown::default());
    let (composed, took) = composed(&writer, &shown, Some(PATIENCE)).await;
    assert_eq!(ended(&composed), [(By::Model, Ending::Faults), (By::Quote, Ending::Quoted)]);
    about(took, SECOND * 4);
}

#[tokio::test(start_paused = true)]
async fn without_a_patience_a_model_takes_as_long_as_it_takes() {
    let script = Script::timed(&[(SECOND * 1000, LINE), (SECOND * 1000, "工本费 40 元。[1]")]);
    let (writer, shown) = (Writer::of([script]), Shown::default());
    let (composed, took) = composed(&writer, &shown, None).await;
    assert_eq!(ended(&composed), [(By::Model, Ending::Written)]);
    about(took, SECOND * 2000);
    assert!(writer.waiting(0).is_none());
}

#[tokio::test(start_paused = true)]
async fn who_has_waited_for_a_model_before_waits_no_longer_altogether() {
    let (writer, shown) = (Writer::of([Script::timed(&[]).stalling()]), Shown::default());
    let (composed, took) = waited(&writer, &shown, Some(PATIENCE), Some(Duration::ZERO)).await;
    assert_eq!(ended(&composed), [(By::Model, Ending::Overdue), (By::Quote, Ending::Quoted)]);
    about(took, PATIENCE);
    about(PATIENCE - SECOND, told(&writer, 0).left());
}
