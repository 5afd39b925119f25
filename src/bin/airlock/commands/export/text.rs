//! What an export did, or would do, in words.

use airlock::bundle::Inventory;
use airlock::workflow::export::{ExportOutcome, ExportPlan, Exported, ReadBack};
use airlock::workflow::inventory::{SiteInventory, Vouched};

use crate::render::{Align, Done, Table, bytes, clean, count, time};

/// Tells what was exported.
pub(super) fn done(outcome: &ExportOutcome) -> Done {
    let mut done = Done::new(outcome).changed(outcome.bundle.is_some());
    for name in &outcome.up_to_date {
        done = done.note(format!("{name}: the site has it already"));
    }
    match &outcome.bundle {
        Some(exported) => done.text(text(exported)),
        None => done.note("nothing was written"),
    }
}

fn text(exported: &Exported) -> String {
    let mut text = format!("bundle {}\n", exported.id);
    for file in &exported.files {
        text.push_str(&fact("written", &clean(&file.display().to_string())));
    }
    text.push_str(&fact("size", &bytes(exported.size)));
    let signers: Vec<_> = exported.signers.iter().map(ToString::to_string).collect();
    text.push_str(&fact(
        "signed by",
        if signers.is_empty() {
            "nobody yet".to_owned()
        } else {
            signers.join(", ")
        }
        .as_str(),
    ));
    if let Some(version) = exported.trust.last() {
        text.push_str(&fact("trust", &format!("brings version {version}")));
    }
    if exported.read_back == ReadBack::Done {
        text.push_str(&fact("read back", "the medium holds what was written"));
    }
    for release in &exported.releases {
        let version = release.version.as_deref().unwrap_or("");
        let title = clean(format!("{} {version}", release.name).trim_end());
        let from: Vec<_> = release.from.iter().map(ToString::to_string).collect();
        let needs = if from.is_empty() {
            "nothing".to_owned()
        } else {
            from.join(" or ")
        };
        let objects = release.objects;
        let number = objects.commit + objects.dirtree + objects.dirmeta + objects.file;
        let holds = format!("{} objects, {}", count(number), bytes(release.bytes.stored));
        text.push_str(&format!("\n{title}\n"));
        text.push_str(&fact("commit", &release.commit.to_string()));
        text.push_str(&fact("needs", &needs));
        text.push_str(&fact("holds", &holds));
        for commit in exported.may_return.get(&release.name).into_iter().flatten() {
            text.push_str(&fact("may return", &format!("to {commit}")));
        }
        let rollback = exported.rollback.as_ref();
        if let Some(back) = rollback.filter(|back| back.name == release.name) {
            let from = format!("once, from sequence {}", back.from_sequence);
            text.push_str(&fact("goes back", &from));
        }
    }
    text
}

/// Tells whose word the inventory is.
pub(super) fn vouched(taken: &SiteInventory) -> String {
    let Inventory { site, created, .. } = &taken.inventory;
    let of = format!("inventory of {site}, taken {}", time(*created));
    match &taken.vouched {
        Vouched::Verified(signers) => {
            let signers: Vec<_> = signers.iter().map(ToString::to_string).collect();
            format!("{of}: signed by {}", signers.join(", "))
        }
        Vouched::Unchecked => {
            format!("{of}: signed, but not verified, for no --trust was given")
        }
        Vouched::Unsigned => format!("{of}: not signed; if it is wrong, the import is refused"),
    }
}

/// Tells what would be exported.
pub(super) fn plan_text(plan: &ExportPlan) -> String {
    let mut table = Table::new(&[
        ("ref", Align::Left),
        ("version", Align::Left),
        ("date", Align::Left),
        ("needs", Align::Left),
        ("objects", Align::Right),
        ("whole", Align::Right),
        ("to patch", Align::Right),
        ("size", Align::Right),
    ]);
    for release in &plan.releases {
        let objects = release.objects;
        let number = objects.commit + objects.dirtree + objects.dirmeta + objects.file;
        let short = |commit: &airlock::format::Checksum| commit.to_string()[..12].to_owned();
        let from: Vec<_> = release.from.iter().map(short).collect();
        table.row([
            clean(release.name.as_ref()),
            clean(release.version.as_deref().unwrap_or("")),
            time(release.timestamp),
            if from.is_empty() {
                "nothing".to_owned()
            } else {
                from.join(" or ")
            },
            count(number),
            count(release.packed_files),
            count(release.paired_files),
            bytes(release.stored),
        ]);
    }
    let mut text = if plan.releases.is_empty() {
        String::new()
    } else {
        table.render()
    };
    for name in &plan.up_to_date {
        text.push_str(&format!("{name}: the site has it already\n"));
    }
    for (name, _) in plan.refs_after.iter().filter(|(_, head)| head.is_none()) {
        text.push_str(&format!("{name}: will be removed\n"));
    }
    for (name, commits) in &plan.may_return {
        let name = clean(name.as_str());
        for commit in commits {
            text.push_str(&format!("{name}: may return to {commit}\n"));
        }
    }
    if let Some(back) = &plan.rollback {
        let (name, number) = (clean(back.name.as_str()), back.from_sequence);
        text.push_str(&format!("{name}: goes back once, from sequence {number}\n"));
    }
    let target = clean(&plan.target.display().to_string());
    let room = format!(
        "needs up to {}, there are {}",
        bytes(plan.needed),
        bytes(plan.available)
    );
    text + &fact("target", &target) + &fact("space", &room)
}

fn fact(what: &str, fact: &str) -> String {
    format!("  {what:<11} {fact}\n")
}
