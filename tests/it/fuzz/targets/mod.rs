//! What the fuzzer runs: for every decoder, a function from bytes to nothing that panics when its
//! invariant does not hold. It returns whether the input was accepted: of the inputs that are kept
//! some must be, or the invariant is that of nothing.
//!
//! `tests/fuzz` makes a libFuzzer binary of each; the module above plays everything kept under
//! `tests/data/fuzz` back in every `cargo test`. There is one body for both. An input may be longer
//! or odder than any file: what is refused is refused without a panic, within a timeout and a memory
//! limit that the fuzzer holds, and that is the first invariant of all of them.

mod bundle;
mod delta;
pub mod filez;
mod gvariant;
mod names;
mod objects;
mod pack;
mod signed;
mod superblock;
mod text;
mod xz;

/// One decoder: its name, which is that of its binary and of its directory of inputs, and its body.
pub type Target = (&'static str, fn(&[u8]) -> bool);

/// Every decoder.
pub const TARGETS: &[Target] = &[
    ("bundle", bundle::bundle),
    ("commit", objects::commit),
    ("config", text::config),
    ("content_header", objects::content_header),
    ("delta_index", superblock::delta_index),
    ("delta_part", delta::delta_part),
    ("dirmeta", objects::dirmeta),
    ("dirtree", objects::dirtree),
    ("ed25519_keys", signed::ed25519_keys),
    ("filez", filez::filez),
    ("gvariant", gvariant::gvariant),
    ("gvariant_text", gvariant::gvariant_text),
    ("inventory", text::inventory),
    ("journal", text::journal),
    ("manifest", text::manifest),
    ("names", names::names),
    ("pack", pack::pack),
    ("policy", text::policy),
    ("signatures", signed::signatures),
    ("stored_xz", xz::stored_xz),
    ("summary", superblock::summary),
    ("superblock", superblock::superblock),
    ("trust_statement", text::trust_statement),
    ("xz_part", xz::xz_part),
    ("zstd_member", pack::zstd_member),
];

/// Runs the body of a decoder, and returns whether the input was accepted.
///
/// # Panics
///
/// If there is no such decoder, or its invariant does not hold.
pub fn run(name: &str, data: &[u8]) -> bool {
    let (_, body) = TARGETS
        .iter()
        .find(|(target, _)| *target == name)
        .unwrap_or_else(|| panic!("{name} is no target"));
    body(data)
}
