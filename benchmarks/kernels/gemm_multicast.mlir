// C = A B as in gemm.mlir, by clusters of two CTAs: a block of 256 x 256 a work item, of which
// each CTA computes 128 rows. It loads its rows of A, and half of the columns of B for both.
// Compile:  girih-compile gemm_multicast.mlir --target sm_90a -o build/gemm
// For matrices whose rows do not start at multiples of 128 bytes, of which copies ask the L2
// cache for 32 bytes at a time (docs/performance.md).

!matrix = memref<?x?xbf16, strided<[?, 1]>>

gpu.module @gemm_multicast {
  gpu.func @gemm_multicast(%a: !matrix {tile.name = "a", tile.sizes = ["m", "k"]},
                 %b: !matrix {tile.name = "b", tile.sizes = ["k", "n"]},
                 %c: !matrix {tile.name = "c", tile.sizes = ["m", "n"]}) kernel
      attributes {tile.problem = {kind = "gemm"}, tile.work = [["m", 256], ["n", 256]],
                  tile.schedule = #tile.schedule<cluster = 2, workers = 2, stages = 3, load_registers = 40,
                                                 compute_registers = 232, persistent = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %depth = arith.constant 64 : index
    %rows = arith.constant 256 : index
    %columns = arith.constant 256 : index
    %m = memref.dim %a, %c0 : !matrix
    %k = memref.dim %a, %c1 : !matrix
    %n = memref.dim %b, %c1 : !matrix
    %row_blocks = arith.ceildivui %m, %rows : index
    %column_blocks = arith.ceildivui %n, %columns : index
    %steps = arith.ceildivui %k, %depth : index
    %items = arith.muli %row_blocks, %column_blocks : index
    %per_group = arith.muli %column_blocks, %c4 : index
    %start = gpu.cluster_id x
    %stride = gpu.cluster_dim x
    scf.for %item = %start to %items step %stride {
      // Groups of 4 rows of blocks, walked column by column.
      %group = arith.divui %item, %per_group : index
      %in_group = arith.remui %item, %per_group : index
      %first_row = arith.muli %group, %c4 : index
      %rows_left = arith.subi %row_blocks, %first_row : index
      %group_rows = arith.minui %rows_left, %c4 : index
      %row_in_group = arith.remui %in_group, %group_rows : index
      %row_block = arith.addi %first_row, %row_in_group : index
      %column_block = arith.divui %in_group, %group_rows : index
      %row = arith.muli %row_block, %rows : index
      %column = arith.muli %column_block, %columns : index

      %zero = arith.constant dense<0.0> : tensor<256x256xf32>
      %sum = scf.for %step = %c0 to %steps step %c1 iter_args(%acc = %zero) -> tensor<256x256xf32> {
        %inner = arith.muli %step, %depth : index
        %ta = tile.load %a[%row, %inner] : !matrix -> tensor<256x64xbf16>
        %tb = tile.load %b[%inner, %column] : !matrix -> tensor<64x256xbf16>
        %next = tile.mma %ta, %tb, %acc : tensor<256x64xbf16>, tensor<64x256xbf16>, tensor<256x256xf32> -> tensor<256x256xf32>
        scf.yield %next : tensor<256x256xf32>
      }
      %narrow = arith.truncf %sum : tensor<256x256xf32> to tensor<256x256xbf16>
      tile.store %narrow, %c[%row, %column] : tensor<256x256xbf16>, !matrix
    }
    gpu.return
  }
}
