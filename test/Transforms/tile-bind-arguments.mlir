// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-bind-arguments,canonicalize,cse)))' --split-input-file --allow-unregistered-dialect | FileCheck %s

#strided = strided<[?, ?, 1]>
!wide = tensor<64x128xbf16, #tile.shared<swizzle = 128>>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // A copy reads through a tensor map whose last dimension is folded into panels, so
  // that one copy moves the whole tile; the recipe tells the loader how to make it.
  // CHECK-LABEL: gpu.func @folded(
  // CHECK-SAME: %[[MAP:[^:]*]]: !tile.tensor_map<[1, 64, 128] x bf16, swizzle = 128, panel = 64, folded = true>
  // CHECK-SAME: tile.argument = {kind = "tensor_map", modes = [
  // CHECK-SAME: {box = 64 : i64, dim = 2 : i64, extent = 64 : i64}, {box = 64 : i64, dim = 1 : i64},
  // CHECK-SAME: {box = 2 : i64, dim = 2 : i64, extent = 2 : i64, step = 64 : i64}, {box = 1 : i64, dim = 0 : i64}],
  // CHECK-SAME: swizzle = 128 : i64, tensor = "k"}
  // CHECK-SAME: tile.tensors = [{access = "read", element = bf16, name = "k", order = ["n", "b", "d"], shape = array<i64: 4, {{-?[0-9]+}}, 128>, sizes = ["b", "n", "d"], strides = array<i64: {{[^>]*}}, 1>}]
  // CHECK: tile.copy %[[MAP]][%{{.*}}, %{{.*}}, %{{.*}}] to %{{.*}} : !tile.tensor_map
  gpu.func @folded(%k: memref<4x?x128xbf16, #strided> {tile.name = "k", tile.sizes = ["b", "n", "d"], tile.order = ["n", "b", "d"]}) kernel {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "k" offset(0) : !tile.buffer<1 x !wide>
    %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !wide> -> !wide
    tile.copy %k[%c0, %c0, %c0] to %slot : memref<4x?x128xbf16, #strided>, !wide
    gpu.return
  }

  // A last dimension of unknown size cannot be folded: a panel a copy.
  // CHECK-LABEL: gpu.func @not_folded(
  // CHECK-SAME: !tile.tensor_map<[1, 64, 64] x bf16, swizzle = 128, panel = 64, folded = false>
  // CHECK-SAME: modes = [{box = 64 : i64, dim = 2 : i64}, {box = 64 : i64, dim = 1 : i64}, {box = 1 : i64, dim = 0 : i64}]
  gpu.func @not_folded(%k: memref<4x?x?xbf16, #strided> {tile.name = "k", tile.sizes = ["b", "n", "d"]}) kernel {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "k" offset(0) : !tile.buffer<1 x !wide>
    %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !wide> -> !wide
    tile.copy %k[%c0, %c0, %c0] to %slot : memref<4x?x?xbf16, #strided>, !wide
    gpu.return
  }

  // A workspace has no name and no shape for the loader: so many bytes, and each its own.
  // CHECK-LABEL: gpu.func @workspace(
  // CHECK-SAME: %[[A:[^:]*]]: !tile.pointer<i32> {tile.argument = {bytes = 4 : i64, kind = "workspace"}}
  // CHECK-SAME: %[[B:[^:]*]]: !tile.pointer<i32> {tile.argument = {bytes = 4 : i64, kind = "workspace"}}
  // CHECK: tile.next_work of %{{.*}} counter(%[[A]] : !tile.pointer<i32>)
  // CHECK: tile.next_work of %{{.*}} counter(%[[B]] : !tile.pointer<i32>)
  gpu.func @workspace(%a: memref<1xi32> {tile.workspace}, %b: memref<1xi32> {tile.workspace}) kernel {
    %n = arith.constant 9 : index
    %x = tile.next_work of %n counter(%a : memref<1xi32>)
    %y = tile.next_work of %n counter(%b : memref<1xi32>)
    "use"(%x, %y) : (index, index) -> ()
    gpu.return
  }

  // Nor can a tile that may start within a panel. Where it starts is a multiple of 64
  // if every part of the sum is, and within a loop if its bounds and steps are.
  // CHECK-LABEL: gpu.func @where_it_starts(
  // CHECK-SAME: %[[SOME:[^:]*]]: !tile.tensor_map<[64, 64] x bf16, swizzle = 128, panel = 64, folded = false>
  // CHECK-SAME: %[[WHOLE:[^:]*]]: !tile.tensor_map<[64, 128] x bf16, swizzle = 128, panel = 64, folded = true>
  // CHECK: tile.copy %[[SOME]][%{{.*}}, %{{.*}}] to
  // CHECK: scf.for %[[I:.*]] = %c64 to
  // CHECK:   tile.copy %[[WHOLE]][%{{.*}}, %[[I]]] to
  // CHECK:   %[[SUM:.*]] = arith.addi %[[I]]
  // CHECK:   tile.copy %[[WHOLE]][%{{.*}}, %[[SUM]]] to
  // CHECK:   %[[MORE:.*]] = arith.addi %[[SUM]]
  // CHECK:   tile.copy %[[SOME]][%{{.*}}, %[[MORE]]] to
  // CHECK: scf.for %[[J:.*]] = %c32 to
  // CHECK:   tile.copy %[[SOME]][%{{.*}}, %[[J]]] to
  gpu.func @where_it_starts(%k: memref<?x512xbf16, strided<[?, 1]>> {tile.name = "k", tile.sizes = ["n", "d"]}) kernel {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c32 = arith.constant 32 : index
    %c64 = arith.constant 64 : index
    %c512 = arith.constant 512 : index
    %any = "index"() : () -> index
    %even = arith.muli %any, %c2 : index
    %whole = arith.muli %even, %c32 : index
    %buffer = tile.alloc "k" offset(0) : !tile.buffer<1 x !wide>
    %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !wide> -> !wide
    tile.copy %k[%c0, %any] to %slot : memref<?x512xbf16, strided<[?, 1]>>, !wide
    scf.for %i = %c64 to %c512 step %c64 {
      tile.copy %k[%c0, %i] to %slot : memref<?x512xbf16, strided<[?, 1]>>, !wide
      %sum = arith.addi %i, %whole : index
      tile.copy %k[%c0, %sum] to %slot : memref<?x512xbf16, strided<[?, 1]>>, !wide
      %more = arith.addi %sum, %c32 : index
      tile.copy %k[%c0, %more] to %slot : memref<?x512xbf16, strided<[?, 1]>>, !wide
    }
    scf.for %j = %c32 to %c512 step %c64 {
      tile.copy %k[%c0, %j] to %slot : memref<?x512xbf16, strided<[?, 1]>>, !wide
    }
    gpu.return
  }

  // A box has 256 rows at most: equal copies of whole groups of 8 rows, a panel at a time.
  // CHECK-LABEL: gpu.func @tall(
  // CHECK-SAME: !tile.tensor_map<[1, 192, 64] x bf16, swizzle = 128, panel = 64, folded = false>
  // CHECK-SAME: modes = [{box = 64 : i64, dim = 2 : i64}, {box = 192 : i64, dim = 1 : i64}, {box = 1 : i64, dim = 0 : i64}]
  gpu.func @tall(%k: memref<4x?x128xbf16, #strided> {tile.name = "k", tile.sizes = ["b", "n", "d"]}) kernel {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "k" offset(0) : !tile.buffer<1 x tensor<384x128xbf16, #tile.shared<swizzle = 128>>>
    %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x tensor<384x128xbf16, #tile.shared<swizzle = 128>>> -> tensor<384x128xbf16, #tile.shared<swizzle = 128>>
    tile.copy %k[%c0, %c0, %c0] to %slot : memref<4x?x128xbf16, #strided>, tensor<384x128xbf16, #tile.shared<swizzle = 128>>
    gpu.return
  }

  // Nor does a tile of more columns fit into one box.
  // CHECK-LABEL: gpu.func @long(
  // CHECK-SAME: !tile.tensor_map<[1, 64, 64] x bf16, swizzle = 128, panel = 64, folded = false>
  gpu.func @long(%k: memref<4x?x384xbf16, #strided> {tile.name = "k", tile.sizes = ["b", "n", "d"]}) kernel {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "k" offset(0) : !tile.buffer<1 x tensor<64x384xbf16, #tile.shared<swizzle = 128>>>
    %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x tensor<64x384xbf16, #tile.shared<swizzle = 128>>> -> tensor<64x384xbf16, #tile.shared<swizzle = 128>>
    tile.copy %k[%c0, %c0, %c0] to %slot : memref<4x?x384xbf16, #strided>, tensor<64x384xbf16, #tile.shared<swizzle = 128>>
    gpu.return
  }

  // Equal recipes make one argument, whatever asks for them.
  // CHECK-LABEL: gpu.func @shared_arguments(
  // CHECK-SAME: %[[N:[^:]*]]: index {tile.argument = {kind = "size", size = "n"}}, %{{[^:]*}}: !tile.tensor_map{{[^%]*}})
  // CHECK: arith.addi %[[N]], %[[N]]
  gpu.func @shared_arguments(%k: memref<4x?x128xbf16, #strided> {tile.name = "k", tile.sizes = ["b", "n", "d"]},
                             %v: memref<4x?x128xbf16, #strided> {tile.name = "v", tile.sizes = ["b", "n", "d"]}, %o: memref<4x?x128xbf16, #strided> {tile.name = "o", tile.sizes = ["b", "m", "d"]}) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %buffer = tile.alloc "k" offset(0) : !tile.buffer<1 x !wide>
    %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !wide> -> !wide
    %n = memref.dim %k, %c1 : memref<4x?x128xbf16, #strided>
    %m = memref.dim %v, %c1 : memref<4x?x128xbf16, #strided>
    %row = arith.addi %n, %m : index
    tile.copy %k[%c0, %row, %c0] to %slot : memref<4x?x128xbf16, #strided>, !wide
    tile.copy %k[%c0, %c0, %c0] to %slot : memref<4x?x128xbf16, #strided>, !wide
    gpu.return
  }
}

// -----

#row = #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // A row of registers is written through a pointer and 64-bit offsets; what lies
  // beyond the tensor is left out.
  // CHECK-LABEL: gpu.func @scatter(
  // CHECK-SAME: %[[STRIDE:[^:]*]]: i64 {tile.argument = {dim = 0 : i64, kind = "stride", tensor = "lse"}}
  // CHECK-SAME: %[[N:[^:]*]]: index {tile.argument = {kind = "size", size = "n"}}
  // CHECK-SAME: %[[P:[^:]*]]: !tile.pointer<f32> {tile.argument = {kind = "pointer", tensor = "lse"}}
  // CHECK-SAME: access = "write"
  // CHECK-DAG: %[[B:.*]] = "index"
  // CHECK-DAG: %[[I:.*]] = "row"
  // CHECK: %[[WIDE:.*]] = arith.index_cast %[[B]] : index to i64
  // CHECK: %[[START:.*]] = arith.muli %[[WIDE]], %[[STRIDE]] : i64
  // CHECK: %[[ROW:.*]] = arith.index_cast %[[I]] : index to i64
  // CHECK: %[[OFFSET:.*]] = arith.addi %[[START]], %[[ROW]] : i64
  // CHECK: %[[LIMIT:.*]] = arith.subi %[[N]], %[[I]] : index
  // CHECK: tile.scatter %{{.*}}, %[[P]][%[[OFFSET]]] strides(%{{.*}}) limits(%[[LIMIT]])
  gpu.func @scatter(%l: memref<4x?xf32, strided<[?, 1]>> {tile.name = "lse", tile.sizes = ["b", "n"]}) kernel {
    %x = arith.constant dense<1.0> : tensor<64xf32, #row>
    %b = "index"() : () -> index
    %i = "row"() : () -> index
    tile.store %x, %l[%b, %i] : tensor<64xf32, #row>, memref<4x?xf32, strided<[?, 1]>>
    gpu.return
  }
}

// -----

#strided = strided<[?, ?, 1]>
#part = strided<[?, ?, 1], offset: ?>
#row = #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>
!wide = tensor<64x128xbf16, #tile.shared<swizzle = 128>>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // Rows of a part are counted so that its end is at 2^30, to which TMA sees; another index has where the end is in memory, in
  // units of 16 bytes, and a last one takes 2^30 rows back.
  // CHECK-LABEL: gpu.func @part(
  // CHECK-SAME: %[[STRIDE:[^:]*]]: i64 {tile.argument = {dim = 1 : i64, kind = "stride", tensor = "k"}}
  // CHECK-SAME: %[[OUTER:[^:]*]]: i64 {tile.argument = {dim = 0 : i64, kind = "stride", tensor = "k"}}
  // CHECK-SAME: %[[MAP:[^:]*]]: !tile.tensor_map<[1, 1, 64, 128] x bf16, swizzle = 128, panel = 64, folded = true>
  // CHECK-SAME: tile.argument = {kind = "tensor_map", modes = [
  // CHECK-SAME: {box = 64 : i64, dim = 2 : i64, extent = 64 : i64}, {box = 64 : i64, dim = 1 : i64, extent = 1073741824 : i64},
  // CHECK-SAME: {box = 2 : i64, dim = 2 : i64, extent = 2 : i64, step = 64 : i64},
  // CHECK-SAME: {box = 1 : i64, bytes = 17179869184 : i64, dim = 1 : i64, extent = 2147418112 : i64, step = -1 : i64},
  // CHECK-SAME: {box = 1 : i64, bytes = 16 : i64, extent = 2147418112 : i64}],
  // CHECK-SAME: access = "read"
  // CHECK-DAG: %[[BEGIN:.*]] = "begin"
  // CHECK-DAG: %[[N:.*]] = "length"
  // CHECK-DAG: %[[I:.*]] = "row"
  // CHECK-DAG: %[[B:.*]] = "batch"
  // CHECK: %[[END:.*]] = arith.addi %[[BEGIN]], %[[N]] : index
  // CHECK: %[[WIDE_END:.*]] = arith.index_cast %[[END]] : index to i64
  // CHECK: %[[ROWS:.*]] = arith.muli %[[WIDE_END]], %[[STRIDE]] : i64
  // CHECK: %[[WIDE_B:.*]] = arith.index_cast %[[B]] : index to i64
  // CHECK: %[[BATCHES:.*]] = arith.muli %[[WIDE_B]], %[[OUTER]] : i64
  // CHECK: %[[ELEMENTS:.*]] = arith.addi %[[ROWS]], %[[BATCHES]] : i64
  // CHECK: %[[UNITS:.*]] = arith.shrui %[[ELEMENTS]], %c3_i64 : i64
  // CHECK: %[[AT:.*]] = arith.index_cast %[[UNITS]] : i64 to index
  // CHECK: %[[UNUSED:.*]] = arith.subi %c1073741824, %[[N]] : index
  // CHECK: %[[ROW:.*]] = arith.addi %[[UNUSED]], %[[I]] : index
  // CHECK: tile.copy %[[MAP]][%[[AT]], %c1073741824, %[[ROW]], %c0] to
  // CHECK-NOT: memref.subview
  gpu.func @part(%k: memref<4x?x128xbf16, #strided> {tile.name = "k", tile.sizes = ["b", "n", "d"]}) kernel {
    %c0 = arith.constant 0 : index
    %begin = "begin"() : () -> index
    %length = "length"() : () -> index
    %i = "row"() : () -> index
    %buffer = tile.alloc "k" offset(0) : !tile.buffer<1 x !wide>
    %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !wide> -> !wide
    %part = memref.subview %k[0, %begin, 0] [4, %length, 128] [1, 1, 1] : memref<4x?x128xbf16, #strided> to memref<4x?x128xbf16, #part>
    %b = "batch"() : () -> index
    tile.copy %part[%b, %i, %c0] to %slot : memref<4x?x128xbf16, #part>, !wide
    gpu.return
  }

  // Whatever dimensions there are, one index has them: one copy still moves all panels. All of a tensor is no part of it.
  // CHECK-LABEL: gpu.func @four_dimensions(
  // CHECK-SAME: !tile.tensor_map<[1, 1, 64, 128] x bf16, swizzle = 128, panel = 64, folded = true>
  // CHECK-SAME: %[[WHOLE:[^:]*]]: !tile.tensor_map<[1, 1, 64, 128] x bf16, swizzle = 128, panel = 64, folded = true>
  // CHECK: tile.copy %[[WHOLE]][%c0, %c0, %c0, %c0] to
  gpu.func @four_dimensions(%k: memref<?x4x?x128xbf16, strided<[?, ?, ?, 1]>> {tile.name = "k", tile.sizes = ["b", "h", "n", "d"]}) kernel {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %b = memref.dim %k, %c0 : memref<?x4x?x128xbf16, strided<[?, ?, ?, 1]>>
    %n = memref.dim %k, %c2 : memref<?x4x?x128xbf16, strided<[?, ?, ?, 1]>>
    %length = "length"() : () -> index
    %buffer = tile.alloc "k" offset(0) : !tile.buffer<1 x !wide>
    %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !wide> -> !wide
    %part = memref.subview %k[0, 0, 0, 0] [%b, 4, %length, 128] [1, 1, 1, 1] : memref<?x4x?x128xbf16, strided<[?, ?, ?, 1]>> to memref<?x4x?x128xbf16, strided<[?, ?, ?, 1]>>
    tile.copy %part[%c0, %c0, %c0, %c0] to %slot : memref<?x4x?x128xbf16, strided<[?, ?, ?, 1]>>, !wide
    %whole = memref.subview %k[0, 0, 0, 0] [%b, 4, %n, 128] [1, 1, 1, 1] : memref<?x4x?x128xbf16, strided<[?, ?, ?, 1]>> to memref<?x4x?x128xbf16, strided<[?, ?, ?, 1]>>
    tile.copy %whole[%c0, %c0, %c0, %c0] to %slot : memref<?x4x?x128xbf16, strided<[?, ?, ?, 1]>>, !wide
    gpu.return
  }

  // A part of a dimension that tiles do not have is one more index; rows end where the tensor does.
  // CHECK-LABEL: gpu.func @part_of_outer_dimension(
  // CHECK-SAME: !tile.tensor_map<[1, 1, 1, 64, 64] x bf16, swizzle = 128, panel = 64, folded = false>
  // CHECK-SAME: modes = [{box = 64 : i64, dim = 2 : i64}, {box = 64 : i64, dim = 1 : i64}, {box = 1 : i64, dim = 0 : i64, extent = 1073741824 : i64},
  // CHECK-SAME: {box = 1 : i64, bytes = 17179869184 : i64, dim = 0 : i64, extent = 2147418112 : i64, step = -1 : i64},
  // CHECK: %[[N:.*]] = "length"
  // CHECK: %[[AT:.*]] = arith.subi %c1073741827, %[[N]] : index
  // CHECK: tile.copy %{{.*}}[%{{.*}}, %c1073741824, %[[AT]], %c64, %c0] to
  gpu.func @part_of_outer_dimension(%k: memref<?x?x128xbf16, #strided> {tile.name = "k", tile.sizes = ["b", "n", "d"]}) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    %c64 = arith.constant 64 : index
    %length = "length"() : () -> index
    %n = memref.dim %k, %c1 : memref<?x?x128xbf16, #strided>
    %buffer = tile.alloc "k" offset(0) : !tile.buffer<1 x !wide>
    %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !wide> -> !wide
    %part = memref.subview %k[0, 0, 0] [%length, %n, 128] [1, 1, 1] : memref<?x?x128xbf16, #strided> to memref<?x?x128xbf16, #strided>
    tile.copy %part[%c3, %c64, %c0] to %slot : memref<?x?x128xbf16, #strided>, !wide
    gpu.return
  }

  // What registers hold is written before the part's end.
  // CHECK-LABEL: gpu.func @scatter_in_part(
  // CHECK-SAME: access = "write"
  // CHECK-DAG: %[[BEGIN:.*]] = "begin"
  // CHECK-DAG: %[[N:.*]] = "length"
  // CHECK-DAG: %[[I:.*]] = "row"
  // CHECK: %[[LIMIT:.*]] = arith.subi %[[N]], %[[I]] : index
  // CHECK: %[[AT:.*]] = arith.addi %[[BEGIN]], %[[I]] : index
  // CHECK: %[[ROW:.*]] = arith.index_cast %[[AT]] : index to i64
  // CHECK: tile.scatter %{{.*}}, %{{.*}}[%[[ROW]]] strides(%{{.*}}) limits(%[[LIMIT]])
  gpu.func @scatter_in_part(%l: memref<4x?x?xf32, #strided> {tile.name = "lse", tile.sizes = ["b", "n", "m"]}) kernel {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %x = arith.constant dense<1.0> : tensor<64xf32, #row>
    %begin = "begin"() : () -> index
    %length = "length"() : () -> index
    %i = "row"() : () -> index
    %m = memref.dim %l, %c2 : memref<4x?x?xf32, #strided>
    %c1 = arith.constant 1 : index
    %n = memref.dim %l, %c1 : memref<4x?x?xf32, #strided>
    %part = memref.subview %l[0, 0, %begin] [4, %n, %length] [1, 1, 1] : memref<4x?x?xf32, #strided> to memref<4x?x?xf32, #part>
    tile.store %x, %part[%c0, %c0, %i] : tensor<64xf32, #row>, memref<4x?x?xf32, #part>
    gpu.return
  }
}
