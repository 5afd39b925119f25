//! Many bytes in pieces, so that they can be handed on, and given back, piece by piece.

use std::borrow::Cow;
use std::collections::{VecDeque, vec_deque};
use std::io;

use zstd::zstd_safe::{self, get_error_name};

use super::packer::Packer;

/// How long a piece is: of one length, they fill the holes that others leave.
const PIECE: usize = 128 << 10;

/// Many bytes in pieces.
#[derive(Clone, Debug, Default)]
pub(super) struct Rope {
    pieces: VecDeque<Piece>,
    len: u64,
}

#[derive(Clone, Debug)]
enum Piece {
    Plain(Vec<u8>),
    /// What zstd made of so many bytes.
    Packed(Box<[u8]>, usize),
}

impl Rope {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Returns the memory that the pieces take.
    pub(super) fn memory(&self) -> u64 {
        let memory = |piece: &Piece| match piece {
            Piece::Plain(bytes) => bytes.len() as u64,
            Piece::Packed(packed, _) => packed.len() as u64,
        };
        self.pieces.iter().map(memory).sum()
    }

    /// Appends a copy of the bytes.
    pub(super) fn extend(&mut self, mut bytes: &[u8]) {
        self.len += bytes.len() as u64;
        while !bytes.is_empty() {
            let last = match self.pieces.back_mut() {
                Some(Piece::Plain(last)) if last.len() < PIECE => last,
                _ => {
                    let piece = Vec::with_capacity(bytes.len().min(PIECE));
                    self.pieces.push_back(Piece::Plain(piece));
                    continue;
                }
            };
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - last.len()));
            last.extend_from_slice(now);
            bytes = later;
        }
    }

    /// Appends the bytes themselves, where that is less work.
    pub(super) fn push(&mut self, bytes: Vec<u8>) {
        if bytes.len() < PIECE {
            self.extend(&bytes);
        } else {
            self.len += bytes.len() as u64;
            self.pieces.push_back(Piece::Plain(bytes));
        }
    }

    /// Appends the bytes compressed, for they are many and take little; returns what they take.
    pub(super) fn push_packed(&mut self, bytes: &[u8], packer: &mut Packer) -> io::Result<u64> {
        self.len += bytes.len() as u64;
        packer.pack(bytes, |packed, piece| {
            // Copied, for the packer's buffer cut to size would leave a hole that nothing fits in.
            let packed = Piece::Packed(packed.into(), piece.len());
            self.pieces.push_back(packed);
        })
    }

    /// Puts the bytes before all others.
    pub(super) fn push_front(&mut self, bytes: Vec<u8>) {
        self.len += bytes.len() as u64;
        self.pieces.push_front(Piece::Plain(bytes));
    }

    /// Appends all of another rope.
    pub(super) fn append(&mut self, other: Rope) {
        for piece in other.pieces {
            match piece {
                Piece::Plain(bytes) => self.push(bytes),
                packed @ Piece::Packed(_, len) => {
                    self.len += len as u64;
                    self.pieces.push_back(packed);
                }
            }
        }
    }

    /// Takes back up to `most` of the last bytes that were copied in: those for which `is_wanted`
    /// says so, last first.
    pub(super) fn pop_while(&mut self, most: u64, mut is_wanted: impl FnMut(u8) -> bool) -> u64 {
        let mut popped = 0;
        while popped < most {
            let Some(Piece::Plain(last)) = self.pieces.back_mut() else {
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
    pub(super) fn pieces(&self) -> impl Iterator<Item = Cow<'_, [u8]>> {
        self.pieces.iter().map(|piece| match piece {
            Piece::Plain(bytes) => Cow::Borrowed(bytes.as_slice()),
            Piece::Packed(packed, len) => Cow::Owned(unpack(packed, *len)),
        })
    }
}

/// Returns what a piece was before it was packed, here and in memory.
fn unpack(packed: &[u8], len: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len);
    let done = zstd_safe::decompress(&mut bytes, packed);
    done.map_err(get_error_name)
        .expect("what was just packed unpacks");
    bytes
}

/// The pieces themselves; each is freed when its taker lets it go.
impl IntoIterator for Rope {
    type Item = Vec<u8>;
    type IntoIter = IntoIter;

    fn into_iter(self) -> IntoIter {
        IntoIter(self.pieces.into_iter())
    }
}

/// The pieces of a rope that is used up.
pub(super) struct IntoIter(vec_deque::IntoIter<Piece>);

impl Iterator for IntoIter {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        self.0.next().map(|piece| match piece {
            Piece::Plain(bytes) => bytes,
            Piece::Packed(packed, len) => unpack(&packed, len),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_in_order() {
        let mut rope = Rope::default();
        let mut all = Vec::new();
        let lens = [3, PIECE - 1, PIECE, 5, 3 * PIECE + 7, 0, 9];
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
        let mut packer = Packer::new().unwrap();
        let packed = vec![7; (2 << 20) + 5];
        let taken = other.push_packed(&packed, &mut packer).unwrap();
        assert!(taken < 1000);
        rope.append(other);
        rope.extend(b"more");
        all.splice(0..0, *b"front");
        all.extend_from_slice(&[b"end", &packed[..], b"more"].concat());
        assert!(rope.memory() < rope.len() - (1 << 20));
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
