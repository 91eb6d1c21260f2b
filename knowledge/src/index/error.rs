//! What can go wrong with an index, by what is to be done about it.

use std::io::ErrorKind;

use tantivy::TantivyError;
use tantivy::directory::error::{LockError, OpenReadError};

/// What can go wrong with an index, by what is to be done about it.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The files are damaged or of another version: fill a new index from the store.
    #[error("the search index must be rebuilt: {0}")]
    Rebuild(String),
    /// Another process has the index open: stop it, or use another data directory.
    #[error("another process has the search index open")]
    InUse,
    /// The disk or the machine refuses: tell the operator, then try again.
    #[error("the search index cannot be read or written")]
    Unavailable(#[source] TantivyError),
}

impl From<TantivyError> for IndexError {
    fn from(error: TantivyError) -> IndexError {
        match error {
            TantivyError::LockFailure(LockError::LockBusy, _) => IndexError::InUse,
            TantivyError::DataCorruption(_)
            | TantivyError::IncompatibleIndex(_)
            | TantivyError::SchemaError(_)
            | TantivyError::FieldNotFound(_)
            | TantivyError::DeserializeError(_) => IndexError::Rebuild(error.to_string()),
            TantivyError::OpenReadError(
                OpenReadError::FileDoesNotExist(_) | OpenReadError::IncompatibleIndex(_),
            ) => IndexError::Rebuild(error.to_string()),
            other => IndexError::Unavailable(other),
        }
    }
}

impl IndexError {
    /// While opening, an unexpected end of a file is damage too; later it would be a failing disk.
    pub(super) fn on_open(error: TantivyError) -> IndexError {
        let kind = match &error {
            TantivyError::IoError(io) => Some(io.kind()),
            TantivyError::OpenReadError(OpenReadError::IoError { io_error, .. }) => Some(io_error.kind()),
            _ => None,
        };
        match kind {
            Some(ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::InvalidInput) => {
                IndexError::Rebuild(error.to_string())
            }
            _ => error.into(),
        }
    }
}
