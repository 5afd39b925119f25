//! Makes a certificate that GnuPG 2.2 and every OSTree client accept: RFC 4880, Ed25519.
//!
//! ```text
//! primary key    Ed25519, certifies only: it may later be kept apart
//! └── subkey     Ed25519, signs data
//! revocation     of the primary key, ready to be used should the secret be lost
//! ```

use std::time::Duration;

use sequoia_openpgp::Profile;
use sequoia_openpgp::armor::{Kind, Writer};
use sequoia_openpgp::cert::{CertBuilder, CipherSuite};
use sequoia_openpgp::crypto::Password;
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::serialize::{Serialize, SerializeInto};
use sequoia_openpgp::types::KeyFlags;
use sequoia_openpgp::{Packet, Result};
use zeroize::Zeroizing;

use super::error::OpenPgpError;
use super::fingerprint::Fingerprint;
use super::time::system_time;

/// What a new key shall be.
#[derive(Clone, Debug)]
pub struct GenerateOptions {
    /// Whose key it is, as `Release signing <os@example.org>`.
    pub user_id: String,
    /// How long it is valid, in seconds; absent for a key that never expires.
    pub validity_secs: Option<u64>,
    /// What protects the secret, if anything.
    pub passphrase: Option<Zeroizing<String>>,
    /// The moment of its making, in UNIX seconds.
    pub now: u64,
}

/// A new key: three files, of which only the certificate is to be handed out.
#[derive(Debug)]
pub struct GeneratedKey {
    /// The primary fingerprint.
    pub fingerprint: Fingerprint,
    /// The secret key, armored.
    pub secret_armored: Zeroizing<Vec<u8>>,
    /// The certificate, armored.
    pub certificate_armored: Vec<u8>,
    /// The revocation certificate, armored; to be kept as safe as the secret key.
    pub revocation_armored: Vec<u8>,
}

/// Makes a new key.
pub fn generate(options: &GenerateOptions) -> std::result::Result<GeneratedKey, OpenPgpError> {
    make(options).map_err(OpenPgpError::crypto("make a key"))
}

fn make(options: &GenerateOptions) -> Result<GeneratedKey> {
    let (cert, revocation) = CertBuilder::new()
        .set_profile(Profile::RFC4880)?
        .set_cipher_suite(CipherSuite::Cv25519)
        .set_primary_key_flags(KeyFlags::empty().set_certification())
        .set_creation_time(system_time(options.now))
        .set_validity_period(options.validity_secs.map(Duration::from_secs))
        .add_userid(options.user_id.as_str())
        .add_signing_subkey()
        .set_password(
            options
                .passphrase
                .as_ref()
                .map(|text| Password::from(text.as_bytes())),
        )
        .generate()?;
    Ok(GeneratedKey {
        fingerprint: cert.fingerprint().into(),
        secret_armored: Zeroizing::new(cert.as_tsk().armored().to_vec()?),
        certificate_armored: cert.armored().to_vec()?,
        revocation_armored: armor_revocation(&cert.fingerprint().to_hex(), revocation)?,
    })
}

/// Armors a revocation as GnuPG does, so that `gpg --import` takes the file.
fn armor_revocation(fingerprint: &str, revocation: Signature) -> Result<Vec<u8>> {
    let comment = format!("This is the revocation certificate of {fingerprint}");
    let mut writer = Writer::with_headers(Vec::new(), Kind::PublicKey, [("Comment", comment)])?;
    Packet::from(revocation).serialize(&mut writer)?;
    Ok(writer.finalize()?)
}
