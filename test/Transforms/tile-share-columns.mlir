// RUN: girih-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-share-columns)))" --split-input-file | FileCheck %s
// Each accepted form is a protocol that the proof takes, too.
// RUN: girih-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-share-columns,tile-lower-channels,tile-verify-barriers)))" \
// RUN:   --split-input-file | FileCheck %s --check-prefix=LOWERED

#scores = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!panel = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!keys = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!scores = tensor<128x64xf32, #tile.tensor_memory>
!weights = tensor<128x64xbf16, #tile.tensor_memory>
!s = !tile.channel<1 x !scores>
!p = !tile.channel<1 x !weights>
!q = !tile.channel<1 x !panel>
!k = !tile.channel<1 x !keys>

gpu.module @shared [#nvvm.target<chip = "sm_100a">] {
  // The weights come after all reads of the scores, and are read before the next scores come.
  // CHECK-LABEL: gpu.func @in_turn
  // CHECK-SAME: tile.assumes = ["mma_order"]
  // CHECK: %[[S:.*]] = tile.channel "s"
  // CHECK: %[[P:.*]] = tile.channel "p" shares(%[[S]] : !tile.channel<1 x {{.*}}>) : <1 x
  // CHECK: tile.role "mma"
  // CHECK-NOT: tile.release %[[P]]
  // CHECK: tile.role "compute"
  // CHECK-NOT: tile.release %[[S]]
  // LOWERED-LABEL: gpu.func @in_turn
  // LOWERED: tile.alloc "s" offset(0) : <1 x tensor<128x64xf32
  // LOWERED: tile.alloc "p" offset(0) : <1 x tensor<128x64xbf16
  // LOWERED-NOT: tile.barriers "s_empty"
  // LOWERED-NOT: tile.barriers "p_empty"
  gpu.func @in_turn(%m: memref<?x64xbf16>, %f: memref<?x64xf32>, %n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %false = arith.constant false
    %q = tile.channel "q" : !q
    %k = tile.channel "k" : !k
    %s = tile.channel "s" : !s
    %p = tile.channel "p" : !p
    %o = tile.channel "o" : !s
    tile.role "load" warps(1) registers(24) one_thread {
      %slot = tile.acquire %q : !q -> !panel
      tile.copy %m[%c0, %c0] to %slot : memref<?x64xbf16>, !panel
      tile.commit %q : !q
      %keys = tile.acquire %k : !k -> !keys
      tile.copy %m[%c0, %c0] to %keys : memref<?x64xbf16>, !keys
      tile.commit %k : !k
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      %left = tile.wait %q : !q -> !panel
      %right = tile.wait %k : !k -> !keys
      scf.for %i = %c0 to %n step %c1 {
        %scores = tile.acquire %s : !s -> !scores
        tile.mma_into %scores, %left, %right accumulate(%false) transpose_b : !scores, !panel, !keys
        tile.commit %s : !s
        %weights = tile.wait %p : !p -> !weights
        %sum = tile.acquire %o : !s -> !scores
        tile.mma_into %sum, %weights, %right accumulate(%false) : !scores, !weights, !keys
        tile.commit %o : !s
        tile.release %p : !p
      } {tile.loop = 0 : i64}
      tile.release %q : !q
      tile.release %k : !k
    }
    tile.role "compute" warps(4) registers(200) {
      scf.for %i = %c0 to %n step %c1 {
        %scores = tile.wait %s : !s -> !scores
        %values = tile.move %scores : !scores -> tensor<128x64xf32, #scores>
        tile.release %s : !s
        %narrow = arith.truncf %values : tensor<128x64xf32, #scores> to tensor<128x64xbf16, #scores>
        %weights = tile.acquire %p : !p -> !weights
        tile.write_tensor %narrow, %weights : tensor<128x64xbf16, #scores>, !weights
        tile.commit %p : !p
        %sum = tile.wait %o : !s -> !scores
        %out = tile.move %sum : !scores -> tensor<128x64xf32, #scores>
        tile.store %out, %f[%c0, %c0] : tensor<128x64xf32, #scores>, memref<?x64xf32>
        tile.release %o : !s
      } {tile.loop = 0 : i64}
    }
    gpu.return
  }
}

// -----

#scores = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!panel = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!keys = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!scores = tensor<128x64xf32, #tile.tensor_memory>
!weights = tensor<128x64xbf16, #tile.tensor_memory>
!s = !tile.channel<1 x !scores>
!p = !tile.channel<1 x !weights>
!q = !tile.channel<1 x !panel>
!k = !tile.channel<1 x !keys>

gpu.module @strict_module [#nvvm.target<chip = "sm_100a">] {
  // The letter of the PTX ISA: the next scores wait until the weights have been read.
  // CHECK-LABEL: gpu.func @strict
  // CHECK-NOT: tile.assumes
  // CHECK: tile.channel "p" shares(
  // CHECK: tile.release %{{.*}} : <1 x tensor<128x64xbf16, #tile.tensor_memory>>
  // LOWERED-LABEL: gpu.func @strict
  // LOWERED: %[[FREE:.*]] = tile.barriers "p_empty"
  // LOWERED: tile.role "mma"
  // LOWERED: tile.barrier_wait %[[FREE]]
  // LOWERED: tile.mma_into
  // LOWERED: tile.mma_commit %[[FREE]]
  gpu.func @strict(%m: memref<?x64xbf16>, %f: memref<?x64xf32>, %n: index) kernel attributes {tile.schedule = #tile.schedule<strict = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %false = arith.constant false
    %q = tile.channel "q" : !q
    %k = tile.channel "k" : !k
    %s = tile.channel "s" : !s
    %p = tile.channel "p" : !p
    %o = tile.channel "o" : !s
    tile.role "load" warps(1) registers(24) one_thread {
      %slot = tile.acquire %q : !q -> !panel
      tile.copy %m[%c0, %c0] to %slot : memref<?x64xbf16>, !panel
      tile.commit %q : !q
      %keys = tile.acquire %k : !k -> !keys
      tile.copy %m[%c0, %c0] to %keys : memref<?x64xbf16>, !keys
      tile.commit %k : !k
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      %left = tile.wait %q : !q -> !panel
      %right = tile.wait %k : !k -> !keys
      scf.for %i = %c0 to %n step %c1 {
        %scores = tile.acquire %s : !s -> !scores
        tile.mma_into %scores, %left, %right accumulate(%false) transpose_b : !scores, !panel, !keys
        tile.commit %s : !s
        %weights = tile.wait %p : !p -> !weights
        %sum = tile.acquire %o : !s -> !scores
        tile.mma_into %sum, %weights, %right accumulate(%false) : !scores, !weights, !keys
        tile.commit %o : !s
        tile.release %p : !p
      } {tile.loop = 0 : i64}
      tile.release %q : !q
      tile.release %k : !k
    }
    tile.role "compute" warps(4) registers(200) {
      scf.for %i = %c0 to %n step %c1 {
        %scores = tile.wait %s : !s -> !scores
        %values = tile.move %scores : !scores -> tensor<128x64xf32, #scores>
        tile.release %s : !s
        %narrow = arith.truncf %values : tensor<128x64xf32, #scores> to tensor<128x64xbf16, #scores>
        %weights = tile.acquire %p : !p -> !weights
        tile.write_tensor %narrow, %weights : tensor<128x64xbf16, #scores>, !weights
        tile.commit %p : !p
        %sum = tile.wait %o : !s -> !scores
        %out = tile.move %sum : !scores -> tensor<128x64xf32, #scores>
        tile.store %out, %f[%c0, %c0] : tensor<128x64xf32, #scores>, memref<?x64xf32>
        tile.release %o : !s
      } {tile.loop = 0 : i64}
    }
    gpu.return
  }
}

// -----

#scores = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!panel = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!keys = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!scores = tensor<128x64xf32, #tile.tensor_memory>
!weights = tensor<128x64xbf16, #tile.tensor_memory>
!s = !tile.channel<1 x !scores>
!p = !tile.channel<1 x !weights>
!q = !tile.channel<1 x !panel>
!k = !tile.channel<1 x !keys>

gpu.module @read_later_module [#nvvm.target<chip = "sm_100a">] {
  // Scores are read again after weights have been written: both stay.
  // CHECK-LABEL: gpu.func @read_later
  // CHECK-NOT: shares
  // LOWERED-LABEL: gpu.func @read_later
  // LOWERED: tile.alloc "p" offset(64)
  // LOWERED: tile.barriers "s_empty"
  gpu.func @read_later(%m: memref<?x64xbf16>, %f: memref<?x64xf32>, %n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %false = arith.constant false
    %q = tile.channel "q" : !q
    %k = tile.channel "k" : !k
    %s = tile.channel "s" : !s
    %p = tile.channel "p" : !p
    %o = tile.channel "o" : !s
    tile.role "load" warps(1) registers(24) one_thread {
      %slot = tile.acquire %q : !q -> !panel
      tile.copy %m[%c0, %c0] to %slot : memref<?x64xbf16>, !panel
      tile.commit %q : !q
      %keys = tile.acquire %k : !k -> !keys
      tile.copy %m[%c0, %c0] to %keys : memref<?x64xbf16>, !keys
      tile.commit %k : !k
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      %left = tile.wait %q : !q -> !panel
      %right = tile.wait %k : !k -> !keys
      scf.for %i = %c0 to %n step %c1 {
        %scores = tile.acquire %s : !s -> !scores
        tile.mma_into %scores, %left, %right accumulate(%false) transpose_b : !scores, !panel, !keys
        tile.commit %s : !s
        %weights = tile.wait %p : !p -> !weights
        %sum = tile.acquire %o : !s -> !scores
        tile.mma_into %sum, %weights, %right accumulate(%false) : !scores, !weights, !keys
        tile.commit %o : !s
        tile.release %p : !p
      } {tile.loop = 0 : i64}
      tile.release %q : !q
      tile.release %k : !k
    }
    tile.role "compute" warps(4) registers(200) {
      scf.for %i = %c0 to %n step %c1 {
        %scores = tile.wait %s : !s -> !scores
        %values = tile.move %scores : !scores -> tensor<128x64xf32, #scores>
        %narrow = arith.truncf %values : tensor<128x64xf32, #scores> to tensor<128x64xbf16, #scores>
        %weights = tile.acquire %p : !p -> !weights
        tile.write_tensor %narrow, %weights : tensor<128x64xbf16, #scores>, !weights
        tile.commit %p : !p
        %again = tile.move %scores : !scores -> tensor<128x64xf32, #scores>
        tile.store %again, %f[%c0, %c0] : tensor<128x64xf32, #scores>, memref<?x64xf32>
        tile.release %s : !s
        %sum = tile.wait %o : !s -> !scores
        %out = tile.move %sum : !scores -> tensor<128x64xf32, #scores>
        tile.store %out, %f[%c0, %c0] : tensor<128x64xf32, #scores>, memref<?x64xf32>
        tile.release %o : !s
      } {tile.loop = 0 : i64}
    }
    gpu.return
  }
}

// -----

#scores = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!panel = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!keys = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!scores = tensor<128x64xf32, #tile.tensor_memory>
!weights = tensor<128x64xbf16, #tile.tensor_memory>
!s = !tile.channel<2 x !scores>
!p = !tile.channel<2 x !weights>
!q = !tile.channel<1 x !panel>
!k = !tile.channel<1 x !keys>

gpu.module @two_slots_module [#nvvm.target<chip = "sm_100a">] {
  // The next scores are written before the weights are read, but there are two slots of each.
  // CHECK-LABEL: gpu.func @two_slots
  // CHECK-SAME: tile.assumes = ["mma_order"]
  // CHECK: tile.channel "p" shares(
  // LOWERED-LABEL: gpu.func @two_slots
  // LOWERED: tile.alloc "s" offset(0) : <2 x tensor<128x64xf32
  // LOWERED: tile.alloc "p" offset(0) : <2 x tensor<128x64xbf16, {{.*}}>, apart = 64>
  gpu.func @two_slots(%m: memref<?x64xbf16>, %f: memref<?x64xf32>, %n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %false = arith.constant false
    %q = tile.channel "q" : !q
    %k = tile.channel "k" : !k
    %s = tile.channel "s" : !s
    %p = tile.channel "p" : !p
    %o = tile.channel "o" : !s
    tile.role "load" warps(1) registers(24) one_thread {
      %slot = tile.acquire %q : !q -> !panel
      tile.copy %m[%c0, %c0] to %slot : memref<?x64xbf16>, !panel
      tile.commit %q : !q
      %keys = tile.acquire %k : !k -> !keys
      tile.copy %m[%c0, %c0] to %keys : memref<?x64xbf16>, !keys
      tile.commit %k : !k
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      %left = tile.wait %q : !q -> !panel
      %right = tile.wait %k : !k -> !keys
      %scores0 = tile.acquire %s : !s -> !scores
      tile.mma_into %scores0, %left, %right accumulate(%false) transpose_b : !scores, !panel, !keys
      tile.commit %s : !s
      scf.for %i = %c0 to %n step %c1 {
        %scores1 = tile.acquire %s : !s -> !scores
        tile.mma_into %scores1, %left, %right accumulate(%false) transpose_b : !scores, !panel, !keys
        tile.commit %s : !s
        %weights1 = tile.wait %p : !p -> !weights
        %sum1 = tile.acquire %o : !s -> !scores
        tile.mma_into %sum1, %weights1, %right accumulate(%false) : !scores, !weights, !keys
        tile.commit %o : !s
        tile.release %p : !p
      } {tile.loop = 0 : i64}
      %weights2 = tile.wait %p : !p -> !weights
      %sum2 = tile.acquire %o : !s -> !scores
      tile.mma_into %sum2, %weights2, %right accumulate(%false) : !scores, !weights, !keys
      tile.commit %o : !s
      tile.release %p : !p
      tile.release %q : !q
      tile.release %k : !k
    }
    tile.role "compute" warps(4) registers(200) {
      scf.for %i = %c0 to %n step %c1 {
        %scores = tile.wait %s : !s -> !scores
        %values = tile.move %scores : !scores -> tensor<128x64xf32, #scores>
        tile.release %s : !s
        %narrow = arith.truncf %values : tensor<128x64xf32, #scores> to tensor<128x64xbf16, #scores>
        %weights = tile.acquire %p : !p -> !weights
        tile.write_tensor %narrow, %weights : tensor<128x64xbf16, #scores>, !weights
        tile.commit %p : !p
        %sum = tile.wait %o : !s -> !scores
        %out = tile.move %sum : !scores -> tensor<128x64xf32, #scores>
        tile.store %out, %f[%c0, %c0] : tensor<128x64xf32, #scores>, memref<?x64xf32>
        tile.release %o : !s
      } {tile.loop = 0 : i64}
      %scores2 = tile.wait %s : !s -> !scores
      %values2 = tile.move %scores2 : !scores -> tensor<128x64xf32, #scores>
      tile.release %s : !s
      %narrow2 = arith.truncf %values2 : tensor<128x64xf32, #scores> to tensor<128x64xbf16, #scores>
      %weights2 = tile.acquire %p : !p -> !weights
      tile.write_tensor %narrow2, %weights2 : tensor<128x64xbf16, #scores>, !weights
      tile.commit %p : !p
      %sum2 = tile.wait %o : !s -> !scores
      %out2 = tile.move %sum2 : !scores -> tensor<128x64xf32, #scores>
      tile.store %out2, %f[%c0, %c0] : tensor<128x64xf32, #scores>, memref<?x64xf32>
      tile.release %o : !s
    }
    gpu.return
  }
}

// -----

#scores = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!panel = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!keys = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!scores = tensor<128x64xf32, #tile.tensor_memory>
!weights = tensor<128x64xbf16, #tile.tensor_memory>
!s = !tile.channel<1 x !scores>
!p = !tile.channel<1 x !weights>
!q = !tile.channel<1 x !panel>
!k = !tile.channel<1 x !keys>

gpu.module @one_slot_module [#nvvm.target<chip = "sm_100a">] {
  // With one slot, the next scores need it before the weights have been read.
  // CHECK-LABEL: gpu.func @one_slot
  // CHECK-NOT: shares
  // LOWERED-LABEL: gpu.func @one_slot
  // LOWERED: tile.alloc "p" offset(64)
  gpu.func @one_slot(%m: memref<?x64xbf16>, %f: memref<?x64xf32>, %n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %false = arith.constant false
    %q = tile.channel "q" : !q
    %k = tile.channel "k" : !k
    %s = tile.channel "s" : !s
    %p = tile.channel "p" : !p
    %o = tile.channel "o" : !s
    tile.role "load" warps(1) registers(24) one_thread {
      %slot = tile.acquire %q : !q -> !panel
      tile.copy %m[%c0, %c0] to %slot : memref<?x64xbf16>, !panel
      tile.commit %q : !q
      %keys = tile.acquire %k : !k -> !keys
      tile.copy %m[%c0, %c0] to %keys : memref<?x64xbf16>, !keys
      tile.commit %k : !k
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      %left = tile.wait %q : !q -> !panel
      %right = tile.wait %k : !k -> !keys
      %scores0 = tile.acquire %s : !s -> !scores
      tile.mma_into %scores0, %left, %right accumulate(%false) transpose_b : !scores, !panel, !keys
      tile.commit %s : !s
      scf.for %i = %c0 to %n step %c1 {
        %scores1 = tile.acquire %s : !s -> !scores
        tile.mma_into %scores1, %left, %right accumulate(%false) transpose_b : !scores, !panel, !keys
        tile.commit %s : !s
        %weights1 = tile.wait %p : !p -> !weights
        %sum1 = tile.acquire %o : !s -> !scores
        tile.mma_into %sum1, %weights1, %right accumulate(%false) : !scores, !weights, !keys
        tile.commit %o : !s
        tile.release %p : !p
      } {tile.loop = 0 : i64}
      %weights2 = tile.wait %p : !p -> !weights
      %sum2 = tile.acquire %o : !s -> !scores
      tile.mma_into %sum2, %weights2, %right accumulate(%false) : !scores, !weights, !keys
      tile.commit %o : !s
      tile.release %p : !p
      tile.release %q : !q
      tile.release %k : !k
    }
    tile.role "compute" warps(4) registers(200) {
      scf.for %i = %c0 to %n step %c1 {
        %scores = tile.wait %s : !s -> !scores
        %values = tile.move %scores : !scores -> tensor<128x64xf32, #scores>
        tile.release %s : !s
        %narrow = arith.truncf %values : tensor<128x64xf32, #scores> to tensor<128x64xbf16, #scores>
        %weights = tile.acquire %p : !p -> !weights
        tile.write_tensor %narrow, %weights : tensor<128x64xbf16, #scores>, !weights
        tile.commit %p : !p
        %sum = tile.wait %o : !s -> !scores
        %out = tile.move %sum : !scores -> tensor<128x64xf32, #scores>
        tile.store %out, %f[%c0, %c0] : tensor<128x64xf32, #scores>, memref<?x64xf32>
        tile.release %o : !s
      } {tile.loop = 0 : i64}
      %scores2 = tile.wait %s : !s -> !scores
      %values2 = tile.move %scores2 : !scores -> tensor<128x64xf32, #scores>
      tile.release %s : !s
      %narrow2 = arith.truncf %values2 : tensor<128x64xf32, #scores> to tensor<128x64xbf16, #scores>
      %weights2 = tile.acquire %p : !p -> !weights
      tile.write_tensor %narrow2, %weights2 : tensor<128x64xbf16, #scores>, !weights
      tile.commit %p : !p
      %sum2 = tile.wait %o : !s -> !scores
      %out2 = tile.move %sum2 : !scores -> tensor<128x64xf32, #scores>
      tile.store %out2, %f[%c0, %c0] : tensor<128x64xf32, #scores>, memref<?x64xf32>
      tile.release %o : !s
    }
    gpu.return
  }
}
