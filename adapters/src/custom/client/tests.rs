//! From where files are got, and when replies are pushed again.

use std::sync::Arc;

use super::super::config::HttpWords;
use super::super::sign::Signer;
use super::*;

fn channel(deliver_url: Option<&str>, hosts: &[&str]) -> Arc<HttpChannel> {
    let kit = crate::testing::kit("kiosk");
    let settings = HttpSettings {
        kit,
        name: "kiosk".to_owned(),
        signer: Signer::new("0123456789abcdef", None),
        deliver_url: deliver_url.map(|url| url.parse().unwrap()),
        media_hosts: hosts.iter().map(|&host| host.to_owned()).collect(),
        media_bytes: 16,
        words: HttpWords(std::collections::BTreeMap::default()),
    };
    HttpChannel::new(settings).unwrap()
}

#[test]
fn files_are_got_from_named_hosts_only() {
    let pushed = channel(Some("https://12345.city.example/replies"), &["files.city.example"]);
    let local = channel(Some("http://127.0.0.1:9000/replies"), &[]);
    let table = [
        (&pushed, "https://12345.city.example/a.jpg", true),
        (&pushed, "https://files.city.example/a.jpg", true),
        (&pushed, "http://files.city.example/a.jpg", false),
        (&pushed, "https://evil.example/a.jpg", false),
        (&pushed, "https://files.city.example.evil.example/a.jpg", false),
        (&pushed, "http://169.254.169.254/latest/meta-data", false),
        (&pushed, "file:///etc/passwd", false),
        (&local, "http://127.0.0.1:9000/a.jpg", true),
        (&local, "http://127.0.0.1:8080/metrics", false),
        (&channel(None, &[]), "https://12345.city.example/a.jpg", false),
    ];
    for (channel, url, expected) in table {
        assert_eq!(channel.is_named(&url.parse().unwrap()), expected, "{url}");
    }
}

#[test]
fn the_other_side_says_when_to_try_again() {
    let table = [
        ("7", Some(7)),
        ("Thu, 01 Jan 1970 00:01:00 GMT", Some(60)),
        ("99999999999", Some(86_400)),
        ("soon", None),
    ];
    for (value, expected) in table {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, value.parse().unwrap());
        let read = retry_after(&headers, Timestamp::UNIX_EPOCH);
        assert_eq!(read, expected.map(Duration::from_secs), "{value}");
    }
}
