// A pass refuses a kernel that it, or a later pass, has already had.
// RUN: split-file %s %t
// RUN: girih-opt %t/kernel.mlir --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-partition)))' -o %t/1.mlir
// RUN: not girih-opt %t/1.mlir --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-partition)))' 2>&1 | FileCheck %s --check-prefix=PARTITION
// RUN: girih-opt %t/1.mlir --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-pipeline)))' -o %t/2.mlir
// RUN: not girih-opt %t/2.mlir --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-pipeline)))' 2>&1 | FileCheck %s --check-prefix=PIPELINE
// RUN: girih-opt %t/2.mlir --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-split-loops,tile-split-loops,tile-place)))' -o %t/3.mlir
// RUN: not girih-opt %t/3.mlir --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-place)))' 2>&1 | FileCheck %s --check-prefix=PLACE
// RUN: not girih-opt %t/3.mlir --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-partition)))' 2>&1 | FileCheck %s --check-prefix=TOO-LATE
// RUN: girih-opt %t/3.mlir --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-assign-roles)))' -o %t/roles.mlir
// RUN: not girih-opt %t/roles.mlir --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-assign-roles)))' 2>&1 | FileCheck %s --check-prefix=ROLES
// RUN: girih-opt %t/roles.mlir --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-specialize)))' -o %t/4.mlir
// RUN: not girih-opt %t/4.mlir --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-specialize)))' 2>&1 | FileCheck %s --check-prefix=SPECIALIZE
// RUN: not girih-opt %t/4.mlir --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-split-loops)))' 2>&1 | FileCheck %s --check-prefix=SPECIALIZE
// RUN: girih-opt %t/4.mlir --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-lower-channels)))' -o %t/5.mlir
// RUN: not girih-opt %t/5.mlir --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-lower-channels)))' 2>&1 | FileCheck %s --check-prefix=LOWER
// RUN: girih-opt %t/5.mlir --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-verify-barriers,tile-verify-barriers,tile-bind-arguments)))' -o %t/6.mlir
// RUN: not girih-opt %t/6.mlir --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-bind-arguments)))' 2>&1 | FileCheck %s --check-prefix=BIND

// PARTITION: error: the kernel is partitioned already: it cannot be partitioned any more
// PARTITION: note: 'tile.worker' here tells that it is
// PIPELINE: error: the kernel is pipelined already: it cannot be pipelined any more
// PIPELINE: note: 'tile.load' here tells that it is
// PLACE: error: the kernel is placed already: it cannot be placed any more
// TOO-LATE: error: the kernel is placed already: it cannot be partitioned any more
// ROLES: error: the kernel is given roles already: it cannot be given roles any more
// SPECIALIZE: error: the kernel is specialized already: it cannot be specialized any more
// SPECIALIZE: note: 'tile.channel' here tells that it is
// LOWER: error: the kernel is lowered to barriers already: it cannot be lowered to barriers any more
// LOWER: note: 'tile.alloc' here tells that it is
// BIND: error: the kernel is bound to arguments already: it cannot be bound to arguments any more

//--- kernel.mlir
!matrix = memref<?x64xbf16, strided<[?, 1]>>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @k(%m: !matrix {tile.name = "m", tile.sizes = ["n", "d"]}, %o: !matrix {tile.name = "o", tile.sizes = ["n", "d"]})
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 24, compute_registers = 240>} {
    %c0 = arith.constant 0 : index
    %a = tile.load %m[%c0, %c0] : !matrix -> tensor<128x64xbf16>
    %b = tile.load %m[%c0, %c0] : !matrix -> tensor<64x64xbf16>
    %s = tile.mma %a, %b : tensor<128x64xbf16>, tensor<64x64xbf16> -> tensor<128x64xf32>
    %t = arith.truncf %s : tensor<128x64xf32> to tensor<128x64xbf16>
    tile.store %t, %o[%c0, %c0] : tensor<128x64xbf16>, !matrix
    gpu.return
  }
}
