//! Telling content that was compressed already: at no level does deflating make it smaller.
//!
//! Of an initramfs of 55 MB level 1 saves 0.14 % and level 5 as much, at 110 MB a second. Blocks that
//! store cost nothing, and inflating them neither.

use libdeflater::{CompressionLvl, Compressor};

/// Smaller content is deflated without a look: that would take too much of its time.
const LOOK_FROM: usize = 1 << 20;
/// How many pieces are looked at, evenly spread, and how large each is.
const PIECES: usize = 4;
const PIECE: usize = 8 << 10;
/// What saves less than this part of each piece is dense.
const SAVES: usize = 128;

/// Looks at content before it is deflated.
pub(super) struct Density {
    /// The level at which a look is taken, the lowest that looks for matches.
    fast: Compressor,
    /// What writes content as it is.
    pub(super) stored: Compressor,
    deflated: Vec<u8>,
}

impl Default for Density {
    fn default() -> Density {
        let mut fast = compressor(1);
        let deflated = vec![0; fast.deflate_compress_bound(PIECE)];
        Density {
            fast,
            stored: compressor(0),
            deflated,
        }
    }
}

impl Density {
    /// Says whether deflating content is in vain, as far as its pieces tell.
    pub(super) fn is_dense(&mut self, content: &[u8]) -> bool {
        content.len() >= LOOK_FROM
            && content
                .chunks(content.len() / PIECES)
                .filter_map(|part| part.get(..PIECE))
                .all(|piece| {
                    let deflated = self.fast.deflate_compress(piece, &mut self.deflated);
                    deflated.is_ok_and(|len| len > PIECE - PIECE / SAVES)
                })
    }
}

/// Makes a compressor for a level of libdeflate; 0 stores.
pub(super) fn compressor(level: i32) -> Compressor {
    Compressor::new(CompressionLvl::new(level).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::noise::noise;

    #[test]
    fn only_what_is_dense_all_over_is() {
        let mut density = Density::default();
        let mut content = noise(3 * LOOK_FROM + 7, 1);
        assert!(density.is_dense(&content));
        assert!(!density.is_dense(&content[..LOOK_FROM - 1]));
        assert!(!density.is_dense(&[]));
        let third = content.len() / PIECES * 2;
        content[third..third + 200].fill(0);
        assert!(!density.is_dense(&content));
    }
}
