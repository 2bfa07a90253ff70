// C = A B as in gemm_tensor_memory.mlir, by pairs of CTAs: a block of 512 x 128 a work item,
// of which each CTA computes 256 rows. It loads its rows of A and half of the columns of B, and
// one MMA takes what both have.
// Compile:  girih-compile gemm_pair.mlir --target sm_100a -o build/gemm

!matrix = memref<?x?xbf16, strided<[?, 1]>>

gpu.module @gemm_pair {
  gpu.func @gemm_pair(%a: !matrix {tile.name = "a", tile.sizes = ["m", "k"]},
                      %b: !matrix {tile.name = "b", tile.sizes = ["k", "n"]},
                      %c: !matrix {tile.name = "c", tile.sizes = ["m", "n"]}) kernel
      attributes {tile.problem = {kind = "gemm"}, tile.work = [["m", 512], ["n", 128]],
                  tile.schedule = #tile.schedule<cluster = 2, workers = 2, stages = 4, accumulators = 2,
                                                 load_registers = 56, compute_registers = 208, persistent = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %depth = arith.constant 64 : index
    %rows = arith.constant 512 : index
    %columns = arith.constant 128 : index
    %m = memref.dim %a, %c0 : !matrix
    %k = memref.dim %a, %c1 : !matrix
    %n = memref.dim %b, %c1 : !matrix
    %row_blocks = arith.ceildivui %m, %rows : index
    %column_blocks = arith.ceildivui %n, %columns : index
    %steps = arith.ceildivui %k, %depth : index
    %items = arith.muli %row_blocks, %column_blocks : index
    %per_group = arith.muli %column_blocks, %c8 : index
    %start = gpu.cluster_id x
    %stride = gpu.cluster_dim x
    scf.for %item = %start to %items step %stride {
      // Groups of 8 rows of blocks, walked column by column.
      %group = arith.divui %item, %per_group : index
      %in_group = arith.remui %item, %per_group : index
      %first_row = arith.muli %group, %c8 : index
      %rows_left = arith.subi %row_blocks, %first_row : index
      %group_rows = arith.minui %rows_left, %c8 : index
      %row_in_group = arith.remui %in_group, %group_rows : index
      %row_block = arith.addi %first_row, %row_in_group : index
      %column_block = arith.divui %in_group, %group_rows : index
      %row = arith.muli %row_block, %rows : index
      %column = arith.muli %column_block, %columns : index

      %zero = arith.constant dense<0.0> : tensor<512x128xf32>
      %sum = scf.for %step = %c0 to %steps step %c1 iter_args(%acc = %zero) -> tensor<512x128xf32> {
        %inner = arith.muli %step, %depth : index
        %ta = tile.load %a[%row, %inner] : !matrix -> tensor<512x64xbf16>
        %tb = tile.load %b[%inner, %column] : !matrix -> tensor<64x128xbf16>
        %next = tile.mma %ta, %tb, %acc : tensor<512x64xbf16>, tensor<64x128xbf16>, tensor<512x128xf32> -> tensor<512x128xf32>
        scf.yield %next : tensor<512x128xf32>
      } {tile.non_empty}
      %narrow = arith.truncf %sum : tensor<512x128xf32> to tensor<512x128xbf16>
      tile.store %narrow, %c[%row, %column] : tensor<512x128xbf16>, !matrix
    }
    gpu.return
  }
}
