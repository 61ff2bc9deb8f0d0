//! Parses the parameters of an `application/x-www-form-urlencoded` body. A malformed body is refused.

use zeroize::Zeroize as _;

/// The decoded parameters of a request. Parameters without a value count as omitted (RFC 6749 §3.2).
pub(crate) struct Form(Vec<(String, String)>);

/// A malformed body, or a repeated parameter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FormRefusal;

impl Form {
    /// Reads a body. Only the parameter `repeatable` may be repeated (RFC 6749 §3.2).
    pub(crate) fn parse(body: &[u8], repeatable: &str) -> Result<Self, FormRefusal> {
        let mut form = Self(vec![]);
        let pairs = &mut form.0;
        for pair in body.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut halves = pair.splitn(2, |&byte| byte == b'=');
            let name = decode(halves.next().unwrap_or_default()).ok_or(FormRefusal)?;
            let value = decode(halves.next().unwrap_or_default()).ok_or(FormRefusal)?;
            if name != repeatable && pairs.iter().any(|(known, _)| *known == name) {
                return Err(FormRefusal);
            }
            pairs.push((name, value));
        }
        pairs.retain(|(_, value)| !value.is_empty());
        Ok(form)
    }

    /// Writes the parameters as a query, in their order.
    pub(crate) fn to_query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.0);
        query.finish()
    }

    /// Returns the value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns all values of a parameter.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Drop for Form {
    fn drop(&mut self) {
        // Passwords, secrets and codes are among them.
        self.0.iter_mut().for_each(|(_, value)| value.zeroize());
    }
}

/// Decodes one name or value. Returns `None` for an invalid escape or text that is not UTF-8.
pub(crate) fn decode(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let (byte, left) = match (first, tail) {
            (b'%', [high, low, left @ ..]) => (digit(*high)? * 16 + digit(*low)?, left),
            (b'%', _) => return None,
            (b'+', left) => (b' ', left),
            (other, left) => (*other, left),
        };
        bytes.push(byte);
        rest = left;
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_those_without_a_value_are_as_if_omitted() {
        let form = Form::parse(b"a=b+c%2B%3d&scope=&x&r=1&r=2&%C3%A4=%e2%82%ac", "r").unwrap();
        assert_eq!(form.get("a"), Some("b c+="));
        assert_eq!((form.get("scope"), form.get("x")), (None, None));
        assert_eq!(form.all("r").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(form.get("ä"), Some("€"));
        assert!(Form::parse(b"", "r").unwrap().0.is_empty());
    }

    #[test]
    fn what_came_twice_or_is_no_form_is_refused() {
        for body in ["a=1&a=1", "a=1&%61=2", "a=&a=1", "a=%", "a=%4", "a=%zz", "a=%ff", "%=a"] {
            assert!(Form::parse(body.as_bytes(), "r").is_err(), "{body}");
        }
    }
}
