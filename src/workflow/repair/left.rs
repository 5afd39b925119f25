//! What no bundle brought: why not, and which bundle might.

use std::collections::{BTreeMap, BTreeSet};

use super::{Left, Repair};
use crate::format::{Checksum, ObjectKind, ObjectName};
use crate::repo::{Wanted, Where};
use crate::workflow::error::Error;
use crate::workflow::journal::{self, Record, Verb};

/// How many bundles are named for one object.
const MAX_NAMED: usize = 3;

/// Lists what is still wanted.
pub(super) fn left(repair: &Repair<'_, '_>, before: &Wanted) -> Result<Vec<Left>, Error> {
    let mut wanted: BTreeMap<ObjectName, Option<Where>> = match repair.options.dry_run {
        true => before.objects.clone(),
        false => repair.survey.wanted()?.objects,
    };
    let brought: BTreeSet<ObjectName> = match repair.options.dry_run {
        true => possible(repair),
        false => BTreeSet::new(),
    };
    wanted.retain(|object, _| !brought.contains(object));
    // Who may not read the journal is not told of it.
    let journal = journal::scan(repair.repo).map(|(records, _)| records);
    let journal = journal.unwrap_or_default();
    let tried: BTreeSet<Checksum> = repair.bundles.iter().map(|one| *one.bundle.id()).collect();
    let left = wanted.into_iter().map(|(object, place)| Left {
        object,
        sources: repair.starved.get(&object).cloned().unwrap_or_default(),
        try_bundles: holders(&journal, place.as_ref(), &tried),
        place,
    });
    Ok(left.collect())
}

/// In a dry run: what the bundles brought, and what can be made from that in turn.
fn possible(repair: &Repair<'_, '_>) -> BTreeSet<ObjectName> {
    let mut brought: BTreeSet<ObjectName> = repair.mended.keys().copied().collect();
    loop {
        let before = brought.len();
        for (object, sources) in &repair.starved {
            let there = |source: &Checksum| {
                let source = ObjectName::new(*source, ObjectKind::File);
                repair.survey.is_sound(&source) || brought.contains(&source)
            };
            if sources.iter().all(there) {
                brought.insert(*object);
            }
        }
        if brought.len() == before {
            return brought;
        }
    }
}

/// Finds the bundles that led to the commit an object belongs to, the latest first.
fn holders(journal: &[Record], place: Option<&Where>, tried: &BTreeSet<Checksum>) -> Vec<Checksum> {
    let Some(place) = place else {
        return Vec::new();
    };
    let imports = journal.iter().filter(|it| it.entry.verb == Verb::Import);
    let imports: Vec<&Record> = imports.collect();
    let led_there = |record: &&Record| {
        let mut moves = record.entry.refs.values();
        moves.any(|moved| moved.to == Some(place.commit))
    };
    let Some(end) = imports.iter().rposition(led_there) else {
        return Vec::new();
    };
    let earlier = imports.get(..=end).unwrap_or_default().iter().rev();
    let named = earlier.filter_map(|record| record.entry.bundle);
    let mut seen = BTreeSet::new();
    named
        .filter(|bundle| !tried.contains(bundle) && seen.insert(*bundle))
        .take(MAX_NAMED)
        .collect()
}
