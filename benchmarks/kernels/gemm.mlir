// C = A B, written by hand in the tile dialect: bf16 operands, f32 accumulation,
// bf16 result, any sizes that TMA can address (rows a multiple of 16 bytes).
// Compile:  girih-compile gemm.mlir --target sm_90a -o build/gemm
// Each work item is a block of 128 x 256; 8 blocks of rows share their blocks of
// columns in the L2 cache.

!matrix = memref<?x?xbf16, strided<[?, 1]>>

gpu.module @gemm {
  gpu.func @gemm(%a: !matrix {tile.name = "a", tile.sizes = ["m", "k"]},
                 %b: !matrix {tile.name = "b", tile.sizes = ["k", "n"]},
                 %c: !matrix {tile.name = "c", tile.sizes = ["m", "n"]}) kernel
      attributes {tile.problem = {kind = "gemm"}, tile.work = [["m", 128], ["n", 256]],
                  tile.schedule = #tile.schedule<workers = 2, stages = 3, load_registers = 24,
                                                 compute_registers = 240, persistent = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %depth = arith.constant 64 : index
    %rows = arith.constant 128 : index
    %columns = arith.constant 256 : index
    %m = memref.dim %a, %c0 : !matrix
    %k = memref.dim %a, %c1 : !matrix
    %n = memref.dim %b, %c1 : !matrix
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

      %zero = arith.constant dense<0.0> : tensor<128x256xf32>
      %sum = scf.for %step = %c0 to %steps step %c1 iter_args(%acc = %zero) -> tensor<128x256xf32> {
        %inner = arith.muli %step, %depth : index
        %ta = tile.load %a[%row, %inner] : !matrix -> tensor<128x64xbf16>
        %tb = tile.load %b[%inner, %column] : !matrix -> tensor<64x256xbf16>
        %next = tile.mma %ta, %tb, %acc : tensor<128x64xbf16>, tensor<64x256xbf16>, tensor<128x256xf32> -> tensor<128x256xf32>
        scf.yield %next : tensor<128x256xf32>
      }
      %narrow = arith.truncf %sum : tensor<128x256xf32> to tensor<128x256xbf16>
      tile.store %narrow, %c[%row, %column] : tensor<128x256xbf16>, !matrix
    }
    gpu.return
  }
}
