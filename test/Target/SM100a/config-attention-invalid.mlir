// RUN: girih-opt %s --attn-schedule=target=sm_100a --split-input-file --verify-diagnostics

func.func @odd_head(%q: tensor<1x2x256x100xbf16>) -> tensor<1x2x256x100xbf16> {
  // expected-error@+1 {{head size 100 is not supported on sm_100a; multiples of 8 from 16 to 256 are}}
  %o = attn.forward %q, %q, %q
      : tensor<1x2x256x100xbf16>, tensor<1x2x256x100xbf16>, tensor<1x2x256x100xbf16> -> tensor<1x2x256x100xbf16>
  return %o : tensor<1x2x256x100xbf16>
}

// -----

func.func @small_head(%q: tensor<1x2x256x8xbf16>) -> tensor<1x2x256x8xbf16> {
  // expected-error@+1 {{head size 8 is not supported on sm_100a; multiples of 8 from 16 to 256 are}}
  %o = attn.forward %q, %q, %q
      : tensor<1x2x256x8xbf16>, tensor<1x2x256x8xbf16>, tensor<1x2x256x8xbf16> -> tensor<1x2x256x8xbf16>
  return %o : tensor<1x2x256x8xbf16>
}

// -----

func.func @large_head(%q: tensor<1x2x256x264xbf16>) -> tensor<1x2x256x264xbf16> {
  // expected-error@+1 {{head size 264 is not supported on sm_100a; multiples of 8 from 16 to 256 are}}
  %o = attn.forward %q, %q, %q
      : tensor<1x2x256x264xbf16>, tensor<1x2x256x264xbf16>, tensor<1x2x256x264xbf16> -> tensor<1x2x256x264xbf16>
  return %o : tensor<1x2x256x264xbf16>
}

// -----

func.func @rows(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+1 {{knob rows is 128 when knob workers is 2, each worker has 128 rows on sm_100a}}
  %o = attn.forward %q, %q, %q schedule <rows = 128, workers = 2>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @columns(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+1 {{knob columns is 72, MMAs on sm_100a take multiples of 16 up to 256}}
  %o = attn.forward %q, %q, %q schedule <columns = 72>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @overlap(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+1 {{knob overlap is 0, attention on sm_100a needs 1}}
  %o = attn.forward %q, %q, %q schedule <overlap = 0>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @registers(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+1 {{roles ask for 69632 registers, sm_100a launches 384 threads with 168 each, 64512 (knobs workers, load_registers, compute_registers)}}
  %o = attn.forward %q, %q, %q schedule <load_registers = 64, compute_registers = 240>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @left_in_registers(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+1 {{knob left_in_registers is 1, MMAs on sm_100a take no operand from registers}}
  %o = attn.forward %q, %q, %q schedule <left_in_registers = 1>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @two_level(%q: tensor<1x2x256x128xf8E4M3FN>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+1 {{knob two_level is 1, MMAs on sm_100a add in f32, in tensor memory}}
  %o = attn.forward %q, %q, %q schedule <two_level = 1>
      : tensor<1x2x256x128xf8E4M3FN>, tensor<1x2x256x128xf8E4M3FN>, tensor<1x2x256x128xf8E4M3FN> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @wide_splits(%q: tensor<1x2x256x136xbf16>) -> tensor<1x2x256x136xbf16> {
  // expected-error@+1 {{knob splits is 2, must be 1 on sm_100a where values have 136 columns: CTAs exchange up to 128}}
  %o = attn.forward %q, %q, %q schedule <splits = 2>
      : tensor<1x2x256x136xbf16>, tensor<1x2x256x136xbf16>, tensor<1x2x256x136xbf16> -> tensor<1x2x256x136xbf16>
  return %o : tensor<1x2x256x136xbf16>
}

// -----

// One diagnostic says all that the chip lacks.
func.func @all_at_once(%q: tensor<1x2x256x264xbf16>) -> tensor<1x2x256x264xbf16> {
  // expected-error@+4 {{head size 264 is not supported on sm_100a; multiples of 8 from 16 to 256 are}}
  // expected-note@+3 {{knob columns is 40, MMAs on sm_100a take multiples of 32 up to 256}}
  // expected-note@+2 {{knob overlap is 0, attention on sm_100a needs 1}}
  // expected-note@+1 {{knob compute_registers is 100, sm_100a takes multiples of 8 from 24 to 256}}
  %o = attn.forward %q, %q, %q schedule <columns = 40, overlap = 0, compute_registers = 100>
      : tensor<1x2x256x264xbf16>, tensor<1x2x256x264xbf16>, tensor<1x2x256x264xbf16> -> tensor<1x2x256x264xbf16>
  return %o : tensor<1x2x256x264xbf16>
}

// -----

func.func @correction(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+1 {{knob correction_registers is 20, sm_100a takes multiples of 8 from 24 to 256}}
  %o = attn.forward %q, %q, %q schedule <correction_registers = 20>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @pair_of_parts(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+1 {{knob splits is 2, must be 1 when knob cluster is 2}}
  %o = attn.forward %q, %q, %q schedule <cluster = 2, splits = 2>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @pair(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+2 {{knob rows is 256 when knob workers is 2 and knob cluster 2, each worker has 128 rows on sm_100a}}
  // expected-note@+1 {{knob columns is 80, MMAs on sm_100a take multiples of 32 up to 256}}
  %o = attn.forward %q, %q, %q schedule <cluster = 2, rows = 256, workers = 2, columns = 80>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @tiles_of_blocks(%q: tensor<1x2x256x128xbf16>, %n: tensor<1x2x2xi32>, %i: tensor<1x2x2x3xi32>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+2 {{knob rows is 256, must divide the 128 queries of a block}}
  // expected-note@+1 {{knob columns is 64, must divide the 96 keys of a block}}
  %o = attn.forward %q, %q, %q blocks([128, 96], %n : tensor<1x2x2xi32>, %i : tensor<1x2x2x3xi32>) schedule <workers = 2, columns = 64>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @parts_of_lists(%q: tensor<1x2x256x128xbf16>, %n: tensor<1x2x1xi32>, %i: tensor<1x2x1x2xi32>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+1 {{knob splits is 2, must be 1 where blocks of keys are listed}}
  %o = attn.forward %q, %q, %q blocks([256, 128], %n : tensor<1x2x1xi32>, %i : tensor<1x2x1x2xi32>) schedule <splits = 2>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

func.func @block_scales(%q: tensor<1x8x256x128xf8E4M3FN>, %k: tensor<1x2x256x128xf8E4M3FN>, %x: tensor<1x8x64x16xf8E8M0FNU>, %y: tensor<1x2x64x16xf8E8M0FNU>) -> tensor<1x8x256x128xbf16> {
  // expected-error@+2 {{knob cluster is 2, must be 1 where blocks of rows have scales}}
  // expected-note@+1 {{knob columns is 96, MMAs on sm_100a take multiples of 64 up to 256}}
  %o = attn.forward %q, %k, %k block_scales(%x : tensor<1x8x64x16xf8E8M0FNU>, %y : tensor<1x2x64x16xf8E8M0FNU>) schedule <cluster = 2, columns = 96>
      : tensor<1x8x256x128xf8E4M3FN>, tensor<1x2x256x128xf8E4M3FN>, tensor<1x2x256x128xf8E4M3FN> -> tensor<1x8x256x128xbf16>
  return %o : tensor<1x8x256x128xbf16>
}
