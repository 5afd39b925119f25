//! A kill, a full disk and a failing one at every call that changes a file.
//!
//! ```text
//! cargo test --test interop faults::                        each kind of call once, the faults in turn
//! AIRLOCK_FAULTS=full cargo test --test interop faults::    each call, with each fault
//! ```
//!
//! Each command runs once undisturbed, which tells what it calls and what it does. Then, for a call and
//! a fault, it runs in a fresh copy of the place, and what is left is judged. A call is known by what
//! it does to what and by its number among those alike, whatever order threads bring them in; one
//! that a run did not come to is tried again, counted, and reported. Every row of the table is printed.

#[cfg(target_arch = "x86_64")]
mod call;
pub mod judge;
pub mod scene;
pub mod state;
#[cfg(target_arch = "x86_64")]
mod table;
#[cfg(target_arch = "x86_64")]
mod trace;
#[cfg(target_arch = "x86_64")]
mod trials;
#[cfg(target_arch = "x86_64")]
mod verdict;

#[cfg(target_arch = "x86_64")]
pub use trials::trials;

#[cfg(not(target_arch = "x86_64"))]
pub fn trials() -> Vec<libtest_mimic::Trial> {
    let why = "calls are decoded for x86-64 only";
    let test = move || Ok(libtest_mimic::Completion::ignored_with(why));
    vec![libtest_mimic::Trial::ignorable_test("faults", test)]
}
