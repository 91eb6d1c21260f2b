//! Cuts what is longer than a platform takes, at the ends of sentences.

/// Cuts a text into parts that `measure` finds no larger than `limit`, at the end of a paragraph if there is one in the
/// second half, else of a sentence, else of a clause, else wherever a character ends. Nothing but white space at the cuts
/// is lost. `measure` gives the size of a piece in the platform's unit; the size of a whole must not be smaller than
/// that of a part of it.
pub fn at_sentences(text: &str, limit: usize, measure: impl Fn(&str) -> usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if measure(rest) <= limit {
            parts.push(rest.to_owned());
            break;
        }
        let (part, after) = rest.split_at(cut(rest, limit, &measure));
        let part = part.trim_end();
        if !part.is_empty() {
            parts.push(part.to_owned());
        }
        rest = after.trim_start();
    }
    parts
}

/// Where to cut: a place in bytes, never 0.
fn cut(text: &str, limit: usize, measure: &impl Fn(&str) -> usize) -> usize {
    let ends: Vec<usize> = text.char_indices().map(|(at, letter)| at + letter.len_utf8()).collect();
    // The longest beginning that fits; one character at least, so that there is an end.
    let fits = ends.partition_point(|&end| text.get(..end).is_some_and(|part| measure(part) <= limit)).max(1);
    let most = ends[fits - 1];
    let half = ends[(fits - 1) / 2];
    let head = text.get(..most).unwrap_or(text);
    let last = |is_end: &dyn Fn(&str, char) -> bool| {
        head.char_indices()
            .map(|(at, letter)| (at + letter.len_utf8(), letter))
            .filter(|&(end, letter)| end > half && is_end(text.get(end..).unwrap_or(""), letter))
            .last()
            .map(|(end, _)| end)
    };
    let closes = |rest: &str| !rest.starts_with(['”', '’', '」', '』', '）', ')', '"']);
    last(&|rest, letter| letter == '\n' && rest.starts_with('\n'))
        .or_else(|| last(&|_, letter| letter == '\n'))
        .or_else(|| {
            last(&|rest, letter| {
                (matches!(letter, '。' | '！' | '？' | '!' | '?' | '…') && closes(rest))
                    || (matches!(letter, '.') && rest.starts_with(char::is_whitespace))
                    || (matches!(letter, '”' | '」') && head_ends_sentence(rest))
            })
        })
        .or_else(|| last(&|_, letter| matches!(letter, '；' | '，' | '、' | ';' | ',' | ' ')))
        .unwrap_or(most)
}

/// Whether what follows a closing quotation mark begins something new.
fn head_ends_sentence(rest: &str) -> bool {
    rest.starts_with('\n') || rest.is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_end_where_sentences_end() {
        let text = "先到窗口取号。再把材料交给工作人员！最后等通知，一般三天。";
        let parts = at_sentences(text, 18, |part| part.chars().count());
        assert_eq!(parts, ["先到窗口取号。再把材料交给工作人员！", "最后等通知，一般三天。"]);
    }

    #[test]
    fn a_paragraph_goes_before_a_sentence() {
        let text = "第一段第一句。第一段第二句。\n\n第二段。第三句";
        let parts = at_sentences(text, 20, |part| part.chars().count());
        assert_eq!(parts[0], "第一段第一句。第一段第二句。");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_too_long(text in "(\\PC|[。，\\n 😀]){0,300}", limit in 4_usize..60) {
            let parts = at_sentences(&text, limit, str::len);
            for part in &parts {
                prop_assert!(part.len() <= limit, "{part}");
                prop_assert!(!part.trim().is_empty());
            }
            let bare = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
            prop_assert_eq!(bare(&parts.concat()), bare(&text));
        }
    }
}
