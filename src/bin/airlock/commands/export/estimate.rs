//! How large a bundle will be and why, in words.

use airlock::delta::{Way, Why};
use airlock::workflow::export::{Estimate, ExportPlan, ReleaseEstimate, Tally, WayTally};
use serde::Serialize;

use crate::render::{Align, Table, bytes, clean, count};

/// What would be written, and how large it would be.
#[derive(Serialize)]
pub(super) struct DryRun {
    /// What would be written.
    #[serde(flatten)]
    pub(super) plan: ExportPlan,
    /// How large it would be.
    pub(super) estimate: Estimate,
}

/// Tells how large it will be and why.
pub(super) fn text(estimate: &Estimate) -> String {
    let mut text = String::new();
    for release in &estimate.releases {
        text.push('\n');
        text.push_str(&content(release));
        if !release.ways.is_empty() {
            let (ways, largest) = (ways(&release.ways), largest(release));
            text.push_str(&format!("\n{ways}\n{largest}"));
        }
    }
    if !estimate.releases.is_empty() {
        let about = format!("\nestimate: about {}\n", bytes(estimate.bytes));
        text.push_str(&about);
    }
    text
}

fn content(release: &ReleaseEstimate) -> String {
    let mut table = Table::new(&[
        ("content", Align::Left),
        ("objects", Align::Right),
        ("here", Align::Right),
        ("in the bundle", Align::Right),
    ]);
    let compared = format!("changed files, {} compared", bytes(release.compared));
    for (what, tally) in [
        ("new files", release.new),
        (compared.as_str(), release.changed),
        ("trees and metadata", release.metadata),
        ("unchanged", release.unchanged),
    ] {
        table.row(row(what, tally));
    }
    table.render()
}

fn row(what: &str, tally: Tally) -> [String; 4] {
    [
        what.to_owned(),
        count(tally.objects),
        bytes(tally.stored),
        bytes(tally.bytes),
    ]
}

fn ways(ways: &[WayTally]) -> String {
    let mut table = Table::new(&[
        ("files travel", Align::Left),
        ("files", Align::Right),
        ("here", Align::Right),
        ("in the bundle", Align::Right),
    ]);
    for tally in ways {
        let how = format!("{}: {}", way(tally.way), why(tally.why));
        table.row(row(&how, tally.tally));
    }
    table.render()
}

fn largest(release: &ReleaseEstimate) -> String {
    let mut table = Table::new(&[
        ("bytes", Align::Right),
        ("as", Align::Left),
        ("largest", Align::Left),
    ]);
    for file in &release.largest {
        table.row([
            bytes(file.bytes),
            way(file.way).to_owned(),
            clean(&file.path),
        ]);
    }
    table.render()
}

fn way(way: Way) -> &'static str {
    match way {
        Way::Patched => "patched",
        Way::Copied => "patched by blocks",
        Way::Whole => "recompressed",
        Way::Declined => "as they are",
    }
}

fn why(why: Why) -> &'static str {
    match why {
        Why::Saves => "that saves enough",
        Why::SavesLittle => "a patch saves little",
        Why::MovesFaster => "moving is faster",
        Why::NoOldFile => "there is no old one",
        Why::TooLarge => "too much of it is new",
    }
}
