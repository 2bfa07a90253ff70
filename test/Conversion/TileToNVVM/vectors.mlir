// Vectors in shared memory: an element a thread, or several.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm,canonicalize,cse))' --allow-unregistered-dialect | FileCheck %s

!lane = tensor<128xf32, #tile.fragment<registers = [], lanes = [32 : (1)], warps = [4 : (32)]>>
!two = tensor<64xf32, #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>>
!slot = tensor<1x128xf32, #tile.shared<swizzle = 32>>
!small = tensor<1x64xf32, #tile.shared<swizzle = 32>>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  // CHECK-LABEL: llvm.func @one
  // CHECK: llvm.store %{{.*}}, %[[AT:.*]] : f32, !llvm.ptr<3>
  // CHECK-NEXT: nvvm.bar.warp.sync
  // CHECK: llvm.load %[[AT]] : !llvm.ptr<3> -> f32
  // CHECK: nvvm.bar.warp.sync
  gpu.func @one() kernel {
    %c0 = arith.constant 0 : index
    %b = tile.alloc "v" offset(0) : !tile.buffer<1 x !slot>
    tile.role "compute" warps(4) registers(240) {
      %slot = tile.slot %b[%c0] : !tile.buffer<1 x !slot> -> !slot
      %x = "value"() : () -> !lane
      tile.write_shared %x, %slot : !lane, !slot
      %y = tile.move %slot : !slot -> !lane
      "use"(%y) : (!lane) -> ()
    }
    gpu.return
  }

  // CHECK-LABEL: llvm.func @two
  // CHECK-COUNT-2: llvm.store %{{.*}}, %{{.*}} : f32, !llvm.ptr<3>
  // CHECK-NEXT: nvvm.bar.warp.sync
  gpu.func @two() kernel {
    %c0 = arith.constant 0 : index
    %b = tile.alloc "v" offset(0) : !tile.buffer<1 x !small>
    tile.role "compute" warps(4) registers(240) {
      %slot = tile.slot %b[%c0] : !tile.buffer<1 x !small> -> !small
      %x = arith.constant dense<1.0> : !two
      tile.write_shared %x, %slot : !two, !small
    }
    gpu.return
  }
}
