//! `verify`: everything about a bundle that can be checked without a repository.
//!
//! ```text
//! trust updates ▸ signatures ▸ policy ▸ chunks ▸ superblock = manifest, commit signed and bound ▸ every object ▸ complete
//! ```

mod examiner;

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;

use super::release_check::{ReleaseCheck, judge_bundle};
use super::signatures::{SignatureReport, report};
use super::{Error, Trust, TrustVersion};
use crate::bundle::{Bundle, StreamError, VerifiedBundle};
use crate::format::{Checksum, RefName};
use crate::openpgp::{Fingerprint, Verification};
use crate::{Observer, Stage};
use examiner::{Examiner, State};

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
    /// Every signature over its manifest, and how far each rule is met.
    pub signatures: SignatureReport,
    /// The version of the trust it was judged by; 0 for a directory that has none.
    pub trust_version: u64,
    /// The versions of the trust that it brings and that are in force with it.
    pub trust_updates: Vec<TrustVersion>,
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
    // The chain is signed by itself, and the manifest is judged by its end.
    let trust = &trust.follow(bundle.trust_updates(), now)?;
    let carried = bundle.trust_updates().iter();
    let good = carried.filter(|update| trust.known(update.version) == Some(update.digest()));
    let trust_updates = good.map(TrustVersion::from).collect();
    let (bundle, verification) =
        bundle.verify_with(|bytes, files| judge_bundle(trust, bytes, files, now))?;
    let check = ReleaseCheck {
        manifest: bundle.manifest(),
        trust,
        now,
    };
    let examiner = Examiner::new(check);
    bundle
        .stream(Stage::Verify, &examiner, observer)
        .map_err(|error| match error {
            StreamError::Bundle(error) => Error::Read(error),
            StreamError::Sink(error) => error,
        })?;
    let mut state = examiner.finish();
    Error::refuse_any(std::mem::take(&mut state.findings))?;
    let (id, bytes) = (*bundle.id(), bundle.manifest_bytes());
    let signatures = report(id, bytes, trust, &verification, now);
    let mut outcome = outcome(&bundle, signatures, &verification, state);
    outcome.trust_version = trust.version();
    outcome.trust_updates = trust_updates;
    Ok(outcome)
}

fn outcome(
    bundle: &VerifiedBundle,
    signatures: SignatureReport,
    verification: &Verification,
    state: State,
) -> VerifyOutcome {
    let manifest = bundle.manifest();
    VerifyOutcome {
        bundle: *bundle.id(),
        files: bundle.paths(),
        signers: verification.signers(),
        signatures,
        trust_version: 0,
        trust_updates: Vec::new(),
        created: manifest.created,
        expires: manifest.expires,
        releases: state.releases,
        summary_signers: state.summary.map(|verification| verification.signers()),
        objects: state.objects,
        bytes: manifest.members.iter().map(|member| member.size).sum(),
    }
}
