//! Static deltas: what stock `ostree` made, byte for byte, applied, and spoilt.

mod applied;
mod compile;
mod formats;
mod hostile;
mod published;
mod spine;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
};

use airlock::{
    delta::{DeltaError, NoSources, ObjectSink, SourceFile, Sources},
    format::{
        Checksum, FileHeader, ObjectKind, ObjectName,
        delta::{SignedSuperblock, Superblock},
    },
};

use crate::fixture;
use crate::handmade::object_path;

const FROM: &str = "308148eac3440c57252437962f8bc9fcce9fb31b7ea2b1da585351be42b259f2";
const TO: &str = "9162462524b4c03745c3414155eecdb7958631b1d9c3439214b937718b7a688b";

/// A delta that stock `ostree` made: the bytes of its superblock and of its parts.
struct Stock {
    superblock: Vec<u8>,
    parts: Vec<Vec<u8>>,
}

impl Stock {
    /// Reads a delta by its name under `tests/data/delta`.
    fn read(name: &str) -> Stock {
        let path = format!("delta/{name}");
        if fixture::path(&path).is_dir() {
            return Stock {
                superblock: fixture::read(&format!("{path}/superblock")),
                parts: vec![fixture::read(&format!("{path}/0"))],
            };
        }
        let mut superblock = fixture::read(&path);
        if name.ends_with(".gz") {
            let packed = std::mem::take(&mut superblock);
            flate2::read::GzDecoder::new(packed.as_slice())
                .read_to_end(&mut superblock)
                .unwrap();
        }
        if SignedSuperblock::is_signed(&superblock) {
            superblock = SignedSuperblock::decode(&superblock).unwrap().superblock;
        }
        let decoded = Superblock::decode(&superblock).unwrap();
        let parts = (0..decoded.parts.len())
            .map(|index| decoded.inline_part(index).expect("inline").to_vec())
            .collect();
        Stock { superblock, parts }
    }

    fn decode(&self) -> Superblock {
        Superblock::decode(&self.superblock).unwrap()
    }
}

/// The files of the archive repository, as old files.
struct Archive(BTreeMap<String, Vec<u8>>);

impl Archive {
    fn new() -> Archive {
        Archive(fixture::repo_files("archive-repo"))
    }

    /// Returns the names of the objects in it.
    fn objects(&self) -> BTreeSet<String> {
        let object = |path: &String| {
            let (first, rest) = path.strip_prefix("objects/")?.split_once('/')?;
            Some(format!("{first}{}", rest.replace("filez", "file")))
        };
        self.0.keys().filter_map(object).collect()
    }
}

impl Sources for Archive {
    fn open(&self, checksum: &Checksum) -> Result<SourceFile, DeltaError> {
        let Some(stored) = self.0.get(&object_path(checksum)) else {
            return NoSources.open(checksum);
        };
        let (_, _, start) = FileHeader::parse_zlib_header(stored).unwrap();
        let mut content = Vec::new();
        flate2::read::DeflateDecoder::new(&stored[start..])
            .read_to_end(&mut content)
            .unwrap();
        Ok(content.into())
    }
}

/// Keeps the name of every object it is given, and how many bytes it has.
#[derive(Default)]
struct Names(BTreeMap<ObjectName, u64>);

impl ObjectSink for Names {
    fn metadata(&mut self, object: &ObjectName, bytes: &[u8]) -> Result<(), DeltaError> {
        self.0.insert(*object, bytes.len() as u64);
        Ok(())
    }

    fn file(
        &mut self,
        checksum: &Checksum,
        _: &FileHeader,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<(), DeltaError> {
        let read = std::io::copy(content, &mut std::io::sink())?;
        assert_eq!(read, size);
        let name = ObjectName::new(*checksum, ObjectKind::File);
        self.0.insert(name, size);
        Ok(())
    }
}
