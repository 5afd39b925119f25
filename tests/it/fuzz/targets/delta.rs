//! The parts of deltas, applied to a small source.

use std::io::Read;

use airlock::delta::{
    ApplyFault, DeltaError, ObjectSink, SourceFile, Sources, apply_part, examine_part,
};
use airlock::format::delta::PartHeader;
use airlock::format::{Checksum, FileHeader, ObjectKind, ObjectName};

/// What every old file is; the name that a part asks for does not matter here.
const OLD: &[u8] = b"the old file, of which a patch may take as much as it likes, and no more";
/// The most objects of one input.
const MAX_OBJECTS: usize = 8;

/// The input is a number of objects, the kind of each, and the file of a part.
///
/// A fuzzer does not guess digests: whenever a part makes another object than the one that is due,
/// that one becomes due, until the part fails for another reason or makes everything. A part that
/// makes everything makes the objects in order, each once, each with the digest of its name; and
/// without old files it is found good as well, with the same objects but those that need one.
pub fn delta_part(data: &[u8]) -> bool {
    let Some((&count, rest)) = data.split_first() else {
        return false;
    };
    let count = usize::from(count) % (MAX_OBJECTS + 1);
    let Some((kinds, part)) = rest.split_at_checked(count) else {
        return false;
    };
    let mut objects: Vec<ObjectName> = kinds.iter().map(|&kind| any(kind)).collect();
    for _ in 0..=count {
        let header = header(part, &objects);
        let mut made = Made::default();
        match apply_part(&header, part.to_vec(), &Old, &mut made) {
            Ok(()) => {
                assert_whole(&header, part, &made);
                return count > 0;
            }
            Err(error) => match other(&error) {
                Some((due, found)) => rename(&mut objects, due, found),
                None => break,
            },
        }
    }
    let _ = examine_part(&header(part, &objects), part, &mut Made::default());
    false
}

fn assert_whole(header: &PartHeader, part: &[u8], made: &Made) {
    assert_eq!(made.objects, header.objects);
    let mut examined = Made::default();
    examine_part(header, part, &mut examined).expect("what was applied is in order");
    assert_eq!(examined.objects, header.objects);
}

fn any(kind: u8) -> ObjectName {
    let kind = match kind % 4 {
        0 => ObjectKind::File,
        1 => ObjectKind::DirTree,
        2 => ObjectKind::DirMeta,
        _ => ObjectKind::Commit,
    };
    ObjectName::new(Checksum::from_bytes([0; 32]), kind)
}

fn header(part: &[u8], objects: &[ObjectName]) -> PartHeader {
    PartHeader {
        checksum: Checksum::of(part),
        size: part.len() as u64,
        unpacked: 0,
        objects: objects.to_vec(),
    }
}

/// Which object was due, and which was made.
fn other(error: &DeltaError) -> Option<(ObjectName, Checksum)> {
    match error {
        DeltaError::Object { object, source } => match **source {
            DeltaError::Program(ApplyFault::WrongChecksum(found)) => Some((*object, found)),
            _ => None,
        },
        _ => None,
    }
}

/// Lets the first object of the name that was due be the one that is made.
fn rename(objects: &mut [ObjectName], due: ObjectName, found: Checksum) {
    if let Some(object) = objects.iter_mut().find(|object| **object == due) {
        object.checksum = found;
    }
}

struct Old;

impl Sources for Old {
    fn open(&self, _: &Checksum) -> Result<SourceFile, DeltaError> {
        Ok(OLD.to_vec().into())
    }
}

/// The names of what was made; every file is read to its end and hashed again.
#[derive(Default)]
struct Made {
    objects: Vec<ObjectName>,
}

impl ObjectSink for Made {
    fn metadata(&mut self, object: &ObjectName, bytes: &[u8]) -> Result<(), DeltaError> {
        assert_eq!(object.checksum, Checksum::of(bytes));
        self.objects.push(*object);
        Ok(())
    }

    fn file(
        &mut self,
        checksum: &Checksum,
        header: &FileHeader,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<(), DeltaError> {
        header.check().expect("airlock made it");
        let mut hasher = header.hasher();
        let read = std::io::copy(content, &mut hasher)?;
        assert_eq!(read, size);
        let name = ObjectName::new(*checksum, ObjectKind::File);
        // A wrong name is reported when this returns, by whoever made the content.
        if hasher.finish() == *checksum {
            self.objects.push(name);
        }
        Ok(())
    }

    fn patched(&mut self, checksum: &Checksum, _: u64) -> Result<(), DeltaError> {
        let name = ObjectName::new(*checksum, ObjectKind::File);
        self.objects.push(name);
        Ok(())
    }
}
