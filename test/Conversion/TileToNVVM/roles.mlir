// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm,canonicalize,cse))' --allow-unregistered-dialect | FileCheck %s

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // Roles take the warps in order, 4 a worker; each sets its registers first. 5 workers
  // are launched with 65536 / 640 = 102.4 registers, rounded down to 96.
  // CHECK-LABEL: llvm.func @roles
  // CHECK-SAME: nvvm.maxntid = array<i32: 640, 1, 1>, nvvm.minctasm = 1 : i32
  // CHECK-SAME: tile.roles = [{name = "load", registers = 24 : i64, warps = 4 : i64}, {name = "compute", registers = 120 : i64, warps = 12 : i64}, {name = "store", registers = 96 : i64, warps = 4 : i64}]
  // CHECK: %[[THREAD:.*]] = nvvm.read.ptx.sreg.tid.x
  // CHECK: %[[NUMBER:.*]] = arith.shrui %[[THREAD]], %c5_i32
  // CHECK: %[[UNIFORM:.*]] = nvvm.shfl.sync idx %{{.*}}, %[[NUMBER]]
  // CHECK: %[[WARP:.*]] = arith.index_cast %[[UNIFORM]] : i32 to index
  // CHECK: %[[IN0:.*]] = arith.cmpi ult, %[[WARP]], %c4
  // CHECK: scf.if %[[IN0]] {
  // CHECK:   nvvm.setmaxregister decrease 24
  // One thread of the first warp runs the loader.
  // CHECK:   %[[IS0:.*]] = arith.cmpi eq, %[[WARP]], %c0
  // CHECK:   scf.if %[[IS0]] {
  // CHECK:     %[[ELECTED:.*]] = nvvm.elect.sync
  // CHECK:     scf.if %[[ELECTED]] {
  // CHECK:       "load"
  // CHECK: } else {
  // CHECK:   %[[IN1:.*]] = arith.cmpi ult, %[[WARP]], %c16
  // CHECK:   scf.if %[[IN1]] {
  // CHECK:     nvvm.setmaxregister increase 120
  // A worker's number counts from its role's first.
  // CHECK:     %[[GROUP:.*]] = arith.divui %[[WARP]], %c4
  // CHECK:     %[[WORKER:.*]] = arith.subi %[[GROUP]], %c1
  // CHECK:     "compute"(%[[WORKER]])
  // CHECK:   } else {
  // 96 registers is what it was launched with.
  // CHECK-NOT: nvvm.setmaxregister
  // CHECK:     "store"
  gpu.func @roles() kernel {
    tile.role "load" warps(4) registers(24) one_thread {
      "load"() : () -> ()
    }
    tile.role "compute" warps(12) registers(120) {
      %w = tile.worker
      "compute"(%w) : (index) -> ()
    }
    tile.role "store" warps(4) registers(96) {
      "store"() : () -> ()
    }
    gpu.return
  }

  // What stands between roles is computed before all of them.
  // CHECK-LABEL: llvm.func @between
  // CHECK: %[[SUM:.*]] = arith.addi
  // CHECK: scf.if
  // CHECK: } else {
  // CHECK:   "compute"(%[[SUM]])
  gpu.func @between(%n: index {tile.argument = {kind = "size", size = "n"}}) kernel {
    tile.role "load" warps(4) registers(24) {
      "load"() : () -> ()
    }
    %sum = arith.addi %n, %n : index
    tile.role "compute" warps(8) registers(240) {
      "compute"(%sum) : (index) -> ()
    }
    gpu.return
  }
}
