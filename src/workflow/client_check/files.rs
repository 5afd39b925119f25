//! Where the remotes of a client are written down, and their keyrings.
//!
//! ```text
//! FILE                     one key file: *.conf, or the config of a repository
//! DIR/config               a repository
//! DIR/*.conf               a remotes.d directory
//! DIR/remotes.d/*.conf     /etc/ostree, or what client-config wrote
//! DIR/ostree/repo/config   the root of a system, with
//! DIR/etc/ostree/remotes.d/*.conf
//! ```

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::ClientCheckError;
use crate::repo::KeyFile;

/// The largest file that is read.
const MAX_FILE: u64 = 16 * 1024 * 1024;
/// The most `*.conf` files that are read from one directory.
const MAX_CONF_FILES: usize = 4096;

/// One file with remotes.
pub(super) struct Source {
    /// The file.
    pub path: PathBuf,
    /// Its content.
    pub keys: KeyFile,
}

/// Finds and reads every file with remotes; those that go first come first.
pub(super) fn sources(path: &Path) -> Result<Vec<Source>, ClientCheckError> {
    let about = fs::metadata(path).map_err(|source| io_error(path, source))?;
    if !about.is_dir() {
        return Ok(vec![read_source(path)?]);
    }
    let mut files = Vec::new();
    for config in ["config", "ostree/repo/config", "sysroot/ostree/repo/config"] {
        let config = path.join(config);
        if config.is_file() {
            files.push(config);
        }
    }
    for directory in ["", "remotes.d", "etc/ostree/remotes.d"] {
        files.extend(conf_files(&path.join(directory))?);
    }
    files.iter().map(|path| read_source(path)).collect()
}

fn conf_files(directory: &Path) -> Result<Vec<PathBuf>, ClientCheckError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_error(directory, error)),
    };
    let mut files = Vec::new();
    for entry in entries.take(MAX_CONF_FILES) {
        let path = entry.map_err(|error| io_error(directory, error))?.path();
        if path.extension().is_some_and(|suffix| suffix == "conf") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read_source(path: &Path) -> Result<Source, ClientCheckError> {
    let bytes = read(path).map_err(|source| io_error(path, source))?;
    let malformed = |why: String| ClientCheckError::Malformed {
        path: path.into(),
        why,
    };
    let text = String::from_utf8(bytes).map_err(|error| malformed(error.to_string()))?;
    let keys = KeyFile::parse(&text).map_err(|error| malformed(error.to_string()))?;
    Ok(Source {
        path: path.into(),
        keys,
    })
}

/// Reads a file, up to the limit.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)?;
    match bytes.len() as u64 > MAX_FILE {
        true => Err(io::Error::other(format!("more than {MAX_FILE} bytes"))),
        false => Ok(bytes),
    }
}

fn io_error(path: &Path, source: io::Error) -> ClientCheckError {
    ClientCheckError::Io {
        path: path.into(),
        source,
    }
}
