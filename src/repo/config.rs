//! What a repository's `config` says, with libostree's defaults.
//!
//! ```text
//! [core]
//! repo_version=1              must be 1
//! mode=archive-z2             bare when absent
//! collection-id=org.example.Os
//! fsync=true  per-object-fsync=false  locking=true  lock-timeout-secs=300
//! min-free-space-percent=3  min-free-space-size=500MB  tmp-expiry-secs=86400
//! tombstone-commits=false  auto-update-summary=false
//! indexed-deltas=false  no-deltas-in-summary=false
//!
//! [archive]
//! zlib-level=6
//! ```

use std::str::FromStr;

use crate::format::CollectionId;

use super::error::ConfigFault;
use super::keyfile::KeyFile;
use super::mode::Mode;

const CORE: &str = "core";

/// How much of the filesystem a transaction must leave free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MinFreeSpace {
    /// So many per cent of its blocks.
    Percent(u8),
    /// So many bytes.
    Bytes(u64),
}

/// A repository's configuration: the file, and what it means.
#[derive(Clone, Debug)]
pub struct Config {
    file: KeyFile,
    mode: Mode,
    collection_id: Option<CollectionId>,
    min_free_space: MinFreeSpace,
    lock_timeout: Option<u64>,
    tmp_expiry: u64,
    zlib_level: u32,
    flags: Flags,
}

#[derive(Clone, Debug)]
struct Flags {
    fsync: bool,
    per_object_fsync: bool,
    locking: bool,
    tombstone_commits: bool,
    auto_update_summary: bool,
    indexed_deltas: bool,
    no_deltas_in_summary: bool,
    disable_xattrs: bool,
}

/// A key whose value airlock cannot live with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::repo) enum Refusal {
    /// The value is wrong.
    Fault(ConfigFault),
    /// The value is right, and means something that airlock does not do.
    Unsupported { key: &'static str, value: String },
}

impl From<ConfigFault> for Refusal {
    fn from(fault: ConfigFault) -> Self {
        Refusal::Fault(fault)
    }
}

impl Config {
    /// Returns the configuration that `ostree init` writes.
    pub(in crate::repo) fn fresh(mode: Mode, collection_id: Option<&CollectionId>) -> KeyFile {
        let mut file = KeyFile::default();
        file.set_string(CORE, "repo_version", "1");
        file.set_string(CORE, "mode", mode.config_value());
        if let Some(id) = collection_id {
            file.set_string(CORE, "collection-id", id.as_str());
        }
        file
    }

    /// Parses the text of a `config` file.
    pub(in crate::repo) fn parse(text: &str) -> Result<Self, Refusal> {
        let file = KeyFile::parse(text).map_err(ConfigFault::Syntax)?;
        let core = Section {
            file: &file,
            group: CORE,
        };
        core.refuse_what_is_unsupported()?;
        let mode = match file.string(CORE, "mode") {
            None => Mode::Bare,
            Some(word) => Mode::from_str(&word).map_err(|unknown| Refusal::Unsupported {
                key: "mode",
                value: unknown.0,
            })?,
        };
        let archive = Section {
            file: &file,
            group: "archive",
        };
        let zlib_level = archive.number("zlib-level")?.unwrap_or(6).clamp(1, 9);
        Ok(Config {
            mode,
            collection_id: core.parsed("collection-id")?,
            min_free_space: core.min_free_space()?,
            lock_timeout: core.lock_timeout()?,
            tmp_expiry: core.number("tmp-expiry-secs")?.unwrap_or(86_400),
            zlib_level: u32::try_from(zlib_level).unwrap_or(6),
            flags: core.flags()?,
            file,
        })
    }

    /// Returns the file itself, to be edited and written back by [`Repo::write_config`](super::Repo::write_config).
    pub fn file(&self) -> &KeyFile {
        &self.file
    }

    /// Returns the repository's mode.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Returns the repository's collection id.
    pub fn collection_id(&self) -> Option<&CollectionId> {
        self.collection_id.as_ref()
    }

    /// Tells whether written data is synced to the medium.
    pub fn fsync(&self) -> bool {
        self.flags.fsync
    }

    /// Tells whether every object is synced by itself.
    pub fn per_object_fsync(&self) -> bool {
        self.flags.per_object_fsync
    }

    /// Returns what a transaction must leave free.
    pub fn min_free_space(&self) -> MinFreeSpace {
        self.min_free_space
    }

    /// Tells whether the repository is locked at all.
    pub fn locking(&self) -> bool {
        self.flags.locking
    }

    /// Returns how many seconds to wait for the lock; `None` waits for ever.
    pub fn lock_timeout(&self) -> Option<u64> {
        self.lock_timeout
    }

    /// Returns the age in seconds from which stray files in `tmp` are deleted.
    pub fn tmp_expiry(&self) -> u64 {
        self.tmp_expiry
    }

    /// Tells whether a deleted commit leaves a tombstone.
    pub fn tombstone_commits(&self) -> bool {
        self.flags.tombstone_commits
    }

    /// Tells whether stock `ostree` rewrites the summary, unsigned, after each change of a ref.
    pub fn auto_update_summary(&self) -> bool {
        self.flags.auto_update_summary
    }

    /// Tells whether delta indexes are kept.
    pub fn indexed_deltas(&self) -> bool {
        self.flags.indexed_deltas
    }

    /// Tells whether the summary leaves static deltas out.
    pub fn no_deltas_in_summary(&self) -> bool {
        self.flags.no_deltas_in_summary
    }

    /// Tells whether a bare repository reports no extended attributes.
    pub fn disable_xattrs(&self) -> bool {
        self.flags.disable_xattrs
    }

    /// Returns the level at which archive objects are deflated.
    pub fn zlib_level(&self) -> u32 {
        self.zlib_level
    }

    /// Tells whether Flatpak keeps its own keys here, which its clients expect in the summary.
    pub fn is_flatpak(&self) -> bool {
        self.file.groups().iter().any(|group| {
            self.file
                .entries(group)
                .any(|(key, _)| key.starts_with("xa."))
        })
    }
}

/// A group of the file, read with libostree's rules.
struct Section<'a> {
    file: &'a KeyFile,
    group: &'static str,
}

impl Section<'_> {
    fn refuse_what_is_unsupported(&self) -> Result<(), Refusal> {
        match self.file.string(self.group, "repo_version").as_deref() {
            None => {
                return Err(ConfigFault::Missing {
                    key: "repo_version",
                }
                .into());
            }
            Some("1") => {}
            Some(other) => {
                return Err(Refusal::Unsupported {
                    key: "repo_version",
                    value: other.to_owned(),
                });
            }
        }
        if self.boolean("archive", false)? {
            return Err(Refusal::Unsupported {
                key: "archive",
                value: "true".to_owned(),
            });
        }
        // Objects of a parent repository would count as present, and no web server would find them here.
        match self.file.string(self.group, "parent") {
            Some(value) if !value.is_empty() => Err(Refusal::Unsupported {
                key: "parent",
                value,
            }),
            _ => Ok(()),
        }
    }

    fn flags(&self) -> Result<Flags, Refusal> {
        Ok(Flags {
            fsync: self.boolean("fsync", true)?,
            per_object_fsync: self.boolean("per-object-fsync", false)?,
            locking: self.boolean("locking", true)?,
            tombstone_commits: self.boolean("tombstone-commits", false)?,
            auto_update_summary: self.boolean("auto-update-summary", false)?
                || self.boolean("commit-update-summary", false)?,
            indexed_deltas: self.boolean("indexed-deltas", false)?,
            no_deltas_in_summary: self.boolean("no-deltas-in-summary", false)?,
            disable_xattrs: self.boolean("disable-xattrs", false)?,
        })
    }

    fn boolean(&self, key: &'static str, default: bool) -> Result<bool, Refusal> {
        match self.file.raw(self.group, key).map(str::trim_end) {
            None => Ok(default),
            Some("true" | "1") => Ok(true),
            Some("false" | "0") => Ok(false),
            Some(other) => Err(fault(key, other)),
        }
    }

    fn number(&self, key: &'static str) -> Result<Option<u64>, Refusal> {
        self.file
            .raw(self.group, key)
            .map(|raw| raw.trim().parse().map_err(|_| fault(key, raw)))
            .transpose()
    }

    fn parsed<T: FromStr>(&self, key: &'static str) -> Result<Option<T>, Refusal> {
        self.file
            .string(self.group, key)
            .map(|value| value.parse().map_err(|_| fault(key, &value)))
            .transpose()
    }

    fn lock_timeout(&self) -> Result<Option<u64>, Refusal> {
        match self.parsed::<i64>("lock-timeout-secs")? {
            None => Ok(Some(300)),
            Some(-1) => Ok(None),
            Some(seconds) => match u64::try_from(seconds) {
                Ok(seconds) => Ok(Some(seconds)),
                Err(_) => Err(fault("lock-timeout-secs", &seconds.to_string())),
            },
        }
    }

    /// A size other than 0 wins over a percentage; 3 % hold when neither is set.
    fn min_free_space(&self) -> Result<MinFreeSpace, Refusal> {
        let size = self.file.string(self.group, "min-free-space-size");
        if let Some(text) = &size {
            let bytes = parse_size(text).ok_or_else(|| fault("min-free-space-size", text))?;
            if bytes > 0 {
                return Ok(MinFreeSpace::Bytes(bytes));
            }
        }
        let default = if size.is_some() { 0 } else { 3 };
        match self.number("min-free-space-percent")? {
            None => Ok(MinFreeSpace::Percent(default)),
            Some(percent) => match u8::try_from(percent) {
                Ok(percent) if percent < 100 => Ok(MinFreeSpace::Percent(percent)),
                _ => Err(fault("min-free-space-percent", &percent.to_string())),
            },
        }
    }
}

fn fault(key: &'static str, value: &str) -> Refusal {
    ConfigFault::Value {
        key,
        value: value.to_owned(),
    }
    .into()
}

/// Reads `500MB`, `2GB` or `1TB`; the units are powers of two.
fn parse_size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let shift = match &text[digits.len()..] {
        "MB" => 20,
        "GB" => 30,
        "TB" => 40,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(lines: &str) -> Result<Config, Refusal> {
        Config::parse(&format!("[core]\nrepo_version=1\n{lines}"))
    }

    #[test]
    fn defaults_are_those_of_libostree() {
        let config = config("").unwrap();
        assert_eq!(config.mode(), Mode::Bare);
        assert_eq!(config.min_free_space(), MinFreeSpace::Percent(3));
        assert_eq!(config.lock_timeout(), Some(300));
        assert_eq!((config.tmp_expiry(), config.zlib_level()), (86_400, 6));
        assert!(config.fsync() && config.locking() && !config.auto_update_summary());
        assert!(config.collection_id().is_none() && !config.is_flatpak());
    }

    #[test]
    fn free_space_is_a_size_or_a_share() {
        let table = [
            ("min-free-space-size=500MB", MinFreeSpace::Bytes(500 << 20)),
            (
                "min-free-space-size=2GB\nmin-free-space-percent=7",
                MinFreeSpace::Bytes(2 << 30),
            ),
            (
                "min-free-space-size=0MB\nmin-free-space-percent=7",
                MinFreeSpace::Percent(7),
            ),
            ("min-free-space-percent=0", MinFreeSpace::Percent(0)),
        ];
        for (lines, expected) in table {
            assert_eq!(config(lines).unwrap().min_free_space(), expected, "{lines}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for lines in [
            "fsync=perhaps",
            "min-free-space-percent=100",
            "min-free-space-size=5",
            "lock-timeout-secs=-2",
            "collection-id=nodots",
            "mode=huge",
            "archive=true",
            "parent=/elsewhere",
        ] {
            assert!(config(lines).is_err(), "{lines}");
        }
        assert!(Config::parse("[core]\nmode=bare\n").is_err());
        assert!(Config::parse("[core]\nrepo_version=2\n").is_err());
    }

    #[test]
    fn flatpak_is_recognised_by_its_keys() {
        assert!(config("[flatpak]\nxa.title=Store\n").unwrap().is_flatpak());
    }
}
