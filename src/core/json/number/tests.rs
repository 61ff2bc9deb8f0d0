//! Tests of `number.rs`.

use alloc::{format, string::ToString};

use super::*;

/// Whether it is a double as far as the standard library can tell, and that double to within `neighbours` of it.
#[track_caller]
fn agrees(text: &str, neighbours: f64) {
    let expected: f64 = text.parse().unwrap();
    match read(text) {
        None => assert!(!expected.is_finite(), "{text}"),
        Some(ours) => {
            assert!(expected.is_finite(), "{text}");
            let near = expected.abs() * f64::EPSILON * neighbours;
            assert!((ours - expected).abs() <= near.max(1e-280), "{text}: {ours:e}");
            assert_eq!(ours.is_sign_negative(), expected.is_sign_negative(), "{text}");
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers in every run.
fn random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = (*seed ^ *seed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

#[test]
fn a_number_of_few_digits_is_the_nearest_double() {
    for text in [
        "0",
        "-0",
        "0.0",
        "-0.000e999",
        "0e-999",
        "1",
        "-1",
        "10",
        "0.1",
        "1e22",
        "1e-22",
        "123456789012345",
        "9007199254740991",
        "9007199254740993",
        "1e0000000000000000000001",
        "1E+2",
        "1e-2",
        "0.000001e6",
        "1700000000.123",
        "1700000000.12345",
        "18446744073709551616",
        "0.0000000000000000000001",
    ] {
        assert_eq!(read(text).unwrap().to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
    }
    let mut seed = 1;
    for _ in 0..20_000 {
        let digits = random(&mut seed) % 1_000_000_000_000_000;
        let exponent = i32::try_from(random(&mut seed) % 45).unwrap() - 22;
        let text = format!("{digits}e{exponent}");
        assert_eq!(read(&text), text.parse().ok(), "{text}");
    }
}

#[test]
fn a_number_of_many_digits_is_one_of_the_next_doubles() {
    for text in [
        "1234567890123456",
        "123456789012345678901234567890",
        "9007199254740993.0000000000000000000000001",
        "1700000000.1234567890123456789012345678901234567890",
        "0.000000000000000000000000000000000000000000000000000000000000000000001",
        "5e-324",
        "2.2250738585072014e-308",
        "1e-99999999999",
        "-1e-400",
    ] {
        agrees(text, 100.0);
    }
    let mut seed = 2;
    for _ in 0..20_000 {
        let bits = random(&mut seed);
        // Times, whatever a clock may say behind the point.
        agrees(&format!("{}.{bits}", bits >> 30), 2.0);
        let exponent = i32::try_from(random(&mut seed) % 700).unwrap() - 350;
        agrees(&format!("{bits}e{exponent}"), 400.0);
        agrees(&format!("{}.{}e{exponent}", bits >> 40, bits & 0xffff_ffff), 400.0);
        let double = f64::from_bits(bits);
        if double.is_finite() {
            agrees(&format!("{double:e}"), 400.0);
        }
    }
    agrees(&format!("0.{}", "9".repeat(3_000)), 1.0);
    agrees(&format!("0.{}1e3000", "0".repeat(3_000)), 400.0);
    agrees(&format!("1{}e-2999", "0".repeat(3_000)), 1.0);
}

/// One runtime would read infinity, and another one its largest double: the meaning is unclear.
#[test]
fn a_number_beyond_the_doubles_is_none() {
    for (largest, beyond) in [
        ("1e308", "1e309"),
        ("1.7976931348623157e308", "1.7976931348623159e308"),
        ("1.797693134862315806999e308", "1.797693134862315808e308"),
        ("0.00017976931348623158e312", "17976931348623159e292"),
        ("-9e307", "-1e400"),
        ("0e99999999999", "1e99999999999"),
    ] {
        agrees(largest, 400.0);
        assert!(read(largest).is_some(), "{largest}");
        assert_eq!(read(beyond), None, "{beyond}");
    }
    let largest = format!("{:.0}", f64::MAX);
    agrees(&largest, 400.0);
    assert!(read(&largest).is_some());
    assert_eq!(read(&format!("{largest}0")), None);
    // In the middle between the largest double and the next, which there is not, infinity begins; nineteen digits of it are all
    // that is looked at.
    let middle = "1.79769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904174497792e308";
    for (behind, finite) in [("", false), ("1", false)] {
        let text = middle.replace('e', &format!("{behind}e"));
        assert_eq!((read(&text), text.parse::<f64>().unwrap().is_finite()), (None, finite));
    }
}

#[test]
fn times_are_shown_as_the_standard_library_shows_them_to_the_millisecond() {
    let mut seed = 3;
    let mut times = alloc::vec![0.0, 1.0, 0.5, 60.0, 0.1, 0.001, 1_700_000_000.0, 1_700_000_000.123];
    times.extend([9_007_199_254_740_991.0, 9_007_199_254_740_992.0, 4_503_599_627_370_497.0, 0.999]);
    for _ in 0..20_000 {
        let whole = double(random(&mut seed) >> 14);
        times.extend([whole, double(random(&mut seed) >> 20) / 1e3]);
    }
    for time in times {
        assert_eq!(seconds(time), time.to_string());
        if time > 0.0 {
            assert_eq!(seconds(-time), (-time).to_string());
        }
    }
}

#[test]
fn what_is_finer_or_no_time_is_shown_shortened() {
    for (number, text) in [
        (1e300, ">9007199254740992"),
        (-9_007_199_254_740_994.0, "<-9007199254740992"),
        (-0.0, "0"),
        (5e-324, "0"),
        (1.0 / 3.0, "0.333"),
        (0.9996, "1"),
        (59.999_9, "60"),
        (1_700_000_000.123_456_7, "1700000000.123"),
    ] {
        assert_eq!(seconds(number), text);
    }
}
