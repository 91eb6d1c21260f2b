//! Frames in order: what arrives twice is dropped, what arrives early waits, and what was sent can be sent again.

use std::collections::{BTreeMap, VecDeque};

/// How many frames either side keeps for sending again.
pub const RING: usize = 256;

/// What came of a frame that arrived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Took<T> {
    /// These are to be handled now, in this order.
    Ready(Vec<T>),
    /// It was there before.
    Repeated,
    /// It waits for those from this number on.
    Waits(u32),
    /// It is so far ahead that what is between cannot be sent again; here it is back.
    Beyond(T),
}

/// Brings the frames of one direction into order.
#[derive(Debug)]
pub struct Order<T> {
    next: u32,
    waiting: BTreeMap<u32, T>,
}

impl<T> Default for Order<T> {
    fn default() -> Self {
        Self { next: 1, waiting: BTreeMap::new() }
    }
}

impl<T> Order<T> {
    /// The last number up to which everything was handled.
    pub fn last(&self) -> u32 {
        self.next.saturating_sub(1)
    }

    /// The first number that lacks, if frames wait for it.
    pub fn lacking(&self) -> Option<u32> {
        (!self.waiting.is_empty()).then_some(self.next)
    }

    /// Takes a frame.
    pub fn take(&mut self, seq: u32, frame: T) -> Took<T> {
        if seq < self.next {
            return Took::Repeated;
        }
        if usize::try_from(seq - self.next).is_ok_and(|ahead| ahead >= RING) {
            return Took::Beyond(frame);
        }
        if self.waiting.insert(seq, frame).is_some() {
            return Took::Repeated;
        }
        let mut ready = Vec::new();
        while let Some(frame) = self.waiting.remove(&self.next) {
            ready.push(frame);
            self.next += 1;
        }
        if ready.is_empty() { Took::Waits(self.next) } else { Took::Ready(ready) }
    }

    /// Gives up on what lacks, and goes on with what waits. True if something was given up.
    pub fn skip(&mut self) -> (bool, Vec<T>) {
        let Some((&first, _)) = self.waiting.first_key_value() else { return (false, Vec::new()) };
        let skipped = first > self.next;
        self.next = first;
        let mut ready = Vec::new();
        while let Some(frame) = self.waiting.remove(&self.next) {
            ready.push(frame);
            self.next += 1;
        }
        (skipped, ready)
    }

    /// Goes on with this number, and forgets what waits.
    pub fn jump(&mut self, next: u32) {
        self.waiting.clear();
        self.next = next;
    }
}

/// The last frames that were sent in one direction.
#[derive(Debug)]
pub struct Ring<T> {
    sent: VecDeque<(u32, T, usize)>,
    bytes: usize,
    most: usize,
    last: u32,
}

impl<T: Clone> Ring<T> {
    /// A ring that holds at most [`RING`] frames and about this many bytes.
    pub fn new(most: usize) -> Self {
        Self { sent: VecDeque::new(), bytes: 0, most, last: 0 }
    }

    /// The number of the frame that was sent last.
    pub fn last(&self) -> u32 {
        self.last
    }

    /// The number of the frame that is sent next.
    pub fn next(&self) -> u32 {
        self.last.saturating_add(1)
    }

    /// Counts on after this number, and has nothing to send again.
    pub fn go_on_after(&mut self, last: u32) {
        self.sent.clear();
        self.bytes = 0;
        self.last = last;
    }

    /// Notes that the next frame was sent.
    pub fn push(&mut self, frame: T, bytes: usize) {
        self.last = self.next();
        self.bytes += bytes;
        self.sent.push_back((self.last, frame, bytes));
        while self.sent.len() > RING || self.bytes > self.most && self.sent.len() > 1 {
            if let Some((_, _, bytes)) = self.sent.pop_front() {
                self.bytes -= bytes;
            }
        }
    }

    /// Everything from this number on; `None` when some of it is not kept any more.
    pub fn from(&self, seq: u32) -> Option<Vec<T>> {
        let seq = seq.max(1);
        if seq > self.last {
            return Some(Vec::new());
        }
        let kept = self.sent.front().is_some_and(|(first, _, _)| *first <= seq);
        kept.then(|| {
            self.sent
                .iter()
                .filter(|(number, _, _)| *number >= seq)
                .map(|(_, frame, _)| frame.clone())
                .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_lacks_is_asked_for_and_what_is_lost_can_be_given_up() {
        let mut order = Order::default();
        assert_eq!(order.take(1, 1), Took::Ready(vec![1]));
        assert_eq!(order.take(3, 3), Took::Waits(2));
        assert_eq!(order.take(3, 3), Took::Repeated);
        assert_eq!(order.lacking(), Some(2));
        assert_eq!(order.take(2, 2), Took::Ready(vec![2, 3]));
        assert_eq!(order.take(2, 2), Took::Repeated);
        assert_eq!(order.take(400, 400), Took::Beyond(400));
        assert_eq!(order.take(9, 9), Took::Waits(4));
        assert_eq!(order.skip(), (true, vec![9]));
        assert_eq!(order.last(), 9);
        assert_eq!(order.skip(), (false, vec![]));
    }

    #[test]
    fn a_ring_forgets_the_oldest() {
        let mut ring = Ring::new(usize::MAX);
        for number in 1..=300_u32 {
            ring.push(number, 1);
        }
        assert_eq!(ring.from(44), None);
        assert_eq!(ring.from(45).unwrap().len(), RING);
        assert_eq!(ring.from(300).unwrap(), [300]);
        assert_eq!(ring.from(301).unwrap(), Vec::<u32>::new());
        let mut small = Ring::new(10);
        for number in 1..=5_u32 {
            small.push(number, 4);
        }
        assert_eq!(small.from(4).unwrap(), [4, 5]);
        assert_eq!(small.from(3), None);
    }

    proptest! {
        /// However frames are dropped, doubled and shuffled, asking for what lacks brings each of them once, in order.
        #[test]
        fn a_bad_line_is_mended(arrivals in proptest::collection::vec(1_u32..=60, 0..200)) {
            let mut sent = Ring::new(usize::MAX);
            for number in 1..=60_u32 {
                sent.push(number, 1);
            }
            let mut order = Order::default();
            let mut handled = Vec::new();
            for number in arrivals {
                match order.take(number, number) {
                    Took::Ready(ready) => handled.extend(ready),
                    Took::Waits(from) => prop_assert_eq!(from, order.last() + 1),
                    Took::Repeated => {}
                    Took::Beyond(_) => prop_assert!(false),
                }
            }
            for number in sent.from(order.last() + 1).unwrap() {
                if let Took::Ready(ready) = order.take(number, number) {
                    handled.extend(ready);
                }
            }
            prop_assert_eq!(handled, (1..=60).collect::<Vec<u32>>());
        }
    }
}
