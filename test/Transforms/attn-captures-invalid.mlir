// RUN: girih-opt %s --attn-schedule=target=sm_90a --attn-tile --split-input-file --verify-diagnostics

// expected-error@+1 {{captured argument 1 is called 'o', which another tensor or number is called}}
func.func @taken(%q: tensor<1x1x64x64xbf16>, %x: f32 {attn.name = "o"}) -> tensor<1x1x64x64xbf16> {
  %o = attn.forward %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %t = arith.mulf %s, %x : f32
    attn.yield %t : f32
  } : tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16> -> tensor<1x1x64x64xbf16>
  return %o : tensor<1x1x64x64xbf16>
}

// -----

func.func @wide(%q: tensor<1x1x64x64xbf16>, %x: f64) -> tensor<1x1x64x64xbf16> {
  %o = attn.forward %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    // expected-error@+1 {{'arith.truncf' op cannot be compiled in a score region}}
    %n = arith.truncf %x : f64 to f32
    %t = arith.mulf %s, %n : f32
    attn.yield %t : f32
  } : tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16> -> tensor<1x1x64x64xbf16>
  return %o : tensor<1x1x64x64xbf16>
}

// -----

// expected-error@+1 {{a captured argument of 'index' cannot be compiled; tensors, f32 and i32 can}}
func.func @index(%q: tensor<1x1x64x64xbf16>, %x: index) -> tensor<1x1x64x64xbf16> {
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %t = arith.cmpi slt, %j, %x : index
    attn.yield %t : i1
  } : tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16> -> tensor<1x1x64x64xbf16>
  return %o : tensor<1x1x64x64xbf16>
}

// -----

func.func @no_argument(%q: tensor<1x1x64x64xbf16>) -> tensor<1x1x64x64xbf16> {
  // expected-error@+1 {{only attn.forward may stand in its function}}
  %table = arith.constant dense<1.0> : tensor<4xf32>
  %o = attn.forward %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %t = attn.lookup %table[%h] : tensor<4xf32> -> f32
    attn.yield %t : f32
  } : tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16> -> tensor<1x1x64x64xbf16>
  return %o : tensor<1x1x64x64xbf16>
}

// -----

func.func @floats(%q: tensor<1x1x64x64xbf16>, %x: tensor<4xf32>) -> tensor<1x1x64x64xbf16> {
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    // expected-error@+1 {{'attn.lookup' op of 'f32' cannot be compiled in a mask region; of index, i32 and i1 it can}}
    %t = attn.lookup %x[%h] : tensor<4xf32> -> f32
    %c = arith.constant true
    attn.yield %c : i1
  } : tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16> -> tensor<1x1x64x64xbf16>
  return %o : tensor<1x1x64x64xbf16>
}

// -----

// expected-error@+1 {{a captured argument of 'i1' cannot be compiled; tensors, f32 and i32 can}}
func.func @yields_outside(%q: tensor<1x2x64x64xbf16>, %n: i1) -> tensor<1x2x64x64xbf16> {
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    attn.yield %n : i1
  } : tensor<1x2x64x64xbf16>, tensor<1x2x64x64xbf16>, tensor<1x2x64x64xbf16> -> tensor<1x2x64x64xbf16>
  return %o : tensor<1x2x64x64xbf16>
}
