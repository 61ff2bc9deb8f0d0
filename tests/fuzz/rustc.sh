#!/bin/sh
# Cargo calls this in place of the compiler (RUSTC_WRAPPER). Our crates are instrumented, so that inputs are
# chosen by what they reach there. The others stay fast. Stable Rust has no other way to these LLVM passes.
case " $* " in
  *" --crate-name jotgate_"* | *" --crate-name differential "*)
    exec "$@" --cfg fuzzing -Cpasses=sancov-module \
      -Cllvm-args=-sanitizer-coverage-level=4 \
      -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
      -Cllvm-args=-sanitizer-coverage-pc-table \
      -Cllvm-args=-sanitizer-coverage-trace-compares
    ;;
esac
exec "$@"
