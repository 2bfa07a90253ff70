// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm,canonicalize,cse))' --allow-unregistered-dialect | FileCheck %s

!map = !tile.tensor_map<[64, 64] x bf16, swizzle = 128, panel = 64, folded = true>
#map_recipe = {kind = "tensor_map", tensor = "q", swizzle = 128,
               modes = [{dim = 1, extent = 64, box = 64}, {dim = 0, box = 64}, {dim = 1, extent = 1, step = 64, box = 1}]}
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // Shared memory is one symbol, sized at launch, aligned to the swizzle's period.
  // CHECK: llvm.mlir.global external @shared_memory() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>

  // Tensor maps are read where the loader put them; sizes are 32 bits, strides 64.
  // CHECK: llvm.func @arguments(
  // CHECK-SAME: %{{[^:]*}}: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant
  // CHECK-SAME: %[[N:[^:]*]]: i32
  // CHECK-SAME: %[[STRIDE:[^:]*]]: i64
  // CHECK-SAME: %[[P:[^:]*]]: !llvm.ptr<1>
  // CHECK-SAME: nvvm.kernel
  // CHECK-SAME: tile.shared_bytes = 1024
  // CHECK: "use"(%[[STRIDE]]
  // CHECK: llvm.return
  gpu.func @arguments(%map: !map {tile.argument = #map_recipe}, %n: index {tile.argument = {kind = "size", size = "n"}},
                      %s: i64 {tile.argument = {kind = "stride", tensor = "lse", dim = 0}}, %p: !tile.pointer<f32> {tile.argument = {kind = "pointer", tensor = "lse"}})
      kernel attributes {tile.shared_bytes = 1024 : i64} {
    tile.role "compute" warps(4) registers(240) {
      "use"(%s, %n) : (i64, index) -> ()
    }
    gpu.return
  }

  // CHECK-LABEL: llvm.func @grid
  // CHECK-DAG: %[[X:.*]] = nvvm.read.ptx.sreg.ctaid.x
  // CHECK-DAG: %[[Y:.*]] = nvvm.read.ptx.sreg.ctaid.y
  // CHECK-DAG: %[[G:.*]] = nvvm.read.ptx.sreg.nctaid.x
  // CHECK-DAG: %[[XI:.*]] = arith.index_cast %[[X]]
  // CHECK-DAG: %[[YI:.*]] = arith.index_cast %[[Y]]
  // CHECK-DAG: %[[GI:.*]] = arith.index_cast %[[G]]
  // CHECK: "use"(%[[XI]], %[[YI]], %[[GI]])
  gpu.func @grid() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = gpu.block_id x
      %y = gpu.block_id y
      %g = gpu.grid_dim x
      "use"(%x, %y, %g) : (index, index, index) -> ()
    }
    gpu.return
  }
}
