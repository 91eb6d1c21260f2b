//! Where each record lies. One function a space, so that no two parts of the program spell a key differently.

use jiff::Timestamp;

use crate::store::{Key, Part, Range};

fn moment(at: Timestamp) -> u64 {
    u64::try_from(at.as_microsecond()).unwrap_or(0)
}

/// A conversation.
pub fn conversation(id: &str) -> Key {
    Key::new("conversation", &[id.into()])
}

/// All conversations.
pub fn conversations() -> Range {
    Range::prefix("conversation", &[])
}

/// A message of a conversation.
pub fn message(conversation: &str, seq: u64) -> Key {
    Key::new("message", &[conversation.into(), seq.into()])
}

/// All messages of a conversation, in order.
pub fn messages(conversation: &str) -> Range {
    Range::prefix("message", &[conversation.into()])
}

/// How a message of the robot came about. It has to be deleted wherever the message is.
pub fn trace(message: &str) -> Key {
    Key::new("trace", &[message.into()])
}

/// What was hidden in a message. It has to be deleted wherever the message is.
pub fn private(conversation: &str, seq: u64) -> Key {
    Key::new("private", &["message".into(), conversation.into(), seq.into()])
}

/// What was hidden in the messages of a conversation, in their order.
pub fn privates_of(conversation: &str) -> Range {
    Range::prefix("private", &["message".into(), conversation.into()])
}

/// What was hidden in the name of a file.
pub fn private_name(file: &str) -> Key {
    Key::new("private", &["file".into(), file.into()])
}

/// What was hidden in what a channel remembers.
pub fn private_note(channel: &str, key: &[&str]) -> Key {
    let parts: Vec<Part<'_>> = std::iter::once("note".into()).chain(note_parts(channel, key)).collect();
    Key::new("private", &parts)
}

/// Everything that was hidden.
pub fn privates() -> Range {
    Range::prefix("private", &[])
}

/// That a helper looked at what was hidden in a message.
pub fn reveal(at: Timestamp, conversation: &str, seq: u64) -> Key {
    Key::new("reveal", &[moment(at).into(), conversation.into(), seq.into()])
}

/// All looks at what was hidden, the oldest first.
pub fn reveals() -> Range {
    Range::prefix("reveal", &[])
}

/// Which conversation a peer is in.
pub fn peer(channel: &str, address: &str) -> Key {
    Key::new("peer", &[channel.into(), address.into()])
}

/// A conversation among all that a peer ever had.
pub fn history(channel: &str, address: &str, opened_at: Timestamp, conversation: &str) -> Key {
    Key::new("history", &[channel.into(), address.into(), moment(opened_at).into(), conversation.into()])
}

/// All conversations that a peer ever had, the oldest first.
pub fn histories(channel: &str, address: &str) -> Range {
    Range::prefix("history", &[channel.into(), address.into()])
}

/// A citizen who is known by name to a provider of identities.
pub fn citizen(id: &str) -> Key {
    Key::new("citizen", &[id.into()])
}

/// Which citizen a provider's subject is, by the keyed digest of the subject.
pub fn identity(digest: &str) -> Key {
    Key::new("identity", &[digest.into()])
}

/// Which citizen a peer is, by the citizen's own consent.
pub fn linked(channel: &str, address: &str) -> Key {
    Key::new("linked", &[channel.into(), address.into()])
}

/// A login under way, by the digest of its id.
pub fn login(digest: &str) -> Key {
    Key::new("login", &[digest.into()])
}

/// All logins under way.
pub fn logins() -> Range {
    Range::prefix("login", &[])
}

/// The newest login that a peer has begun.
pub fn login_of(channel: &str, address: &str) -> Key {
    Key::new("login_of", &[channel.into(), address.into()])
}

/// A citizen's login on our own pages, by the digest of its cookie.
pub fn citizen_session(digest: &str) -> Key {
    Key::new("citizen_session", &[digest.into()])
}

/// All citizens' logins on our own pages.
pub fn citizen_sessions() -> Range {
    Range::prefix("citizen_session", &[])
}

/// What a peer's message id was accepted as.
pub fn dedupe(channel: &str, address: &str, id: &str) -> Key {
    Key::new("dedupe", &[channel.into(), address.into(), id.into()])
}

/// All remembered message ids.
pub fn dedupes() -> Range {
    Range::prefix("dedupe", &[])
}

/// A message that waits to be handled.
pub fn inbox(conversation: &str, number: u64) -> Key {
    Key::new("inbox", &[conversation.into(), number.into()])
}

/// What waits to be handled in a conversation, in order.
pub fn inbox_of(conversation: &str) -> Range {
    Range::prefix("inbox", &[conversation.into()])
}

/// What waits to be handled anywhere.
pub fn inboxes() -> Range {
    Range::prefix("inbox", &[])
}

/// Who handles a conversation.
pub fn lease(conversation: &str) -> Key {
    Key::new("lease", &[conversation.into()])
}

/// All leases.
pub fn leases() -> Range {
    Range::prefix("lease", &[])
}

/// A reply that waits to be delivered.
pub fn outbox(conversation: &str, seq: u64) -> Key {
    Key::new("outbox", &[conversation.into(), seq.into()])
}

/// What a channel remembers.
pub fn note(channel: &str, key: &[&str]) -> Key {
    Key::new("note", &note_parts(channel, key))
}

/// What a channel remembers under keys that begin so.
pub fn notes(channel: &str, prefix: &[&str]) -> Range {
    Range::prefix("note", &note_parts(channel, prefix))
}

fn note_parts<'a>(channel: &'a str, key: &[&'a str]) -> Vec<Part<'a>> {
    std::iter::once(channel).chain(key.iter().copied()).map(Part::from).collect()
}

/// A file that goes with a message.
pub fn file_head(id: &str) -> Key {
    Key::new("file", &["head".into(), id.into()])
}

/// All files that go with messages.
pub fn file_heads() -> Range {
    Range::prefix("file", &["head".into()])
}

/// A file that waits for its message.
pub fn file_staged(id: &str) -> Key {
    Key::new("file", &["staged".into(), id.into()])
}

/// All files that wait for their messages.
pub fn files_staged() -> Range {
    Range::prefix("file", &["staged".into()])
}

/// A part of a file's content, from 0.
pub fn file_chunk(id: &str, number: u64) -> Key {
    Key::new("file", &["chunk".into(), id.into(), number.into()])
}

/// A file that has to be got from its platform.
pub fn fetch(id: &str) -> Key {
    Key::new("fetch", &[id.into()])
}

/// All files that have to be got from their platforms.
pub fn fetches() -> Range {
    Range::prefix("fetch", &[])
}

/// What waits to be delivered in a conversation, in order.
pub fn outbox_of(conversation: &str) -> Range {
    Range::prefix("outbox", &[conversation.into()])
}

/// What waits to be delivered anywhere.
pub fn outboxes() -> Range {
    Range::prefix("outbox", &[])
}

/// A conversation's place in the queue: by rank, then by time.
pub fn queue(rank: u64, since: Timestamp, conversation: &str) -> Key {
    Key::new("queue", &[rank.into(), moment(since).into(), conversation.into()])
}

/// The queue, in order.
pub fn queues() -> Range {
    Range::prefix("queue", &[])
}

/// When a conversation's own clock strikes.
pub fn due(at: Timestamp, conversation: &str) -> Key {
    Key::new("due", &[moment(at).into(), conversation.into()])
}

/// All clocks, the next first.
pub fn dues() -> Range {
    Range::prefix("due", &[])
}

/// The conversations a helper owns.
pub fn load(helper: &str) -> Key {
    Key::new("load", &[helper.into()])
}

/// A helper's account.
pub fn helper(name: &str) -> Key {
    Key::new("helper", &[name.into()])
}

/// All accounts.
pub fn helpers() -> Range {
    Range::prefix("helper", &[])
}

/// Until when a helper counts as present.
pub fn presence(helper: &str) -> Key {
    Key::new("presence", &[helper.into()])
}

/// All presences.
pub fn presences() -> Range {
    Range::prefix("presence", &[])
}

/// A helper's login, by the digest of its cookie.
pub fn session(digest: &str) -> Key {
    Key::new("session", &[digest.into()])
}

/// All logins.
pub fn sessions() -> Range {
    Range::prefix("session", &[])
}

/// A rating, by time, so that reports need not read conversations.
pub fn rating(at: Timestamp, conversation: &str) -> Key {
    Key::new("rating", &[moment(at).into(), conversation.into()])
}

/// A question the knowledge could not answer.
pub fn gap(at: Timestamp, id: &str) -> Key {
    Key::new("gap", &[moment(at).into(), id.into()])
}

/// All questions the knowledge could not answer, in order of time.
pub fn gaps() -> Range {
    Range::prefix("gap", &[])
}

/// A question that was not answered, or not surely, by the digest of its wording.
pub fn doubt(id: &str) -> Key {
    Key::new("doubt", &[id.into()])
}

/// All questions that were not answered, or not surely.
pub fn doubts() -> Range {
    Range::prefix("doubt", &[])
}

/// A set of questions to try.
pub fn question_set(id: &str) -> Key {
    Key::new("question_set", &[id.into()])
}

/// All sets of questions.
pub fn question_sets() -> Range {
    Range::prefix("question_set", &[])
}

/// A run over a set of questions.
pub fn trial_run(number: u64) -> Key {
    Key::new("trial_run", &[number.into()])
}

/// All runs, the oldest first.
pub fn trial_runs() -> Range {
    Range::prefix("trial_run", &[])
}

/// A part of what a run found.
pub fn trial_rows(run: u64, part: u64) -> Key {
    Key::new("trial_rows", &[run.into(), part.into()])
}

/// Everything a run found, in the order of its questions.
pub fn trial_rows_of(run: u64) -> Range {
    Range::prefix("trial_rows", &[run.into()])
}

/// A knowledge entry.
pub fn entry(id: &str) -> Key {
    Key::new("entry", &[id.into()])
}

/// All knowledge entries.
pub fn entries() -> Range {
    Range::prefix("entry", &[])
}

/// Which entries one generation of the knowledge changed.
pub fn knowledge_change(generation: u64) -> Key {
    Key::new("knowledge_change", &[generation.into()])
}

/// What the recent generations of the knowledge changed, in order.
pub fn knowledge_changes() -> Range {
    Range::prefix("knowledge_change", &[])
}

/// What everybody's answers took of the models on a day.
pub fn taken(day: &str) -> Key {
    Key::new("taken", &[day.into()])
}

/// What the answers to one citizen took on a day.
pub fn taken_by(day: &str, asker: &str) -> Key {
    Key::new("taken", &[day.into(), asker.into()])
}

/// What was taken on all days, the oldest first.
pub fn all_taken() -> Range {
    Range::prefix("taken", &[])
}

/// A shared screen.
pub fn share(id: &str) -> Key {
    Key::new("share", &[id.into()])
}

/// All shared screens.
pub fn shares() -> Range {
    Range::prefix("share", &[])
}

/// A shared screen among all that a conversation had.
pub fn share_of(conversation: &str, at: Timestamp, id: &str) -> Key {
    Key::new("share_of", &[conversation.into(), moment(at).into(), id.into()])
}

/// All shared screens that a conversation had, the oldest first.
pub fn shares_of(conversation: &str) -> Range {
    Range::prefix("share_of", &[conversation.into()])
}

/// The shared screen of a conversation that has not ended.
pub fn share_open(conversation: &str) -> Key {
    Key::new("share_open", &[conversation.into()])
}

/// All shared screens that have not ended.
pub fn shares_open() -> Range {
    Range::prefix("share_open", &[])
}

/// What happened to a shared screen; `row` tells apart what happened at the same moment.
pub fn share_audit(id: &str, at: Timestamp, row: &str) -> Key {
    Key::new("share_audit", &[id.into(), moment(at).into(), row.into()])
}

/// Everything that happened to a shared screen, in order.
pub fn share_audits(id: &str) -> Range {
    Range::prefix("share_audit", &[id.into()])
}

/// A single fact about the installation, such as its secrets or the knowledge's generation.
pub fn meta(name: &str) -> Key {
    Key::new("meta", &[name.into()])
}
