//! Reads from headers how long a response may be used: `Cache-Control` and `Age` (RFC 9111 §4.2, RFC 5861).

/// The directives of a `Cache-Control` value that matter for a key set.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Freshness {
    /// `max-age`, or `s-maxage` if that is longer, because a shared cache may store the response for that long. In seconds. `None` if
    /// the value has neither, zero for `no-store` and `no-cache`.
    pub max_age: Option<f64>,
    /// `stale-while-revalidate` (RFC 5861 §3).
    pub stale_while_revalidate: f64,
    /// `stale-if-error` (RFC 5861 §4).
    pub stale_if_error: Option<f64>,
}

impl Freshness {
    /// Reads a `Cache-Control` value (RFC 9111 §5.2). Unknown directives are ignored. If an age is repeated, the
    /// smaller value wins.
    #[must_use]
    pub fn read(cache_control: &str) -> Self {
        let mut read = Self::default();
        let (mut shared, mut uncached) = (None, false);
        for directive in cache_control.as_bytes().split(|byte| *byte == b',') {
            let mut sides = directive.splitn(2, |byte| *byte == b'=').map(<[u8]>::trim_ascii);
            let (name, value) = (sides.next().unwrap_or_default(), sides.next().unwrap_or_default());
            let name = name.to_ascii_lowercase();
            uncached |= matches!(&*name, b"no-store" | b"no-cache");
            let Some(seconds) = delta_seconds(value) else { continue };
            let sooner = |earlier: Option<f64>| Some(earlier.map_or(seconds, |earlier| earlier.min(seconds)));
            match &*name {
                b"max-age" => read.max_age = sooner(read.max_age),
                b"s-maxage" => shared = sooner(shared),
                b"stale-while-revalidate" => read.stale_while_revalidate = seconds,
                b"stale-if-error" => read.stale_if_error = Some(seconds),
                _ => {}
            }
        }
        read.max_age = if uncached {
            Some(0.0)
        } else {
            read.max_age.map_or(shared, |own| Some(shared.map_or(own, |shared| own.max(shared))))
        };
        read
    }
}

/// The age of a response when it arrives (RFC 9111 §4.2.3), in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Age {
    /// The value of the `Age` header: the time that caches have stored the response. Zero without the header.
    pub kept: f64,
    /// The duration of the fetch. The response may have been sent at its beginning.
    pub fetching: f64,
}

impl Age {
    /// Returns the age in seconds. A value that is not finite or below zero counts as zero.
    #[must_use]
    pub fn seconds(self) -> f64 {
        counted(self.kept) + counted(self.fetching)
    }
}

fn counted(seconds: f64) -> f64 {
    if seconds.is_finite() { seconds.max(0.0) } else { 0.0 }
}

/// Parses seconds (RFC 9111 §1.2.2): digits, also in quotes. A value that overflows becomes the largest one, which the settings bound.
fn delta_seconds(value: &[u8]) -> Option<f64> {
    let quoted = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    let digits = quoted.unwrap_or(value);
    let add = |seconds: u32, digit: &u8| seconds.saturating_mul(10).saturating_add(u32::from(digit - b'0'));
    (!digits.is_empty() && digits.iter().all(u8::is_ascii_digit))
        .then(|| f64::from(digits.iter().fold(0, add)))
}
