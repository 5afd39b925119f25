//! Where everything is; no other file joins two path elements.
//!
//! ```text
//! R/
//! ├── config
//! ├── .lock                          libostree's lock
//! ├── objects/ab/cdef….filez         .file in the other modes, .commit, .commitmeta, .dirtree, .dirmeta …
//! ├── refs/heads/REF                 64 hex digits and a newline, or a relative link: an alias
//! ├── refs/remotes/REMOTE/REF
//! ├── refs/mirrors/COLLECTION/REF
//! ├── state/COMMIT.commitpartial
//! ├── summary, summary.sig
//! ├── deltas/, delta-indexes/
//! ├── tmp/                           staging, and files on their way to a rename
//! └── extensions/airlock/            what only airlock reads: lock, id, journal, stage …
//! ```

use crate::format::delta::DeltaName;
use crate::format::{Checksum, CollectionId, ObjectKind, ObjectName, RefName, RemoteName};

use super::mode::Mode;

pub(in crate::repo) const CONFIG: &str = "config";
pub(in crate::repo) const LOCK: &str = ".lock";
pub(in crate::repo) const OBJECTS: &str = "objects";
pub(in crate::repo) const REFS: &str = "refs";
pub(in crate::repo) const HEADS: &str = "heads";
pub(in crate::repo) const REMOTES: &str = "remotes";
pub(in crate::repo) const MIRRORS: &str = "mirrors";
pub(in crate::repo) const TMP: &str = "tmp";
pub(in crate::repo) const EXTENSIONS: &str = "extensions";
pub(in crate::repo) const AIRLOCK: &str = "extensions/airlock";
pub(in crate::repo) const SUMMARY: &str = "summary";
pub(in crate::repo) const SUMMARY_SIG: &str = "summary.sig";
pub(in crate::repo) const DELTAS: &str = "deltas";
pub(in crate::repo) const DELTA_INDEXES: &str = "delta-indexes";
/// Beneath [`AIRLOCK`].
pub(in crate::repo) const AIRLOCK_LOCK: &str = "lock";
/// Beneath [`AIRLOCK`].
pub(in crate::repo) const DELTA_STAGES: &str = "deltas";

/// The directories of a new repository, in the order in which `ostree init` makes them; `objects`
/// comes last because its existence means that the repository is complete.
pub(in crate::repo) const SKELETON: [&str; 8] = [
    TMP,
    EXTENSIONS,
    "state",
    REFS,
    "refs/heads",
    "refs/mirrors",
    "refs/remotes",
    OBJECTS,
];
/// Made by libostree when a repository is opened first.
pub(in crate::repo) const TMP_CACHE: &str = "tmp/cache";

/// Returns where a static delta is made.
pub(in crate::repo) fn delta_stage(name: &DeltaName) -> String {
    format!("{AIRLOCK}/{DELTA_STAGES}/{name}")
}

/// Returns the path of an object beneath `objects`.
pub(in crate::repo) fn loose(name: &ObjectName, mode: Mode) -> String {
    let hex = name.checksum.to_string();
    let (fan, rest) = hex.split_at(2);
    let extension = match (name.kind, mode) {
        (ObjectKind::File, Mode::Archive) => "filez",
        (kind, _) => kind.extension(),
    };
    format!("{fan}/{rest}.{extension}")
}

/// Reads the path of an object beneath `objects` back; nothing when it is none in such a repository.
pub(in crate::repo) fn parse_loose(path: &str, mode: Mode) -> Option<ObjectName> {
    let (fan, rest) = path.split_once('/')?;
    let (digits, extension) = rest.split_once('.')?;
    let extension = match (extension, mode) {
        ("filez", Mode::Archive) => "file",
        ("file", Mode::Archive) => return None,
        (other, _) => other,
    };
    let name = ObjectName::new(
        Checksum::from_hex(&format!("{fan}{digits}")).ok()?,
        ObjectKind::from_extension(extension)?,
    );
    (loose(&name, mode) == path).then_some(name)
}

/// Returns the mark of a partial commit.
pub(in crate::repo) fn partial(commit: &Checksum) -> String {
    format!("state/{commit}.commitpartial")
}

/// Whose a ref is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefPlace {
    /// The repository's own: `refs/heads`.
    Heads,
    /// A remote's, as last pulled: `refs/remotes/REMOTE`.
    Remote(RemoteName),
    /// Another collection's, mirrored: `refs/mirrors/COLLECTION`.
    Mirror(CollectionId),
}

/// Returns the path of a ref beneath the repository.
pub(in crate::repo) fn reference(place: &RefPlace, name: &RefName) -> String {
    match place {
        RefPlace::Heads => format!("{REFS}/{HEADS}/{name}"),
        RefPlace::Remote(remote) => format!("{REFS}/{REMOTES}/{remote}/{name}"),
        RefPlace::Mirror(collection) => format!("{REFS}/{MIRRORS}/{collection}/{name}"),
    }
}
