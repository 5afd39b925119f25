//! Finding a bundle, and reading of it what may be read before it is believed.

use std::fs::FileType;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::bundle::{MANIFEST, MANIFEST_SIGNATURE, MAX_MANIFEST, TrustUpdate};

use super::dir::Tree;
use super::error::ReadError;
use super::fault::{TarFault, VolumeFault};
use super::front::{FrontBytes, MAX_SIGNATURES, begins_a_bundle, intact, read_file};
use super::layout::Front;
use super::recognise::number;
use super::trust;
use super::volumes::Volume;

/// The files of a bundle, before anything in them is believed.
#[derive(Debug)]
pub(super) enum Files {
    /// The directory form.
    Tree(Tree),
    /// The tar form: the volume that begins it, and files that may be further volumes.
    Tar {
        first: Volume,
        others: Vec<Volume>,
        front: Front,
    },
}

/// What stands at the front: all that is read before the signatures are judged.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) files: Files,
    pub(super) trust: Vec<TrustUpdate>,
    pub(super) manifest: Vec<u8>,
    pub(super) signatures: Vec<Vec<u8>>,
}

impl Opened {
    /// Opens what `paths` name: a directory, a file, or volumes in any order.
    pub(super) fn open(paths: &[PathBuf]) -> Result<Self, ReadError> {
        let mut opened = match paths {
            [] => {
                return Err(ReadError::NotFound {
                    path: PathBuf::new(),
                });
            }
            [path] if kind_of(path)?.is_some_and(|kind| kind.is_dir()) => open_tree(path)?,
            [path] => open_tar(&with_siblings(path)?)?,
            many => open_tar(many)?,
        };
        if let Some(sidecar) = opened.sidecar()
            && kind_of(&sidecar)?.is_some_and(|kind| kind.is_file())
        {
            opened.add_signatures(&sidecar)?;
        }
        // A bundle that a signing room signs later has an empty member there.
        opened
            .signatures
            .retain(|bytes| !bytes.trim_ascii().is_empty());
        Ok(opened)
    }

    /// Adds the signatures of a file beside the bundle.
    pub(super) fn add_signatures(&mut self, path: &Path) -> Result<(), ReadError> {
        let file = Volume::open(path)?;
        self.signatures
            .push(read_intact(&file, MANIFEST_SIGNATURE, MAX_SIGNATURES)?);
        Ok(())
    }

    /// Returns where signatures beside the bundle would lie: `NAME.airlock.asc`.
    pub(super) fn sidecar(&self) -> Option<PathBuf> {
        let base = match &self.files {
            Files::Tree(tree) => tree.path().components().as_path().to_owned(),
            Files::Tar { first, .. } if number(&first.path).is_some() => {
                first.path.with_extension("")
            }
            Files::Tar { first, .. } => first.path.clone(),
        };
        let mut name = base.file_name()?.to_owned();
        name.push(".asc");
        Some(base.with_file_name(name))
    }
}

fn open_tree(path: &Path) -> Result<Opened, ReadError> {
    let mut tree = Tree::open(path)?;
    let trust = trust::of_tree(&tree)?;
    tree.expect(&trust);
    let read = |name, limit| read_intact(&tree.member(name)?, name, limit);
    Ok(Opened {
        trust,
        manifest: read(MANIFEST, MAX_MANIFEST)?,
        signatures: vec![read(MANIFEST_SIGNATURE, MAX_SIGNATURES)?],
        files: Files::Tree(tree),
    })
}

/// Reads a whole file that is to hold such a member.
fn read_intact(file: &Volume, name: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
    let bytes = read_file(file, limit)?;
    intact(file, name, 0, &bytes)?;
    Ok(bytes)
}

fn open_tar(paths: &[PathBuf]) -> Result<Opened, ReadError> {
    let volumes = paths
        .iter()
        .map(|path| Volume::open(path))
        .collect::<Result<Vec<_>, _>>()?;
    let (first, others) = take_first(volumes)?;
    let front = FrontBytes::read(&first).map_err(|error| match error {
        ReadError::Tar {
            fault: TarFault::EndsEarly,
            ..
        } if !others.is_empty() => ReadError::Volume(VolumeFault::Front {
            path: first.path.clone(),
        }),
        error => error,
    })?;
    let files = Files::Tar {
        front: front.sizes(),
        first,
        others,
    };
    Ok(Opened {
        files,
        trust: front.trust,
        manifest: front.manifest,
        signatures: vec![front.signature],
    })
}

/// Says what a path names, if anything; a medium that was pulled out does not say.
fn kind_of(path: &Path) -> Result<Option<FileType>, ReadError> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.file_type())),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(ReadError::io(path, error)),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Finds all volumes of which `path` is one, or the common name.
fn with_siblings(path: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let stem = match number(path) {
        Some(_) => path.with_extension(""),
        None if kind_of(path)?.is_some() => return Ok(vec![path.to_owned()]),
        None => path.to_owned(),
    };
    let not_found = || ReadError::NotFound {
        path: path.to_owned(),
    };
    let parent = match stem.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut found = Vec::new();
    let entries = std::fs::read_dir(parent).map_err(|error| match is_absent(&error) {
        true => not_found(),
        false => ReadError::io(parent, error),
    })?;
    for entry in entries {
        let name = entry.map_err(|e| ReadError::io(parent, e))?.file_name();
        let sibling = stem.with_file_name(name);
        if number(&sibling).is_some() && sibling.with_extension("") == stem {
            found.push(sibling);
        }
    }
    found.sort();
    if found.is_empty() {
        Err(not_found())
    } else {
        Ok(found)
    }
}

/// Picks out the volume that begins as a bundle does.
fn take_first(mut volumes: Vec<Volume>) -> Result<(Volume, Vec<Volume>), ReadError> {
    let mut first: Option<usize> = None;
    for (index, volume) in volumes.iter().enumerate() {
        let earlier = volumes
            .iter()
            .take(index)
            .find(|earlier| earlier.is_same_file(volume));
        if let Some(earlier) = earlier {
            return Err(repeated(volume, earlier));
        }
        if begins_a_bundle(volume)? {
            match first.and_then(|first| volumes.get(first)) {
                None => first = Some(index),
                Some(first) => return Err(second_beginning(first, volume)),
            }
        }
    }
    match (first, volumes.as_slice()) {
        (Some(first), _) => {
            let first = volumes.remove(first);
            Ok((first, volumes))
        }
        (None, [only]) if number(&only.path).is_none_or(|number| number == 1) => {
            Err(ReadError::NotABundle {
                path: only.path.clone(),
            })
        }
        (None, _) => Err(ReadError::Volume(VolumeFault::Missing { number: 1, of: 0 })),
    }
}

/// Says why there cannot be two volumes that begin a bundle.
fn second_beginning(first: &Volume, second: &Volume) -> ReadError {
    let manifest = |volume| FrontBytes::read(volume).ok().map(|front| front.manifest);
    match manifest(first).is_some_and(|bytes| Some(bytes) == manifest(second)) {
        true => repeated(second, first),
        false => ReadError::Volume(VolumeFault::Another {
            path: second.path.clone(),
            first: first.path.clone(),
        }),
    }
}

fn repeated(volume: &Volume, first: &Volume) -> ReadError {
    let (path, first) = (volume.path.clone(), first.path.clone());
    ReadError::Volume(VolumeFault::Repeated { path, first })
}
