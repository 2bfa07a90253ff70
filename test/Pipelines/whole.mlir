// From a problem to the LLVM dialect: nothing of the phases before is left.
// RUN: girih-opt %s --girih-compile=target=sm_90a | FileCheck %s --implicit-check-not=tile.load --implicit-check-not='tile.mma' --implicit-check-not=tile.wait --implicit-check-not=scf. --implicit-check-not=arith. --implicit-check-not=unrealized --implicit-check-not=gpu.func

// Static sizes: no size is an argument.
// CHECK-LABEL: llvm.func @none(
// CHECK-NOT: kind = "size"
// CHECK-SAME: nvvm.kernel
// CHECK-SAME: nvvm.maxntid = array<i32: 384, 1, 1>
// CHECK-DAG: nvvm.mbarrier.init
// CHECK: nvvm.setmaxregister decrease 24
// CHECK: nvvm.cp.async.bulk.tensor
// CHECK: nvvm.setmaxregister increase 240
// CHECK: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16
// CHECK: nvvm.stmatrix
func.func @none(%q: tensor<2x4x256x128xbf16>, %k: tensor<2x4x512x128xbf16>) -> tensor<2x4x256x128xbf16> {
  %o = attn.forward %q, %k, %k schedule <workers = 2>
      : tensor<2x4x256x128xbf16>, tensor<2x4x512x128xbf16>, tensor<2x4x512x128xbf16> -> tensor<2x4x256x128xbf16>
  return %o : tensor<2x4x256x128xbf16>
}

// CHECK-LABEL: llvm.func @causal(
// CHECK: wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16
func.func @causal(%q: tensor<2x4x256x64xf16>) -> tensor<2x4x256x64xf16> {
  %o = attn.forward %q, %q, %q mask(causal)
      : tensor<2x4x256x64xf16>, tensor<2x4x256x64xf16>, tensor<2x4x256x64xf16> -> tensor<2x4x256x64xf16>
  return %o : tensor<2x4x256x64xf16>
}

// Every size but the head's dynamic, and a log-sum-exp: one kernel for all sizes.
// CHECK-LABEL: llvm.func @dynamic(
// CHECK-DAG: {kind = "size", size = "b"}
// CHECK-DAG: {kind = "size", size = "h"}
// CHECK-DAG: {kind = "size", size = "hkv"}
// CHECK-DAG: {kind = "size", size = "sq"}
// CHECK-DAG: {kind = "size", size = "skv"}
// CHECK-DAG: {kind = "pointer", tensor = "lse"}
// CHECK-DAG: kind = "stride", tensor = "lse"
func.func @dynamic(%q: tensor<?x?x?x128xbf16>, %k: tensor<?x?x?x128xbf16>) -> (tensor<?x?x?x128xbf16>, tensor<?x?x?xf32>) {
  %o, %lse = attn.forward %q, %k, %k mask(causal)
      : tensor<?x?x?x128xbf16>, tensor<?x?x?x128xbf16>, tensor<?x?x?x128xbf16> -> tensor<?x?x?x128xbf16>, tensor<?x?x?xf32>
  return %o, %lse : tensor<?x?x?x128xbf16>, tensor<?x?x?xf32>
}
