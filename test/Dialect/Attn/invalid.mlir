// RUN: girih-opt %s -split-input-file -verify-diagnostics

func.func @rank(%q: tensor<2x4x128x64xbf16>, %k: tensor<4x128x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{k has 3 dimensions, must be [batch, head, sequence, head size]}}
  %o = attn.forward %q, %k, %k
      : tensor<2x4x128x64xbf16>, tensor<4x128x64xbf16>, tensor<4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @element_types(%q: tensor<2x4x128x64xbf16>, %v: tensor<2x4x128x64xf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{element types differ: q has 'bf16', v has 'f16'}}
  %o = attn.forward %q, %q, %v
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @f32(%q: tensor<2x4x128x64xf32>) -> tensor<2x4x128x64xf32> {
  // expected-error@+1 {{operand #0 must be ranked tensor of bfloat16 type or 16-bit float or f8E4M3FN type or f8E5M2 type values}}
  %o = attn.forward %q, %q, %q
      : tensor<2x4x128x64xf32>, tensor<2x4x128x64xf32>, tensor<2x4x128x64xf32> -> tensor<2x4x128x64xf32>
  return %o : tensor<2x4x128x64xf32>
}

// -----

func.func @dynamic_head_size(%q: tensor<2x4x128x?xbf16>) -> tensor<2x4x128x?xbf16> {
  // expected-error@+1 {{the head size of q must be static}}
  %o = attn.forward %q, %q, %q
      : tensor<2x4x128x?xbf16>, tensor<2x4x128x?xbf16>, tensor<2x4x128x?xbf16> -> tensor<2x4x128x?xbf16>
  return %o : tensor<2x4x128x?xbf16>
}

// -----

func.func @empty(%q: tensor<2x4x128x64xbf16>, %k: tensor<2x4x0x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{k has size 0 in dimension 2, must be 1 to 2147483647}}
  %o = attn.forward %q, %k, %k
      : tensor<2x4x128x64xbf16>, tensor<2x4x0x64xbf16>, tensor<2x4x0x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @batch(%q: tensor<2x4x128x64xbf16>, %k: tensor<3x4x128x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{batch differs: q has 2, k has 3}}
  %o = attn.forward %q, %k, %k
      : tensor<2x4x128x64xbf16>, tensor<3x4x128x64xbf16>, tensor<3x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @head_size(%q: tensor<2x4x128x64xbf16>, %k: tensor<2x4x128x128xbf16>) -> tensor<2x4x128x128xbf16> {
  // expected-error@+1 {{head size differs: q has 64, k has 128}}
  %o = attn.forward %q, %k, %k
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x128xbf16>, tensor<2x4x128x128xbf16> -> tensor<2x4x128x128xbf16>
  return %o : tensor<2x4x128x128xbf16>
}

// -----

func.func @value_size(%q: tensor<2x4x128x64xbf16>, %v: tensor<2x4x128x128xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{output is 'tensor<2x4x128x64xbf16>', must have q's sizes and v's head size: q is 'tensor<2x4x128x64xbf16>', v is 'tensor<2x4x128x128xbf16>'}}
  %o = attn.forward %q, %q, %v
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x128xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @key_heads(%q: tensor<2x4x128x64xbf16>, %v: tensor<2x2x128x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{number of key heads differs: k has 4, v has 2}}
  %o = attn.forward %q, %q, %v
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x2x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @key_length(%q: tensor<2x4x128x64xbf16>, %v: tensor<2x4x127x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{key length differs: k has 128, v has 127}}
  %o = attn.forward %q, %q, %v
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x127x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @half_dynamic_heads(%q: tensor<2x?x128x64xbf16>, %k: tensor<2x4x128x64xbf16>) -> tensor<2x?x128x64xbf16> {
  // expected-error@+1 {{the numbers of query heads and key heads must both be static or both dynamic}}
  %o = attn.forward %q, %k, %k
      : tensor<2x?x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x?x128x64xbf16>
  return %o : tensor<2x?x128x64xbf16>
}

// -----

func.func @head_groups(%q: tensor<2x4x128x64xbf16>, %k: tensor<2x3x128x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{4 query heads are no multiple of 3 key heads}}
  %o = attn.forward %q, %k, %k
      : tensor<2x4x128x64xbf16>, tensor<2x3x128x64xbf16>, tensor<2x3x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @output(%q: tensor<2x4x128x64xbf16>) -> tensor<2x4x64x64xbf16> {
  // expected-error@+1 {{output is 'tensor<2x4x64x64xbf16>', must have q's sizes and v's head size: q is 'tensor<2x4x128x64xbf16>', v is 'tensor<2x4x128x64xbf16>'}}
  %o = attn.forward %q, %q, %q
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x64x64xbf16>
  return %o : tensor<2x4x64x64xbf16>
}

// -----

func.func @lse(%q: tensor<2x4x128x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{lse is 'tensor<2x4x64xf32>', must have q's first three sizes}}
  %o, %lse = attn.forward %q, %q, %q
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>, tensor<2x4x64xf32>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @scale(%q: tensor<2x4x128x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{scale is 0.000000e+00, must be between 8.147906e-39 and 2.358657e+38}}
  %o = attn.forward %q, %q, %q scale(0.0)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @scale_tiny(%q: tensor<2x4x128x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{scale is 1.000000e-300, must be between 8.147906e-39 and 2.358657e+38}}
  %o = attn.forward %q, %q, %q scale(1.0e-300)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @scale_huge(%q: tensor<2x4x128x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{scale is 1.000000e+300, must be between 8.147906e-39 and 2.358657e+38}}
  %o = attn.forward %q, %q, %q scale(1.0e+300)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @score_arguments(%q: tensor<2x4x128x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{score region takes (f32, index, index, index, index): score, batch, head, query, key}}
  %o = attn.forward %q, %q, %q score {
  ^bb0(%s: f32, %i: index, %j: index):
    attn.yield %s : f32
  } : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @score_terminator(%q: tensor<2x4x128x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{score region must end in attn.yield}}
  %o = attn.forward %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    func.return %q : tensor<2x4x128x64xbf16>
  } : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @yield_outside(%s: f32) {
  // expected-error@+1 {{expects parent op 'attn.forward'}}
  attn.yield %s : f32
}

// -----

func.func @mask(%q: tensor<2x4x128x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{'window' is no mask; there are none, causal, causal_top_left and regions}}
  %o = attn.forward %q, %q, %q mask(window)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @huge(%q: tensor<2x4x128x64xbf16>, %k: tensor<2x4x4611686018427387904x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{k has size 4611686018427387904 in dimension 2, must be 1 to 2147483647}}
  %o = attn.forward %q, %k, %k : tensor<2x4x128x64xbf16>, tensor<2x4x4611686018427387904x64xbf16>, tensor<2x4x4611686018427387904x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @encoding(%q: tensor<2x4x128x64xbf16, "dense">) -> tensor<2x4x128x64xbf16, "dense"> {
  // expected-error@+1 {{q has the encoding "dense", must have none}}
  %o = attn.forward %q, %q, %q : tensor<2x4x128x64xbf16, "dense">, tensor<2x4x128x64xbf16, "dense">, tensor<2x4x128x64xbf16, "dense"> -> tensor<2x4x128x64xbf16, "dense">
  return %o : tensor<2x4x128x64xbf16, "dense">
}

// -----

func.func @lse_encoding(%q: tensor<2x4x128x64xbf16>) -> (tensor<2x4x128x64xbf16>, tensor<2x4x128xf32, "dense">) {
  // expected-error@+1 {{lse is 'tensor<2x4x128xf32, "dense">', must have q's first three sizes}}
  %o, %l = attn.forward %q, %q, %q : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>, tensor<2x4x128xf32, "dense">
  return %o, %l : tensor<2x4x128x64xbf16>, tensor<2x4x128xf32, "dense">
}

// -----

func.func @two_masks(%q: tensor<2x4x128x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{has mask(causal) and a mask region, must have one mask}}
  %o = "attn.forward"(%q, %q, %q) <{mask = 1 : i32, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0>}> ({
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %t = arith.constant true
    attn.yield %t : i1
  }, {}) : (tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>) -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @mask_arguments(%q: tensor<2x4x128x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{mask region takes (index, index, index, index): batch, head, query, key}}
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%i: index, %j: index):
    %t = arith.constant true
    attn.yield %t : i1
  } : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @mask_terminator(%q: tensor<2x4x128x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{mask region must end in attn.yield}}
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    func.return %q : tensor<2x4x128x64xbf16>
  } : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @mask_of_floats(%q: tensor<2x4x128x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+4 {{gives 'f32', a mask region gives 'i1'}}
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %t = arith.constant 1.0 : f32
    attn.yield %t : f32
  } : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @score_of_bits(%q: tensor<2x4x128x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+4 {{gives 'i1', a score region gives 'f32'}}
  %o = attn.forward %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %t = arith.constant true
    attn.yield %t : i1
  } : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @length_outside() -> index {
  // expected-error@+1 {{expects parent op 'attn.forward'}}
  %n = attn.keys
  return %n : index
}

// -----

func.func @lookup_indices(%t: tensor<2x3xf32>, %i: index) {
  // expected-error@+1 {{has 1 indices, tensor has 2 dimensions}}
  %x = attn.lookup %t[%i] : tensor<2x3xf32> -> f32
  return
}

// -----

func.func @values_by_keys(%q: tensor<2x4x128x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{key length differs: k has 128, v has 64}}
  %o = attn.forward %q, %q, %q v_order(keys)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @lookup_rank(%t: tensor<1x1x1x1x1xf32>, %i: index) {
  // expected-error@+1 {{reads a tensor of 5 dimensions, must have 1 to 4}}
  %x = attn.lookup %t[%i, %i, %i, %i, %i] : tensor<1x1x1x1x1xf32> -> f32
  return
}

// -----

func.func @lengths_by_keys(%q: tensor<2x4x128x64xbf16>, %v: tensor<2x4x64x100xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{key length differs: k has 128, v has 100}}
  %o = attn.forward %q, %q, %v v_order(keys)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x64x100xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @lookup_size(%t: tensor<0xf32>, %i: index) {
  // expected-error@+1 {{reads a tensor with a size of 0, must be 1 to 2147483647}}
  %x = attn.lookup %t[%i] : tensor<0xf32> -> f32
  return
}

// -----

func.func @mixed_bytes(%q: tensor<2x4x128x64xf8E4M3FN>, %k: tensor<2x4x128x64xf8E5M2>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{element types differ: q has 'f8E4M3FN', k has 'f8E5M2'}}
  %o = attn.forward %q, %k, %k
      : tensor<2x4x128x64xf8E4M3FN>, tensor<2x4x128x64xf8E5M2>, tensor<2x4x128x64xf8E5M2> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @lookup_type(%t: tensor<2xbf16>, %i: index) {
  // expected-error@+1 {{makes 'i32' of elements of 'bf16', must make f32}}
  %x = attn.lookup %t[%i] : tensor<2xbf16> -> i32
  return
}

// -----

func.func @byte_output(%q: tensor<2x4x128x64xf8E4M3FN>) -> tensor<2x4x128x64xf8E4M3FN> {
  // expected-error@+1 {{result #0 must be ranked tensor of bfloat16 type or 16-bit float or 32-bit float values}}
  %o = attn.forward %q, %q, %q
      : tensor<2x4x128x64xf8E4M3FN>, tensor<2x4x128x64xf8E4M3FN>, tensor<2x4x128x64xf8E4M3FN> -> tensor<2x4x128x64xf8E4M3FN>
  return %o : tensor<2x4x128x64xf8E4M3FN>
}

// -----

func.func @lookup_encoding(%t: tensor<2xf32, "e">, %i: index) {
  // expected-error@+1 {{reads a tensor with the encoding "e", must have none}}
  %x = attn.lookup %t[%i] : tensor<2xf32, "e"> -> f32
  return
}

// -----

func.func @lookup_place(%t: tensor<2xf32>, %i: index, %c: i1) {
  scf.if %c {
    // expected-error@+1 {{stands in a region of attn.forward or in a function}}
    %x = attn.lookup %t[%i] : tensor<2xf32> -> f32
  }
  return
}

// -----

// expected-error@+1 {{argument 0: attn.name is "1x", must be a name of letters, digits and underscores}}
func.func private @name(tensor<2xf32> {attn.name = "1x"})

// -----

// expected-error@+1 {{argument 0: attn.sizes is ["a"], must be a name for each dimension of a tensor, not of 'tensor<2x3xf32>'}}
func.func private @sizes(tensor<2x3xf32> {attn.sizes = ["a"]})

// -----

// expected-error@+1 {{argument 0: attn.sorted stands, without a value, on a tensor of integers, not on 'tensor<2xf32>'}}
func.func private @sorted(tensor<2xf32> {attn.sorted})

// -----

// expected-error@+1 {{argument 0: attn.other is no attribute of an argument}}
func.func private @other(tensor<2xf32> {attn.other})

// -----

func.func @output_scale(%q: tensor<2x4x128x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{output_scale is 1.000000e+39, its magnitude must be between 1.175494e-38 and 3.402823e+38}}
  %o = attn.forward %q, %q, %q output_scale(1.0e39)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @lengths_of_other_sequences(%q: tensor<2x4x128x64xbf16>, %n: tensor<3xi32>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{batch differs: q has 2, key_lengths has 3}}
  %o = attn.forward %q, %q, %q key_lengths(%n : tensor<3xi32>)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @lengths_of_other_type(%q: tensor<2x4x128x64xbf16>, %n: tensor<2xi64>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{operand #3 must be 1D tensor of 32-bit signless integer values, but got 'tensor<2xi64>'}}
  %o = attn.forward %q, %q, %q query_lengths(%n : tensor<2xi64>)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @encoded_lengths(%q: tensor<2x4x128x64xbf16>, %n: tensor<2xi32, 1 : i32>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{query_lengths has the encoding 1 : i32, must have none}}
  %o = attn.forward %q, %q, %q query_lengths(%n : tensor<2xi32, 1 : i32>)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @starts_of_queries_alone(%q: tensor<1x4x128x64xbf16>, %s: tensor<3xi32>, %t: tensor<3xi32>, %n: tensor<3xi32>) -> tensor<1x4x128x64xbf16> {
  // expected-error@+1 {{has query_starts and no key_starts, must have both or neither}}
  %o = attn.forward %q, %q, %q query_starts(%s : tensor<3xi32>)
      : tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16> -> tensor<1x4x128x64xbf16>
  return %o : tensor<1x4x128x64xbf16>
}

// -----

func.func @starts_of_keys_alone(%q: tensor<1x4x128x64xbf16>, %s: tensor<3xi32>, %t: tensor<3xi32>, %n: tensor<3xi32>) -> tensor<1x4x128x64xbf16> {
  // expected-error@+1 {{has key_starts and no query_starts, must have both or neither}}
  %o = attn.forward %q, %q, %q key_starts(%t : tensor<3xi32>)
      : tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16> -> tensor<1x4x128x64xbf16>
  return %o : tensor<1x4x128x64xbf16>
}

// -----

func.func @packed_batches(%q: tensor<2x4x128x64xbf16>, %s: tensor<3xi32>, %t: tensor<3xi32>, %n: tensor<3xi32>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{packs sequences in a batch of 2, must be 1}}
  %o = attn.forward %q, %q, %q query_starts(%s : tensor<3xi32>) key_starts(%t : tensor<3xi32>)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @packed_any_batch(%q: tensor<?x4x128x64xbf16>, %s: tensor<3xi32>, %t: tensor<3xi32>, %n: tensor<3xi32>) -> tensor<?x4x128x64xbf16> {
  // expected-error@+1 {{packs sequences in a batch of any size, must be 1}}
  %o = attn.forward %q, %q, %q query_starts(%s : tensor<3xi32>) key_starts(%t : tensor<3xi32>)
      : tensor<?x4x128x64xbf16>, tensor<?x4x128x64xbf16>, tensor<?x4x128x64xbf16> -> tensor<?x4x128x64xbf16>
  return %o : tensor<?x4x128x64xbf16>
}

// -----

func.func @no_sequence(%q: tensor<1x4x128x64xbf16>, %s: tensor<1xi32>, %t: tensor<1xi32>, %n: tensor<3xi32>) -> tensor<1x4x128x64xbf16> {
  // expected-error@+1 {{query_starts has 1 elements, must have 1 more than there are sequences}}
  %o = attn.forward %q, %q, %q query_starts(%s : tensor<1xi32>) key_starts(%t : tensor<1xi32>)
      : tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16> -> tensor<1x4x128x64xbf16>
  return %o : tensor<1x4x128x64xbf16>
}

// -----

func.func @other_starts(%q: tensor<1x4x128x64xbf16>, %s: tensor<3xi32>, %t: tensor<4xi32>, %n: tensor<3xi32>) -> tensor<1x4x128x64xbf16> {
  // expected-error@+1 {{number of starts differs: query_starts has 3, key_starts has 4}}
  %o = attn.forward %q, %q, %q query_starts(%s : tensor<3xi32>) key_starts(%t : tensor<4xi32>)
      : tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16> -> tensor<1x4x128x64xbf16>
  return %o : tensor<1x4x128x64xbf16>
}

// -----

func.func @lengths_of_packed(%q: tensor<1x4x128x64xbf16>, %s: tensor<3xi32>, %t: tensor<3xi32>, %n: tensor<3xi32>) -> tensor<1x4x128x64xbf16> {
  // expected-error@+1 {{number of sequences differs: query_starts has 2, query_lengths has 3}}
  %o = attn.forward %q, %q, %q query_lengths(%n : tensor<3xi32>) query_starts(%s : tensor<3xi32>) key_starts(%t : tensor<3xi32>)
      : tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16> -> tensor<1x4x128x64xbf16>
  return %o : tensor<1x4x128x64xbf16>
}

// -----

func.func @encoded_starts(%q: tensor<1x4x128x64xbf16>, %s: tensor<3xi32, 1 : i32>, %t: tensor<3xi32>, %n: tensor<3xi32>) -> tensor<1x4x128x64xbf16> {
  // expected-error@+1 {{query_starts has the encoding 1 : i32, must have none}}
  %o = attn.forward %q, %q, %q query_starts(%s : tensor<3xi32, 1 : i32>) key_starts(%t : tensor<3xi32>)
      : tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16> -> tensor<1x4x128x64xbf16>
  return %o : tensor<1x4x128x64xbf16>
}

// -----

func.func @sinks_of_other_heads(%q: tensor<2x4x128x64xbf16>, %s: tensor<3xf32>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{number of heads differs: q has 4, sinks has 3}}
  %o = attn.forward %q, %q, %q sinks(%s : tensor<3xf32>)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @encoded_sinks(%q: tensor<2x4x128x64xbf16>, %s: tensor<4xf32, 1 : i32>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{sinks has the encoding 1 : i32, must have none}}
  %o = attn.forward %q, %q, %q sinks(%s : tensor<4xf32, 1 : i32>)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @dropout_of_everything(%q: tensor<2x4x128x64xbf16>, %s: tensor<4xi32>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{dropout is 1.000000e+00, must be from 0 to below 1}}
  %o = attn.forward %q, %q, %q dropout(1.0, %s : tensor<4xi32>)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @dropout_below_nothing(%q: tensor<2x4x128x64xbf16>, %s: tensor<4xi32>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{dropout is -1.000000e-01, must be from 0 to below 1}}
  %o = attn.forward %q, %q, %q dropout(-0.1, %s : tensor<4xi32>)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @dropout_without_state(%q: tensor<2x4x128x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{has dropout and no dropout_state, must have both or neither}}
  %o = "attn.forward"(%q, %q, %q) <{dropout = 0.1 : f64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0>}> ({}, {})
      : (tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>) -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @state_without_dropout(%q: tensor<2x4x128x64xbf16>, %s: tensor<4xi32>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{has no dropout and dropout_state, must have both or neither}}
  %o = "attn.forward"(%q, %q, %q, %s) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0>}> ({}, {})
      : (tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<4xi32>) -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @short_state(%q: tensor<2x4x128x64xbf16>, %s: tensor<2xi32>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{dropout_state has 2 elements, must have 4: a seed and an offset of two words each}}
  %o = attn.forward %q, %q, %q dropout(0.1, %s : tensor<2xi32>)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @state_of_any_size(%q: tensor<2x4x128x64xbf16>, %s: tensor<?xi32>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{dropout_state has any number of elements, must have 4}}
  %o = attn.forward %q, %q, %q dropout(0.1, %s : tensor<?xi32>)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @encoded_state(%q: tensor<2x4x128x64xbf16>, %s: tensor<4xi32, 1 : i32>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{dropout_state has the encoding 1 : i32, must have none}}
  %o = attn.forward %q, %q, %q dropout(0.1, %s : tensor<4xi32, 1 : i32>)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @descales_of_other_heads(%q: tensor<2x4x128x64xbf16>, %k: tensor<2x2x128x64xbf16>, %s: tensor<2x4xf32>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{number of key heads differs: k has 2, q_descale has 4}}
  %o = attn.forward %q, %k, %k q_descale(%s : tensor<2x4xf32>)
      : tensor<2x4x128x64xbf16>, tensor<2x2x128x64xbf16>, tensor<2x2x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @descales_of_another_batch(%q: tensor<2x4x128x64xbf16>, %s: tensor<3x4xf32>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{batch differs: q has 2, k_descale has 3}}
  %o = attn.forward %q, %q, %q k_descale(%s : tensor<3x4xf32>)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @descales_of_other_sequences(%q: tensor<1x4x128x64xbf16>, %s: tensor<3xi32>, %x: tensor<3x4xf32>) -> tensor<1x4x128x64xbf16> {
  // expected-error@+1 {{number of sequences differs: query_starts has 2, v_descale has 3}}
  %o = attn.forward %q, %q, %q query_starts(%s : tensor<3xi32>) key_starts(%s : tensor<3xi32>) v_descale(%x : tensor<3x4xf32>)
      : tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16> -> tensor<1x4x128x64xbf16>
  return %o : tensor<1x4x128x64xbf16>
}

// -----

func.func @encoded_descales(%q: tensor<2x4x128x64xbf16>, %s: tensor<2x4xf32, 1 : i32>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{v_descale has the encoding 1 : i32, must have none}}
  %o = attn.forward %q, %q, %q v_descale(%s : tensor<2x4xf32, 1 : i32>)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @scales_of_half(%q: tensor<2x4x128x64xf8E4M3FN>, %s: tensor<2x4x32x16xf8E8M0FNU>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{has q_scales and no k_scales, must have both or neither}}
  %o = "attn.forward"(%q, %q, %q, %s) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0>}> ({}, {})
      : (tensor<2x4x128x64xf8E4M3FN>, tensor<2x4x128x64xf8E4M3FN>, tensor<2x4x128x64xf8E4M3FN>, tensor<2x4x32x16xf8E8M0FNU>) -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @scales_of_wide(%q: tensor<2x4x128x64xbf16>, %k: tensor<2x4x128x64xbf16>, %x: tensor<2x4x32x16xf8E8M0FNU>, %y: tensor<2x4x32x16xf8E8M0FNU>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{has q_scales for elements of 'bf16', must have 8 bits}}
  %o = attn.forward %q, %k, %k block_scales(%x : tensor<2x4x32x16xf8E8M0FNU>, %y : tensor<2x4x32x16xf8E8M0FNU>)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @scales_of_other_groups(%q: tensor<2x4x128x80xf8E4M3FN>, %k: tensor<2x4x128x80xf8E4M3FN>, %x: tensor<2x4x32x16xf8E8M0FNU>, %y: tensor<2x4x32x16xf8E8M0FNU>) -> tensor<2x4x128x80xbf16> {
  // expected-error@+1 {{has q_scales for a head size of 80, must be a multiple of 32 up to 128}}
  %o = attn.forward %q, %k, %k block_scales(%x : tensor<2x4x32x16xf8E8M0FNU>, %y : tensor<2x4x32x16xf8E8M0FNU>)
      : tensor<2x4x128x80xf8E4M3FN>, tensor<2x4x128x80xf8E4M3FN>, tensor<2x4x128x80xf8E4M3FN> -> tensor<2x4x128x80xbf16>
  return %o : tensor<2x4x128x80xbf16>
}

// -----

func.func @scales_of_wide_heads(%q: tensor<2x4x128x192xf8E4M3FN>, %k: tensor<2x4x128x192xf8E4M3FN>, %x: tensor<2x4x32x16xf8E8M0FNU>, %y: tensor<2x4x32x16xf8E8M0FNU>) -> tensor<2x4x128x192xbf16> {
  // expected-error@+1 {{has q_scales for a head size of 192, must be a multiple of 32 up to 128}}
  %o = attn.forward %q, %k, %k block_scales(%x : tensor<2x4x32x16xf8E8M0FNU>, %y : tensor<2x4x32x16xf8E8M0FNU>)
      : tensor<2x4x128x192xf8E4M3FN>, tensor<2x4x128x192xf8E4M3FN>, tensor<2x4x128x192xf8E4M3FN> -> tensor<2x4x128x192xbf16>
  return %o : tensor<2x4x128x192xbf16>
}

// -----

func.func @scales_of_another_batch(%q: tensor<2x4x128x64xf8E4M3FN>, %k: tensor<2x4x128x64xf8E4M3FN>, %x: tensor<3x4x32x16xf8E8M0FNU>, %y: tensor<2x4x32x16xf8E8M0FNU>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{batch differs: q has 2, q_scales has 3}}
  %o = attn.forward %q, %k, %k block_scales(%x : tensor<3x4x32x16xf8E8M0FNU>, %y : tensor<2x4x32x16xf8E8M0FNU>)
      : tensor<2x4x128x64xf8E4M3FN>, tensor<2x4x128x64xf8E4M3FN>, tensor<2x4x128x64xf8E4M3FN> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @scales_of_other_heads(%q: tensor<2x4x128x64xf8E4M3FN>, %k: tensor<2x2x128x64xf8E4M3FN>, %x: tensor<2x4x32x16xf8E8M0FNU>, %y: tensor<2x4x32x16xf8E8M0FNU>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{number of heads differs: k has 2, k_scales has 4}}
  %o = attn.forward %q, %k, %k block_scales(%x : tensor<2x4x32x16xf8E8M0FNU>, %y : tensor<2x4x32x16xf8E8M0FNU>)
      : tensor<2x4x128x64xf8E4M3FN>, tensor<2x2x128x64xf8E4M3FN>, tensor<2x2x128x64xf8E4M3FN> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @scales_of_fewer_keys(%q: tensor<2x4x128x64xf8E4M3FN>, %k: tensor<2x4x257x64xf8E4M3FN>, %x: tensor<2x4x32x16xf8E8M0FNU>, %y: tensor<2x4x64x16xf8E8M0FNU>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{number of rows of scales differs: k has 96, k_scales has 64}}
  %o = attn.forward %q, %k, %k block_scales(%x : tensor<2x4x32x16xf8E8M0FNU>, %y : tensor<2x4x64x16xf8E8M0FNU>)
      : tensor<2x4x128x64xf8E4M3FN>, tensor<2x4x257x64xf8E4M3FN>, tensor<2x4x257x64xf8E4M3FN> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @scales_of_short_rows(%q: tensor<2x4x128x64xf8E4M3FN>, %k: tensor<2x4x128x64xf8E4M3FN>, %x: tensor<2x4x32x16xf8E8M0FNU>, %y: tensor<2x4x32x8xf8E8M0FNU>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{k_scales is 'tensor<2x4x32x8xf8E8M0FNU>', must have rows of 16}}
  %o = attn.forward %q, %k, %k block_scales(%x : tensor<2x4x32x16xf8E8M0FNU>, %y : tensor<2x4x32x8xf8E8M0FNU>)
      : tensor<2x4x128x64xf8E4M3FN>, tensor<2x4x128x64xf8E4M3FN>, tensor<2x4x128x64xf8E4M3FN> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @encoded_scales(%q: tensor<2x4x128x64xf8E5M2>, %x: tensor<2x4x32x16xf8E8M0FNU>, %y: tensor<2x4x32x16xf8E8M0FNU, 1 : i32>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{k_scales has the encoding 1 : i32, must have none}}
  %o = attn.forward %q, %q, %q block_scales(%x : tensor<2x4x32x16xf8E8M0FNU>, %y : tensor<2x4x32x16xf8E8M0FNU, 1 : i32>)
      : tensor<2x4x128x64xf8E5M2>, tensor<2x4x128x64xf8E5M2>, tensor<2x4x128x64xf8E5M2> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @merge_of_half(%q: tensor<2x4x128x64xbf16>, %l: tensor<2x4x128xf32>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{has partial_lse and no partial_o, must have both or neither}}
  %o = "attn.forward"(%q, %q, %q, %l) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0>}> ({}, {})
      : (tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128xf32>) -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @merge_of_other_half(%q: tensor<2x4x128x64xbf16>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{has partial_o and no partial_lse, must have both or neither}}
  %o = "attn.forward"(%q, %q, %q, %q) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0>}> ({}, {})
      : (tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>) -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @merge_of_other_rows(%q: tensor<2x4x128x64xbf16>, %p: tensor<2x4x64x64xf32>, %l: tensor<2x4x128xf32>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{partial_o is 'tensor<2x4x64x64xf32>', must have the sizes of the output, 'tensor<2x4x128x64xbf16>'}}
  %o = attn.forward %q, %q, %q merge(%p : tensor<2x4x64x64xf32>, %l : tensor<2x4x128xf32>)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @merge_of_other_heads(%q: tensor<2x4x128x64xbf16>, %l: tensor<2x2x128xf32>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{partial_lse is 'tensor<2x2x128xf32>', must have the sizes of the output, 'tensor<2x4x128x64xbf16>', but the last}}
  %o = attn.forward %q, %q, %q merge(%q : tensor<2x4x128x64xbf16>, %l : tensor<2x2x128xf32>)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @merge_with_encoding(%q: tensor<2x4x128x64xbf16>, %l: tensor<2x4x128xf32, 1 : i32>) -> tensor<2x4x128x64xbf16> {
  // expected-error@+1 {{partial_lse has the encoding 1 : i32, must have none}}
  %o = attn.forward %q, %q, %q merge(%q : tensor<2x4x128x64xbf16>, %l : tensor<2x4x128xf32, 1 : i32>)
      : tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16>, tensor<2x4x128x64xbf16> -> tensor<2x4x128x64xbf16>
  return %o : tensor<2x4x128x64xbf16>
}

// -----

func.func @blocks_of_no_size(%q: tensor<2x4x250x64xbf16>, %n: tensor<2x4x2xi32>, %i: tensor<2x4x2x3xi32>) -> tensor<2x4x250x64xbf16> {
  // expected-error@+1 {{has no block_size and kv_num_blocks, must have both or neither}}
  %o = "attn.forward"(%q, %q, %q, %n, %i) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0>}> ({}, {})
      : (tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x2xi32>, tensor<2x4x2x3xi32>) -> tensor<2x4x250x64xbf16>
  return %o : tensor<2x4x250x64xbf16>
}

// -----

func.func @size_of_no_blocks(%q: tensor<2x4x250x64xbf16>) -> tensor<2x4x250x64xbf16> {
  // expected-error@+1 {{has block_size and no kv_num_blocks, must have both or neither}}
  %o = "attn.forward"(%q, %q, %q) <{block_size = array<i64: 128, 128>, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0>}> ({}, {})
      : (tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>) -> tensor<2x4x250x64xbf16>
  return %o : tensor<2x4x250x64xbf16>
}

// -----

func.func @blocks_without_indices(%q: tensor<2x4x250x64xbf16>, %n: tensor<2x4x2xi32>) -> tensor<2x4x250x64xbf16> {
  // expected-error@+1 {{has kv_num_blocks and no kv_indices, must have both or neither}}
  %o = "attn.forward"(%q, %q, %q, %n) <{block_size = array<i64: 128, 128>, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0>}> ({}, {})
      : (tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x2xi32>) -> tensor<2x4x250x64xbf16>
  return %o : tensor<2x4x250x64xbf16>
}

// -----

func.func @blocks_without_counts(%q: tensor<2x4x250x64xbf16>, %i: tensor<2x4x2x3xi32>) -> tensor<2x4x250x64xbf16> {
  // expected-error@+1 {{has kv_indices and no kv_num_blocks}}
  %o = "attn.forward"(%q, %q, %q, %i) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0>}> ({}, {})
      : (tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x2x3xi32>) -> tensor<2x4x250x64xbf16>
  return %o : tensor<2x4x250x64xbf16>
}

// -----

func.func @full_blocks_alone(%q: tensor<2x4x250x64xbf16>, %n: tensor<2x4x2xi32>, %i: tensor<2x4x2x3xi32>) -> tensor<2x4x250x64xbf16> {
  // expected-error@+1 {{has full_kv_num_blocks and no kv_num_blocks}}
  %o = "attn.forward"(%q, %q, %q, %n, %i) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1>}> ({}, {})
      : (tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x2xi32>, tensor<2x4x2x3xi32>) -> tensor<2x4x250x64xbf16>
  return %o : tensor<2x4x250x64xbf16>
}

// -----

func.func @full_indices_alone(%q: tensor<2x4x250x64xbf16>, %i: tensor<2x4x2x3xi32>) -> tensor<2x4x250x64xbf16> {
  // expected-error@+1 {{has full_kv_indices and no kv_num_blocks}}
  %o = "attn.forward"(%q, %q, %q, %i) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1>}> ({}, {})
      : (tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x2x3xi32>) -> tensor<2x4x250x64xbf16>
  return %o : tensor<2x4x250x64xbf16>
}

// -----

func.func @full_blocks_without_indices(%q: tensor<2x4x250x64xbf16>, %n: tensor<2x4x2xi32>, %i: tensor<2x4x2x3xi32>) -> tensor<2x4x250x64xbf16> {
  // expected-error@+1 {{has full_kv_num_blocks and no full_kv_indices, must have both or neither}}
  %o = "attn.forward"(%q, %q, %q, %n, %i, %n) <{block_size = array<i64: 128, 128>, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0>}> ({}, {})
      : (tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x2xi32>, tensor<2x4x2x3xi32>, tensor<2x4x2xi32>) -> tensor<2x4x250x64xbf16>
  return %o : tensor<2x4x250x64xbf16>
}

// -----

func.func @one_block_size(%q: tensor<2x4x250x64xbf16>, %n: tensor<2x4x2xi32>, %i: tensor<2x4x2x3xi32>) -> tensor<2x4x250x64xbf16> {
  // expected-error@+1 {{block_size has 1 numbers, must have 2: of queries and of keys}}
  %o = attn.forward %q, %q, %q blocks([128], %n : tensor<2x4x2xi32>, %i : tensor<2x4x2x3xi32>)
      : tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16> -> tensor<2x4x250x64xbf16>
  return %o : tensor<2x4x250x64xbf16>
}

// -----

func.func @blocks_of_nothing(%q: tensor<2x4x250x64xbf16>, %n: tensor<2x4x2xi32>, %i: tensor<2x4x2x3xi32>) -> tensor<2x4x250x64xbf16> {
  // expected-error@+1 {{block_size has 0, must be 1 to 1048576}}
  %o = attn.forward %q, %q, %q blocks([128, 0], %n : tensor<2x4x2xi32>, %i : tensor<2x4x2x3xi32>)
      : tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16> -> tensor<2x4x250x64xbf16>
  return %o : tensor<2x4x250x64xbf16>
}

// -----

func.func @blocks_of_other_queries(%q: tensor<2x4x250x64xbf16>, %n: tensor<2x4x2xi32>, %i: tensor<2x4x2x3xi32>) -> tensor<2x4x250x64xbf16> {
  // expected-error@+1 {{number of query blocks differs: q has 4, kv_num_blocks has 2}}
  %o = attn.forward %q, %q, %q blocks([64, 128], %n : tensor<2x4x2xi32>, %i : tensor<2x4x2x3xi32>)
      : tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16> -> tensor<2x4x250x64xbf16>
  return %o : tensor<2x4x250x64xbf16>
}

// -----

func.func @blocks_of_other_batch(%q: tensor<2x4x250x64xbf16>, %n: tensor<1x4x2xi32>, %i: tensor<2x4x2x3xi32>) -> tensor<2x4x250x64xbf16> {
  // expected-error@+1 {{batch differs: q has 2, kv_num_blocks has 1}}
  %o = attn.forward %q, %q, %q blocks([128, 128], %n : tensor<1x4x2xi32>, %i : tensor<2x4x2x3xi32>)
      : tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16> -> tensor<2x4x250x64xbf16>
  return %o : tensor<2x4x250x64xbf16>
}

// -----

func.func @blocks_of_other_heads(%q: tensor<2x4x250x64xbf16>, %n: tensor<2x4x2xi32>, %i: tensor<2x1x2x3xi32>) -> tensor<2x4x250x64xbf16> {
  // expected-error@+1 {{number of heads differs: q has 4, kv_indices has 1}}
  %o = attn.forward %q, %q, %q blocks([128, 128], %n : tensor<2x4x2xi32>, %i : tensor<2x1x2x3xi32>)
      : tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16> -> tensor<2x4x250x64xbf16>
  return %o : tensor<2x4x250x64xbf16>
}

// -----

func.func @blocks_with_encoding(%q: tensor<2x4x250x64xbf16>, %n: tensor<2x4x2xi32, 1 : i32>, %i: tensor<2x4x2x3xi32>) -> tensor<2x4x250x64xbf16> {
  // expected-error@+1 {{kv_num_blocks has the encoding 1 : i32, must have none}}
  %o = attn.forward %q, %q, %q blocks([128, 128], %n : tensor<2x4x2xi32, 1 : i32>, %i : tensor<2x4x2x3xi32>)
      : tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16> -> tensor<2x4x250x64xbf16>
  return %o : tensor<2x4x250x64xbf16>
}

// -----

func.func @lists_of_nothing(%q: tensor<2x4x250x64xbf16>, %n: tensor<2x4x2xi32>, %i: tensor<2x4x2x0xi32>) -> tensor<2x4x250x64xbf16> {
  // expected-error@+1 {{kv_indices has a size of 0, must be 1 to 2147483647}}
  %o = attn.forward %q, %q, %q blocks([128, 128], %n : tensor<2x4x2xi32>, %i : tensor<2x4x2x0xi32>)
      : tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16> -> tensor<2x4x250x64xbf16>
  return %o : tensor<2x4x250x64xbf16>
}

// -----

func.func @full_blocks_of_other_heads(%q: tensor<2x4x250x64xbf16>, %n: tensor<2x4x2xi32>, %i: tensor<2x4x2x3xi32>, %m: tensor<2x2x2xi32>) -> tensor<2x4x250x64xbf16> {
  // expected-error@+1 {{number of heads differs: q has 4, full_kv_num_blocks has 2}}
  %o = attn.forward %q, %q, %q blocks([128, 128], %n : tensor<2x4x2xi32>, %i : tensor<2x4x2x3xi32>)
      full_blocks(%m : tensor<2x2x2xi32>, %i : tensor<2x4x2x3xi32>)
      : tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16>, tensor<2x4x250x64xbf16> -> tensor<2x4x250x64xbf16>
  return %o : tensor<2x4x250x64xbf16>
}
