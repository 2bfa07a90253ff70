// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm,canonicalize,cse))' --allow-unregistered-dialect | FileCheck %s

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // CHECK-LABEL: llvm.func @barriers
  // CHECK-DAG: %[[BASE:.*]] = llvm.ptrtoint %{{.*}} : !llvm.ptr<3> to i32
  // CHECK-DAG: %[[FULL:.*]] = arith.addi %[[BASE]], %c64_i32
  // The first thread initializes every barrier of every array, 8 bytes apart.
  // CHECK-DAG: %[[THREAD:.*]] = nvvm.read.ptx.sreg.tid.x
  // CHECK: %[[FIRST:.*]] = arith.cmpi eq, %[[THREAD]], %c0_i32
  // CHECK: scf.if %[[FIRST]] {
  // CHECK:   %[[P0:.*]] = llvm.inttoptr %[[FULL]] : i32 to !llvm.ptr<3>
  // CHECK:   nvvm.mbarrier.init %[[P0]], %c9_i32
  // CHECK:   %[[A1:.*]] = arith.addi %[[BASE]], %c72_i32
  // CHECK:   %[[P1:.*]] = llvm.inttoptr %[[A1]] : i32 to !llvm.ptr<3>
  // CHECK:   nvvm.mbarrier.init %[[P1]], %c9_i32
  // CHECK:   nvvm.fence.mbarrier.init
  // CHECK: }
  // CHECK-NEXT: nvvm.barrier0
  gpu.func @barriers(%i: index {tile.argument = {kind = "size", size = "n"}}, %x: index {tile.argument = {kind = "size", size = "m"}}) kernel {
    %full = tile.barriers "full" offset(64) : !tile.barriers<2, arrivals = 9>
    %parity = arith.index_cast %x : index to i32
    // CHECK: %[[OFFSET:.*]] = arith.muli %[[I:.*]], %c8_i32
    // CHECK: %[[ADDRESS:.*]] = arith.addi %[[FULL]], %[[OFFSET]]
    tile.role "compute" warps(4) registers(240) {
      // CHECK: llvm.inline_asm has_side_effects {{.*}}mbarrier.try_wait.parity.shared::cta.b64 done, [$0], $1; @!done bra again; }", "r,r,~{memory}" %[[ADDRESS]], %{{.*}} : (i32, i32) -> ()
      tile.barrier_wait %full[%i] parity(%parity) : !tile.barriers<2, arrivals = 9>
      // CHECK: llvm.inline_asm {{.*}}mbarrier.arrive.expect_tx.shared::cta.b64 _, [$0], $1;", "r,r,~{memory}" %[[ADDRESS]], %c8192_i32
      tile.barrier_expect %full[%i] bytes(8192) : !tile.barriers<2, arrivals = 9>
      // Lane 0 of each warp arrives.
      // CHECK: %[[LANE0:.*]] = arith.cmpi eq, %{{.*}}, %c0_i32
      // CHECK: %[[YES:.*]] = arith.extui %[[LANE0]] : i1 to i32
      // CHECK: llvm.inline_asm {{.*}}@first mbarrier.arrive.shared::cta.b64 _, [$0]; }", "r,r,~{memory}" %[[ADDRESS]], %[[YES]]
      tile.barrier_arrive %full[%i] : !tile.barriers<2, arrivals = 9>
      // Behind one that is to be early, a block of the assembler ends.
      // CHECK: @first mbarrier.arrive.shared::cta.b64 _, [$0]; }", "r,r,~{memory}" %[[ADDRESS]]
      // CHECK-NEXT: llvm.inline_asm has_side_effects {{.*}}again: setp.ne.u32 go, $0, 0x7ffffff8; @go bra done; nanosleep.u32 1; bra again; done: }", "r,~{memory}" %[[ADDRESS]]
      tile.barrier_arrive %full[%i] {early} : !tile.barriers<2, arrivals = 9>
    }
    gpu.return
  }

  // The address of an arrival that waits for a value is made from that value: one
  // element, chosen by the knob, whose sign bit is zero.
  // CHECK-LABEL: llvm.func @after
  // CHECK: %[[X:.*]]:16 = builtin.unrealized_conversion_cast
  // CHECK: %[[BITS:.*]] = arith.bitcast %[[X]]#2 : f32 to i32
  // CHECK: %[[SIGN:.*]] = arith.shrui %[[BITS]], %c31_i32
  // CHECK: %[[AT:.*]] = arith.addi %{{.*}}, %[[SIGN]]
  // CHECK: mbarrier.arrive{{.*}} %[[AT]], %{{.*}} : (i32, i32)
  gpu.func @after() kernel {
    %c0 = arith.constant 0 : index
    %empty = tile.barriers "empty" offset(64) : !tile.barriers<1, arrivals = 4>
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> tensor<64x32xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 4 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
      tile.barrier_arrive %empty[%c0] after %x[2] : tensor<64x32xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 4 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>> : !tile.barriers<1, arrivals = 4>
    }
    gpu.return
  }
}
