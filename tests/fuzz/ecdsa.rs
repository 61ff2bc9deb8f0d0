//! ECDSA: makes a key, a message and a signature, then changes them. The key, the nonce, R, S and both factors
//! of a verification can be near any number.

use std::sync::OnceLock;

use jotgate_crypto::{Algorithm, KeyParts, PreparedKey, digest};

use crate::input::Input;
use crate::numbers::{hex, minus, plus, power_of_two, small};
use crate::verdicts::{Case, judge, warmed_up};

/// The parameters of a curve. All numbers are big-endian and have the width of the field.
pub(crate) struct Curve {
    algorithm: Algorithm,
    bits: usize,
    prime: &'static str,
    order: &'static str,
    /// How often the keys with a 0 in [`KEYS`] verify, until they have their widest table.
    hottest: usize,
    /// Where the highest row of the base point's tables begins. For such a key, the last entry of that table
    /// and the first of the key's may be the same point or opposite.
    tops: [usize; 3],
    hot: [OnceLock<PreparedKey>; KEYS.len()],
    /// Both coordinates of the public key of a secret number; `None` for zero.
    public: fn(&[u8]) -> Option<Point>,
    /// R and S of a secret number, a nonce and a hash.
    sign: Sign,
    /// The key for which the wanted R and S are a signature of the hash, with R and S.
    forge: Forge,
}

/// Both coordinates.
type Point = [Vec<u8>; 2];
/// R and S.
type Signature = [Vec<u8>; 2];
/// What [`Curve::sign`] does.
type Sign = fn(&[u8], &[u8], &[u8]) -> Option<Signature>;
/// What [`Curve::forge`] does.
type Forge = fn(&Wanted, &[u8]) -> Option<(Point, Signature)>;

/// The signature that is wanted.
struct Wanted {
    x: Vec<u8>,
    odd: bool,
    over: Over,
    divisor: Vec<u8>,
}

/// S times the divisor. With the hash or R, the divisor is a factor of the verification.
#[derive(Clone, Copy)]
enum Over {
    One,
    Hash,
    R,
}

/// Keys that have tables: how often they have verified, and their secret number. 0 means until the widest table
/// exists. The base point and its neighbours make equal and opposite entries in both tables.
// The widest tables may use half of the memory, so there is one such key for each curve.
const KEYS: [(usize, Secret); 10] = [
    (40, Secret::Spread(1)),
    (40, Secret::Small(1)),
    (40, Secret::Opposite(1)),
    (40, Secret::Small(2)),
    (40, Secret::Top(0)),
    (40, Secret::Top(1)),
    (40, Secret::Top(2)),
    (600, Secret::Spread(2)),
    (600, Secret::Small(1)),
    (0, Secret::Spread(3)),
];

enum Secret {
    /// Random bytes of this seed.
    Spread(u8),
    Small(u8),
    /// The order minus this number.
    Opposite(u8),
    /// Two to the power in [`Curve::tops`].
    Top(usize),
}

macro_rules! curve {
    ($name:ident, $krate:ident, $algorithm:ident, $bits:literal, $hottest:literal, $tops:expr, $prime:literal, $order:literal) => {
        pub(crate) static $name: Curve = {
            use $krate::elliptic_curve::Group;
            use $krate::elliptic_curve::ff::PrimeField;
            use $krate::elliptic_curve::ops::Reduce;
            use $krate::elliptic_curve::point::DecompressPoint;
            use $krate::elliptic_curve::sec1::ToSec1Point;
            use $krate::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};

            fn scalar(number: &[u8]) -> Scalar {
                Reduce::reduce(&FieldBytes::try_from(number).expect("the field's width"))
            }

            fn inverse(number: Scalar) -> Option<Scalar> {
                number.invert().into()
            }

            fn coordinates(point: ProjectivePoint) -> Option<Point> {
                let point = point.to_affine().to_sec1_point(false);
                Some([point.x()?.to_vec(), point.y()?.to_vec()])
            }

            fn units(r: Scalar, s: Scalar) -> Option<Signature> {
                let units = r != Scalar::ZERO && s != Scalar::ZERO;
                units.then(|| [r, s].map(|number| number.to_repr().to_vec()))
            }

            Curve {
                algorithm: Algorithm::$algorithm,
                bits: $bits,
                prime: $prime,
                order: $order,
                hottest: $hottest,
                tops: $tops,
                hot: [const { OnceLock::new() }; KEYS.len()],
                public: |secret| coordinates(ProjectivePoint::generator() * scalar(secret)),
                sign: |secret, nonce, hash| {
                    let nonce = scalar(nonce);
                    let [x, _] = coordinates(ProjectivePoint::generator() * nonce)?;
                    let r = scalar(&x);
                    units(r, (scalar(hash) + r * scalar(secret)) * inverse(nonce)?)
                },
                forge: |wanted, hash| {
                    let x = FieldBytes::try_from(&wanted.x[..]).expect("the field's width");
                    let point = AffinePoint::decompress(&x, u8::from(wanted.odd).into());
                    let point = ProjectivePoint::from(Option::<AffinePoint>::from(point)?);
                    let (r, hash) = (scalar(&wanted.x), scalar(hash));
                    let dividend = match wanted.over {
                        Over::One => Scalar::ONE,
                        Over::Hash => hash,
                        Over::R => r,
                    };
                    let s = dividend * inverse(scalar(&wanted.divisor))?;
                    let key = (point * s - ProjectivePoint::generator() * hash) * inverse(r)?;
                    Some((coordinates(key)?, units(r, s)?))
                },
            }
        };
    };
}

curve!(
    P256,
    p256,
    ES256,
    256,
    4200,
    [255, 252, 250],
    "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
);
curve!(
    P384,
    p384,
    ES384,
    384,
    2200,
    [380, 384, 378],
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"
);
curve!(
    P521,
    p521,
    ES512,
    521,
    600,
    [520, 516, 516],
    "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
);

impl Curve {
    const fn width(&self) -> usize {
        self.bits.div_ceil(8)
    }

    /// The hash of the message as a number. It is never wider than the curve.
    fn hash(&self, message: &[u8]) -> Vec<u8> {
        let hash = digest(self.algorithm.facts().hash, &[message]);
        [&vec![0; self.width() - hash.len()], &hash[..]].concat()
    }

    /// A number near zero, the order, the prime or a power of two, or any number. It is rarely above the order.
    fn number(&self, input: &mut Input<'_>) -> Vec<u8> {
        let width = self.width();
        let mut number = match input.below(8) {
            0 => small(width, input.byte()),
            1 => minus(&hex(self.order), &small(width, input.byte())),
            2 => plus(&hex(self.order), &small(width, input.byte())),
            3 => minus(&hex(self.prime), &small(width, input.byte())),
            4 => plus(&power_of_two(width, input.below(self.bits)), &small(width, input.byte())),
            5 => minus(&power_of_two(width, input.below(self.bits)), &small(width, input.byte())),
            6 => input.bytes(width),
            _ => input.spread(width),
        };
        if !self.bits.is_multiple_of(8) {
            number[0] &= 0xff >> (8 - self.bits % 8);
        }
        number
    }

    fn case(&self, [x, y]: &Point, message: &[u8], signature: Vec<u8>) -> Case {
        let curve = self.algorithm.facts().curve.expect("ECDSA has a curve");
        let key = KeyParts::Ec { curve, x: x.clone(), y: y.clone() };
        Case { algorithm: self.algorithm, key, message: message.to_vec(), signature }
    }

    /// A key that has verified many signatures, and its secret number.
    fn warmed_up(&self, index: usize) -> (Vec<u8>, &PreparedKey) {
        let width = self.width();
        let (successes, secret) = &KEYS[index];
        let secret = match secret {
            Secret::Spread(seed) => {
                let mut number = Input::of(&[*seed]).spread(width);
                number[0] = 0;
                number
            }
            Secret::Small(number) => small(width, *number),
            Secret::Top(index) => power_of_two(width, self.tops[*index]),
            Secret::Opposite(number) => minus(&hex(self.order), &small(width, *number)),
        };
        let key = self.hot[index].get_or_init(|| {
            let public = (self.public)(&secret).expect("the secret number is not zero");
            let made = (self.sign)(&secret, &small(width, 7), &self.hash(b"")).expect("neither is zero");
            let valid = self.case(&public, b"", made.concat());
            warmed_up(&valid, if *successes == 0 { self.hottest } else { *successes })
        });
        (secret, key)
    }
}

pub(crate) fn run(curve: &'static Curve, input: &mut Input<'_>) {
    let mut message = input.message();
    let hash = curve.hash(&message);
    let way = input.below(2 * KEYS.len());
    let (mut hot, mut made, mut unreduced) = (None, None, None);
    if way < KEYS.len() {
        let (secret, key) = curve.warmed_up(way);
        hot = Some(key);
        let public = (curve.public)(&secret).expect("the secret number is not zero");
        made = Some((public, (curve.sign)(&secret, &curve.number(input), &hash)));
    } else if way.is_multiple_of(3) {
        let secret = curve.number(input);
        made = (curve.public)(&secret)
            .map(|public| (public, (curve.sign)(&secret, &curve.number(input), &hash)));
    } else {
        let wanted = Wanted {
            x: curve.number(input),
            odd: input.below(2) == 1,
            over: input.pick(&[Over::One, Over::Hash, Over::R]),
            divisor: curve.number(input),
        };
        if let Some((public, made_for)) = (curve.forge)(&wanted, &hash) {
            unreduced = (wanted.x != made_for[0]).then_some(wanted.x);
            made = Some((public, Some(made_for)));
        }
    }
    // If there is no such signature, the numbers are taken from the input.
    let (mut public, made) = made.unwrap_or_else(|| ([curve.number(input), curve.number(input)], None));
    let right = made.is_some();
    let [r, s] = made.unwrap_or_else(|| [curve.number(input), curve.number(input)]);
    let whole = curve.case(&public, &message, [&r[..], &s].concat());
    let accepted = judge(&whole, hot);
    assert!(accepted || !right, "all refuse a valid signature");
    // x and x minus the order are the same residue; a signature must not contain the larger one.
    if let Some(x) = unreduced {
        assert!(
            !judge(&curve.case(&public, &message, [&x[..], &s].concat()), None),
            "an R above the order is accepted"
        );
    }
    // Repeats the signature until this key has its first table.
    let warmed = (right && hot.is_none() && input.below(16) == 1).then(|| warmed_up(&whole, 40));
    if let Some(key) = &warmed {
        judge(&whole, Some(key));
    }
    let hot = hot.or(warmed.as_ref());

    let (mut numbers, before) = ([r, s], public.clone());
    let mut resized = None;
    let changes = input.below(4);
    for _ in 0..changes {
        let which = input.below(2);
        let number = &mut numbers[which];
        match input.below(11) {
            0 => input.flip(number),
            1 => *number = minus(&hex(curve.order), number),
            2 => *number = plus(number, &hex(curve.order)),
            3 => *number = minus(number, &hex(curve.order)),
            4 => *number = curve.number(input),
            5 => numbers.swap(0, 1),
            6 => {
                let mut whole = numbers.concat();
                input.resize(&mut whole);
                resized = Some(whole);
            }
            7 => input.change_message(&mut message),
            8 => input.flip(&mut public[which]),
            9 => {
                let prime = hex(curve.prime);
                let coordinate = &mut public[which];
                *coordinate =
                    if input.below(2) == 0 { minus(&prime, coordinate) } else { plus(coordinate, &prime) };
            }
            _ => {
                public[which] =
                    if input.below(4) == 0 { input.spread(curve.width() - 1) } else { curve.number(input) }
            }
        }
    }
    if changes > 0 {
        let made = resized.unwrap_or_else(|| numbers.concat());
        judge(&curve.case(&public, &message, made), hot.filter(|_| public == before));
    }
}
