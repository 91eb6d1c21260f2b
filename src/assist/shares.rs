//! The life of a share, in the store: asked for, opened, allowed, ended. Each step is one commit with its row of the
//! audit, so that a restart forgets nothing that somebody allowed or took back.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::records::message::{AuthorRecord, MessageRecord};
use crate::records::token::{digest, fresh_short};
use crate::records::{
    ChangeError, Ledger, Scope, ShareAudit, ShareEnd, ShareKind, ShareRecord, ShareState, keys,
};
use crate::store::{Commit, Committed, StoreError, StoreExt, Version};

use super::AssistWords;
use super::known::Opener;

/// How many wrong codes end a share.
const WRONG_CODES: u8 = 5;

/// How often a step is tried again when another one came first.
const TRIES: usize = 16;

/// How long beyond the idle time a share without a sign is kept: signs are written once a minute.
const SIGN: Duration = Duration::from_secs(60);

/// The longest purpose, in characters.
const PURPOSE: usize = 100;

/// How many records one commit deletes.
const FORGET_AT_ONCE: usize = 500;

/// Why a step is refused.
#[derive(Debug, thiserror::Error)]
pub enum ShareError {
    /// There is no such conversation, or no such share.
    #[error("there is no such conversation or share")]
    Unknown,
    /// Somebody else serves the citizen.
    #[error("the conversation is not yours")]
    NotYours {
        /// Who, if anybody does.
        owner: Option<String>,
    },
    /// The conversation has one already.
    #[error("a screen is shared already")]
    Open {
        /// Its id.
        share: String,
    },
    /// No form has this address.
    #[error("there is no such form")]
    NoForm,
    /// The purpose is missing or too long.
    #[error("a purpose has 1 to {PURPOSE} characters")]
    Purpose,
    /// The link was used, is over, or is none.
    #[error("the link is over")]
    Gone,
    /// The code of the chat is needed.
    #[error("the code is needed")]
    CodeNeeded,
    /// It was another one.
    #[error("the code is wrong")]
    WrongCode,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// What a helper asks with.
#[derive(Clone, Debug)]
pub struct Asking<'a> {
    /// The helper.
    pub helper: &'a str,
    /// The conversation.
    pub conversation: &'a str,
    /// What for.
    pub purpose: &'a str,
    /// The page to open.
    pub form: &'a str,
    /// What is asked for first.
    pub kind: ShareKind,
    /// What the link begins with: where citizens reach this server.
    pub base: &'a str,
    /// Whether the channel cannot say who opens the link, so that a code goes into the chat.
    pub needs_code: bool,
    /// Whether the platform may say who opens the link, so that the code is asked for only where it does not.
    pub may_be_known: bool,
}

/// The shares.
pub struct Shares {
    ledger: Ledger,
    words: AssistWords,
    times: Times,
}

/// How long things last.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// How long a link can be opened.
    pub link: Duration,
    /// How long a share stays when the citizen's page is gone.
    pub idle: Duration,
    /// How long what is known of a share is kept after its end, what happened to it included.
    pub keep: Duration,
}

impl Shares {
    /// Shares over the ledger of conversations.
    pub fn new(ledger: Ledger, words: AssistWords, times: Times) -> Self {
        Self { ledger, words, times }
    }

    /// The ledger beneath.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// How long a link can be opened.
    pub fn link_ttl(&self) -> Duration {
        self.times.link
    }

    /// How long a share without its citizen is kept.
    pub fn idle_ttl(&self) -> Duration {
        self.times.idle
    }

    /// Asks the citizen: the share begins, and the link goes into the conversation, both in one commit.
    ///
    /// # Errors
    /// When the conversation is not the helper's, or has a share already.
    pub async fn ask(&self, asking: &Asking<'_>) -> Result<(ShareRecord, String), ShareError> {
        let purpose: String = asking.purpose.chars().filter(|letter| !letter.is_control()).collect();
        let purpose = purpose.trim().to_owned();
        if purpose.is_empty() || purpose.chars().count() > PURPOSE {
            return Err(ShareError::Purpose);
        }
        for _ in 0..TRIES {
            let open = self.open_in(asking.conversation).await?;
            if let Some((share, _)) = &open
                && let Some(record) = self.get(share).await?
                && self.ended_by_now(&record).await?.is_none()
            {
                return Err(ShareError::Open { share: share.clone() });
            }
            match self.begin(asking, &purpose, open.map(|(_, version)| version)).await {
                Err(ChangeError::Fenced) => {}
                Err(ChangeError::Unknown) => return Err(ShareError::Unknown),
                Err(ChangeError::NotYours { owner }) => return Err(ShareError::NotYours { owner }),
                Err(ChangeError::Store(error)) => return Err(error.into()),
                Err(other) => return Err(StoreError::Unavailable(other.to_string()).into()),
                Ok(begun) => return Ok(begun),
            }
        }
        Err(StoreError::Unavailable("too many shares of one conversation at once".into()).into())
    }

    async fn begin(
        &self,
        asking: &Asking<'_>,
        purpose: &str,
        open: Option<Version>,
    ) -> Result<(ShareRecord, String), ChangeError> {
        let (id, key) = (fresh_short(), fresh_short());
        let code = asking.needs_code.then(|| format!("{:06}", rand::random_range(0..1_000_000_u32)));
        // A page of our own takes over only what is meant for it.
        let at = asking.kind.own_page().map_or_else(String::new, |_| format!("&at={}", asking.kind.name()));
        let link = format!("{}/s/{id}#k={key}{at}", asking.base.trim_end_matches('/'));
        let begun = self.ledger.change(asking.conversation, |change| {
            let state = change.state();
            if state.owner.as_deref() != Some(asking.helper) || !state.stage.helper_may_write() {
                return Err(ChangeError::NotYours { owner: state.owner.clone() });
            }
            let now = change.now;
            let record = ShareRecord {
                id: id.clone(),
                conversation: asking.conversation.to_owned(),
                helper: asking.helper.to_owned(),
                owner_epoch: state.owner_epoch,
                purpose: purpose.to_owned(),
                form: asking.form.to_owned(),
                kind: asking.kind,
                state: ShareState::Asked,
                created_at: now,
                expires_at: now.checked_add(self.times.link).unwrap_or(Timestamp::MAX),
                key: digest(&key),
                code: code.as_deref().map(|code| code_digest(&id, code)),
                wrong_codes: 0,
                left: None,
                departures: 0,
                known: None,
                token: None,
                epoch: 0,
                consents: std::collections::BTreeMap::new(),
                was_seen: false,
                seen_at: now,
                ended: None,
            };
            let (english, held) = (change.record.english, self.times.link);
            let words = self.words.link(asking.kind, english, asking.helper, purpose, &link, held);
            let mut message =
                MessageRecord::new(Uuid::now_v7().to_string(), AuthorRecord::System, now, words);
            // A desktop is shown from the browser of a computer, which a view inside of an app is not.
            let in_app = matches!(asking.kind, ShareKind::Form | ShareKind::Me);
            message.opens = (asking.may_be_known && in_app).then(|| link.clone());
            change.append(message);
            if let Some(code) = &code {
                let words = self.words.code(change.record.english, asking.may_be_known, code);
                change.append(MessageRecord::new(
                    Uuid::now_v7().to_string(),
                    AuthorRecord::System,
                    now,
                    words,
                ));
            }
            change.check(keys::share_open(asking.conversation), open);
            change.put(keys::share_open(asking.conversation), &id);
            change.put(keys::share_of(asking.conversation, now, &id), &id);
            change.put(keys::share(&id), &record);
            let row = audit(now, &format!("helper:{}", asking.helper), "asked", None);
            change.put(keys::share_audit(&id, now, &row_name()), &row);
            Ok(record)
        });
        let (record, _) = begun.await?;
        Ok((record, link))
    }

    async fn open_in(&self, conversation: &str) -> Result<Option<(String, Version)>, StoreError> {
        self.ledger.store().get_json(&keys::share_open(conversation)).await
    }

    /// A share.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn get(&self, id: &str) -> Result<Option<ShareRecord>, StoreError> {
        Ok(self.ledger.store().get_json(&keys::share(id)).await?.map(|(record, _)| record))
    }

    /// The shares a conversation had, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn of(&self, conversation: &str) -> Result<Vec<ShareRecord>, StoreError> {
        const MOST: usize = 50;
        let found =
            self.ledger.store().scan_json::<String>(&keys::shares_of(conversation), MOST, true).await?;
        let mut shares = Vec::new();
        for (_, id, _) in found {
            shares.extend(self.get(&id).await?);
        }
        Ok(shares)
    }

    /// What happened to a share, in order.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn audit(&self, id: &str) -> Result<Vec<ShareAudit>, StoreError> {
        let rows = self.ledger.store().scan_all(&keys::share_audits(id)).await?;
        rows.iter().map(crate::store::Record::decode).collect()
    }

    /// Whether the conversation is still the helper's who asked.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn is_owned(&self, record: &ShareRecord) -> Result<bool, StoreError> {
        let Some(conversation) = self.ledger.conversation(&record.conversation).await? else {
            return Ok(false);
        };
        let state = conversation.conversation()?;
        Ok(state.owner_epoch == record.owner_epoch
            && state.owner.as_deref() == Some(&record.helper)
            && state.stage.helper_may_write())
    }

    /// Why a share is over by now, and ends it in the store if that was not written yet.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn ended_by_now(&self, record: &ShareRecord) -> Result<Option<String>, StoreError> {
        if let Some(ended) = &record.ended {
            return Ok(Some(ended.reason.clone()));
        }
        let now = self.ledger.now();
        let silent = now.duration_since(record.seen_at).unsigned_abs() > self.times.idle + SIGN;
        let reason = if record.state == ShareState::Asked && record.expires_at <= now {
            "expired"
        } else if record.state != ShareState::Asked && silent {
            "idle"
        } else if !self.is_owned(record).await? {
            "owner"
        } else {
            return Ok(None);
        };
        self.end(&record.id, reason, "system").await?;
        Ok(Some(reason.to_owned()))
    }

    /// Ends what is over. Returns the shares that were ended and why.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sweep(&self) -> Result<Vec<(String, String)>, StoreError> {
        let mut ended = Vec::new();
        for record in self.ledger.store().scan_all(&keys::shares_open()).await? {
            let id: String = record.decode()?;
            match self.get(&id).await? {
                Some(share) => ended.extend(self.ended_by_now(&share).await?.map(|reason| (id, reason))),
                None => {
                    let gone =
                        Commit::new().check(record.key.clone(), Some(record.version)).delete(record.key);
                    self.ledger.store().attempt(gone).await?;
                }
            }
        }
        Ok(ended)
    }

    /// Deletes what is known of shares that ended long ago; returns how many those were.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget(&self) -> Result<usize, StoreError> {
        let (store, now) = (self.ledger.store(), self.ledger.now());
        let mut forgotten = 0;
        for found in store.scan_all(&keys::shares()).await? {
            let record: ShareRecord = found.decode()?;
            let long_ago = |ended: &ShareEnd| now.duration_since(ended.at).unsigned_abs() > self.times.keep;
            if !record.ended.as_ref().is_some_and(long_ago) {
                continue;
            }
            // The share itself goes last: as long as it is there, the rest is found again.
            let mut rows: Vec<_> = store
                .scan_all(&keys::share_audits(&record.id))
                .await?
                .into_iter()
                .map(|row| row.key)
                .collect();
            rows.push(keys::share_of(&record.conversation, record.created_at, &record.id));
            rows.push(found.key);
            for rows in rows.chunks(FORGET_AT_ONCE) {
                let commit = rows.iter().fold(Commit::new(), |commit, key| commit.delete(key.clone()));
                store.attempt(commit).await?;
            }
            forgotten += 1;
        }
        Ok(forgotten)
    }

    /// Uses the link. Returns the share and what the citizen's page holds from now on; of several who try, one gets it.
    ///
    /// # Errors
    /// When the link is over, or the code is needed or wrong.
    pub async fn open(
        &self,
        id: &str,
        key: &str,
        opener: Opener<'_>,
    ) -> Result<(ShareRecord, String), ShareError> {
        for _ in 0..TRIES {
            let found = self.ledger.store().get_json::<ShareRecord>(&keys::share(id)).await?;
            let Some((mut record, version)) = found else { return Err(ShareError::Gone) };
            // Wrong keys are not counted: else anybody who saw the address could end the share.
            if record.key != digest(key) || record.state != ShareState::Asked {
                return Err(ShareError::Gone);
            }
            if self.ended_by_now(&record).await?.is_some() {
                return Err(ShareError::Gone);
            }
            let now = self.ledger.now();
            let is_known = opener.is_known(&record);
            let (what, outcome) = match (&record.code, opener.code) {
                (Some(_), None) if !is_known => return Err(ShareError::CodeNeeded),
                (Some(expected), Some(code)) if !is_known && *expected != code_digest(id, code.trim()) => {
                    record.wrong_codes += 1;
                    if record.wrong_codes >= WRONG_CODES {
                        self.end(id, "code", "system").await?;
                        return Err(ShareError::Gone);
                    }
                    ("wrong_code", Err(ShareError::WrongCode))
                }
                _ => {
                    let token = fresh_short();
                    record.state = ShareState::Opened;
                    record.token = Some(digest(&token));
                    (record.left, record.known) = (None, None);
                    record.seen_at = now;
                    ("opened", Ok(token))
                }
            };
            let how = (is_known && record.code.is_some()).then(|| "known".to_owned());
            if self.write(&record, version, audit(now, "citizen", what, how)).await? {
                return outcome.map(|token| (record, token));
            }
        }
        Err(StoreError::Unavailable("too many attempts at one share at once".into()).into())
    }

    async fn write(
        &self,
        record: &ShareRecord,
        version: Version,
        row: ShareAudit,
    ) -> Result<bool, StoreError> {
        let key = keys::share(&record.id);
        let mut commit = Commit::new()
            .check(key.clone(), Some(version))
            .put_json(key, record)
            .put_json(keys::share_audit(&record.id, row.at, &row_name()), &row);
        if record.state == ShareState::Ended
            && let Some((open, version)) = self.open_in(&record.conversation).await?
            && open == record.id
        {
            let key = keys::share_open(&record.conversation);
            commit = commit.check(key.clone(), Some(version)).delete(key);
        }
        Ok(matches!(self.ledger.store().commit(commit).await?, Committed::Done(_)))
    }

    /// Changes a share that has not ended; `edit` says what happened, or that nothing did.
    pub(super) async fn change(
        &self,
        id: &str,
        who: &str,
        mut edit: impl FnMut(&mut ShareRecord, Timestamp) -> Option<(&'static str, Option<String>)> + Send,
    ) -> Result<ShareRecord, ShareError> {
        for _ in 0..TRIES {
            let found = self.ledger.store().get_json::<ShareRecord>(&keys::share(id)).await?;
            let Some((mut record, version)) = found else { return Err(ShareError::Unknown) };
            if record.state == ShareState::Ended {
                return Err(ShareError::Gone);
            }
            let now = self.ledger.now();
            let Some((what, detail)) = edit(&mut record, now) else { return Ok(record) };
            if self.write(&record, version, audit(now, who, what, detail)).await? {
                return Ok(record);
            }
        }
        Err(StoreError::Unavailable("too many changes of one share at once".into()).into())
    }

    /// The citizen's page says hello with its token. A page that was loaded anew has a new epoch.
    ///
    /// # Errors
    /// When it is not the page of this share, or the share is over.
    pub async fn arrive(&self, id: &str, token: &str, epoch: u32) -> Result<ShareRecord, ShareError> {
        let record = self.get(id).await?.ok_or(ShareError::Gone)?;
        if record.token.as_deref() != Some(&digest(token)) || self.ended_by_now(&record).await?.is_some() {
            return Err(ShareError::Gone);
        }
        self.change(id, "citizen", |record, now| {
            record.seen_at = now;
            if epoch == 0 || epoch != record.epoch {
                record.epoch = record.epoch.saturating_add(1);
                // A call ends with its page, and nobody's microphone goes on by itself.
                record.consents.retain(|scope, _| !scope.is_call());
                return Some(("loaded", Some(record.epoch.to_string())));
            }
            Some(("returned", Some(record.epoch.to_string())))
        })
        .await
    }

    /// The citizen allows something.
    ///
    /// # Errors
    /// When the share is over.
    pub async fn allow(&self, id: &str, scope: Scope, ttl: Option<u32>) -> Result<ShareRecord, ShareError> {
        self.change(id, "citizen", |record, now| {
            // Pointing at what nobody sees would be of no use, so sight comes first.
            if scope.needs_sight() && !record.allows(Scope::View, now) {
                return None;
            }
            let until = ttl.and_then(|ttl| now.checked_add(Duration::from_secs(ttl.into())).ok());
            record.consents.insert(scope, until);
            record.state = ShareState::Consented;
            record.was_seen |= scope == Scope::View;
            Some(("allowed", Some(scope.name().to_owned())))
        })
        .await
    }

    /// The citizen takes something back; without sight nothing else stays.
    ///
    /// # Errors
    /// When the share is over.
    pub async fn take_back(&self, id: &str, scope: Scope) -> Result<ShareRecord, ShareError> {
        self.change(id, "citizen", |record, _| {
            if scope == Scope::View {
                record.consents.clear();
                record.state = ShareState::Opened;
            } else {
                record.consents.remove(&scope);
            }
            Some(("took_back", Some(scope.name().to_owned())))
        })
        .await
    }

    /// A call ended, and with it what the citizen allowed for it.
    ///
    /// # Errors
    /// When the share is over, or the store fails.
    pub async fn end_call(
        &self,
        id: &str,
        who: &str,
        scope: Scope,
        why: &str,
    ) -> Result<ShareRecord, ShareError> {
        self.change(id, who, |record, _| {
            record.consents.remove(&scope);
            Some(("call_ended", Some(format!("{} {why}", scope.name()))))
        })
        .await
    }

    /// Notes a sign of the citizen's page.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn touch(&self, id: &str) -> Result<(), StoreError> {
        let store = self.ledger.store();
        let key = keys::share(id);
        if let Some((mut record, version)) = store.get_json::<ShareRecord>(&key).await? {
            record.seen_at = self.ledger.now();
            // Whoever came first has noted one, too.
            store.attempt(Commit::new().check(key.clone(), Some(version)).put_json(key, &record)).await?;
        }
        Ok(())
    }

    /// Notes that something happened.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note(
        &self,
        id: &str,
        who: &str,
        what: &str,
        detail: Option<String>,
    ) -> Result<(), StoreError> {
        let now = self.ledger.now();
        let row = audit(now, who, what, detail);
        let commit = Commit::new().put_json(keys::share_audit(id, now, &row_name()), &row);
        self.ledger.store().attempt(commit).await
    }

    /// Ends a share; the first reason stays. False: it had ended already.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end(&self, id: &str, reason: &str, who: &str) -> Result<bool, StoreError> {
        let ended = self.change(id, who, |record, now| {
            record.state = ShareState::Ended;
            record.consents.clear();
            record.ended = Some(ShareEnd { at: now, reason: reason.to_owned() });
            Some(("ended", Some(reason.to_owned())))
        });
        match ended.await {
            Ok(_) => Ok(true),
            Err(ShareError::Store(error)) => Err(error),
            Err(_) => Ok(false),
        }
    }
}

/// A code is short, so its digest is that of the share with it.
fn code_digest(id: &str, code: &str) -> String {
    digest(&format!("{id}:{code}"))
}

fn audit(at: Timestamp, who: &str, what: &str, detail: Option<String>) -> ShareAudit {
    ShareAudit { at, who: who.to_owned(), what: what.to_owned(), detail }
}

fn row_name() -> String {
    Uuid::now_v7().simple().to_string()
}
