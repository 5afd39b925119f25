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
    check: Digest,
}

impl<W: Write> StoredXzWriter<W> {
    /// Begins a stream.
    pub fn new(mut out: W) -> io::Result<StoredXzWriter<W>> {
        out.write_all(&STREAM_HEADER)?;
        out.write_all(&BLOCK_HEADER)?;
        Ok(StoredXzWriter {
            out,
            chunk: Vec::with_capacity(CHUNK),
            control: STORED_FIRST,
            len: 0,
            check: Digest::new(),
        })
    }

    /// Ends the stream; returns what it was written to.
    pub fn finish(mut self) -> io::Result<W> {
        let chunk = std::mem::take(&mut self.chunk);
        if !chunk.is_empty() {
            self.store(&chunk)?;
        }
        self.out.write_all(&tail(self.len, self.check.sum64()))?;
        Ok(self.out)
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
        self.check.write(bytes);
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
    use super::super::{decode, encode};
    use super::*;

    #[test]
    fn pieces_make_the_stream_of_the_whole() {
        for len in [0, 1, 65535, 65536, 65537, 131_072, 200_000] {
            let content: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            for piece in [1000, 65536, 70_000, 300_000] {
                let mut writer = StoredXzWriter::new(Vec::new()).unwrap();
                for piece in content.chunks(piece) {
                    writer.write_all(piece).unwrap();
                }
                let stream = writer.finish().unwrap();
                assert!(stream == encode(&content), "{len} {piece}");
                assert!(decode(&stream, len).unwrap() == content, "{len} {piece}");
            }
        }
    }
}
