//! `refs`: names for commits, listed, made and removed.

use serde::Serialize;

use super::Error;
use crate::event::Silent;
use crate::format::{Checksum, RefName};
use crate::repo::{Repo, Transaction};

/// One ref, wherever it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RefLine {
    /// The name; `remote:name` for what a remote had, `(collection, name)` for a mirrored one.
    #[serde(rename = "ref")]
    pub name: String,
    /// The commit.
    pub commit: Checksum,
    /// The ref it is an alias of.
    pub alias_of: Option<RefName>,
}

/// What a change of refs did.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RefsOutcome {
    /// The refs that were listed, made or removed.
    pub refs: Vec<RefLine>,
    /// Whether anything changed.
    pub changed: bool,
    /// Whether a summary stands there that does not know of the change.
    pub summary_is_stale: bool,
    /// The refs a new ref's commit is bound to, when the new name is not among them: clients refuse it.
    pub bound_elsewhere: Option<Vec<String>>,
}

/// What happens when the ref to be made exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// The command is refused.
    Refuse,
    /// It is replaced.
    Replace,
}

impl RefsOutcome {
    fn of(refs: Vec<RefLine>) -> Self {
        Self {
            refs,
            changed: false,
            summary_is_stale: false,
            bound_elsewhere: None,
        }
    }

    fn changed(repo: &Repo, refs: Vec<RefLine>) -> Result<Self, Error> {
        Ok(Self {
            changed: !refs.is_empty(),
            summary_is_stale: repo.summary()?.is_some(),
            ..Self::of(refs)
        })
    }
}

/// Lists the refs whose name is `prefix` or lies beneath it.
pub fn list(repo: &Repo, prefix: Option<&str>) -> Result<RefsOutcome, Error> {
    let mut lines = local(repo, prefix)?;
    for ((remote, name), commit) in repo.remote_refs()? {
        let name = format!("{remote}:{name}");
        lines.extend(line(name, commit).filter(|line| is_beneath(&line.name, prefix)));
    }
    for ((collection, name), commit) in repo.collection_refs()? {
        if is_beneath(name.as_str(), prefix) {
            lines.extend(line(format!("({collection}, {name})"), commit));
        }
    }
    Ok(RefsOutcome::of(lines))
}

/// Points a new ref at the commit that `rev` names.
pub fn create(
    repo: &Repo,
    name: &RefName,
    rev: &str,
    existing: Existing,
) -> Result<RefsOutcome, Error> {
    let (_lock, _) = repo.lock_for_writing()?;
    let commit = repo.commit(&repo.resolve(rev)?)?;
    let before = check_free(repo, name, existing)?;
    let transaction = Transaction::begin(repo)?;
    transaction.expect_ref(name, before);
    transaction.set_ref(name, Some(commit.checksum()));
    transaction.publish(&Silent)?;
    let made = line(name.to_string(), commit.checksum()).collect();
    let bound = commit.ref_binding();
    Ok(RefsOutcome {
        bound_elsewhere: bound.filter(|bound| !bound.iter().any(|one| one == name.as_str())),
        ..RefsOutcome::changed(repo, made)?
    })
}

/// Makes `alias` another name of the ref `target`.
pub fn create_alias(
    repo: &Repo,
    alias: &RefName,
    target: &RefName,
    existing: Existing,
) -> Result<RefsOutcome, Error> {
    let (_lock, _) = repo.lock_for_writing()?;
    let _shared = repo.lock_shared()?;
    let commit = repo.resolve(target.as_str())?;
    check_free(repo, alias, existing)?;
    repo.write_alias(alias, target)?;
    let bound = repo.commit(&commit)?.ref_binding();
    let made = RefLine {
        name: alias.to_string(),
        commit,
        alias_of: Some(target.clone()),
    };
    Ok(RefsOutcome {
        bound_elsewhere: bound.filter(|bound| !bound.iter().any(|one| one == alias.as_str())),
        ..RefsOutcome::changed(repo, vec![made])?
    })
}

/// Removes the refs whose name is `prefix` or lies beneath it.
pub fn delete(repo: &Repo, prefix: &str) -> Result<RefsOutcome, Error> {
    let (_lock, _) = repo.lock_for_writing()?;
    let gone = local(repo, Some(prefix))?;
    check_aliases(repo, &gone)?;
    let transaction = Transaction::begin(repo)?;
    for line in &gone {
        transaction.set_ref(&line.name.parse()?, None);
    }
    if !gone.is_empty() {
        transaction.publish(&Silent)?;
    }
    RefsOutcome::changed(repo, gone)
}

fn check_free(repo: &Repo, name: &RefName, existing: Existing) -> Result<Option<Checksum>, Error> {
    match (repo.ref_commit(name)?, existing) {
        (Some(commit), Existing::Refuse) => Err(Error::RefExists {
            name: name.clone(),
            commit,
        }),
        (before, _) => Ok(before),
    }
}

/// An alias that leads nowhere would make every list of refs fail, here and in stock `ostree`.
fn check_aliases(repo: &Repo, gone: &[RefLine]) -> Result<(), Error> {
    let goes = |name: &RefName| gone.iter().any(|line| line.name == name.as_str());
    for (alias, entry) in repo.refs()? {
        if let Some(name) = entry.alias_of.filter(|name| goes(name) && !goes(&alias)) {
            return Err(Error::RefHasAlias { name, alias });
        }
    }
    Ok(())
}

fn local(repo: &Repo, prefix: Option<&str>) -> Result<Vec<RefLine>, Error> {
    let refs = repo.refs()?.into_iter();
    let lines = refs.map(|(name, entry)| RefLine {
        name: name.to_string(),
        commit: entry.commit,
        alias_of: entry.alias_of,
    });
    Ok(lines
        .filter(|line| is_beneath(&line.name, prefix))
        .collect())
}

fn line(name: String, commit: Checksum) -> impl Iterator<Item = RefLine> {
    let alias_of = None;
    std::iter::once(RefLine {
        name,
        commit,
        alias_of,
    })
}

fn is_beneath(name: &str, prefix: Option<&str>) -> bool {
    let Some(prefix) = prefix else {
        return true;
    };
    let rest = name.strip_prefix(prefix.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_end_at_a_slash() {
        let table = [
            ("os/x", None, true),
            ("os/x", Some("os"), true),
            ("os/x", Some("os/"), true),
            ("os/x", Some("os/x"), true),
            ("osx", Some("os"), false),
            ("os", Some("os/x"), false),
        ];
        for (name, prefix, expected) in table {
            assert_eq!(is_beneath(name, prefix), expected, "{name} {prefix:?}");
        }
    }
}
