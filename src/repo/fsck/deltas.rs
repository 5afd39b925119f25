//! Static deltas, held against what they say and against the commits that are here.
//!
//! ```text
//! deltas/MI/FI6s…wFNRvkKyWfI-kWJG…/superblock   decodes; is the delta that its directory names;
//!                                               leads to a commit that is here
//!                                  0, 1, …      there, as long as it says, of that digest
//! delta-indexes/kW/JGJS….index                  lists exactly the deltas that lead there
//! ```

use std::collections::BTreeMap;
use std::io;

use rustix::io::Errno;

use super::super::error::{Context, RepoError};
use super::super::{disk, durable, paths};
use super::{FsckFinding, Survey};
use crate::format::delta::{DeltaName, PartHeader, SuperblockOutline};
use crate::format::limits::MAX_METADATA;
use crate::format::{Checksum, ObjectKind, ObjectName, Sha256, decode_delta_index};

/// What a look at the deltas brought besides findings.
#[derive(Default)]
pub(super) struct Checked {
    pub(super) count: u64,
    pub(super) leftovers: Vec<String>,
}

/// Checks every delta and every index.
pub(super) fn check(
    survey: &Survey<'_>,
    findings: &mut Vec<FsckFinding>,
) -> Result<Checked, RepoError> {
    let mut checked = Checked::default();
    let repo = survey.repo();
    for fan in repo.subdirs(paths::DELTAS)? {
        for rest in repo.subdirs(&format!("{}/{fan}", paths::DELTAS))? {
            let directory = format!("{}/{fan}/{rest}", paths::DELTAS);
            let Ok(name) = DeltaName::from_path(&fan, &rest) else {
                findings.push(fault(&directory, "no delta can have that name"));
                continue;
            };
            match repo.delta_superblock(&name) {
                Ok(Some(bytes)) => {
                    checked.count += 1;
                    delta(survey, &name, &bytes, findings)?;
                }
                // Its parts come first: a killed generate leaves this, and no client sees it.
                Ok(None) => checked.leftovers.push(directory),
                Err(RepoError::Io { source, .. }) => {
                    findings.push(fault(&name.superblock_path(), source));
                }
                Err(error) => return Err(error),
            }
        }
    }
    indexes(survey, findings)?;
    Ok(checked)
}

fn fault(path: &str, reason: impl ToString) -> FsckFinding {
    FsckFinding::Delta {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

/// Checks one delta.
fn delta(
    survey: &Survey<'_>,
    name: &DeltaName,
    bytes: &[u8],
    findings: &mut Vec<FsckFinding>,
) -> Result<(), RepoError> {
    let path = name.superblock_path();
    let read = SuperblockOutline::read(&bytes, bytes.len() as u64);
    let SuperblockOutline { superblock, inline } = match read {
        Ok(outline) => outline,
        Err(error) => {
            findings.push(fault(&path, error));
            return Ok(());
        }
    };
    if superblock.name() != *name {
        let other = superblock.name().directory();
        findings.push(fault(&path, format!("it is the superblock of {other}")));
        return Ok(());
    }
    let to = ObjectName::new(name.to, ObjectKind::Commit);
    if !survey.is_present(&to) {
        let reason = format!("it leads to commit {}, which is not here", name.to);
        findings.push(fault(&path, reason));
    }
    for (number, (part, inline)) in superblock.parts.iter().zip(inline).enumerate() {
        let path = name.part_path(number);
        let inside = inline.and_then(|place| {
            let range = usize::try_from(place.start).ok()?..usize::try_from(place.end).ok()?;
            bytes.get(range)
        });
        let reason = match inside {
            Some(bytes) => differs(part, bytes.len() as u64, Checksum::of(bytes)),
            None => part_file(survey, part, &path)?,
        };
        findings.extend(reason.map(|reason| fault(&path, reason)));
    }
    for fallback in &superblock.fallbacks {
        let file = ObjectName::new(fallback.checksum, ObjectKind::File);
        if !survey.is_sound(&file) {
            let reason = format!("it sends clients to {file}, which is missing or corrupt");
            findings.push(fault(&path, reason));
        }
    }
    Ok(())
}

/// Says what is wrong with the file of a part, if anything is.
fn part_file(
    survey: &Survey<'_>,
    part: &PartHeader,
    path: &str,
) -> Result<Option<String>, RepoError> {
    let repo = survey.repo();
    let at = || repo.path().join(path);
    let mut file = match durable::open_file(repo.dir(), path) {
        Err(Errno::NOENT) => return Ok(Some("the part is missing".to_owned())),
        Err(Errno::LOOP) => return Ok(Some("it is no file".to_owned())),
        other => other.at("open", at())?,
    };
    let mut digest = Sha256::new();
    match io::copy(&mut file, &mut digest) {
        Ok(size) => Ok(differs(part, size, digest.finish())),
        Err(error) => Ok(Some(error.to_string())),
    }
}

fn differs(part: &PartHeader, size: u64, digest: Checksum) -> Option<String> {
    if size != part.size {
        let wanted = part.size;
        return Some(format!(
            "the part has {size} bytes, its superblock says {wanted}"
        ));
    }
    (digest != part.checksum).then(|| format!("the part's digest is {digest}"))
}

/// Holds the indexes against the deltas that are here.
fn indexes(survey: &Survey<'_>, findings: &mut Vec<FsckFinding>) -> Result<(), RepoError> {
    let repo = survey.repo();
    let mut wanted: BTreeMap<String, Vec<(DeltaName, Checksum)>> = BTreeMap::new();
    for (name, digest) in repo.static_deltas()? {
        let index = wanted.entry(DeltaName::index_path(&name.to)).or_default();
        index.push((name, digest));
    }
    let mut wrong = |path: &str, reason: String| {
        let path = path.to_owned();
        findings.push(FsckFinding::DeltaIndex { path, reason });
    };
    for fan in repo.subdirs(paths::DELTA_INDEXES)? {
        let dir = format!("{}/{fan}", paths::DELTA_INDEXES);
        let full = repo.path().join(&dir);
        for (file, _) in disk::entries(repo.dir(), &dir).at("list", &full)? {
            let path = format!("{dir}/{file}");
            let here = wanted.get(&path).map(Vec::as_slice).unwrap_or_default();
            let listed = durable::read_file(repo.dir(), &path, MAX_METADATA)
                .map_err(|error| error.to_string())
                .and_then(|bytes| {
                    decode_delta_index(&bytes.unwrap_or_default())
                        .map_err(|error| error.to_string())
                });
            // One more here than is listed does no harm: nobody looks for it.
            match listed {
                Err(reason) => wrong(&path, reason),
                Ok(listed) => {
                    for (name, _) in listed.iter().filter(|listed| !here.contains(listed)) {
                        let reason = "it lists another delta than is here: ".to_owned();
                        wrong(&path, reason + &name.directory());
                    }
                }
            }
        }
    }
    Ok(())
}
