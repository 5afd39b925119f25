//! What the site has already: for each ref, the commits of which it holds at least one.

use std::collections::BTreeMap;

use super::profile::SiteProfile;
use super::{Base, Error, ExportError, ExportOptions};
use crate::bundle::{Inventory, SiteName};
use crate::format::{Checksum, Commit, Encoded, ObjectKind, ObjectName, RefName};
use crate::repo::summary::METADATA_REF;
use crate::repo::{Repo, RepoError};
use crate::workflow::Finding;
use crate::workflow::inventory::Vouched;

/// The commits a release may build on, and the repository that holds them.
pub(super) struct Bases<'a> {
    /// Any one of these suffices; none means that everything travels.
    pub(super) commits: Vec<Checksum>,
    /// Where they are.
    pub(super) source: &'a Repo,
}

/// Finds out what the site has, ref by ref.
pub(super) struct Finder<'a> {
    repo: &'a Repo,
    base: Base<'a>,
    /// The revisions that were given, and the refs they bind.
    revisions: Vec<(Checksum, Option<Vec<String>>)>,
    refs: &'a [RefName],
    profile: Option<SiteProfile>,
    /// The site, if somebody named it.
    site: Option<SiteName>,
}

impl<'a> Finder<'a> {
    /// Resolves what was given.
    pub(super) fn new(repo: &'a Repo, options: &ExportOptions<'a>) -> Result<Finder<'a>, Error> {
        let mut revisions = Vec::new();
        if let Base::Revisions(given) = options.base {
            for revision in given {
                let commit = repo.resolve(revision)?;
                let binding = repo.commit(&commit)?.ref_binding();
                if !revisions.iter().any(|(known, _)| *known == commit) {
                    revisions.push((commit, binding));
                }
            }
        }
        if let Base::Inventory(site) = options.base {
            same_twin(repo, &site.inventory)?;
        }
        let profile = SiteProfile::load(repo, &options.site)?;
        Ok(Finder {
            repo,
            base: options.base,
            revisions,
            refs: options.refs,
            profile,
            site: matches!(options.base, Base::Site).then(|| options.site.clone()),
        })
    }

    /// Returns the refs of the site as far as they are known, without what is exported now; those
    /// that the twin has no more are deleted there, too.
    pub(super) fn refs_after(
        &self,
        repo: &Repo,
    ) -> Result<BTreeMap<RefName, Option<Checksum>>, RepoError> {
        let here = repo.refs()?;
        let known = self.profile.iter().flat_map(|profile| &profile.refs);
        let after =
            known.map(|(name, head)| (name.clone(), here.contains_key(name).then_some(*head)));
        let mut after: BTreeMap<_, _> = after.collect();
        // What nobody vouches for decides what is left out, and nothing that is signed.
        if let Base::Inventory(site) = self.base
            && matches!(site.vouched, Vouched::Verified(_))
        {
            let heads = site.inventory.heads.iter();
            let known = heads.filter(|(name, _)| here.contains_key(*name));
            after.extend(known.map(|(name, head)| (name.clone(), Some(*head))));
        }
        Ok(after)
    }

    /// Returns the commits of `name` that the site may have.
    pub(super) fn bases(&self, name: &RefName, head: &Encoded<Commit>) -> Result<Bases<'a>, Error> {
        let here = |commits| {
            Ok(Bases {
                commits,
                source: self.repo,
            })
        };
        match self.base {
            Base::Full => here(Vec::new()),
            // A commit without a tree worth speaking of travels whole: the profile may know of one
            // that this site, of which a base was named, never got.
            _ if name.to_string() == METADATA_REF => here(Vec::new()),
            Base::Unstated => Err(self.unstated(name, head)),
            Base::Site if self.profile.is_none() => Err(self.unstated(name, head)),
            Base::Site => here(self.last(name)),
            Base::Revisions(_) => here(self.revisions_of(name)?),
            Base::Inventory(site) => here(self.taken(&site.inventory, name)?),
            Base::Repository(other) => {
                let mut commits: Vec<_> = other.ref_commit(name)?.into_iter().collect();
                if let [commit] = commits.as_slice()
                    && other.is_partial(commit)?
                {
                    commits.clear();
                }
                Ok(Bases {
                    commits,
                    source: other,
                })
            }
        }
    }

    /// Returns the head that the site says it has, of which the objects must be here.
    fn taken(&self, inventory: &Inventory, name: &RefName) -> Result<Vec<Checksum>, Error> {
        let Some(&commit) = inventory.heads.get(name) else {
            return Ok(Vec::new());
        };
        let object = ObjectName::new(commit, ObjectKind::Commit);
        match self.repo.has(&object)? {
            true => Ok(vec![commit]),
            false => Err(ExportError::UnknownHead {
                name: name.clone(),
                commit,
            }
            .into()),
        }
    }

    /// Lists the refs whose numbers the site would take for old ones.
    pub(super) fn replayed(&self, sequence: &BTreeMap<RefName, u64>) -> Vec<Finding> {
        let Base::Inventory(site) = self.base else {
            return Vec::new();
        };
        let last = |name| site.inventory.sequence.get(name).copied();
        let numbers = sequence.iter();
        let late = numbers.filter_map(|(name, &sequence)| {
            let accepted = last(name).filter(|accepted| sequence <= *accepted)?;
            let name = name.clone();
            Some(Finding::Replayed {
                name,
                sequence,
                accepted,
            })
        });
        late.collect()
    }

    /// Returns the head that was exported for the site last.
    pub(super) fn last(&self, name: &RefName) -> Vec<Checksum> {
        let last = self
            .profile
            .as_ref()
            .and_then(|profile| profile.refs.get(name));
        last.copied().into_iter().collect()
    }

    /// With several refs, a revision counts for the refs it binds, and for all if it binds none of
    /// those that are exported.
    fn revisions_of(&self, name: &RefName) -> Result<Vec<Checksum>, ExportError> {
        let binds = |binding: &Option<Vec<String>>, name: &RefName| {
            binding
                .as_ref()
                .is_some_and(|refs| refs.contains(&name.to_string()))
        };
        let of_this = |(_, binding): &&(Checksum, Option<Vec<String>>)| {
            binds(binding, name) || !self.refs.iter().any(|other| binds(binding, other))
        };
        let commits: Vec<_> = self
            .revisions
            .iter()
            .filter(of_this)
            .map(|(commit, _)| *commit)
            .collect();
        match commits.is_empty() {
            true => Err(ExportError::ForeignBase { name: name.clone() }),
            false => Ok(commits),
        }
    }

    fn unstated(&self, name: &RefName, head: &Encoded<Commit>) -> Error {
        let last = self
            .last(name)
            .into_iter()
            .find(|last| *last != head.checksum());
        let last = last.or(head.parent);
        let suggestion = last.map(|commit| commit.to_string());
        ExportError::NoBase {
            name: name.clone(),
            suggestion,
            site: self.site.clone(),
        }
        .into()
    }
}

/// A site that follows another repository would refuse the bundle; one that follows none takes it.
fn same_twin(repo: &Repo, inventory: &Inventory) -> Result<(), Error> {
    let here = repo.ensure_id()?;
    let follows = inventory.follows.as_ref().map(ToString::to_string);
    let same = follows.is_none_or(|id| id == here);
    match same && repo.collection_id() == inventory.collection.as_ref() {
        true => Ok(()),
        false => Err(ExportError::ForeignInventory {
            site: inventory.site.clone(),
        }
        .into()),
    }
}
