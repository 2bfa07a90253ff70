// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm,canonicalize,cse))' --allow-unregistered-dialect | FileCheck %s

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 2 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
#row = #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>
#partial = #tile.fragment<registers = [2 : (8, 0)], lanes = [4 : (0, 1), 8 : (1, 0)], warps = [4 : (16, 0)]>
!tile = tensor<64x16xf32, #acc>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // A thread has 4 elements of each of 2 rows; 4 lanes share a row, so two butterflies.
  // CHECK-LABEL: llvm.func @full
  // CHECK: %[[X:.*]]:8 = builtin.unrealized_conversion_cast
  // CHECK: %[[A:.*]] = arith.maxnumf %[[X]]#0, %[[X]]#4
  // CHECK: %[[B:.*]] = arith.maxnumf %[[X]]#1, %[[X]]#5
  // CHECK: %[[C:.*]] = arith.maxnumf %[[A]], %[[B]]
  // CHECK: %[[D:.*]] = nvvm.shfl.sync bfly %c-1_i32, %[[C]], %c1_i32, %c31_i32
  // CHECK: %[[E:.*]] = arith.maxnumf %[[C]], %[[D]]
  // CHECK: %[[F:.*]] = nvvm.shfl.sync bfly %c-1_i32, %[[E]], %c2_i32, %c31_i32
  // CHECK: %[[ROW0:.*]] = arith.maxnumf %[[E]], %[[F]]
  // CHECK: arith.maxnumf %[[X]]#2, %[[X]]#6
  // CHECK: arith.maxnumf %[[X]]#3, %[[X]]#7
  // CHECK: %[[ROW8:.*]] = arith.maxnumf
  // CHECK-NOT: nvvm.shfl.sync bfly {{.*}} %c4_i32
  // Back to every column, each register takes its row's value.
  // CHECK: builtin.unrealized_conversion_cast %[[ROW0]], %[[ROW0]], %[[R8:.*]], %[[R8]], %[[ROW0]], %[[ROW0]], %[[R8]], %[[R8]]
  gpu.func @full() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> !tile
      %r = tile.reduce max %x : !tile -> tensor<64xf32, #row>
      %b = tile.broadcast %r : tensor<64xf32, #row> -> !tile
      "use"(%b) : (!tile) -> ()
    }
    gpu.return
  }

  // One vote of the warp on what a lane holds of two rows.
  // CHECK-LABEL: llvm.func @any
  // CHECK: %[[X:.*]]:2 = builtin.unrealized_conversion_cast
  // CHECK: %[[MINE:.*]] = arith.ori %[[X]]#0, %[[X]]#1 : i1
  // CHECK: %[[ANY:.*]] = nvvm.vote.sync any %c-1_i32, %[[MINE]] -> i1
  // CHECK: "use"(%[[ANY]])
  gpu.func @any() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> tensor<64xi1, #row>
      %any = tile.any %x : tensor<64xi1, #row>
      "use"(%any) : (i1) -> ()
    }
    gpu.return
  }

  // A partial result stays in its lane.
  // CHECK-LABEL: llvm.func @partial
  // CHECK: arith.addf
  // CHECK-NOT: nvvm.shfl.sync bfly
  // CHECK: builtin.unrealized_conversion_cast %{{.*}}, %{{.*}} : f32, f32 to tensor<64x4xf32
  gpu.func @partial() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> !tile
      %r = tile.reduce add %x : !tile -> tensor<64x4xf32, #partial>
      "use"(%r) : (tensor<64x4xf32, #partial>) -> ()
    }
    gpu.return
  }
}
