//! Groups of arguments that several verbs share, and the words they are spelled in.

mod confine;
mod ed25519;
mod output;
mod repo;
mod sealing;
mod signing;
mod site_record;
mod trust;
mod two_step;
pub mod values;

pub use confine::{Confine, ConfineArgs};
pub use ed25519::Ed25519Args;
pub use output::{OutputArgs, ProgressMode};
pub use repo::RepoArg;
pub use sealing::SealingArgs;
pub use signing::{Role, SigningArgs};
pub use site_record::SiteRecordArg;
pub use trust::TrustArgs;
pub use two_step::TwoStepArgs;
