//! Writing a stored stream piece by piece, for who does not have the content in one.

use std::io::{self, Write};

use crc64fast::Digest;

use super::{BLOCK_HEADER, CHUNK, STORED, STORED_FIRST, STREAM_HEADER, tail};

/// Wraps what is written to it into a stored `.xz` stream.
///
/// **The stream is complete only after [`finish`](StoredXzWriter::finish).**
#[must_use]
pub struct StoredXzWriter<W> {
    out: W,
    /// What does not fill a chunk yet.
    chunk: Vec<u8>,
    control: u8,
    len: u64,
    end: End,
}

/// What ends the stream.
enum End {
    /// The check so far.
    Check(Digest),
    /// All of it, known beforehand.
    Known(Vec<u8>),
}

impl<W: Write> StoredXzWriter<W> {
    /// Begins a stream.
    pub fn new(out: W) -> io::Result<StoredXzWriter<W>> {
        StoredXzWriter::begin(out, End::Check(Digest::new()))
    }

    /// Begins a stream of which another had the same content, and ended like this.
    pub fn with_end(out: W, end: Vec<u8>) -> io::Result<StoredXzWriter<W>> {
        StoredXzWriter::begin(out, End::Known(end))
    }

    fn begin(mut out: W, end: End) -> io::Result<StoredXzWriter<W>> {
        out.write_all(&STREAM_HEADER)?;
        out.write_all(&BLOCK_HEADER)?;
        Ok(StoredXzWriter {
            out,
            chunk: Vec::with_capacity(CHUNK),
            control: STORED_FIRST,
            len: 0,
            end,
        })
    }

    /// Ends the stream; returns what ended it.
    pub fn finish(mut self) -> io::Result<Vec<u8>> {
        let chunk = std::mem::take(&mut self.chunk);
        if !chunk.is_empty() {
            self.store(&chunk)?;
        }
        let end = match self.end {
            End::Check(check) => tail(self.len, check.sum64()),
            End::Known(end) => end,
        };
        self.out.write_all(&end)?;
        Ok(end)
    }

    fn store(&mut self, chunk: &[u8]) -> io::Result<()> {
        let last = u16::try_from(chunk.len() - 1).expect("a chunk holds 1 to 65536 bytes");
        let [high, low] = last.to_be_bytes();
        self.out.write_all(&[self.control, high, low])?;
        self.out.write_all(chunk)?;
        self.control = STORED;
        Ok(())
    }
}

impl<W: Write> Write for StoredXzWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        if let End::Check(check) = &mut self.end {
            check.write(bytes);
        }
        self.len += bytes.len() as u64;
        while self.chunk.len() + bytes.len() >= CHUNK {
            let (now, later) = bytes.split_at(CHUNK - self.chunk.len());
            if self.chunk.is_empty() {
                self.store(now)?;
            } else {
                let mut chunk = std::mem::take(&mut self.chunk);
                chunk.extend_from_slice(now);
                self.store(&chunk)?;
                chunk.clear();
                self.chunk = chunk;
            }
            bytes = later;
        }
        self.chunk.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        // What is short of a chunk must wait.
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::super::encode;
    use super::*;

    #[test]
    fn pieces_make_the_stream_of_the_whole() {
        for len in [0, 1, 65535, 65536, 65537, 131_072, 200_000] {
            let content: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            for piece in [1000, 65536, 70_000, 300_000] {
                let (mut one, mut other) = (Vec::new(), Vec::new());
                let write = |mut writer: StoredXzWriter<&mut Vec<u8>>| {
                    for piece in content.chunks(piece) {
                        writer.write_all(piece).unwrap();
                    }
                    writer.finish().unwrap()
                };
                let end = write(StoredXzWriter::new(&mut one).unwrap());
                write(StoredXzWriter::with_end(&mut other, end).unwrap());
                assert!(one == encode(&content), "{len} {piece}");
                assert!(other == one, "{len} {piece}");
            }
        }
    }
}
