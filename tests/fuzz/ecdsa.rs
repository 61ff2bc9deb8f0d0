//! ECDSA: a key, a message and a signature, made so that the key, the nonce, R, S and both factors of a verification can be near
//! to any number; then bent.

use std::sync::OnceLock;

use jotgate_crypto::{Algorithm, KeyParts, PreparedKey, digest};

use crate::input::Input;
use crate::numbers::{hex, minus, plus, power_of_two, small};
use crate::verdicts::{Case, heated, judge};

/// What differs from curve to curve. All numbers are big-endian and of the field's width.
pub(crate) struct Curve {
    algorithm: Algorithm,
    bits: usize,
    prime: &'static str,
    order: &'static str,
    /// How often those of [`KEYS`] that are heated most have verified: until their widest table is there.
    hottest: usize,
    /// Where the highest row of the base point's tables begins: the last entry out of them meets the first of the key's, which for
    /// such a key may be the same point or its opposite.
    tops: [usize; 3],
    hot: [OnceLock<PreparedKey>; KEYS.len()],
    /// Of a secret number: both coordinates; nothing for zero.
    public: fn(&[u8]) -> Option<Point>,
    /// Of a secret number, a nonce and a hash: R and S.
    sign: Sign,
    /// Of what R's x and S shall be, and a hash: the key for which they are a signature, R and S.
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

/// What a signature shall be.
struct Wanted {
    x: Vec<u8>,
    odd: bool,
    over: Over,
    divisor: Vec<u8>,
}

/// What S is, times the divisor: with the hash or R, the divisor is a factor of the verification.
#[derive(Clone, Copy)]
enum Over {
    One,
    Hash,
    R,
}

/// Keys that verified so often that they have tables: how often – zero is until the widest is there, by `growth` of the engine –
/// and their secret number. The base point and its neighbours make equal and opposite entries in both tables.
// Tables wider than the usual may take half of the memory for all of them: one such key a curve leaves room for the others.
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
    /// Without any pattern, of this seed.
    Spread(u8),
    Small(u8),
    /// The order less this.
    Opposite(u8),
    /// The two to which power stands in [`Curve::tops`].
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

    /// The message's hash as a number: none is longer than its curve.
    fn hash(&self, message: &[u8]) -> Vec<u8> {
        let hash = digest(self.algorithm.facts().hash, &[message]);
        [&vec![0; self.width() - hash.len()], &hash[..]].concat()
    }

    /// A number near to zero, to the order, to the prime, to a power of two, or anywhere; rarely above the order.
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

    /// A key that verified many signatures, and its secret number.
    fn heated(&self, index: usize) -> (Vec<u8>, &PreparedKey) {
        let width = self.width();
        let (successes, secret) = &KEYS[index];
        let secret = match secret {
            Secret::Spread(seed) => {
                let mut number = Input::of(&[*seed]).spread(width);
                number[0] = 0;
                number
            }
            Secret::Small(number) => small(width, *number),
            Secret::Top(at) => power_of_two(width, self.tops[*at]),
            Secret::Opposite(number) => minus(&hex(self.order), &small(width, *number)),
        };
        let key = self.hot[index].get_or_init(|| {
            let public = (self.public)(&secret).expect("no secret number is zero");
            let made = (self.sign)(&secret, &small(width, 7), &self.hash(b"")).expect("neither is zero");
            let right = self.case(&public, b"", made.concat());
            heated(&right, if *successes == 0 { self.hottest } else { *successes })
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
        let (secret, key) = curve.heated(way);
        hot = Some(key);
        let public = (curve.public)(&secret).expect("no secret number is zero");
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
    // What can't be made is taken as it comes.
    let (mut public, made) = made.unwrap_or_else(|| ([curve.number(input), curve.number(input)], None));
    let right = made.is_some();
    let [r, s] = made.unwrap_or_else(|| [curve.number(input), curve.number(input)]);
    let whole = curve.case(&public, &message, [&r[..], &s].concat());
    let accepted = judge(&whole, hot);
    assert!(accepted || !right, "a right signature is refused by all");
    // An x from the order on stands for the same residue, and must not stand in a signature.
    if let Some(x) = unreduced {
        assert!(!judge(&curve.case(&public, &message, [&x[..], &s].concat()), None), "R is taken as it is");
    }
    // A key of the input's own with its first table: the signature is repeated until it is there.
    let warmed = (right && hot.is_none() && input.below(16) == 1).then(|| heated(&whole, 40));
    if let Some(key) = &warmed {
        judge(&whole, Some(key));
    }
    let hot = hot.or(warmed.as_ref());

    let (mut numbers, before) = ([r, s], public.clone());
    let mut resized = None;
    let bent = input.below(4);
    for _ in 0..bent {
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
            7 => input.bend_message(&mut message),
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
    if bent > 0 {
        let made = resized.unwrap_or_else(|| numbers.concat());
        judge(&curve.case(&public, &message, made), hot.filter(|_| public == before));
    }
}
