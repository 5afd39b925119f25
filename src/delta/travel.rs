//! Parts that travel in a bundle: what stock leaves open is settled there.
//!
//! ```text
//! compression   none, or the stored .xz stream: zstd is around it, and a bundle's sizes are of it
//! objects       not larger in sum than the part's header says, and the manifest with it
//! ```

use std::io::Read;

use super::apply::run_payload;
use super::unpack::{check_stored, unpack_stored};
use super::{ApplyFault, DeltaError, ObjectSink, Sources, check_part};
use crate::format::{Checksum, FileHeader, ObjectName, delta::PartHeader};

/// Makes the objects of a part as [`apply_part`](super::apply_part) does, by the rules for bundles.
///
/// It may be large, and is in memory once: what it holds is made of it where it is.
pub fn apply_travelling(
    header: &PartHeader,
    part: Vec<u8>,
    sources: &dyn Sources,
    sink: &mut dyn ObjectSink,
) -> Result<(), DeltaError> {
    run(header, part, Some(sources), sink)
}

/// Examines a part as [`examine_part`](super::examine_part) does, by the rules for bundles.
pub fn examine_travelling(
    header: &PartHeader,
    part: Vec<u8>,
    sink: &mut dyn ObjectSink,
) -> Result<(), DeltaError> {
    run(header, part, None, sink)
}

fn run(
    header: &PartHeader,
    part: Vec<u8>,
    sources: Option<&dyn Sources>,
    sink: &mut dyn ObjectSink,
) -> Result<(), DeltaError> {
    check_stored(&part)?;
    check_part(header, &part)?;
    let payload = unpack_stored(part)?;
    run_payload(header, &payload, sources, &mut Bounded::new(header, sink))
}

/// Lets objects pass as long as they are not larger than was announced.
struct Bounded<'a> {
    left: u64,
    stated: u64,
    sink: &'a mut dyn ObjectSink,
}

impl<'a> Bounded<'a> {
    fn new(header: &PartHeader, sink: &'a mut dyn ObjectSink) -> Bounded<'a> {
        let stated = header.unpacked;
        Bounded {
            left: stated,
            stated,
            sink,
        }
    }

    fn take(&mut self, size: u64) -> Result<(), DeltaError> {
        let stated = self.stated;
        let left = self.left.checked_sub(size);
        self.left = left.ok_or(ApplyFault::MoreThanStated(stated))?;
        Ok(())
    }
}

impl ObjectSink for Bounded<'_> {
    fn metadata(&mut self, object: &ObjectName, bytes: &[u8]) -> Result<(), DeltaError> {
        self.take(bytes.len() as u64)?;
        self.sink.metadata(object, bytes)
    }

    fn file(
        &mut self,
        checksum: &Checksum,
        header: &FileHeader,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<(), DeltaError> {
        self.take(size)?;
        self.sink.file(checksum, header, size, content)
    }

    fn takes(&mut self, checksum: &Checksum, sources: &[Checksum]) -> bool {
        self.sink.takes(checksum, sources)
    }

    fn patched(&mut self, checksum: &Checksum, size: u64) -> Result<(), DeltaError> {
        self.take(size)?;
        self.sink.patched(checksum, size)
    }
}
