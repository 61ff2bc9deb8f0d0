//! The interface for reading time. Library code takes it as an argument; only the binary reads the system's clock.

use std::fmt::Debug;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

/// Reads the time.
pub trait Clock: Send + Sync + Debug {
    /// Returns whole seconds since 1970-01-01T00:00:00Z: the `NumericDate` of RFC 7519 §2.
    fn now(&self) -> u64;

    /// Returns the time since a fixed moment, by a clock that cannot be set. It also runs while the machine sleeps.
    fn steady(&self) -> Duration;
}

/// The clock that [`SystemClock::steady`] reads. On other systems than Linux, this clock also runs during sleep, or no clock does.
#[cfg(any(target_os = "linux", target_os = "android"))]
const STEADY: ClockId = ClockId::Boottime;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const STEADY: ClockId = ClockId::Monotonic;

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        // A clock before 1970 is read as 1970. All comparisons then err on the side of waiting.
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
    }

    fn steady(&self) -> Duration {
        Duration::try_from(clock_gettime(STEADY)).unwrap_or_default()
    }
}
