//! What every store must do, written once (`store_conformance/cases.rs`) and run on each of them.
//!
//! A new store adds one line here, and a second one if it keeps what it is given.

mod cases;
mod durable;

use std::sync::Arc;

use tempfile::TempDir;
use yikouwen::store::{Store, open};

/// A store to test, and the directory that has to outlive it.
struct Opened {
    store: Arc<dyn Store>,
    _directory: TempDir,
}

async fn open_new(url: impl Fn(&str) -> String) -> Opened {
    let directory = tempfile::tempdir().expect("a directory for the test");
    let url = url(&directory.path().join("store").display().to_string());
    Opened { store: open(&url).await.expect("a new store opens"), _directory: directory }
}

/// One test a case: `$url` turns a path that may be used into the URL to open.
macro_rules! store_test_suite {
    ($name:ident, $url:expr) => {
        store_test_suite!(
            @cases $name, open_new($url);
            an_absent_key_is_none,
            a_put_is_read_back_and_its_version_changes,
            a_check_of_none_means_absent,
            a_check_of_a_version_means_unchanged,
            a_check_names_the_conflict,
            commits_are_whole,
            a_commit_of_checks_alone_is_answered,
            a_deleted_record_is_absent,
            changing_a_key_twice_is_refused,
            what_can_not_be_json_is_refused,
            too_much_at_once_is_refused,
            scans_are_ordered_limited_and_reversible,
            ranges_end_where_they_should,
            pages_join_without_gap_or_overlap,
            texts_of_any_characters_are_keys,
            many_spaces_stay_apart,
            big_values_come_back,
            a_snapshot_shows_everything_once,
            a_snapshot_ends_with_its_visitor,
            concurrent_increments_all_count,
            one_of_many_claims_wins,
            a_closed_store_refuses,
        );
    };
    (@cases $name:ident, $open:expr; $($case:ident,)*) => {
        mod $name {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let opened = $open.await;
                    cases::$case(opened.store.clone()).await;
                }
            )*
        }
    };
}

/// Further tests for a store that keeps what it is given.
macro_rules! durable_store_test_suite {
    ($name:ident, $url:expr) => {
        durable_store_test_suite!(
            @cases $name, $url;
            reopening_keeps_everything,
            versions_go_on_after_reopening,
            closing_finishes_what_was_begun,
        );
    };
    (@cases $name:ident, $url:expr; $($case:ident,)*) => {
        mod $name {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let directory = tempfile::tempdir().expect("a directory for the test");
                    let url: fn(&str) -> String = $url;
                    durable::$case(&url(&directory.path().join("store").display().to_string())).await;
                }
            )*
        }
    };
}

store_test_suite!(memory, |_| "memory:".to_owned());
store_test_suite!(sled, |path| format!("sled:{path}"));
durable_store_test_suite!(sled_durable, |path| format!("sled:{path}"));

#[tokio::test]
async fn a_url_of_no_store_is_explained() {
    for (url, hint) in [
        ("", "sled:PATH"),
        ("data/store", "sled:PATH"),
        ("sled:", "path"),
        ("redis://localhost", "memory:"),
        ("postgres://admin:secret@db/yikouwen", "PostgreSQL"),
    ] {
        let Err(error) = open(url).await else { panic!("`{url}` was opened") };
        let message = error.to_string();
        assert!(message.contains(hint) && !message.contains("secret"), "{message}");
    }
}
