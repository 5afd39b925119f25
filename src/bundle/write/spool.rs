//! The parts of a spine, compressed, until the superblock stands that goes before them.

use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use tempfile::SpooledTempFile;
use zstd::stream::write::Encoder;
use zstd::zstd_safe::{CCtx, CParameter, ResetDirective, Strategy, get_error_name};

use super::WriteError;
use super::pipeline;

/// Parts beyond this are kept beside the target instead of in memory.
const IN_MEMORY: usize = 8 << 20;
/// The window, as a power of two: only the part of a large file is longer, and every reader accepts
/// it. What fits is also compressed faster: the window never has two ends.
const WINDOW_LOG: u32 = 25;
/// From this level on more memory is spent on searching.
const THOROUGH: i32 = 13;
/// The search tree of thorough levels, and where it begins; twice as much memory finds nothing more.
const CHAIN_LOG: u32 = 23;
const HASH_LOG: u32 = 20;
/// The highest level. Patches are long runs of zeros between a few bytes: the search one below the
/// level's own is half the work, and makes them 1 % larger, when it weighs long matches, too.
const HIGHEST: i32 = 19;
/// Up to which length matches are weighed there, nearly as far as zstd looks ahead.
const LONG_MATCH: u32 = 4000;
/// How many places are tried for a match there, as a power of two.
const SEARCH_LOG: u32 = 6;

/// What all compressing takes together, however many cores there are.
const MEMORY: u64 = 264 << 20;
/// What a part of whole files takes until it is compressed; that of a large file up to three times as
/// much, and is waited for where it is made.
const PART: u64 = 32 << 20;
/// What compressing one takes besides: window and tables, and the frame.
const SEARCHING: u64 = 56 << 20;
/// The same from this level on, whose tables are larger.
const HIGH: i32 = 10;
const SEARCHING_HIGH: u64 = 80 << 20;
/// The same at thorough levels.
const SEARCHING_THOROUGHLY: u64 = 88 << 20;

/// A part that is to be compressed; when it was written, `H` is known of it.
pub struct RawPart<H> {
    /// The zstd level at which that is worth it.
    pub level: i32,
    /// Whether most of it are patches, and so zeros.
    pub is_patches: bool,
    /// How long the part is.
    pub len: u64,
    /// Writes the part, and gives its memory back.
    pub write: Box<WritePart<H>>,
}

/// Writes a part, and gives its memory back.
pub type WritePart<H> = dyn FnOnce(&mut dyn Write) -> io::Result<H> + Send;

/// Compressed parts of one spine.
#[derive(Debug)]
pub struct PartSpool {
    file: SpooledTempFile,
    path: PathBuf,
    parts: Vec<SpooledPart>,
}

/// Sizes of one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SpooledPart {
    /// Compressed.
    pub(super) packed: u64,
    /// As the spine knows it.
    pub(super) unpacked: u64,
}

impl PartSpool {
    /// Compresses parts on as many cores as memory allows at this level, the highest of theirs;
    /// what does not fit memory goes to an unnamed file in `directory`. Returns what is known of each,
    /// too.
    pub fn fill<H: Send>(
        directory: &Path,
        level: i32,
        parts: impl Iterator<Item = RawPart<H>> + Send,
    ) -> Result<(PartSpool, Vec<H>), WriteError> {
        let file = tempfile::spooled_tempfile_in(IN_MEMORY, directory);
        let mut spool = PartSpool {
            file,
            path: directory.to_owned(),
            parts: Vec::new(),
        };
        let mut known = Vec::new();
        each(level, parts, |packed| {
            known.push(packed.known);
            spool.push(packed.frame, packed.unpacked)
        })?;
        Ok((spool, known))
    }

    /// Compresses parts as `fill` does, and only tells their sizes, with what is known of each.
    pub fn weigh<H: Send>(
        level: i32,
        parts: impl Iterator<Item = RawPart<H>> + Send,
    ) -> Result<Vec<(u64, H)>, WriteError> {
        let mut sizes = Vec::new();
        each(level, parts, |packed| {
            sizes.push((packed.frame.len(), packed.known));
            Ok(())
        })?;
        Ok(sizes)
    }

    /// Returns what compressing a part takes besides it, at this level.
    pub fn memory(level: i32) -> u64 {
        match level {
            THOROUGH.. => SEARCHING_THOROUGHLY,
            HIGH.. => SEARCHING_HIGH,
            _ => SEARCHING,
        }
    }

    /// Returns how many bytes the parts take, compressed.
    pub fn packed_size(&self) -> u64 {
        self.parts.iter().map(|part| part.packed).sum()
    }

    /// Returns how many parts there are.
    pub fn count(&self) -> usize {
        self.parts.len()
    }

    fn push(&mut self, frame: Frame, unpacked: u64) -> Result<(), WriteError> {
        let packed = frame.len();
        for piece in frame.0 {
            self.file
                .write_all(&piece)
                .map_err(WriteError::io("write a part in", &self.path))?;
        }
        self.parts.push(SpooledPart { packed, unpacked });
        Ok(())
    }

    /// Goes to the first part, and lists all.
    pub(super) fn rewind(&mut self) -> Result<Vec<SpooledPart>, WriteError> {
        self.file
            .rewind()
            .map_err(WriteError::io("read a part in", &self.path))?;
        Ok(self.parts.clone())
    }

    /// Reads the next part.
    pub(super) fn read(&mut self, part: SpooledPart) -> Result<Vec<u8>, WriteError> {
        let mut frame = vec![0; part.packed as usize];
        self.file
            .read_exact(&mut frame)
            .map_err(WriteError::io("read a part in", &self.path))?;
        Ok(frame)
    }
}

/// A part that was compressed.
struct Packed<H> {
    frame: Frame,
    /// The size of what is in the frame.
    unpacked: u64,
    known: H,
}

/// Compresses parts, and hands them on in their order.
fn each<H: Send>(
    level: i32,
    parts: impl Iterator<Item = RawPart<H>> + Send,
    take: impl FnMut(Packed<H>) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    pipeline::in_order(
        workers(level),
        parts,
        || Ok(CCtx::create()),
        |context, part, outlet| {
            let packed = compress(context, part);
            let sent = packed.and_then(|packed| outlet.send(packed));
            sent.map_err(WriteError::Compress)
        },
        take,
    )
}

/// Returns how many parts may be compressed at a time.
fn workers(level: i32) -> usize {
    let each = PART + PartSpool::memory(level);
    pipeline::workers().min((MEMORY / each) as usize)
}

/// Compresses a part; the context is large, and each worker keeps its own.
fn compress<H>(context: &mut CCtx<'static>, part: RawPart<H>) -> io::Result<Packed<H>> {
    let is_thorough = part.level >= THOROUGH;
    let (chain, hash) = match is_thorough {
        true => (CHAIN_LOG, HASH_LOG),
        // The level's own.
        false => (0, 0),
    };
    let parameters = ResetDirective::SessionAndParameters;
    let reset = context.reset(parameters);
    reset.map_err(|code| io::Error::other(get_error_name(code)))?;
    let mut encoder = Encoder::with_context(Frame::default(), context);
    encoder.set_parameter(CParameter::CompressionLevel(part.level))?;
    encoder.set_pledged_src_size(Some(part.len))?;
    encoder.window_log(WINDOW_LOG)?;
    encoder.set_parameter(CParameter::ChainLog(chain))?;
    encoder.set_parameter(CParameter::HashLog(hash))?;
    encoder.long_distance_matching(is_thorough)?;
    if part.level == HIGHEST && part.is_patches {
        encoder.set_parameter(CParameter::Strategy(Strategy::ZSTD_btopt))?;
        encoder.set_parameter(CParameter::SearchLog(SEARCH_LOG))?;
        encoder.set_parameter(CParameter::TargetLength(LONG_MATCH))?;
    }
    let known = (part.write)(&mut encoder)?;
    let frame = encoder.finish()?;
    if is_thorough {
        // A part that waits for its patches needs no memory for being searched.
        *context = CCtx::create();
    }
    Ok(Packed {
        frame,
        unpacked: part.len,
        known,
    })
}

/// What a part became, in pieces: one vector would be copied each time it outgrows its memory.
#[derive(Default)]
struct Frame(Vec<Vec<u8>>);

/// How long a piece of a frame is.
const PIECE: usize = 128 << 10;

impl Frame {
    fn len(&self) -> u64 {
        self.0.iter().map(|piece| piece.len() as u64).sum()
    }
}

impl Write for Frame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let last = match self.0.last_mut() {
            Some(last) if last.len() < PIECE => last,
            _ => self.0.push_mut(Vec::with_capacity(PIECE)),
        };
        let taken = bytes.len().min(PIECE - last.len());
        last.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
