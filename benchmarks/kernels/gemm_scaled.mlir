// C = A B^T with e4m3 operands and a scale for every 32 elements along k (OCP microscaling formats): bf16 result, any
// sizes that TMA can address. Scales come in blocks of 512 bytes for 128 rows and 128 elements of k, the order that
// tcgen05.cp wants and PyTorch's and cuBLAS's scaled products have; those of what the operands do not have are not
// NaN. A work item is a block of 128 x 128.
// Compile:  girih-compile gemm_scaled.mlir --target sm_100a -o build/gemm

!matrix = memref<?x?xf8E4M3FN, strided<[?, 1]>>
!blocks = memref<?x?x32x16xf8E8M0FNU, strided<[?, ?, 16, 1]>>
!output = memref<?x?xbf16, strided<[?, 1]>>
!scales = tensor<32x16xf8E8M0FNU>
!narrow = tensor<128x128xf8E4M3FN>
!sum = tensor<128x128xf32>

gpu.module @gemm_scaled {
  gpu.func @gemm_scaled(%a: !matrix {tile.name = "a", tile.sizes = ["m", "k"]},
                        %b: !matrix {tile.name = "b", tile.sizes = ["n", "k"]},
                        %scales_a: !blocks {tile.name = "scales_a", tile.sizes = ["m_blocks", "k_blocks", "r", "c"]},
                        %scales_b: !blocks {tile.name = "scales_b", tile.sizes = ["n_blocks", "k_blocks", "r", "c"]},
                        %c: !output {tile.name = "c", tile.sizes = ["m", "n"]}) kernel
      attributes {tile.problem = {kind = "scaled_gemm"}, tile.work = [["m", 128], ["n", 128]],
                  tile.schedule = #tile.schedule<workers = 1, stages = 4, accumulators = 2, load_registers = 56,
                                                 compute_registers = 208, persistent = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %depth = arith.constant 128 : index
    %rows = arith.constant 128 : index
    %columns = arith.constant 128 : index
    %m = memref.dim %a, %c0 : !matrix
    %k = memref.dim %a, %c1 : !matrix
    %n = memref.dim %b, %c0 : !matrix
    %row_blocks = arith.ceildivui %m, %rows : index
    %column_blocks = arith.ceildivui %n, %columns : index
    %steps = arith.ceildivui %k, %depth : index
    %items = arith.muli %row_blocks, %column_blocks : index
    %per_group = arith.muli %column_blocks, %c8 : index
    %start = gpu.block_id x
    %stride = gpu.grid_dim x
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

      %zero = arith.constant dense<0.0> : !sum
      %sum = scf.for %step = %c0 to %steps step %c1 iter_args(%acc = %zero) -> !sum {
        %inner = arith.muli %step, %depth : index
        %ta = tile.load %a[%row, %inner] : !matrix -> !narrow
        %tb = tile.load %b[%column, %inner] : !matrix -> !narrow
        %sa = tile.load %scales_a[%row_block, %step, %c0, %c0] : !blocks -> !scales
        %sb = tile.load %scales_b[%column_block, %step, %c0, %c0] : !blocks -> !scales
        %next = tile.mma %ta, %tb, %acc scales(%sa, %sb : !scales, !scales) transpose_b : !narrow, !narrow, !sum -> !sum
        scf.yield %next : !sum
      } {tile.non_empty}
      %narrow = arith.truncf %sum : !sum to tensor<128x128xbf16>
      tile.store %narrow, %c[%row, %column] : tensor<128x128xbf16>, !output
    }
    gpu.return
  }
}
