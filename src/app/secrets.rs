//! Secrets that the program makes for itself and keeps in its store.

use base64::{Engine, engine::general_purpose::STANDARD};
use rand::RngExt;

use crate::records::{Vault, keys};
use crate::store::{Commit, Store, StoreError, StoreExt};

/// The key that visitor tokens are signed with; made at the first start, so that a visitor is known again after any
/// number of restarts.
pub(super) async fn visitor_key(store: &dyn Store) -> Result<Vec<u8>, StoreError> {
    key(store, "visitor_key").await
}

/// The key under which citizens' identities are kept; made at the first start, so that a citizen is known again.
pub(super) async fn identity_key(store: &dyn Store) -> Result<Vec<u8>, StoreError> {
    key(store, "identity_key").await
}

/// What encrypts what is hidden in messages; its secret is made at the first start and is the same on every node.
pub(super) async fn vault(store: &dyn Store) -> Result<Vault, StoreError> {
    Vault::new(&key(store, "private_key").await?)
}

async fn key(store: &dyn Store, name: &str) -> Result<Vec<u8>, StoreError> {
    let key = keys::meta(name);
    loop {
        if let Some((text, _)) = store.get_json::<String>(&key).await? {
            return STANDARD
                .decode(text)
                .map_err(|_| StoreError::Corrupt(format!("the secret {name} cannot be read")));
        }
        let fresh = STANDARD.encode(rand::rng().random::<[u8; 32]>());
        // Of two nodes that start at once one wins, and both read what it wrote.
        store.attempt(Commit::new().check(key.clone(), None).put_json(key.clone(), &fresh)).await?;
    }
}
