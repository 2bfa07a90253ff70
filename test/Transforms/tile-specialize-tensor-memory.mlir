// Accumulators in tensor memory: one thread starts the MMAs of all workers.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-assign-roles,tile-specialize,canonicalize,cse)))' --allow-unregistered-dialect | FileCheck %s

#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!a = tensor<256x64xbf16, #tile.shared<swizzle = 128>>
!mine = tensor<128x64xbf16, #tile.shared<swizzle = 128, rows = 256>>
!b = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x64xf32, #tile.tensor_memory>
!values = tensor<128x64xf32, #lane>
!narrow = tensor<128x64xbf16, #lane>
!left = tensor<128x64xbf16, #tile.tensor_memory>
!bytes = tensor<128x128xf8E4M3FN, #tile.shared<swizzle = 128>>
!tall_bytes = tensor<256x128xf8E4M3FN, #tile.shared<swizzle = 128>>
!part_bytes = tensor<128x128xf8E4M3FN, #tile.shared<swizzle = 128, rows = 256>>
!part_scales = tensor<32x16xf8E8M0FNU, #tile.shared<swizzle = 16, rows = 64>>
!wide_bytes = tensor<192x128xf8E4M3FN, #tile.shared<swizzle = 128>>
!scales = tensor<32x16xf8E8M0FNU, #tile.shared<swizzle = 16>>
!wide_scales = tensor<64x16xf8E8M0FNU, #tile.shared<swizzle = 16>>
!wide_sum = tensor<128x192xf32, #tile.tensor_memory>
!wide_values = tensor<128x192xf32, #tile.fragment<registers = [192 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  // CHECK-LABEL: gpu.func @two_workers
  // CHECK: %[[A:.*]] = tile.channel "a" : <2 x
  // CHECK: %[[B:.*]] = tile.channel "b" : <2 x
  // CHECK: %[[SUM:.*]] = tile.channel "sum" : <2 x tensor<128x64xf32, #tile.tensor_memory>, copies = 2>
  // CHECK: tile.role "load" warps(1) registers(56) one_thread {
  // CHECK-NOT: tile.acquire %[[SUM]]
  // CHECK: tile.role "mma" warps(3) registers(56) one_thread {
  // Each worker's accumulator is acquired before the loop around its MMAs.
  // CHECK:   %[[S0:.*]] = tile.acquire %[[SUM]] for(%c0)
  // CHECK:   %[[S1:.*]] = tile.acquire %[[SUM]] for(%c1)
  // The loop carries nothing: the sums stay where they are.
  // CHECK:   scf.for %[[I:.*]] = %c0 to %{{[^ ]*}} step %c1 {
  // CHECK:     %[[MORE:.*]] = arith.cmpi ne, %[[I]], %c0
  // CHECK:     %[[TA:.*]] = tile.wait %[[A]]
  // CHECK:     %[[A0:.*]] = tile.slice %[[TA]][%c0]
  // CHECK:     %[[A1:.*]] = tile.slice %[[TA]][%c128]
  // CHECK:     %[[TB:.*]] = tile.wait %[[B]]
  // CHECK:     tile.mma_into %[[S0]], %[[A0]], %[[TB]] accumulate(%[[MORE]])
  // CHECK:     tile.mma_into %[[S1]], %[[A1]], %[[TB]] accumulate(%[[MORE]])
  // Nobody waits for the MMAs here: a release tells when they are done.
  // CHECK-NOT: tile.await
  // CHECK:     tile.release %[[B]]
  // CHECK:     tile.release %[[A]]
  // CHECK:   } {tile.loop = 0 : i64, tile.non_empty}
  // CHECK:   tile.commit %[[SUM]] for(%c0)
  // CHECK:   tile.commit %[[SUM]] for(%c1)
  // CHECK: tile.role "compute" warps(8) registers(200) {
  // CHECK:   %[[W:.*]] = tile.worker
  // CHECK:   %[[T:.*]] = tile.wait %[[SUM]] for(%[[W]])
  // CHECK:   %[[V:.*]] = tile.move %[[T]]
  // CHECK:   tile.release %[[SUM]] for(%[[W]])
  // CHECK:   "use"(%[[V]])
  gpu.func @two_workers(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, accumulators = 2, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c128 = arith.constant 128 : index
    %zero = arith.constant dense<0.0> : !sum
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %zero) -> (!sum) {
      %a = tile.load %m[%i, %c0] ring("a") stages(2) : memref<?x64xbf16> -> !a
      %b = tile.load %m[%i, %c0] ring("b") stages(2) : memref<?x64xbf16> -> !b
      %w = tile.worker
      %row = arith.muli %w, %c128 : index
      %mine = tile.slice %a[%row] : !a -> !mine
      %async = tile.mma_async %mine, %b, %sum : !mine, !b, !sum -> !tile.async<!sum>
      %s = tile.await %async in_flight(0) : !tile.async<!sum> -> !sum
      scf.yield %s : !sum
    } {tile.non_empty}
    %values = tile.move %r : !sum -> !values
    "use"(%values) : (!values) -> ()
    gpu.return
  }

  // Two MMAs of one run are started for a worker, then for the next; what stands between and is for both, before or after.
  // CHECK-LABEL: gpu.func @one_run
  // CHECK: %[[B:.*]] = tile.channel "b"
  // CHECK: %[[C:.*]] = tile.channel "c"
  // CHECK: tile.role "mma"
  // CHECK: %[[TB:.*]] = tile.wait %[[B]]
  // CHECK: %[[TC:.*]] = tile.wait %[[C]]
  // CHECK: tile.mma_into {{.*}}, %[[TB]]
  // CHECK: tile.mma_into {{.*}}, %[[TC]]
  // CHECK: tile.mma_into {{.*}}, %[[TB]]
  // CHECK: tile.mma_into {{.*}}, %[[TC]]
  // CHECK: tile.release %[[B]]
  // CHECK: tile.release %[[C]]
  gpu.func @one_run(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %c128 = arith.constant 128 : index
    %a = tile.load %m[%n, %c0] ring("a") stages(1) : memref<?x64xbf16> -> !a
    %w = tile.worker
    %row = arith.muli %w, %c128 : index
    %mine = tile.slice %a[%row] : !a -> !mine
    %b = tile.load %m[%n, %c0] ring("b") stages(1) : memref<?x64xbf16> -> !b
    %first = tile.mma_async %mine, %b {tile.run = 0 : i64} : !mine, !b -> !tile.async<!sum>
    %c = tile.load %m[%c0, %c0] ring("c") stages(1) : memref<?x64xbf16> -> !b
    %second = tile.mma_async %mine, %c {tile.run = 0 : i64} : !mine, !b -> !tile.async<!sum>
    %s = tile.await %first in_flight(0) : !tile.async<!sum> -> !sum
    %t = tile.await %second in_flight(0) : !tile.async<!sum> -> !sum
    %x = tile.move %s : !sum -> !values
    %y = tile.move %t : !sum -> !values
    "use"(%x, %y) : (!values, !values) -> ()
    gpu.return
  }

  // Those of two runs for both workers each.
  // CHECK-LABEL: gpu.func @two_runs
  // CHECK: %[[B:.*]] = tile.channel "b"
  // CHECK: %[[C:.*]] = tile.channel "c"
  // CHECK: tile.role "mma"
  // CHECK: %[[TB:.*]] = tile.wait %[[B]]
  // CHECK: tile.mma_into {{.*}}, %[[TB]]
  // CHECK: tile.mma_into {{.*}}, %[[TB]]
  // CHECK: %[[TC:.*]] = tile.wait %[[C]]
  // CHECK: tile.mma_into {{.*}}, %[[TC]]
  // CHECK: tile.mma_into {{.*}}, %[[TC]]
  gpu.func @two_runs(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %c128 = arith.constant 128 : index
    %a = tile.load %m[%n, %c0] ring("a") stages(1) : memref<?x64xbf16> -> !a
    %w = tile.worker
    %row = arith.muli %w, %c128 : index
    %mine = tile.slice %a[%row] : !a -> !mine
    %b = tile.load %m[%n, %c0] ring("b") stages(1) : memref<?x64xbf16> -> !b
    %first = tile.mma_async %mine, %b {tile.run = 0 : i64} : !mine, !b -> !tile.async<!sum>
    %c = tile.load %m[%c0, %c0] ring("c") stages(1) : memref<?x64xbf16> -> !b
    %second = tile.mma_async %mine, %c {tile.run = 1 : i64} : !mine, !b -> !tile.async<!sum>
    %s = tile.await %first in_flight(0) : !tile.async<!sum> -> !sum
    %t = tile.await %second in_flight(0) : !tile.async<!sum> -> !sum
    %x = tile.move %s : !sum -> !values
    %y = tile.move %t : !sum -> !values
    "use"(%x, %y) : (!values, !values) -> ()
    gpu.return
  }

  // The first of two MMAs starts from nothing, the second adds to it.
  // CHECK-LABEL: gpu.func @chain
  // CHECK: tile.role "mma"
  // CHECK: %[[S:.*]] = tile.acquire
  // CHECK: tile.mma_into %[[S]], {{.*}} accumulate(%false)
  // CHECK: tile.mma_into %[[S]], {{.*}} accumulate(%true)
  // CHECK: tile.commit
  gpu.func @chain(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %a = tile.load %m[%n, %c0] ring("a") stages(1) : memref<?x64xbf16> -> tensor<128x64xbf16, #tile.shared<swizzle = 128>>
    %b = tile.load %m[%n, %c0] ring("b") stages(1) : memref<?x64xbf16> -> !b
    %first = tile.mma_async %a, %b : tensor<128x64xbf16, #tile.shared<swizzle = 128>>, !b -> !tile.async<!sum>
    %second = tile.mma_async %a, %b, %first : tensor<128x64xbf16, #tile.shared<swizzle = 128>>, !b, !tile.async<!sum> -> !tile.async<!sum>
    %sum = tile.await %second in_flight(0) : !tile.async<!sum> -> !sum
    %values = tile.move %sum : !sum -> !values
    "use"(%values) : (!values) -> ()
    gpu.return
  }

  // Threads write the left operand of an MMA; the sum goes to and fro between them and the
  // MMAs. The results of copies of one MMA share slots.
  // CHECK-LABEL: gpu.func @to_and_fro
  // CHECK: %[[S:.*]] = tile.channel "sum" : <1 x tensor<128x64xf32, #tile.tensor_memory>>
  // CHECK: %[[P:.*]] = tile.channel "operand" : <1 x tensor<128x64xbf16, #tile.tensor_memory>>
  // CHECK: %[[O:.*]] = tile.channel "sum_1" : <1 x tensor<128x64xf32, #tile.tensor_memory>>
  // CHECK: %[[C:.*]] = tile.channel "sum_back" shares(%[[O]] : {{.*}}) : <1 x
  // CHECK-NOT: tile.channel
  // CHECK: tile.role "mma"
  // CHECK:   tile.acquire %[[S]]
  // CHECK:   tile.commit %[[S]]
  // CHECK:   scf.for
  // CHECK:     %[[S1:.*]] = tile.acquire %[[S]]
  // CHECK:     tile.mma_into %[[S1]], {{.*}} accumulate(%false)
  // CHECK:     tile.commit %[[S]]
  // CHECK:     %[[P1:.*]] = tile.wait %[[P]]
  // CHECK:     %[[O1:.*]] = tile.wait %[[C]]
  // CHECK:     tile.mma_into %[[O1]], %[[P1]], {{.*}} accumulate(%true)
  // CHECK:     tile.commit %[[O]]
  // CHECK:     tile.release %[[P]]
  // CHECK: tile.role "compute"
  // CHECK:   tile.wait %[[S]]
  // CHECK:   %[[PA:.*]] = tile.acquire %[[P]]
  // CHECK:   tile.write_tensor %{{.*}}, %[[PA]]
  // CHECK:   tile.commit %[[P]]
  // CHECK:   %[[O0:.*]] = tile.own %[[O]]
  // CHECK:   tile.write_tensor %{{.*}}, %[[O0]]
  // CHECK:   tile.commit %[[C]]
  // CHECK:   scf.for
  // CHECK:     %[[O2:.*]] = tile.wait %[[O]]
  // CHECK:     tile.move %[[O2]]
  // CHECK:     tile.write_tensor
  // CHECK:     tile.commit %[[C]]
  // CHECK:   %[[LAST:.*]] = tile.wait %[[O]]
  // CHECK:   tile.move %[[LAST]]
  gpu.func @to_and_fro(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : !values
    %a = tile.load %m[%n, %c0] ring("a") stages(1) : memref<?x64xbf16> -> tensor<128x64xbf16, #tile.shared<swizzle = 128>>
    %b = tile.load %m[%n, %c0] ring("b") stages(1) : memref<?x64xbf16> -> !b
    %first = tile.mma_async %a, %b {tile.source = 0} : tensor<128x64xbf16, #tile.shared<swizzle = 128>>, !b -> !tile.async<!sum>
    %s0 = tile.await %first in_flight(0) : !tile.async<!sum> -> !sum
    %v0 = tile.move %s0 : !sum -> !values
    %n0 = arith.truncf %v0 : !values to !narrow
    %p0 = tile.move %n0 : !narrow -> !left
    %o0 = tile.move %zero : !values -> !sum
    %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%p = %p0, %o = %o0) -> (!left, !sum) {
      %next = tile.mma_async %a, %b {tile.source = 0} : tensor<128x64xbf16, #tile.shared<swizzle = 128>>, !b -> !tile.async<!sum>
      %s = tile.await %next in_flight(0) : !tile.async<!sum> -> !sum
      %late = tile.mma_async %p, %b, %o : !left, !b, !sum -> !tile.async<!sum>
      %v = tile.move %s : !sum -> !values
      %n1 = arith.truncf %v : !values to !narrow
      %p1 = tile.move %n1 : !narrow -> !left
      %l = tile.await %late in_flight(0) : !tile.async<!sum> -> !sum
      %w = tile.move %l : !sum -> !values
      %twice = arith.addf %w, %w : !values
      %o1 = tile.move %twice : !values -> !sum
      scf.yield %p1, %o1 : !left, !sum
    }
    %end = tile.mma_async %r#0, %b, %r#1 : !left, !b, !sum -> !tile.async<!sum>
    %t = tile.await %end in_flight(0) : !tile.async<!sum> -> !sum
    %values = tile.move %t : !sum -> !values
    "use"(%values) : (!values) -> ()
    gpu.return
  }

  // A left operand that two MMAs read is written once: the first waits for it, the last frees it.
  // CHECK-LABEL: gpu.func @read_twice
  // CHECK: %[[P:.*]] = tile.channel "operand"
  // CHECK: tile.role "mma"
  // CHECK:   %[[T:.*]] = tile.wait %[[P]]
  // CHECK-NOT: tile.release %[[P]]
  // CHECK:   tile.mma_into %{{.*}}, %[[T]],
  // CHECK-NOT: %[[P]]
  // CHECK:   tile.mma_into %{{.*}}, %[[T]],
  // CHECK:   tile.release %[[P]]
  // CHECK-NOT: tile.wait %[[P]]
  // CHECK: tile.role "compute"
  // CHECK:   tile.acquire %[[P]]
  // CHECK-NOT: tile.acquire %[[P]]
  // CHECK: gpu.return
  gpu.func @read_twice(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %one = arith.constant dense<1.0> : !narrow
    %a = tile.load %m[%n, %c0] ring("a") stages(1) : memref<?x64xbf16> -> !b
    %b = tile.load %m[%n, %c0] ring("b") stages(1) : memref<?x64xbf16> -> !b
    %p = tile.move %one : !narrow -> !left
    %first = tile.mma_async %p, %a : !left, !b -> !tile.async<!sum>
    %second = tile.mma_async %p, %b : !left, !b -> !tile.async<!sum>
    %s = tile.await %first in_flight(1) : !tile.async<!sum> -> !sum
    %t = tile.await %second in_flight(0) : !tile.async<!sum> -> !sum
    %v = tile.move %s : !sum -> !values
    %w = tile.move %t : !sum -> !values
    "use"(%v, %w) : (!values, !values) -> ()
    gpu.return
  }

  // A choice may leave the place as it is: it changes hands outside, whichever way that goes.
  // CHECK-LABEL: gpu.func @choice
  // CHECK: tile.role "mma"
  // CHECK-NOT: scf.if
  // CHECK: tile.role "compute"
  // CHECK: scf.for
  // CHECK:   %[[SLOT:.*]] = tile.wait %[[O:.*]] : <1 x
  // CHECK:   scf.if %{{[^ ]*}} {
  // CHECK:     tile.move %[[SLOT]]
  // CHECK:     tile.write_tensor %{{.*}}, %[[SLOT]]
  // CHECK:   }
  // CHECK:   tile.commit
  // CHECK: }
  gpu.func @choice(%m: memref<?x64xbf16>, %n: index, %some: i1)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : !values
    %a = tile.load %m[%n, %c0] ring("a") stages(1) : memref<?x64xbf16> -> tensor<128x64xbf16, #tile.shared<swizzle = 128>>
    %b = tile.load %m[%n, %c0] ring("b") stages(1) : memref<?x64xbf16> -> !b
    %o0 = tile.move %zero : !values -> !sum
    %first = tile.mma_async %a, %b, %o0 : tensor<128x64xbf16, #tile.shared<swizzle = 128>>, !b, !sum -> !tile.async<!sum>
    %s0 = tile.await %first in_flight(0) : !tile.async<!sum> -> !sum
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %s0) -> (!sum) {
      %scaled = scf.if %some -> (!sum) {
        %old = tile.move %sum : !sum -> !values
        %new = arith.addf %old, %old : !values
        %back = tile.move %new : !values -> !sum
        scf.yield %back : !sum
      } else {
        scf.yield %sum : !sum
      }
      %async = tile.mma_async %a, %b, %scaled : tensor<128x64xbf16, #tile.shared<swizzle = 128>>, !b, !sum -> !tile.async<!sum>
      %s = tile.await %async in_flight(0) : !tile.async<!sum> -> !sum
      scf.yield %s : !sum
    }
    %values = tile.move %r : !sum -> !values
    "use"(%values) : (!values) -> ()
    gpu.return
  }

  // CTAs that share work items: one of them, the leader, has the role that starts the MMAs of both.
  // CHECK-LABEL: gpu.func @pair
  // CHECK-SAME: {leader, name = "mma", one_thread, registers = 56 : i64, warps = 3 : i64}
  // CHECK: tile.role "load" warps(1) registers(56) one_thread {
  // CHECK: tile.role "mma" warps(3) registers(56) one_thread leader {
  // CHECK:   tile.mma_into {{.*}} pair
  // CHECK: tile.role "compute" warps(4) registers(200) {
  gpu.func @pair(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {known_cluster_size = array<i32: 2, 1, 1>, tile.schedule = #tile.schedule<workers = 1, cluster = 2, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : !sum
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %zero) -> (!sum) {
      %a = tile.load %m[%i, %c0] ring("a") stages(2) : memref<?x64xbf16> -> tensor<128x64xbf16, #tile.shared<swizzle = 128>>
      %b = tile.load %m[%i, %c0] ring("b") stages(2) : memref<?x64xbf16> -> tensor<32x64xbf16, #tile.shared<swizzle = 128>>
      %async = tile.mma_async %a, %b, %sum transpose_b pair : tensor<128x64xbf16, #tile.shared<swizzle = 128>>, tensor<32x64xbf16, #tile.shared<swizzle = 128>>, !sum -> !tile.async<!sum>
      %s = tile.await %async in_flight(0) : !tile.async<!sum> -> !sum
      scf.yield %s : !sum
    } {tile.non_empty}
    %values = tile.move %r : !sum -> !values
    "use"(%values) : (!values) -> ()
    gpu.return
  }

  // The thread that starts an MMA copies its scales, to columns that it keeps: one slot for all of a shape.
  // CHECK-LABEL: gpu.func @scales
  // CHECK: %[[SUM:.*]] = tile.channel "sum" : <1 x
  // CHECK: %[[LEFT:.*]] = tile.channel "scales" : <1 x tensor<32x16xf8E8M0FNU, #tile.tensor_memory>>
  // CHECK: %[[RIGHT:.*]] = tile.channel "scales_1" : <1 x tensor<32x32xf8E8M0FNU, #tile.tensor_memory>>
  // CHECK-NOT: tile.channel
  // CHECK: tile.role "mma"
  // CHECK:   tile.acquire %[[SUM]]
  // CHECK:   %[[L:.*]] = tile.own %[[LEFT]]
  // CHECK:   %[[S:.*]] = tile.wait %{{.*}} -> tensor<32x16xf8E8M0FNU, #tile.shared<swizzle = 16>>
  // CHECK:   tile.copy_scales %[[S]], %[[L]]
  // CHECK:   %[[R:.*]] = tile.own %[[RIGHT]]
  // CHECK:   %[[T:.*]] = tile.wait %{{.*}} -> tensor<64x16xf8E8M0FNU, #tile.shared<swizzle = 16>>
  // CHECK:   tile.copy_scales %[[T]], %[[R]]
  // CHECK:   tile.mma_into %{{.*}}, %{{.*}}, %{{.*}} accumulate(%false) scales(%[[L]], %[[R]] : {{.*}}) second_half(%arg2)
  // CHECK: tile.role "compute"
  // CHECK-NOT: tile.copy_scales
  gpu.func @scales(%m: memref<?x128xf8E4M3FN>, %s: memref<?x16xf8E8M0FNU>, %odd: i1)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : !wide_sum
    %a = tile.load %m[%c0, %c0] ring("a") stages(1) : memref<?x128xf8E4M3FN> -> !bytes
    %b = tile.load %m[%c0, %c0] ring("b") stages(1) : memref<?x128xf8E4M3FN> -> !wide_bytes
    %sa = tile.load %s[%c0, %c0] ring("sa") stages(1) : memref<?x16xf8E8M0FNU> -> !scales
    %sb = tile.load %s[%c0, %c0] ring("sb") stages(1) : memref<?x16xf8E8M0FNU> -> !wide_scales
    %async = tile.mma_async %a, %b, %zero scales(%sa, %sb : !scales, !wide_scales) second_half(%odd) transpose_b : !bytes, !wide_bytes, !wide_sum -> !tile.async<!wide_sum>
    %r = tile.await %async in_flight(0) : !tile.async<!wide_sum> -> !wide_sum
    %values = tile.move %r : !wide_sum -> !wide_values
    "use"(%values) : (!wide_values) -> ()
    gpu.return
  }

  // Of two workers, each has its rows' scales copied before its MMA, and those of the right operand once for both.
  // CHECK-LABEL: gpu.func @scales_of_workers
  // CHECK: tile.role "mma"
  // CHECK:   tile.copy_scales %{{.*}} : tensor<64x16xf8E8M0FNU, #tile.shared<swizzle = 16>>
  // CHECK:   tile.copy_scales %{{.*}} : tensor<32x16xf8E8M0FNU, #tile.shared<swizzle = 16, rows = 64>>
  // CHECK:   tile.mma_into
  // CHECK:   tile.copy_scales %{{.*}} : tensor<32x16xf8E8M0FNU, #tile.shared<swizzle = 16, rows = 64>>
  // CHECK:   tile.mma_into
  // CHECK: tile.role "compute"
  // CHECK-NOT: tile.copy_scales
  gpu.func @scales_of_workers(%m: memref<?x128xf8E4M3FN>, %s: memref<?x16xf8E8M0FNU>)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %c32 = arith.constant 32 : index
    %c128 = arith.constant 128 : index
    %zero = arith.constant dense<0.0> : !wide_sum
    %a = tile.load %m[%c0, %c0] ring("a") stages(1) : memref<?x128xf8E4M3FN> -> !tall_bytes
    %b = tile.load %m[%c0, %c0] ring("b") stages(1) : memref<?x128xf8E4M3FN> -> !wide_bytes
    %sa = tile.load %s[%c0, %c0] ring("sa") stages(1) : memref<?x16xf8E8M0FNU> -> !wide_scales
    %sb = tile.load %s[%c0, %c0] ring("sb") stages(1) : memref<?x16xf8E8M0FNU> -> !wide_scales
    %worker = tile.worker
    %row = arith.muli %worker, %c128 : index
    %of_worker = tile.slice %a[%row] : !tall_bytes -> !part_bytes
    %scale_row = arith.muli %worker, %c32 : index
    %scales_of_worker = tile.slice %sa[%scale_row] : !wide_scales -> !part_scales
    %async = tile.mma_async %of_worker, %b, %zero scales(%scales_of_worker, %sb : !part_scales, !wide_scales) transpose_b : !part_bytes, !wide_bytes, !wide_sum -> !tile.async<!wide_sum>
    %r = tile.await %async in_flight(0) : !tile.async<!wide_sum> -> !wide_sum
    %values = tile.move %r : !wide_sum -> !wide_values
    "use"(%values) : (!wide_values) -> ()
    gpu.return
  }

  // MMAs go on where earlier loops have left an accumulator: it holds something if one of them had a round.
  // CHECK-LABEL: gpu.func @loops_that_may_be_empty
  // CHECK-SAME: %[[M:[^:]*]]: memref<?x64xbf16>, %[[N:[^:]*]]: index, %[[K:[^:]*]]: index
  // CHECK: tile.role "mma"
  // CHECK:   scf.for %[[I:.*]] = %c0 to %[[N]] step %c1 {
  // CHECK:     %[[FIRST:.*]] = arith.cmpi ne, %[[I]], %c0
  // CHECK:     tile.mma_into {{.*}} accumulate(%[[FIRST]])
  // CHECK:   scf.for %[[J:.*]] = %[[N]] to %[[K]] step %c1 {
  // CHECK-DAG: %[[BEFORE:.*]] = arith.cmpi sgt, %[[N]], %c0
  // CHECK-DAG: %[[HERE:.*]] = arith.cmpi ne, %[[J]], %[[N]]
  // CHECK:     %[[SECOND:.*]] = arith.ori %[[BEFORE]], %[[HERE]]
  // CHECK:     tile.mma_into {{.*}} accumulate(%[[SECOND]])
  // CHECK-DAG: %[[BEFORE:.*]] = arith.cmpi sgt, %[[N]], %c0
  // CHECK-DAG: %[[RAN:.*]] = arith.cmpi slt, %[[N]], %[[K]]
  // CHECK:   %[[EITHER:.*]] = arith.ori %[[BEFORE]], %[[RAN]]
  // CHECK:   tile.mma_into {{.*}} accumulate(%[[EITHER]])
  gpu.func @loops_that_may_be_empty(%m: memref<?x64xbf16>, %n: index, %k: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : !sum
    %a = tile.load %m[%n, %c0] ring("a") stages(1) : memref<?x64xbf16> -> !block
    %b = tile.load %m[%n, %c0] ring("b") stages(1) : memref<?x64xbf16> -> !b
    %first = scf.for %i = %c0 to %n step %c1 iter_args(%s = %zero) -> (!sum) {
      %async = tile.mma_async %a, %b, %s : !block, !b, !sum -> !tile.async<!sum>
      %t = tile.await %async in_flight(0) : !tile.async<!sum> -> !sum
      scf.yield %t : !sum
    }
    %second = scf.for %i = %n to %k step %c1 iter_args(%s = %first) -> (!sum) {
      %async = tile.mma_async %a, %b, %s : !block, !b, !sum -> !tile.async<!sum>
      %t = tile.await %async in_flight(0) : !tile.async<!sum> -> !sum
      scf.yield %t : !sum
    }
    %async = tile.mma_async %a, %b, %second : !block, !b, !sum -> !tile.async<!sum>
    %t = tile.await %async in_flight(0) : !tile.async<!sum> -> !sum
    %values = tile.move %t : !sum -> !values
    "use"(%values) : (!values) -> ()
    gpu.return
  }
}
