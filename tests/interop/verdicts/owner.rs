//! Keys, and certificates for them that are made piece by piece.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sequoia_openpgp::Packet;
use sequoia_openpgp::crypto::KeyPair;
use sequoia_openpgp::packet::key::{
    Key4, KeyRole, PrimaryRole, PublicParts, SecretParts, SubordinateRole,
};
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::{Key, UserID};
use sequoia_openpgp::serialize::SerializeInto;
use sequoia_openpgp::types::{Curve, KeyFlags, ReasonForRevocation, SignatureType};

use super::forge::Draft;

/// How a signing subkey answers its binding.
pub enum Back {
    /// By its own signature.
    Good,
    /// Not at all.
    Missing,
    /// By another key's signature.
    Other,
}

/// Makes an ordinary signature.
pub fn plain(data: &[u8], key: &mut KeyPair, now: u64) -> Vec<u8> {
    Draft::new(key, now).sign(key, data)
}

/// Writes packets.
pub fn bytes(packets: &[Packet]) -> Vec<u8> {
    packets
        .iter()
        .flat_map(|packet| packet.to_vec().unwrap())
        .collect()
}

/// A primary key, to which a certificate is to be made.
pub struct Owner {
    /// The key.
    pub key: KeyPair,
    /// The present time.
    pub now: u64,
}

impl Owner {
    /// Makes a key.
    pub fn new(now: u64) -> Owner {
        let key: Key<SecretParts, PrimaryRole> = legacy(now);
        let key = key.into_keypair().unwrap();
        Owner { key, now }
    }

    fn public(&self) -> Key<PublicParts, PrimaryRole> {
        self.key.public().clone().role_into_primary()
    }

    /// Begins the certificate.
    pub fn start(&self) -> Vec<u8> {
        bytes(&[self.public().into()])
    }

    fn builder(&self, kind: SignatureType, ago: u64) -> SignatureBuilder {
        SignatureBuilder::new(kind)
            .set_signature_creation_time(time(self.now - ago))
            .unwrap()
    }

    /// Binds a user ID.
    pub fn id(
        &self,
        name: &str,
        ago: u64,
        tweak: impl Fn(SignatureBuilder) -> SignatureBuilder,
    ) -> Vec<u8> {
        let id = UserID::from(format!("{name} <{name}@v>"));
        let builder = tweak(self.builder(SignatureType::PositiveCertification, ago));
        let signed = builder.sign_userid_binding(&mut self.key.clone(), &self.public(), &id);
        bytes(&[id.into(), signed.unwrap().into()])
    }

    /// Revokes a user ID.
    pub fn revoked_id(&self, name: &str, ago: u64) -> Vec<u8> {
        let id = UserID::from(format!("{name} <{name}@v>"));
        let builder = self
            .builder(SignatureType::CertificationRevocation, ago)
            .set_reason_for_revocation(ReasonForRevocation::UIDRetired, b"")
            .unwrap();
        let signed = builder.sign_userid_binding(&mut self.key.clone(), &self.public(), &id);
        bytes(&[signed.unwrap().into()])
    }

    /// Binds the key by itself.
    pub fn itself(
        &self,
        ago: u64,
        tweak: impl Fn(SignatureBuilder) -> SignatureBuilder,
    ) -> Vec<u8> {
        let builder = tweak(self.builder(SignatureType::DirectKey, ago));
        let signed = builder.sign_direct_key(&mut self.key.clone(), &self.public());
        bytes(&[signed.unwrap().into()])
    }

    /// Makes a subkey; without a `back` nothing binds it.
    pub fn subkey(&self, back: Option<Back>, flags: KeyFlags) -> (Vec<u8>, KeyPair) {
        let subkey: Key<SecretParts, SubordinateRole> = legacy(self.now);
        let mut pair = subkey.clone().into_keypair().unwrap();
        let own = subkey.parts_into_public();
        let cross = |signer: &mut KeyPair| {
            self.builder(SignatureType::PrimaryKeyBinding, 50)
                .sign_primary_key_binding(signer, &self.public(), &own)
                .unwrap()
        };
        let binding = self
            .builder(SignatureType::SubkeyBinding, 50)
            .set_key_flags(flags)
            .unwrap();
        let binding = match back {
            None => return (bytes(&[own.into()]), pair),
            Some(Back::Missing) => binding,
            Some(Back::Good) => binding.set_embedded_signature(cross(&mut pair)).unwrap(),
            Some(Back::Other) => {
                let other: Key<SecretParts, SubordinateRole> = legacy(self.now);
                let mut other = other.into_keypair().unwrap();
                binding.set_embedded_signature(cross(&mut other)).unwrap()
            }
        };
        let signed = binding
            .sign_subkey_binding(&mut self.key.clone(), &self.public(), &own)
            .unwrap();
        (bytes(&[own.into(), signed.into()]), pair)
    }
}

/// Returns a time of so many UNIX seconds.
pub fn time(at: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(at)
}

/// Makes an Ed25519 key as RFC 4880 and GnuPG have it.
pub fn legacy<R: KeyRole>(now: u64) -> Key<SecretParts, R> {
    let mut key = Key4::generate_ecc(true, Curve::Ed25519).unwrap();
    key.set_creation_time(time(now - 1000)).unwrap();
    key.into()
}
