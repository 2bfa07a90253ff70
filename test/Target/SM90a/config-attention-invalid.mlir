// RUN: girih-opt %s --attn-schedule=target=sm_90a --split-input-file --verify-diagnostics

func.func @odd_head(%q: tensor<1x2x256x100xbf16>) -> tensor<1x2x256x100xbf16> {
  // expected-error@+1 {{head size 100 is not supported on sm_90a; multiples of 8 from 16 to 256 are}}
  %o = attn.forward %q, %q, %q
      : tensor<1x2x256x100xbf16>, tensor<1x2x256x100xbf16>, tensor<1x2x256x100xbf16> -> tensor<1x2x256x100xbf16>
  return %o : tensor<1x2x256x100xbf16>
}

// -----

func.func @small_head(%q: tensor<1x2x256x8xbf16>) -> tensor<1x2x256x8xbf16> {
  // expected-error@+1 {{head size 8 is not supported on sm_90a; multiples of 8 from 16 to 256 are}}
  %o = attn.forward %q, %q, %q
      : tensor<1x2x256x8xbf16>, tensor<1x2x256x8xbf16>, tensor<1x2x256x8xbf16> -> tensor<1x2x256x8xbf16>
  return %o : tensor<1x2x256x8xbf16>
}

// -----

func.func @large_head(%q: tensor<1x2x256x264xbf16>) -> tensor<1x2x256x264xbf16> {
  // expected-error@+1 {{head size 264 is not supported on sm_90a; multiples of 8 from 16 to 256 are}}
  %o = attn.forward %q, %q, %q
      : tensor<1x2x256x264xbf16>, tensor<1x2x256x264xbf16>, tensor<1x2x256x264xbf16> -> tensor<1x2x256x264xbf16>
  return %o : tensor<1x2x256x264xbf16>
}

// -----

func.func @value_size(%q: tensor<1x2x256x64xbf16>, %v: tensor<1x2x256x264xbf16>) -> tensor<1x2x256x264xbf16> {
  // expected-error@+1 {{head size of values 264 is not supported on sm_90a; multiples of 8 from 16 to 256 are}}
  %o = attn.forward %q, %q, %v
      : tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16>, tensor<1x2x256x264xbf16> -> tensor<1x2x256x264xbf16>
  return %o : tensor<1x2x256x264xbf16>
}

// -----

func.func @columns(%q: tensor<1x2x256x64xbf16>) -> tensor<1x2x256x64xbf16> {
  // expected-error@+1 {{knob columns is 40, MMAs on sm_90a take multiples of 16 up to 256}}
  %o = attn.forward %q, %q, %q schedule <columns = 40>
      : tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16> -> tensor<1x2x256x64xbf16>
  return %o : tensor<1x2x256x64xbf16>
}

// -----

func.func @registers(%q: tensor<1x2x256x64xbf16>) -> tensor<1x2x256x64xbf16> {
  // expected-error@+1 {{knob compute_registers is 100, sm_90a takes multiples of 8 from 24 to 256}}
  %o = attn.forward %q, %q, %q schedule <compute_registers = 100>
      : tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16> -> tensor<1x2x256x64xbf16>
  return %o : tensor<1x2x256x64xbf16>
}

// -----

func.func @rows_beyond_workers(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+1 {{knob rows is 832 when knob workers is 7, each worker has 64 rows on sm_90a}}
  %o = attn.forward %q, %q, %q schedule <rows = 832>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @rows_between_workers(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+1 {{knob rows is 100 when knob workers is 1, each worker has 64 rows on sm_90a}}
  %o = attn.forward %q, %q, %q schedule <rows = 100>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @pool(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+1 {{roles ask for 65536 registers, sm_90a launches 384 threads with 168 each, 64512 (knobs workers, load_registers, compute_registers)}}
  %o = attn.forward %q, %q, %q schedule <workers = 2, load_registers = 32, compute_registers = 240>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @whole_file(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+1 {{roles ask for 65536 registers, sm_90a launches 256 threads with 255 each, 65280 (knobs workers, load_registers, compute_registers)}}
  %o = attn.forward %q, %q, %q schedule <workers = 1, load_registers = 256, compute_registers = 256>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @shared_pool(%q: tensor<1x2x256x64xbf16>) -> tensor<1x2x256x64xbf16> {
  // expected-error@+1 {{roles ask for 31744 registers, sm_90a launches 384 threads with 80 each, 30720 with knob ctas at 2 (knobs workers, load_registers, compute_registers)}}
  %o = attn.forward %q, %q, %q schedule <workers = 2, ctas = 2, load_registers = 24, compute_registers = 112>
      : tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16> -> tensor<1x2x256x64xbf16>
  return %o : tensor<1x2x256x64xbf16>
}

// -----

func.func @shared_threads(%q: tensor<1x2x256x64xbf16>) -> tensor<1x2x256x64xbf16> {
  // expected-error@+1 {{roles have 768 threads, a CTA on sm_90a has at most 512 with knob ctas at 4 (knob workers)}}
  %o = attn.forward %q, %q, %q schedule <workers = 5, ctas = 4, load_registers = 24, compute_registers = 24>
      : tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16> -> tensor<1x2x256x64xbf16>
  return %o : tensor<1x2x256x64xbf16>
}

// -----

func.func @five_workers(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+1 {{roles ask for 64512 registers, sm_90a launches 768 threads with 80 each, 61440 (knobs workers, load_registers, compute_registers)}}
  %o = attn.forward %q, %q, %q schedule <workers = 5, compute_registers = 96, load_registers = 24>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @correction(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+1 {{knob correction_registers is 72, MMAs on sm_90a accumulate in registers of workers, which no other role can correct}}
  %o = attn.forward %q, %q, %q schedule <correction_registers = 72>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @byte_head(%q: tensor<1x2x256x72xf8E4M3FN>, %v: tensor<1x2x72x256xf8E4M3FN>) -> tensor<1x2x256x72xbf16> {
  // expected-error@+1 {{head size 72 is not supported on sm_90a; multiples of 16 from 16 to 256 are}}
  %o = attn.forward %q, %q, %v v_order(keys)
      : tensor<1x2x256x72xf8E4M3FN>, tensor<1x2x256x72xf8E4M3FN>, tensor<1x2x72x256xf8E4M3FN> -> tensor<1x2x256x72xbf16>
  return %o : tensor<1x2x256x72xbf16>
}

// -----

func.func @byte_columns(%q: tensor<1x2x256x64xf8E4M3FN>, %v: tensor<1x2x64x256xf8E4M3FN>) -> tensor<1x2x256x64xbf16> {
  // expected-error@+1 {{knob columns is 48, MMAs on sm_90a take multiples of 32 up to 256}}
  %o = attn.forward %q, %q, %v v_order(keys) schedule <columns = 48>
      : tensor<1x2x256x64xf8E4M3FN>, tensor<1x2x256x64xf8E4M3FN>, tensor<1x2x64x256xf8E4M3FN> -> tensor<1x2x256x64xbf16>
  return %o : tensor<1x2x256x64xbf16>
}

// -----

func.func @panels_of_keys(%q: tensor<1x2x256x64xbf16>, %v: tensor<1x2x64x256xbf16>) -> tensor<1x2x256x64xbf16> {
  // expected-error@+1 {{knob columns is 80, MMAs on sm_90a take multiples of 64 up to 256}}
  %o = attn.forward %q, %q, %v v_order(keys) schedule <columns = 80>
      : tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16>, tensor<1x2x64x256xbf16> -> tensor<1x2x256x64xbf16>
  return %o : tensor<1x2x256x64xbf16>
}

// -----

func.func @pair(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+1 {{knob persistent is 2 when knob cluster is 2, on sm_90a a counter hands out items for 1 CTA}}
  %o = attn.forward %q, %q, %q schedule <cluster = 2, persistent = 2>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @parts_of_many(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+1 {{knob splits is 2, must be 1 where CTAs have one work item after another (knob persistent is 1)}}
  %o = attn.forward %q, %q, %q schedule <splits = 2, persistent = 1>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @parts_of_lengths(%q: tensor<1x2x256x128xbf16>, %n: tensor<1xi32>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+1 {{knob splits is 2, must be 1 where sequences have query lengths of their own}}
  %o = attn.forward %q, %q, %q query_lengths(%n : tensor<1xi32>) schedule <splits = 2, persistent = 0>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @tiles_of_blocks(%q: tensor<1x2x256x128xbf16>, %n: tensor<1x2x2xi32>, %i: tensor<1x2x2x2xi32>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+2 {{knob rows is 192, must divide the 128 queries of a block}}
  // expected-note@+1 {{knob columns is 96, must divide the 128 keys of a block}}
  %o = attn.forward %q, %q, %q blocks([128, 128], %n : tensor<1x2x2xi32>, %i : tensor<1x2x2x2xi32>) schedule <workers = 3, columns = 96>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @small_blocks(%q: tensor<1x2x256x128xbf16>, %n: tensor<1x2x8xi32>, %i: tensor<1x2x8x3xi32>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+2 {{knob rows is 64, must divide the 32 queries of a block}}
  // expected-note@+1 {{knob columns is 16, must divide the 100 keys of a block}}
  %o = attn.forward %q, %q, %q blocks([32, 100], %n : tensor<1x2x8xi32>, %i : tensor<1x2x8x3xi32>) schedule <stages = 2>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @parts_of_lists(%q: tensor<1x2x256x128xbf16>, %n: tensor<1x2x2xi32>, %i: tensor<1x2x2x2xi32>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+1 {{knob splits is 2, must be 1 where blocks of keys are listed}}
  %o = attn.forward %q, %q, %q blocks([128, 128], %n : tensor<1x2x2xi32>, %i : tensor<1x2x2x2xi32>) schedule <splits = 2, persistent = 0>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @block_scales(%q: tensor<1x2x256x128xf8E4M3FN>, %s: tensor<1x2x64x16xf8E8M0FNU>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+2 {{q_scales and k_scales are not supported on sm_90a, whose MMAs take no scales; q_descale and k_descale are}}
  // expected-note@+1 {{knob columns is 96, MMAs on sm_90a take multiples of 64 up to 256}}
  %o = attn.forward %q, %q, %q block_scales(%s : tensor<1x2x64x16xf8E8M0FNU>, %s : tensor<1x2x64x16xf8E8M0FNU>) schedule <columns = 96>
      : tensor<1x2x256x128xf8E4M3FN>, tensor<1x2x256x128xf8E4M3FN>, tensor<1x2x256x128xf8E4M3FN> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @no_bound(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+1 {{knob fixed_maximum is 1, scores have no bound}}
  %o = attn.forward %q, %q, %q schedule <fixed_maximum = 1>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @too_large(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+1 {{knob fixed_maximum is 1, scores reach 86.6 as exponents of two, must be 80 at most}}
  %o = attn.forward %q, %q, %q schedule <fixed_maximum = 1> score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %cap = arith.constant 60.0 : f32
    %t = math.tanh %s : f32
    %r = arith.mulf %t, %cap : f32
    attn.yield %r : f32
  } : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}
