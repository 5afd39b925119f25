//! What a commit says about itself, in the order in which `ostree commit` writes it.
//!
//! ```text
//! --add-metadata…            as they were given
//! ostree.ref-binding         as    sorted
//! ostree.collection-binding  s
//! ostree.bootable, .linux    b, s  with them, all so far goes into the order of a GLib hash table
//! ostree.sizes               aay   checksum[32] varint(stored) varint(unpacked) kind[1], sorted
//! ```

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::super::Error;
use super::source::SourceError;
use super::{Bindings, Bootable, Built, CommitOptions, Sizes};
use crate::format::delta::varint;
use crate::format::gvariant::{Value, View};
use crate::format::{Checksum, Codec, DirTree, Metadata, ObjectKind, ObjectName, RefName};
use crate::repo::{Mode, ObjectSource, Transaction};

/// Where kernels are, one directory for each.
const MODULES: [&str; 3] = ["usr", "lib", "modules"];
const KERNEL: &str = "vmlinuz";

/// Puts together what is said about the commit.
pub(super) fn metadata(
    transaction: &Transaction<'_>,
    options: &CommitOptions<'_>,
    built: &Built,
) -> Result<Metadata, Error> {
    let mut metadata = Metadata::new();
    for (key, value) in &options.metadata {
        metadata.insert(key, value.clone());
    }
    if options.bindings == Bindings::Write {
        bind(&mut metadata, transaction, options);
    }
    if options.bootable == Bootable::NameKernel {
        let version = kernel(transaction, &built.tree)?;
        metadata.insert(Metadata::BOOTABLE, Value::boolean(true));
        metadata.insert(Metadata::LINUX, Value::str(&version));
        let hashed = metadata.encode_hash_order();
        metadata = Metadata::from_view(View::parse("a{sv}", &hashed)?)?;
    }
    if options.sizes == Sizes::List && transaction.repo().mode() == Mode::Archive {
        let sizes = sizes(transaction, built)?;
        metadata.insert(Metadata::SIZES, Value::array("ay", sizes));
    }
    Ok(metadata)
}

fn bind(metadata: &mut Metadata, transaction: &Transaction<'_>, options: &CommitOptions<'_>) {
    let mut bound: Vec<&str> = options.branch.iter().map(RefName::as_str).collect();
    bound.extend(options.bind_refs.iter().map(RefName::as_str));
    bound.sort_unstable();
    bound.dedup();
    metadata.insert(Metadata::REF_BINDING, Value::strv(bound));
    if let Some(collection) = transaction.repo().collection_id() {
        let value = Value::str(collection.as_str());
        metadata.insert(Metadata::COLLECTION_BINDING, value);
    }
}

/// Returns the version of the one kernel in a tree.
fn kernel(transaction: &Transaction<'_>, root: &Checksum) -> Result<String, Error> {
    let mut tree = dirtree(transaction, root)?;
    for name in MODULES {
        let below = tree.dirs.iter().find(|(dir, ..)| dir == name);
        let (_, below, _) = below.ok_or(SourceError::Kernels { found: 0 })?;
        tree = dirtree(transaction, below)?;
    }
    let mut kernels = Vec::new();
    for (version, below, _) in &tree.dirs {
        let below = dirtree(transaction, below)?;
        if below.files.iter().any(|(name, _)| name == KERNEL) {
            kernels.push(version);
        }
    }
    match kernels[..] {
        [only] => Ok(only.clone()),
        _ => {
            let found = kernels.len();
            Err(SourceError::Kernels { found }.into())
        }
    }
}

/// Lists how many bytes each object takes, stored and unpacked.
fn sizes(transaction: &Transaction<'_>, built: &Built) -> Result<Vec<Value>, Error> {
    let mut sizes = BTreeMap::new();
    sizes.insert(ObjectName::new(built.meta, ObjectKind::DirMeta), None);
    let mut pending = vec![built.tree];
    while let Some(tree) = pending.pop() {
        let name = ObjectName::new(tree, ObjectKind::DirTree);
        if sizes.insert(name, None).is_some() {
            continue;
        }
        let tree = dirtree(transaction, &tree)?;
        for (_, below, meta) in &tree.dirs {
            sizes.insert(ObjectName::new(*meta, ObjectKind::DirMeta), None);
            pending.push(*below);
        }
        for (_, file) in &tree.files {
            if let Entry::Vacant(new) = sizes.entry(ObjectName::new(*file, ObjectKind::File)) {
                let file = transaction.file(file)?;
                let target = file.header.target.map(|target| target.len() as u64);
                new.insert(Some(target.unwrap_or(file.size)));
            }
        }
    }
    let entry = |(name, unpacked): (ObjectName, Option<u64>)| {
        let stored = transaction.object_size(&name)?;
        let mut entry = name.checksum.as_bytes().to_vec();
        varint::write(&mut entry, stored);
        varint::write(&mut entry, unpacked.unwrap_or(stored));
        entry.push(name.kind.code());
        Ok(Value::ay(entry))
    };
    sizes.into_iter().map(entry).collect()
}

fn dirtree(transaction: &Transaction<'_>, checksum: &Checksum) -> Result<DirTree, Error> {
    let name = ObjectName::new(*checksum, ObjectKind::DirTree);
    let bytes = ObjectSource::metadata(transaction, &name)?;
    Ok(DirTree::decode(&bytes)?)
}
