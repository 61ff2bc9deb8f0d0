//! The list of suites, and when each of them runs.

use std::time::Duration;

use crate::process;

/// The limit for one suite that installs nothing.
pub(crate) const LIMIT: Duration = Duration::from_secs(15 * 60);

/// When a suite runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// With every `cargo xtask test`: needs no root and only what the set-up installs.
    Quick,
    /// Only with `--all`: installs more, or takes long.
    All,
}

/// How a suite runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The tests of a crate, by the native toolchain.
    Native { package: &'static str },
    /// The tests of a crate that take minutes and are `#[ignore]`d for that: those whose names have `filter` in them.
    Ignored { package: &'static str, filter: &'static str },
    /// The `#[wasm_bindgen_test]`s of a crate, in Node.
    Wasm { package: &'static str },
    /// The quick suites of `tests/package/run.mjs`, on the packed package.
    Package,
    /// The other suites of `tests/package/run.mjs`: every other runtime, installed first, and the checkers of
    /// packages.
    Runtimes,
}

/// A suite. [`Kind::Package`] and [`Kind::Runtimes`] are several, which are listed when the package exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Suite {
    pub(crate) name: &'static str,
    pub(crate) when: When,
    pub(crate) kind: Kind,
}

/// Every suite, in the order of the run.
pub(crate) const SUITES: [Suite; 17] = [
    quick("arithmetic", Kind::Native { package: "jotgate-arithmetic" }),
    quick("crypto", Kind::Native { package: "jotgate-crypto" }),
    quick("core and its vectors", Kind::Native { package: "jotgate-core" }),
    quick("boundary", Kind::Native { package: "jotgate-wasm" }),
    quick("inspector", Kind::Native { package: "jotgate-inspect" }),
    quick("companion", Kind::Native { package: "jotgate-keys" }),
    quick("second opinion", Kind::Native { package: "second-opinion" }),
    quick("simulation of rotations", Kind::Native { package: "simulation" }),
    quick("server in Rust", Kind::Native { package: "rust-server" }),
    quick("task runner", Kind::Native { package: "xtask" }),
    quick("package", Kind::Package),
    slow("arithmetic as WebAssembly in Node", Kind::Wasm { package: "jotgate-arithmetic" }),
    slow("crypto as WebAssembly in Node", Kind::Wasm { package: "jotgate-crypto" }),
    slow("vectors as WebAssembly in Node", Kind::Wasm { package: "jotgate-core" }),
    slow("inspector as WebAssembly in Node", Kind::Wasm { package: "jotgate-inspect" }),
    slow(
        "companion: three servers on PostgreSQL",
        Kind::Ignored { package: "jotgate-keys", filter: "replicas::" },
    ),
    slow("runtimes", Kind::Runtimes),
];

const fn quick(name: &'static str, kind: Kind) -> Suite {
    Suite { name, when: When::Quick, kind }
}

const fn slow(name: &'static str, kind: Kind) -> Suite {
    Suite { name, when: When::All, kind }
}

/// The suites of one list of `tests/package/run.mjs`, and how they run.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) limit: Duration,
    /// Whether a suite may print that this machine lacks what it needs.
    pub(crate) may_skip: bool,
    /// Whether a suite that fails runs a second time, which its row in the table names. Browsers and registries fail
    /// now and then for reasons of their own; a fault of ours fails twice.
    pub(crate) may_repeat: bool,
}

impl Group {
    pub(crate) const PACKAGE: Self =
        Self { name: "package", limit: LIMIT, may_skip: false, may_repeat: false };
    pub(crate) const RUNTIME: Self =
        Self { name: "runtime", limit: process::LONG, may_skip: true, may_repeat: true };
}
