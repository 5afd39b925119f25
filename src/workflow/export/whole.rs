//! Which files go into parts whole, and in which order.

use crate::delta::{LARGEST_IN_PART, TreeFile};
use crate::repo::{Mode, Repo, RepoError};

/// Files of up to so much content are not looked at before they go into parts.
const SMALL: u64 = 8 << 20;
/// What a larger one may take as it is stored: it takes about as much memory until it is compressed.
const MAX_STORED: u64 = 96 << 20;

/// Which files go into parts whole. What counts is their content, which may be far larger than what
/// an archive stores of it.
#[derive(Clone, Copy)]
pub(in crate::workflow) enum WholeInParts {
    /// None.
    Never,
    /// Those of up to so many bytes.
    UpTo(u64),
    /// Those that become smaller there, when parts are compressed harder than packs.
    Compressible,
}

impl WholeInParts {
    /// Says whether a file goes there, if it is no patch.
    pub(super) fn takes(self, repo: &Repo, file: &TreeFile) -> Result<bool, RepoError> {
        let content = || repo.file(&file.checksum).map(|file| file.size);
        Ok(match self {
            WholeInParts::Never => false,
            WholeInParts::UpTo(largest) => content()? <= largest,
            WholeInParts::Compressible => is_compressible(repo.mode(), file.size, content()?),
        })
    }
}

/// Puts large files first, for each is compressed on one core, and then those of one kind together.
pub(super) fn order(files: &mut [&TreeFile]) {
    files.sort_by_key(|file| (file.size <= SMALL, extension(&file.path)));
}

/// Returns what tells the kind of a file by its name: of a library without its version.
fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    match name.split_once(".so.") {
        Some(_) => "so",
        None => name.rsplit_once('.').map_or("", |(_, extension)| extension),
    }
}

/// Says whether a file is likely to become smaller in a part; of a small one nobody asks.
fn is_compressible(mode: Mode, stored: u64, content: u64) -> bool {
    let is_dense = mode == Mode::Archive && stored > content / 32 * 31;
    content <= SMALL || (content <= LARGEST_IN_PART && stored <= MAX_STORED && !is_dense)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn what_is_compressed_already_or_too_large_stays_as_it_is() {
        for (mode, stored, content, goes) in [
            (Mode::Archive, 8 * MIB, 8 * MIB, true),
            (Mode::Archive, 9 * MIB, 9 * MIB, false),
            (Mode::Archive, 8 * MIB, 9 * MIB, true),
            (Mode::Archive, 80 * MIB, 248 * MIB, true),
            (Mode::Archive, 80 * MIB, 249 * MIB, false),
            (Mode::Archive, 97 * MIB, 200 * MIB, false),
            // Nobody deflated it, and so nobody knows.
            (Mode::BareUser, 9 * MIB, 9 * MIB, true),
            (Mode::BareUser, 97 * MIB, 97 * MIB, false),
        ] {
            let said = is_compressible(mode, stored, content);
            assert_eq!(said, goes, "{mode:?} {stored} {content}");
        }
    }

    #[test]
    fn names_tell_kinds() {
        for (path, kind) in [
            ("/usr/lib/libssl.so", "so"),
            ("/usr/lib/libssl.so.3.0", "so"),
            ("/usr/lib.d/modules/ext4.ko", "ko"),
            ("/usr/bin/bash", ""),
            ("", ""),
        ] {
            assert_eq!(extension(path), kind, "{path}");
        }
    }
}
