// A measured schedule fills in open knobs: for the same problem, chip and version of the compiler.
// REQUIRES: girih-compile
// RUN: %python %S/Inputs/database.py %t this \
// RUN:   "b=1,h=2,hkv=2,sq=256,skv=256,d=64,dtype=bf16,mask=none,order=bhsd,lse=0" "rows=128,columns=96,workers=2,stages=3,load_registers=24,compute_registers=240,persistent=0" \
// RUN:   "b=1,h=2,hkv=2,sq=256,skv=256,d=128,dtype=bf16,mask=none,order=bhsd,lse=0" "tiles=4" \
// RUN:   "b=1,h=8,hkv=2,sq=32,skv=256,d=64,dtype=bf16,mask=none,order=bhsd,lse=0" "rows=128,columns=96,workers=2,stages=3,load_registers=24,compute_registers=240,heads=4,persistent=0"
// RUN: girih-opt %s --attn-schedule="target=sm_90a schedules=%t" --split-input-file --verify-diagnostics | FileCheck %s
// RUN: not girih-opt %s --girih-compile="target=sm_90a schedules=/nowhere/x" --split-input-file 2>&1 >/dev/null | FileCheck %s --check-prefix=MISSING
// RUN: %python %S/Inputs/database.py %t.other other \
// RUN:   "b=1,h=2,hkv=2,sq=256,skv=256,d=64,dtype=bf16,mask=none,order=bhsd,lse=0" "rows=128,columns=96,workers=2,stages=3,load_registers=24,compute_registers=240,persistent=0"
// RUN: girih-opt %s --attn-schedule="target=sm_90a schedules=%t.other" --split-input-file | FileCheck %s --check-prefix=OTHER

// MISSING: error: cannot read schedules from '/nowhere/x': unable to open database file
// OTHER-LABEL: @measured(
// OTHER: schedule <rows = 192, columns = 128, workers = 3

// CHECK-LABEL: @measured(
// CHECK: schedule <rows = 128, columns = 96, workers = 2, stages = 3, item_stages = {{[12]}}, load_registers = 24, compute_registers = 240, {{.*}}persistent = 0
func.func @measured(%q: tensor<1x2x256x64xbf16>) -> tensor<1x2x256x64xbf16> {
  %o = attn.forward %q, %q, %q
      : tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16> -> tensor<1x2x256x64xbf16>
  return %o : tensor<1x2x256x64xbf16>
}

// -----

// Knobs of the IR stay. With other workers, rows and registers follow these.
// CHECK-LABEL: @explicit(
// CHECK: schedule <rows = 192, columns = 96, workers = 3, stages = 1, item_stages = {{[12]}}, load_registers = 32, compute_registers = 160, {{.*}}persistent = 0
func.func @explicit(%q: tensor<1x2x256x64xbf16>) -> tensor<1x2x256x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <workers = 3, stages = 1>
      : tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16> -> tensor<1x2x256x64xbf16>
  return %o : tensor<1x2x256x64xbf16>
}

// -----

// With other heads there are other rows.
// CHECK-LABEL: @other_heads(
// CHECK: schedule <rows = 64, columns = 96, workers = 1, stages = 3, {{.*}}heads = 2, persistent = 0
func.func @other_heads(%q: tensor<1x8x32x64xbf16>, %k: tensor<1x2x256x64xbf16>) -> tensor<1x8x32x64xbf16> {
  %o = attn.forward %q, %k, %k schedule <heads = 2>
      : tensor<1x8x32x64xbf16>, tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16> -> tensor<1x8x32x64xbf16>
  return %o : tensor<1x8x32x64xbf16>
}

// -----

// CHECK-LABEL: @other_problem(
// CHECK: schedule <rows = 64, columns = 128, workers = 1, stages = 2
func.func @other_problem(%q: tensor<1x2x512x64xbf16>) -> tensor<1x2x512x64xbf16> {
  %o = attn.forward %q, %q, %q
      : tensor<1x2x512x64xbf16>, tensor<1x2x512x64xbf16>, tensor<1x2x512x64xbf16> -> tensor<1x2x512x64xbf16>
  return %o : tensor<1x2x512x64xbf16>
}

// -----

func.func @no_schedule(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  // expected-error @below {{has what is no schedule: tiles=4}}
  %o = attn.forward %q, %q, %q
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}
