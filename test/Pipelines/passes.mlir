// The pipelines, as text: what runs, in which order. The driver builds the same.
// RUN: girih-opt %s --girih-compile=target=sm_90a --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefixes=TILE,BARRIERS,LLVM
// RUN: girih-opt %s --attention-to-tile=target=sm_90a --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefix=TILE
// RUN: girih-opt %s --tile-to-barriers --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefix=BARRIERS
// RUN: girih-opt %s --tile-to-llvm --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefix=LLVM

// TILE: attn-schedule{schedules= target=sm_90a}
// TILE: attn-tile

// BARRIERS: gpu.module(
// BARRIERS: gpu.func(
// BARRIERS: tile-partition
// BARRIERS: tile-schedule-loops
// BARRIERS: tile-pipeline
// BARRIERS: tile-split-loops
// BARRIERS: int-range-optimizations
// BARRIERS: tile-keep-loops
// BARRIERS: tile-place
// BARRIERS: tile-specialize
// BARRIERS: tile-cut-operands
// BARRIERS: tile-lower-channels
// BARRIERS: tile-bind-arguments

// LLVM: tile-cut-columns
// LLVM: convert-tile-to-nvvm
// LLVM: convert-scf-to-cf
// LLVM: convert-arith-to-llvm
// LLVM: convert-math-to-llvm
// LLVM: convert-cf-to-llvm
// LLVM: reconcile-unrealized-casts
module {
}
