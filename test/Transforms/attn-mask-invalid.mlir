// RUN: girih-opt %s --attn-schedule=target=sm_90a --attn-tile -split-input-file -verify-diagnostics

func.func @op(%q: tensor<1x2x64x64xbf16>) -> tensor<1x2x64x64xbf16> {
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    // expected-error@+1 {{'arith.shli' op cannot be compiled in a mask region; there are arith.addi arith.andi arith.cmpi arith.constant arith.divsi arith.index_cast arith.maxsi arith.minsi arith.muli arith.ori arith.remsi arith.select arith.subi arith.xori math.absi attn.keys attn.lookup attn.queries}}
    %0 = arith.shli %i, %j : index
    %1 = arith.cmpi slt, %0, %j : index
    attn.yield %1 : i1
  } : tensor<1x2x64x64xbf16>, tensor<1x2x64x64xbf16>, tensor<1x2x64x64xbf16> -> tensor<1x2x64x64xbf16>
  return %o : tensor<1x2x64x64xbf16>
}

// -----

func.func @floats(%q: tensor<1x2x64x64xbf16>) -> tensor<1x2x64x64xbf16> {
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = arith.index_cast %i : index to i32
    // expected-error@+1 {{'arith.sitofp' op cannot be compiled in a mask region; there are arith.addi}}
    %1 = arith.sitofp %0 : i32 to f32
    %2 = arith.cmpf olt, %1, %1 : f32
    attn.yield %2 : i1
  } : tensor<1x2x64x64xbf16>, tensor<1x2x64x64xbf16>, tensor<1x2x64x64xbf16> -> tensor<1x2x64x64xbf16>
  return %o : tensor<1x2x64x64xbf16>
}

// -----

func.func @wide(%q: tensor<1x2x64x64xbf16>) -> tensor<1x2x64x64xbf16> {
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    // expected-error@+1 {{'arith.index_cast' op of 'i64' cannot be compiled in a mask region; of index, i32 and i1 it can}}
    %0 = arith.index_cast %i : index to i64
    %1 = arith.cmpi slt, %0, %0 : i64
    attn.yield %1 : i1
  } : tensor<1x2x64x64xbf16>, tensor<1x2x64x64xbf16>, tensor<1x2x64x64xbf16> -> tensor<1x2x64x64xbf16>
  return %o : tensor<1x2x64x64xbf16>
}

// -----

func.func @constant_of_floats(%q: tensor<1x2x64x64xbf16>) -> tensor<1x2x64x64xbf16> {
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    // expected-error@+1 {{'arith.constant' op of 'f32' cannot be compiled in a mask region; of index, i32 and i1 it can}}
    %0 = arith.constant 1.0 : f32
    %1 = arith.cmpi slt, %j, %i : index
    attn.yield %1 : i1
  } : tensor<1x2x64x64xbf16>, tensor<1x2x64x64xbf16>, tensor<1x2x64x64xbf16> -> tensor<1x2x64x64xbf16>
  return %o : tensor<1x2x64x64xbf16>
}

// -----

func.func @unsigned(%q: tensor<1x2x64x64xbf16>) -> tensor<1x2x64x64xbf16> {
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    // expected-error@+1 {{'arith.cmpi' op compares without signs; indices have signs}}
    %0 = arith.cmpi ult, %j, %i : index
    attn.yield %0 : i1
  } : tensor<1x2x64x64xbf16>, tensor<1x2x64x64xbf16>, tensor<1x2x64x64xbf16> -> tensor<1x2x64x64xbf16>
  return %o : tensor<1x2x64x64xbf16>
}

// -----

func.func @order_of_bits(%q: tensor<1x2x64x64xbf16>) -> tensor<1x2x64x64xbf16> {
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = arith.cmpi slt, %j, %i : index
    // expected-error@+1 {{'arith.cmpi' op orders values of i1; in a mask region they can be eq or ne}}
    %1 = arith.cmpi slt, %0, %0 : i1
    attn.yield %1 : i1
  } : tensor<1x2x64x64xbf16>, tensor<1x2x64x64xbf16>, tensor<1x2x64x64xbf16> -> tensor<1x2x64x64xbf16>
  return %o : tensor<1x2x64x64xbf16>
}

// -----

func.func @large(%q: tensor<1x2x64x64xbf16>) -> tensor<1x2x64x64xbf16> {
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    // expected-error@+1 {{'arith.constant' op is 4294967296, indices of a mask region have 32 bits}}
    %0 = arith.constant 4294967296 : index
    %1 = arith.cmpi slt, %j, %0 : index
    attn.yield %1 : i1
  } : tensor<1x2x64x64xbf16>, tensor<1x2x64x64xbf16>, tensor<1x2x64x64xbf16> -> tensor<1x2x64x64xbf16>
  return %o : tensor<1x2x64x64xbf16>
}

// -----

func.func @logic_of_integers(%q: tensor<1x2x64x64xbf16>) -> tensor<1x2x64x64xbf16> {
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    // expected-error@+1 {{'arith.andi' op of integers cannot be compiled in a mask region}}
    %0 = arith.andi %j, %i : index
    %1 = arith.cmpi slt, %j, %0 : index
    attn.yield %1 : i1
  } : tensor<1x2x64x64xbf16>, tensor<1x2x64x64xbf16>, tensor<1x2x64x64xbf16> -> tensor<1x2x64x64xbf16>
  return %o : tensor<1x2x64x64xbf16>
}
