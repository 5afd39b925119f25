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
    let tables = [manifest::manifest(), members::members(), packs::packs()];
    let edited = tables
        .into_iter()
        .flatten()
        .map(|(name, edit, class, text)| {
            let made = move || {
                let mut bundle = Forged::update();
                edit(&mut bundle);
                bundle.tar()
            };
            Row::new(name.to_owned(), made, class, text)
        });
    edited
        .chain(members::contents())
        .chain(manifest::listed_members())
        .collect()
}

type Table = Vec<(&'static str, Edit, Class, &'static str)>;
