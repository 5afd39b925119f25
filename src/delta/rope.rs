//! Many bytes in pieces, so that they can be handed on, and given back, piece by piece.

use std::collections::VecDeque;

/// How much is put together in one piece.
const PIECE: usize = 1 << 20;
/// From this length on, a vector becomes a piece of its own instead of being copied.
const OWN_PIECE: usize = 256 << 10;

/// Many bytes in pieces.
#[derive(Clone, Debug, Default)]
pub(super) struct Rope {
    pieces: VecDeque<Vec<u8>>,
    len: u64,
}

impl Rope {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Appends a copy of the bytes.
    pub(super) fn extend(&mut self, mut bytes: &[u8]) {
        self.len += bytes.len() as u64;
        while !bytes.is_empty() {
            let room = self
                .pieces
                .back()
                .map_or(0, |last| PIECE.saturating_sub(last.len()));
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            if let Some(last) = self.pieces.back_mut() {
                last.extend_from_slice(now);
            }
            if !later.is_empty() {
                self.pieces.push_back(Vec::new());
            }
            bytes = later;
        }
    }

    /// Appends the bytes themselves, where that is less work.
    pub(super) fn push(&mut self, bytes: Vec<u8>) {
        if bytes.len() < OWN_PIECE {
            self.extend(&bytes);
        } else {
            self.len += bytes.len() as u64;
            self.pieces.push_back(bytes);
        }
    }

    /// Puts the bytes before all others.
    pub(super) fn push_front(&mut self, bytes: Vec<u8>) {
        self.len += bytes.len() as u64;
        self.pieces.push_front(bytes);
    }

    /// Appends all of another rope.
    pub(super) fn append(&mut self, other: Rope) {
        for piece in other {
            self.push(piece);
        }
    }

    /// Takes back up to `most` of the last bytes: those for which `is_wanted` says so, last first.
    pub(super) fn pop_while(&mut self, most: u64, mut is_wanted: impl FnMut(u8) -> bool) -> u64 {
        let mut popped = 0;
        while popped < most {
            let Some(last) = self.pieces.back_mut() else {
                break;
            };
            match last.last() {
                None => drop(self.pieces.pop_back()),
                Some(byte) if is_wanted(*byte) => {
                    last.pop();
                    popped += 1;
                }
                Some(_) => break,
            }
        }
        self.len -= popped;
        popped
    }

    /// Looks at the pieces in their order.
    pub(super) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().map(Vec::as_slice)
    }
}

/// The pieces themselves; each is freed when its taker lets it go.
impl IntoIterator for Rope {
    type Item = Vec<u8>;
    type IntoIter = std::collections::vec_deque::IntoIter<Vec<u8>>;

    fn into_iter(self) -> Self::IntoIter {
        self.pieces.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_in_order() {
        let mut rope = Rope::default();
        let mut all = Vec::new();
        let lens = [3, OWN_PIECE - 1, OWN_PIECE, 5, 3 * PIECE + 7, 0, 9];
        for (number, len) in (0u8..).zip(lens) {
            let bytes = vec![number; len];
            all.extend_from_slice(&bytes);
            match number % 2 {
                0 => rope.push(bytes),
                _ => rope.extend(&bytes),
            }
        }
        rope.push_front(b"front".to_vec());
        let mut other = Rope::default();
        other.extend(b"end");
        rope.append(other);
        all.splice(0..0, *b"front");
        all.extend_from_slice(b"end");
        assert_eq!(rope.len(), all.len() as u64);
        assert!(rope.pieces().collect::<Vec<_>>().concat() == all);
        assert!(rope.into_iter().collect::<Vec<_>>().concat() == all);
    }

    #[test]
    fn the_last_bytes_can_be_taken_back() {
        let mut rope = Rope::default();
        rope.extend(&vec![1; PIECE]);
        rope.extend(&[1, 2, 2, 2]);
        assert_eq!(rope.pop_while(2, |byte| byte == 2), 2);
        assert_eq!(rope.pop_while(9, |byte| byte == 2), 1);
        assert_eq!(rope.pop_while(9, |_| true), 9);
        assert_eq!(rope.len(), PIECE as u64 - 8);
        assert_eq!(rope.pop_while(u64::MAX, |_| true), PIECE as u64 - 8);
        assert_eq!(rope.pop_while(1, |_| true), 0);
    }
}
