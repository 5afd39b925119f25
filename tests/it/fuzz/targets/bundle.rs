//! The tar form of a bundle, read from its first byte to its last.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Mutex;

use airlock::bundle::{Bundle, FilezObject, PayloadSink, ReadError, StreamError};
use airlock::format::Checksum;
use airlock::{Silent, Stage};
use serde_json::Value;

use crate::handmade::{CHUNK, tar_of};

/// Reads the input as a bundle whose signatures count as good, and then once more with a manifest
/// that describes what stands there: no fuzzer guesses digests, and behind them is most of the reader.
///
/// What is accepted is accepted again, with the same content; every object has the digest of its
/// name, and a size that was asked about before. Nothing is read that follows the end.
pub fn bundle(data: &[u8]) -> bool {
    let accepted = judge(data);
    let sealed = reseal(data).is_some_and(|sealed| judge(&sealed));
    accepted || sealed
}

fn judge(tar: &[u8]) -> bool {
    let Ok(content) = read(tar) else {
        return false;
    };
    assert_eq!(read(tar).expect("it was accepted"), content);
    read(&[tar, b"\0"].concat()).expect_err("a byte follows the end");
    read(&tar[..tar.len() - 1]).expect_err("a byte is missing");
    true
}

/// Streams a bundle, and returns what it held.
pub fn read(tar: &[u8]) -> Result<Vec<String>, ReadError> {
    thread_local! {
        static DIR: tempfile::TempDir = tempfile::tempdir_in("/dev/shm").expect("a directory");
    }
    let path: PathBuf = DIR.with(|dir| dir.path().join("x.airlock"));
    std::fs::write(&path, tar).expect("room for the input");
    let bundle = Bundle::open(&[path])?;
    let id = *bundle.id();
    let (bundle, ()) = bundle.verify_with(|manifest, _| {
        assert_eq!(Checksum::of(manifest), id);
        Ok::<_, ReadError>(())
    })?;
    let seen = Seen::default();
    match bundle.stream(Stage::Verify, &seen, &Silent) {
        Ok(()) => {
            let mut content = seen.0.into_inner().expect("no sink panicked");
            content.sort();
            Ok(content)
        }
        Err(StreamError::Bundle(error)) => Err(error),
        Err(StreamError::Sink(never)) => match never {},
    }
}

/// Rewrites the manifest so that it describes the members that follow it.
fn reseal(tar: &[u8]) -> Option<Vec<u8>> {
    let mut members = Vec::new();
    let mut rest = tar;
    while let Some((header, after)) = rest.split_first_chunk::<512>() {
        let end = header.iter().take(100).position(|&byte| byte == 0)?;
        let name = std::str::from_utf8(&header[..end]).ok()?.to_owned();
        let digits = std::str::from_utf8(&header[124..135]).ok()?;
        let Ok(size) = usize::from_str_radix(digits, 8) else {
            break;
        };
        members.push((name, after.get(..size)?.to_vec()));
        rest = after.get(size.next_multiple_of(512)..)?;
    }
    let (_, manifest) = members.iter().find(|(name, _)| name == "manifest.json")?;
    let mut manifest: Value = serde_json::from_slice(manifest).ok()?;
    for entry in manifest.get_mut("members")?.as_array_mut()? {
        let name = entry.get("name")?.as_str()?.to_owned();
        let (_, bytes) = members.iter().find(|(member, _)| *member == name)?;
        let chunks = bytes.chunks(CHUNK).map(|c| Checksum::of(c).to_string());
        entry["size"] = bytes.len().into();
        entry["sha256"] = Checksum::of(bytes).to_string().into();
        entry["chunks"] = chunks.collect::<Vec<_>>().into();
    }
    // The kind stands first whatever order the rest has.
    manifest.as_object_mut()?.remove("airlock");
    let text = manifest.to_string();
    let text = format!("{{\"airlock\":\"bundle/1\",{}", &text[1..]);
    for (name, bytes) in &mut members {
        if name == "manifest.json" {
            *bytes = text.clone().into_bytes();
        }
    }
    Some(tar_of(&members))
}

/// Notes what arrives; several threads hand it over.
#[derive(Default)]
struct Seen(Mutex<Vec<String>>);

impl Seen {
    fn note(&self, what: String) -> Result<(), Infallible> {
        self.0.lock().expect("no sink panicked").push(what);
        Ok(())
    }
}

impl PayloadSink for Seen {
    type Error = Infallible;

    fn summary(&self, summary: &[u8], signature: &[u8]) -> Result<(), Infallible> {
        let digests = (Checksum::of(summary), Checksum::of(signature));
        self.note(format!("summary {digests:?}"))
    }

    fn superblock(&self, release: usize, bytes: &[u8]) -> Result<(), Infallible> {
        self.note(format!("superblock {release} {}", Checksum::of(bytes)))
    }

    fn part(&self, release: usize, part: usize, bytes: Vec<u8>) -> Result<(), Infallible> {
        self.note(format!("part {release} {part} {}", Checksum::of(&bytes)))
    }

    fn spine(&self, release: usize) -> Result<(), Infallible> {
        self.note(format!("spine {release}"))
    }

    fn admit(&self, release: usize, size: u64) -> Result<(), Infallible> {
        self.note(admitted(release, size))
    }

    fn object(
        &self,
        release: usize,
        name: &Checksum,
        object: FilezObject<'_>,
    ) -> Result<(), Infallible> {
        let size = match object {
            FilezObject::Whole { info, .. } => {
                assert_eq!(info.checksum, *name);
                info.size
            }
            // Its faults are the stream's: the reader of the bundle reports them.
            FilezObject::Streamed(large) => {
                let copied = std::io::copy(&mut large.content(), &mut std::io::sink());
                assert_eq!(copied.unwrap_or(large.size()), large.size());
                large.size()
            }
        };
        let admitted = admitted(release, size);
        let noted = self.0.lock().expect("no sink panicked");
        assert!(noted.contains(&admitted), "it was never {admitted}");
        drop(noted);
        self.note(format!("object {release} {name} {size}"))
    }
}

fn admitted(release: usize, size: u64) -> String {
    format!("admitted {release} {size}")
}
