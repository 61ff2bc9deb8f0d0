//! Tests of `reader.rs` and `document.rs`.

use alloc::string::ToString;

use super::*;
use crate::json::document::Json;

#[track_caller]
fn refused(text: impl AsRef<[u8]>, problem: JsonProblem) {
    assert_eq!(Document::read(text.as_ref(), Names::Unique).err(), Some(problem));
}

#[test]
fn an_object_is_read_with_its_members_in_order() {
    let document =
        Document::read(br#" {"a":1.5,"b":["x",null,true],"c":{"\u0064":"\n"}} "#, Names::Unique).unwrap();
    let object = document.object();
    assert!(matches!(object.get("a"), Some(Json::Number(1.5))));
    assert_eq!(object.get("b").unwrap().as_array().unwrap().items().next().unwrap().as_str(), Some("x"));
    let Some(Json::Object(inner)) = object.get("c") else { panic!("no object") };
    assert_eq!(inner.get("d").unwrap().as_str(), Some("\n"));
    assert_eq!(object.members().map(|(name, _)| name).collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[test]
fn what_is_no_object_is_refused() {
    for text in ["[]", "\"a\"", "1", "null", "true"] {
        refused(text, JsonProblem::NotObject);
    }
}

#[test]
fn what_is_no_json_is_refused() {
    for text in [
        "",
        "{",
        "{}x",
        "{'a':1}",
        "{\"a\":1,}",
        "{\"a\":01}",
        "{\"a\":NaN}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\\ud80\"}",
        "{1:2}",
    ] {
        refused(text, JsonProblem::Malformed);
    }
}

#[test]
fn v19_what_json_allows_and_no_claim_can_mean_is_named() {
    for text in [r"\ud800", r"\udc00", r"\ud800x", r"\ud800\n", r"\ud800\ud800", r"\udfff\ud800", r"a\ud83d"]
    {
        refused(alloc::format!("{{\"a\":\"{text}\"}}"), JsonProblem::LoneSurrogate);
    }
    for text in ["1e999", "-1e999", "1e309", "123456789e999"] {
        refused(alloc::format!("{{\"a\":[{text}]}}"), JsonProblem::NumberRange);
    }
}

#[test]
fn bytes_that_are_no_utf8_and_byte_order_marks_are_refused() {
    refused(b"{\"a\":\"\xff\"}", JsonProblem::NotUtf8);
    refused(b"{\"a\":\"\xc0\x80\"}", JsonProblem::NotUtf8);
    refused("\u{feff}{}", JsonProblem::ByteOrderMark);
}

#[test]
fn a_name_that_stands_twice_is_refused_at_every_level_and_through_escapes() {
    refused(r#"{"a":1,"a":1}"#, JsonProblem::DuplicateMember);
    refused(r#"{"a":{"b":1,"b":2}}"#, JsonProblem::DuplicateMember);
    refused(r#"{"alg":1,"al\u0067":2}"#, JsonProblem::DuplicateMember);
    let many: alloc::string::String = (0..60).map(|i| alloc::format!("\"k{i}\":0,")).collect();
    refused(alloc::format!("{{{many}\"k7\":1}}"), JsonProblem::DuplicateMember);
    for count in 1..60 {
        // Names of one shape, of many, and of a few.
        let named: [fn(usize) -> String; 3] =
            [|i| alloc::format!("k{i:02}k"), |i| "k".repeat(i + 1), |i| i.to_string()];
        for name in named {
            let names: alloc::string::String =
                (0..count).map(|i| alloc::format!("\"{}\":0,", name(i))).collect();
            let last = name(count);
            assert!(
                Document::read(alloc::format!("{{{names}\"{last}\":0}}").as_bytes(), Names::Unique).is_ok()
            );
            for i in 0..count {
                refused(alloc::format!("{{{names}\"{}\":0}}", name(i)), JsonProblem::DuplicateMember);
            }
        }
    }
    assert!(Document::read(alloc::format!("{{{many}\"k\":1}}").as_bytes(), Names::Unique).is_ok());
}

#[test]
fn a_marked_object_leaves_its_neighbours_alone() {
    let document = Document::read(br#"{"x":{"a":1,"a":2},"y":{"a":1}}"#, Names::Marked).unwrap();
    let object = document.object();
    let ambiguous = |name| matches!(object.get(name), Some(Json::Object(inner)) if inner.ambiguous);
    assert!(ambiguous("x"));
    assert!(!ambiguous("y"));
}

#[test]
fn nesting_ends_at_its_bound() {
    let nested =
        |depth: usize| alloc::format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert!(Document::read(nested(MAXIMUM_DEPTH).as_bytes(), Names::Unique).is_ok());
    refused(nested(MAXIMUM_DEPTH + 1), JsonProblem::TooDeep);
    refused("[".repeat(100_000), JsonProblem::TooDeep);
}

/// Returns the result of serde_json. It does not reject repeated names, and it counts levels differently.
fn other(text: &str) -> Option<serde_json::Value> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    value.is_object().then_some(value)
}

fn same(ours: Json<'_>, theirs: &serde_json::Value) -> bool {
    match (ours, theirs) {
        (Json::Null, serde_json::Value::Null) => true,
        (Json::Bool(ours), serde_json::Value::Bool(theirs)) => ours == *theirs,
        // The last bit of a number may differ, unless it is a time (see `number`).
        (Json::Number(ours), serde_json::Value::Number(theirs)) => {
            let theirs = theirs.as_f64().unwrap();
            (ours - theirs).abs() <= theirs.abs() * f64::EPSILON * 400.0
        }
        (Json::String(ours), serde_json::Value::String(theirs)) => ours == theirs,
        (Json::Array(ours), serde_json::Value::Array(theirs)) => {
            ours.items().count() == theirs.len()
                && ours.items().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
        }
        (Json::Object(ours), serde_json::Value::Object(theirs)) => {
            ours.members().count() == theirs.len()
                && ours.members().all(|(name, place)| same(ours.at(place).unwrap(), &theirs[name]))
        }
        _ => false,
    }
}

#[track_caller]
fn agree(text: &str) {
    match (Document::read(text.as_bytes(), Names::Unique), other(text)) {
        (Ok(ours), Some(theirs)) => assert!(same(Json::Object(ours.object()), &theirs), "{text}"),
        (Err(JsonProblem::DuplicateMember), _) | (Err(_), None) => {}
        (ours, theirs) => panic!("{text}: {ours:?}, {theirs:?}"),
    }
}

#[test]
fn it_reads_what_serde_json_reads_whatever_is_changed_in_a_text() {
    let texts = [
        r#"{"iss":"https://a.example","aud":["a","b"],"exp":1800000000,"nbf":1.5e3,"x":{"y":[[],{},null,true,false]},"z":-0.25}"#,
        "{\"a\":\"\\u00e9\\ud83d\\ude00\\n\\/\\\\\\\"\" , \"é\" : [ 0 , -0 , 1E+2 , 123456789012345678901 ] }",
    ];
    let letters = "{}[]\"\\,:.-+eE019atfnu \t\u{7f}é\u{1}";
    for text in texts {
        agree(text);
        let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
        for &place in &places {
            let (before, after) = text.split_at(place);
            agree(before);
            for letter in letters.chars() {
                agree(&alloc::format!("{before}{letter}{after}"));
                let mut rest = after.chars();
                rest.next();
                agree(&alloc::format!("{before}{letter}{}", rest.as_str()));
                agree(&alloc::format!("{before}{}", rest.as_str()));
            }
        }
    }
}

#[test]
fn numbers_are_read_to_their_doubles() {
    for text in [
        "0",
        "-0",
        "9",
        "999999999",
        "4294967295",
        "4294967296",
        "9007199254740993",
        "18446744073709551615",
        "18446744073709551616",
        "0.1",
        "1e-7",
        "123456.789e3",
        "1.7976931348623157e308",
        "-1e-400",
    ] {
        let json = alloc::format!("{{\"a\":{text}}}");
        let document = Document::read(json.as_bytes(), Names::Unique).unwrap();
        let Some(Json::Number(number)) = document.object().get("a") else { panic!("no number") };
        assert_eq!(number.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
    }
    for text in ["00", "01", "-", "-a", "1.", ".1", "1e", "1e+", "+1", "0x1", "Infinity", "1_0"] {
        refused(alloc::format!("{{\"a\":{text}}}"), JsonProblem::Malformed);
    }
}
