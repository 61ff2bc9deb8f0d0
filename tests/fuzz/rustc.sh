#!/bin/sh
# cargo calls this in place of the compiler (RUSTC_WRAPPER): what is ours is instrumented, so that inputs are chosen by what they
# reach there, and the others stay fast. The passes are LLVM's own: stable Rust has no other way to them.
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
