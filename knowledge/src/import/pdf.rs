//! PDF documents as text, by the program `pdftotext` of poppler. Chinese documents carry fonts whose characters only a
//! mature reader of the format gets right.

use std::io::{ErrorKind, Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::FileRead;
use super::document::{Document, entry_of};
use super::mapping::Mapping;

/// The program.
const PROGRAM: &str = "pdftotext";

/// How long it may take for one document.
const PATIENCE: Duration = Duration::from_secs(120);

/// The most text that is taken from one document, in bytes.
const MOST_TEXT: u64 = 32 << 20;

/// Reads a document.
pub(super) fn read(name: &str, bytes: &[u8], mapping: &Mapping) -> FileRead {
    match text_by(PROGRAM, bytes) {
        Ok(text) => entry_of(name, Document { text: paragraphs(&text), ..Document::default() }, mapping),
        Err(reason) => FileRead::refused(name, reason),
    }
}

/// The text of a document, in the order in which it is read.
fn text_by(program: &str, bytes: &[u8]) -> Result<String, String> {
    let started = Command::new(program)
        .args(["-q", "-enc", "UTF-8", "-nopgbrk", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(format!(
                "reading PDF files needs the program `{program}`, which is not installed; on Debian and Ubuntu: \
                 apt-get install poppler-utils"
            ));
        }
        Err(error) => return Err(format!("`{program}` cannot be started: {error}")),
    };
    let (mut input, output) = (child.stdin.take(), child.stdout.take());
    let document = bytes.to_vec();
    // A program that stops reading closes its end; how it ends says more than that.
    std::thread::spawn(move || drop(input.as_mut().map(|input| input.write_all(&document))));
    let (sender, received) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        let read = output.map(|output| output.take(MOST_TEXT).read_to_end(&mut text));
        drop(sender.send(read.map(|_| text)));
    });
    let Ok(text) = received.recv_timeout(PATIENCE) else {
        drop(child.kill());
        drop(child.wait());
        return Err(format!("`{program}` was not done with it within {} s", PATIENCE.as_secs()));
    };
    // More text than is taken: the program may still be writing, and is not waited for.
    if text.as_ref().is_some_and(|text| text.len() as u64 == MOST_TEXT) {
        drop(child.kill());
    }
    match child.wait().map(|status| status.code()) {
        Ok(Some(0)) => Ok(String::from_utf8_lossy(&text.unwrap_or_default()).into_owned()),
        Ok(Some(3)) => Err("forbids that its text is taken out".to_owned()),
        _ => Err("is damaged, protected by a password, or no PDF document".to_owned()),
    }
}

/// Pages are set in lines; the text is made of paragraphs.
fn paragraphs(text: &str) -> String {
    let widest = text.lines().map(width).max().unwrap_or(0);
    let mut paragraphs: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in text.lines() {
        let words = line.trim();
        if words.is_empty() {
            goes_on = false;
            continue;
        }
        match paragraphs.last_mut() {
            Some(paragraph) if goes_on && !begins_anew(words) => {
                let latin =
                    |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == ',' || c == '.');
                if latin(paragraph.chars().next_back()) && latin(words.chars().next()) {
                    paragraph.push(' ');
                }
                paragraph.push_str(words);
            }
            _ => paragraphs.push(words.to_owned()),
        }
        // A line that ends early ends its paragraph, too.
        goes_on = width(line) * 10 >= widest * 8;
    }
    paragraphs.join("\n\n")
}

/// How much of a line's width it takes: a Chinese character is as wide as two others.
fn width(line: &str) -> usize {
    line.trim_end().chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

/// Whether a line is the first of a numbered paragraph: 一、 （二） 3. 第四条
fn begins_anew(line: &str) -> bool {
    let number = |c: char| c.is_ascii_digit() || "一二三四五六七八九十百".contains(c);
    let rest = line.trim_start_matches(['（', '(', '第']);
    let after = rest.trim_start_matches(number);
    let counted = rest.len() > after.len();
    counted && after.starts_with(['、', '）', ')', '.', '．', '条', '章'])
        || line.starts_with(['•', '●', '-'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_the_package_that_has_it() {
        let said = text_by("no-such-pdftotext", b"").unwrap_err();
        assert!(said.contains("no-such-pdftotext") && said.contains("poppler-utils"), "{said}");
    }

    #[test]
    fn lines_of_a_page_are_put_together_again() {
        let page = "    关于住房补贴的通知\n\n　　为保障住房困难家庭的基本居住需求，根据有关规定，现将住房\n补贴的申请事项通知如下。\n　　一、申请条件。有本市户籍，家庭人均住房面积低于十五平方米，\n且没有享受过其他住房政策。\n（二）材料。身份证、户口簿。\n";
        let expected = "关于住房补贴的通知\n\n为保障住房困难家庭的基本居住需求，根据有关规定，现将住房补贴的申请事项通知如下。\n\n一、申请条件。有本市户籍，家庭人均住房面积低于十五平方米，且没有享受过其他住房政策。\n\n（二）材料。身份证、户口簿。";
        assert_eq!(paragraphs(page), expected);
    }
}
