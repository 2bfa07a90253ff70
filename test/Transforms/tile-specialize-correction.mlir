// Sums that a role of its own changes between MMAs, for two workers one after the other; vectors that cross.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-assign-roles,tile-specialize,canonicalize,cse)))' --allow-unregistered-dialect | FileCheck %s

#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
#row = #tile.fragment<registers = [], lanes = [32 : (1)], warps = [4 : (32)]>
!b = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x64xf32, #tile.tensor_memory>
!values = tensor<128x64xf32, #lane>
!narrow = tensor<128x64xbf16, #lane>
!left = tensor<128x64xbf16, #tile.tensor_memory>
!row = tensor<128xf32, #row>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  // CHECK-LABEL: gpu.func @correction
  // CHECK: %[[O:.*]] = tile.channel "sum" : <1 x tensor<128x64xf32, #tile.tensor_memory>, copies = 2>
  // CHECK: %[[BACK:.*]] = tile.channel "sum_back" shares(%[[O]] :
  // CHECK: %[[V:.*]] = tile.channel "vector" : <1 x tensor<1x128xf32, #tile.shared<swizzle = 32>>, copies = 2>
  // CHECK: tile.role "compute" warps(8) registers(152) {
  // CHECK:   %[[W:.*]] = tile.worker
  // CHECK:   scf.for
  // CHECK:     %[[RAW:.*]] = "factor"()
  // CHECK:     %[[F:.*]] = arith.negf %[[RAW]]
  // CHECK:     %[[S:.*]] = tile.acquire %[[V]] for(%[[W]])
  // CHECK:     tile.write_shared %[[F]], %[[S]]
  // CHECK:     tile.commit %[[V]] for(%[[W]])
  // CHECK:     "weights"()
  // CHECK-NOT: tile.any
  // CHECK: tile.role "correction" warps(4) registers(88) {
  // CHECK-NOT: tile.worker
  // CHECK:   %[[OWN0:.*]] = tile.own %[[O]] for(%c0)
  // CHECK:   tile.write_tensor %{{.*}}, %[[OWN0]]
  // CHECK:   tile.commit %[[BACK]] for(%c0)
  // CHECK:   %[[OWN1:.*]] = tile.own %[[O]] for(%c1)
  // CHECK:   tile.write_tensor %{{.*}}, %[[OWN1]]
  // CHECK:   tile.commit %[[BACK]] for(%c1)
  // CHECK:   scf.for
  // CHECK:     %[[S0:.*]] = tile.wait %[[V]] for(%c0)
  // CHECK:     %[[F0:.*]] = tile.move %[[S0]]
  // CHECK:     tile.release %[[V]] for(%c0)
  // CHECK:     tile.any
  // CHECK:     %[[O0:.*]] = tile.wait %[[O]] for(%c0)
  // CHECK:     scf.if
  // CHECK:       tile.move %[[O0]]
  // CHECK:       tile.broadcast %[[F0]]
  // CHECK:       tile.write_tensor %{{.*}}, %[[O0]]
  // CHECK:     tile.commit %[[BACK]] for(%c0)
  // CHECK:     tile.wait %[[V]] for(%c1)
  // CHECK:     tile.any
  // CHECK:     %[[O1:.*]] = tile.wait %[[O]] for(%c1)
  // CHECK:     scf.if
  // CHECK:       tile.write_tensor %{{.*}}, %[[O1]]
  // CHECK:     tile.commit %[[BACK]] for(%c1)
  // CHECK:   tile.wait %[[O]] for(%c0)
  // CHECK:   "use"
  // CHECK:   tile.wait %[[O]] for(%c1)
  // CHECK:   "use"
  gpu.func @correction(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 56, compute_registers = 152, correction_registers = 88>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : !values
    %ones = arith.constant dense<1.0> : !row
    %b = tile.load %m[%n, %c0] ring("b") stages(1) : memref<?x64xbf16> -> !b
    %n0 = "weights"() : () -> !narrow
    %p0 = tile.move %n0 : !narrow -> !left
    %o0 = tile.move %zero : !values -> !sum
    %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%p = %p0, %o = %o0) -> (!left, !sum) {
      %start = tile.mma_async %p, %b, %o : !left, !b, !sum -> !tile.async<!sum>
      %raw = "factor"() : () -> !row
      %n1 = "weights"() : () -> !narrow
      // A vector that crosses is made as early as it can be.
      %factor = arith.negf %raw : !row
      %last = tile.await %start in_flight(0) : !tile.async<!sum> -> !sum
      %changes = arith.cmpf une, %factor, %ones : !row
      %any = tile.any %changes : tensor<128xi1, #row>
      %next = scf.if %any -> (!sum) {
        %old = tile.move %last : !sum -> !values
        %factors = tile.broadcast %factor : !row -> !values
        %scaled = arith.mulf %old, %factors : !values
        %new = tile.move %scaled : !values -> !sum
        scf.yield %new : !sum
      } else {
        scf.yield %last : !sum
      }
      %p1 = tile.move %n1 : !narrow -> !left
      scf.yield %p1, %next : !left, !sum
    }
    %end = tile.mma_async %r#0, %b, %r#1 : !left, !b, !sum -> !tile.async<!sum>
    %t = tile.await %end in_flight(0) : !tile.async<!sum> -> !sum
    %result = tile.move %t : !sum -> !values
    "use"(%result) : (!values) -> ()
    gpu.return
  }
}
