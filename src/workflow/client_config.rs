//! What a client needs to pull from the offline repository and verify all of it.
//!
//! ```text
//! OUT/
//! ├── remotes.d/
//! │   ├── NAME.conf              gpg-verify and gpg-verify-summary on; no gpgkeypath
//! │   ├── NAME.trustedkeys.gpg   the certificates of the roles commit and summary, binary
//! │   ├── NAME.ed25519           with --sign-verify: the Ed25519 keys of the trust directory
//! │   └── NAME.ca.pem            with --tls-ca: who may certify the web server
//! └── README                     where these go, and the line that follows the ref
//! ```
//!
//! A client that finds NAME.trustedkeys.gpg does not look at its global keys; with `gpgkeypath` it
//! would look at both. A client knows no roles and no thresholds: any one certificate suffices.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use serde::Serialize;

use super::error::Error;
use super::policy::Role;
use super::replace_file::make_file;
use super::trust::Trust;
use crate::Class;
use crate::format::{CollectionId, RefName, RemoteName};
use crate::openpgp::Fingerprint;

/// Where clients keep the files of `remotes.d`.
const INSTALLED: &str = "/etc/ostree/remotes.d";

/// What clients are told.
#[derive(Clone, Debug)]
pub struct ClientConfigOptions {
    /// What clients call the repository.
    pub remote: RemoteName,
    /// Where it is served: http, https or file.
    pub url: String,
    /// The refs that clients may follow; they choose the certificates.
    pub refs: Vec<RefName>,
    /// The repository's collection.
    pub collection: Option<CollectionId>,
    /// The certificates of those who may certify the web server, in PEM.
    pub tls_ca: Option<Vec<u8>>,
    /// Whether clients shall verify Ed25519 signatures besides; those built without it could not pull.
    pub sign_verify: bool,
    /// The directory that gets the files.
    pub output: PathBuf,
    /// The present time, in UNIX seconds.
    pub now: u64,
}

/// What was written.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ClientConfigOutcome {
    /// The files, all of them new or replaced.
    pub files: Vec<PathBuf>,
    /// The certificates in the keyring; any one of them suffices to a client.
    pub certificates: Vec<Fingerprint>,
    /// Those of them that cannot make a signature that counts now, which were left out.
    pub left_out: Vec<Fingerprint>,
}

/// Why no client configuration was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientConfigError {
    /// The URL is none that a client can pull from.
    #[error("`{url}` is no http, https or file URL")]
    Url {
        /// The URL.
        url: String,
    },
    /// No certificate may sign commits and summaries of these refs now.
    #[error("no certificate of the trust directory can sign these refs' {role} now")]
    NoCertificate {
        /// For which role there is none.
        role: Role,
    },
    /// There is no Ed25519 key that clients could verify by.
    #[error("the trust directory holds no *.ed25519 file")]
    NoEd25519Key,
    /// The file is no PEM certificate.
    #[error("the TLS certificates are not in PEM form")]
    NotPem,
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ClientConfigError {
    /// Returns what the operator does next.
    pub fn class(&self) -> Class {
        match self {
            ClientConfigError::Io { .. } => Class::System,
            ClientConfigError::NoCertificate { .. } => Class::Untrusted,
            _ => Class::Usage,
        }
    }
}

/// Writes the configuration of a client; files of the same remote are replaced.
pub fn client_config(
    trust: &Trust,
    options: &ClientConfigOptions,
) -> Result<ClientConfigOutcome, Error> {
    check(options)?;
    let (certificates, left_out) = certificates(trust, options)?;
    let keyring = trust.keyring().to_binary(&certificates)?;
    let name = &options.remote;
    let mut files = vec![
        (format!("remotes.d/{name}.trustedkeys.gpg"), keyring),
        (format!("remotes.d/{name}.conf"), conf(options).into_bytes()),
        (
            "README".to_owned(),
            readme(options, &certificates).into_bytes(),
        ),
    ];
    if options.sign_verify {
        let keys = trust.ed25519().iter().map(|key| format!("{key}\n"));
        let keys: String = keys.collect();
        if keys.is_empty() {
            return Err(ClientConfigError::NoEd25519Key.into());
        }
        files.insert(0, (format!("remotes.d/{name}.ed25519"), keys.into_bytes()));
    }
    if let Some(pem) = &options.tls_ca {
        files.insert(0, (format!("remotes.d/{name}.ca.pem"), pem.clone()));
    }
    let mut written = Vec::new();
    for (path, bytes) in files {
        let path = options.output.join(path);
        make_file(&path, &bytes).map_err(|source| ClientConfigError::Io {
            path: path.clone(),
            source,
        })?;
        written.push(path);
    }
    Ok(ClientConfigOutcome {
        files: written,
        certificates,
        left_out,
    })
}

fn check(options: &ClientConfigOptions) -> Result<(), ClientConfigError> {
    let known = ["http://", "https://", "file:///"]
        .iter()
        .any(|scheme| options.url.starts_with(scheme));
    // A control character would end the line and begin a key of its own.
    if !known || options.url.chars().any(|c| c.is_control() || c == ' ') {
        return Err(ClientConfigError::Url {
            url: options.url.clone(),
        });
    }
    let pem = options.tls_ca.as_ref().is_none_or(|pem| {
        pem.windows(27)
            .any(|window| window == b"-----BEGIN CERTIFICATE-----")
    });
    if pem {
        Ok(())
    } else {
        Err(ClientConfigError::NotPem)
    }
}

/// Picks the certificates that may sign commits or summaries, and can: one of each role at least.
fn certificates(
    trust: &Trust,
    options: &ClientConfigOptions,
) -> Result<(Vec<Fingerprint>, Vec<Fingerprint>), ClientConfigError> {
    let mut wanted = BTreeSet::new();
    let can_sign = |certificate: &Fingerprint| {
        trust
            .keyring()
            .cert(certificate, options.now)
            .is_some_and(|info| info.can_sign())
    };
    for role in [Role::Commit, Role::Summary] {
        let allowed = trust.signers(&[role], &options.refs);
        if !allowed.iter().any(can_sign) {
            return Err(ClientConfigError::NoCertificate { role });
        }
        wanted.extend(allowed);
    }
    Ok(wanted.into_iter().partition(can_sign))
}

fn conf(options: &ClientConfigOptions) -> String {
    let name = &options.remote;
    let mut text = format!(
        "[remote \"{name}\"]\nurl={}\ngpg-verify=true\ngpg-verify-summary=true\n",
        escape(options.url.trim_end_matches('/')),
    );
    if let Some(collection) = &options.collection {
        text += &format!("collection-id={collection}\n");
    }
    if options.sign_verify {
        text += &format!(
            "sign-verify=ed25519\nsign-verify-summary=ed25519\n\
             verification-ed25519-file={INSTALLED}/{name}.ed25519\n"
        );
    }
    if options.tls_ca.is_some() {
        text += &format!("tls-ca-path={INSTALLED}/{name}.ca.pem\n");
    }
    text
}

/// Escapes a value as key files want it.
fn escape(value: &str) -> String {
    value.replace('\\', "\\\\")
}

fn readme(options: &ClientConfigOptions, certificates: &[Fingerprint]) -> String {
    let name = &options.remote;
    let follow = match options.refs.as_slice() {
        [] => format!("    rpm-ostree rebase {name}:REF\n"),
        refs => refs
            .iter()
            .map(|follow| format!("    rpm-ostree rebase {name}:{follow}\n"))
            .collect(),
    };
    let signers: String = certificates
        .iter()
        .map(|signer| format!("    {signer}\n"))
        .collect();
    format!(
        "How a machine follows {url}\n\n\
         1. Serve the first signed release before any machine is told of it.\n\
         2. Copy the files of remotes.d to {INSTALLED} on the machine, as root, mode 0644.\n   \
         A remote of the same name in /ostree/repo/config goes first: take it out there,\n   \
         and remove /ostree/repo/{name}.trustedkeys.gpg, if there is one.\n\
         3. Follow a ref:\n\n{follow}\n\
         A repository that is not the system's does not read {INSTALLED}. There:\n\n    \
         ostree --repo=REPO remote add --set=gpg-verify-summary=true \\\n        \
         --gpg-import={name}.trustedkeys.gpg {name} {url}\n\n\
         The machine believes a commit and a summary that any one of these certificates signed:\n\n{signers}",
        url = options.url,
    )
}
