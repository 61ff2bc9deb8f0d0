//! Checks the names of new clients. Clients of older stores keep their names.

use super::token_request::parse_scope;
use crate::TokenRefusal;

/// The longest identifier of a new client, in characters.
const LONGEST_ID: usize = 128;

/// The beginning of the `sub` of each person. No client identifier begins with it.
pub(crate) const SUBJECT_PREFIX: &str = "u_";

/// Checks the identifier of a new client: 1 to 128 of the unreserved characters of RFC 3986 §2.3. Such an identifier is
/// the same in a form, in a Basic header (RFC 6749 §2.3.1) and in a log. None begins with `u_`, as the `sub` of people does.
///
/// # Errors
/// [`TokenRefusal::ClientId`].
pub fn check_client_id(id: &str) -> Result<(), TokenRefusal> {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'~' | b'-');
    let person = id.starts_with(SUBJECT_PREFIX);
    if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(unreserved) || person {
        return Err(TokenRefusal::ClientId);
    }
    Ok(())
}

/// Reads the scopes in a text: different words of RFC 6749 §3.3, separated by single spaces. An empty text has none.
///
/// # Errors
/// [`TokenRefusal::Scope`].
pub fn parse_scopes(text: &str) -> Result<Vec<String>, TokenRefusal> {
    if text.is_empty() {
        return Ok(vec![]);
    }
    Ok(parse_scope(text)?.split(' ').map(str::to_owned).collect())
}

/// Checks audiences that an operator chose: each is a name, or a URI without a fragment (RFC 7519 §2, RFC 8707 §2), and
/// none is repeated.
///
/// # Errors
/// [`TokenRefusal::Audience`], [`TokenRefusal::Repeated`].
pub fn check_audiences(audiences: &[String]) -> Result<(), TokenRefusal> {
    for (index, audience) in audiences.iter().enumerate() {
        if !is_audience(audience) {
            return Err(TokenRefusal::Audience);
        }
        if audiences.iter().take(index).any(|earlier| earlier == audience) {
            return Err(TokenRefusal::Repeated { what: "an audience" });
        }
    }
    Ok(())
}

fn is_audience(text: &str) -> bool {
    // The characters of a URI without a fragment: RFC 3986 §2.
    let in_uri = |c: char| c.is_ascii_graphic() && !r##""#<>\^`{|}"##.contains(c);
    match text.split_once(':') {
        Some((scheme, rest)) => is_scheme(scheme) && !rest.is_empty() && text.chars().all(in_uri),
        None => !text.is_empty() && !text.contains(|c: char| c == '#' || c.is_whitespace() || c.is_control()),
    }
}

/// RFC 3986 §3.1.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k8_a_new_client_has_an_identifier_of_unreserved_characters() {
        let longest = "x".repeat(LONGEST_ID);
        for id in ["worker", "a", "A.z_0~9-", &longest] {
            assert_eq!(check_client_id(id), Ok(()), "{id}");
        }
        let too_long = "x".repeat(LONGEST_ID + 1);
        for id in ["", "we:ird né", "a b", "a/b", "a%20b", "a+b", "a\n", "é", "u_x", &too_long] {
            assert_eq!(check_client_id(id), Err(TokenRefusal::ClientId), "{id}");
        }
    }

    #[test]
    fn k11_an_audience_is_a_name_or_a_uri_without_a_fragment() {
        for good in
            ["api", "ünicode", "https://api.example/a?b=c%20", "urn:example:api", "https://[::1]:8443"]
        {
            assert_eq!(check_audiences(&[good.to_owned()]), Ok(()), "{good}");
        }
        for bad in
            ["", "https://api.example/#part", "api#part", "a b", "://x", "1a:b", "https:", "a:b c", "a:é"]
        {
            assert_eq!(check_audiences(&[bad.to_owned()]), Err(TokenRefusal::Audience), "{bad}");
        }
        assert_eq!(
            check_audiences(&["a", "b", "a"].map(str::to_owned)),
            Err(TokenRefusal::Repeated { what: "an audience" })
        );
    }
}
