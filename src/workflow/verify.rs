//! `verify`: everything about a bundle that can be checked without a repository.
//!
//! ```text
//! signatures ▸ policy ▸ chunks ▸ superblock = manifest, commit signed and bound ▸ every object ▸ complete
//! ```

use std::collections::{BTreeSet, HashSet};
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::carried::{Carried, Reach};
use super::release_check::{ReleaseCheck, Spine, judge_bundle};
use super::{Error, Finding, Trust};
use crate::bundle::{Bundle, FilezObject, PayloadSink, Release, StreamError, VerifiedBundle};
use crate::delta::{DeltaError, NoSources, ObjectSink, apply_part};
use crate::format::{Checksum, FileHeader, ObjectKind, ObjectName, RefName};
use crate::openpgp::{Fingerprint, Verification};
use crate::{Observer, Stage};

/// What to verify, and against what.
#[derive(Clone, Debug)]
pub struct VerifyOptions<'a> {
    /// The bundle: a file, a directory, or volumes in any order.
    pub bundle: Vec<PathBuf>,
    /// Signature files that do not lie beside it.
    pub signatures: Vec<PathBuf>,
    /// Who may sign.
    pub trust: &'a Trust,
    /// The time to judge at, in UNIX seconds.
    pub now: u64,
}

/// What was verified.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct VerifyOutcome {
    /// The bundle's id, the SHA-256 of its manifest.
    pub bundle: Checksum,
    /// The files it consists of.
    pub files: Vec<PathBuf>,
    /// Who signed it.
    pub signers: BTreeSet<Fingerprint>,
    /// When it was made, in UNIX seconds.
    pub created: u64,
    /// When it ends to be acceptable, in UNIX seconds.
    pub expires: Option<u64>,
    /// What it brings.
    pub releases: Vec<VerifiedRelease>,
    /// Who signed the summary it carries, if it carries one.
    pub summary_signers: Option<BTreeSet<Fingerprint>>,
    /// How many objects were checked against their names.
    pub objects: u64,
    /// How many bytes of the medium were checked.
    pub bytes: u64,
}

/// One release that was verified.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct VerifiedRelease {
    /// The ref.
    #[serde(rename = "ref")]
    pub name: RefName,
    /// The commit.
    pub commit: Checksum,
    /// Its version.
    pub version: Option<String>,
    /// Its timestamp, in UNIX seconds.
    pub timestamp: u64,
    /// The commits of which the target needs any one; with none, the release is complete in itself.
    pub from: Vec<Checksum>,
    /// Who signed the commit.
    pub signers: BTreeSet<Fingerprint>,
}

/// Verifies a bundle; refuses with every reason there is.
pub fn verify(
    options: &VerifyOptions<'_>,
    observer: &dyn Observer,
) -> Result<VerifyOutcome, Error> {
    let VerifyOptions { trust, now, .. } = *options;
    let mut bundle = Bundle::open(&options.bundle)?;
    for file in &options.signatures {
        bundle.add_signatures(file)?;
    }
    let (bundle, verification) =
        bundle.verify_with(|bytes, files| judge_bundle(trust, bytes, files, now))?;
    let check = ReleaseCheck {
        manifest: bundle.manifest(),
        trust,
        now,
    };
    let examiner = Examiner {
        check,
        state: Mutex::default(),
    };
    bundle
        .stream(Stage::Verify, &examiner, observer)
        .map_err(|error| match error {
            StreamError::Bundle(error) => Error::Read(error),
            StreamError::Sink(error) => error,
        })?;
    let state = examiner.finish();
    Error::refuse_any(state.findings)?;
    Ok(outcome(
        &bundle,
        &verification,
        state.objects,
        state.releases,
        state.summary,
    ))
}

fn outcome(
    bundle: &VerifiedBundle,
    verification: &Verification,
    objects: u64,
    releases: Vec<VerifiedRelease>,
    summary: Option<Verification>,
) -> VerifyOutcome {
    let manifest = bundle.manifest();
    VerifyOutcome {
        bundle: *bundle.id(),
        files: bundle.paths(),
        signers: verification.signers(),
        created: manifest.created,
        expires: manifest.expires,
        releases,
        summary_signers: summary.map(|verification| verification.signers()),
        objects,
        bytes: manifest.members.iter().map(|member| member.size).sum(),
    }
}

/// Looks at everything that comes by and keeps only what later checks need.
struct Examiner<'a> {
    check: ReleaseCheck<'a>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    findings: Vec<Finding>,
    releases: Vec<VerifiedRelease>,
    summary: Option<Verification>,
    /// The release under way.
    spine: Option<Spine>,
    reach: Reach,
    strays: Strays,
    carried: Carried,
    files: HashSet<Checksum>,
    objects: u64,
}

/// Objects that travelled with a release and do not belong to it.
#[derive(Default)]
struct Strays {
    count: u64,
    example: Option<ObjectName>,
}

impl Strays {
    fn add(&mut self, object: ObjectName) {
        self.count += 1;
        self.example.get_or_insert(object);
    }
}

impl Examiner<'_> {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(self) -> State {
        let mut state = self
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        state.close(&self.check.manifest.releases);
        state
    }
}

impl State {
    /// Ends the release under way: is it complete, and does everything belong to it?
    fn close(&mut self, releases: &[Release]) {
        let Some(spine) = self.spine.take() else {
            return;
        };
        let Some(stated) = self
            .releases
            .len()
            .checked_sub(1)
            .and_then(|last| releases.get(last))
        else {
            return;
        };
        let Strays { count, example } = std::mem::take(&mut self.strays);
        if let Some(example) = example {
            let name = stated.name.clone();
            self.findings.push(Finding::Stray {
                name,
                count,
                example,
            });
        }
        // What an update leaves out, the target has; import looks for it there.
        if stated.from.is_empty() {
            let missing = self.missing();
            let commit = spine.commit().checksum();
            if let Some(example) = missing.first().copied() {
                self.findings.push(Finding::Incomplete {
                    commit,
                    missing: missing.len() as u64,
                    example,
                });
            }
        }
        self.reach = Reach::default();
    }

    /// Returns what the release under way needs and no release brought.
    fn missing(&self) -> Vec<ObjectName> {
        let named = |kind| move |checksum: &Checksum| ObjectName::new(*checksum, kind);
        let trees = self.reach.elsewhere.iter().map(named(ObjectKind::DirTree));
        let metas = self.reach.metas.iter().map(named(ObjectKind::DirMeta));
        let metas = metas.filter(|meta| !self.carried.has(meta));
        let files = self
            .reach
            .files
            .iter()
            .filter(|file| !self.files.contains(*file));
        let mut missing: Vec<_> = trees
            .chain(metas)
            .chain(files.map(named(ObjectKind::File)))
            .collect();
        missing.sort();
        missing
    }
}

impl PayloadSink for Examiner<'_> {
    type Error = Error;

    fn summary(&self, summary: &[u8], signature: &[u8]) -> Result<(), Error> {
        let state = &mut *self.state();
        state.summary = Some(
            self.check
                .summary(summary, signature, &mut state.findings)?,
        );
        Ok(())
    }

    fn superblock(&self, release: usize, bytes: &[u8]) -> Result<(), Error> {
        let state = &mut *self.state();
        state.close(&self.check.manifest.releases);
        let spine = self.check.spine(release, bytes, &mut state.findings)?;
        if let Some(stated) = self.check.manifest.releases.get(release) {
            state.releases.push(VerifiedRelease {
                name: stated.name.clone(),
                commit: spine.commit().checksum(),
                version: stated.version.clone(),
                timestamp: stated.timestamp,
                from: stated.from.clone(),
                signers: spine.verification.signers(),
            });
        }
        state.objects += 1;
        state.spine = Some(spine);
        Ok(())
    }

    fn part(&self, _: usize, part: usize, bytes: &[u8]) -> Result<(), Error> {
        let header = self
            .state()
            .spine
            .as_ref()
            .and_then(|spine| spine.superblock.parts.get(part).cloned());
        // A part that the superblock does not list was found when the two were compared.
        let Some(header) = header else { return Ok(()) };
        let mut made = Made::default();
        apply_part(&header, bytes, &NoSources, &mut made)?;
        let state = &mut *self.state();
        for (object, bytes) in &made.metadata {
            state.carried.add(object, bytes)?;
        }
        state.files.extend(&made.files);
        state.objects += header.objects.len() as u64;
        Ok(())
    }

    fn spine(&self, _: usize) -> Result<(), Error> {
        let state = &mut *self.state();
        let Some(spine) = &state.spine else {
            return Ok(());
        };
        state.reach = state.carried.reach(spine.commit());
        let objects = spine.superblock.parts.iter().flat_map(|part| &part.objects);
        objects
            .filter(|object| !state.reach.holds(object))
            .for_each(|object| state.strays.add(*object));
        Ok(())
    }

    fn object(&self, _: usize, name: &Checksum, _: FilezObject<'_>) -> Result<(), Error> {
        let state = &mut *self.state();
        if !state.reach.files.contains(name) {
            state.strays.add(ObjectName::new(*name, ObjectKind::File));
        }
        state.files.insert(*name);
        state.objects += 1;
        Ok(())
    }
}

/// What a part makes: trees to follow, and the names of files.
#[derive(Default)]
struct Made {
    metadata: Vec<(ObjectName, Vec<u8>)>,
    files: Vec<Checksum>,
}

impl ObjectSink for Made {
    fn metadata(&mut self, object: &ObjectName, bytes: &[u8]) -> Result<(), DeltaError> {
        self.metadata.push((*object, bytes.to_vec()));
        Ok(())
    }

    fn file(
        &mut self,
        file: &Checksum,
        _: &FileHeader,
        _: u64,
        _: &mut dyn Read,
    ) -> Result<(), DeltaError> {
        self.files.push(*file);
        Ok(())
    }
}
