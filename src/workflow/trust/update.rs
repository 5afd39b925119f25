//! `trust update` and `trust sign`: the next version, made from the directory that is to be.
//!
//! ```text
//! OLD, OLD/chain/1..N ──▶ NEW/chain/1..N, N+1.json, N+1.json.asc ◀── NEW/*.asc, NEW/policy.toml
//! ```
//!
//! Bundles that are exported with NEW bring the update to every site.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::load::policy_text;
use super::{Trust, TrustError, TrustFinding, TrustStatement, chain};
use crate::bundle::TrustUpdate;
use crate::format::Checksum;
use crate::openpgp::{Fingerprint, Keyring, Signer, armor_signatures, split_signatures};
use crate::workflow::policy::Role;
use crate::workflow::{Error, Finding, Subject};

/// What the next version of the trust is made from.
#[derive(Clone)]
pub struct TrustUpdateOptions<'a> {
    /// The trust directory in force.
    pub before: &'a Path,
    /// The one that is to be; it gets the chain.
    pub after: &'a Path,
    /// What people should know of it.
    pub notes: String,
    /// Until when a site may take it, in UNIX seconds.
    pub expires: Option<u64>,
    /// Who signs now; others can later.
    pub signers: &'a [Box<dyn Signer>],
    /// The time, in UNIX seconds.
    pub now: u64,
}

/// A version of the trust, and what it still lacks.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TrustUpdateOutcome {
    /// Its number.
    pub version: u64,
    /// The SHA-256 of the statement.
    pub sha256: Checksum,
    /// The statement: these bytes are signed.
    pub statement: PathBuf,
    /// The signatures beside it.
    pub signatures: PathBuf,
    /// The certificates that are new.
    pub added: Vec<Fingerprint>,
    /// The certificates that are no longer listed.
    pub retired: Vec<Fingerprint>,
    /// Who signed now.
    pub signers: Vec<Fingerprint>,
    /// Why no site would take it yet.
    pub missing: Vec<Finding>,
}

/// Makes the next version of the trust and signs it, as far as the signers here can.
pub fn update_trust(options: &TrustUpdateOptions<'_>) -> Result<TrustUpdateOutcome, Error> {
    let before = Trust::load(options.before)?;
    let after = Trust::load(options.after)?;
    for trust in [&before, &after] {
        if !trust.policy().is_written() {
            return Err(Error::refused(TrustFinding::TrustWithoutPolicy));
        }
        let role = Role::Trust;
        if trust.policy().rules(role).next().is_none() {
            return Err(Error::refused(Finding::RoleNotListed { role }));
        }
    }
    if !after.chain().is_empty() && after.chain() != before.chain() {
        let path = options.after.join(chain::CHAIN);
        return Err(TrustError::OtherChain { path }.into());
    }
    let version = before.version() + 1;
    let statement = statement(options, &before, &after)?;
    let fault = |source| Error::TrustUpdate { version, source };
    let bytes = statement.to_bytes().map_err(fault)?;
    // Nothing is signed that a site could not read.
    statement.to_trust(before.keyring()).map_err(fault)?;
    let mut update = TrustUpdate {
        version,
        statement: bytes,
        signatures: Vec::new(),
    };
    let signers = add_signatures(&mut update, options.signers, &[], options.now)?;
    let missing = findings(before.follow(std::slice::from_ref(&update), options.now))?;
    let mut whole = before.chain().to_vec();
    whole.push(update.clone());
    let [statement, signatures] = chain::store(options.after, &whole)?;
    let lacks = |trust: &Trust, certificate: &&Fingerprint| !trust.keyring().contains(certificate);
    let only = |these: &Trust, others: &Trust| {
        let all = these.keyring().fingerprints();
        all.filter(|one| lacks(others, one)).cloned().collect()
    };
    Ok(TrustUpdateOutcome {
        version,
        sha256: update.digest(),
        statement,
        signatures,
        added: only(&after, &before),
        retired: only(&before, &after),
        signers,
        missing,
    })
}

/// Adds signatures to the last version of a directory: of keys here, or made elsewhere over its bytes.
///
/// A signature made elsewhere is stored only if it is good, and of a certificate of either version.
pub fn sign_trust(
    directory: &Path,
    attached: &[Vec<u8>],
    signers: &[Box<dyn Signer>],
    now: u64,
) -> Result<TrustUpdateOutcome, Error> {
    let trust = Trust::load(directory)?;
    let Some((last, earlier)) = trust.chain().split_last() else {
        let path = directory.join(chain::CHAIN);
        return Err(TrustError::NoChain { path }.into());
    };
    let mut update = last.clone();
    let before = earlier
        .last()
        .map(|before| chain::trust_of(before, &Keyring::new()));
    let mut before = before.transpose()?;
    let after = chain::trust_of(&update, &Keyring::new())?;
    let mut known = after.keyring().clone();
    if let Some(before) = &mut before {
        before.chain = earlier.to_vec();
        known.extend(before.keyring())?;
    }
    let mut made_elsewhere = Vec::new();
    for file in attached {
        let packets = split_signatures(file)?;
        let verification = known.verify(&update.statement, &packets, now);
        if packets.is_empty() || !verification.rejected.is_empty() {
            let (version, under) = (update.version, update.version);
            return Err(Error::refused(Finding::TooFewSigners {
                subject: Subject::TrustUpdate { version, under },
                needed: packets.len().max(1),
                signers: verification.signers().into_iter().collect(),
                others: Vec::new(),
                rejected: verification.rejected,
            }));
        }
        made_elsewhere.extend(packets);
    }
    let added = add_signatures(&mut update, signers, &made_elsewhere, now)?;
    let missing = match &before {
        Some(before) => findings(before.follow(std::slice::from_ref(&update), now))?,
        // Those who signed for the directory before the first version are not known here.
        None => findings(chain::own_threshold(&update, now))?,
    };
    let [statement, signatures] = chain::store(directory, std::slice::from_ref(&update))?;
    Ok(TrustUpdateOutcome {
        version: update.version,
        sha256: update.digest(),
        statement,
        signatures,
        added: Vec::new(),
        retired: Vec::new(),
        signers: added,
        missing,
    })
}

fn statement(
    options: &TrustUpdateOptions<'_>,
    before: &Trust,
    after: &Trust,
) -> Result<TrustStatement, Error> {
    let previous = before.point().map(|point| point.sha256);
    let mut statement = TrustStatement::new(before.version() + 1, previous, options.now);
    for certificate in after.keyring().fingerprints() {
        let armored = after.keyring().to_armored(certificate)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&armored).into_owned();
        statement.certificates.push(text);
    }
    let policy = policy_text(options.after)?.unwrap_or_default();
    // It was read as UTF-8 when the directory was loaded.
    statement.policy = String::from_utf8_lossy(&policy).into_owned();
    statement.notes = options.notes.clone();
    statement.expires = options.expires;
    Ok(statement)
}

/// Adds signatures that are not there yet; returns those who signed here.
fn add_signatures(
    update: &mut TrustUpdate,
    signers: &[Box<dyn Signer>],
    made_elsewhere: &[Vec<u8>],
    now: u64,
) -> Result<Vec<Fingerprint>, Error> {
    let mut signatures = split_signatures(&update.signatures)?;
    let fresh = |there: &[Vec<u8>], packet: &Vec<u8>| !there.contains(packet);
    for packet in made_elsewhere {
        if fresh(&signatures, packet) {
            signatures.push(packet.clone());
        }
    }
    let mut added = Vec::new();
    for signer in signers {
        let there = signer.public().verify(&update.statement, &signatures, now);
        if there.good.is_empty() {
            signatures.push(signer.sign(&update.statement, now)?);
            added.push(signer.certificate().clone());
        }
    }
    update.signatures = armor_signatures(&signatures);
    // Nothing is written that could not be read again.
    split_signatures(&update.signatures)?;
    Ok(added)
}

/// Takes the findings out of a refusal; another failure stays one.
fn findings<T>(judged: Result<T, Error>) -> Result<Vec<Finding>, Error> {
    match judged {
        Ok(_) => Ok(Vec::new()),
        Err(Error::Refused { findings }) => Ok(findings),
        Err(error) => Err(error),
    }
}
