//! Commits have the checksums that `ostree commit` gives.

mod archive;
mod directory;
mod said;
mod trees;

use std::path::{Path, PathBuf};

use airlock::Silent;
use airlock::format::Checksum;
use airlock::format::gvariant::Value;
use airlock::repo::{Mode, Repo};
use airlock::workflow::Error;
use airlock::workflow::commit::{
    Bindings, Bootable, CommitOptions, CommitOutcome, Exceptions, MissingParents, Modifier, Parent,
    Sizes, TreeSource, Unchanged, commit,
};

/// The first commit of the fixtures: `make-trees.py`'s tree `from`.
pub const FROM: &str = "308148eac3440c57252437962f8bc9fcce9fb31b7ea2b1da585351be42b259f2";
/// The second: its tree `to`; the commit itself names the sizes of zlib's output.
pub const TO: &str = "9162462524b4c03745c3414155eecdb7958631b1d9c3439214b937718b7a688b";
/// The tree `from` in a bare-user-only repository.
pub const BUO: &str = "c00e4470ba5ccfc93971e43e8b8323121302aa1b63f6f6f7d135eda717d453a3";
/// One file in a repository with a collection.
pub const COL: &str = "4c34fabfc61e392297f4508b6db5062500c87d65299f4d4934ff23bf1282357a";

/// Returns the options of the fixtures' first commit.
pub fn options(trees: Vec<TreeSource>) -> CommitOptions<'static> {
    CommitOptions {
        branch: Some("test/x86_64/main".parse().unwrap()),
        trees,
        parent: Parent::Head,
        subject: "First commit".to_owned(),
        body: "Body line 1\nBody line 2".to_owned(),
        metadata: vec![("version".to_owned(), Value::str("1.0"))],
        bindings: Bindings::Write,
        bootable: Bootable::Unsaid,
        sizes: Sizes::Unsaid,
        exceptions: Exceptions::default(),
        bind_refs: Vec::new(),
        timestamp: 1_700_000_000,
        modifier: Modifier::default(),
        unchanged: Unchanged::Commit,
        signers: &[],
        now: 1_700_000_000,
        threads: 2,
    }
}

/// Commits with these options.
pub fn run(repo: &Repo, options: &CommitOptions<'_>) -> Result<CommitOutcome, Error> {
    commit(repo, options, &Silent)
}

/// Takes a tar as the only tree.
pub fn tar(path: &Path) -> Vec<TreeSource> {
    vec![TreeSource::Tar {
        path: path.to_owned(),
        parents: MissingParents::Refuse,
    }]
}

/// Takes a directory as the only tree.
pub fn dir(path: impl Into<PathBuf>) -> Vec<TreeSource> {
    vec![TreeSource::Dir(path.into())]
}

/// Parses a checksum that stands in this file.
pub fn id(text: &str) -> Checksum {
    text.parse().unwrap()
}

/// Tells whether the tests run as root, which owners and bare repositories need.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The modes that this process can write.
pub fn modes() -> Vec<Mode> {
    let mut modes = vec![Mode::Archive, Mode::BareUser];
    if is_root() {
        modes.push(Mode::Bare);
    }
    modes
}
