//! The curves of the NIST, `y² = x³ - 3x + b` over a prime field, of prime order: coordinates enter, a point leaves.

use jotgate_arithmetic::field::Field;
use jotgate_arithmetic::field::p256::{self, P256Field};
use jotgate_arithmetic::field::p384::{self, P384Field};
use jotgate_arithmetic::field::p521::{self, P521Field};
use jotgate_arithmetic::point::jacobian::Affine;
use jotgate_arithmetic::scalar::orders;

use crate::tables::table::Slot;

/// A curve of the NIST (SP 800-186 §3.2.1) with `W` words to a number.
pub(crate) trait Curve<const W: usize>: 'static {
    type Field: Field;
    /// The length of a number in bytes.
    const BYTES: usize = 4 * W;
    /// The field's prime.
    const PRIME: [u32; W];
    /// b.
    const B: [u32; W];
    /// The base point's coordinates.
    const BASE: [[u32; W]; 2];

    /// Whether a number lies in 1..n, n the group's order.
    fn is_unit(number: &[u32; W]) -> bool;
    /// Two numbers divided by a unit, modulo the order.
    fn quotients(dividends: [&[u32; W]; 2], divisor: &[u32; W]) -> [[u32; W]; 2];
    /// A unit and the order added, if that stays below the prime.
    fn plus_order(number: &[u32; W]) -> Option<[u32; W]>;
    /// Where the base point's tables are kept.
    fn base_tables() -> &'static BaseTables<Self::Field>;
}

/// The base point's multiples, for all keys of a curve.
pub(crate) struct BaseTables<F> {
    /// A row, for those who have no table of the key.
    pub(crate) row: Slot<Affine<F>>,
    /// All rows.
    pub(crate) full: Slot<Affine<F>>,
}

impl<F> BaseTables<F> {
    const fn new() -> Self {
        Self { row: Slot::new(), full: Slot::new() }
    }
}

/// The point of two numbers: both below p, and on the curve. The cofactor is 1, there is no subgroup to check.
pub(crate) fn point<C: Curve<W>, const W: usize>(x: &[u32; W], y: &[u32; W]) -> Option<Affine<C::Field>> {
    let [x, y, b] = [x, y, &C::B].map(|number| C::Field::from_words(number));
    let point = Affine { x: x?, y: y? };
    point.is_on_curve(&b?).then_some(point)
}

/// P-256.
pub(crate) struct P256;

impl Curve<8> for P256 {
    type Field = P256Field;
    const PRIME: [u32; 8] = p256::PRIME;
    const B: [u32; 8] = [
        0x27d2_604b,
        0x3bce_3c3e,
        0xcc53_b0f6,
        0x651d_06b0,
        0x7698_86bc,
        0xb3eb_bd55,
        0xaa3a_93e7,
        0x5ac6_35d8,
    ];
    const BASE: [[u32; 8]; 2] = [
        [
            0xd898_c296,
            0xf4a1_3945,
            0x2deb_33a0,
            0x7703_7d81,
            0x63a4_40f2,
            0xf8bc_e6e5,
            0xe12c_4247,
            0x6b17_d1f2,
        ],
        [
            0x37bf_51f5,
            0xcbb6_4068,
            0x6b31_5ece,
            0x2bce_3357,
            0x7c0f_9e16,
            0x8ee7_eb4a,
            0xfe1a_7f9b,
            0x4fe3_42e2,
        ],
    ];

    fn is_unit(number: &[u32; 8]) -> bool {
        orders::P256.is_unit(number)
    }

    fn quotients(dividends: [&[u32; 8]; 2], divisor: &[u32; 8]) -> [[u32; 8]; 2] {
        orders::P256.quotients(dividends, divisor)
    }

    fn plus_order(number: &[u32; 8]) -> Option<[u32; 8]> {
        orders::P256.plus(number, &Self::PRIME)
    }

    fn base_tables() -> &'static BaseTables<P256Field> {
        static TABLES: BaseTables<P256Field> = BaseTables::new();
        &TABLES
    }
}

/// P-384.
pub(crate) struct P384;

impl Curve<12> for P384 {
    type Field = P384Field;
    const PRIME: [u32; 12] = p384::PRIME;
    const B: [u32; 12] = [
        0xd3ec_2aef,
        0x2a85_c8ed,
        0x8a2e_d19d,
        0xc656_398d,
        0x5013_875a,
        0x0314_088f,
        0xfe81_4112,
        0x181d_9c6e,
        0xe3f8_2d19,
        0x988e_056b,
        0xe23e_e7e4,
        0xb331_2fa7,
    ];
    const BASE: [[u32; 12]; 2] = [
        [
            0x7276_0ab7,
            0x3a54_5e38,
            0xbf55_296c,
            0x5502_f25d,
            0x8254_2a38,
            0x59f7_41e0,
            0x8ba7_9b98,
            0x6e1d_3b62,
            0xf320_ad74,
            0x8eb1_c71e,
            0xbe8b_0537,
            0xaa87_ca22,
        ],
        [
            0x90ea_0e5f,
            0x7a43_1d7c,
            0x1d7e_819d,
            0x0a60_b1ce,
            0xb5f0_b8c0,
            0xe9da_3113,
            0x289a_147c,
            0xf8f4_1dbd,
            0x9292_dc29,
            0x5d9e_98bf,
            0x9626_2c6f,
            0x3617_de4a,
        ],
    ];

    fn is_unit(number: &[u32; 12]) -> bool {
        orders::P384.is_unit(number)
    }

    fn quotients(dividends: [&[u32; 12]; 2], divisor: &[u32; 12]) -> [[u32; 12]; 2] {
        orders::P384.quotients(dividends, divisor)
    }

    fn plus_order(number: &[u32; 12]) -> Option<[u32; 12]> {
        orders::P384.plus(number, &Self::PRIME)
    }

    fn base_tables() -> &'static BaseTables<P384Field> {
        static TABLES: BaseTables<P384Field> = BaseTables::new();
        &TABLES
    }
}

/// P-521.
pub(crate) struct P521;

impl Curve<17> for P521 {
    type Field = P521Field;
    // 521 bits: the highest word has nine.
    const BYTES: usize = 66;
    const PRIME: [u32; 17] = p521::PRIME;
    const B: [u32; 17] = [
        0x6b50_3f00,
        0xef45_1fd4,
        0x3d2c_34f1,
        0x3573_df88,
        0x3bb1_bf07,
        0x1652_c0bd,
        0xec7e_937b,
        0x5619_3951,
        0x8ef1_09e1,
        0xb8b4_8991,
        0x99b3_15f3,
        0xa2da_725b,
        0xb685_40ee,
        0x929a_21a0,
        0x8e1c_9a1f,
        0x953e_b961,
        0x51,
    ];
    const BASE: [[u32; 17]; 2] = [
        [
            0xc2e5_bd66,
            0xf97e_7e31,
            0x856a_429b,
            0x3348_b3c1,
            0xa2ff_a8de,
            0xfe1d_c127,
            0xefe7_5928,
            0xa14b_5e77,
            0x6b4d_3dba,
            0xf828_af60,
            0x053f_b521,
            0x9c64_8139,
            0x2395_b442,
            0x9e3e_cb66,
            0x0404_e9cd,
            0x858e_06b7,
            0xc6,
        ],
        [
            0x9fd1_6650,
            0x88be_9476,
            0xa272_c240,
            0x353c_7086,
            0x3fad_0761,
            0xc550_b901,
            0x5ef4_2640,
            0x97ee_7299,
            0x273e_662c,
            0x17af_bd17,
            0x579b_4468,
            0x98f5_4449,
            0x2c7d_1bd9,
            0x5c8a_5fb4,
            0x9a3b_c004,
            0x3929_6a78,
            0x118,
        ],
    ];

    fn is_unit(number: &[u32; 17]) -> bool {
        orders::P521.is_unit(number)
    }

    fn quotients(dividends: [&[u32; 17]; 2], divisor: &[u32; 17]) -> [[u32; 17]; 2] {
        orders::P521.quotients(dividends, divisor)
    }

    fn plus_order(number: &[u32; 17]) -> Option<[u32; 17]> {
        orders::P521.plus(number, &Self::PRIME)
    }

    fn base_tables() -> &'static BaseTables<P521Field> {
        static TABLES: BaseTables<P521Field> = BaseTables::new();
        &TABLES
    }
}
