//! Compressing quickly, to know what bytes weigh or to keep them in less memory.

use std::io;

use zstd::bulk::Compressor;
use zstd::zstd_safe::compress_bound;

/// What is compressed here is compressed again later among others, and harder.
const LEVEL: i32 = 1;
/// How much is compressed at a time.
const PIECE: usize = 1 << 20;

/// Compresses quickly, and keeps its buffer from one use to the next.
pub(super) struct Packer {
    compressor: Compressor<'static>,
    scratch: Vec<u8>,
}

impl Packer {
    pub(super) fn new() -> io::Result<Packer> {
        Ok(Packer {
            compressor: Compressor::new(LEVEL)?,
            scratch: Vec::with_capacity(compress_bound(PIECE)),
        })
    }

    /// Returns about how large the bytes are when compressed.
    pub(super) fn weigh(&mut self, bytes: &[u8]) -> io::Result<u64> {
        self.pack(bytes, |_, _| ())
    }

    /// Hands on each piece compressed, with what it was before; returns how large all are together.
    pub(super) fn pack(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(&[u8], &[u8]),
    ) -> io::Result<u64> {
        let mut weight = 0;
        for piece in bytes.chunks(PIECE) {
            self.scratch.clear();
            self.compressor
                .compress_to_buffer(piece, &mut self.scratch)?;
            weight += self.scratch.len() as u64;
            each(&self.scratch, piece);
        }
        Ok(weight)
    }
}
