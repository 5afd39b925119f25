//! Writes the planned releases, and signs what stands.

use std::path::Path;

use super::compile::{Compiled, compile};
use super::plan::ExportPlan;
use super::target::directory_of;
use super::{Error, ExportOptions, ExportSigners, Index, manifest};
use crate::bundle::{BundleWriter, ByteTotals, Manifest, SealedBundle};
use crate::format::{Checksum, Metadata};
use crate::openpgp::{Signer, armor_signatures};
use crate::repo::Repo;
use crate::repo::summary::{SummaryOptions, SummaryScope, build};
use crate::workflow::seal::{add_ed25519, add_signatures};
use crate::{Event, Observer, Stage, Unit};

/// A bundle that is complete and on the medium, but has no name yet.
pub(super) struct Sealed {
    pub(super) bundle: SealedBundle,
    pub(super) manifest: Manifest,
    pub(super) id: Checksum,
}

/// Writes everything that was planned, and signs it.
pub(super) fn seal(
    repo: &Repo,
    options: &ExportOptions<'_>,
    signers: ExportSigners<'_>,
    plan: &ExportPlan,
    observer: &dyn Observer,
) -> Result<Sealed, Error> {
    let directory = directory_of(&plan.medium.target.path);
    let mut spines = compile_all(repo, options, plan, &directory, observer)?;
    let mut manifest = manifest::begin(repo, manifest::identity(repo)?, options, plan);
    let parts = spines.iter().map(|spine| spine.parts.count() as u64).sum();
    let reserve = manifest::reserve(&manifest, plan, parts, signers.bundle.len());
    let mut writer = BundleWriter::create(&plan.medium.target, reserve)?;
    writer.trust(super::check::trust_updates(options)?)?;
    if options.index == Index::Carried {
        let (summary, signature) = site_summary(repo, options, plan, signers)?;
        writer.summary(&summary, &signature)?;
    }
    write_releases(
        repo,
        plan,
        &mut spines,
        &mut writer,
        &mut manifest,
        observer,
    )?;
    for attachment in &plan.attachments {
        writer.attachment(attachment.name, &attachment.path)?;
    }
    manifest.members = writer.members().to_vec();
    let bytes = writer.manifest_bytes(&manifest)?;
    let id = Checksum::of(&bytes);
    let signatures = sign(&bytes, signers.bundle, options.now)?;
    let bundle = writer.seal(bytes, signatures)?;
    Ok(Sealed {
        bundle,
        manifest,
        id,
    })
}

/// Makes every spine: all patches, before the first byte is on the medium.
fn compile_all(
    repo: &Repo,
    options: &ExportOptions<'_>,
    plan: &ExportPlan,
    directory: &Path,
    observer: &dyn Observer,
) -> Result<Vec<Compiled>, Error> {
    let stage = Stage::Patch;
    let pairs = plan.releases.iter();
    let total: u64 = pairs.map(|release| release.carried.pair_stored()).sum();
    if total > 0 {
        observer.event(Event::Begin {
            stage,
            total: Some(total),
            unit: Unit::Bytes,
        });
    }
    let compile = |release| compile(repo, release, options, directory, observer);
    let spines = plan.releases.iter().map(compile).collect();
    if total > 0 {
        observer.event(Event::End { stage });
    }
    spines
}

fn write_releases(
    repo: &Repo,
    plan: &ExportPlan,
    spines: &mut [Compiled],
    writer: &mut BundleWriter,
    manifest: &mut Manifest,
    observer: &dyn Observer,
) -> Result<(), Error> {
    let objects = spines.iter().flat_map(|spine| &spine.packs);
    let total = objects.map(|object| object.size).sum();
    let unit = Unit::Bytes;
    observer.event(Event::Begin {
        stage: Stage::Pack,
        total: Some(total),
        unit,
    });
    let entries = manifest.releases.iter_mut();
    for (number, ((planned, spine), entry)) in
        (0..).zip(plan.releases.iter().zip(spines).zip(entries))
    {
        writer.superblock(number, &spine.superblock)?;
        writer.parts(number, &mut spine.parts)?;
        let packed = writer.packs(number, repo, &spine.packs, observer)?;
        entry.bytes = ByteTotals {
            stored: planned.carried.spine_stored + spine.patched_stored + packed.stored,
            content: planned.head.bytes().len() as u64 + spine.content + packed.content,
        };
    }
    observer.event(Event::End { stage: Stage::Pack });
    Ok(())
}

/// Builds the summary that the site will publish.
pub(super) fn summary_bytes(
    repo: &Repo,
    options: &ExportOptions<'_>,
    plan: &ExportPlan,
) -> Result<Vec<u8>, Error> {
    let after = plan.refs_after.iter();
    let refs = after
        .filter_map(|(name, head)| Some((name.clone(), (*head)?)))
        .collect();
    let summary_options = SummaryOptions {
        timestamp: options.now,
        extra: Metadata::new(),
        refs: Some(refs),
        deltas: None,
        scope: SummaryScope::Site,
    };
    Ok(build(repo, repo, &summary_options)?)
}

/// Builds and signs it.
fn site_summary(
    repo: &Repo,
    options: &ExportOptions<'_>,
    plan: &ExportPlan,
    signers: ExportSigners<'_>,
) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let summary = summary_bytes(repo, options, plan)?;
    let mut signatures = Metadata::new();
    add_signatures(&summary, &mut signatures, signers.summary, options.now)?;
    add_ed25519(&summary, &mut signatures, signers.ed25519)?;
    Ok((summary, signatures.encode_hash_order()))
}

/// Signs the manifest; without signers the signatures are empty, for others to add theirs.
fn sign(manifest: &[u8], signers: &[Box<dyn Signer>], now: u64) -> Result<Vec<u8>, Error> {
    if signers.is_empty() {
        return Ok(Vec::new());
    }
    let signatures = signers.iter().map(|signer| signer.sign(manifest, now));
    Ok(armor_signatures(
        &signatures.collect::<Result<Vec<_>, _>>()?,
    ))
}
