// The IR of every phase can be parsed back when it is printed with its locations.
// RUN: girih-opt %s --girih-compile=target=sm_90a --mlir-print-debuginfo --mlir-print-ir-after-all --mlir-print-ir-module-scope \
// RUN:   --mlir-disable-threading -o %t.last.mlir 2> %t.phases.mlir
// RUN: sed -e 1d -e 's,^// -----//.*,// -----,' %t.phases.mlir | girih-opt --split-input-file | FileCheck %s
// RUN: girih-opt %t.last.mlir

// CHECK: attn.forward
// CHECK: tile.take_turn
// CHECK: tile.sync barrier
// CHECK: nvvm.barrier0
// CHECK: llvm.call_intrinsic "llvm.nvvm.barrier.cta.sync.aligned.count"
func.func @attention(%q: tensor<1x2x256x64xbf16>) -> tensor<1x2x256x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <workers = 3> : tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16> -> tensor<1x2x256x64xbf16>
  return %o : tensor<1x2x256x64xbf16>
}
