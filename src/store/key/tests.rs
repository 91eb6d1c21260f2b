//! The encoding keeps order, keeps paths apart and reads back.
use super::*;

fn key(parts: &[Part<'_>]) -> Key {
    Key::new("test", parts)
}

#[test]
fn order_of_keys_is_order_of_parts() {
    use Part::{Number, Text};
    let ascending: &[&[Part<'_>]] = &[
        &[],
        &[Number(0)],
        &[Number(1)],
        &[Number(1), Text("z")],
        &[Number(255)],
        &[Number(256)],
        &[Number(u64::MAX)],
        &[Text("")],
        &[Text(""), Text("")],
        &[Text("a")],
        &[Text("a"), Number(9)],
        &[Text("a"), Text("b/c")],
        &[Text("a\0")],
        &[Text("a\0b")],
        &[Text("a/b"), Text("c")],
        &[Text("ab")],
        &[Text("办事")],
        &[Text("\u{10ffff}")],
    ];
    let keys: Vec<Key> = ascending.iter().map(|parts| key(parts)).collect();
    assert!(keys.is_sorted_by(|a, b| a < b));
    for (parts, key) in ascending.iter().zip(&keys) {
        let back = Key::from_bytes(key.as_bytes().to_vec()).unwrap();
        assert_eq!(back.parts().iter().map(OwnedPart::borrowed).collect::<Vec<_>>(), *parts);
        assert_eq!(Key::from_parts(back.space(), &back.parts()).unwrap(), back);
    }
}

#[test]
fn a_prefix_holds_its_key_and_what_is_below_and_nothing_else() {
    let range = Range::prefix("test", &["a".into()]);
    let holds = |key: &Key| key.as_bytes() >= range.start() && key.as_bytes() < range.end();
    assert!(holds(&key(&["a".into()])));
    assert!(holds(&key(&["a".into(), u64::MAX.into()])));
    assert!(holds(&key(&["a".into(), "\u{10ffff}".into()])));
    assert!(!holds(&key(&["a\0".into()])));
    assert!(!holds(&key(&["ab".into()])));
    assert!(!holds(&key(&[])));
    assert!(!holds(&Key::new("test2", &["a".into()])));
}

#[test]
fn damaged_bytes_are_no_key() {
    for bytes in [
        &b""[..],
        b"test",
        b"\0",
        b"Test\0",
        b"test\0\x03",
        b"test\0\x01abc",
        b"test\0\x02ab",
        b"test\0\x02\xff\0",
    ] {
        assert!(Key::from_bytes(bytes.to_vec()).is_err(), "{bytes:?}");
    }
}

#[test]
fn logs_never_show_parts() {
    let key = key(&["13800138000".into()]);
    assert!(key.to_string().starts_with("test#"));
    assert!(!format!("{key} {key:?}").contains("138001"));
}
