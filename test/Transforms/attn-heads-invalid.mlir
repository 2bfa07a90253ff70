// RUN: girih-opt %s --attn-schedule=target=sm_90a --attn-tile -split-input-file -verify-diagnostics

func.func @heads_of_a_group(%q: tensor<2x8x1x64xbf16>, %k: tensor<2x2x64x64xbf16>) -> tensor<2x8x1x64xbf16> {
  // expected-error@+1 {{knob heads is 3, 4 heads of queries on one of keys are no multiple of it}}
  %o = attn.forward %q, %k, %k schedule <heads = 3> : tensor<2x8x1x64xbf16>, tensor<2x2x64x64xbf16>, tensor<2x2x64x64xbf16> -> tensor<2x8x1x64xbf16>
  return %o : tensor<2x8x1x64xbf16>
}

// -----

func.func @open_heads(%q: tensor<2x?x1x64xbf16>, %k: tensor<2x?x64x64xbf16>) -> tensor<2x?x1x64xbf16> {
  // expected-error@+1 {{knob heads is 2, must be 1 where the numbers of heads are open}}
  %o = attn.forward %q, %k, %k schedule <heads = 2> : tensor<2x?x1x64xbf16>, tensor<2x?x64x64xbf16>, tensor<2x?x64x64xbf16> -> tensor<2x?x1x64xbf16>
  return %o : tensor<2x?x1x64xbf16>
}

// -----

func.func @heads_with_lengths(%q: tensor<2x8x1x64xbf16>, %k: tensor<2x2x64x64xbf16>, %n: tensor<2xi32>) -> tensor<2x8x1x64xbf16> {
  // expected-error@+1 {{knob heads is 2, must be 1 where sequences have query lengths of their own}}
  %o = attn.forward %q, %k, %k query_lengths(%n : tensor<2xi32>) schedule <heads = 2> : tensor<2x8x1x64xbf16>, tensor<2x2x64x64xbf16>, tensor<2x2x64x64xbf16> -> tensor<2x8x1x64xbf16>
  return %o : tensor<2x8x1x64xbf16>
}

// -----

func.func @heads_beyond_rows(%q: tensor<2x100x1x64xbf16>, %k: tensor<2x1x64x64xbf16>) -> tensor<2x100x1x64xbf16> {
  // expected-error@+1 {{knob heads is 100, turns of 128 rows do not fit into the 64 of a worker}}
  %o = attn.forward %q, %k, %k schedule <heads = 100, workers = 2> : tensor<2x100x1x64xbf16>, tensor<2x1x64x64xbf16>, tensor<2x1x64x64xbf16> -> tensor<2x100x1x64xbf16>
  return %o : tensor<2x100x1x64xbf16>
}

// -----

func.func @lists_of_heads(%q: tensor<2x8x1x64xbf16>, %k: tensor<2x2x64x64xbf16>, %n: tensor<2x8x1xi32>, %i: tensor<2x8x1x1xi32>) -> tensor<2x8x1x64xbf16> {
  // expected-error@+1 {{knob heads is 2, must be 1 where each head has a list of blocks}}
  %o = attn.forward %q, %k, %k blocks([128, 64], %n : tensor<2x8x1xi32>, %i : tensor<2x8x1x1xi32>) schedule <heads = 2> : tensor<2x8x1x64xbf16>, tensor<2x2x64x64xbf16>, tensor<2x2x64x64xbf16> -> tensor<2x8x1x64xbf16>
  return %o : tensor<2x8x1x64xbf16>
}
