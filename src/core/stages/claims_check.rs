//! The sixth stage: checks claims against the policy and the time (RFC 7519 §4.1, RFC 8725 §3).

use alloc::string::{String, ToString};

use crate::{
    policy::Policy,
    refusal::{Refusal, shortened},
    stages::claims::Claims,
};

/// A token whose signature and claims are accepted.
// INVARIANT: only `Policy::judge` makes one.
#[derive(Debug)]
pub struct Verified<'p> {
    pub(crate) claims: Claims<'p>,
}

impl Policy {
    /// Checks the claims against the policy. `now` is the time in seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// The first of these that fails: `typ`, required claims, `iss`, `sub`, `aud`, `nbf`, `exp`, the age,
    /// `cnf`.
    pub fn judge<'p>(&self, claims: Claims<'p>, now: f64) -> Result<Verified<'p>, Refusal> {
        self.judge_type(&claims)?;
        self.judge_presence(&claims)?;
        self.judge_parties(&claims)?;
        self.judge_times(&claims, now)?;
        if self.refuse_bound && claims.has("cnf") {
            return Err(Refusal::ConfirmationNotEnforced);
        }
        Ok(Verified { claims })
    }

    fn judge_type(&self, claims: &Claims<'_>) -> Result<(), Refusal> {
        self.types.as_ref().map_or(Ok(()), |accepted| self.judge_type_among(accepted, claims.typ))
    }

    #[inline(never)] // Cold: docs/decisions/0012.
    fn judge_type_among(&self, accepted: &[String], typ: Option<&str>) -> Result<(), Refusal> {
        match typ {
            None if self.type_optional => Ok(()),
            None => Err(Refusal::TypeMissing),
            Some(found) if accepted.iter().any(|accepted| is_media_type(found, accepted)) => Ok(()),
            Some(found) => Err(Refusal::TypeMismatch { found: shortened(found) }),
        }
    }

    /// Refuses a token that lacks a claim that the policy checks. Otherwise a token could skip a check by leaving out the claim.
    fn judge_presence(&self, claims: &Claims<'_>) -> Result<(), Refusal> {
        let required = self.required.iter().map(String::as_str);
        let required = required.chain(self.issuers.as_ref().map(|_| "iss"));
        let required = required.chain(self.subject.as_ref().map(|_| "sub"));
        let required = required.chain(self.audiences.as_ref().map(|_| "aud"));
        let mut required = required.chain(self.maximum_age.map(|_| "iat"));
        match required.find(|claim| !claims.has(claim)) {
            Some(claim) => Err(Refusal::ClaimMissing { claim: claim.to_string() }),
            None => Ok(()),
        }
    }

    fn judge_parties(&self, claims: &Claims<'_>) -> Result<(), Refusal> {
        if let Some(accepted) = &self.issuers {
            let found = claims.issuer().unwrap_or_default();
            if !accepted.iter().any(|issuer| issuer == found) {
                return Err(Refusal::IssuerMismatch { found: shortened(found) });
            }
        }
        if self.subject.as_deref().is_some_and(|subject| claims.subject() != Some(subject)) {
            return Err(Refusal::SubjectMismatch);
        }
        if self
            .audiences
            .as_ref()
            .is_some_and(|accepted| !accepted.iter().any(|audience| claims.is_for(audience)))
        {
            return Err(Refusal::AudienceMismatch);
        }
        Ok(())
    }

    fn judge_times(&self, claims: &Claims<'_>, now: f64) -> Result<(), Refusal> {
        if !now.is_finite() {
            return Err(Refusal::Option { name: "now", problem: "must be a finite number of seconds" });
        }
        let tolerance = self.clock_tolerance;
        if let Some(nbf) = claims.nbf().filter(|nbf| *nbf > now + tolerance) {
            return Err(Refusal::NotYetValid { nbf, now });
        }
        // RFC 7519 §4.1.4: the token is not accepted *on* or after this time.
        if let Some(exp) = claims.exp().filter(|exp| *exp <= now - tolerance) {
            return Err(Refusal::Expired { exp, now });
        }
        match (self.maximum_age, claims.iat()) {
            (Some(maximum), Some(iat)) => self.judge_age(maximum, iat, now),
            _ => Ok(()),
        }
    }

    #[inline(never)]
    fn judge_age(&self, maximum: f64, iat: f64, now: f64) -> Result<(), Refusal> {
        let age = now - iat;
        if age > maximum + self.clock_tolerance {
            return Err(Refusal::TooOld { iat, now, maximum });
        }
        if age < -self.clock_tolerance {
            return Err(Refusal::IssuedInFuture { iat, now });
        }
        Ok(())
    }
}

/// Whether two media types are equal, ignoring case. `application/` may be omitted if no other slash follows (RFC 7515 §4.1.9).
fn is_media_type(typ: &str, other: &str) -> bool {
    let [typ, other] = [typ, other].map(|typ| {
        const PREFIX: &str = "application/";
        match typ.split_at_checked(PREFIX.len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) && !rest.contains('/') => rest,
            _ => typ,
        }
    });
    typ.eq_ignore_ascii_case(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_compared_as_media_types() {
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"] {
            for other in ["at+jwt", "application/at+jwt"] {
                assert!(is_media_type(typ, other) && is_media_type(other, typ), "{typ} {other}");
            }
        }
        for (typ, other) in
            [("application/a/b", "a/b"), ("text/at+jwt", "at+jwt"), ("application/", "a"), ("jwt", "at+jwt")]
        {
            assert!(!is_media_type(typ, other) && !is_media_type(other, typ), "{typ} {other}");
        }
    }
}
