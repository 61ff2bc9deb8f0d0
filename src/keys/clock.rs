//! What time it is: an argument everywhere, read from the system by the binary alone.

use std::fmt::Debug;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

/// Reads the time.
pub trait Clock: Send + Sync + Debug {
    /// Whole seconds since 1970-01-01T00:00:00Z: the `NumericDate` of RFC 7519 §2.
    fn now(&self) -> u64;

    /// The time since some fixed moment, by a clock that cannot be set; it also counts while the machine sleeps.
    fn steady(&self) -> Duration;
}

/// What [`SystemClock::steady`] reads. Elsewhere than on Linux this one counts a sleep, too, or nothing does.
#[cfg(any(target_os = "linux", target_os = "android"))]
const STEADY: ClockId = ClockId::Boottime;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const STEADY: ClockId = ClockId::Monotonic;

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        // A clock before 1970 reads as 1970: every comparison then errs on the side of waiting.
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
    }

    fn steady(&self) -> Duration {
        Duration::try_from(clock_gettime(STEADY)).unwrap_or_default()
    }
}
