// Knobs of the IR, then a database of measured schedules, then the schedules that come with the compiler, then heuristics.
// REQUIRES: girih-compile
// RUN: girih-opt %s --attn-schedule=target=sm_90a | FileCheck %s
// RUN: %python %S/Inputs/database.py %t this \
// RUN:   "b=4,h=32,hkv=32,sq=128,skv=128,d=64,dtype=bf16,mask=none,order=bhsd,lse=0" "rows=128,columns=96,workers=2,stages=3,load_registers=24,compute_registers=240"
// RUN: girih-opt %s --attn-schedule="target=sm_90a schedules=%t" | FileCheck %s --check-prefix=DATABASE

// CHECK-LABEL: @measured(
// CHECK: schedule <rows = 64, columns = 64, workers = 1, stages = 2, {{.*}}persistent = 1, ctas = 2,
// DATABASE-LABEL: @measured(
// DATABASE: schedule <rows = 128, columns = 96, workers = 2, stages = 3, {{.*}}persistent = 1, ctas = 1,
func.func @measured(%q: tensor<4x32x128x64xbf16>) -> tensor<4x32x128x64xbf16> {
  %o = attn.forward %q, %q, %q
      : tensor<4x32x128x64xbf16>, tensor<4x32x128x64xbf16>, tensor<4x32x128x64xbf16> -> tensor<4x32x128x64xbf16>
  return %o : tensor<4x32x128x64xbf16>
}

// A row is the whole schedule of a problem that says nothing of its own.
// CHECK-LABEL: @given(
// CHECK: schedule <rows = 128, columns = 128, workers = 2, stages = 1, {{.*}}persistent = 1, ctas = 1,
func.func @given(%q: tensor<4x32x128x64xbf16>) -> tensor<4x32x128x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <stages = 1>
      : tensor<4x32x128x64xbf16>, tensor<4x32x128x64xbf16>, tensor<4x32x128x64xbf16> -> tensor<4x32x128x64xbf16>
  return %o : tensor<4x32x128x64xbf16>
}

// Between the sizes that were measured, the nearest: 2048 here, where the heuristics have anchor = 1.
// CHECK-LABEL: @between(
// CHECK: ctas = 1, {{.*}}anchor = 0>
func.func @between(%q: tensor<4x20x3000x64xbf16>) -> tensor<4x20x3000x64xbf16> {
  %o = attn.forward %q, %q, %q
      : tensor<4x20x3000x64xbf16>, tensor<4x20x3000x64xbf16>, tensor<4x20x3000x64xbf16> -> tensor<4x20x3000x64xbf16>
  return %o : tensor<4x20x3000x64xbf16>
}

// Another mask, another element type, other sizes, and sizes that the launch brings have none.
// CHECK-LABEL: @other_mask(
// CHECK: ctas = 1,
func.func @other_mask(%q: tensor<4x32x128x64xbf16>) -> tensor<4x32x128x64xbf16> {
  %o = attn.forward %q, %q, %q mask(causal_top_left)
      : tensor<4x32x128x64xbf16>, tensor<4x32x128x64xbf16>, tensor<4x32x128x64xbf16> -> tensor<4x32x128x64xbf16>
  return %o : tensor<4x32x128x64xbf16>
}

// CHECK-LABEL: @score(
// CHECK: ctas = 1,
func.func @score(%q: tensor<4x32x128x64xbf16>) -> tensor<4x32x128x64xbf16> {
  %o = attn.forward %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = arith.negf %s : f32
    attn.yield %0 : f32
  } : tensor<4x32x128x64xbf16>, tensor<4x32x128x64xbf16>, tensor<4x32x128x64xbf16> -> tensor<4x32x128x64xbf16>
  return %o : tensor<4x32x128x64xbf16>
}

// CHECK-LABEL: @dropout(
// CHECK: ctas = 1,
func.func @dropout(%q: tensor<4x32x128x64xbf16>, %s: tensor<4xi32>) -> tensor<4x32x128x64xbf16> {
  %o = attn.forward %q, %q, %q dropout(0.1, %s : tensor<4xi32>)
      : tensor<4x32x128x64xbf16>, tensor<4x32x128x64xbf16>, tensor<4x32x128x64xbf16> -> tensor<4x32x128x64xbf16>
  return %o : tensor<4x32x128x64xbf16>
}

// CHECK-LABEL: @fewer(
// CHECK: ctas = 1,
func.func @fewer(%q: tensor<4x16x128x64xbf16>) -> tensor<4x16x128x64xbf16> {
  %o = attn.forward %q, %q, %q
      : tensor<4x16x128x64xbf16>, tensor<4x16x128x64xbf16>, tensor<4x16x128x64xbf16> -> tensor<4x16x128x64xbf16>
  return %o : tensor<4x16x128x64xbf16>
}

// CHECK-LABEL: @open(
// CHECK: ctas = 1,
func.func @open(%q: tensor<?x32x128x64xbf16>) -> tensor<?x32x128x64xbf16> {
  %o = attn.forward %q, %q, %q
      : tensor<?x32x128x64xbf16>, tensor<?x32x128x64xbf16>, tensor<?x32x128x64xbf16> -> tensor<?x32x128x64xbf16>
  return %o : tensor<?x32x128x64xbf16>
}
