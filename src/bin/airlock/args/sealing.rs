//! The keys of a verb that makes commits, or a summary.

use airlock::ed25519::SecretKey;
use airlock::openpgp::Signer;
use airlock::workflow::seal::Signing;

use super::{Ed25519Args, Role, SigningArgs};
use crate::context::Context;
use crate::error::CliError;

/// Who signs what is published: OpenPGP keys by role, Ed25519 keys besides.
#[derive(clap::Args, Clone, Debug)]
pub struct SealingArgs {
    #[command(flatten)]
    pub openpgp: SigningArgs,
    #[command(flatten)]
    pub ed25519: Ed25519Args,
}

/// The keys, open.
pub struct SealingKeys {
    /// Whoever signs commits.
    pub commit: Vec<Box<dyn Signer>>,
    /// Whoever signs the summary.
    pub summary: Vec<Box<dyn Signer>>,
    /// Whoever signs both for clients with `sign-verify`.
    pub ed25519: Vec<SecretKey>,
}

impl SealingArgs {
    /// Opens the keys; see [`SigningArgs::open`] for when.
    pub fn open(&self, context: &Context) -> Result<SealingKeys, CliError> {
        let mut keys = self.openpgp.open(context)?;
        Ok(SealingKeys {
            commit: keys.signers(Role::Commit)?,
            summary: keys.signers(Role::Summary)?,
            ed25519: self.ed25519.keys()?,
        })
    }
}

impl SealingKeys {
    /// Returns them as a verb of the library takes them.
    pub fn signing(&self) -> Signing<'_> {
        Signing {
            commit: &self.commit,
            summary: &self.summary,
            ed25519: &self.ed25519,
        }
    }
}
