//! Tests the limit on the memory of all keys' tables. The limit is global, so this is a single test in its own program.

use jotgate_crypto::{Algorithm, Curve, KeyParts, PreparedKey, set_table_memory, table_memory};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};

const MESSAGE: &[u8] = b"jotgate";

struct Signed {
    key: PreparedKey,
    signature: Vec<u8>,
}

impl Signed {
    /// Verifies often enough to build the first table and that of the base point.
    fn warmed(self) -> Self {
        self.verified(100)
    }

    fn verified(self, times: usize) -> Self {
        (0..times).for_each(|_| assert!(self.key.verify(Algorithm::ES256, MESSAGE, &self.signature)));
        self
    }
}

#[test]
fn tables_use_no_more_memory_than_the_limit_and_release_it() {
    let signed = |number: u8| {
        let signing = SigningKey::from_slice(&[number; 32]).unwrap();
        let signature: Signature = signing.sign(MESSAGE);
        let point = signing.verifying_key().to_sec1_point(false);
        let [x, y] = [point.x(), point.y()].map(|coordinate| coordinate.unwrap().to_vec());
        let key = PreparedKey::from_parts(&KeyParts::Ec { curve: Curve::P256, x, y }).unwrap();
        Signed { key, signature: signature.to_bytes().to_vec() }
    };
    assert_eq!(table_memory(), 0);
    let usual = signed(1).warmed();
    let one = table_memory();
    assert!(one > 0);

    // Existing tables stay, whatever the limit.
    set_table_memory(0);
    let none = signed(2).warmed();
    assert_eq!(table_memory(), one);
    drop(usual);
    assert_eq!(table_memory(), 0);
    let none = none.warmed();
    assert_eq!(table_memory(), 0);

    // One byte less than two tables need.
    set_table_memory(2 * one - 1);
    let none = none.warmed();
    let second = signed(3).warmed();
    assert_eq!(table_memory(), one);
    set_table_memory(2 * one);
    let second = second.warmed();
    assert_eq!(table_memory(), 2 * one);
    drop((none, second));
    assert_eq!(table_memory(), 0);

    set_table_memory(usize::MAX);
    let Signed { key, signature } = signed(4);
    let brought = Signed { key: key.without_tables(), signature }.verified(5000);
    assert_eq!(table_memory(), 0);
    // The widest table replaces the smaller ones.
    let own = signed(5).verified(5000);
    assert!(table_memory() > 10 * one);
    drop((brought, own));
    assert_eq!(table_memory(), 0);
}
