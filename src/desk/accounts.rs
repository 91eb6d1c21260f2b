//! Helpers' accounts: names, roles, and passwords as Argon2id hashes.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use jiff::Timestamp;
use rand::distr::{Alphanumeric, SampleString};
use serde::{Deserialize, Serialize};

use crate::records::keys;
use crate::store::{Commit, Committed, Store, StoreError, StoreExt};

/// The shortest password a helper may choose.
pub const SHORTEST_PASSWORD: usize = 10;

/// Failed logins a minute for one name. Guessing ten a minute is hopeless; a helper with a sticky key is not.
const FAILURES_PER_NAME: u32 = 10;

/// Login attempts a minute from one address, behind which a whole hall may sit.
const ATTEMPTS_PER_ADDRESS: u32 = 120;

/// What a helper may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, clap::ValueEnum, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// 应答: answers citizens.
    Responder,
    /// 主办: owns the deep questions.
    Owner,
    /// 督办: sees that nobody waits.
    Supervisor,
    /// Runs the installation.
    Admin,
}

impl Role {
    /// Whether every conversation may be read.
    pub fn sees_all(self) -> bool {
        matches!(self, Self::Supervisor | Self::Admin)
    }
}

/// An account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HelperRecord {
    /// The name to log in with, which citizens see too.
    pub name: String,
    /// What the helper may do.
    pub role: Role,
    /// The Argon2id hash in PHC form.
    password: String,
    /// Whether the password was made by the program and has to be changed.
    pub must_change: bool,
    /// Whether the account is closed.
    pub disabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Why an account could not be made, changed or used.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The name is taken.
    #[error("a helper `{0}` exists already")]
    Taken(String),
    /// Nobody has this name.
    #[error("there is no helper `{0}`")]
    Unknown(String),
    /// The name cannot be used.
    #[error("a helper's name has 1 to 40 characters and no control characters")]
    BadName,
    /// The password is too short.
    #[error("a password has at least {SHORTEST_PASSWORD} characters")]
    ShortPassword,
    /// Name and password do not belong together. Deliberately the same for unknown names and closed accounts.
    #[error("name or password is wrong")]
    WrongPassword,
    /// Too many attempts.
    #[error("too many attempts")]
    Throttled(Duration),
    /// Hashing failed.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Slows down guessing: a name whose password was guessed at too often rests for a moment, and logins that succeed
/// cost nothing.
pub struct Throttle {
    failures: DefaultKeyedRateLimiter<String>,
    addresses: DefaultKeyedRateLimiter<String>,
    resting: Mutex<HashMap<String, Instant>>,
}

impl Default for Throttle {
    fn default() -> Self {
        let per_minute = |rate| Quota::per_minute(NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN));
        Self {
            failures: DefaultKeyedRateLimiter::keyed(per_minute(FAILURES_PER_NAME)),
            addresses: DefaultKeyedRateLimiter::keyed(per_minute(ATTEMPTS_PER_ADDRESS)),
            resting: Mutex::default(),
        }
    }
}

impl Throttle {
    fn resting(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits an attempt.
    ///
    /// # Errors
    /// [`AccountError::Throttled`] with the time until the next one is allowed.
    pub fn admit(&self, name: &str, address: &str) -> Result<(), AccountError> {
        if let Err(early) = self.addresses.check_key(&address.to_owned()) {
            return Err(AccountError::Throttled(early.wait_time_from(DefaultClock::default().now())));
        }
        let rest = self.resting().get(name).map(|until| until.saturating_duration_since(Instant::now()));
        match rest {
            Some(rest) if !rest.is_zero() => Err(AccountError::Throttled(rest)),
            _ => Ok(()),
        }
    }

    /// Counts a failure and says how to answer it.
    pub fn failed(&self, name: &str) -> AccountError {
        match self.failures.check_key(&name.to_owned()) {
            Ok(()) => AccountError::WrongPassword,
            Err(early) => {
                let wait = early.wait_time_from(DefaultClock::default().now());
                self.resting().insert(name.to_owned(), Instant::now() + wait);
                AccountError::Throttled(wait)
            }
        }
    }

    /// Forgets who has not tried for a while, so that made-up names do not pile up.
    pub fn forget(&self) {
        self.failures.retain_recent();
        self.addresses.retain_recent();
        let now = Instant::now();
        self.resting().retain(|_, until| now < *until);
    }
}

/// Refuses a password that is easily guessed. The operator's own choice on the command line is only warned about.
///
/// # Errors
/// [`AccountError::ShortPassword`].
pub fn long_enough(password: &str) -> Result<(), AccountError> {
    if password.chars().count() < SHORTEST_PASSWORD { Err(AccountError::ShortPassword) } else { Ok(()) }
}

/// A password for a first login: 16 letters and digits, about 95 bits.
pub fn random_password() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), 16)
}

/// Makes an account.
///
/// # Errors
/// When the name is taken or unusable, the password too short, or the store fails.
pub async fn add(
    store: &dyn Store,
    name: &str,
    role: Role,
    password: &str,
    must_change: bool,
    now: Timestamp,
) -> Result<HelperRecord, AccountError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 40 || name.chars().any(char::is_control) {
        return Err(AccountError::BadName);
    }
    let password = hash(password).await?;
    let record =
        HelperRecord { name: name.to_owned(), role, password, must_change, disabled: false, created_at: now };
    let key = keys::helper(name);
    match store.commit(Commit::new().check(key.clone(), None).put_json(key, &record)).await? {
        Committed::Done(_) => Ok(record),
        Committed::Conflict(_) => Err(AccountError::Taken(name.to_owned())),
    }
}

/// All accounts, in the order of their names.
///
/// # Errors
/// When the store fails.
pub async fn list(store: &dyn Store) -> Result<Vec<HelperRecord>, AccountError> {
    let records = store.scan_all(&keys::helpers()).await?;
    Ok(records.iter().map(crate::store::Record::decode).collect::<Result<_, _>>()?)
}

/// Changes an account.
///
/// # Errors
/// When nobody has the name, or the store fails.
async fn edit(
    store: &dyn Store,
    name: &str,
    change: impl Fn(&mut HelperRecord) + Send + Sync,
) -> Result<(), AccountError> {
    let key = keys::helper(name);
    loop {
        let Some((mut record, version)) = store.get_json::<HelperRecord>(&key).await? else {
            return Err(AccountError::Unknown(name.to_owned()));
        };
        change(&mut record);
        let commit = Commit::new().check(key.clone(), Some(version)).put_json(key.clone(), &record);
        if store.commit(commit).await?.done().is_some() {
            return Ok(());
        }
    }
}

/// Closes or reopens an account, and ends its logins when it closes.
///
/// # Errors
/// When nobody has the name, or the store fails.
pub async fn disable(store: &dyn Store, name: &str, disabled: bool) -> Result<(), AccountError> {
    edit(store, name, |record| record.disabled = disabled).await?;
    if disabled {
        super::sessions::end_all_of(store, name).await?;
    }
    Ok(())
}

/// Sets a password, and ends the logins made with the old one.
///
/// # Errors
/// When nobody has the name, the password is too short, or the store fails.
pub async fn set_password(
    store: &dyn Store,
    name: &str,
    password: &str,
    must_change: bool,
) -> Result<(), AccountError> {
    let hashed = hash(password).await?;
    edit(store, name, |record| {
        record.password.clone_from(&hashed);
        record.must_change = must_change;
    })
    .await?;
    super::sessions::end_all_of(store, name).await?;
    Ok(())
}

/// Checks a password.
///
/// # Errors
/// [`AccountError::WrongPassword`] alike for a wrong password, an unknown name and a closed account.
pub async fn verify(store: &dyn Store, name: &str, password: &str) -> Result<HelperRecord, AccountError> {
    let known = store.get_json::<HelperRecord>(&keys::helper(name)).await?.map(|(record, _)| record);
    // An unknown name costs the same time, so that names cannot be found out by the clock.
    let hashed = known.as_ref().map_or_else(|| DECOY.to_owned(), |record| record.password.clone());
    let password = password.to_owned();
    let matches = blocking(move || {
        PasswordHash::new(&hashed)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    })
    .await?;
    known.filter(|record| matches && !record.disabled).ok_or(AccountError::WrongPassword)
}

/// The hash of a password nobody knows, in the default parameters.
const DECOY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$Pn1mGQn1gkbBo6qWBfWfWmDHD5zLzPKnkEeP0rRHXBY";

async fn hash(password: &str) -> Result<String, AccountError> {
    if password.is_empty() {
        return Err(AccountError::ShortPassword);
    }
    let password = password.to_owned();
    blocking(move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()))
        .await?
        .map_err(|error| AccountError::Hash(error.to_string()))
}

/// Hashing is meant to be slow, so it leaves the async threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AccountError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| AccountError::Hash(error.to_string()))
}
