//! The NIST curves `y² = x³ - 3x + b` over a prime field, of prime order (SP 800-186 §3.2.1).

use jotgate_arithmetic::field::Field;
use jotgate_arithmetic::field::p256::{self, P256Field};
use jotgate_arithmetic::field::p384::{self, P384Field};
use jotgate_arithmetic::field::p521::{self, P521Field};
use jotgate_arithmetic::limbs::from_hex;
use jotgate_arithmetic::point::jacobian::Affine;
use jotgate_arithmetic::scalar::{Modulus, Order, orders};

use crate::tables::table::TableSlot;

/// A NIST curve (SP 800-186 §3.2.1) with numbers of `W` words.
pub(crate) trait Curve<const W: usize>: 'static {
    type Field: Field;
    type Order: Order<W>;
    /// The order n of the group.
    const ORDER: &'static Self::Order;
    /// The length of a number in bytes.
    const BYTES: usize = 4 * W;
    /// The field's prime.
    const PRIME: [u32; W];
    /// b.
    const B: [u32; W];
    /// The base point's coordinates.
    const BASE: [[u32; W]; 2];

    /// The tables of the base point.
    fn base_tables() -> &'static BaseTables<Self::Field>;
}

/// Multiples of the base point, shared by all keys of a curve.
pub(crate) struct BaseTables<F> {
    /// One row, for keys without a table.
    pub(crate) row: TableSlot<Affine<F>>,
    /// All rows.
    pub(crate) full: TableSlot<Affine<F>>,
}

impl<F> BaseTables<F> {
    const fn new() -> Self {
        Self { row: TableSlot::new(), full: TableSlot::new() }
    }
}

/// Returns the point with these coordinates if both are below p and the point is on the curve. The cofactor is 1, so there is no
/// subgroup to check.
pub(crate) fn point<C: Curve<W>, const W: usize>(x: &[u32; W], y: &[u32; W]) -> Option<Affine<C::Field>> {
    let [x, y, b] = [x, y, &C::B].map(|number| C::Field::from_words(number));
    let point = Affine { x: x?, y: y? };
    point.is_on_curve(&b?).then_some(point)
}

/// P-256.
pub(crate) struct P256;

impl Curve<8> for P256 {
    type Field = P256Field;
    type Order = Modulus<8, 9>;
    const ORDER: &'static Self::Order = &orders::P256;
    const PRIME: [u32; 8] = p256::PRIME;
    const B: [u32; 8] = from_hex("5ac635d8 aa3a93e7 b3ebbd55 769886bc 651d06b0 cc53b0f6 3bce3c3e 27d2604b");
    const BASE: [[u32; 8]; 2] = [
        from_hex("6b17d1f2 e12c4247 f8bce6e5 63a440f2 77037d81 2deb33a0 f4a13945 d898c296"),
        from_hex("4fe342e2 fe1a7f9b 8ee7eb4a 7c0f9e16 2bce3357 6b315ece cbb64068 37bf51f5"),
    ];

    fn base_tables() -> &'static BaseTables<P256Field> {
        static TABLES: BaseTables<P256Field> = BaseTables::new();
        &TABLES
    }
}

/// P-384.
pub(crate) struct P384;

impl Curve<12> for P384 {
    type Field = P384Field;
    type Order = Modulus<12, 13>;
    const ORDER: &'static Self::Order = &orders::P384;
    const PRIME: [u32; 12] = p384::PRIME;
    const B: [u32; 12] = from_hex(
        "b3312fa7 e23ee7e4 988e056b e3f82d19 181d9c6e fe814112 0314088f 5013875a \
         c656398d 8a2ed19d 2a85c8ed d3ec2aef",
    );
    const BASE: [[u32; 12]; 2] = [
        from_hex(
            "aa87ca22 be8b0537 8eb1c71e f320ad74 6e1d3b62 8ba79b98 59f741e0 82542a38 \
             5502f25d bf55296c 3a545e38 72760ab7",
        ),
        from_hex(
            "3617de4a 96262c6f 5d9e98bf 9292dc29 f8f41dbd 289a147c e9da3113 b5f0b8c0 \
             0a60b1ce 1d7e819d 7a431d7c 90ea0e5f",
        ),
    ];

    fn base_tables() -> &'static BaseTables<P384Field> {
        static TABLES: BaseTables<P384Field> = BaseTables::new();
        &TABLES
    }
}

/// P-521.
pub(crate) struct P521;

impl Curve<17> for P521 {
    type Field = P521Field;
    type Order = Modulus<17, 19>;
    const ORDER: &'static Self::Order = &orders::P521;
    // 521 bits: the highest word has only nine.
    const BYTES: usize = 66;
    const PRIME: [u32; 17] = p521::PRIME;
    const B: [u32; 17] = from_hex(
        "00000051 953eb961 8e1c9a1f 929a21a0 b68540ee a2da725b 99b315f3 b8b48991 \
         8ef109e1 56193951 ec7e937b 1652c0bd 3bb1bf07 3573df88 3d2c34f1 ef451fd4 \
         6b503f00",
    );
    const BASE: [[u32; 17]; 2] = [
        from_hex(
            "000000c6 858e06b7 0404e9cd 9e3ecb66 2395b442 9c648139 053fb521 f828af60 \
             6b4d3dba a14b5e77 efe75928 fe1dc127 a2ffa8de 3348b3c1 856a429b f97e7e31 \
             c2e5bd66",
        ),
        from_hex(
            "00000118 39296a78 9a3bc004 5c8a5fb4 2c7d1bd9 98f54449 579b4468 17afbd17 \
             273e662c 97ee7299 5ef42640 c550b901 3fad0761 353c7086 a272c240 88be9476 \
             9fd16650",
        ),
    ];

    fn base_tables() -> &'static BaseTables<P521Field> {
        static TABLES: BaseTables<P521Field> = BaseTables::new();
        &TABLES
    }
}
