// Attention on one tile of 128 keys: S = Q K^T, P = softmax(S) without the division, O = P V.
// Q K^T has its right operand stored by rows of the outer size; P goes to its MMA through
// tensor memory.

#lane128 = #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
#lane64 = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
#row = #tile.fragment<registers = [], lanes = [32 : (1)], warps = [4 : (32)]>
!panel = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!s = tensor<128x128xf32, #tile.tensor_memory>
!p = tensor<128x128xbf16, #tile.tensor_memory>
!o = tensor<128x64xf32, #tile.tensor_memory>
!scores = tensor<128x128xf32, #lane128>
!weights = tensor<128x128xbf16, #lane128>
!values = tensor<128x64xf32, #lane64>
!narrow = tensor<128x64xbf16, #lane64>
!rows = tensor<128xf32, #row>
!query = memref<1x1x256x64xbf16, strided<[?, ?, ?, 1]>>
!key = memref<1x1x128x64xbf16, strided<[?, ?, ?, 1]>>

gpu.module @softmax {
  gpu.func @softmax(%q: !query {tile.name = "q", tile.sizes = ["b", "h", "sq", "d"]},
                    %k: !key {tile.name = "k", tile.sizes = ["b", "h", "skv", "d"]},
                    %v: !key {tile.name = "v", tile.sizes = ["b", "h", "skv", "d"]},
                    %out: !query {tile.name = "o", tile.sizes = ["b", "h", "sq", "d"]}) kernel
      attributes {tile.problem = {kind = "attention.forward", mask = "none", scale = 0.125 : f64},
                  tile.work = [["sq", 128], ["h", 1], ["b", 1]], tile.shared_bytes = 65572,
                  tile.schedule = #tile.schedule<workers = 1, stages = 1, load_registers = 24,
                                                 compute_registers = 240, persistent = 0>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c128 = arith.constant 128 : index
    %first = arith.constant 0 : i32
    %new = arith.constant false
    %scale = arith.constant dense<0.18033688> : !scores // log2(e) / 8
    %one = arith.constant dense<1.0> : !rows
    %operands = tile.alloc "operands" offset(0) : !tile.buffer<3 x !panel>
    %staging = tile.alloc "staging" offset(49152) : !tile.buffer<1 x !panel>
    %ss = tile.alloc "s" offset(0) : !tile.buffer<1 x !s>
    %ps = tile.alloc "p" offset(128) : !tile.buffer<1 x !p>
    %os = tile.alloc "o" offset(192) : !tile.buffer<1 x !o>
    %loaded = tile.barriers "loaded" offset(65536) : !tile.barriers<1, arrivals = 1>
    %s_full = tile.barriers "s_full" offset(65544) : !tile.barriers<1, arrivals = 1>
    %p_full = tile.barriers "p_full" offset(65552) : !tile.barriers<1, arrivals = 4>
    %o_full = tile.barriers "o_full" offset(65560) : !tile.barriers<1, arrivals = 1>
    tile.tensor_columns columns(256) offset(65568)
    %c2 = arith.constant 2 : index
    %tq = tile.slot %operands[%c0] : !tile.buffer<3 x !panel> -> !panel
    %tk = tile.slot %operands[%c1] : !tile.buffer<3 x !panel> -> !panel
    %tv = tile.slot %operands[%c2] : !tile.buffer<3 x !panel> -> !panel
    %s = tile.slot %ss[%c0] : !tile.buffer<1 x !s> -> !s
    %p = tile.slot %ps[%c0] : !tile.buffer<1 x !p> -> !p
    %o = tile.slot %os[%c0] : !tile.buffer<1 x !o> -> !o
    %block = gpu.block_id x
    %start = arith.muli %block, %c128 : index
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %loaded[%c0] bytes(49152) : !tile.barriers<1, arrivals = 1>
      tile.copy %q[%c0, %c0, %start, %c0] to %tq signals %loaded[%c0] : !tile.barriers<1, arrivals = 1> : !query, !panel
      tile.copy %k[%c0, %c0, %c0, %c0] to %tk signals %loaded[%c0] : !tile.barriers<1, arrivals = 1> : !key, !panel
      tile.copy %v[%c0, %c0, %c0, %c0] to %tv signals %loaded[%c0] : !tile.barriers<1, arrivals = 1> : !key, !panel
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %loaded[%c0] parity(%first) : !tile.barriers<1, arrivals = 1>
      tile.mma_into %s, %tq, %tk accumulate(%new) transpose_b : !s, !panel, !panel
      tile.mma_commit %s_full[%c0] : !tile.barriers<1, arrivals = 1>
      tile.barrier_wait %p_full[%c0] parity(%first) tensor_memory : !tile.barriers<1, arrivals = 4>
      tile.mma_into %o, %p, %tv accumulate(%new) : !o, !p, !panel
      tile.mma_commit %o_full[%c0] : !tile.barriers<1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %s_full[%c0] parity(%first) tensor_memory : !tile.barriers<1, arrivals = 1>
      %scores = tile.move %s : !s -> !scores
      %scaled = arith.mulf %scores, %scale : !scores
      %most = tile.reduce max %scaled : !scores -> !rows
      %wide = tile.broadcast %most : !rows -> !scores
      %relative = arith.subf %scaled, %wide : !scores
      %e = math.exp2 %relative fastmath<afn> : !scores
      %sum = tile.reduce add %e : !scores -> !rows
      %weights = arith.truncf %e : !scores to !weights
      tile.write_tensor %weights, %p : !weights, !p
      tile.barrier_arrive %p_full[%c0] tensor_memory : !tile.barriers<1, arrivals = 4>
      %share = arith.divf %one, %sum : !rows
      %shares = tile.broadcast %share : !rows -> !values
      tile.barrier_wait %o_full[%c0] parity(%first) tensor_memory : !tile.barriers<1, arrivals = 1>
      %values = tile.move %o : !o -> !values
      %result = arith.mulf %values, %shares : !values
      %narrow = arith.truncf %result : !values to !narrow
      %stage = tile.slot %staging[%c0] : !tile.buffer<1 x !panel> -> !panel
      tile.write_shared %narrow, %stage : !narrow, !panel
      tile.publish barrier(%c1)
      tile.store %stage, %out[%c0, %c0, %start, %c0] : !panel, !query
      tile.drain_stores completed
    }
    gpu.return
  }
}
