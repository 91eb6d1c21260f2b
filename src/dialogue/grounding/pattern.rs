//! Patterns that are compiled once.

/// Patterns that are compiled once. One that is none finds nothing; a test compiles them all.
macro_rules! patterns {
    ($($name:ident = $pattern:expr;)+) => {
        $(static $name: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($pattern).ok());)+

        #[cfg(test)]
        #[test]
        fn every_pattern_is_one() {
            $(assert!($name.is_some(), stringify!($name));)+
        }
    };
}
pub(super) use patterns;
