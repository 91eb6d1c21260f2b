//! The knowledge base without a server around it, for tests that open and close it themselves.

use std::path::Path;
use std::sync::Arc;

use knowledge::import::SourceFile;
use serde_json::json;
use yikouwen::app::SystemClock;
use yikouwen::retrieval::{Knowledge, KnowledgeBase, Site, Taking};
use yikouwen::store::Store;

/// Opens the knowledge of that store, with its index in that directory.
pub(crate) async fn open(store: Arc<dyn Store>, index: Option<&Path>) -> Knowledge {
    let regions = include_bytes!("../../../knowledge/demo/regions.json");
    let site = Site { regions: knowledge::Regions::from_json(regions).unwrap(), region: None };
    KnowledgeBase::open(store, index, site, Arc::new(SystemClock)).await.unwrap()
}

/// Store and index of one data directory.
pub(crate) async fn open_in(data: &Path) -> (Arc<dyn Store>, Knowledge) {
    let url = format!("sled:{}", data.join("store").display());
    let store = yikouwen::store::open(&url).await.unwrap_or_else(|error| panic!("the store opens: {error}"));
    let base = open(Arc::clone(&store), Some(&data.join("index"))).await;
    (store, base)
}

/// Closes both, so that the next may open them.
pub(crate) async fn close((store, base): (Arc<dyn Store>, Knowledge)) {
    base.close().await;
    store.close().await.unwrap();
}

/// An entry as it is imported.
pub(crate) fn line(id: &str, title: &str) -> Vec<u8> {
    json!({ "id": id, "kind": "faq", "title": title, "answer": format!("{title}，请到市民中心三楼办理。") })
        .to_string()
        .into_bytes()
}

/// Imports many entries as one file.
pub(crate) async fn take_in<'t>(base: &Knowledge, entries: impl IntoIterator<Item = (&'t str, &'t str)>) {
    let mut bytes = Vec::new();
    for (id, title) in entries {
        bytes.extend(line(id, title));
        bytes.push(b'\n');
    }
    let file = SourceFile { name: "test.jsonl".to_owned(), bytes };
    base.import(vec![file], None, Taking::AllOrNothing, |_, _, _| {}).await.unwrap();
}

/// The titles under which a search for these words finds that entry: one, or none.
pub(crate) async fn titles_of(base: &Knowledge, id: &str, words: &str) -> Vec<String> {
    let hits = base.search(words, None, 50).await.unwrap();
    hits.into_iter().filter(|hit| hit.id.as_str() == id).map(|hit| hit.unit).collect()
}

/// What the store holds is what is found, no more and no less, and the index says so itself.
pub(crate) async fn check_current(base: &Knowledge) {
    base.wait_until_searchable().await.unwrap();
    let status = base.status();
    assert_eq!(status.generation, base.generation().await.unwrap(), "{status:?}");
    assert_eq!(status.entries, base.entries().await.unwrap().len(), "{status:?}");
}
