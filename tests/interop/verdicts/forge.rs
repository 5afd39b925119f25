//! Signatures that no tool makes: built byte by byte, with true signatures of real keys.

use sequoia_openpgp::crypto::{KeyPair, Signer};
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::serialize::MarshalInto;
use sequoia_openpgp::types::HashAlgorithm;
use sequoia_openpgp::{Cert, Fingerprint};

/// Reads the primary key of a secret key file that nothing protects.
pub fn key_pair(bytes: &[u8]) -> KeyPair {
    let cert = Cert::from_bytes(bytes).unwrap();
    let key = cert.primary_key().key().clone();
    key.parts_into_secret().unwrap().into_keypair().unwrap()
}

/// A version 4 signature before it is made.
#[derive(Clone)]
pub struct Draft {
    /// Its type; 0x00 signs a binary document.
    pub kind: u8,
    /// Its digest.
    pub hash: HashAlgorithm,
    /// The subpackets that it covers.
    pub hashed: Vec<u8>,
    /// The subpackets that it does not cover.
    pub unhashed: Vec<u8>,
}

impl Draft {
    /// Returns an ordinary one: made `at`, by this key.
    pub fn new(key: &KeyPair, at: u64) -> Draft {
        Draft {
            kind: 0,
            hash: HashAlgorithm::SHA512,
            hashed: [created(at), issuer(&key.public().fingerprint())].concat(),
            unhashed: Vec::new(),
        }
    }

    /// Signs, and returns the packet.
    pub fn sign(&self, key: &mut KeyPair, data: &[u8]) -> Vec<u8> {
        packet(&self.body(key, data))
    }

    /// Signs, and returns the packet's body.
    pub fn body(&self, key: &mut KeyPair, data: &[u8]) -> Vec<u8> {
        let mut body = vec![4, self.kind, algorithm(key), self.hash.into()];
        body.extend((self.hashed.len() as u16).to_be_bytes());
        body.extend(&self.hashed);
        let length = (body.len() as u32).to_be_bytes();
        let digest = digest(self.hash, &[data, &body, &[4, 0xff], &length]);
        body.extend((self.unhashed.len() as u16).to_be_bytes());
        body.extend(&self.unhashed);
        body.extend(&digest[..2]);
        body.extend(mpis(key, self.hash, &digest));
        body
    }
}

/// Signs as version 3, which has no subpackets.
pub fn version_3(key: &mut KeyPair, data: &[u8], at: u64) -> Vec<u8> {
    let hash = HashAlgorithm::SHA256;
    let mut covered = vec![0];
    covered.extend((at as u32).to_be_bytes());
    let digest = digest(hash, &[data, &covered]);
    let mut body = vec![3, 5];
    body.extend(covered);
    body.extend(key.public().keyid().as_bytes());
    body.extend([algorithm(key), hash.into()]);
    body.extend(&digest[..2]);
    body.extend(mpis(key, hash, &digest));
    packet(&body)
}

/// Returns a signature packet with this body, its header in the old format.
pub fn packet(body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u16).to_be_bytes();
    [&[0x89], &length[..], body].concat()
}

/// Returns a subpacket.
pub fn subpacket(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[content.len() as u8 + 1, kind], content].concat()
}

/// Returns the subpacket that says when a signature was made.
pub fn created(at: u64) -> Vec<u8> {
    subpacket(2, &(at as u32).to_be_bytes())
}

/// Returns the subpacket that says which key made a signature.
pub fn issuer(fingerprint: &Fingerprint) -> Vec<u8> {
    subpacket(33, &[&[4], fingerprint.as_bytes()].concat())
}

fn algorithm(key: &KeyPair) -> u8 {
    key.public().pk_algo().into()
}

fn digest(hash: HashAlgorithm, parts: &[&[u8]]) -> Vec<u8> {
    let mut context = hash.context().unwrap().for_digest();
    parts.iter().for_each(|part| context.update(part));
    context.into_digest().unwrap()
}

fn mpis(key: &mut KeyPair, hash: HashAlgorithm, digest: &[u8]) -> Vec<u8> {
    key.sign(hash, digest).unwrap().to_vec().unwrap()
}
