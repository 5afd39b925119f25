//! What each finding means for the operator: its class, what to do next, and what the sentence leaves out.

use super::finding::Finding;
use super::subject::Subject;
use crate::Class;
use crate::openpgp::{Reason, RejectedSignature};

impl Finding {
    /// Returns what the operator does next.
    pub fn class(&self) -> Class {
        use Finding::*;
        match self {
            Back(finding) => finding.class(),
            Promotion(finding) => finding.class(),
            Record(finding) => finding.class(),
            Trust(finding) => finding.class(),
            Unsigned { .. }
            | TooFewSigners { .. }
            | BlocksStockClients { .. }
            | SignatureNotAdded { .. }
            | Ed25519Refused { .. }
            | MayNotSign { .. } => Class::Untrusted,
            Contradiction { .. } | SummaryRefs { .. } | Incomplete { .. } | Stray { .. } => {
                Class::Corrupt
            }
            BaseMissing { .. } | NoSummary | NothingKept => Class::NotFound,
            FlatpakRepository { .. } => Class::Unsupported,
            NoSpace { .. } | ReadOnly => Class::System,
            Changed { .. } => Class::Busy,
            _ => Class::Refused,
        }
    }

    /// Returns what to do next, in one short sentence.
    pub fn hint(&self) -> &'static str {
        use Finding::*;
        match self {
            Unsigned {
                subject: Subject::Commit { .. },
            } => "sign the commit: airlock sign commit",
            Unsigned {
                subject: Subject::Inventory,
            } => "have the site sign it, or leave --trust out: it decides only what is left out",
            Unsigned { .. } => "have it signed by a trusted key: airlock sign",
            TooFewSigners { rejected, .. } if rejected.iter().any(from_the_future) => {
                "check this machine's clock: a signature is dated ahead of it"
            }
            TooFewSigners { .. } => {
                "get a signature of a trusted certificate, or check the trust directory"
            }
            SignatureNotAdded { rejected, .. } if rejected.reason == Reason::UnknownKey => {
                "check the trust directory: it does not hold the signer's certificate"
            }
            SignatureNotAdded { .. } => {
                "sign the bytes as they are now: --prepare again, then sign that file"
            }
            MayNotSign { .. } => "have it signed by a certificate that the policy allows",
            Ed25519Refused { .. } => "sign it: airlock sign commit|summary --ed25519-key FILE",
            BlocksStockClients { .. } => "remove that signature: airlock sign --delete",
            RoleNotListed { .. } | RefNotAllowed { .. } => {
                "add a rule to policy.toml if this is meant to be allowed"
            }
            CollectionNotAllowed { .. } | OtherCollection { .. } => {
                "check that this is the repository that is meant"
            }
            Expired { .. } | TooOld { .. } => "export a new bundle; check this machine's clock",
            Back(finding) => finding.hint(),
            Promotion(finding) => finding.hint(),
            Record(finding) => finding.hint(),
            Trust(finding) => finding.hint(),
            ExpiryMissing { .. } => "export again with --expires",
            Replayed { .. } => "nothing, if this bundle was imported before; else take a newer one",
            FromTheFuture { .. } => "check the clocks of both machines",
            Downgrade { .. } | SummaryOlder { .. } => {
                "take a newer bundle; going back needs a signed permission"
            }
            OtherRepository { .. } => "check where the bundle comes from",
            NotBound { .. } | Unbound { .. } => {
                "publish a new commit that binds the ref: airlock promote, without --same-commit"
            }
            Contradiction { .. } | SummaryRefs { .. } | Incomplete { .. } | Stray { .. } => {
                "export the bundle again"
            }
            BaseMissing { .. } => "import the bundle before this one, or export with --full",
            Partial { .. } => "complete the commit first: airlock import, or ostree pull",
            Alias { .. } => "name the ref it stands for",
            SummaryDeltas { .. } => {
                "delete deltas nobody lists, or sign the site's own summary with --key"
            }
            DeltasNotListed => {
                "leave --publish-deltas out, or sign the site's own summary with --key"
            }
            Changed { .. } => "run the same command again",
            AutoUpdateSummary { .. } => "set it to false in the repository's config",
            NoSummary | NothingKept | KeptSummaryRefs { .. } => {
                "make a new one: airlock summary, with a key"
            }
            SummaryWouldLoseSignature => "name a key, or say --unsigned",
            FlatpakRepository { .. } => "use flatpak's own tools for this repository",
            UnlistedRefs { .. } => "delete these refs, or sign the site's own summary with --key",
            NoSpace { .. } => "make room, and run the same command again",
            ReadOnly => "run as the owner of the repository",
            KeyExpiresFirst { .. } => "shorten --expires, or renew the key",
        }
    }

    /// Returns one line for each part of the finding that the sentence leaves out.
    pub fn details(&self) -> Vec<String> {
        if let Finding::SignatureNotAdded { rejected, .. } = self {
            return spoilt(std::slice::from_ref(rejected)).collect();
        }
        let Finding::TooFewSigners {
            signers,
            others,
            rejected,
            ..
        } = self
        else {
            return Vec::new();
        };
        let counted = signers.iter().map(|signer| format!("{signer}: counts"));
        let barred = others
            .iter()
            .map(|other| format!("{other}: good, but may not sign this"));
        counted.chain(barred).chain(spoilt(rejected)).collect()
    }

    /// Returns the class of several findings: that of the gravest.
    pub fn gravest(findings: &[Finding]) -> Class {
        const BY_GRAVITY: [Class; 8] = [
            Class::Untrusted,
            Class::Corrupt,
            Class::Unsupported,
            Class::NotFound,
            Class::System,
            Class::Busy,
            Class::Refused,
            Class::Usage,
        ];
        let has = |class: &Class| findings.iter().any(|finding| finding.class() == *class);
        BY_GRAVITY.into_iter().find(has).unwrap_or(Class::Refused)
    }
}

/// Names each signature that does not count, and why.
fn spoilt(rejected: &[RejectedSignature]) -> impl Iterator<Item = String> + '_ {
    rejected.iter().map(|signature| match &signature.issuer {
        Some(issuer) => format!("{issuer}: {}", signature.reason),
        None => format!("signature {}: {}", signature.index, signature.reason),
    })
}

fn from_the_future(rejected: &RejectedSignature) -> bool {
    matches!(rejected.reason, Reason::FutureSignature { .. })
}
