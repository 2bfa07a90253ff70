// C = A B with its barriers written out: one thread loads, one starts MMAs, a worker takes
// the sums out of tensor memory. B lies in memory with n contiguous, k is its outer size.

#lane = #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!a = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!b = tensor<64x128xbf16, #tile.shared<swizzle = 128>>
!c = tensor<128x128xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #lane>
!narrow = tensor<128x128xbf16, #lane>
!matrix = memref<?x?xbf16, strided<[?, 1]>>

gpu.module @product {
  gpu.func @product(%a: !matrix {tile.name = "a", tile.sizes = ["m", "k"]},
                    %b: !matrix {tile.name = "b", tile.sizes = ["k", "n"]},
                    %c: !matrix {tile.name = "c", tile.sizes = ["m", "n"]}) kernel
      attributes {tile.problem = {kind = "gemm"}, tile.work = [["m", 128], ["n", 128]], tile.shared_bytes = 98356,
                  tile.schedule = #tile.schedule<workers = 1, stages = 2, load_registers = 24,
                                                 compute_registers = 240, persistent = 1>} {
    %as = tile.alloc "a" offset(0) : !tile.buffer<2 x !a>
    %bs = tile.alloc "b" offset(32768) : !tile.buffer<2 x !b>
    %staging = tile.alloc "staging" offset(65536) : !tile.buffer<1 x !c>
    %sums = tile.alloc "sum" offset(0) : !tile.buffer<1 x !sum>
    %full = tile.barriers "full" offset(98304) : !tile.barriers<2, arrivals = 1>
    %empty = tile.barriers "empty" offset(98320) : !tile.barriers<2, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(98336) : !tile.barriers<1, arrivals = 1>
    %sum_empty = tile.barriers "sum_empty" offset(98344) : !tile.barriers<1, arrivals = 4>
    tile.tensor_columns columns(128) offset(98352)
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c64 = arith.constant 64 : index
    %c128 = arith.constant 128 : index
    tile.role "load" warps(1) registers(24) one_thread {
      %m = memref.dim %a, %c0 : !matrix
      %k = memref.dim %a, %c1 : !matrix
      %n = memref.dim %b, %c1 : !matrix
      %row_blocks = arith.ceildivui %m, %c128 : index
      %column_blocks = arith.ceildivui %n, %c128 : index
      %steps = arith.ceildivui %k, %c64 : index
      %items = arith.muli %row_blocks, %column_blocks : index
      %start = gpu.block_id x
      %stride = gpu.grid_dim x
      scf.for %item = %start to %items step %stride iter_args(%before = %c0) -> (index) {
        %row_block = arith.remui %item, %row_blocks : index
        %column_block = arith.divui %item, %row_blocks : index
        %row = arith.muli %row_block, %c128 : index
        %column = arith.muli %column_block, %c128 : index
        %after = scf.for %step = %c0 to %steps step %c1 iter_args(%count = %before) -> (index) {
          %inner = arith.muli %step, %c64 : index
          %slot = arith.remui %count, %c2 : index
          %round = arith.divui %count, %c2 : index
          %other = arith.addi %round, %c1 : index
          %bit = arith.andi %other, %c1 : index
          %parity = arith.index_cast %bit : index to i32
          tile.barrier_wait %empty[%slot] parity(%parity) : !tile.barriers<2, arrivals = 1>
          tile.barrier_expect %full[%slot] bytes(32768) : !tile.barriers<2, arrivals = 1>
          %ta = tile.slot %as[%slot] : !tile.buffer<2 x !a> -> !a
          tile.copy %a[%row, %inner] to %ta signals %full[%slot] : !tile.barriers<2, arrivals = 1> : !matrix, !a
          %tb = tile.slot %bs[%slot] : !tile.buffer<2 x !b> -> !b
          tile.copy %b[%inner, %column] to %tb signals %full[%slot] : !tile.barriers<2, arrivals = 1> : !matrix, !b
          %next = arith.addi %count, %c1 : index
          scf.yield %next : index
        } {tile.loop = 1, tile.non_empty}
        scf.yield %after : index
      } {tile.loop = 0}
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      %m = memref.dim %a, %c0 : !matrix
      %k = memref.dim %a, %c1 : !matrix
      %n = memref.dim %b, %c1 : !matrix
      %row_blocks = arith.ceildivui %m, %c128 : index
      %column_blocks = arith.ceildivui %n, %c128 : index
      %steps = arith.ceildivui %k, %c64 : index
      %items = arith.muli %row_blocks, %column_blocks : index
      %start = gpu.block_id x
      %stride = gpu.grid_dim x
      %sum = tile.slot %sums[%c0] : !tile.buffer<1 x !sum> -> !sum
      scf.for %item = %start to %items step %stride iter_args(%before = %c0, %done = %c0) -> (index, index) {
        %sum_next = arith.addi %done, %c1 : index
        %sum_bit = arith.andi %sum_next, %c1 : index
        %sum_parity = arith.index_cast %sum_bit : index to i32
        tile.barrier_wait %sum_empty[%c0] parity(%sum_parity) tensor_memory : !tile.barriers<1, arrivals = 4>
        %after = scf.for %step = %c0 to %steps step %c1 iter_args(%count = %before) -> (index) {
          %slot = arith.remui %count, %c2 : index
          %round = arith.divui %count, %c2 : index
          %bit = arith.andi %round, %c1 : index
          %parity = arith.index_cast %bit : index to i32
          %more = arith.cmpi ne, %step, %c0 : index
          tile.barrier_wait %full[%slot] parity(%parity) : !tile.barriers<2, arrivals = 1>
          %ta = tile.slot %as[%slot] : !tile.buffer<2 x !a> -> !a
          %tb = tile.slot %bs[%slot] : !tile.buffer<2 x !b> -> !b
          tile.mma_into %sum, %ta, %tb accumulate(%more) : !sum, !a, !b
          tile.mma_commit %empty[%slot] : !tile.barriers<2, arrivals = 1>
          %next = arith.addi %count, %c1 : index
          scf.yield %next : index
        } {tile.loop = 1, tile.non_empty}
        tile.mma_commit %sum_full[%c0] : !tile.barriers<1, arrivals = 1>
        scf.yield %after, %sum_next : index, index
      } {tile.loop = 0}
    }
    tile.role "compute" warps(4) registers(240) {
      %m = memref.dim %a, %c0 : !matrix
      %n = memref.dim %b, %c1 : !matrix
      %row_blocks = arith.ceildivui %m, %c128 : index
      %column_blocks = arith.ceildivui %n, %c128 : index
      %items = arith.muli %row_blocks, %column_blocks : index
      %start = gpu.block_id x
      %stride = gpu.grid_dim x
      %sum = tile.slot %sums[%c0] : !tile.buffer<1 x !sum> -> !sum
      %stage = tile.slot %staging[%c0] : !tile.buffer<1 x !c> -> !c
      scf.for %item = %start to %items step %stride iter_args(%done = %c0) -> (index) {
        %row_block = arith.remui %item, %row_blocks : index
        %column_block = arith.divui %item, %row_blocks : index
        %row = arith.muli %row_block, %c128 : index
        %column = arith.muli %column_block, %c128 : index
        %bit = arith.andi %done, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %sum_full[%c0] parity(%parity) tensor_memory : !tile.barriers<1, arrivals = 1>
        %values = tile.move %sum : !sum -> !values
        tile.barrier_arrive %sum_empty[%c0] tensor_memory : !tile.barriers<1, arrivals = 4>
        %narrow = arith.truncf %values : !values to !narrow
        tile.drain_stores barrier(%c1)
        tile.write_shared %narrow, %stage : !narrow, !c
        tile.publish barrier(%c1)
        tile.store %stage, %c[%row, %column] : !c, !matrix
        %next = arith.addi %done, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
      tile.drain_stores completed
    }
    gpu.return
  }
}
