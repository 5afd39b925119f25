//! Where the bundle goes: its name, its form, and how much it may need.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::plan::{Medium, PlannedRelease};
use super::{Error, ExportError, ExportOptions};
use crate::bundle::{Form, MANIFEST, Room, Target};
use crate::format::RefName;

/// What the front and the framing of everything take at most, besides the objects.
const FRAMING: u64 = 4 << 20;
/// What one object takes at most besides its own bytes: a header, padding, a place in the spine.
const PER_OBJECT: u64 = 1200;
/// The longest part of a file name that is taken from a commit's version.
const MAX_VERSION: usize = 64;

/// Names the target, and looks at its filesystem.
pub(super) fn choose(
    options: &ExportOptions<'_>,
    first: Option<&PlannedRelease>,
    sequence: &BTreeMap<RefName, u64>,
) -> Result<Medium, Error> {
    let output = options.output;
    // A bundle's own directory is no place for another one.
    let holds_bundles = output.is_dir() && !output.join(MANIFEST).exists();
    let path = match first.filter(|_| holds_bundles) {
        Some(release) => output.join(file_name(release, sequence)),
        None => output.to_owned(),
    };
    if path.file_name().is_none() {
        return Err(ExportError::NoName.into());
    }
    let room = Room::of(&directory_of(&path))?;
    let form = match options.form {
        Form::Directory => Form::Directory,
        Form::Tar { split } => Form::Tar {
            split: smaller(split, room.largest_file()),
        },
    };
    Ok(Medium {
        target: Target { path, form },
        room,
    })
}

/// Returns the directory a path lies in.
pub(super) fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Returns how many bytes the bundle may need.
pub(super) fn needed(releases: &[PlannedRelease]) -> u64 {
    let of = |release: &PlannedRelease| {
        let objects = release.objects;
        let count = objects.commit + objects.dirtree + objects.dirmeta + objects.file;
        release.stored + release.stored / 64 + count * PER_OBJECT
    };
    releases.iter().map(of).sum::<u64>() + FRAMING
}

/// `REF-VERSION-SEQ.airlock`, in characters that every filesystem takes.
fn file_name(release: &PlannedRelease, sequence: &BTreeMap<RefName, u64>) -> String {
    let version: String = match &release.version {
        Some(version) => version.chars().take(MAX_VERSION).collect(),
        None => release.commit.to_string().chars().take(12).collect(),
    };
    let number = sequence.get(&release.name).copied().unwrap_or_default();
    let plain = |letter: char| match letter {
        letter if letter.is_ascii_alphanumeric() => letter,
        '.' | '_' | '+' | '-' => letter,
        _ => '-',
    };
    let name = format!("{}-{version}", release.name);
    let name: String = name.chars().map(plain).collect();
    format!("{}-{number}.airlock", name.trim_start_matches('.'))
}

fn smaller(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
