// RUN: girih-opt %s | FileCheck %s
// RUN: girih-opt %s --mlir-print-op-generic | girih-opt | FileCheck %s

// CHECK-LABEL: @plain
// CHECK: attn.forward %{{.*}}, %{{.*}}, %{{.*}} : tensor<4x32x2048x128xbf16>, tensor<4x8x1024x128xbf16>, tensor<4x8x1024x128xbf16> -> tensor<4x32x2048x128xbf16>
func.func @plain(%q: tensor<4x32x2048x128xbf16>, %k: tensor<4x8x1024x128xbf16>, %v: tensor<4x8x1024x128xbf16>)
    -> tensor<4x32x2048x128xbf16> {
  %o = attn.forward %q, %k, %v
      : tensor<4x32x2048x128xbf16>, tensor<4x8x1024x128xbf16>, tensor<4x8x1024x128xbf16> -> tensor<4x32x2048x128xbf16>
  return %o : tensor<4x32x2048x128xbf16>
}

// The default values of mask and order are not printed.
// CHECK-LABEL: @defaults
// CHECK: attn.forward %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} : tensor
func.func @defaults(%q: tensor<1x1x1x64xf16>) -> tensor<1x1x1x64xf16> {
  %o = attn.forward %q, %q, %q mask(none) order(bhsd)
      : tensor<1x1x1x64xf16>, tensor<1x1x1x64xf16>, tensor<1x1x1x64xf16> -> tensor<1x1x1x64xf16>
  return %o : tensor<1x1x1x64xf16>
}

// Every optional part, dynamic sizes, and the log-sum-exp.
// CHECK-LABEL: @everything
// CHECK: %{{.*}}, %{{.*}} = attn.forward
// CHECK-SAME: mask(causal) order(bshd) scale(1.250000e-01) schedule <rows = 128, stages = 2> score {
// CHECK-NEXT: ^bb0(%[[S:[^ ]*]]: f32, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index):
// CHECK-NEXT: attn.yield %[[S]] : f32
// CHECK: -> tensor<?x32x?x128xf16>, tensor<?x32x?xf32>
func.func @everything(%q: tensor<?x32x?x128xf16>, %k: tensor<?x8x?x128xf16>)
    -> (tensor<?x32x?x128xf16>, tensor<?x32x?xf32>) {
  %o, %lse = attn.forward %q, %k, %k mask(causal) order(bshd) scale(0.125) schedule <stages = 2, rows = 128> score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    attn.yield %s : f32
  } : tensor<?x32x?x128xf16>, tensor<?x8x?x128xf16>, tensor<?x8x?x128xf16>
      -> tensor<?x32x?x128xf16>, tensor<?x32x?xf32>
  return %o, %lse : tensor<?x32x?x128xf16>, tensor<?x32x?xf32>
}

// CHECK-LABEL: @dynamic_heads
func.func @dynamic_heads(%q: tensor<?x?x?x64xbf16>, %k: tensor<?x?x?x64xbf16>) -> tensor<?x?x?x64xbf16> {
  %o = attn.forward %q, %k, %k
      : tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16>, tensor<?x?x?x64xbf16> -> tensor<?x?x?x64xbf16>
  return %o : tensor<?x?x?x64xbf16>
}

// CHECK-LABEL: @top_left
// CHECK: attn.forward %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} mask(causal_top_left) : tensor
func.func @top_left(%q: tensor<1x1x1x64xf16>) -> tensor<1x1x1x64xf16> {
  %o = attn.forward %q, %q, %q mask(causal_top_left)
      : tensor<1x1x1x64xf16>, tensor<1x1x1x64xf16>, tensor<1x1x1x64xf16> -> tensor<1x1x1x64xf16>
  return %o : tensor<1x1x1x64xf16>
}

// CHECK-LABEL: @mask_region
// CHECK: attn.forward %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} mask {
// CHECK-NEXT: ^bb0(%{{.*}}: index, %{{.*}}: index, %[[I:.*]]: index, %[[J:.*]]: index):
// CHECK-NEXT: %[[QUERIES:.*]] = attn.queries
// CHECK-NEXT: %[[KEYS:.*]] = attn.keys
// CHECK: attn.yield %{{.*}} : i1
// CHECK-NEXT: } order(bshd) score {
func.func @mask_region(%q: tensor<1x1x?x64xf16>) -> tensor<1x1x?x64xf16> {
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %queries = attn.queries
    %keys = attn.keys
    %shift = arith.subi %keys, %queries : index
    %last = arith.addi %i, %shift : index
    %seen = arith.cmpi sle, %j, %last : index
    attn.yield %seen : i1
  } order(bshd) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    attn.yield %s : f32
  } : tensor<1x1x?x64xf16>, tensor<1x1x?x64xf16>, tensor<1x1x?x64xf16> -> tensor<1x1x?x64xf16>
  return %o : tensor<1x1x?x64xf16>
}

// What regions capture are arguments of the function.
// CHECK-LABEL: @captures
// CHECK-SAME: tensor<4xf32> {attn.name = "slopes", attn.sizes = ["h"]}
// CHECK-SAME: tensor<?xi32> {attn.sorted}
// CHECK: %[[T:.*]] = attn.lookup %{{.*}}[%{{.*}}] : tensor<4xf32> -> f32
// CHECK: arith.mulf %[[T]], %{{.*}} : f32
// CHECK: attn.lookup %{{.*}}[%{{.*}}] : tensor<?xi32> -> i32
func.func @captures(%q: tensor<2x4x128x64xbf16>, %slopes: tensor<4xf32> {attn.name = "slopes", attn.sizes = ["h"]},
                    %ids: tensor<?xi32> {attn.sorted}, %factor: f32) -> tensor<2x4x128x64xbf16> {
  %o = attn.forward %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = attn.lookup %slopes[%h] : tensor<4xf32> -> f32
    %1 = arith.mulf %0, %factor : f32
    %2 = attn.lookup %ids[%j] : tensor<?xi32> -> i32
    attn.yield %1 : f32
  } : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// Inputs of 8 bits, values whose keys are contiguous, an output of another type.
// CHECK-LABEL: @bytes
// CHECK: attn.forward %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} v_order(keys) output_scale(5.000000e-01) : tensor<2x4x128x64xf8E4M3FN>, tensor<2x4x96x64xf8E4M3FN>, tensor<2x4x64x96xf8E4M3FN> -> tensor<2x4x128x64xf16>
func.func @bytes(%q: tensor<2x4x128x64xf8E4M3FN>, %k: tensor<2x4x96x64xf8E4M3FN>, %v: tensor<2x4x64x96xf8E4M3FN>)
    -> tensor<2x4x128x64xf16> {
  %o = attn.forward %q, %k, %v v_order(keys) output_scale(0.5)
      : tensor<2x4x128x64xf8E4M3FN>, tensor<2x4x96x64xf8E4M3FN>, tensor<2x4x64x96xf8E4M3FN> -> tensor<2x4x128x64xf16>
  return %o : tensor<2x4x128x64xf16>
}

// CHECK-LABEL: @wide_output
// CHECK: attn.forward {{.*}} : tensor<2x4x128x64xf8E5M2>, {{.*}} -> tensor<2x4x128x64xf32>
func.func @wide_output(%q: tensor<2x4x128x64xf8E5M2>) -> tensor<2x4x128x64xf32> {
  %o = attn.forward %q, %q, %q
      : tensor<2x4x128x64xf8E5M2>, tensor<2x4x128x64xf8E5M2>, tensor<2x4x128x64xf8E5M2> -> tensor<2x4x128x64xf32>
  return %o : tensor<2x4x128x64xf32>
}

// Sequences may have lengths of their own, queries, keys or both.
// CHECK-LABEL: @lengths
// CHECK: attn.forward %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} query_lengths(%{{.*}} : tensor<2xi32>) key_lengths(%{{.*}} : tensor<?xi32>) mask(causal) : tensor
// CHECK: attn.forward %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} key_lengths(%{{.*}} : tensor<?xi32>) : tensor
func.func @lengths(%q: tensor<2x4x128x64xbf16>, %m: tensor<2xi32>, %n: tensor<?xi32>)
    -> (tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>) {
  %o = attn.forward %q, %q, %q query_lengths(%m : tensor<2xi32>) key_lengths(%n : tensor<?xi32>) mask(causal)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  %p = attn.forward %q, %q, %q key_lengths(%n : tensor<?xi32>)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o, %p : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>
}

// Sequences that lie one after another in a batch of 1, which lengths may end earlier.
// CHECK-LABEL: @packed
// CHECK: attn.forward %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} key_lengths(%{{.*}} : tensor<2xi32>) query_starts(%{{.*}} : tensor<3xi32>) key_starts(%{{.*}} : tensor<?xi32>) mask(causal) order(bshd) : tensor
func.func @packed(%q: tensor<1x4x?x64xbf16>, %s: tensor<3xi32>, %t: tensor<?xi32>, %n: tensor<2xi32>) -> tensor<1x4x?x64xbf16> {
  %o = attn.forward %q, %q, %q key_lengths(%n : tensor<2xi32>) query_starts(%s : tensor<3xi32>) key_starts(%t : tensor<?xi32>) mask(causal) order(bshd)
      : tensor<1x4x?x64xbf16>, tensor<1x4x?x64xbf16>, tensor<1x4x?x64xbf16> -> tensor<1x4x?x64xbf16>
  return %o : tensor<1x4x?x64xbf16>
}

// One more score for each row of a head.
// CHECK-LABEL: @sinks
// CHECK: attn.forward %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} sinks(%{{.*}} : tensor<4xbf16>) mask(causal) : tensor
func.func @sinks(%q: tensor<2x4x128x64xbf16>, %s: tensor<4xbf16>) -> tensor<2x4x128x64xbf16> {
  %o = attn.forward %q, %q, %q sinks(%s : tensor<4xbf16>) mask(causal)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// Weights that are left out by chance.
// CHECK-LABEL: @dropout
// CHECK: attn.forward %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} dropout(1.000000e-01, %{{.*}} : tensor<4xi32>) mask(causal) : tensor
func.func @dropout(%q: tensor<2x4x128x64xbf16>, %s: tensor<4xi32>) -> tensor<2x4x128x64xbf16> {
  %o = attn.forward %q, %q, %q dropout(0.1, %s : tensor<4xi32>) mask(causal)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// Numbers that Q, K and V are multiplied by: one for all, or one for each sequence and head.
// CHECK-LABEL: @descales
// CHECK: attn.forward %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} q_descale(%{{.*}} : f32) k_descale(%{{.*}} : tensor<2x?xf32>) v_descale(%{{.*}} : f32) mask(causal) : tensor
func.func @descales(%q: tensor<2x?x128x64xf8E4M3FN>, %x: f32, %y: tensor<2x?xf32>) -> tensor<2x?x128x64xbf16> {
  %o = attn.forward %q, %q, %q q_descale(%x : f32) k_descale(%y : tensor<2x?xf32>) v_descale(%x : f32) mask(causal)
      : tensor<2x?x128x64xf8E4M3FN>, tensor<2x?x128x64xf8E4M3FN>, tensor<2x?x128x64xf8E4M3FN> -> tensor<2x?x128x64xbf16>
  return %o : tensor<2x?x128x64xbf16>
}

// Powers of two for groups of elements of Q and K.
// CHECK-LABEL: @block_scales
// CHECK: attn.forward %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} v_descale(%{{.*}} : f32) block_scales(%{{.*}} : tensor<2x4x64x16xf8E8M0FNU>, %{{.*}} : tensor<2x2x?x16xf8E8M0FNU>) mask(causal) : tensor
func.func @block_scales(%q: tensor<2x4x129x64xf8E5M2>, %k: tensor<2x2x?x64xf8E5M2>, %z: f32, %x: tensor<2x4x64x16xf8E8M0FNU>, %y: tensor<2x2x?x16xf8E8M0FNU>) -> tensor<2x4x129x64xbf16> {
  %o = attn.forward %q, %k, %k v_descale(%z : f32) block_scales(%x : tensor<2x4x64x16xf8E8M0FNU>, %y : tensor<2x2x?x16xf8E8M0FNU>) mask(causal)
      : tensor<2x4x129x64xf8E5M2>, tensor<2x2x?x64xf8E5M2>, tensor<2x2x?x64xf8E5M2> -> tensor<2x4x129x64xbf16>
  return %o : tensor<2x4x129x64xbf16>
}

// CHECK-LABEL: @merge
// CHECK: attn.forward %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} merge(%{{.*}} : tensor<2x4x128x64xf32>, %{{.*}} : tensor<2x4x128xf32>) mask(causal) : tensor
func.func @merge(%q: tensor<2x4x128x64xbf16>, %p: tensor<2x4x128x64xf32>, %l: tensor<2x4x128xf32>) -> tensor<2x4x128x64xbf16> {
  %o = attn.forward %q, %q, %q merge(%p : tensor<2x4x128x64xf32>, %l : tensor<2x4x128xf32>) mask(causal)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// CHECK-LABEL: @blocks
// CHECK: attn.forward %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} blocks([128, 64], %{{.*}} : tensor<2x4x2xi32>, %{{.*}} : tensor<2x4x2x?xi32>) mask(causal) : tensor
// CHECK: attn.forward %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} blocks([128, 64], %{{.*}} : tensor<2x4x2xi32>, %{{.*}} : tensor<2x4x2x?xi32>) full_blocks(%{{.*}} : tensor<2x4x2xi32>, %{{.*}} : tensor<2x4x2x4xi32>) : tensor
func.func @blocks(%q: tensor<2x4x250x64xbf16>, %n: tensor<2x4x2xi32>, %i: tensor<2x4x2x?xi32>, %j: tensor<2x4x2x4xi32>) -> tensor<2x4x250x64xbf16> {
  %o = attn.forward %q, %q, %q blocks([128, 64], %n : tensor<2x4x2xi32>, %i : tensor<2x4x2x?xi32>) mask(causal)
      : tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16> -> tensor<2x4x250x64xbf16>
  %p = attn.forward %o, %q, %q blocks([128, 64], %n : tensor<2x4x2xi32>, %i : tensor<2x4x2x?xi32>) full_blocks(%n : tensor<2x4x2xi32>, %j : tensor<2x4x2x4xi32>)
      : tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16> -> tensor<2x4x250x64xbf16>
  return %p : tensor<2x4x250x64xbf16>
}
