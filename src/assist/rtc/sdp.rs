//! What may stand in a description of a call. Browsers understand far more than a call needs: cameras, channels for data,
//! addresses of whoever sits behind them. So one medium is let through, in the direction that was agreed to.

use super::{Media, Side};

/// The longest description, in bytes; those of today's browsers have up to 9,000.
pub const MOST: usize = 24 << 10;

/// The longest address line, in bytes.
const CANDIDATE: usize = 512;

/// The longest user fragment (RFC 8839 §5.4), in bytes.
pub const FRAGMENT: usize = 256;

/// Where the type stands in an address line (RFC 8839 §5.1).
const TYPE: usize = 7;

/// Reads a description and returns it as the other side may have it.
///
/// # Errors
/// `too_long`, or `sdp` when anything but the agreed medium stands in it.
pub fn fit(sdp: &str, media: Media, side: Side, relay_only: bool) -> Result<String, &'static str> {
    if sdp.len() > MOST {
        return Err("too_long");
    }
    if !sdp.starts_with("v=0") {
        return Err("sdp");
    }
    let wanted = match media {
        Media::Voice => "audio",
        Media::Screen => "video",
    };
    let mut fit = String::with_capacity(sdp.len());
    let (mut sections, mut direction) = (0, None);
    for line in sdp.lines() {
        if !is_plain(line) {
            return Err("sdp");
        }
        let Some((kind, value)) = line.split_once('=') else { return Err("sdp") };
        match (kind, value) {
            ("m", value) => {
                sections += 1;
                if value.split(' ').next() != Some(wanted) {
                    return Err("sdp");
                }
            }
            // What is said before the medium is only what holds where nothing else is said.
            ("a", "sendrecv" | "sendonly" | "recvonly" | "inactive") if sections > 0 => {
                let before = direction.replace(value);
                if before.is_some() {
                    return Err("sdp");
                }
            }
            ("a", value) if value.starts_with("candidate:") => {
                if let Some(candidate) = fit_candidate(value, relay_only)? {
                    line_of(&mut fit, "a", &candidate);
                }
                continue;
            }
            // Both repeat an address that counts for nothing where addresses are gathered.
            ("c", _) if relay_only => {
                line_of(&mut fit, kind, "IN IP4 0.0.0.0");
                continue;
            }
            ("a", value) if relay_only && value.starts_with("rtcp:") => continue,
            _ => {}
        }
        line_of(&mut fit, kind, value);
    }
    let agreed = match (media, side) {
        (Media::Voice, _) => true,
        // A desktop goes one way.
        (Media::Screen, Side::Citizen) => direction == Some("sendonly"),
        (Media::Screen, Side::Helper) => matches!(direction, Some("recvonly" | "inactive")),
    };
    if sections == 1 && agreed { Ok(fit) } else { Err("sdp") }
}

/// Reads an address line; the empty one says that no more will come. `None`: the other side must not know this one.
///
/// # Errors
/// `too_long`, or `sdp` when it is none.
pub fn fit_candidate(line: &str, relay_only: bool) -> Result<Option<String>, &'static str> {
    if line.len() > CANDIDATE {
        return Err("too_long");
    }
    if line.is_empty() {
        return Ok(Some(String::new()));
    }
    let parts: Vec<&str> = line.split(' ').collect();
    let typed = parts.get(TYPE - 1) == Some(&"typ");
    if !is_plain(line) || !line.starts_with("candidate:") || !typed {
        return Err("sdp");
    }
    if !relay_only {
        return Ok(Some(line.to_owned()));
    }
    if parts.get(TYPE) != Some(&"relay") {
        return Ok(None);
    }
    // Even a relayed address tells from where it was asked for, and nobody needs that to reach it.
    let mut hidden = Vec::with_capacity(parts.len());
    let mut before = "";
    for part in parts {
        hidden.push(match before {
            "raddr" => "0.0.0.0",
            "rport" => "0",
            _ => part,
        });
        before = part;
    }
    Ok(Some(hidden.join(" ")))
}

fn line_of(text: &mut String, kind: &str, value: &str) {
    text.push_str(kind);
    text.push('=');
    text.push_str(value);
    text.push_str("\r\n");
}

fn is_plain(line: &str) -> bool {
    line.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEAD: &str = "v=0\r\no=- 46117 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";
    const AUDIO: &str = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 192.0.2.7\r\na=mid:0\r\na=sendrecv\r\n";
    const HOST: &str = "candidate:1 1 udp 2122194687 192.0.2.7 33567 typ host generation 0";
    const RELAY: &str =
        "candidate:2 1 udp 41885439 203.0.113.9 49160 typ relay raddr 192.0.2.7 rport 33567 generation 0";

    fn video(direction: &str) -> String {
        format!("m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na={direction}\r\n")
    }

    #[test]
    fn only_the_agreed_medium_passes() {
        let citizen = |media, body: &str| fit(&format!("{HEAD}{body}"), media, Side::Citizen, false);
        let helper = |media, body: &str| fit(&format!("{HEAD}{body}"), media, Side::Helper, false);
        let voice = format!("{HEAD}{AUDIO}");
        assert_eq!(citizen(Media::Voice, AUDIO), Ok(voice), "passed on as it is");
        let data = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n";
        for (what, body) in [
            ("a camera", format!("{AUDIO}{}", video("sendrecv"))),
            ("a camera alone", video("sendrecv")),
            ("data", format!("{AUDIO}{data}")),
            ("two voices", format!("{AUDIO}{AUDIO}")),
            ("nothing", String::new()),
            ("a line that is none", format!("{AUDIO}hello\r\n")),
            ("a control character", format!("{AUDIO}a=x:\u{7}\r\n")),
            ("another script", format!("{AUDIO}a=x:字\r\n")),
        ] {
            assert_eq!(citizen(Media::Voice, &body), Err("sdp"), "{what}");
        }
        assert!(citizen(Media::Screen, &video("sendonly")).is_ok());
        assert!(helper(Media::Screen, &video("recvonly")).is_ok());
        assert_eq!(citizen(Media::Screen, &video("sendrecv")), Err("sdp"), "the helper sends nothing");
        assert_eq!(helper(Media::Screen, &video("sendrecv")), Err("sdp"), "the helper sends nothing");
        assert_eq!(
            citizen(Media::Screen, "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"),
            Err("sdp"),
            "both ways unsaid"
        );
        assert_eq!(citizen(Media::Screen, &format!("{}{AUDIO}", video("sendonly"))), Err("sdp"), "no sound");
        let twice = format!("{}a=sendrecv\r\n", video("sendonly"));
        assert_eq!(citizen(Media::Screen, &twice), Err("sdp"), "one thing is said, not two");
        assert_eq!(citizen(Media::Voice, &format!("{AUDIO}{}", "a=x:y\r\n".repeat(4_000))), Err("too_long"));
    }

    #[test]
    fn a_relay_hides_where_somebody_is() {
        let sdp = format!("{HEAD}{AUDIO}a=rtcp:9 IN IP4 192.0.2.7\r\na={HOST}\r\na={RELAY}\r\n");
        let open = fit(&sdp, Media::Voice, Side::Citizen, false).unwrap();
        assert_eq!(open, sdp);
        let hidden = fit(&sdp, Media::Voice, Side::Citizen, true).unwrap();
        assert!(!hidden.contains("192.0.2.7") && !hidden.contains("33567"), "{hidden}");
        assert!(hidden.contains("203.0.113.9 49160 typ relay raddr 0.0.0.0 rport 0"), "{hidden}");
        assert_eq!(fit_candidate(HOST, true), Ok(None));
        assert_eq!(fit_candidate(HOST, false), Ok(Some(HOST.to_owned())));
        assert_eq!(fit_candidate("", true), Ok(Some(String::new())), "the end of the addresses");
        for bad in [
            "host 1 2 3",
            "candidate:1 1 udp 1 192.0.2.7 1 host typ",
            "candidate:1 1 udp 1 a\u{0}b 1 typ host",
        ] {
            assert_eq!(fit_candidate(bad, false), Err("sdp"), "{bad}");
        }
        assert_eq!(fit_candidate(&format!("{HOST}{}", " x".repeat(400)), false), Err("too_long"));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fall(text: String) {
            drop(fit(&format!("v=0\r\n{text}"), Media::Voice, Side::Citizen, true));
            drop(fit_candidate(&format!("candidate:{text}"), true));
        }
    }
}
