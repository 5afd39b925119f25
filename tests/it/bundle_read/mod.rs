//! The reader of bundles: what a good one yields, and every structural fault by its name.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use airlock::bundle::{Bundle, FilezObject, PayloadSink, ReadError, StreamError};
use airlock::format::Checksum;
use airlock::{Class, Silent, Stage};

use crate::handmade::Handmade;

mod payload;
mod tar_form;
mod volumes;

/// Notes what arrives.
#[derive(Default)]
struct Recorder {
    seen: Mutex<Vec<String>>,
}

impl Recorder {
    fn note(&self, what: String) -> Result<(), Infallible> {
        self.seen.lock().unwrap().push(what);
        Ok(())
    }

    /// What arrived; parts and objects, which come in any order, sorted among themselves.
    fn sorted(self) -> Vec<String> {
        let mut seen = self.seen.into_inner().unwrap();
        let kind = |text: &String| text.split(' ').next().unwrap_or_default().to_owned();
        seen.chunk_by_mut(|a, b| kind(a) == kind(b))
            .for_each(<[String]>::sort);
        seen
    }
}

impl PayloadSink for Recorder {
    type Error = Infallible;

    fn summary(&self, summary: &[u8], signature: &[u8]) -> Result<(), Infallible> {
        self.note(format!("summary {} {}", summary.len(), signature.len()))
    }

    fn superblock(&self, release: usize, bytes: &[u8]) -> Result<(), Infallible> {
        self.note(format!("superblock {release} {}", bytes.len()))
    }

    fn part(&self, release: usize, part: usize, bytes: Vec<u8>) -> Result<(), Infallible> {
        self.note(format!(
            "part {release} {part} {}",
            String::from_utf8_lossy(&bytes)
        ))
    }

    fn spine(&self, release: usize) -> Result<(), Infallible> {
        self.note(format!("spine {release}"))
    }

    fn admit(&self, _: usize, _: u64) -> Result<(), Infallible> {
        Ok(())
    }

    fn object(
        &self,
        release: usize,
        name: &Checksum,
        object: FilezObject<'_>,
    ) -> Result<(), Infallible> {
        let (content, stored) = match object {
            FilezObject::Whole { stored, info, .. } => {
                assert_eq!(info.checksum, *name);
                (info.size, stored.len() as u64)
            }
            FilezObject::Streamed(large) => {
                let stored = large.stored_len();
                (
                    std::io::copy(&mut large.content(), &mut std::io::sink()).unwrap_or(0),
                    stored,
                )
            }
        };
        assert!(stored > 0);
        self.note(format!("object {release} {content}"))
    }
}

/// Reads the whole bundle, whose signatures count as good.
pub fn read(paths: &[PathBuf]) -> Result<Vec<String>, ReadError> {
    let bundle = Bundle::open(paths)?;
    let (bundle, ()) = bundle.verify_with(|_, _| Ok::<_, ReadError>(()))?;
    let recorder = Recorder::default();
    match bundle.stream(Stage::Verify, &recorder, &Silent) {
        Ok(()) => Ok(recorder.sorted()),
        Err(StreamError::Bundle(error)) => Err(error),
        Err(StreamError::Sink(never)) => match never {},
    }
}

fn read_tar(tar: &[u8]) -> Result<Vec<String>, ReadError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.airlock");
    std::fs::write(&path, tar).unwrap();
    read(&[path])
}

fn read_tree(edit: impl FnOnce(&Path)) -> Result<Vec<String>, ReadError> {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("x.airlock");
    Handmade::sample().write_tree(&root);
    edit(&root);
    read(&[root])
}

/// Holds a failure to its text and class.
fn assert_fault(what: &str, result: Result<Vec<String>, ReadError>, text: &str, class: Class) {
    let error = result.expect_err(what);
    let mut said = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        said.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    assert!(said.contains(text), "{what}: {said}");
    assert_eq!(error.class(), class, "{what}: {said}");
}

/// The offsets at which members begin in a tar, and at last the end blocks.
fn boundaries(tar: &[u8]) -> Vec<usize> {
    let mut at = 0;
    let mut found = vec![0];
    while tar[at] != 0 {
        let size = std::str::from_utf8(&tar[at + 124..at + 135]).unwrap();
        at += 512
            + usize::from_str_radix(size, 8)
                .unwrap()
                .next_multiple_of(512);
        found.push(at);
    }
    found
}

fn sample_content() -> Vec<&'static str> {
    vec![
        "summary 11 13",
        "superblock 0 14",
        "part 0 0 part zero",
        "part 0 1 part one",
        "spine 0",
        "object 0 0",
        "object 0 300000",
        "object 0 5",
    ]
}

#[test]
fn both_forms_yield_the_same() {
    assert_eq!(
        read_tar(&Handmade::sample().tar()).unwrap(),
        sample_content()
    );
    assert_eq!(read_tree(|_| ()).unwrap(), sample_content());
}

#[test]
fn nothing_is_read_when_the_signatures_are_not_good() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.airlock");
    // Whatever follows the front is not even looked at.
    let tar = Handmade::sample().tar();
    let front = boundaries(&tar)[2];
    std::fs::write(&path, &tar[..front]).unwrap();
    let bundle = Bundle::open(&[path]).unwrap();
    assert_eq!(*bundle.id(), Checksum::of(&Handmade::sample().manifest()));
    let refused = bundle.verify_with(|manifest, signatures| {
        assert_eq!(manifest, Handmade::sample().manifest());
        assert_eq!(signatures, [Handmade::sample().signature]);
        Err::<(), _>(ReadError::NotFound {
            path: "judged".into(),
        })
    });
    assert!(matches!(refused, Err(ReadError::NotFound { .. })));
}

#[test]
fn a_directory_form_has_only_its_members() {
    use std::os::unix::fs::symlink;
    type Edit = fn(&Path);
    let table: &[(&str, Edit, &str)] = &[
        (
            "missing",
            |r| std::fs::remove_file(r.join("summary")).unwrap(),
            "summary is missing",
        ),
        (
            "extra",
            |r| std::fs::write(r.join("payload/x"), "x").unwrap(),
            "payload/x is not part",
        ),
        (
            "empty directory",
            |r| std::fs::create_dir(r.join("payload/9")).unwrap(),
            "payload/9 is not part",
        ),
        (
            "hidden",
            |r| std::fs::write(r.join(".x"), "x").unwrap(),
            ".x is not part",
        ),
        (
            "deep",
            |r| std::fs::create_dir(r.join("payload/0/x")).unwrap(),
            "payload/0/x is not part",
        ),
        (
            "symlink",
            |r| relink(r, "payload/0/0.zst", |to, at| symlink(to, at)),
            "not a regular file",
        ),
        (
            "linked directory",
            |r| relink(r, "payload/0", |to, at| symlink(to, at)),
            "not a regular file",
        ),
        (
            "size",
            |r| std::fs::write(r.join("summary"), "short").unwrap(),
            "has 5 bytes, the manifest says 11",
        ),
        (
            "altered",
            |r| std::fs::write(r.join("summary"), "The summary").unwrap(),
            "summary, bytes 0 to 11",
        ),
        (
            "manifest is a link",
            |r| relink(r, "manifest.json", |to, at| symlink(to, at)),
            "not a regular file",
        ),
    ];
    for (what, edit, text) in table {
        assert_fault(what, read_tree(edit), text, Class::Corrupt);
    }
}

/// Moves an entry out of the bundle and puts a link in its place.
fn relink(root: &Path, name: &str, link: fn(&Path, &Path) -> std::io::Result<()>) {
    let outside = root.parent().unwrap().join("outside");
    std::fs::rename(root.join(name), &outside).unwrap();
    link(&outside, &root.join(name)).unwrap();
}

#[test]
fn signatures_beside_the_bundle_count_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.airlock");
    let unsigned = Handmade {
        signature: b"\n\n".to_vec(),
        ..Handmade::sample()
    };
    std::fs::write(&path, unsigned.tar()).unwrap();
    let signatures =
        |path: &Path| Bundle::open(&[path.to_owned()]).map(|b| b.signatures().to_vec());
    assert_eq!(signatures(&path).unwrap(), Vec::<Vec<u8>>::new());
    std::fs::write(dir.path().join("x.airlock.asc"), "beside").unwrap();
    assert_eq!(signatures(&path).unwrap(), [b"beside"]);
    std::fs::write(
        dir.path().join("x.airlock.asc"),
        vec![b'x'; (256 << 10) + 1],
    )
    .unwrap();
    assert!(matches!(signatures(&path), Err(ReadError::TooLarge { .. })));
}
