//! What `yikouwen check --online` says of a platform of one's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::post;

use crate::support::MEMORY;
use crate::support::check::check_online;
use crate::support::tls::Authority;

fn section(url: &str) -> String {
    let deliver = if url.is_empty() { String::new() } else { format!("deliver_url = \"{url}\"\n") };
    format!(
        "{MEMORY}[channels.kiosk]\ntype = \"http\"\nsecret = \"a secret that is long enough for it\"\n{deliver}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_side_is_reached_without_pushing_anything() {
    let (code, text) = check_online(&section("")).await;
    assert!(code == Some(0) && text.contains("replies are pulled"), "{text}");
    let (code, text) = check_online(&section("http://127.0.0.1:9/replies")).await;
    assert!(code == Some(1) && text.contains("no connection") && text.contains("deliver_url"), "{text}");

    let authority = Authority::new();
    let listener = authority.listener().await;
    let url = format!("https://localhost:{}/replies", listener.port());
    // Whatever is pushed here is a reply that nobody wrote.
    let pushed = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&pushed);
    let router = Router::new().route(
        "/replies",
        post(async move || {
            counted.fetch_add(1, Ordering::SeqCst);
        }),
    );
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let (code, text) = check_online(&section(&url)).await;
    assert!(code == Some(1) && text.contains("see [server] extra_ca"), "{text}");
    let trusting = format!("{}[server]\nextra_ca = {:?}\n", section(&url), authority.file());
    let (code, text) = check_online(&trusting).await;
    assert!(code == Some(0) && text.contains("can be reached (HEAD: 405)"), "{text}");
    assert_eq!(pushed.load(Ordering::SeqCst), 0);
}
