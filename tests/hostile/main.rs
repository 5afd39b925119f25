//! Bundles that are signed by a trusted key and hostile inside: the real binary, in a child under
//! limits of memory and time, refuses each with the right exit code and leaves the repository as
//! it was, byte for byte.
//!
//! ```text
//! craft     a release put together from raw bytes, and signed
//! child     the binary under limits: 512 MiB of data, a minute of work
//! attack    a bundle, what each verb must make of it, and the sites that try
//! ops …     the attacks, by what they abuse
//! ```

mod attack;
mod bombs;
mod child;
mod craft;
mod deltas;
mod files;
mod inventories;
mod manifests;
mod ops;
mod parts;
mod shapes;
mod speech;
mod trees;

// What the tests of the library make bundles with; not all of it is wanted here.
#[path = "../it/fixture.rs"]
#[allow(dead_code)]
mod fixture;
#[path = "../it/hostile_bundle/forge.rs"]
#[allow(dead_code)]
mod forge;
#[path = "../it/handmade.rs"]
#[allow(dead_code)]
mod handmade;
#[path = "../it/hostile_bundle/tree.rs"]
#[allow(dead_code)]
mod tree;
