//! A member on its way to the medium, and what the manifest will say of it.

use super::{BundleWriter, WriteError};
use crate::bundle::{CHUNK_SIZE, Load, MAX_MEMBER, MAX_PIECES, Member, MemberName, Role};
use crate::format::{Checksum, Sha256};

/// The digests of a member and of its chunks so far.
pub(super) struct Digests {
    size: u64,
    whole: Sha256,
    chunk: Sha256,
    chunks: Vec<Checksum>,
}

impl Digests {
    /// Begins a member.
    pub(super) fn new() -> Digests {
        Digests {
            size: 0,
            whole: Sha256::new(),
            chunk: Sha256::new(),
            chunks: Vec::new(),
        }
    }

    /// Returns how many bytes there are.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Takes in the member's next bytes.
    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = CHUNK_SIZE - self.size % CHUNK_SIZE;
            let now = bytes.len().min(room as usize);
            let (head, tail) = bytes.split_at(now);
            self.chunk.update_pair(head, &mut self.whole, head);
            self.size += now as u64;
            if self.size.is_multiple_of(CHUNK_SIZE) {
                let full = std::mem::replace(&mut self.chunk, Sha256::new());
                self.chunks.push(full.finish());
            }
            bytes = tail;
        }
    }

    /// Ends the member.
    pub(super) fn finish(mut self, name: MemberName) -> Member {
        if !self.size.is_multiple_of(CHUNK_SIZE) {
            self.chunks.push(self.chunk.finish());
        }
        Member {
            name,
            size: self.size,
            sha256: self.whole.finish(),
            chunks: self.chunks,
            unpacked: None,
            objects: None,
        }
    }
}

/// A member being written, cut into pieces where it outgrows one.
pub(super) struct OpenMember {
    name: MemberName,
    pieces: Vec<Member>,
    digests: Digests,
}

impl OpenMember {
    /// Begins a member; the writer has begun its first piece.
    pub(super) fn new(name: MemberName) -> OpenMember {
        OpenMember {
            name,
            pieces: Vec::new(),
            digests: Digests::new(),
        }
    }

    /// Adds bytes.
    pub(super) fn write(
        &mut self,
        writer: &mut BundleWriter,
        mut bytes: &[u8],
    ) -> Result<(), WriteError> {
        while !bytes.is_empty() {
            if self.digests.size() == MAX_MEMBER {
                self.cut(writer)?;
            }
            let room = MAX_MEMBER - self.digests.size();
            let now = usize::try_from(room).map_or(bytes.len(), |room| room.min(bytes.len()));
            let (head, tail) = bytes.split_at(now);
            writer.write_piece(head)?;
            self.digests.update(head);
            bytes = tail;
        }
        Ok(())
    }

    /// Ends a full piece and begins the next.
    fn cut(&mut self, writer: &mut BundleWriter) -> Result<(), WriteError> {
        let packs = matches!(
            self.name.role,
            Role::Payload {
                load: Load::Pack(_),
                ..
            }
        );
        let number = self.pieces.len() as u16 + 1;
        if !packs || number >= MAX_PIECES {
            return Err(WriteError::MemberTooLarge { member: self.name });
        }
        self.end_piece(writer, self.name.with_piece(number))?;
        writer.begin_piece()
    }

    fn end_piece(&mut self, writer: &mut BundleWriter, name: MemberName) -> Result<(), WriteError> {
        writer.end_piece(name)?;
        let digests = std::mem::replace(&mut self.digests, Digests::new());
        self.pieces.push(digests.finish(name));
        Ok(())
    }

    /// Ends the member, and tells the manifest what was in it.
    pub(super) fn end(
        mut self,
        writer: &mut BundleWriter,
        unpacked: Option<u64>,
        objects: Option<u64>,
    ) -> Result<(), WriteError> {
        let name = match self.pieces.len() as u16 {
            0 => self.name,
            before => self.name.with_piece(before + 1),
        };
        self.end_piece(writer, name)?;
        if let Some(first) = self.pieces.first_mut() {
            (first.unpacked, first.objects) = (unpacked, objects);
        }
        writer.list(self.pieces);
        Ok(())
    }
}
