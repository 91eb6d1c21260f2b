//! How alike the words around two places are. What stands in two places of the evidence, a figure or a verb, is told apart by the
//! words beside it: 超过30万元 is one case there, and 不超过30万元 the other.

use super::beside::counts;
use super::limit::limits;

/// So many telling characters are looked at on each side.
const WIDTH: usize = 10;

/// On the other side so many more, for words that only one of the two has.
const SLACK: usize = 5;

/// What a character weighs by its distance, in hundredths: what stands next to the place says most about it.
const NEAR: [u32; WIDTH] = [100, 100, 90, 80, 65, 50, 40, 30, 25, 20];

/// The most that stands between a word that limits and its place: 最多补3年.
const BEFORE: usize = 2;

/// The same where the word stands behind: 30人(含)以下.
const BEHIND: usize = 4;

/// What stands farther away, in characters, is not looked at.
const FAR: usize = 60;

/// What stands for a character of a word that limits.
const LIMIT: char = '\u{2}';

/// Characters that end what a place is named by.
const MARKS: &str = ",、;:()。";

/// So many telling characters name what stands in a place.
const NAME: usize = 4;

/// What stands on both sides of a place, the nearest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Around {
    before: Vec<char>,
    behind: Vec<char>,
    /// How many of those before it belong to what the place is named by.
    named_before: usize,
    /// How many of those behind it do.
    named_behind: usize,
    /// How many of those before it stand behind the last mark.
    own_before: usize,
    /// How many of those behind it stand before the next mark.
    own_behind: usize,
}

impl Around {
    /// What stands around the characters from `start` to before `end`.
    pub(super) fn of(line: &[char], start: usize, end: usize) -> Self {
        let from = start.saturating_sub(FAR);
        let text = &line[from..(end + FAR).min(line.len())];
        let (start, end) = (start - from, end - from);
        // Which way the place itself is limited is compared by itself.
        let mut limits = limits(text);
        limits.retain(|limit| {
            (limit.end <= start && start - limit.end <= BEFORE)
                || (limit.start >= end && limit.start - end <= BEHIND)
        });
        let text: Vec<char> = text
            .iter()
            .enumerate()
            .map(|(place, &c)| {
                let is_limit = limits.iter().any(|limit| (limit.start..limit.end).contains(&place));
                if is_limit { LIMIT } else { c }
            })
            .collect();
        let telling = |c: &&char| counts(**c);
        let most = WIDTH + SLACK;
        let head = &text[..start.min(text.len())];
        let tail = text.get(end..).unwrap_or_default();
        let is_mark = |c: &char| MARKS.contains(*c);
        let own = |characters: &mut dyn Iterator<Item = &char>| {
            characters.take_while(|c| !is_mark(c)).filter(telling).count()
        };
        let (own_before, own_behind) = (own(&mut head.iter().rev()), own(&mut tail.iter()));
        let before: Vec<char> = head.iter().rev().filter(telling).take(most).copied().collect();
        let behind: Vec<char> = tail.iter().filter(telling).take(most).copied().collect();
        let named_behind = own_behind.min(NAME.saturating_sub(own_before)).min(behind.len());
        let named_before = own_before.max(NAME.saturating_sub(named_behind)).min(before.len());
        Self { before, behind, named_before, named_behind, own_before, own_behind }
    }

    /// How much of what names this place names the other one, too.
    pub(super) fn named_in(&self, other: &Self) -> f64 {
        let all = self.named_before + self.named_behind;
        // Names may differ in a word between, but not be looked for in what names something else.
        let most = (self.named_before.max(other.named_before) + 1).min(other.before.len());
        let found = shared(&self.before[..self.named_before], &other.before[..most])
            + shared(&self.behind[..self.named_behind], &other.behind);
        let is_bare = |around: &Self| around.own_before + around.own_behind == 0;
        match all {
            // 10年以上,最长24个月 names neither.
            0 if is_bare(self) && is_bare(other) => 1.0,
            0 => 0.0,
            _ => found as f64 / all as f64,
        }
    }

    /// How much of what stands before this place in its clause follows the other one: 生食海产品不能做, and 不能做生食海产品. Nothing where
    /// something follows this one, too.
    pub(super) fn share_fronted(&self, other: &Self) -> f64 {
        let own = &self.before[..self.own_before.min(self.before.len())];
        if own.is_empty() || self.own_behind > 0 {
            return 0.0;
        }
        let own: Vec<char> = own.iter().rev().copied().collect();
        shared(&own, &other.behind) as f64 / own.len() as f64
    }

    /// How much of what stands around this place stands around the other one, 0 to 1; nothing where there is nothing.
    pub(super) fn share_in(&self, other: &Self) -> f64 {
        let (before, all_before) = common(&self.before, &other.before);
        let (behind, all_behind) = common(&self.behind, &other.behind);
        let all = all_before + all_behind;
        if all == 0 { 0.0 } else { f64::from(before + behind) / f64::from(all) }
    }

    /// How much of what follows from this place follows from the other one. What stands in its own clause is the same in both
    /// cases: 买了不满2年的住房,全额交;买了满2年的住房,免.
    pub(super) fn share_behind(&self, other: &Self) -> f64 {
        let rest = self.behind.get(self.own_behind..).unwrap_or_default();
        let (behind, all) = common(if rest.is_empty() { &self.behind } else { rest }, &other.behind);
        if all == 0 { 0.0 } else { f64::from(behind) / f64::from(all) }
    }

    /// Whether anything follows this place.
    pub(super) fn is_followed(&self) -> bool {
        !self.behind.is_empty()
    }

    /// How many telling characters there are on both sides.
    pub(super) fn telling(&self) -> usize {
        self.before.len().min(WIDTH) + self.behind.len().min(WIDTH)
    }
}

/// How many characters stand in both in the same order.
fn shared(own: &[char], other: &[char]) -> usize {
    in_order(own, other, |_, _| 1) as usize
}

/// The weight of what stands in both in the same order, and of all that could.
fn common(own: &[char], other: &[char]) -> (u32, u32) {
    let own = own.get(..WIDTH).unwrap_or(own);
    let common = in_order(own, other, |place, column| NEAR[place].min(NEAR[column.min(WIDTH - 1)]));
    (common, NEAR.iter().take(own.len()).sum())
}

/// The most that characters weigh which stand in both in the same order, each by its places in the two.
fn in_order(own: &[char], other: &[char], weight: impl Fn(usize, usize) -> u32) -> u32 {
    let mut best = vec![0; other.len() + 1];
    for (place, c) in own.iter().enumerate() {
        let mut diagonal = 0;
        for (column, there) in other.iter().enumerate() {
            let above = best[column + 1];
            let same = if c == there { diagonal + weight(place, column) } else { 0 };
            diagonal = above;
            best[column + 1] = above.max(best[column]).max(same);
        }
    }
    best.last().copied().unwrap_or_default()
}
