// C = A B in four parts of its blocks: halves of the depth, and halves of the columns.
// Every operand is a slice: of columns on the left, of rows and columns on the right.

!matrix = memref<?x?xbf16, strided<[?, 1]>>
!a = tensor<128x128xbf16>
!a_part = tensor<128x64xbf16>
!b = tensor<128x256xbf16>
!b_half = tensor<64x256xbf16>
!b_part = tensor<64x128xbf16>
!c = tensor<128x128xf32>

gpu.module @gemm {
  gpu.func @gemm(%a: !matrix {tile.name = "a", tile.sizes = ["m", "k"]},
                 %b: !matrix {tile.name = "b", tile.sizes = ["k", "n"]},
                 %c: !matrix {tile.name = "c", tile.sizes = ["m", "n"]}) kernel
      attributes {tile.problem = {kind = "gemm"}, tile.work = [["m", 128], ["n", 256]],
                  tile.schedule = #tile.schedule<workers = 2, stages = 1, load_registers = 24,
                                                 compute_registers = 240>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c64 = arith.constant 64 : index
    %c128 = arith.constant 128 : index
    %c256 = arith.constant 256 : index
    %zero = arith.constant dense<0.0> : !c
    %k = memref.dim %a, %c1 : !matrix
    %n = memref.dim %b, %c1 : !matrix
    %column_blocks = arith.ceildivui %n, %c256 : index
    %steps = arith.ceildivui %k, %c128 : index
    %item = gpu.block_id x
    %row_block = arith.divui %item, %column_blocks : index
    %column_block = arith.remui %item, %column_blocks : index
    %row = arith.muli %row_block, %c128 : index
    %column = arith.muli %column_block, %c256 : index
    %next_column = arith.addi %column, %c128 : index

    %sums:2 = scf.for %step = %c0 to %steps step %c1 iter_args(%left = %zero, %right = %zero) -> (!c, !c) {
      %inner = arith.muli %step, %c128 : index
      %ta = tile.load %a[%row, %inner] : !matrix -> !a
      %tb = tile.load %b[%inner, %column] : !matrix -> !b
      %a0 = tile.slice %ta[%c0, %c0] : !a -> !a_part
      %a1 = tile.slice %ta[%c0, %c64] : !a -> !a_part
      // A slice of a slice, and one that takes both dimensions at once.
      %b0 = tile.slice %tb[%c0] : !b -> !b_half
      %b00 = tile.slice %b0[%c0, %c0] : !b_half -> !b_part
      %b01 = tile.slice %b0[%c0, %c128] : !b_half -> !b_part
      %b10 = tile.slice %tb[%c64, %c0] : !b -> !b_part
      %b11 = tile.slice %tb[%c64, %c128] : !b -> !b_part
      %l0 = tile.mma %a0, %b00, %left : !a_part, !b_part, !c -> !c
      %l1 = tile.mma %a1, %b10, %l0 : !a_part, !b_part, !c -> !c
      %r0 = tile.mma %a0, %b01, %right : !a_part, !b_part, !c -> !c
      %r1 = tile.mma %a1, %b11, %r0 : !a_part, !b_part, !c -> !c
      scf.yield %l1, %r1 : !c, !c
    }
    %narrow_left = arith.truncf %sums#0 : !c to tensor<128x128xbf16>
    tile.store %narrow_left, %c[%row, %column] : tensor<128x128xbf16>, !matrix
    %narrow_right = arith.truncf %sums#1 : !c to tensor<128x128xbf16>
    tile.store %narrow_right, %c[%row, %next_column] : tensor<128x128xbf16>, !matrix
    gpu.return
  }
}
