//! A medium that forgets what was not synced, and others that are no better.
//!
//! ```text
//! AIRLOCK_FAULTS=full cargo test --test interop power::    the full form; without it a short one
//!
//! mount    a FUSE file system of the test's own ─▸ disk   does what is asked, and logs it
//! record   runs a command once on it
//! cut      plays the log up to any step ─▸ what a medium may hold when the power went there
//! judge    says of each: the old state, the new one, or what is wrong
//! ```

mod cut;
mod disk;
mod judge;
mod mount;
mod proof;
mod record;
mod resume;
mod scenes;
mod sticks;
mod tree;
mod verbs;
mod wire;

use libtest_mimic::Trial;

pub use mount::works;

pub fn trials() -> Vec<Trial> {
    [
        proof::trials(),
        resume::trials(),
        sticks::trials(),
        verbs::trials(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether every step is wanted.
fn full() -> bool {
    std::env::var("AIRLOCK_FAULTS").as_deref() == Ok("full")
}
