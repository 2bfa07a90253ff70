// C = A B in steps of 64 that start in the middle of a panel of A, of which the depth is
// static. The first step starts before the tensors and the last ends beyond them.

!a = memref<?x192xbf16, strided<[?, 1]>>
!b = memref<192x?xbf16, strided<[?, 1]>>
!c = memref<?x?xbf16, strided<[?, 1]>>

gpu.module @gemm {
  gpu.func @gemm(%a: !a {tile.name = "a", tile.sizes = ["m", "k"]},
                 %b: !b {tile.name = "b", tile.sizes = ["k", "n"]},
                 %c: !c {tile.name = "c", tile.sizes = ["m", "n"]}) kernel
      attributes {tile.problem = {kind = "gemm"}, tile.work = [["m", 128], ["n", 128]],
                  tile.schedule = #tile.schedule<workers = 2, stages = 2, load_registers = 24,
                                                 compute_registers = 240>} {
    %c1 = arith.constant 1 : index
    %start = arith.constant -32 : index
    %c64 = arith.constant 64 : index
    %c128 = arith.constant 128 : index
    %c192 = arith.constant 192 : index
    %zero = arith.constant dense<0.0> : tensor<128x128xf32>
    %n = memref.dim %b, %c1 : !b
    %column_blocks = arith.ceildivui %n, %c128 : index
    %item = gpu.block_id x
    %row_block = arith.divui %item, %column_blocks : index
    %column_block = arith.remui %item, %column_blocks : index
    %row = arith.muli %row_block, %c128 : index
    %column = arith.muli %column_block, %c128 : index

    %sum = scf.for %inner = %start to %c192 step %c64 iter_args(%acc = %zero) -> tensor<128x128xf32> {
      %ta = tile.load %a[%row, %inner] : !a -> tensor<128x64xbf16>
      %tb = tile.load %b[%inner, %column] : !b -> tensor<64x128xbf16>
      %next = tile.mma %ta, %tb, %acc : tensor<128x64xbf16>, tensor<64x128xbf16>, tensor<128x128xf32> -> tensor<128x128xf32>
      scf.yield %next : tensor<128x128xf32>
    }
    %narrow = arith.truncf %sum : tensor<128x128xf32> to tensor<128x128xbf16>
    tile.store %narrow, %c[%row, %column] : tensor<128x128xbf16>, !c
    gpu.return
  }
}
