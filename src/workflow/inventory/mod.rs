//! `inventory`: what a site has, for the next export to leave out.
//!
//! ```text
//! a site    heads that are complete, numbers accepted ─▶ FILE, and FILE.asc if somebody signs
//! the twin  FILE, FILE.asc ─▶ SiteInventory: verified when certificates were given, else not
//! ```

mod read;
mod take;

use std::io;
use std::path::PathBuf;

pub use read::{SiteInventory, Vouched, read_inventory};
pub use take::{InventoryOptions, InventoryOutcome, inventory};

use crate::Class;
use crate::bundle::InventoryFault;

/// Why an inventory cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InventoryError {
    /// The file cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not as `airlock inventory` writes it.
    #[error("{} is no inventory", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: InventoryFault,
    },
}

impl InventoryError {
    /// Returns what kind of failure it is.
    pub fn class(&self) -> Class {
        match self {
            InventoryError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Class::NotFound
            }
            InventoryError::Io { .. } => Class::System,
            InventoryError::Content { source, .. } => source.class(),
        }
    }

    /// Returns what to do next, in one short sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            InventoryError::Io { .. } => "name the file that `airlock inventory -o FILE` wrote",
            InventoryError::Content { .. } => "copy it again, or take a new one at the site",
        }
    }
}
