//! What can be wrong with a client's remote: each a sentence, a record, and whether it counts.

use std::path::PathBuf;

use serde::Serialize;

use crate::format::{CollectionId, RefName};
use crate::openpgp::Fingerprint;

/// Something about a remote of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(
    tag = "finding",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
#[non_exhaustive]
pub enum RemoteFinding {
    /// Nothing checks who signed a commit.
    #[error("gpg-verify=false: commits are not verified")]
    CommitsUnverified,
    /// Nothing checks who signed the summary.
    #[error(
        "gpg-verify-summary is {}: the summary is not verified, so an old one can be served",
        if *absent { "not set" } else { "false" }
    )]
    SummaryUnverified {
        /// Whether the key is missing, rather than false.
        absent: bool,
    },
    /// A key is neither true nor false; every pull fails.
    #[error("{key}={value} is neither true nor false: every pull fails")]
    NotBoolean {
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
    },
    /// There is nowhere to pull from.
    #[error("there is no url")]
    NoUrl,
    /// The web server's certificate is not checked.
    #[error("tls-permissive=true: the web server's certificate is not checked")]
    TlsPermissive,
    /// Whoever is between client and server sees, and may withhold, what is pulled.
    #[error("{url} has no TLS: signatures protect what arrives, not that anything new arrives")]
    NoTls {
        /// The URL.
        url: String,
    },
    /// No keyring of its own: the keys in `/usr/share/ostree/trusted.gpg.d` decide.
    #[error("no keyring {}: any key trusted by the whole machine suffices", missing.display())]
    NoKeyring {
        /// The keyring that was looked for.
        missing: PathBuf,
    },
    /// `gpgkeypath` adds to the machine's keys and does not replace them.
    #[error("gpgkeypath leaves the keys of the whole machine trusted as well")]
    GlobalKeys,
    /// A signature scheme is asked for, with the keys that the whole machine trusts.
    #[error("{key} without a verification key: any key trusted by the whole machine suffices")]
    GlobalSignKeys {
        /// The key that asks for it.
        key: &'static str,
    },
    /// A keyring cannot be read.
    #[error("{} is no keyring that clients can read: {why}", path.display())]
    KeyringUnreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// No certificate of the keyring can sign anything now: every pull fails.
    #[error("no certificate of the keyring can sign now: every pull fails")]
    NoLivingCertificate,
    /// A certificate of the keyring cannot sign now; another can.
    #[error("{certificate} is of no use any more: {}", if *revoked { "revoked" } else { "expired, or not valid" })]
    DeadCertificate {
        /// The certificate.
        certificate: Fingerprint,
        /// Whether it is revoked.
        revoked: bool,
    },
    /// A certificate of the keyring soon expires.
    #[error("{certificate} can sign for {} more days: bring the client its successor", left / 86_400)]
    ExpiresSoon {
        /// The certificate.
        certificate: Fingerprint,
        /// When its last signature can be made, in UNIX seconds.
        expires: u64,
        /// How many seconds are left.
        left: u64,
    },
    /// A certificate may sign for these clients, and the keyring lacks it.
    #[error("the keyring lacks {certificate}, which the trust directory lets sign")]
    LacksCertificate {
        /// The certificate.
        certificate: Fingerprint,
    },
    /// A certificate of the keyring may sign nothing for these clients.
    #[error("the keyring holds {certificate}, which the trust directory does not let sign")]
    BeyondTrust {
        /// The certificate.
        certificate: Fingerprint,
    },
    /// The client would refuse the newest commit of a ref.
    #[error("the keyring lacks who signed the head of {name}")]
    LacksCommitSigner {
        /// The ref.
        #[serde(rename = "ref")]
        name: RefName,
    },
    /// The client would refuse the summary.
    #[error("the keyring lacks who signed the summary")]
    LacksSummarySigner,
    /// The repository has a collection, and the client does not ask for it.
    #[error("collection-id={collection} is missing: commits of another collection are taken")]
    CollectionNotPinned {
        /// The repository's collection.
        collection: CollectionId,
    },
    /// Another file has a remote of this name, and goes first.
    #[error("not used: {} has a remote of the same name", by.display())]
    Shadowed {
        /// The other file.
        by: PathBuf,
    },
}

impl RemoteFinding {
    /// Tells whether it is only a remark: the remote verifies all it could.
    pub fn is_remark(&self) -> bool {
        matches!(
            self,
            RemoteFinding::NoTls { .. }
                | RemoteFinding::DeadCertificate { .. }
                | RemoteFinding::Shadowed { .. }
        )
    }
}
