//! The list of suites: which there are, and when each of them runs.

/// When a suite runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// With every `cargo xtask test`: no root, nothing but what the set-up brings.
    Quick,
    /// Only with `--all`: it installs more, or takes long.
    All,
}

/// How a suite runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The tests of a crate, by the host's own toolchain.
    Native { package: &'static str },
    /// The `#[wasm_bindgen_test]`s of a crate, in Node.
    Wasm { package: &'static str },
    /// The crates that verify, once more with the engine of RustCrypto and dalek in place of our own arithmetic.
    CratesEngine,
    /// What `tests/package/run.mjs` lists: the packed package where it needs nothing installed.
    Package,
    /// Packages that leave algorithms out.
    LeftOut,
    /// What it lists with `--all` besides: every other runtime, each installed first, and the checkers of packages.
    Runtimes,
}

/// A suite, or for [`Kind::Package`] and [`Kind::Runtimes`] several that are told apart when the package is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Suite {
    pub(crate) name: &'static str,
    pub(crate) when: When,
    pub(crate) kind: Kind,
}

/// Every suite, in the order in which they run.
pub(crate) const SUITES: [Suite; 17] = [
    quick("arithmetic", Kind::Native { package: "jotgate-arithmetic" }),
    quick("crypto", Kind::Native { package: "jotgate-crypto" }),
    quick("core and its vectors", Kind::Native { package: "jotgate-core" }),
    quick("boundary", Kind::Native { package: "jotgate-wasm" }),
    quick("inspector", Kind::Native { package: "jotgate-inspect" }),
    quick("companion", Kind::Native { package: "jotgate-keys" }),
    quick("second opinion", Kind::Native { package: "second-opinion" }),
    quick("simulation of rotations", Kind::Native { package: "simulation" }),
    quick("task runner", Kind::Native { package: "xtask" }),
    quick("arithmetic as WebAssembly in Node", Kind::Wasm { package: "jotgate-arithmetic" }),
    quick("crypto as WebAssembly in Node", Kind::Wasm { package: "jotgate-crypto" }),
    quick("vectors as WebAssembly in Node", Kind::Wasm { package: "jotgate-core" }),
    quick("inspector as WebAssembly in Node", Kind::Wasm { package: "jotgate-inspect" }),
    quick("package", Kind::Package),
    Suite { name: "the crates' engine", when: When::All, kind: Kind::CratesEngine },
    Suite { name: "fewer algorithms", when: When::All, kind: Kind::LeftOut },
    Suite { name: "runtimes", when: When::All, kind: Kind::Runtimes },
];

const fn quick(name: &'static str, kind: Kind) -> Suite {
    Suite { name, when: When::Quick, kind }
}
