//! Follows a chain of trust statements, as TUF follows its root.
//!
//! ```text
//! directory ─ signed by its trust threshold ─▶ 1 ─ by that of 1 ─▶ 2 ─▶ … ─▶ the trust in force
//!                 and by that of 1 itself ─────┘    and of 2 ──────┘
//! ```
//!
//! - A version that is known is compared with what is known; another one of the same number is a
//!   fork, and refused. A number that was left out is refused too.
//! - A directory without a chain of its own stands before all versions: it takes the first one that
//!   its own trust threshold signed, and is held to every later one.
//! - Who signs is judged now: a key that has expired brings no trust into the world.

use super::{StatementFault, Trust, TrustFinding, TrustStatement};
use crate::bundle::TrustUpdate;
use crate::format::Checksum;
use crate::openpgp::split_signatures;
use crate::workflow::policy::Role;
use crate::workflow::{Error, Finding, Subject};

/// How far ahead of the clock a statement may be dated: a day.
const AHEAD: u64 = 86_400;

impl Trust {
    /// Returns the trust that is in force after these updates, whose numbers are without a gap.
    ///
    /// Known versions are held against what is known of them, and change nothing.
    pub fn follow(&self, updates: &[TrustUpdate], now: u64) -> Result<Trust, Error> {
        self.follow_at(updates, |_| now)
    }

    /// Follows updates, each of them judged at a time of its own.
    pub(super) fn follow_at(
        &self,
        updates: &[TrustUpdate],
        at: impl Fn(u64) -> u64,
    ) -> Result<Trust, Error> {
        let mut trust = self.clone();
        let mut unfit = None;
        for update in updates {
            let version = update.version;
            if trust.knows(version, &update.digest())? || version <= trust.version() {
                continue;
            }
            if !trust.policy().is_written() {
                return Err(Error::refused(TrustFinding::TrustWithoutPolicy));
            }
            let known = trust.version();
            if known > 0 && version != known + 1 {
                let offered = version;
                return Err(Error::refused(TrustFinding::TrustGap { known, offered }));
            }
            match trust.step(update, at(version)) {
                Ok(next) => trust = next,
                // A later version may be signed by those whom this directory knows.
                Err(error @ Error::Refused { .. }) if known == 0 => {
                    unfit.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        match unfit.filter(|_| trust.version() == 0) {
            Some(error) => Err(error),
            None => Ok(trust),
        }
    }

    /// Tells whether this version is known; refuses another one of the same number.
    fn knows(&self, version: u64, found: &Checksum) -> Result<bool, Error> {
        match self.known(version) {
            Some(known) if known != *found => Err(Error::refused(TrustFinding::TrustFork {
                version,
                known,
                found: *found,
            })),
            known => Ok(known.is_some()),
        }
    }

    /// Takes one update, if it is signed by the threshold of this trust and by its own.
    fn step(&self, update: &TrustUpdate, now: u64) -> Result<Trust, Error> {
        let version = update.version;
        let subject = |under| Subject::TrustUpdate { version, under };
        let fault = |source| Error::TrustUpdate { version, source };
        let signatures = split_signatures(&update.signatures)?;
        let old = self.verify(&update.statement, &signatures, now);
        Error::refuse_any(self.admit(Role::Trust, &subject(self.version()), &old))?;
        // Signed by someone who may change the trust: only now are the bytes read.
        let statement = TrustStatement::parse(&update.statement).map_err(fault)?;
        let claim = statement.claim(subject(self.version()), now);
        Error::refuse_any(self.judge(&claim, &old))?;
        if statement.version != version {
            let stated = statement.version;
            return Err(fault(StatementFault::Version { stated }));
        }
        if let Some(found) = statement.previous {
            self.knows(version - 1, &found)?;
        }
        let limit = now.saturating_add(AHEAD);
        if statement.created > limit {
            return Err(Error::refused(Finding::FromTheFuture {
                subject: subject(version),
                stated: statement.created,
                limit,
            }));
        }
        let mut next = statement.to_trust(self.keyring()).map_err(fault)?;
        let new = next.verify(&update.statement, &signatures, now);
        let claim = statement.claim(subject(version), now);
        Error::refuse_any(next.judge(&claim, &new))?;
        // Statements are silent about these: the directory's own stay.
        next.ed25519 = self.ed25519.clone();
        next.chain = self.chain.clone();
        next.chain.push(update.clone());
        Ok(next)
    }
}
