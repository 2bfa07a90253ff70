// RUN: girih-opt %s --attn-schedule=target=sm_90a --attn-tile --canonicalize --cse --split-input-file | FileCheck %s

// The function becomes a kernel of its name that reads and writes memrefs whose
// strides are the loader's.
// CHECK-NOT: func.func
// CHECK: gpu.module @plain [#nvvm.target<
// CHECK: gpu.func @plain(
// CHECK-SAME: %[[Q:.*]]: memref<2x4x256x64xbf16, strided<[?, ?, ?, 1]>> {tile.name = "q", tile.order = ["b", "h", "sq", "d"], tile.sizes = ["b", "h", "sq", "d"]}
// CHECK-SAME: %[[K:.*]]: memref<2x2x512x64xbf16, strided<[?, ?, ?, 1]>> {tile.name = "k", tile.order = ["b", "hkv", "skv", "d"], tile.sizes = ["b", "hkv", "skv", "d"]}
// CHECK-SAME: %[[V:.*]]: memref<2x2x512x64xbf16, strided<[?, ?, ?, 1]>> {tile.name = "v"
// CHECK-SAME: %[[O:.*]]: memref<2x4x256x64xbf16, strided<[?, ?, ?, 1]>> {tile.name = "o"
// CHECK-SAME: kernel attributes {tile.multiples = {{\[\[}}"h", "hkv"]], tile.problem = {kind = "attention.forward", mask = "none", scale = 1.250000e-01 : f64}
// CHECK-SAME: tile.schedule = #tile.schedule<rows = 128, columns = 64,
// CHECK-SAME: tile.work = {{\[\[}}"sq", 128], ["h", 1], ["b", 1]]
// Softmax in base 2: the scale takes log2(e) in.
// CHECK-DAG: %[[SCALE:.*]] = arith.constant dense<0.180336878> : tensor<128x64xf32>
// CHECK-DAG: %[[ONE:.*]] = arith.constant dense<1.000000e+00> : tensor<128xf32>
// CHECK-DAG: %[[GROUP:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[HEADS:.*]] = arith.constant 4 : index
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : index
// A group of query heads reads one key head.
// CHECK: %[[H:.*]] = arith.remui %{{.*}}, %[[HEADS]]
// CHECK: %[[B:.*]] = arith.divui %{{.*}}, %[[HEADS]]
// CHECK: %[[KH:.*]] = arith.divui %[[H]], %[[GROUP]]
// CHECK: %[[TQ:.*]] = tile.load %[[Q]][%[[B]], %[[H]], %[[ROW:.*]], %[[ZERO]]] : {{.*}} -> tensor<128x64xbf16>
// CHECK: %[[R:.*]]:3 = scf.for %[[I:.*]] = {{.*}} iter_args(%[[M:[^ ]*]] = %{{[^,]*}}, %[[L:[^ ]*]] = %{{[^,]*}}, %[[ACC:[^ ]*]] = %{{.*}}) -> (tensor<128xf32>, tensor<128x4xf32>, tensor<128x64xf32>)
// CHECK:   %[[TK:.*]] = tile.load %[[K]][%[[B]], %[[KH]], %[[KEY:.*]], %[[ZERO]]] : {{.*}} -> tensor<64x64xbf16>
// CHECK:   %[[S:.*]] = tile.mma %[[TQ]], %[[TK]] transpose_b
// 512 keys are whole tiles, so none is masked: tile-split-loops drops the branch.
// CHECK:   %[[MASKED:.*]] = arith.cmpi slt, %[[I]], %[[ZERO]]
// CHECK:   %[[MS:.*]] = scf.if %[[MASKED]]
// CHECK:   } else {
// CHECK:     scf.yield %[[S]]
// CHECK:   %[[TM:.*]] = tile.reduce max %[[MS]]
// The exponents subtract the very number that is carried, so that a maximum
// that stays rescales by exactly 1.
// CHECK:   %[[STM:.*]] = arith.mulf %[[TM]], %{{.*}} : tensor<128xf32>
// CHECK:   %[[NM:.*]] = arith.maxnumf %[[M]], %[[STM]]
// CHECK:   %[[NEG:.*]] = arith.negf %[[NM]]
// CHECK:   %[[SHIFT:.*]] = tile.broadcast %[[NEG]]
// CHECK:   %[[E:.*]] = math.fma %[[MS]], %[[SCALE]], %[[SHIFT]]
// CHECK:   %[[P:.*]] = math.exp2 %[[E]] fastmath<afn> : tensor<128x64xf32>
// CHECK:   %[[STEP:.*]] = arith.subf %[[M]], %[[NM]]
// CHECK:   %[[ALPHA:.*]] = math.exp2 %[[STEP]] fastmath<afn> : tensor<128xf32>
// CHECK:   %[[PS:.*]] = tile.reduce add %[[P]] : tensor<128x64xf32> -> tensor<128x4xf32>
// CHECK:   %[[NL:.*]] = math.fma %[[L]], %{{.*}}, %[[PS]]
// CHECK:   %[[P16:.*]] = arith.truncf %[[P]]
// CHECK:   %[[SCALED:.*]] = arith.mulf %[[ACC]]
// CHECK:   %[[TV:.*]] = tile.load %[[V]][%[[B]], %[[KH]], %[[KEY]], %[[ZERO]]]
// CHECK:   %[[NACC:.*]] = tile.mma %[[P16]], %[[TV]], %[[SCALED]]
// CHECK:   scf.yield %[[NM]], %[[NL]], %[[NACC]]
// CHECK: } {tile.non_empty}
// CHECK: %[[SUM:.*]] = tile.reduce add %[[R]]#1
// CHECK: %[[INV:.*]] = arith.divf %[[ONE]], %{{.*}} fastmath<arcp,afn>
// CHECK: %[[INVB:.*]] = tile.broadcast %[[INV]]
// CHECK: %[[N:.*]] = arith.mulf %[[R]]#2, %[[INVB]]
// CHECK: %[[N16:.*]] = arith.truncf %[[N]]
// CHECK: tile.store %[[N16]], %[[O]][%[[B]], %[[H]], %[[ROW]], %[[ZERO]]]
// CHECK: gpu.return
func.func @plain(%q: tensor<2x4x256x64xbf16>, %k: tensor<2x2x512x64xbf16>, %v: tensor<2x2x512x64xbf16>)
    -> tensor<2x4x256x64xbf16> {
  %o = attn.forward %q, %k, %v schedule <rows = 128, columns = 64, persistent = 0>
      : tensor<2x4x256x64xbf16>, tensor<2x2x512x64xbf16>, tensor<2x2x512x64xbf16> -> tensor<2x4x256x64xbf16>
  return %o : tensor<2x4x256x64xbf16>
}

// -----

// A last tile that is not whole is the first one visited, and the only masked one.
// CHECK-LABEL: gpu.func @partial_keys
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK: scf.for %[[I:.*]] = %{{.*}} to
// CHECK: %[[S:.*]] = tile.mma
// CHECK: %[[MASKED:.*]] = arith.cmpi slt, %[[I]], %[[C1]]
// CHECK: scf.if %[[MASKED]]
// CHECK:   %[[COL:.*]] = tile.iota 1 : tensor<128x128xi32>
// CHECK:   %[[SEEN:.*]] = arith.cmpi slt, %[[COL]], %{{.*}}
// CHECK:   %[[MS:.*]] = arith.select %[[SEEN]], %[[S]]
// CHECK:   scf.yield %[[MS]]
// CHECK: } else {
// CHECK:   scf.yield %[[S]]
func.func @partial_keys(%q: tensor<2x4x256x64xbf16>, %k: tensor<2x4x500x64xbf16>) -> tensor<2x4x256x64xbf16> {
  %o = attn.forward %q, %k, %k schedule <rows = 128, columns = 128, persistent = 0>
      : tensor<2x4x256x64xbf16>, tensor<2x4x500x64xbf16>, tensor<2x4x500x64xbf16> -> tensor<2x4x256x64xbf16>
  return %o : tensor<2x4x256x64xbf16>
}

// -----

// A causal mask compares columns with a limit that grows by one a row, and never
// passes the end of the keys. A row that sees nothing keeps the first maximum and
// divides by 1; one whose maximum is known too coarsely becomes NaN.
// CHECK-LABEL: gpu.func @causal
// CHECK-SAME: mask = "causal"
// CHECK-DAG: %[[NONE:.*]] = arith.constant dense<-3.40282347E+38> : tensor<128xf32>
// CHECK-DAG: %[[LARGEST:.*]] = arith.constant dense<1.07374182E+9> : tensor<128xf32>
// CHECK-DAG: %[[NAN:.*]] = arith.constant dense<0x7FC00000> : tensor<128xf32>
// CHECK-DAG: %[[ONE:.*]] = arith.constant dense<1.000000e+00> : tensor<128xf32>
// CHECK: %[[R:.*]]:3 = scf.for {{.*}} iter_args(%{{[^ ]*}} = %[[NONE]],
// CHECK: %[[ROW:.*]] = tile.iota 0 : tensor<128xi32>
// CHECK: %[[VISIBLE:.*]] = arith.addi %[[ROW]], %{{.*}} : tensor<128xi32>
// CHECK: %[[LIMIT:.*]] = arith.minsi %[[VISIBLE]], %{{.*}} : tensor<128xi32>
// CHECK: %[[LIMITS:.*]] = tile.broadcast %[[LIMIT]]
// CHECK: arith.cmpi slt, %{{.*}}, %[[LIMITS]] : tensor<128x128xi32>
// CHECK: %[[SUM:.*]] = tile.reduce add %{{.*}} : tensor<128x4xf32> -> tensor<128xf32>
// CHECK: %[[EMPTY:.*]] = arith.cmpf oeq, %[[R]]#0, %[[NONE]]
// CHECK: %[[SIZE:.*]] = math.absf %[[R]]#0
// CHECK: %[[OUTSIDE:.*]] = arith.cmpf ogt, %[[SIZE]], %[[LARGEST]]
// CHECK: %[[UNKNOWN:.*]] = arith.select %[[EMPTY]], %[[SUM]], %[[NAN]]
// CHECK: %[[KNOWN:.*]] = arith.select %[[OUTSIDE]], %[[UNKNOWN]], %[[SUM]]
// CHECK: %[[DIV:.*]] = arith.select %[[EMPTY]], %[[ONE]], %[[KNOWN]]
// CHECK: arith.divf %[[ONE]], %[[DIV]] fastmath<arcp,afn>
func.func @causal(%q: tensor<2x4x256x64xbf16>, %k: tensor<2x4x512x64xbf16>) -> tensor<2x4x256x64xbf16> {
  %o = attn.forward %q, %k, %k mask(causal) schedule <rows = 128, columns = 128>
      : tensor<2x4x256x64xbf16>, tensor<2x4x512x64xbf16>, tensor<2x4x512x64xbf16> -> tensor<2x4x256x64xbf16>
  return %o : tensor<2x4x256x64xbf16>
}

// -----

// Dynamic sizes are asked of the arguments; a persistent kernel loops over work
// items; a log-sum-exp is one more result; the memory order reaches the arguments.
// CHECK-LABEL: gpu.func @everything
// CHECK-SAME: %[[Q:[^: ]*]]: memref<?x8x?x128xf16, strided<[?, ?, ?, 1]>> {tile.name = "q", tile.order = ["b", "sq", "h", "d"], tile.sizes = ["b", "h", "sq", "d"]}
// CHECK-SAME: %[[K:[^: ]*]]: memref<?x2x?x128xf16, strided<[?, ?, ?, 1]>> {tile.name = "k", tile.order = ["b", "skv", "hkv", "d"]
// CHECK-SAME: {{.*}}%[[LSE:[^:, ]*]]: memref<?x8x?xf32, strided<[?, ?, 1]>> {tile.name = "lse", tile.order = ["b", "h", "sq"], tile.sizes = ["b", "h", "sq"]}
// CHECK-SAME: scale = 5.000000e-01
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG: memref.dim %[[Q]], %[[C2]]
// CHECK-DAG: %[[START:.*]] = gpu.block_id {{ ?}}x
// CHECK-DAG: %[[STEP:.*]] = gpu.grid_dim {{ ?}}x
// CHECK: scf.for %{{.*}} = %[[START]] to %{{.*}} step %[[STEP]]
// CHECK: memref.dim %[[K]], %[[C2]]
// CHECK: %[[LOG:.*]] = math.log2 %{{.*}} fastmath<afn> : tensor<128xf32>
// CHECK: %[[SUM:.*]] = arith.addf %{{.*}}, %[[LOG]]
// CHECK: %[[L:.*]] = arith.mulf %[[SUM]], %{{.*}} : tensor<128xf32>
// CHECK: tile.store %[[L]], %[[LSE]][%{{.*}}, %{{.*}}, %{{.*}}] : tensor<128xf32>
func.func @everything(%q: tensor<?x8x?x128xf16>, %k: tensor<?x2x?x128xf16>)
    -> (tensor<?x8x?x128xf16>, tensor<?x8x?xf32>) {
  %o, %lse = attn.forward %q, %k, %k mask(causal) order(bshd) scale(0.5) schedule <rows = 128, persistent = 1>
      : tensor<?x8x?x128xf16>, tensor<?x2x?x128xf16>, tensor<?x2x?x128xf16> -> tensor<?x8x?x128xf16>, tensor<?x8x?xf32>
  return %o, %lse : tensor<?x8x?x128xf16>, tensor<?x8x?xf32>
}

// -----

// With lazy_rescale, a row keeps its maximum until it grows by more than so many powers of two,
// and the output is only touched where a row has grown.
// CHECK-LABEL: gpu.func @lazy
// CHECK-DAG: %[[LEAST:.*]] = arith.constant dense<8.000000e+00> : tensor<128xf32>
// CHECK: scf.for {{.*}} iter_args(%[[M:[^ ]*]] = %{{[^,]*}}, %[[L:[^ ]*]] = %{{[^,]*}}, %[[ACC:[^ ]*]] = %{{.*}})
// CHECK:   %[[LARGER:.*]] = arith.maxnumf %[[M]], %{{.*}}
// CHECK:   %[[GROWTH:.*]] = arith.subf %[[LARGER]], %[[M]]
// CHECK:   %[[GROWN:.*]] = arith.cmpf ugt, %[[GROWTH]], %[[LEAST]]
// CHECK:   %[[NEW:.*]] = arith.select %[[GROWN]], %[[LARGER]], %[[M]]
// CHECK:   %[[DIFFERENCE:.*]] = arith.subf %[[M]], %[[NEW]]
// CHECK:   %[[ALPHA:.*]] = math.exp2 %[[DIFFERENCE]]
// CHECK:   %[[ANY:.*]] = tile.any %[[GROWN]]
// CHECK:   %[[SCALED:.*]] = scf.if %[[ANY]]
// CHECK:     %[[WIDE:.*]] = tile.broadcast %[[ALPHA]]
// CHECK:     %[[PRODUCT:.*]] = arith.mulf %[[ACC]], %[[WIDE]]
// CHECK:     scf.yield %[[PRODUCT]]
// CHECK:   } else {
// CHECK:     scf.yield %[[ACC]]
// CHECK:   tile.mma {{.*}}, {{.*}}, %[[SCALED]]
func.func @lazy(%q: tensor<1x1x256x64xbf16>) -> tensor<1x1x256x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <rows = 128, columns = 64, workers = 2, lazy_rescale = 8>
      : tensor<1x1x256x64xbf16>, tensor<1x1x256x64xbf16>, tensor<1x1x256x64xbf16> -> tensor<1x1x256x64xbf16>
  return %o : tensor<1x1x256x64xbf16>
}

// -----

// With exp2_polynomial, the exponentials of the scores say how many of them are polynomials; those of the rows do not.
// What they may be wrong by is said for who checks the results.
// CHECK-LABEL: gpu.func @polynomial
// CHECK-SAME: weight_error = 8.7999999999999998E-5
// CHECK: math.exp2 %{{.*}} fastmath<afn> {tile.exp2_polynomial = 3 : i64} : tensor<128x64xf32>
// CHECK: math.exp2 %{{.*}} fastmath<afn> : tensor<128xf32>
func.func @polynomial(%q: tensor<1x1x256x64xbf16>) -> tensor<1x1x256x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <rows = 128, columns = 64, workers = 2, exp2_polynomial = 3>
      : tensor<1x1x256x64xbf16>, tensor<1x1x256x64xbf16>, tensor<1x1x256x64xbf16> -> tensor<1x1x256x64xbf16>
  return %o : tensor<1x1x256x64xbf16>
}

// -----

// Work items from a counter: the next is asked for before the work on one.
// CHECK-LABEL: gpu.func @dynamic(
// CHECK-SAME: %[[COUNTER:[^:]*]]: memref<1xi32> {tile.workspace})
// CHECK: %[[START:.*]] = gpu.block_id x
// CHECK: scf.while (%[[W:.*]] = %[[START]]) : (index) -> index {
// CHECK:   %[[LEFT:.*]] = arith.cmpi slt, %[[W]], %[[ITEMS:.*]] : index
// CHECK:   scf.condition(%[[LEFT]]) %[[W]] : index
// CHECK:   %[[NEXT:.*]] = tile.next_work of %[[ITEMS]] counter(%[[COUNTER]] : memref<1xi32>)
// CHECK:   tile.load
// CHECK:   tile.store
// CHECK:   scf.yield %[[NEXT]] : index
func.func @dynamic(%q: tensor<1x4x1000x64xbf16>, %k: tensor<1x4x1000x64xbf16>) -> tensor<1x4x1000x64xbf16> {
  %o = attn.forward %q, %k, %k mask(causal) schedule <persistent = 2>
      : tensor<1x4x1000x64xbf16>, tensor<1x4x1000x64xbf16>, tensor<1x4x1000x64xbf16> -> tensor<1x4x1000x64xbf16>
  return %o : tensor<1x4x1000x64xbf16>
}

// -----

// Rows of 80 elements lie in tiles of whole panels: what is beyond the tensor reads as zero and is not stored. The scale is
// that of 80 elements, 1 / sqrt(80) times log2(e).
// CHECK-LABEL: gpu.func @padded(
// CHECK: arith.constant dense<0.161298215>
// CHECK: tile.load %{{.*}} : memref<1x4x256x80xbf16, {{.*}}> -> tensor<128x128xbf16>
// CHECK: tile.load %{{.*}} : memref<1x4x256x80xbf16, {{.*}}> -> tensor<64x128xbf16>
// CHECK: tile.store %{{.*}} : tensor<128x128xbf16>, memref<1x4x256x80xbf16
func.func @padded(%q: tensor<1x4x256x80xbf16>) -> tensor<1x4x256x80xbf16> {
  %o = attn.forward %q, %q, %q schedule <rows = 128, columns = 64, persistent = 0>
      : tensor<1x4x256x80xbf16>, tensor<1x4x256x80xbf16>, tensor<1x4x256x80xbf16> -> tensor<1x4x256x80xbf16>
  return %o : tensor<1x4x256x80xbf16>
}

// -----

// Weights of 8 bits are e4m3 whatever V is, and 256 times as large: the factor is in the maximum that exponents subtract,
// in f32 the sum, the output and the log-sum-exp have it too. V is read as its keys lie.
// CHECK-LABEL: gpu.func @bytes
// CHECK-SAME: %[[V:[^ ]*]]: memref<1x1x64x256xf8E5M2, strided<[?, ?, ?, 1]>> {tile.name = "v", tile.order = ["b", "hkv", "d", "skv"], tile.sizes = ["b", "hkv", "d", "skv"]}
// CHECK-SAME: weight_exponent = 8 : i64
// CHECK-DAG: %[[EXPONENT:.*]] = arith.constant dense<-8.000000e+00> : tensor<128xf32>
// CHECK-DAG: %[[LIMIT:.*]] = arith.constant dense<0x4B800000> : tensor<128xf32>
// CHECK-DAG: %[[SCALE:.*]] = arith.constant dense<0.180336878> : tensor<128xf32>
// CHECK: %[[S:.*]] = tile.mma %{{.*}}, %{{.*}} transpose_b : tensor<128x64xf8E5M2>, tensor<64x64xf8E5M2> -> tensor<128x64xf32>
// CHECK: %[[LARGEST:.*]] = tile.reduce max
// CHECK: math.fma %[[LARGEST]], %[[SCALE]], %[[EXPONENT]] : tensor<128xf32>
// CHECK: %[[P:.*]] = arith.truncf %{{.*}} : tensor<128x64xf32> to tensor<128x64xf8E4M3FN>
// CHECK: %[[TV:.*]] = tile.load %[[V]][%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}] : {{.*}} -> tensor<64x64xf8E5M2>
// CHECK: tile.mma %[[P]], %[[TV]], %{{.*}} transpose_b
// CHECK: arith.cmpf ogt, %{{.*}}, %[[LIMIT]]
// An output in f32 is not rounded.
// CHECK-NOT: arith.truncf
// CHECK: tile.store %{{.*}} : tensor<128x64xf32>
func.func @bytes(%q: tensor<1x1x256x64xf8E5M2>, %v: tensor<1x1x64x256xf8E5M2>) -> tensor<1x1x256x64xf32> {
  %o = attn.forward %q, %q, %v v_order(keys) schedule <rows = 128, columns = 64, workers = 2>
      : tensor<1x1x256x64xf8E5M2>, tensor<1x1x256x64xf8E5M2>, tensor<1x1x64x256xf8E5M2> -> tensor<1x1x256x64xf32>
  return %o : tensor<1x1x256x64xf32>
}

// -----

// Where weights may grow before the output is rescaled, they begin smaller.
// CHECK-LABEL: gpu.func @lazy_bytes
// CHECK-SAME: weight_exponent = 3 : i64
// CHECK: arith.constant dense<-3.000000e+00> : tensor<128xf32>
func.func @lazy_bytes(%q: tensor<1x1x256x64xf8E4M3FN>, %v: tensor<1x1x64x256xf8E4M3FN>) -> tensor<1x1x256x64xbf16> {
  %o = attn.forward %q, %q, %v v_order(keys) schedule <rows = 128, columns = 64, workers = 2, lazy_rescale = 5>
      : tensor<1x1x256x64xf8E4M3FN>, tensor<1x1x256x64xf8E4M3FN>, tensor<1x1x64x256xf8E4M3FN> -> tensor<1x1x256x64xbf16>
  return %o : tensor<1x1x256x64xbf16>
}

// -----

// Sums of a tile's keys are added in f32, by threads, which scale the output in the same operation.
// CHECK-LABEL: gpu.func @two_level
// CHECK-SAME: summed_keys = 64 : i64
// CHECK: scf.for {{.*}} iter_args(%{{[^ ]*}} = %{{[^,]*}}, %{{[^ ]*}} = %{{[^,]*}}, %[[O:[^ ]*]] =
// CHECK: %[[ALPHA:.*]] = math.exp2 {{.*}} : tensor<128xf32>
// CHECK: %[[SUM:.*]] = tile.mma %{{[^ ]*}}, %{{[^ ]*}} transpose_b : tensor<128x64xf8E4M3FN>, tensor<64x64xf8E4M3FN> -> tensor<128x64xf32>
// CHECK: %[[FACTOR:.*]] = tile.broadcast %[[ALPHA]]
// CHECK: %[[NEXT:.*]] = math.fma %[[O]], %[[FACTOR]], %[[SUM]] : tensor<128x64xf32>
// CHECK: scf.yield %{{.*}}, %{{.*}}, %[[NEXT]]
func.func @two_level(%q: tensor<1x1x256x64xf8E4M3FN>, %v: tensor<1x1x64x256xf8E4M3FN>) -> tensor<1x1x256x64xbf16> {
  %o = attn.forward %q, %q, %v v_order(keys) schedule <rows = 128, columns = 64, workers = 2, two_level = 1>
      : tensor<1x1x256x64xf8E4M3FN>, tensor<1x1x256x64xf8E4M3FN>, tensor<1x1x64x256xf8E4M3FN> -> tensor<1x1x256x64xbf16>
  return %o : tensor<1x1x256x64xbf16>
}

// -----

// Weights of bounded scores are exponentials of these: no maximum is looked for or carried, nothing is rescaled, and a row
// has seen nothing if its sum is 0.
// CHECK-LABEL: gpu.func @fixed_maximum
// CHECK-SAME: fixed_maximum = 1 : i64
// CHECK: %[[R:.*]]:2 = scf.for {{.*}} iter_args(%[[SUM:[^ ]*]] = %{{[^,]*}}, %[[O:[^ ]*]] = %{{[^)]*}}) -> (tensor<128x4xf32>, tensor<128x64xf32>)
// CHECK-NOT: tile.reduce max
// CHECK: %[[P:.*]] = math.exp2 {{.*}} : tensor<128x64xf32>
// CHECK: %[[PART:.*]] = tile.reduce add %[[P]]
// CHECK: %[[NEXT:.*]] = arith.addf %[[SUM]], %[[PART]]
// CHECK: %[[MORE:.*]] = tile.mma {{.*}}, %[[O]]
// CHECK: scf.yield %[[NEXT]], %[[MORE]]
// CHECK: %[[WHOLE:.*]] = tile.reduce add %[[R]]#0
// CHECK: arith.cmpf oeq, %[[WHOLE]]
func.func @fixed_maximum(%q: tensor<1x1x256x64xbf16>) -> tensor<1x1x256x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <rows = 128, columns = 64, workers = 2, fixed_maximum = 1> score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %t = math.tanh %s : f32
    attn.yield %t : f32
  } : tensor<1x1x256x64xbf16>, tensor<1x1x256x64xbf16>, tensor<1x1x256x64xbf16> -> tensor<1x1x256x64xbf16>
  return %o : tensor<1x1x256x64xbf16>
}

// -----

// Where sums of a tile are added by threads, they are added alone.
// CHECK-LABEL: gpu.func @fixed_maximum_two_level
// CHECK: %[[SUM:.*]] = tile.mma %{{[^ ]*}}, %{{[^ ]*}} : tensor<128x64xbf16>, tensor<64x64xbf16> -> tensor<128x64xf32>
// CHECK-NEXT: arith.addf %{{.*}}, %[[SUM]]
func.func @fixed_maximum_two_level(%q: tensor<1x1x256x64xbf16>) -> tensor<1x1x256x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <rows = 128, columns = 64, workers = 2, fixed_maximum = 1, two_level = 1> score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %t = math.tanh %s : f32
    attn.yield %t : f32
  } : tensor<1x1x256x64xbf16>, tensor<1x1x256x64xbf16>, tensor<1x1x256x64xbf16> -> tensor<1x1x256x64xbf16>
  return %o : tensor<1x1x256x64xbf16>
}

// -----

// What is one number for each row, or for all, is in the weights: their sum says so to the log-sum-exp.
// CHECK-LABEL: gpu.func @fixed_maximum_and_offset
// CHECK-DAG: %[[TWO:.*]] = arith.constant dense<2.885390e+00> : tensor<128xf32>
// CHECK-DAG: %[[SCALE:.*]] = arith.constant dense<1.44269502> : tensor<128x64xf32>
// CHECK: %[[SHIFT:.*]] = tile.broadcast %[[TWO]]
// CHECK: %[[E:.*]] = math.fma %{{.*}}, %[[SCALE]], %[[SHIFT]]
// CHECK: math.exp2 %[[E]]
func.func @fixed_maximum_and_offset(%q: tensor<1x1x256x64xbf16>) -> (tensor<1x1x256x64xbf16>, tensor<1x1x256xf32>) {
  %o, %l = attn.forward %q, %q, %q schedule <rows = 128, columns = 64, workers = 2> score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %two = arith.constant 2.0 : f32
    %t = math.tanh %s : f32
    %r = arith.addf %t, %two : f32
    attn.yield %r : f32
  } : tensor<1x1x256x64xbf16>, tensor<1x1x256x64xbf16>, tensor<1x1x256x64xbf16> -> tensor<1x1x256x64xbf16>, tensor<1x1x256xf32>
  return %o, %l : tensor<1x1x256x64xbf16>, tensor<1x1x256xf32>
}
