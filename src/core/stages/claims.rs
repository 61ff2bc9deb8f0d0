//! The fifth stage: reads the claims of a signed payload (RFC 7519 §4.1, §7.2). [`Claims::read`] takes a [`SignedPayload`], so claims are
//! never read before the signature is verified.

use alloc::vec::Vec;

use crate::{
    json::document::{Document, Json, Names, Object, Value},
    json::layouts::Layouts,
    refusal::{JsonProblem, Refusal},
    stages::signature::SignedPayload,
};

/// The claims of a signed token. The types of the registered ones are checked.
#[derive(Debug)]
pub struct Claims<'p> {
    pub(crate) typ: Option<&'p str>,
    document: Document<'p>,
    registered: Registered,
}

/// The registered claims that a policy compares: the index of a string or array, or the value of a time.
#[derive(Debug, Default)]
struct Registered {
    iss: Option<usize>,
    sub: Option<usize>,
    aud: Option<usize>,
    exp: Option<f64>,
    nbf: Option<f64>,
    iat: Option<f64>,
}

/// The claims with scopes, in their order: the first that exists counts. A union would let a token carry contradicting claims.
pub(crate) const SCOPE_CLAIMS: [&str; 3] = ["scope", "scp", "scopes"];

impl<'p> Claims<'p> {
    /// Reads the payload as claims: a JSON object in UTF-8, `iss` and `sub` strings, `aud` a string or an array of
    /// strings, `exp`, `nbf` and `iat` finite numbers.
    ///
    /// # Errors
    /// [`Refusal::ClaimsJson`], [`Refusal::ClaimType`] or [`Refusal::ClaimNotNumber`].
    pub fn read(signed: &'p SignedPayload) -> Result<Self, Refusal> {
        Self::of(signed.header().typ(), Document::read(signed.payload(), Names::Unique))
    }

    /// Reads claims that probably have the layout of earlier claims. `values` is a list whose memory is reused.
    ///
    /// # Errors
    /// As [`Claims::read`].
    pub(crate) fn read_like(
        signed: &'p SignedPayload,
        layouts: &mut Layouts,
        values: Vec<Value>,
    ) -> Result<Self, Refusal> {
        Self::of(signed.header().typ(), Document::read_like(signed.payload(), layouts, values))
    }

    /// Reads a payload whose signature was **not** verified. Only [`crate::unverified::judge`] calls it, and it returns no claims.
    ///
    /// # Errors
    /// As [`Claims::read`].
    pub(crate) fn read_unverified(typ: Option<&'p str>, payload: &'p [u8]) -> Result<Self, Refusal> {
        Self::of(typ, Document::read(payload, Names::Unique))
    }

    fn of(typ: Option<&'p str>, read: Result<Document<'p>, JsonProblem>) -> Result<Self, Refusal> {
        let document = read.map_err(Refusal::ClaimsJson)?;
        let registered = Registered::find(document.object())?;
        Ok(Self { typ, document, registered })
    }

    /// Makes claims without members.
    pub(crate) fn none(typ: Option<&'p str>) -> Self {
        Self { typ, document: Document::none(), registered: Registered::default() }
    }

    /// Returns the claims as an object.
    pub(crate) fn object(&self) -> Object<'_> {
        self.document.object()
    }

    pub(crate) fn document(&self) -> &Document<'p> {
        &self.document
    }

    /// Returns the list of values, to reuse its memory.
    pub(crate) fn into_values(self) -> Vec<Value> {
        self.document.into_values()
    }

    /// The issuer: `iss` (RFC 7519 §4.1.1).
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.text(self.registered.iss)
    }

    /// The subject: `sub` (RFC 7519 §4.1.2).
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.text(self.registered.sub)
    }

    /// Whether `aud` contains this audience (RFC 7519 §4.1.3).
    #[must_use]
    pub fn is_for(&self, audience: &str) -> bool {
        let aud = self.registered.aud.and_then(|index| self.document.json(index));
        aud.and_then(|aud| has_text(aud, audience)) == Some(true)
    }

    /// Returns `exp`, in seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn exp(&self) -> Option<f64> {
        self.registered.exp
    }

    /// Returns `nbf`, in seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn nbf(&self) -> Option<f64> {
        self.registered.nbf
    }

    /// Returns `iat`, in seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn iat(&self) -> Option<f64> {
        self.registered.iat
    }

    /// The claim of that name, if it is a string.
    #[must_use]
    pub fn string(&self, claim: &str) -> Option<&str> {
        self.object().get(claim)?.as_str()
    }

    /// The claim of that name, if it is a number.
    #[must_use]
    pub fn number(&self, claim: &str) -> Option<f64> {
        match self.object().get(claim)? {
            Json::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The claim of that name, if it is `true` or `false`.
    #[must_use]
    pub fn boolean(&self, claim: &str) -> Option<bool> {
        match self.object().get(claim)? {
            Json::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The strings of the claim of that name, such as `aud` or `roles`: of an array, or the only one. Returns none if the claim is
    /// missing, or contains anything else.
    #[must_use]
    pub fn strings(&self, claim: &str) -> Vec<&str> {
        match self.object().get(claim) {
            Some(Json::String(only)) => alloc::vec![only],
            Some(Json::Array(items)) => {
                items.items().map(Json::as_str).collect::<Option<_>>().unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    /// The scopes: the words of `scope`, else of `scp`, else of `scopes` (RFC 8693 §4.2). Check them with [`Needs`](crate::Needs).
    #[must_use]
    pub fn scopes(&self) -> Vec<&str> {
        let claim = SCOPE_CLAIMS.into_iter().find(|claim| self.object().get(claim).is_some());
        match claim.and_then(|claim| self.object().get(claim)) {
            Some(Json::String(words)) => words.split(' ').filter(|word| !word.is_empty()).collect(),
            _ => claim.map(|claim| self.strings(claim)).unwrap_or_default(),
        }
    }

    /// Whether the token has the claim.
    #[must_use]
    pub fn has(&self, claim: &str) -> bool {
        let Registered { iss, sub, aud, exp, nbf, iat } = &self.registered;
        match claim {
            "iss" => iss.is_some(),
            "sub" => sub.is_some(),
            "aud" => aud.is_some(),
            "exp" => exp.is_some(),
            "nbf" => nbf.is_some(),
            "iat" => iat.is_some(),
            other => self.object().members().any(|(name, _)| name == other),
        }
    }

    fn text(&self, index: Option<usize>) -> Option<&str> {
        self.document.text_at(index?)
    }
}

impl Registered {
    /// Finds the registered claims and checks their types. Returns the first error, in the order `iss`, `sub`, `aud`, `exp`, `nbf`, `iat`.
    fn find(claims: Object<'_>) -> Result<Self, Refusal> {
        let [mut iss, mut sub, mut aud, mut exp, mut nbf, mut iat] = [None; 6];
        for (name, index) in claims.members() {
            // All these names have three bytes, so most other claims are skipped here.
            let Ok(name) = <&[u8; 3]>::try_from(name.as_bytes()) else { continue };
            match name {
                b"iss" => iss = Some(index),
                b"sub" => sub = Some(index),
                b"aud" => aud = Some(index),
                b"exp" => exp = Some(index),
                b"nbf" => nbf = Some(index),
                b"iat" => iat = Some(index),
                _ => {}
            }
        }
        let typed = |claim, index: Option<usize>, fits: fn(Json<'_>) -> bool| match index {
            Some(index) if !claims.at(index).is_some_and(fits) => Err(Refusal::ClaimType { claim }),
            index => Ok(index),
        };
        let time = |claim, index: Option<usize>| match index.map(|index| claims.at(index)) {
            None => Ok(None),
            // The JSON reader accepts only finite numbers.
            Some(Some(Json::Number(number))) => Ok(Some(number)),
            Some(_) => Err(Refusal::ClaimNotNumber { claim }),
        };
        Ok(Self {
            iss: typed("iss", iss, |value| value.as_str().is_some())?,
            sub: typed("sub", sub, |value| value.as_str().is_some())?,
            aud: typed("aud", aud, |value| has_text(value, "").is_some())?,
            exp: time("exp", exp)?,
            nbf: time("nbf", nbf)?,
            iat: time("iat", iat)?,
        })
    }
}

/// Whether a string equals the text, or an array of strings contains it. Returns `None` for any other value.
pub(crate) fn has_text(value: Json<'_>, text: &str) -> Option<bool> {
    match value {
        Json::Array(items) => {
            items.items().try_fold(false, |found, item| Some(found | (item.as_str()? == text)))
        }
        other => other.as_str().map(|only| only == text),
    }
}
