//! The orders of the curves' groups. Scalars are reduced modulo them.

use crate::limbs::from_hex;
use crate::scalar::Modulus;

/// n of P-256 (SP 800-186 §3.2.1.3).
pub static P256: Modulus<8, 9> =
    Modulus::new(from_hex("ffffffff 00000000 ffffffff ffffffff bce6faad a7179e84 f3b9cac2 fc632551"));

/// n of P-384 (SP 800-186 §3.2.1.4).
pub static P384: Modulus<12, 13> = Modulus::new(from_hex(
    "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff c7634d81 f4372ddf \
     581a0db2 48b0a77a ecec196a ccc52973",
));

/// n of P-521 (SP 800-186 §3.2.1.5).
pub static P521: Modulus<17, 19> = Modulus::new(from_hex(
    "000001ff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff \
     fffffffa 51868783 bf2f966b 7fcc0148 f709a5d0 3bb5c9b8 899c47ae bb6fb71e \
     91386409",
));

/// L, the order of the base point of Ed25519 (RFC 8032 §5.1).
pub static ED25519: Modulus<8, 9> =
    Modulus::new(from_hex("10000000 00000000 00000000 00000000 14def9de a2f79cd6 5812631a 5cf5d3ed"));
