// Random numbers by Philox 4x32-10: a thread calls it once for the numbers of its registers that a call gives.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm,canonicalize,cse))' --allow-unregistered-dialect | FileCheck %s

// 32 columns: of each of two rows a thread has 8, two of every 8.
#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 4 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
!acc = tensor<64x32xi32, #acc>
#row = #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>
// A thread has a whole row.
#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!lane = tensor<128x64xi32, #lane>
#half = #tile.fragment<registers = [32 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
#small = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // 2 calls, one for each row, of 20 products, less what is the same in both. The lane's place among four is the call's.
  // CHECK-LABEL: llvm.func @accumulator
  // CHECK: %[[LANE:.*]] = arith.remui %{{.*}}, %c4_i32
  // CHECK-COUNT-36: arith.muli %{{.*}} : i64
  // CHECK-NOT: arith.muli %{{.*}} : i64
  // CHECK: arith.andi %[[FIRST:.*]], %c65535_i32
  // CHECK: arith.shrui %[[FIRST]], %c16_i32
  // CHECK: "use"
  gpu.func @accumulator() kernel {
    tile.role "compute" warps(4) registers(240) {
      %k, %c, %rows = "x"() : () -> (i32, i32, tensor<64xi32, #row>)
      %key = tile.splat %k : i32 -> !acc
      %call = tile.splat %c : i32 -> !acc
      %row = tile.broadcast %rows : tensor<64xi32, #row> -> !acc
      %column = tile.iota 1 : !acc
      %r = tile.random key(%key, %key) counter(%call, %row, %key, %key) at %column : !acc
      "use"(%r) : (!acc) -> ()
    }
    gpu.return
  }

  // Of the second half of 64 columns, 4 calls for 32 numbers: those numbered 4 to 7.
  // CHECK-LABEL: llvm.func @slice
  // CHECK: arith.addi %{{.*}}, %c4_i32
  // CHECK-COUNT-74: arith.muli %{{.*}} : i64
  // CHECK-NOT: arith.muli %{{.*}} : i64
  // CHECK: "use"
  gpu.func @slice() kernel {
    tile.role "compute" warps(4) registers(240) {
      %k, %c = "x"() : () -> (i32, i32)
      %key = tile.splat %k : i32 -> tensor<128x32xi32, #half>
      %call = tile.splat %c : i32 -> tensor<128x32xi32, #half>
      %c0 = arith.constant 0 : index
      %c32 = arith.constant 32 : index
      %columns = tile.iota 1 : !lane
      %column = tile.slice %columns[%c0, %c32] : !lane -> tensor<128x32xi32, #half>
      %r = tile.random key(%key, %key) counter(%call, %call, %key, %key) at %column : tensor<128x32xi32, #half>
      "use"(%r) : (tensor<128x32xi32, #half>) -> ()
    }
    gpu.return
  }

  // Any other index: a call for each number, of whose words it chooses one.
  // CHECK-LABEL: llvm.func @other_index
  // CHECK-COUNT-74: arith.muli %{{.*}} : i64
  // CHECK: arith.select
  // CHECK: "use"
  gpu.func @other_index() kernel {
    tile.role "compute" warps(4) registers(240) {
      %k, %column = "x"() : () -> (i32, tensor<64x8xi32, #small>)
      %key = tile.splat %k : i32 -> tensor<64x8xi32, #small>
      %r = tile.random key(%key, %key) counter(%key, %key, %key, %key) at %column : tensor<64x8xi32, #small>
      "use"(%r) : (tensor<64x8xi32, #small>) -> ()
    }
    gpu.return
  }
}
