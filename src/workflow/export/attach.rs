//! The files that ride along: which they are, and why one cannot.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::ExportError;
use crate::bundle::{AttachmentName, MAX_ATTACHMENTS, MAX_MEMBER};

/// A file that rides along.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Attachment {
    /// Its name in the bundle, which is that of the file.
    #[serde(serialize_with = "as_text")]
    pub name: AttachmentName,
    /// The file.
    pub path: PathBuf,
    /// How large it is.
    pub size: u64,
}

/// Looks at the files, and puts them in the order they have in the bundle.
pub(super) fn find(paths: &[PathBuf]) -> Result<Vec<Attachment>, ExportError> {
    let mut found = Vec::new();
    for path in paths {
        found.push(look(path).map_err(|reason| refused(path, reason))?);
    }
    found.sort_by_key(|attachment| attachment.name);
    let twice = found
        .iter()
        .zip(found.iter().skip(1))
        .find(|(one, next)| one.name.cmp_folded(&next.name).is_eq());
    if let Some((one, next)) = twice {
        return Err(refused(
            &next.path,
            format!("its name is that of {}", one.path.display()),
        ));
    }
    match found.get(MAX_ATTACHMENTS) {
        Some(first) => Err(refused(
            &first.path,
            format!("there are {MAX_ATTACHMENTS} already"),
        )),
        None => Ok(found),
    }
}

fn look(path: &Path) -> Result<Attachment, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name: AttachmentName = name.parse().map_err(|fault| format!("{fault}"))?;
    let about = path.metadata().map_err(|error| error.to_string())?;
    let size = about.len();
    match (about.is_file(), size) {
        (false, _) => Err("it is no regular file".to_owned()),
        (true, 0) => Err("it is empty".to_owned()),
        (true, MAX_MEMBER..) if size > MAX_MEMBER => Err("it is larger than 1 GiB".to_owned()),
        (true, _) => Ok(Attachment {
            name,
            path: path.to_owned(),
            size,
        }),
    }
}

/// Returns how many bytes they may take on the medium, framing and all.
pub(super) fn size(attachments: &[Attachment]) -> u64 {
    attachments.iter().map(|one| one.size + 1024).sum()
}

fn refused(path: &Path, reason: String) -> ExportError {
    let path = path.to_owned();
    ExportError::Attachment { path, reason }
}

fn as_text<S: serde::Serializer>(name: &AttachmentName, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(name)
}
