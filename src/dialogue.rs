//! The dialogue core: from what a citizen did to what happens next. Pure but for [`engine`], which awaits its ports.
//!
//! Read [`conversation`] first (the stages and the only legal transitions), then [`engine`] (one turn). Nothing in
//! here knows of channels, stores, indexes or models: time, retrieval and wording come in through [`ports`].

pub mod answer;
pub mod aspect;
pub mod cache;
pub mod context;
pub mod conversation;
mod described;
pub mod engine;
pub mod evidence;
pub mod flaws;
pub mod grounding;
pub mod handoff;
pub mod hearing;
pub mod intent;
pub mod judgement;
pub mod nearness;
pub mod phrases;
pub mod ports;
pub mod question;
pub mod scenario;
pub mod screen;
pub mod smuggled;
pub mod standalone;
pub mod trace;
pub mod writing;

pub use answer::{Call, Choice, Citation, EvidenceNote, Link, LinkKind, Outcome, Reply};
pub use context::{Context, Locale};
pub use conversation::{Conversation, Stage, StageEvent};
pub use engine::{Engine, Input, Medium, Policy, Safeguards, Turn, Utterance};
pub use evidence::{Evidence, EvidenceKind, Position};
pub use flaws::FaultWords;
pub use grounding::{Fault, FaultKind, Grounding, Omission};
pub use handoff::Reason;
pub use intent::{Intent, Words};
pub use judgement::{Foreseen, Found};
pub use phrases::{Phrase, Phrases};
pub use ports::{
    AnswerStream, Brief, Clock, Interrupt, Piece, Progress, Redactor, RetrievalError, Retriever, Stopwatch,
    SynthesisError, Synthesizer, Waiting,
};
pub use question::{Audience, Place, Question};
pub use screen::Screen;
pub use trace::Trace;
