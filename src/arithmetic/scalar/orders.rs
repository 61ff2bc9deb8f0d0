//! The orders of the groups that signatures are made in: what scalars are computed modulo.

use crate::scalar::{EdwardsOrder, Modulus, Order};

/// n of P-256 (SP 800-186 §3.2.1.3).
pub static P256: &dyn Order<8> = &Modulus::<8, 9>::new([
    0xfc63_2551,
    0xf3b9_cac2,
    0xa717_9e84,
    0xbce6_faad,
    0xffff_ffff,
    0xffff_ffff,
    0,
    0xffff_ffff,
]);

/// n of P-384 (SP 800-186 §3.2.1.4).
pub static P384: &dyn Order<12> = &Modulus::<12, 13>::new([
    0xccc5_2973,
    0xecec_196a,
    0x48b0_a77a,
    0x581a_0db2,
    0xf437_2ddf,
    0xc763_4d81,
    0xffff_ffff,
    0xffff_ffff,
    0xffff_ffff,
    0xffff_ffff,
    0xffff_ffff,
    0xffff_ffff,
]);

/// n of P-521 (SP 800-186 §3.2.1.5).
pub static P521: &dyn Order<17> = &Modulus::<17, 19>::new([
    0x9138_6409,
    0xbb6f_b71e,
    0x899c_47ae,
    0x3bb5_c9b8,
    0xf709_a5d0,
    0x7fcc_0148,
    0xbf2f_966b,
    0x5186_8783,
    0xffff_fffa,
    0xffff_ffff,
    0xffff_ffff,
    0xffff_ffff,
    0xffff_ffff,
    0xffff_ffff,
    0xffff_ffff,
    0xffff_ffff,
    0x1ff,
]);

/// L, the order of the base point of Ed25519 (RFC 8032 §5.1).
pub static ED25519: &dyn EdwardsOrder<8> =
    &Modulus::<8, 9>::new([0x5cf5_d3ed, 0x5812_631a, 0xa2f7_9cd6, 0x14de_f9de, 0, 0, 0, 0x1000_0000]);
