//! Which static deltas a repository offers, and the index that clients find them by.
//!
//! ```text
//! deltas/MI/FI6s…wFNRvkKyWfI-kWJG…/superblock     from → to, each 43 letters of base64
//! deltas/kW/JGJS…/superblock                      to, from nothing
//! delta-indexes/kW/JGJS….index                    {"ostree.static-deltas": {name: digest}} of one "to"
//! ```

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd;

use rustix::fs::{self, AtFlags};
use rustix::io::Errno;

use super::durable;
use super::error::{Context, RepoError};
use super::repository::Repo;
use super::{disk, paths};
use crate::format::delta::DeltaName;
use crate::format::limits::MAX_METADATA;
use crate::format::{Checksum, Sha256, encode_delta_index};

impl Repo {
    /// Lists the static deltas, with the digest of each superblock.
    ///
    /// In the order of the directory, which is what decides where two names share a hash bucket.
    pub fn static_deltas(&self) -> Result<Vec<(DeltaName, Checksum)>, RepoError> {
        let mut found = Vec::new();
        for fan in self.subdirs(paths::DELTAS)? {
            for rest in self.subdirs(&format!("{}/{fan}", paths::DELTAS))? {
                let Ok(name) = DeltaName::from_path(&fan, &rest) else {
                    continue;
                };
                let path = name.superblock_path();
                let at = || self.path().join(&path);
                let mut file = match durable::open_file(self.dir(), &path) {
                    Err(Errno::NOENT) => continue,
                    other => other.at("open", at())?,
                };
                let mut digest = Sha256::new();
                io::copy(&mut file, &mut digest).at("read", at())?;
                found.push((name, digest.finish()));
            }
        }
        Ok(found)
    }

    /// Brings `delta-indexes/` and `indexed-deltas` in the configuration up to date.
    pub fn reindex_deltas(&self) -> Result<(), RepoError> {
        self.index_deltas_but(&[])
    }

    /// The same without these, which are about to go.
    pub(in crate::repo) fn index_deltas_but(&self, going: &[DeltaName]) -> Result<(), RepoError> {
        let mut wanted: BTreeMap<String, Vec<(DeltaName, Checksum)>> = BTreeMap::new();
        let mut deltas = self.static_deltas()?;
        deltas.retain(|(name, _)| !going.contains(name));
        for (name, digest) in deltas {
            let index = wanted.entry(DeltaName::index_path(&name.to)).or_default();
            index.push((name, digest));
        }
        for (path, deltas) in &mut wanted {
            // From nothing first, then by where they start.
            deltas.sort_unstable();
            self.write_index(path, &encode_delta_index(deltas))?;
        }
        self.remove_stale_indexes(&wanted)?;
        if !self.config().indexed_deltas() {
            let mut file = self.config().file().clone();
            file.set_string("core", "indexed-deltas", "true");
            self.write_config(&file)?;
        }
        Ok(())
    }

    fn write_index(&self, path: &str, bytes: &[u8]) -> Result<(), RepoError> {
        let full = self.path().join(path);
        let there = durable::read_file(self.dir(), path, MAX_METADATA).at("read", &full)?;
        if there.as_deref() == Some(bytes) {
            return Ok(());
        }
        let (dir, file) = path.rsplit_once('/').unwrap_or((".", path));
        let dir = self.dir_at(dir)?;
        self.replace(dir.as_fd(), file, bytes, 0o644)
    }

    fn remove_stale_indexes(
        &self,
        wanted: &BTreeMap<String, Vec<(DeltaName, Checksum)>>,
    ) -> Result<(), RepoError> {
        for fan in self.subdirs(paths::DELTA_INDEXES)? {
            let dir = format!("{}/{fan}", paths::DELTA_INDEXES);
            let at = || self.path().join(&dir);
            let mut stale = disk::entries(self.dir(), &dir).at("list", at())?;
            stale.retain(|(file, _)| {
                file.ends_with(".index") && !wanted.contains_key(&format!("{dir}/{file}"))
            });
            if stale.is_empty() {
                continue;
            }
            let fan = durable::open_dir(self.dir(), &dir).at("open", at())?;
            for (file, _) in stale {
                let gone = fs::unlinkat(&fan, file.as_str(), AtFlags::empty());
                gone.at("remove", at().join(&file))?;
            }
            self.sync().dir(&fan).at("sync", at())?;
        }
        Ok(())
    }

    pub(in crate::repo) fn subdirs(&self, path: &str) -> Result<Vec<String>, RepoError> {
        let listed = match disk::entries(self.dir(), path) {
            Err(Errno::NOENT) => return Ok(Vec::new()),
            other => other.at("list", self.path().join(path))?,
        };
        let dirs = listed.into_iter().filter(|(_, is_dir)| *is_dir);
        Ok(dirs.map(|(name, _)| name).collect())
    }
}
