//! airlock against the stock tools: `ostree`, GLib, `gpg`, Apache.
//!
//! A test whose tool is not installed is reported as ignored; with `CI=true` it fails, so that no
//! build machine is green without having asked them.

mod apache;
mod client;
mod client_check;
mod commit;
mod confined;
mod crowd;
mod damage;
mod delta;
mod durable;
mod faults;
mod fleet;
mod glib;
mod history;
mod image;
mod keys;
mod modes;
mod power;
mod recipe;
mod release;
mod rollback;
mod room;
mod rotation;
mod served;
mod sign_api;
mod skipped;
mod stick;
mod summary;
mod together;
mod tools;
mod verdicts;
mod world;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tools::Tool;

fn main() -> ExitCode {
    let trials = [
        client::trials(),
        client_check::trials(),
        commit::trials(),
        crowd::trials(),
        confined::trials(),
        damage::trials(),
        delta::trials(),
        durable::trials(),
        faults::trials(),
        fleet::trials(),
        glib::trials(),
        history::trials(),
        keys::trials(),
        modes::trials(),
        power::trials(),
        recipe::trials(),
        rollback::trials(),
        room::trials(),
        rotation::trials(),
        served::trials(),
        sign_api::trials(),
        skipped::trials(),
        stick::trials(),
        summary::trials(),
        together::trials(),
        verdicts::trials(),
    ];
    let trials = trials.into_iter().flatten().collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Makes a test of a function that panics when it fails.
fn trial(name: &str, needs: &'static [Tool], test: impl FnOnce() + Send + 'static) -> Trial {
    Trial::ignorable_test(name, move || {
        let Some(tool) = needs.iter().find(|tool| !tool.is_here()) else {
            test();
            return Ok(Completion::Completed);
        };
        match std::env::var("CI").as_deref() {
            Ok("true") => Err(Failed::from(format!("needs {tool}"))),
            _ => Ok(Completion::ignored_with(format!("needs {tool}"))),
        }
    })
}
