//! The medium: the members of a bundle as bytes to be read, in either form.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;

use crate::bundle::{Manifest, Member, MemberName};

use super::dir::Tree;
use super::error::{Place, ReadError};
use super::fault::{TarFault, TreeFault};
use super::layout::Layout;
use super::open::Files;
use super::recognise::recognise;
use super::ustar::{self, BLOCK, is_zero, padding};
use super::volumes::{Volume, Volumes};

/// The members of a bundle whose manifest is believed.
#[derive(Debug)]
pub(super) enum Medium {
    /// The directory form.
    Tree(Tree),
    /// The tar form.
    Tar(Volumes, Layout),
}

impl Medium {
    /// Finds every member that the manifest lists, and nothing else; reads no payload but the
    /// chunk by which a volume is known.
    pub(super) fn find(files: Files, manifest: &Manifest) -> Result<Self, ReadError> {
        match files {
            Files::Tree(tree) => find_tree(tree, manifest),
            Files::Tar {
                first,
                others,
                front,
            } => {
                let layout = Layout::new(front, &manifest.members);
                let volumes =
                    match others.is_empty() && super::recognise::number(&first.path).is_none() {
                        true => Volumes::new(vec![first]),
                        false => recognise(first, others, manifest, &layout)?,
                    };
                find_tar(volumes, layout)
            }
        }
    }

    /// Returns the files that the bundle consists of.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        match self {
            Medium::Tree(tree) => vec![tree.path().to_owned()],
            Medium::Tar(volumes, layout) => volumes.locate(&(0..layout.total())).0,
        }
    }

    /// Opens a member; in the tar form, checks its header.
    pub(super) fn member(
        &self,
        index: usize,
        member: &Member,
    ) -> Result<OpenMember<'_>, ReadError> {
        match self {
            Medium::Tree(tree) => {
                let file = tree.member(&member.name.to_string())?;
                of_size(tree, &file, member)?;
                Ok(OpenMember::File(Volumes::new(vec![file])))
            }
            Medium::Tar(volumes, layout) => {
                check_header(volumes, layout, index, member)?;
                Ok(OpenMember::Slice(volumes, layout.data(index)))
            }
        }
    }

    /// Checks what stands between a member and the next one.
    pub(super) fn check_padding(&self, index: usize, member: &Member) -> Result<(), ReadError> {
        let Medium::Tar(volumes, layout) = self else {
            return Ok(());
        };
        let mut pad = [0; BLOCK];
        let pad = pad.split_at_mut(padding(member.size) as usize).0;
        volumes.read_at(pad, layout.data(index).saturating_add(member.size))?;
        match is_zero(pad) {
            true => Ok(()),
            false => Err(ReadError::tar(member.name, TarFault::Padding)),
        }
    }

    /// Checks what follows the last member.
    pub(super) fn check_end(&self) -> Result<(), ReadError> {
        let Medium::Tar(volumes, layout) = self else {
            return Ok(());
        };
        let mut blocks = [0; 2 * BLOCK];
        volumes.read_at(&mut blocks, layout.end())?;
        match is_zero(&blocks) {
            true => Ok(()),
            false => Err(ReadError::tar("the end", TarFault::NoEnd)),
        }
    }
}

/// A member ready to be read.
pub(super) enum OpenMember<'a> {
    /// A file of the directory form.
    File(Volumes),
    /// A stretch of the tar form, from this offset on.
    Slice(&'a Volumes, u64),
}

impl OpenMember<'_> {
    /// Reads exactly the member's bytes from `offset` on.
    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<(), ReadError> {
        match self {
            OpenMember::File(file) => file.read_at(buffer, offset),
            OpenMember::Slice(volumes, start) => {
                volumes.read_at(buffer, start.saturating_add(offset))
            }
        }
    }

    /// Says where on the medium bytes of the member are.
    pub(super) fn place(&self, member: MemberName, bytes: Range<u64>) -> Place {
        let (files, offset) = match self {
            OpenMember::File(file) => file.locate(&bytes),
            OpenMember::Slice(volumes, start) => {
                volumes.locate(&(start + bytes.start..start + bytes.end))
            }
        };
        Place {
            member: Box::new(member),
            bytes,
            files,
            offset,
        }
    }
}

fn find_tree(tree: Tree, manifest: &Manifest) -> Result<Medium, ReadError> {
    let names: Vec<String> = manifest
        .members
        .iter()
        .map(|member| member.name.to_string())
        .collect();
    let listed = names.iter().map(String::as_str);
    let expected: BTreeSet<&str> = listed.chain(tree.front()).collect();
    tree.holds_exactly(&expected)?;
    for (name, member) in names.iter().zip(&manifest.members) {
        of_size(&tree, &tree.member(name)?, member)?;
    }
    Ok(Medium::Tree(tree))
}

fn of_size(tree: &Tree, file: &Volume, member: &Member) -> Result<(), ReadError> {
    let (expected, actual) = (member.size, file.size);
    match expected == actual {
        true => Ok(()),
        false => Err(tree.fault(
            &member.name.to_string(),
            TreeFault::OtherSize { expected, actual },
        )),
    }
}

fn find_tar(volumes: Volumes, layout: Layout) -> Result<Medium, ReadError> {
    let (expected, actual) = (layout.total(), volumes.len());
    if expected != actual {
        let path = volumes.last_path();
        return Err(ReadError::Length {
            path,
            expected,
            actual,
        });
    }
    Ok(Medium::Tar(volumes, layout))
}

/// Checks that a member's header says what the manifest says.
fn check_header(
    volumes: &Volumes,
    layout: &Layout,
    index: usize,
    member: &Member,
) -> Result<(), ReadError> {
    let fault = |fault| ReadError::tar(member.name, fault);
    let mut block = [0; BLOCK];
    volumes.read_at(&mut block, layout.header(index))?;
    let header = ustar::decode(&block).map_err(fault)?;
    if header.name != member.name.to_string() {
        return Err(fault(TarFault::Stands(header.name.to_owned())));
    }
    match header.size == member.size {
        true => Ok(()),
        false => Err(fault(TarFault::OtherSize {
            expected: member.size,
            actual: header.size,
        })),
    }
}
