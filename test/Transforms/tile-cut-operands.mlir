// RUN: girih-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-cut-operands,canonicalize,cse)))" --split-input-file | FileCheck %s
// What comes of it is a protocol that the proof takes, with columns of its own and in those of the scores.
// RUN: girih-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-cut-operands,canonicalize,cse,tile-lower-channels,tile-verify-barriers)))" \
// RUN:   --split-input-file -o /dev/null
// RUN: girih-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-cut-operands,canonicalize,cse,tile-share-columns,tile-lower-channels,tile-verify-barriers)))" \
// RUN:   --split-input-file | FileCheck %s --check-prefix=SHARED

#lane = #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
#row = #tile.fragment<registers = [], lanes = [32 : (1)], warps = [4 : (32)]>
!panel = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!scores = tensor<128x128xf32, #tile.tensor_memory>
!sum = tensor<128x64xf32, #tile.tensor_memory>
!weights = tensor<128x128xbf16, #tile.tensor_memory>
!values = tensor<128x128xf32, #lane>
!narrow = tensor<128x128xbf16, #lane>
!rows = tensor<128xf32, #row>
!out = tensor<128x64xf32, #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!q = !tile.channel<1 x !panel>
!s = !tile.channel<1 x !scores>
!p = !tile.channel<1 x !weights>
!o = !tile.channel<1 x !sum>

gpu.module @parts [#nvvm.target<chip = "sm_100a">] {
  // The first three quarters are made and handed over, then the rest. What needs the whole, as the maximum
  // does, comes before; the sum of a row is that of its parts.
  // CHECK-LABEL: gpu.func @weights
  // CHECK-DAG: %[[P:.*]] = tile.channel "p" : <1 x tensor<128x96xbf16, #tile.tensor_memory>>
  // CHECK-DAG: %[[REST:.*]] = tile.channel "p_rest" : <1 x tensor<128x32xbf16, #tile.tensor_memory>>
  // CHECK: tile.role "mma"
  // CHECK: %[[W:.*]] = tile.wait %[[P]]
  // CHECK: %[[V:.*]] = tile.slice %[[B:.*]][%c0] : {{.*}} -> tensor<96x64xbf16, #tile.shared<swizzle = 128, rows = 128>>
  // CHECK: tile.mma_into %[[O:.*]], %[[W]], %[[V]] accumulate(%false)
  // CHECK: %[[W1:.*]] = tile.wait %[[REST]]
  // CHECK: %[[V1:.*]] = tile.slice %[[B]][%c96] : {{.*}} -> tensor<32x64xbf16, #tile.shared<swizzle = 128, rows = 128>>
  // CHECK: tile.mma_into %[[O]], %[[W1]], %[[V1]] accumulate(%true)
  // CHECK: tile.release %[[P]]
  // CHECK: tile.release %[[REST]]
  // CHECK: tile.role "compute"
  // CHECK: %[[X:.*]] = tile.move
  // CHECK: tile.reduce max %[[X]]
  // CHECK: %[[X0:.*]] = tile.slice %[[X]][%c0, %c0] : {{.*}} -> tensor<128x96xf32
  // CHECK: %[[E0:.*]] = math.exp2 %{{.*}} fastmath<afn> {tile.exp2_polynomial = 4 : i64} : tensor<128x96xf32
  // CHECK: %[[N0:.*]] = arith.truncf %[[E0]]
  // CHECK: %[[S0:.*]] = tile.acquire %[[P]]
  // CHECK: tile.write_tensor %[[N0]], %[[S0]]
  // CHECK: tile.commit %[[P]] {early}
  // CHECK: %[[R0:.*]] = tile.reduce add %[[E0]]
  // CHECK: %[[X1:.*]] = tile.slice %[[X]][%c0, %c96] : {{.*}} -> tensor<128x32xf32
  // CHECK: tile.write_tensor
  // CHECK: tile.commit %[[REST]] :
  // CHECK: %[[R1:.*]] = tile.reduce add
  // CHECK: arith.addf %[[R0]], %[[R1]]
  // CHECK-NOT: tile.reduce
  // SHARED-LABEL: gpu.func @weights
  // SHARED-SAME: tile.assumes = ["mma_order"]
  // SHARED: tile.alloc "s" offset([[S:[0-9]+]])
  // SHARED: tile.alloc "p" offset([[S]])
  // SHARED: tile.alloc "p_rest" offset(112)
  // SHARED: tile.role "compute"
  // SHARED: tile.barrier_arrive {{.*}} {early}
  // SHARED: tile.barrier_arrive {{.*}} tensor_memory :
  gpu.func @weights(%m: memref<?x64xbf16>, %g: memref<?x64xf32>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<last_part = 4>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %false = arith.constant false
    %q = tile.channel "q" : !q
    %o = tile.channel "o" : !o
    %s = tile.channel "s" : !s
    %p = tile.channel "p" : !p
    tile.role "load" warps(1) registers(24) one_thread {
      %slot = tile.acquire %q : !q -> !panel
      tile.copy %m[%c0, %c0] to %slot : memref<?x64xbf16>, !panel
      tile.commit %q : !q
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      %left = tile.wait %q : !q -> !panel
      scf.for %i = %c0 to %n step %c1 {
        %scores = tile.acquire %s : !s -> !scores
        tile.mma_into %scores, %left, %left accumulate(%false) transpose_b : !scores, !panel, !panel
        tile.commit %s : !s
        %weights = tile.wait %p : !p -> !weights
        %sum = tile.acquire %o : !o -> !sum
        tile.mma_into %sum, %weights, %left accumulate(%false) : !sum, !weights, !panel
        tile.commit %o : !o
        tile.release %p : !p
      } {tile.loop = 0 : i64}
      tile.release %q : !q
    }
    tile.role "compute" warps(4) registers(200) {
      scf.for %i = %c0 to %n step %c1 {
        %scores = tile.wait %s : !s -> !scores
        %x = tile.move %scores : !scores -> !values
        tile.release %s : !s
        %most = tile.reduce max %x : !values -> !rows
        %shift = tile.broadcast %most : !rows -> !values
        %less = arith.subf %x, %shift : !values
        %e = math.exp2 %less fastmath<afn> {tile.exp2_polynomial = 4} : !values
        %total = tile.reduce add %e : !values -> !rows
        %twice = arith.addf %total, %total : !rows
        %narrow = arith.truncf %e : !values to !narrow
        %weights = tile.acquire %p : !p -> !weights
        tile.write_tensor %narrow, %weights : !narrow, !weights
        tile.commit %p : !p
        %sum = tile.wait %o : !o -> !sum
        %out = tile.move %sum : !sum -> !out
        %more = tile.broadcast %twice : !rows -> !out
        %both = arith.addf %out, %more : !out
        tile.store %both, %g[%c0, %c0] : !out, memref<?x64xf32>
        tile.release %o : !o
      } {tile.loop = 0 : i64}
    }
    gpu.return
  }
}
