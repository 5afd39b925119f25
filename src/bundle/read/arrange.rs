//! Telling several bundles apart: which of the files that were named belong together.
//!
//! ```text
//! DIR            a directory form, or a directory in which bundles lie
//! FILE           begins a bundle, or is a further volume of one
//! ```
//!
//! Only the fronts are read, and nothing in them is believed: whoever imports a bundle judges it.

use std::path::{Path, PathBuf};

use crate::bundle::MANIFEST;

use super::error::ReadError;
use super::fault::VolumeFault;
use super::front::{FrontBytes, begins_a_bundle};
use super::recognise::number;
use super::verified::Bundle;
use super::volumes::Volume;

/// What the name of a tar form ends in.
const EXTENSION: &str = "airlock";

/// Sorts files and directories into bundles, the earliest first by what their manifests claim.
///
/// A single bundle, in whatever state, is returned as it is: whoever opens it says what is wrong.
pub fn arrange(paths: &[PathBuf]) -> Result<Vec<Vec<PathBuf>>, ReadError> {
    let mut bundles: Vec<Vec<PathBuf>> = Vec::new();
    let mut files = Vec::new();
    for path in paths {
        match path.is_dir() && !path.join(MANIFEST).exists() {
            true => files.extend(lying_in(path)?),
            false if path.is_dir() => bundles.push(vec![path.clone()]),
            false => files.push(path.clone()),
        }
    }
    match files.len() {
        0 => {}
        1 => bundles.push(files),
        _ => bundles.extend(together(files)?),
    }
    if bundles.len() > 1 {
        by_age(&mut bundles)?;
    }
    Ok(bundles)
}

/// Returns the bundles in a directory; the directory itself, if there is none.
fn lying_in(directory: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let failed = |error| ReadError::io(directory, error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let stem = match number(&path) {
            Some(_) => path.with_extension(""),
            None => path.clone(),
        };
        if stem.extension().is_some_and(|end| end == EXTENSION) {
            found.push(path);
        }
    }
    found.sort();
    match found.is_empty() {
        true => Ok(vec![directory.to_owned()]),
        false => Ok(found),
    }
}

/// Puts files together: each that begins a bundle, and its further volumes.
fn together(files: Vec<PathBuf>) -> Result<Vec<Vec<PathBuf>>, ReadError> {
    let mut beginnings: Vec<Beginning> = Vec::new();
    let mut others = Vec::new();
    for path in &files {
        match Beginning::read(path)? {
            None => others.push(path.clone()),
            Some(found) => match beginnings.iter_mut().find(|known| known.same(&found)) {
                // The same twice; whoever opens it says so.
                Some(known) => known.paths.extend(found.paths),
                None => beginnings.push(found),
            },
        }
    }
    if beginnings.len() < 2 {
        return Ok(vec![files]);
    }
    for path in others {
        let of = |beginning: &&mut Beginning| beginning.stem == stem(&path);
        match beginnings.iter_mut().find(of) {
            Some(beginning) => beginning.paths.push(path),
            None => return Err(ReadError::Volume(VolumeFault::Foreign { path })),
        }
    }
    Ok(beginnings
        .into_iter()
        .map(|beginning| beginning.paths)
        .collect())
}

/// A file that begins a bundle, or a directory form.
struct Beginning {
    paths: Vec<PathBuf>,
    stem: PathBuf,
    manifest: Option<Vec<u8>>,
}

impl Beginning {
    fn read(path: &Path) -> Result<Option<Beginning>, ReadError> {
        let begun = |manifest| Beginning {
            paths: vec![path.to_owned()],
            stem: stem(path),
            manifest,
        };
        // The common name of volumes, or nothing at all: whoever opens it finds out.
        if !path.exists() || path.is_dir() {
            return Ok(Some(begun(None)));
        }
        let volume = Volume::open(path)?;
        if !begins_a_bundle(&volume)? {
            return Ok(None);
        }
        let front = FrontBytes::read(&volume).ok();
        Ok(Some(begun(front.map(|front| front.manifest))))
    }

    fn same(&self, other: &Beginning) -> bool {
        self.manifest.is_some() && self.manifest == other.manifest
    }
}

fn stem(path: &Path) -> PathBuf {
    match number(path) {
        Some(_) => path.with_extension(""),
        None => path.to_owned(),
    }
}

/// Orders bundles by their sequence numbers, as far as anybody can say before they are verified.
fn by_age(bundles: &mut Vec<Vec<PathBuf>>) -> Result<(), ReadError> {
    let mut aged = Vec::with_capacity(bundles.len());
    for paths in bundles.drain(..) {
        let manifest = Bundle::open(&paths)?.unverified_manifest();
        let manifest = manifest.map_err(ReadError::Manifest)?;
        let last = manifest.sequence.values().copied().max();
        aged.push(((last, manifest.created), paths));
    }
    aged.sort();
    bundles.extend(aged.into_iter().map(|(_, paths)| paths));
    Ok(())
}
