// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm,canonicalize,cse))' --allow-unregistered-dialect | FileCheck %s

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
#row = #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>
!shared = tensor<64x128xbf16, #tile.shared<swizzle = 128>>
!half = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!folded = !tile.tensor_map<[1, 64, 128] x bf16, swizzle = 128, panel = 64, folded = true>
!panels = !tile.tensor_map<[1, 64, 64] x bf16, swizzle = 128, panel = 64, folded = false>
#folded_recipe = {kind = "tensor_map", tensor = "q", swizzle = 128,
                  modes = [{dim = 2, extent = 64, box = 64}, {dim = 1, box = 64}, {dim = 2, extent = 2, step = 64, box = 2}, {dim = 0, box = 1}]}
#rows_recipe = {kind = "tensor_map", tensor = "q", swizzle = 128, modes = [{dim = 2, box = 64}, {dim = 1, box = 32}, {dim = 0, box = 1}]}
#panels_recipe = {kind = "tensor_map", tensor = "q", swizzle = 128, modes = [{dim = 2, box = 64}, {dim = 1, box = 64}, {dim = 0, box = 1}]}
!turns = !tile.tensor_map<[1, 1, 8, 8, 64] x bf16, swizzle = 128, panel = 64, folded = false>
#turns_recipe = {kind = "tensor_map", tensor = "q", swizzle = 128,
                 modes = [{dim = 3, box = 64}, {dim = 1, extent = 8, box = 8}, {dim = 2, box = 8}, {dim = 1, extent = 4, step = 8, box = 1}, {dim = 0, box = 1}]}

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // One copy for a folded map, its coordinates innermost first: (in panel, row, panel, outer).
  // CHECK-LABEL: llvm.func @copy_folded
  // CHECK-SAME: %[[MAP:[^:]*]]: !llvm.ptr
  // CHECK-DAG: %[[BASE:.*]] = llvm.ptrtoint
  // CHECK-DAG: %[[BUFFER:.*]] = arith.addi %[[BASE]], %c2048_i32
  // CHECK-DAG: %[[BARRIERS:.*]] = arith.addi %[[BASE]], %c65536_i32
  // CHECK: %[[BYTES:.*]] = arith.muli %[[I:.*]], %c16384_i32
  // CHECK: %[[SLOT:.*]] = arith.addi %[[BUFFER]], %[[BYTES]]
  // CHECK: %[[OFFSET:.*]] = arith.muli %[[I]], %c8_i32
  // CHECK: %[[BARRIER:.*]] = arith.addi %[[BARRIERS]], %[[OFFSET]]
  // CHECK: %[[TO:.*]] = llvm.inttoptr %[[SLOT]]
  // CHECK: %[[SIGNAL:.*]] = llvm.inttoptr %[[BARRIER]]
  // CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global %[[TO]], %[[MAP]], %[[SIGNAL]], box[%c0_i32, %[[ROW:.*]], %c0_i32, %[[OUTER:.*]]] {isCTAOnly = true}
  // CHECK-NOT: nvvm.cp.async
  gpu.func @copy_folded(%map: !folded {tile.argument = #folded_recipe}, %i: index {tile.argument = {kind = "size", size = "i"}},
                        %row: index {tile.argument = {kind = "size", size = "row"}}, %outer: index {tile.argument = {kind = "size", size = "outer"}}) kernel {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "k" offset(2048) : !tile.buffer<2 x !shared>
    %full = tile.barriers "full" offset(65536) : !tile.barriers<2, arrivals = 1>
    tile.role "load" warps(4) registers(168) one_thread {
      %slot = tile.slot %buffer[%i] : !tile.buffer<2 x !shared> -> !shared
      tile.copy %map[%outer, %row, %c0] to %slot signals %full[%i] : !tile.barriers<2, arrivals = 1> : !folded, !shared
    }
    gpu.return
  }

  // A copy for each panel otherwise, 64 rows of 128 bytes further on.
  // CHECK-LABEL: llvm.func @copy_panels
  // CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global %{{.*}}, %{{.*}}, %[[SIGNAL:.*]], box[%c0_i32, %[[ROW:.*]], %c0_i32]
  // CHECK: arith.addi %{{.*}}, %c10240_i32
  // CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global %{{.*}}, %{{.*}}, %[[SIGNAL]], box[%c64_i32, %[[ROW]], %c0_i32]
  // CHECK-NOT: nvvm.cp.async
  gpu.func @copy_panels(%map: !panels {tile.argument = #panels_recipe}, %row: index {tile.argument = {kind = "size", size = "row"}}) kernel {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "k" offset(2048) : !tile.buffer<1 x !shared>
    %full = tile.barriers "full" offset(65536) : !tile.barriers<1, arrivals = 1>
    tile.role "load" warps(4) registers(168) one_thread {
      %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !shared> -> !shared
      tile.copy %map[%c0, %row, %c0] to %slot signals %full[%c0] : !tile.barriers<1, arrivals = 1> : !panels, !shared
    }
    gpu.return
  }

  // A box of fewer rows than the tile has: a copy for each 32 rows of each panel.
  // CHECK-LABEL: llvm.func @copy_rows
  // CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global %{{.*}}, %{{.*}}, %[[SIGNAL:.*]], box[%c0_i32, %[[ROW:.*]], %c0_i32]
  // CHECK-DAG: %[[BELOW:.*]] = arith.addi %[[ROW]], %c32_i32
  // CHECK-DAG: arith.addi %{{.*}}, %c6144_i32
  // CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global %{{.*}}, %{{.*}}, %[[SIGNAL]], box[%c0_i32, %[[BELOW]], %c0_i32]
  // CHECK: arith.addi %{{.*}}, %c10240_i32
  // CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global %{{.*}}, %{{.*}}, %[[SIGNAL]], box[%c64_i32, %[[ROW]], %c0_i32]
  // CHECK: arith.addi %{{.*}}, %c14336_i32
  // CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global %{{.*}}, %{{.*}}, %[[SIGNAL]], box[%c64_i32, %[[BELOW]], %c0_i32]
  // CHECK-NOT: nvvm.cp.async
  gpu.func @copy_rows(%map: !tile.tensor_map<[1, 32, 64] x bf16, swizzle = 128, panel = 64, folded = false> {tile.argument = #rows_recipe}, %row: index {tile.argument = {kind = "size", size = "row"}}) kernel {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "k" offset(2048) : !tile.buffer<1 x !shared>
    %full = tile.barriers "full" offset(65536) : !tile.barriers<1, arrivals = 1>
    tile.role "load" warps(4) registers(168) one_thread {
      %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !shared> -> !shared
      tile.copy %map[%c0, %row, %c0] to %slot signals %full[%c0] : !tile.barriers<1, arrivals = 1> : !tile.tensor_map<[1, 32, 64] x bf16, swizzle = 128, panel = 64, folded = false>, !shared
    }
    gpu.return
  }

// One copy moves the rows of two dimensions that take turns.
  // CHECK-LABEL: llvm.func @copy_turns
  // CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global %{{.*}}, %{{.*}}, %{{.*}}, box[%c0_i32, %c0_i32, %[[ROW:.*]], %c0_i32, %c0_i32]
  // CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global %{{.*}}, %{{.*}}, %{{.*}}, box[%c64_i32, %c0_i32, %[[ROW]], %c0_i32, %c0_i32]
  // CHECK-NOT: nvvm.cp.async.bulk.tensor
  // CHECK: llvm.return
  gpu.func @copy_turns(%map: !turns {tile.argument = #turns_recipe}, %row: index {tile.argument = {kind = "size", size = "row"}}) kernel {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "k" offset(2048) : !tile.buffer<1 x !shared>
    %full = tile.barriers "full" offset(65536) : !tile.barriers<1, arrivals = 1>
    tile.role "load" warps(4) registers(168) one_thread {
      %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !shared> -> !shared
      tile.copy %map[%c0, %c0, %row, %c0, %c0] to %slot signals %full[%c0] : !tile.barriers<1, arrivals = 1> : !turns, !shared
    }
    gpu.return
  }

    // Tiles staged by stmatrix, four 8x8 matrices at a time, at swizzled addresses; then
  // made visible and stored by one thread.
  // CHECK-LABEL: llvm.func @stage_and_store
  // CHECK: %[[X:.*]]:16 = builtin.unrealized_conversion_cast
  // CHECK: nvvm.cp.async.bulk.wait_group 0 {read}
  // CHECK-NEXT: llvm.call_intrinsic "llvm.nvvm.barrier.cta.sync.aligned.count"(%[[ID:.*]], %c128_i32)
  // CHECK: %[[FLIP:.*]] = arith.andi %{{.*}}, %c7_i32
  // CHECK: arith.xori %{{.*}}, %[[FLIP]]
  // CHECK: nvvm.stmatrix {{.*}}layout = #nvvm.mma_layout<row>
  // CHECK-COUNT-3: nvvm.stmatrix
  // CHECK-NOT: nvvm.stmatrix
  // CHECK: nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
  // CHECK-NEXT: llvm.call_intrinsic "llvm.nvvm.barrier.cta.sync.aligned.count"(%[[ID]], %c128_i32)
  // CHECK: nvvm.elect.sync
  // CHECK: nvvm.cp.async.bulk.tensor.global.shared.cta %{{.*}}, %{{.*}}, box[%c0_i32, %{{.*}}, %c0_i32]
  // CHECK: nvvm.cp.async.bulk.commit.group
  // CHECK: nvvm.cp.async.bulk.wait_group 0
  // CHECK-NOT: {read}
  gpu.func @stage_and_store(%map: !panels {tile.argument = #panels_recipe}, %id: index {tile.argument = {kind = "size", size = "id"}}) kernel {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "staging" offset(0) : !tile.buffer<1 x !half>
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> tensor<64x64xbf16, #acc>
      tile.drain_stores barrier(%id)
      %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !half> -> !half
      tile.write_shared %x, %slot : tensor<64x64xbf16, #acc>, !half
      tile.publish barrier(%id)
      tile.store %slot, %map[%c0, %id, %c0] : !half, !panels
      tile.drain_stores completed
    }
    gpu.return
  }

  // A thread reads the two columns of each of its registers, swizzled, and its warp has read
  // before it goes on.
  // CHECK-LABEL: llvm.func @read
  // CHECK: arith.xori
  // CHECK-COUNT-16: llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr<3> -> vector<2xbf16>
  // CHECK-NOT: llvm.load
  // CHECK: nvvm.bar.warp.sync
  gpu.func @read() kernel {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "q" offset(0) : !tile.buffer<1 x !half>
    tile.role "compute" warps(4) registers(240) {
      %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !half> -> !half
      %x = tile.move %slot : !half -> tensor<64x64xbf16, #acc>
      "use"(%x) : (tensor<64x64xbf16, #acc>) -> ()
    }
    gpu.return
  }

  // Rows of a slice start at a multiple of the swizzle's bytes.
  // CHECK-LABEL: llvm.func @slice
  // CHECK: %[[ROWS:.*]] = arith.muli %{{.*}}, %c128_i32
  // CHECK: %[[AT:.*]] = arith.addi %{{.*}}, %[[ROWS]]
  // CHECK: builtin.unrealized_conversion_cast %[[AT]] : i32 to tensor<32x64xbf16
  gpu.func @slice(%row: index {tile.argument = {kind = "size", size = "row"}}) kernel {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "k" offset(0) : !tile.buffer<1 x !half>
    tile.role "compute" warps(4) registers(240) {
      %whole = tile.slot %buffer[%c0] : !tile.buffer<1 x !half> -> !half
      %part = tile.slice %whole[%row] : !half -> tensor<32x64xbf16, #tile.shared<swizzle = 128, rows = 64>>
      "use"(%part) : (tensor<32x64xbf16, #tile.shared<swizzle = 128, rows = 64>>) -> ()
    }
    gpu.return
  }

  // Of a tile in registers, a slice is those that hold its columns: here the upper half of each lane's.
  // CHECK-LABEL: llvm.func @slice_registers
  // CHECK: %[[X:.*]]:16 = builtin.unrealized_conversion_cast
  // CHECK: builtin.unrealized_conversion_cast %[[X]]#8, %[[X]]#9, %[[X]]#10, %[[X]]#11, %[[X]]#12, %[[X]]#13, %[[X]]#14, %[[X]]#15 :
  gpu.func @slice_registers() kernel {
    %c0 = arith.constant 0 : index
    %c32 = arith.constant 32 : index
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
      %part = tile.slice %x[%c0, %c32] : tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
          -> tensor<64x32xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 4 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
      "use"(%part) : (tensor<64x32xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 4 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>) -> ()
    }
    gpu.return
  }

  // Columns of a slice start at a whole panel, here of 64 rows of 128 bytes.
  // CHECK-LABEL: llvm.func @slice_columns
  // CHECK: %[[PANEL:.*]] = arith.divui %{{.*}}, %c64_i32
  // CHECK: %[[PANELS:.*]] = arith.muli %[[PANEL]], %c8192_i32
  // CHECK: %[[AT:.*]] = arith.addi %{{.*}}, %[[PANELS]]
  // CHECK: builtin.unrealized_conversion_cast %[[AT]] : i32 to tensor<64x64xbf16
  gpu.func @slice_columns(%column: index {tile.argument = {kind = "size", size = "column"}}) kernel {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "k" offset(0) : !tile.buffer<1 x !shared>
    tile.role "compute" warps(4) registers(240) {
      %whole = tile.slot %buffer[%c0] : !tile.buffer<1 x !shared> -> !shared
      %part = tile.slice %whole[%c0, %column] : !shared -> !half
      "use"(%part) : (!half) -> ()
    }
    gpu.return
  }

  // Of the 4 lanes that hold a row, the first writes it, if it is inside.
  // CHECK-LABEL: llvm.func @scatter
  // CHECK: %[[X:.*]]:2 = builtin.unrealized_conversion_cast
  // CHECK: %[[FIRST:.*]] = arith.cmpi eq, %{{.*}}, %c0_i32
  // CHECK: %[[INSIDE:.*]] = arith.cmpi slt, %[[ROW:.*]], %{{.*}} : i32
  // CHECK: %[[WRITE:.*]] = arith.andi %[[FIRST]], %[[INSIDE]]
  // CHECK: %[[WIDE:.*]] = arith.extui %[[ROW]] : i32 to i64
  // CHECK: %[[STEP:.*]] = arith.muli %[[WIDE]], %[[STRIDE:.*]] : i64
  // CHECK: %[[OFFSET:.*]] = arith.addi %{{.*}}, %[[STEP]] : i64
  // CHECK: scf.if %[[WRITE]] {
  // CHECK:   %[[AT:.*]] = llvm.getelementptr %{{.*}}[%[[OFFSET]]]
  // CHECK:   llvm.store %[[X]]#0, %[[AT]] : f32, !llvm.ptr<1>
  // CHECK: scf.if
  // CHECK:   llvm.store %[[X]]#1
  gpu.func @scatter(%p: !tile.pointer<f32> {tile.argument = {kind = "pointer", tensor = "lse"}}, %stride: i64 {tile.argument = {kind = "stride", tensor = "lse", dim = 0}},
                    %n: index {tile.argument = {kind = "size", size = "n"}}) kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> tensor<64xf32, #row>
      %start = "start"() : () -> i64
      tile.scatter %x, %p[%start] strides(%stride) limits(%n) : tensor<64xf32, #row>, !tile.pointer<f32>
    }
    gpu.return
  }

  // Rows that take turns: row r is r mod 8 of one dimension and r / 8 of another.
  // CHECK-LABEL: llvm.func @scatter_turns
  // CHECK: arith.cmpi eq, %{{.*}}, %c0_i32
  // CHECK: %[[TURN:.*]] = arith.remui %[[ROW:.*]], %c8_i32
  // CHECK: %[[QUERY:.*]] = arith.divui %[[ROW]], %c8_i32
  // CHECK: %[[IN_GROUP:.*]] = arith.cmpi slt, %[[TURN]], %{{.*}} : i32
  // CHECK: arith.extui %[[TURN]]
  // CHECK: %[[BEFORE_END:.*]] = arith.cmpi slt, %[[QUERY]], %{{.*}} : i32
  // CHECK: arith.andi %{{.*}}, %[[BEFORE_END]]
  // CHECK: arith.extui %[[QUERY]]
  gpu.func @scatter_turns(%p: !tile.pointer<f32> {tile.argument = {kind = "pointer", tensor = "lse"}}, %stride: i64 {tile.argument = {kind = "stride", tensor = "lse", dim = 0}},
                          %n: index {tile.argument = {kind = "size", size = "n"}}) kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> tensor<64xf32, #row>
      %start = "start"() : () -> i64
      tile.scatter %x, %p[%start] strides(%stride, %start) limits(%n, %n) interleaved(8) : tensor<64xf32, #row>, !tile.pointer<f32>
    }
    gpu.return
  }
}
