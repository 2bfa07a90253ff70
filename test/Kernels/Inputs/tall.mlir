// A matrix product whose right tile has 384 rows, more than one TMA copy moves.

!matrix = memref<?x?xbf16, strided<[?, 1]>>

gpu.module @tall {
  gpu.func @tall(%a: !matrix {tile.name = "a", tile.sizes = ["m", "k"]},
                 %b: !matrix {tile.name = "b", tile.sizes = ["k", "n"]},
                 %c: !matrix {tile.name = "c", tile.sizes = ["m", "n"]}) kernel
      attributes {tile.problem = {kind = "gemm"}, tile.work = [["m", 128], ["n", 64]],
                  tile.schedule = #tile.schedule<workers = 2, stages = 1, load_registers = 24,
                                                 compute_registers = 240, persistent = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %depth = arith.constant 384 : index
    %rows = arith.constant 128 : index
    %columns = arith.constant 64 : index
    %m = memref.dim %a, %c0 : !matrix
    %k = memref.dim %a, %c1 : !matrix
    %n = memref.dim %b, %c1 : !matrix
    %row_blocks = arith.ceildivui %m, %rows : index
    %column_blocks = arith.ceildivui %n, %columns : index
    %steps = arith.ceildivui %k, %depth : index
    %items = arith.muli %row_blocks, %column_blocks : index
    %start = gpu.block_id x
    %stride = gpu.grid_dim x
    scf.for %item = %start to %items step %stride {
      %row_block = arith.remui %item, %row_blocks : index
      %column_block = arith.divui %item, %row_blocks : index
      %row = arith.muli %row_block, %rows : index
      %column = arith.muli %column_block, %columns : index
      %zero = arith.constant dense<0.0> : tensor<128x64xf32>
      %sum = scf.for %step = %c0 to %steps step %c1 iter_args(%acc = %zero) -> tensor<128x64xf32> {
        %inner = arith.muli %step, %depth : index
        %ta = tile.load %a[%row, %inner] : !matrix -> tensor<128x384xbf16>
        %tb = tile.load %b[%inner, %column] : !matrix -> tensor<384x64xbf16>
        %next = tile.mma %ta, %tb, %acc : tensor<128x384xbf16>, tensor<384x64xbf16>, tensor<128x64xf32> -> tensor<128x64xf32>
        scf.yield %next : tensor<128x64xf32>
      }
      %narrow = arith.truncf %sum : tensor<128x64xf32> to tensor<128x64xbf16>
      tile.store %narrow, %c[%row, %column] : tensor<128x64xbf16>, !matrix
    }
    gpu.return
  }
}
