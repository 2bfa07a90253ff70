// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-assign-roles)))' --split-input-file --allow-unregistered-dialect | FileCheck %s

#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!a = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!b = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x64xf32, #tile.tensor_memory>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  // One thread loads, one starts MMAs, workers do the rest. Scalars, views, constants and
  // loops have no role.
  // CHECK-LABEL: gpu.func @matrix_product
  // CHECK-SAME: tile.roles = [{name = "load", one_thread, registers = 56 : i64, warps = 1 : i64}, {name = "mma", one_thread, registers = 56 : i64, warps = 3 : i64}, {name = "compute", registers = 200 : i64, warps = 4 : i64}]
  gpu.func @matrix_product(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 56, compute_registers = 200>} {
    // CHECK: arith.constant 0 : index
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    // CHECK: arith.constant dense<0.000000e+00> : tensor
    %zero = arith.constant dense<0.0> : !sum
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %zero) -> (!sum) {
      // CHECK: tile.load {{.*}} {tile.role = "load"}
      %a = tile.load %m[%i, %c0] ring("a") stages(2) : memref<?x64xbf16> -> !a
      %b = tile.load %m[%i, %c0] ring("b") stages(2) : memref<?x64xbf16> -> !b
      // CHECK: tile.mma_async {{.*}} {tile.role = "mma"}
      %async = tile.mma_async %a, %b, %sum : !a, !b, !sum -> !tile.async<!sum>
      // CHECK: tile.await {{.*}} {tile.role = "mma"}
      %s = tile.await %async in_flight(0) : !tile.async<!sum> -> !sum
      // CHECK: scf.yield %{{.*}} : tensor
      scf.yield %s : !sum
    }
    // CHECK: tile.move {{.*}} {tile.role = "compute"}
    %values = tile.move %r : !sum -> tensor<128x64xf32, #lane>
    // CHECK: "use"(%{{.*}}) {tile.role = "compute"}
    "use"(%values) : (tensor<128x64xf32, #lane>) -> ()
    // A role that is given stays.
    // CHECK: "use"() {tile.role = "load"}
    "use"() {tile.role = "load"} : () -> ()
    // CHECK: gpu.return{{$}}
    gpu.return
  }
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #acc>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // Accumulators in registers belong to the workers that start the MMAs.
  // CHECK-LABEL: gpu.func @registers
  // CHECK-SAME: tile.roles = [{name = "load", one_thread, registers = 24 : i64, warps = 4 : i64}, {name = "compute", registers = 240 : i64, warps = 8 : i64}]
  gpu.func @registers(%m: memref<?x64xbf16>, %i: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 24, compute_registers = 240>} {
    // CHECK: tile.load {{.*}} {tile.role = "load"}
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xbf16> -> !shared
    // CHECK: tile.mma_async {{.*}} {tile.role = "compute"}
    %async = tile.mma_async %a, %a : !shared, !shared -> !tile.async<!acc>
    // CHECK: tile.await {{.*}} {tile.role = "compute"}
    %s = tile.await %async in_flight(0) : !tile.async<!acc> -> !acc
    "use"(%s) : (!acc) -> ()
    gpu.return
  }
}

// -----

#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
#row = #tile.fragment<registers = [], lanes = [32 : (1)], warps = [4 : (32)]>
!b = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x64xf32, #tile.tensor_memory>
!values = tensor<128x64xf32, #lane>
!narrow = tensor<128x64xbf16, #lane>
!left = tensor<128x64xbf16, #tile.tensor_memory>
!row = tensor<128xf32, #row>
!part = tensor<128x32xf32, #tile.fragment<registers = [32 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  // What threads do with a sum between MMAs, and with what it is in the end, and what only that needs. The vector is
  // handed over; the weights stay with who makes them.
  // CHECK-LABEL: gpu.func @correction
  // CHECK-SAME: {name = "compute", registers = 152 : i64, warps = 8 : i64}, {name = "correction", registers = 88 : i64, warps = 4 : i64}]
  // CHECK: "weights"() {tile.role = "compute"}
  // CHECK: tile.move {{.*}} {tile.role = "compute"} : {{.*}}bf16
  // CHECK: tile.move {{.*}} {tile.role = "correction"} : {{.*}}f32
  // CHECK: scf.for
  // CHECK:   tile.mma_async {{.*}} {tile.role = "mma", tile.run = 0 : i64}
  // CHECK:   "factor"() {tile.role = "compute"}
  // CHECK:   arith.cmpf {{.*}} {tile.role = "correction"}
  // CHECK:   tile.any {{.*}} {tile.role = "correction"}
  // CHECK:   scf.if
  // CHECK:     tile.move {{.*}} {tile.role = "correction"}
  // CHECK:     tile.broadcast {{.*}} {tile.role = "correction"}
  // CHECK:     arith.mulf {{.*}} {tile.role = "correction"}
  // CHECK:     tile.move {{.*}} {tile.role = "correction"}
  // CHECK:   "weights"() {tile.role = "compute"}
  // CHECK:   tile.move {{.*}} {tile.role = "compute"}
  // CHECK: tile.move {{.*}} {tile.role = "correction"}
  // CHECK: "use"(%{{.*}}) {tile.role = "correction"}
  // CHECK: "use_part"(%{{.*}}) {tile.role = "correction"}
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
      %factor = "factor"() : () -> !row
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
      %n1 = "weights"() : () -> !narrow
      %p1 = tile.move %n1 : !narrow -> !left
      scf.yield %p1, %next : !left, !sum
    }
    %end = tile.mma_async %r#0, %b, %r#1 : !left, !b, !sum -> !tile.async<!sum>
    %t = tile.await %end in_flight(0) : !tile.async<!sum> -> !sum
    %result = tile.move %t : !sum -> !values
    "use"(%result) : (!values) -> ()
    %part = tile.slice %result[%c0, %c0] : !values -> !part
    "use_part"(%part) : (!part) -> ()
    gpu.return
  }
}
