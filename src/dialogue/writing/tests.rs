//! Texts that hold, texts that do not, and models that fail.

use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use futures::{StreamExt, stream};

use super::super::context::Locale;
use super::super::evidence::{Details, Evidence};
use super::super::ports::{AnswerStream, Waiting};
use super::*;
use crate::config::words;

/// What a model does at one attempt: its pieces, how long after the one before each comes, and whether it ends.
pub(super) struct Script {
    pieces: Vec<(Duration, Result<Piece, SynthesisError>)>,
    ends: bool,
}

impl Script {
    /// Pieces that come at once.
    fn of(pieces: impl IntoIterator<Item = Result<Piece, SynthesisError>>) -> Self {
        Self { pieces: pieces.into_iter().map(|piece| (Duration::ZERO, piece)).collect(), ends: true }
    }

    /// Words that come after so long each. A mark stands for itself, as models write it.
    pub(super) fn timed(words: &[(Duration, &str)]) -> Self {
        let mut pieces = Vec::new();
        for (after, words) in words {
            for (place, part) in words.split("[1]").enumerate() {
                if place > 0 {
                    pieces.push((Duration::ZERO, Ok(Piece::Cite(0))));
                }
                let after = if place == 0 { *after } else { Duration::ZERO };
                pieces.push((after, Ok(Piece::Text(part.to_owned()))));
            }
        }
        Self { pieces, ends: true }
    }

    /// The same, and then nothing more.
    pub(super) fn stalling(self) -> Self {
        Self { ends: false, ..self }
    }
}

/// Writes by scripts, one an attempt, and remembers what it was told: what was wrong, and who waits.
#[derive(Default)]
pub(super) struct Writer {
    scripts: Mutex<VecDeque<Script>>,
    told: Mutex<Vec<(Vec<String>, Option<Waiting>)>>,
}

impl Writer {
    pub(super) fn of(scripts: impl IntoIterator<Item = Script>) -> Self {
        Self { scripts: Mutex::new(scripts.into_iter().collect()), told: Mutex::default() }
    }

    /// What was wrong before this attempt.
    fn faults(&self, attempt: usize) -> Vec<String> {
        self.told.lock().unwrap()[attempt].0.clone()
    }

    /// Who waited at this attempt.
    pub(super) fn waiting(&self, attempt: usize) -> Option<Waiting> {
        self.told.lock().unwrap()[attempt].1.clone()
    }
}

#[async_trait]
impl Synthesizer for Writer {
    async fn write(&self, brief: Brief<'_>) -> Result<AnswerStream, SynthesisError> {
        self.told.lock().unwrap().push((brief.faults.to_vec(), brief.waiting.cloned()));
        let script = self.scripts.lock().unwrap().pop_front().expect("asked no more often than foreseen");
        let pieces = stream::iter(script.pieces).then(|(after, piece)| async move {
            if !after.is_zero() {
                tokio::time::sleep(after).await;
            }
            piece
        });
        Ok(if script.ends { Box::pin(pieces) } else { Box::pin(pieces.chain(stream::pending())) })
    }
}

/// Quotes the answer.
pub(super) struct Quoter;

#[async_trait]
impl Synthesizer for Quoter {
    async fn write(&self, brief: Brief<'_>) -> Result<AnswerStream, SynthesisError> {
        let answer = brief.evidence[0].answer.clone();
        Ok(Box::pin(stream::iter([Ok(Piece::Text(answer)), Ok(Piece::Cite(0))])))
    }
}

/// Remembers what was shown.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) drafts: Mutex<Vec<String>>,
    interrupt: Option<Interrupt>,
}

#[async_trait]
impl Progress for Shown {
    fn thinking(&self) {}
    fn delta(&self, text: &str) {
        self.drafts.lock().unwrap().push(text.to_owned());
    }
    fn drop_draft(&self) {
        self.drafts.lock().unwrap().push("dropped".to_owned());
    }
    async fn interrupted(&self) -> Interrupt {
        match self.interrupt {
            Some(interrupt) => interrupt,
            None => std::future::pending().await,
        }
    }
}

/// Goes on by so much whenever it is looked at.
struct Watch(Mutex<Duration>, Duration);

#[async_trait]
impl Stopwatch for Watch {
    fn elapsed(&self) -> Duration {
        let mut now = self.0.lock().unwrap();
        *now += self.1;
        *now
    }

    async fn reaches(&self, _: Duration) {
        std::future::pending::<()>().await;
    }
}

pub(super) fn evidence(answer: &str) -> Evidence {
    Evidence::new("lost", "身份证丢了", answer, Details::Faq)
}

pub(super) const ANSWER: &str = "带户口簿到派出所补领，工本费 40 元，20 个工作日办好。";

/// A text of these lines, each cited.
fn script(lines: &[&str]) -> Script {
    let piece = |line: &&str| {
        [Ok(Piece::Text((*line).to_owned())), Ok(Piece::Cite(0)), Ok(Piece::Text("\n".to_owned()))]
    };
    let mut script = Script::of(lines.iter().flat_map(piece));
    script.pieces.pop();
    script
}

fn faulty() -> Script {
    script(&["带户口簿到派出所补领。", "工本费 9990 元。", "欢迎来办。"])
}

fn good() -> Script {
    script(&["带户口簿到派出所补领。", "工本费 40 元，20 个工作日办好。"])
}

/// How long a writer may take.
#[derive(Default)]
pub(super) struct Times {
    pub(super) rewrite_within: Duration,
    pub(super) patience: Option<Duration>,
    /// Since when somebody waits who has waited before.
    pub(super) waiting: Option<Duration>,
}

/// What comes of it when somebody asks how to replace an identity card.
pub(super) async fn composed_by(
    writer: &Writer,
    shown: &Shown,
    evidence: &Evidence,
    watch: &dyn Stopwatch,
    times: Times,
) -> Composed {
    let (faults, phrases) = (words::faults().unwrap(), words::phrases(None).unwrap());
    let means = Means {
        writer: Some(writer),
        quoter: &Quoter,
        faults: &faults,
        phrases: &phrases,
        watch,
        rewrite_within: times.rewrite_within,
        patience: times.patience,
        waiting: times.waiting,
    };
    let brief = Brief::new("身份证丢了怎么补", std::slice::from_ref(evidence), Locale::Zh);
    compose(&means, brief, shown).await
}

async fn composed_within(writer: &Writer, shown: &Shown, evidence: &Evidence, look: Duration) -> Composed {
    let watch = Watch(Mutex::default(), look);
    let times = Times { rewrite_within: Duration::from_secs(10), ..Times::default() };
    composed_by(writer, shown, evidence, &watch, times).await
}

async fn composed(writer: &Writer, shown: &Shown) -> Composed {
    composed_within(writer, shown, &evidence(ANSWER), Duration::ZERO).await
}

pub(super) fn text(composed: &Composed) -> &str {
    match &composed.text {
        Text::Written(written) => &written.text,
        other => panic!("{other:?}"),
    }
}

pub(super) fn ended(composed: &Composed) -> Vec<(By, Ending)> {
    composed.attempts.iter().map(|attempt| (attempt.by, attempt.ending)).collect()
}

#[tokio::test]
async fn a_text_that_holds_is_shown_line_by_line_and_taken() {
    let (writer, shown) = (Writer::of([good()]), Shown::default());
    let composed = composed(&writer, &shown).await;
    assert_eq!(ended(&composed), [(By::Model, Ending::Written)]);
    let drafts = shown.drafts.lock().unwrap();
    assert_eq!(drafts.len(), 2, "{drafts:?}");
    assert_eq!(drafts.concat(), text(&composed));
    assert!(drafts[0].ends_with('\n'));
}

#[tokio::test]
async fn a_line_that_does_not_hold_is_never_shown_and_the_model_is_told() {
    let (writer, shown) = (Writer::of([faulty(), good()]), Shown::default());
    let composed = composed(&writer, &shown).await;
    assert_eq!(ended(&composed), [(By::Model, Ending::Faults), (By::Rewrite, Ending::Written)]);
    let drafts = shown.drafts.lock().unwrap().concat();
    assert!(!drafts.contains("9990"), "{drafts}");
    assert!(drafts.starts_with("带户口簿到派出所补领。[1]\ndropped"), "{drafts}");
    assert!(writer.faults(0).is_empty());
    let told = writer.faults(1);
    assert!(told.iter().any(|fault| fault.contains("9990")), "{told:?}");
    let first = &composed.attempts[0];
    assert!(first.flaws.iter().any(|flaw| flaw.words.contains("9990")), "{first:?}");
    assert!(first.refused.contains("9990") && !first.refused.contains("欢迎"), "it was stopped there");
}

#[tokio::test]
async fn a_second_text_that_does_not_hold_is_replaced_by_the_evidence() {
    let (writer, shown) = (Writer::of([faulty(), faulty()]), Shown::default());
    let composed = composed(&writer, &shown).await;
    assert_eq!(
        ended(&composed),
        [(By::Model, Ending::Faults), (By::Rewrite, Ending::Faults), (By::Quote, Ending::Quoted)]
    );
    assert_eq!(text(&composed), format!("{ANSWER}[1]"));
    assert_eq!(shown.drafts.lock().unwrap().last().unwrap(), "dropped");
}

#[tokio::test]
async fn who_has_waited_long_enough_gets_the_evidence() {
    let (writer, shown) = (Writer::of([faulty()]), Shown::default());
    let composed = composed_within(&writer, &shown, &evidence(ANSWER), Duration::from_secs(11)).await;
    assert_eq!(ended(&composed), [(By::Model, Ending::Faults), (By::Quote, Ending::Quoted)]);
}

#[tokio::test]
async fn whatever_a_model_does_instead_of_answering_has_its_name_and_ends_in_a_quotation() {
    let half = || Ok(Piece::Text("带户口簿".into()));
    let table: [(Vec<Result<Piece, SynthesisError>>, Ending); 8] = [
        (vec![half(), Err(SynthesisError::Slow("x".into()))], Ending::Slow),
        (vec![Err(SynthesisError::Unavailable("x".into()))], Ending::Unavailable),
        (vec![half(), Err(SynthesisError::Refused)], Ending::Declined),
        (vec![Err(SynthesisError::Filtered)], Ending::Filtered),
        (vec![half(), Err(SynthesisError::Unusable("x".into()))], Ending::Malformed),
        (vec![half()], Ending::Malformed),
        (vec![Ok(Piece::Text(" \n".into())), Ok(Piece::Cite(7))], Ending::Malformed),
        (vec![], Ending::Malformed),
    ];
    for (script, ending) in table {
        let (writer, shown) = (Writer::of([Script::of(script)]), Shown::default());
        let composed = composed(&writer, &shown).await;
        assert_eq!(ended(&composed), [(By::Model, ending), (By::Quote, Ending::Quoted)]);
        assert_eq!(text(&composed), format!("{ANSWER}[1]"));
    }
}

#[tokio::test]
async fn what_wrote_and_what_it_cost_is_kept() {
    let origin = Origin { model: "m".into(), prompt: "p".into(), parameters: "{}".into() };
    let usage = Usage { prompt: 900, completion: 40 };
    let mut script = good();
    script.pieces.insert(0, (Duration::ZERO, Ok(Piece::Origin(origin.clone()))));
    script.pieces.push((Duration::ZERO, Ok(Piece::Usage(usage))));
    let (writer, shown) = (Writer::of([script]), Shown::default());
    let composed = composed(&writer, &shown).await;
    assert_eq!((composed.attempts[0].origin.as_ref(), composed.attempts[0].usage), (Some(&origin), usage));
}

#[tokio::test]
async fn a_citizen_who_stops_gets_nothing_and_one_who_left_the_evidence() {
    for (interrupt, ending) in
        [(Interrupt::Stopped, Ending::Stopped), (Interrupt::NobodyWatches, Ending::Unwatched)]
    {
        let writer = Writer::of([Script::of([]).stalling()]);
        let shown = Shown { interrupt: Some(interrupt), ..Shown::default() };
        let composed = composed(&writer, &shown).await;
        assert_eq!(composed.attempts[0].ending, ending);
        assert_eq!(composed.text == Text::Stopped, interrupt == Interrupt::Stopped);
    }
}

#[tokio::test]
async fn what_a_text_leaves_out_that_binds_is_put_below_it_and_too_much_is_a_fault() {
    const GRANTS: [&str; 8] = ["创业", "就业", "培训", "租房", "交通", "生活", "高温", "安家"];
    let answer = |grants: &[&str]| -> Evidence {
        let rule = |grant: &&str| format!("{grant}补贴一个人只领一次；以前领过{grant}补贴的不能再领。");
        evidence(&grants.iter().map(rule).collect::<String>())
    };
    let halves = |grants: &[&str]| {
        let lines: Vec<String> = grants.iter().map(|grant| format!("{grant}补贴一个人只领一次。")).collect();
        script(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let heading = words::phrases(None).unwrap().get(Phrase::AlsoNote, Locale::Zh).to_owned();
    let (writer, shown) = (Writer::of([halves(&GRANTS[..1])]), Shown::default());
    let composed = composed_within(&writer, &shown, &answer(&GRANTS[..1]), Duration::ZERO).await;
    assert_eq!(ended(&composed), [(By::Model, Ending::Written)], "{composed:?}");
    assert_eq!(composed.attempts[0].appended, 1, "{composed:?}");
    let below = text(&composed).split_once(&heading).expect("a heading").1;
    assert!(below.contains("\n- ") && below.contains("以前领过创业补贴的不能再领"), "{below}");
    assert!(below.trim_end().ends_with("[1]"), "{below}");

    let (writer, shown) = (Writer::of([halves(&GRANTS), halves(&GRANTS)]), Shown::default());
    let composed = composed_within(&writer, &shown, &answer(&GRANTS), Duration::ZERO).await;
    assert_eq!(composed.attempts.last().map(|last| last.by), Some(By::Quote), "{composed:?}");
    assert_eq!(composed.attempts[0].flaws[0].kind, OMISSIONS, "{composed:?}");
    assert!(writer.faults(1)[0].contains("不能再领"));
}
