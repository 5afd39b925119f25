//! How outcomes look: text for people, JSON for programs.

mod clean;
mod done;
mod human;
pub mod report;
mod sheet;
mod signatures;
mod table;
mod trust_updates;
mod wrap;

pub use clean::{clean, clean_json, clean_lines};
pub use done::{Done, findings};
pub use human::{bytes, count, duration, time};
pub use sheet::sheet;
pub use signatures::signatures;
pub use table::{Align, Table};
pub use trust_updates::trust_updates;
pub use wrap::{wrap, wrap_item};

/// Marks text as a heading; the terminal shows it bold.
pub fn bold(text: &str) -> String {
    format!("\x1b[1m{text}\x1b[0m")
}

/// Marks text as good news.
pub fn green(text: &str) -> String {
    format!("\x1b[32m{text}\x1b[0m")
}

/// Marks text as bad news.
pub fn red(text: &str) -> String {
    format!("\x1b[1;31m{text}\x1b[0m")
}

/// Marks text as something to look at.
pub fn yellow(text: &str) -> String {
    format!("\x1b[33m{text}\x1b[0m")
}
