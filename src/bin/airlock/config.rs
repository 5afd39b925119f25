//! `airlock.toml`: what does not change from month to month.
//!
//! ```toml
//! repo = "/srv/ostree/release"
//! from-repo = "/srv/ostree/dev"
//! trust = "/etc/airlock/trust"
//! expires = "90d"
//!
//! [keys]
//! commit = "/etc/airlock/commit.key"
//!
//! [[promote]]
//! from = "debian/x86_64/desktop/dev"
//! to = "debian/x86_64/desktop/stable"
//! ```
//!
//! Options on the command line win over it. `examples/airlock.toml` shows every setting.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

use crate::args::{Confine, Role, values};
use crate::error::CliError;

const DEFAULT: &str = "/etc/airlock/airlock.toml";

/// The settings; every one is optional.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// The repository: the release repository here, the offline one there.
    pub repo: Option<PathBuf>,
    /// Where promote finds its source.
    pub from_repo: Option<PathBuf>,
    /// The trust directory.
    pub trust: Option<PathBuf>,
    /// Where a copy of what this site accepted is kept.
    pub site_record: Option<PathBuf>,
    /// Whether an import makes static deltas for clients.
    pub publish_deltas: bool,
    /// The site that bundles are made for.
    pub site: Option<String>,
    /// How long a bundle is valid, in seconds.
    #[serde(deserialize_with = "length_of_time")]
    pub expires: Option<u64>,
    /// Whether a verb that reads a bundle is confined.
    pub confine: Confine,
    /// Key files per role.
    pub keys: Keys,
    /// Pairs of refs; `promote` without arguments takes all of them, `export` every `to`.
    pub promote: Vec<Pair>,
}

/// Key files per role.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Keys {
    bundle: OneOrMore,
    commit: OneOrMore,
    summary: OneOrMore,
    trust: OneOrMore,
}

impl Keys {
    /// Returns the key files of a role.
    pub fn files(&self, role: Role) -> &[PathBuf] {
        let files = match role {
            Role::Bundle => &self.bundle,
            Role::Commit => &self.commit,
            Role::Summary => &self.summary,
            Role::Trust => &self.trust,
        };
        match files {
            OneOrMore::One(file) => std::slice::from_ref(file),
            OneOrMore::More(files) => files,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(PathBuf),
    More(Vec<PathBuf>),
}

impl Default for OneOrMore {
    fn default() -> Self {
        OneOrMore::More(Vec::new())
    }
}

/// A tested ref and the ref it is promoted to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// The source.
    pub from: String,
    /// The target.
    pub to: String,
}

impl Config {
    /// Reads the file that was named, or the default one if it exists.
    pub fn load(named: Option<&Path>) -> Result<Config, CliError> {
        let path = named.unwrap_or(Path::new(DEFAULT));
        match std::fs::read_to_string(path) {
            Ok(text) => Config::parse(&text).map_err(|reason| {
                CliError::usage(format!("{} cannot be read", path.display())).why(reason)
            }),
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Config::default())
            }
            Err(error) => Err(CliError::io("read", path, &error)),
        }
    }

    fn parse(text: &str) -> Result<Config, String> {
        toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.end));
            match before.map(|text| text.lines().count()) {
                Some(line) => format!("line {line}: {}", error.message()),
                None => error.message().to_owned(),
            }
        })
    }
}

fn length_of_time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let text = String::deserialize(from)?;
    values::seconds(&text)
        .map(Some)
        .map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_a_file() {
        let config = Config::parse("").unwrap();
        assert!(config.repo.is_none() && config.keys.files(Role::Bundle).is_empty());
    }

    #[test]
    fn keys_are_one_or_more() {
        let config =
            Config::parse("expires = '2d'\n[keys]\ncommit = 'a'\nbundle = ['b', 'c']").unwrap();
        assert_eq!(config.expires, Some(172_800));
        assert_eq!(config.keys.files(Role::Commit), [PathBuf::from("a")]);
        assert_eq!(config.keys.files(Role::Bundle).len(), 2);
    }

    #[test]
    fn a_typing_error_is_named_with_its_line() {
        let error = Config::parse("repo = 'x'\ntrsut = 'y'\n").unwrap_err();
        assert!(
            error.starts_with("line 2: ") && error.contains("trsut"),
            "{error}"
        );
    }
}
