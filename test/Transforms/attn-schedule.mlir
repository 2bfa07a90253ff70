// RUN: girih-opt %s --attn-schedule=target=sm_90a --split-input-file | FileCheck %s

// Every open knob gets a value; test/Target/*/config-*.mlir check which.
// CHECK: module attributes {tile.target = #[[TARGET:.*]]<O = 3, chip = "sm_90a", features = "+ptx{{[0-9]+}}">}
// CHECK-LABEL: @completes_an_open_schedule
// CHECK: attn.forward
// CHECK-SAME: schedule <rows = {{[0-9]+}}, columns = {{[0-9]+}}, workers = {{[0-9]+}}, stages = {{[0-9]+}}, item_stages = {{[0-9]+}},
// CHECK-SAME: load_registers = {{[0-9]+}}, compute_registers = {{[0-9]+}}, overlap = {{[0-9]+}}, left_in_registers = {{[0-9]+}}, ping_pong = {{[0-9]+}},
// CHECK-SAME: heads = 1, persistent = {{[0-9]+}}, ctas = 1, splits = 1, longest_first = {{[0-9]+}}, group_bytes = {{[0-9]+}}, anchor = {{[0-9]+}}>
func.func @completes_an_open_schedule(%q: tensor<1x2x256x64xbf16>) -> tensor<1x2x256x64xbf16> {
  %o = attn.forward %q, %q, %q
      : tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16> -> tensor<1x2x256x64xbf16>
  return %o : tensor<1x2x256x64xbf16>
}

// CHECK-LABEL: @keeps_what_the_user_wrote
// CHECK: schedule <rows = 64, columns = 80, workers = 1, stages = 7, item_stages = 3, load_registers = 40, compute_registers = 232,
// CHECK-SAME: overlap = 0, left_in_registers = 1, ping_pong = 0, lazy_rescale = 0, exp2_polynomial = 0, heads = 1, persistent = 1, ctas = 1, splits = 1, longest_first = 0, group_bytes = 12345, anchor = 9>
func.func @keeps_what_the_user_wrote(%q: tensor<1x2x256x64xbf16>) -> tensor<1x2x256x64xbf16> {
  %o = attn.forward %q, %q, %q mask(causal) schedule
      <rows = 64, columns = 80, workers = 1, stages = 7, item_stages = 3, load_registers = 40, compute_registers = 232, overlap = 0,
       left_in_registers = 1, ping_pong = 0, lazy_rescale = 0, exp2_polynomial = 0, heads = 1, persistent = 1, ctas = 1, splits = 1, longest_first = 0, group_bytes = 12345, anchor = 9>
      : tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16> -> tensor<1x2x256x64xbf16>
  return %o : tensor<1x2x256x64xbf16>
}

// -----

// Kernels written in the tile dialect get the target, unless they have one.
// CHECK: gpu.module @open [#nvvm.target<O = 3, chip = "sm_90a"
gpu.module @open {
}
// CHECK: gpu.module @given [#nvvm.target<chip = "sm_80">]
gpu.module @given [#nvvm.target<chip = "sm_80">] {
}
