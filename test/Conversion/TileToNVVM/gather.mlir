// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm,canonicalize,cse))' --allow-unregistered-dialect | FileCheck %s

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 2 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
#row = #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>
!acc = tensor<64x16xf32, #acc>
!row = tensor<64xf32, #row>
#pointer = {kind = "pointer", tensor = "t"}
#stride = {kind = "stride", tensor = "t", dim = 0}
#size = {kind = "scalar", scalar = "n", dtype = "i32"}

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // One number: the index is clamped, and a half is widened.
  // CHECK-LABEL: llvm.func @number
  // CHECK-SAME: %[[P:[^:]*]]: !llvm.ptr<1>, %[[STRIDE:[^:]*]]: i64, %[[N:[^:]*]]: i32
  // CHECK: %[[LAST:.*]] = arith.subi %[[N]], %c1_i32
  // CHECK: %[[LOW:.*]] = arith.minsi %[[I:.*]], %[[LAST]]
  // CHECK: %[[IN:.*]] = arith.maxsi %[[LOW]], %c0_i32
  // CHECK: %[[WIDE:.*]] = arith.extsi %[[IN]] : i32 to i64
  // CHECK: %[[OFFSET:.*]] = arith.muli %[[WIDE]], %[[STRIDE]]
  // CHECK: %[[AT:.*]] = llvm.getelementptr %[[P]][%[[OFFSET]]] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, bf16
  // CHECK: %[[NARROW:.*]] = llvm.load %[[AT]] invariant : !llvm.ptr<1> -> bf16
  // CHECK: arith.extf %[[NARROW]] : bf16 to f32
  gpu.func @number(%p: !tile.pointer<bf16> {tile.argument = #pointer}, %stride: i64 {tile.argument = #stride}, %n: i32 {tile.argument = #size}) kernel {
    tile.role "compute" warps(4) registers(168) {
      %i = "index"() : () -> i32
      %x = tile.gather %p[%i] steps [0] strides(%stride) limits(%n) : !tile.pointer<bf16>, i32 -> f32
      "use"(%x) : (f32) -> ()
    }
    gpu.return
  }

  // Columns at a step of 1 from the same index for all rows: four of a thread differ, two by two. Where the whole warp is inside, and aligned,
  // they are at constant offsets from one address.
  // CHECK-LABEL: llvm.func @columns
  // CHECK: %[[START:.*]] = llvm.getelementptr
  // CHECK: %[[ADDRESS:.*]] = llvm.ptrtoint %[[START]]
  // CHECK: %[[REST:.*]] = arith.andi %[[ADDRESS]], %c7_i64 : i64
  // CHECK: arith.cmpi eq, %[[REST]], %c0_i64
  // CHECK: %[[ALL:.*]] = nvvm.vote.sync all %{{.*}}, %{{.*}} -> i1
  // CHECK: scf.if %[[ALL]] -> (f32, f32, f32, f32)
  // CHECK-NOT: arith.minsi
  // CHECK-COUNT-2: llvm.load %{{.*}} invariant {alignment = 8 : i64} : !llvm.ptr<1> -> vector<2xf32>
  // CHECK-NOT: llvm.load
  // CHECK: } else {
  // CHECK-COUNT-4: llvm.load %{{.*}} invariant : !llvm.ptr<1> -> f32
  // CHECK-NOT: llvm.load
  // CHECK-LABEL: llvm.func @rows
  gpu.func @columns(%p: !tile.pointer<f32> {tile.argument = #pointer}, %n: i32 {tile.argument = #size}) kernel {
    %one = arith.constant 1 : i64
    tile.role "compute" warps(4) registers(168) {
      %i = "index"() : () -> i32
      %x = tile.gather %p[%i] steps [1] strides(%one) limits(%n) : !tile.pointer<f32>, i32 -> !acc
      "use"(%x) : (!acc) -> ()
    }
    gpu.return
  }

  // A row has an address of its own: two rows of a thread, eight elements, of which a load has two. Integers of 64 bits are cut.
  // CHECK-COUNT-2: arith.muli %{{.*}}, %{{.*}} : i64
  // CHECK: scf.if %{{.*}} -> (i32, i32, i32, i32, i32, i32, i32, i32)
  // CHECK-COUNT-4: llvm.load %{{.*}} invariant {alignment = 16 : i64} : !llvm.ptr<1> -> vector<2xi64>
  // CHECK: arith.trunci %{{.*}} : i64 to i32
  // CHECK: } else {
  // CHECK-COUNT-8: llvm.load %{{.*}} invariant : !llvm.ptr<1> -> i64
  gpu.func @rows(%p: !tile.pointer<i64> {tile.argument = #pointer}, %stride: i64 {tile.argument = #stride}, %n: i32 {tile.argument = #size}) kernel {
    %one = arith.constant 1 : i64
    tile.role "compute" warps(4) registers(168) {
      %i = "index"() : () -> i32
      %r = "rows"() : () -> tensor<64xi32, #row>
      %x = tile.gather %p[%r, %i] steps [0, 1] strides(%stride, %one) limits(%n, %n) : !tile.pointer<i64>, tensor<64xi32, #row>, i32 -> tensor<64x16xi32, #acc>
      "use"(%x) : (tensor<64x16xi32, #acc>) -> ()
    }
    gpu.return
  }

  // Elements that lie apart are loaded one by one.
  // CHECK-LABEL: llvm.func @apart
  // CHECK-NOT: vector<
  // CHECK: llvm.return
  gpu.func @apart(%p: !tile.pointer<f32> {tile.argument = #pointer}, %stride: i64 {tile.argument = #stride}, %n: i32 {tile.argument = #size}) kernel {
    tile.role "compute" warps(4) registers(168) {
      %i = "index"() : () -> i32
      %x = tile.gather %p[%i] steps [1] strides(%stride) limits(%n) : !tile.pointer<f32>, i32 -> !acc
      "use"(%x) : (!acc) -> ()
    }
    gpu.return
  }

  // An index for each element, and one for each row: clamped, without a branch. Bytes have no sign.
  // CHECK-LABEL: llvm.func @elements
  // CHECK-NOT: scf.if
  // CHECK-COUNT-8: arith.minsi
  // CHECK: llvm.load %{{.*}} invariant : !llvm.ptr<1> -> i8
  // CHECK: arith.extui %{{.*}} : i8 to i32
  gpu.func @elements(%p: !tile.pointer<i8> {tile.argument = #pointer}, %n: i32 {tile.argument = #size}) kernel {
    %one = arith.constant 1 : i64
    tile.role "compute" warps(4) registers(168) {
      %e = "elements"() : () -> tensor<64x16xi32, #acc>
      %x = tile.gather %p[%e] steps [0] strides(%one) limits(%n) : !tile.pointer<i8>, tensor<64x16xi32, #acc> -> tensor<64x16xi32, #acc>
      "use"(%x) : (tensor<64x16xi32, #acc>) -> ()
    }
    gpu.return
  }
}
