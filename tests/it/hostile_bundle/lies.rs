//! Lies under a good signature: what a bundle gets whose maker is trusted and wrong.

mod manifest;
mod members;
mod packs;

use airlock::Class;

use super::Row;
use super::forge::Forged;

const ZERO: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const SUPERBLOCK: &str = "payload/0/superblock";
const PART: &str = "payload/0/0.zst";
const PACK: &str = "payload/0/objects-0.tar.zst";

type Edit = fn(&mut Forged);

pub fn rows() -> Vec<Row> {
    [manifest::manifest(), members::members(), packs::packs()]
        .into_iter()
        .flat_map(edited)
        .chain(members::contents())
        .chain(manifest::listed_members())
        .collect()
}

/// The rows that are about the inside of packs.
pub fn in_packs() -> Vec<Row> {
    edited(packs::packs()).collect()
}

/// The update, each time with one thing changed before it is signed.
fn edited(table: Table) -> impl Iterator<Item = Row> {
    table.into_iter().map(|(name, edit, class, text)| {
        let made = move || {
            let mut bundle = Forged::update();
            edit(&mut bundle);
            bundle.tar()
        };
        let row = Row::new(name.to_owned(), made, class, text);
        match at_a_site(name) {
            Some((class, text)) => row.at_import(class, text),
            None => row,
        }
    })
}

type Table = Vec<(&'static str, Edit, Class, &'static str)>;

/// What import says where the site tells it more, or sooner, than verify can know.
fn at_a_site(name: &str) -> Option<(Class, &'static str)> {
    Some(match name {
        "another ref" => (Class::Refused, "unlisted-refs"),
        "another commit" => (Class::Corrupt, "summary-refs"),
        "the old commit" | "another base" => (Class::NotFound, "base-missing"),
        "refs-after one more" => (Class::Refused, "not-bound"),
        _ => return None,
    })
}
