// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm,canonicalize,cse))' --split-input-file --verify-diagnostics | FileCheck %s

!number = tensor<1x8xi32, #tile.shared<swizzle = 32>>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // As many increments as items bring the counter back to 0.
  // CHECK-LABEL: llvm.func @work
  // CHECK-SAME: %[[COUNTER:[^:]*]]: !llvm.ptr<1>
  gpu.func @work(%counter: !tile.pointer<i32> {tile.argument = {kind = "workspace", bytes = 4}},
                 %n: index {tile.argument = {kind = "size", size = "n"}}) kernel {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "number" offset(1024) : !tile.buffer<1 x !number>
    %full = tile.barriers "full" offset(2048) : !tile.barriers<1, arrivals = 1>
    // One thread tells.
    tile.role "load" warps(4) registers(24) one_thread {
      // CHECK: nvvm.elect.sync
      // CHECK: %[[LAST:.*]] = arith.subi %{{.*}}, %c1_i32
      // CHECK: %[[TAKEN:.*]] = llvm.atomicrmw uinc_wrap %[[COUNTER]], %[[LAST]] syncscope("device") monotonic : !llvm.ptr<1>, i32
      // CHECK: %[[CTAS:.*]] = nvvm.read.ptx.sreg.nctaid.x
      // CHECK: %[[NEXT:.*]] = arith.addi %{{.*}}, %[[TAKEN]] : i32
      %next = tile.next_work of %n counter(%counter : !tile.pointer<i32>)
      %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !number> -> !number
      // CHECK: llvm.store %[[NEXT]], %{{.*}} : i32, !llvm.ptr<3>
      tile.write_number %next, %slot : !number
      // CHECK: llvm.inline_asm {{.*}} "mbarrier.arrive.shared::cta.b64 _, [$0];", "r,~{memory}"
      tile.barrier_arrive %full[%c0] : !tile.barriers<1, arrivals = 1>
    }
    // Every warp hears: all lanes have read before the first goes on, and all have one number.
    tile.role "compute" warps(4) registers(240) {
      // CHECK: %[[READ:.*]] = llvm.load %{{.*}} : !llvm.ptr<3> -> i32
      // CHECK: nvvm.bar.warp.sync
      // CHECK: nvvm.shfl.sync idx %{{.*}}, %[[READ]], %c0_i32
      %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !number> -> !number
      %number = tile.read_number %slot : !number
      %parity = arith.index_cast %number : index to i32
      tile.barrier_wait %full[%c0] parity(%parity) : !tile.barriers<1, arrivals = 1>
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @unbound(%n: index {tile.argument = {kind = "size", size = "n"}}) kernel {
    %counter = memref.alloca() : memref<1xi32>
    tile.role "load" warps(4) registers(24) one_thread {
      // expected-error@+1 {{has a counter that the loader does not pass: run tile-bind-arguments first}}
      %next = tile.next_work of %n counter(%counter : memref<1xi32>)
    }
    gpu.return
  }
}
