// RUN: girih-opt %s --attn-tile --split-input-file --verify-diagnostics

#target = #nvvm.target<chip = "sm_90a">
module attributes {tile.target = #target} {
  func.func @no_schedule(%q: tensor<1x1x64x64xbf16>) -> tensor<1x1x64x64xbf16> {
    // expected-error@+1 {{no schedule: run attn-schedule first}}
    %o = attn.forward %q, %q, %q
        : tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16> -> tensor<1x1x64x64xbf16>
    return %o : tensor<1x1x64x64xbf16>
  }
}

// -----

#target = #nvvm.target<chip = "sm_90a">
module attributes {tile.target = #target} {
  func.func @open_schedule(%q: tensor<1x1x64x64xbf16>) -> tensor<1x1x64x64xbf16> {
    // expected-error@+1 {{the schedule must say rows, columns, persistent, longest_first and group_bytes}}
    %o = attn.forward %q, %q, %q schedule <rows = 64, columns = 64, stages = 2>
        : tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16> -> tensor<1x1x64x64xbf16>
    return %o : tensor<1x1x64x64xbf16>
  }
}

// -----

func.func @no_target(%q: tensor<1x1x64x64xbf16>) -> tensor<1x1x64x64xbf16> {
  // expected-error@+1 {{no target: run attn-schedule with a target first}}
  %o = attn.forward %q, %q, %q schedule <rows = 64>
      : tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16> -> tensor<1x1x64x64xbf16>
  return %o : tensor<1x1x64x64xbf16>
}

// -----

#target = #nvvm.target<chip = "sm_12">
module attributes {tile.target = #target} {
  func.func @unknown_target(%q: tensor<1x1x64x64xbf16>) -> tensor<1x1x64x64xbf16> {
    // expected-error@+1 {{unknown target 'sm_12'; targets are sm_90a sm_100a sm_100f sm_103a sm_110a}}
    %o = attn.forward %q, %q, %q schedule <rows = 64>
        : tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16> -> tensor<1x1x64x64xbf16>
    return %o : tensor<1x1x64x64xbf16>
  }
}

// -----

func.func @in_a_branch(%q: tensor<1x1x64x64xbf16>, %c: i1) -> tensor<1x1x64x64xbf16> {
  %r = scf.if %c -> tensor<1x1x64x64xbf16> {
    // expected-error@+1 {{attn.forward must stand in a func.func of one block}}
    %o = attn.forward %q, %q, %q
        : tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16> -> tensor<1x1x64x64xbf16>
    scf.yield %o : tensor<1x1x64x64xbf16>
  } else {
    scf.yield %q : tensor<1x1x64x64xbf16>
  }
  return %r : tensor<1x1x64x64xbf16>
}

// -----

func.func @two_blocks(%q: tensor<1x1x64x64xbf16>) -> tensor<1x1x64x64xbf16> {
  // expected-error@+1 {{attn.forward must stand in a func.func of one block}}
  %o = attn.forward %q, %q, %q
      : tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16> -> tensor<1x1x64x64xbf16>
  cf.br ^end
^end:
  return %o : tensor<1x1x64x64xbf16>
}

// -----

func.func @computed_operand(%q: tensor<1x1x64x64xbf16>) -> tensor<1x1x64x64xbf16> {
  %k = arith.addf %q, %q : tensor<1x1x64x64xbf16>
  // expected-error@+1 {{operands of attn.forward must be arguments of its function}}
  %o = attn.forward %q, %k, %q
      : tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16> -> tensor<1x1x64x64xbf16>
  return %o : tensor<1x1x64x64xbf16>
}

// -----

func.func @returns_something_else(%q: tensor<1x1x64x64xbf16>) -> tensor<1x1x64x64xbf16> {
  // expected-error@+1 {{the results of attn.forward must be what its function returns}}
  %o = attn.forward %q, %q, %q
      : tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16> -> tensor<1x1x64x64xbf16>
  return %q : tensor<1x1x64x64xbf16>
}

// -----

func.func @something_else_inside(%q: tensor<1x1x64x64xbf16>) -> tensor<1x1x64x64xbf16> {
  // expected-error@+1 {{only attn.forward may stand in its function}}
  %unused = arith.addf %q, %q : tensor<1x1x64x64xbf16>
  %o = attn.forward %q, %q, %q
      : tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16> -> tensor<1x1x64x64xbf16>
  return %o : tensor<1x1x64x64xbf16>
}

// -----

func.func @called(%q: tensor<1x1x64x64xbf16>) -> tensor<1x1x64x64xbf16> {
  %o = attn.forward %q, %q, %q
      : tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16> -> tensor<1x1x64x64xbf16>
  return %o : tensor<1x1x64x64xbf16>
}
func.func @main(%q: tensor<1x1x64x64xbf16>) -> tensor<1x1x64x64xbf16> {
  // expected-error@+1 {{'called' becomes a kernel and cannot be referred to}}
  %o = call @called(%q) : (tensor<1x1x64x64xbf16>) -> tensor<1x1x64x64xbf16>
  return %o : tensor<1x1x64x64xbf16>
}

// -----

module @outer {
  module @inner {
    func.func @nested(%q: tensor<1x1x64x64xbf16>) -> tensor<1x1x64x64xbf16> {
      // expected-error@+1 {{the function of attn.forward must stand in the outermost module, not in 'builtin.module'}}
      %o = attn.forward %q, %q, %q
          : tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16> -> tensor<1x1x64x64xbf16>
      return %o : tensor<1x1x64x64xbf16>
    }
  }
}

// -----

gpu.module @kernels {
  func.func @in_gpu_module(%q: tensor<1x1x64x64xbf16>) -> tensor<1x1x64x64xbf16> {
    // expected-error@+1 {{the function of attn.forward must stand in the outermost module, not in 'gpu.module'}}
    %o = attn.forward %q, %q, %q
        : tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16> -> tensor<1x1x64x64xbf16>
    return %o : tensor<1x1x64x64xbf16>
  }
}

// -----

// expected-error@+1 {{a kernel cannot be called 'my-kernel': PTX has names of letters, digits, _ and $ that start with no digit}}
func.func @"my-kernel"(%q: tensor<1x1x64x64xbf16>) -> tensor<1x1x64x64xbf16> {
  %o = attn.forward %q, %q, %q
      : tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16> -> tensor<1x1x64x64xbf16>
  return %o : tensor<1x1x64x64xbf16>
}

// -----

func.func @ends_within_rows(%q: tensor<2x1x64x64xbf16>, %n: tensor<2xi32>) -> tensor<2x1x64x64xbf16> {
  // expected-error@+1 {{v_order(keys) cannot be compiled with key_lengths: copies end after a row of values, not in it}}
  %o = attn.forward %q, %q, %q key_lengths(%n : tensor<2xi32>) v_order(keys)
      : tensor<2x1x64x64xbf16>, tensor<2x1x64x64xbf16>, tensor<2x1x64x64xbf16> -> tensor<2x1x64x64xbf16>
  return %o : tensor<2x1x64x64xbf16>
}

// -----

func.func @packed_within_rows(%q: tensor<1x1x64x64xbf16>, %n: tensor<2xi32>) -> tensor<1x1x64x64xbf16> {
  // expected-error@+1 {{v_order(keys) cannot be compiled with key_starts: copies end after a row of values, not in it}}
  %o = attn.forward %q, %q, %q query_starts(%n : tensor<2xi32>) key_starts(%n : tensor<2xi32>) v_order(keys)
      : tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16> -> tensor<1x1x64x64xbf16>
  return %o : tensor<1x1x64x64xbf16>
}

// -----

func.func @blocks_of_packed(%q: tensor<1x1x64x64xbf16>, %s: tensor<2xi32>, %n: tensor<1x1x1xi32>, %i: tensor<1x1x1x1xi32>) -> tensor<1x1x64x64xbf16> {
  // expected-error@+1 {{kv_num_blocks cannot be compiled with query_starts: blocks of queries are counted in a batch, not in packed sequences}}
  %o = attn.forward %q, %q, %q query_starts(%s : tensor<2xi32>) key_starts(%s : tensor<2xi32>) blocks([64, 64], %n : tensor<1x1x1xi32>, %i : tensor<1x1x1x1xi32>)
      : tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16> -> tensor<1x1x64x64xbf16>
  return %o : tensor<1x1x64x64xbf16>
}

// -----

func.func @scales_of_packed(%q: tensor<1x1x64x64xf8E4M3FN>, %s: tensor<2xi32>, %x: tensor<1x1x32x16xf8E8M0FNU>) -> tensor<1x1x64x64xbf16> {
  // expected-error@+1 {{q_scales cannot be compiled with query_starts: they come in blocks of rows, in which sequences begin anywhere}}
  %o = attn.forward %q, %q, %q query_starts(%s : tensor<2xi32>) key_starts(%s : tensor<2xi32>) block_scales(%x : tensor<1x1x32x16xf8E8M0FNU>, %x : tensor<1x1x32x16xf8E8M0FNU>)
      : tensor<1x1x64x64xf8E4M3FN>, tensor<1x1x64x64xf8E4M3FN>, tensor<1x1x64x64xf8E4M3FN> -> tensor<1x1x64x64xbf16>
  return %o : tensor<1x1x64x64xbf16>
}

// -----

module attributes {tile.target = #nvvm.target<chip = "sm_100a">} {
  func.func @scales_of_heads(%q: tensor<1x2x1x64xf8E4M3FN>, %k: tensor<1x1x64x64xf8E4M3FN>, %x: tensor<1x2x32x16xf8E8M0FNU>, %y: tensor<1x1x32x16xf8E8M0FNU>) -> tensor<1x2x1x64xbf16> {
    // expected-error@+1 {{knob heads is 2, must be 1 where blocks of rows of a head have scales}}
    %o = attn.forward %q, %k, %k block_scales(%x : tensor<1x2x32x16xf8E8M0FNU>, %y : tensor<1x1x32x16xf8E8M0FNU>)
        schedule <rows = 128, columns = 64, workers = 1, heads = 2, persistent = 0, longest_first = 0, group_bytes = 0>
        : tensor<1x2x1x64xf8E4M3FN>, tensor<1x1x64x64xf8E4M3FN>, tensor<1x1x64x64xf8E4M3FN> -> tensor<1x2x1x64xbf16>
    return %o : tensor<1x2x1x64xbf16>
  }
}
