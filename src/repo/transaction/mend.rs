//! Putting sound objects in the place of damaged ones.
//!
//! ```text
//! begin      an object that is there is not written again
//! mend       … unless it is one of these: it is staged, and renamed over the one that is there
//! ```
//!
//! A client that reads meanwhile has the old file open or opens the new one: there is always one.

use std::collections::HashSet;

use super::super::error::RepoError;
use super::super::repository::Repo;
use super::Transaction;
use crate::format::ObjectName;

impl<'r> Transaction<'r> {
    /// Begins a transaction in which these objects count as absent, and are replaced when written.
    pub fn mend(
        repo: &'r Repo,
        damaged: HashSet<ObjectName>,
    ) -> Result<Transaction<'r>, RepoError> {
        let mut tx = Transaction::begin(repo)?;
        tx.replaced = damaged;
        Ok(tx)
    }
}
