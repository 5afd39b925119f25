//! The first thread: reads the medium once, in order, and hands on chunks that match their digest.

use crossbeam_channel::{Receiver, Sender};

use crate::bundle::{Manifest, Member};
use crate::format::Sha256;
use crate::{Event, Observer, Stage};

use super::error::ReadError;
use super::layout::chunk_range;
use super::medium::Medium;

/// A chunk that matches its digest.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) bytes: Vec<u8>,
    /// Whether it is the last one of its member, and the member matches its own digest.
    pub(super) last: bool,
}

/// Both ends that the reading thread holds: chunks go out, their buffers come back.
pub(super) struct Outlet {
    pub(super) chunks: Sender<Result<Chunk, ReadError>>,
    pub(super) buffers: Receiver<Vec<u8>>,
}

/// Whoever received the chunks has stopped.
struct Stopped;

/// Reads every member in order until the end, an error, or until nobody listens any more.
pub(super) fn read_members(
    medium: &Medium,
    manifest: &Manifest,
    outlet: &Outlet,
    progress: (&dyn Observer, Stage),
) {
    let (observer, stage) = progress;
    for (index, member) in manifest.members.iter().enumerate() {
        let advance = |by| observer.event(Event::Advance { stage, by });
        match read_member(medium, index, member, outlet, advance) {
            Ok(Ok(())) => {}
            Ok(Err(Stopped)) => return,
            Err(error) => return drop(outlet.chunks.send(Err(error))),
        }
    }
    if let Err(error) = medium.check_end() {
        // Nobody asks for a chunk after the last one, except to learn of this.
        drop(outlet.chunks.send(Err(error)));
    }
}

fn read_member(
    medium: &Medium,
    index: usize,
    member: &Member,
    outlet: &Outlet,
    advance: impl Fn(u64),
) -> Result<Result<(), Stopped>, ReadError> {
    let open = medium.member(index, member)?;
    // The digest of a member's only chunk is the member's: the manifest was checked for that.
    let mut whole = (member.chunks.len() > 1).then(Sha256::new);
    for (number, digest) in member.chunks.iter().enumerate() {
        let range = chunk_range(member, number);
        let mut bytes = outlet.buffers.try_recv().unwrap_or_default();
        bytes.resize((range.end - range.start) as usize, 0);
        open.read_at(&mut bytes, range.start)?;
        let mut chunk = Sha256::new();
        match &mut whole {
            Some(whole) => chunk.update_pair(&bytes, whole, &bytes),
            None => chunk.update(&bytes),
        }
        if chunk.finish() != *digest {
            return Err(ReadError::Chunk {
                place: open.place(member.name, range),
            });
        }
        let last = range.end == member.size;
        if last
            && whole
                .take()
                .is_some_and(|whole| whole.finish() != member.sha256)
        {
            return Err(ReadError::MemberDigest {
                member: member.name,
            });
        }
        advance(range.end - range.start);
        if outlet.chunks.send(Ok(Chunk { bytes, last })).is_err() {
            return Ok(Err(Stopped));
        }
    }
    medium.check_padding(index, member)?;
    Ok(Ok(()))
}
