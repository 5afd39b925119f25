//! A set of certificates, merged by fingerprint: whoever is in it may be believed, policy decides for what.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use sequoia_openpgp::Cert;
use sequoia_openpgp::armor::Kind;
use sequoia_openpgp::cert::CertParser;
use sequoia_openpgp::packet::Tag;
use sequoia_openpgp::parse::{PacketParser, PacketParserResult, Parse};
use sequoia_openpgp::serialize::{Marshal, SerializeInto};

use super::armor::dearmor;
use super::error::OpenPgpError;
use super::fingerprint::Fingerprint;
use super::info::CertInfo;

/// The largest certificate file that is read.
pub const MAX_KEYRING_BYTES: usize = 16 * 1024 * 1024;

/// Certificates by primary fingerprint; copies of one certificate are merged, so that a revoked copy revokes.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    certs: BTreeMap<Fingerprint, Cert>,
}

impl Keyring {
    /// Returns an empty keyring.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds every certificate of an armored or binary file; returns how many the file holds.
    ///
    /// A secret key and a revocation without its certificate are refused, and then nothing is added.
    pub fn add_bytes(&mut self, bytes: &[u8]) -> Result<usize, OpenPgpError> {
        let certs = parse_certs(bytes)?;
        if let Some(tsk) = certs.iter().find(|cert| cert.is_tsk()) {
            return Err(OpenPgpError::SecretKey {
                certificate: tsk.fingerprint().into(),
            });
        }
        let count = certs.len();
        for cert in certs {
            self.merge(cert)?;
        }
        Ok(count)
    }

    /// Adds every certificate of another keyring.
    pub fn extend(&mut self, other: &Keyring) -> Result<(), OpenPgpError> {
        other
            .certs
            .values()
            .try_for_each(|cert| self.merge(cert.clone()))
    }

    /// Adds to each certificate what another keyring knows of it, its revocation above all.
    pub fn merge_copies(&mut self, other: &Keyring) -> Result<(), OpenPgpError> {
        let copies = other
            .certs
            .iter()
            .filter(|(fingerprint, _)| self.contains(fingerprint))
            .map(|(_, cert)| cert.clone());
        let copies: Vec<Cert> = copies.collect();
        copies.into_iter().try_for_each(|cert| self.merge(cert))
    }

    /// Returns how many certificates there are.
    pub fn len(&self) -> usize {
        self.certs.len()
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.certs.is_empty()
    }

    /// Tells whether a certificate with this primary fingerprint is here.
    pub fn contains(&self, fingerprint: &Fingerprint) -> bool {
        self.certs.contains_key(fingerprint)
    }

    /// Returns the primary fingerprints, in order.
    pub fn fingerprints(&self) -> impl Iterator<Item = &Fingerprint> {
        self.certs.keys()
    }

    /// Describes every certificate as it stands at `now`.
    pub fn certs(&self, now: u64) -> Vec<CertInfo> {
        self.certs
            .values()
            .map(|cert| CertInfo::of(cert, now))
            .collect()
    }

    /// Describes one certificate as it stands at `now`.
    pub fn cert(&self, fingerprint: &Fingerprint, now: u64) -> Option<CertInfo> {
        self.certs
            .get(fingerprint)
            .map(|cert| CertInfo::of(cert, now))
    }

    /// Returns one certificate.
    pub(super) fn get(&self, fingerprint: &Fingerprint) -> Option<&Cert> {
        self.certs.get(fingerprint)
    }

    /// Returns the fingerprints of all keys of a certificate, its primary key first.
    pub fn keys(&self, certificate: &Fingerprint) -> Vec<Fingerprint> {
        let keys = self
            .certs
            .get(certificate)
            .into_iter()
            .flat_map(|cert| cert.keys());
        keys.map(|key| key.key().fingerprint().into()).collect()
    }

    /// Writes the named certificates as a binary keyring, the form stock clients read.
    pub fn to_binary<'a>(
        &self,
        wanted: impl IntoIterator<Item = &'a Fingerprint>,
    ) -> Result<Vec<u8>, OpenPgpError> {
        let mut bytes = Vec::new();
        for cert in wanted
            .into_iter()
            .filter_map(|fingerprint| self.certs.get(fingerprint))
        {
            cert.export(&mut bytes)
                .map_err(OpenPgpError::crypto("write a certificate"))?;
        }
        Ok(bytes)
    }

    /// Writes one certificate in armor.
    pub fn to_armored(&self, fingerprint: &Fingerprint) -> Result<Option<Vec<u8>>, OpenPgpError> {
        self.certs
            .get(fingerprint)
            .map(|cert| {
                cert.armored()
                    .export_to_vec()
                    .map_err(OpenPgpError::crypto("write a certificate"))
            })
            .transpose()
    }

    /// Returns every certificate that holds a key matching `handle`, in order of fingerprint.
    pub(super) fn holders<'a>(
        &'a self,
        handle: &'a sequoia_openpgp::KeyHandle,
    ) -> impl Iterator<Item = (&'a Fingerprint, &'a Cert)> {
        self.certs
            .iter()
            .filter(move |(_, cert)| cert.keys().any(|ka| ka.key().key_handle().aliases(handle)))
    }

    /// Adds one certificate without its secret parts.
    pub(super) fn merge(&mut self, cert: Cert) -> Result<(), OpenPgpError> {
        let cert = cert.strip_secret_key_material();
        match self.certs.entry(Fingerprint::from(cert.fingerprint())) {
            Entry::Vacant(entry) => {
                entry.insert(cert);
            }
            Entry::Occupied(mut entry) => {
                let both = entry.get().clone().merge_public(cert);
                entry.insert(both.map_err(OpenPgpError::crypto("merge copies of a certificate"))?);
            }
        }
        Ok(())
    }
}

/// Parses every certificate of a file; a file without one, or with anything else, is an error.
pub(super) fn parse_certs(bytes: &[u8]) -> Result<Vec<Cert>, OpenPgpError> {
    const EXPECTED: &str = "an OpenPGP certificate";
    if bytes.len() > MAX_KEYRING_BYTES {
        return Err(OpenPgpError::OverLimit {
            what: "the certificate file",
            limit: MAX_KEYRING_BYTES,
        });
    }
    let mut certs = Vec::new();
    for block in dearmor(bytes, Kind::PublicKey)? {
        refuse_bare_signature(&block)?;
        let parser = CertParser::from_bytes(&block).map_err(OpenPgpError::malformed(EXPECTED))?;
        for cert in parser {
            certs.push(cert.map_err(OpenPgpError::malformed(EXPECTED))?);
        }
    }
    if certs.is_empty() {
        return Err(OpenPgpError::Malformed {
            expected: EXPECTED,
            source: None,
        });
    }
    Ok(certs)
}

fn refuse_bare_signature(block: &[u8]) -> Result<(), OpenPgpError> {
    let first = PacketParser::from_bytes(block)
        .map_err(OpenPgpError::malformed("an OpenPGP certificate"))?;
    match first {
        PacketParserResult::Some(parser) if parser.packet.tag() == Tag::Signature => {
            Err(OpenPgpError::BareSignature)
        }
        _ => Ok(()),
    }
}
