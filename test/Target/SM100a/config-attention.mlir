// RUN: girih-opt %s --attn-schedule=target=sm_100a --split-input-file | FileCheck %s

// Two workers of 128 rows, and as many keys a tile as scores, weights and output leave of
// the columns of tensor memory.
// CHECK-LABEL: func.func @wide
// CHECK: schedule <rows = 256, columns = 80, workers = 2, stages = 2, item_stages = 1, accumulators = 1, load_registers = 56, compute_registers = 224, correction_registers = 0, overlap = 1, oldest_first = 0, left_in_registers = 0, ping_pong = 0, lazy_rescale = 8, exp2_polynomial = 4, heads = 1, persistent = 1, ctas = 1, cluster = 1, splits = 1, longest_first = 0, group_bytes = 0, anchor = 0, strict = 1, last_part = 0>
func.func @wide(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  %o = attn.forward %q, %q, %q
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

// CHECK-LABEL: func.func @narrow_causal
// CHECK: schedule <rows = 256, columns = 128, workers = 2, {{.*}}heads = 1, persistent = 2, ctas = 1, cluster = 1, splits = 1, longest_first = 1, group_bytes = 33554432
func.func @narrow_causal(%q: tensor<1x2x256x64xf16>) -> tensor<1x2x256x64xf16> {
  %o = attn.forward %q, %q, %q mask(causal)
      : tensor<1x2x256x64xf16>, tensor<1x2x256x64xf16>, tensor<1x2x256x64xf16> -> tensor<1x2x256x64xf16>
  return %o : tensor<1x2x256x64xf16>
}

// -----

// CHECK-LABEL: func.func @rows_follow_workers
// CHECK: schedule <rows = 128, columns = 80, workers = 1, {{.*}}load_registers = 64, compute_registers = 240
func.func @rows_follow_workers(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  %o = attn.forward %q, %q, %q schedule <workers = 1>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

// The correction role has registers for a whole output; what is left is the workers'.
// CHECK-LABEL: func.func @correction
// CHECK: schedule <rows = 256, columns = 80, workers = 2, {{.*}}load_registers = 64, compute_registers = 144, correction_registers = 160
func.func @correction(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  %o = attn.forward %q, %q, %q schedule <correction_registers = 160>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// -----

// Two CTAs that share an item have twice the rows, and columns that both can load half of; one asks for the items of both.
// CHECK-LABEL: func.func @pair
// CHECK: schedule <rows = 512, columns = 64, workers = 2, {{.*}}persistent = 2, ctas = 1, cluster = 2, splits = 1, longest_first = 1
func.func @pair(%q: tensor<1x2x1024x128xbf16>) -> tensor<1x2x1024x128xbf16> {
  %o = attn.forward %q, %q, %q mask(causal) schedule <cluster = 2>
      : tensor<1x2x1024x128xbf16>, tensor<1x2x1024x128xbf16>, tensor<1x2x1024x128xbf16> -> tensor<1x2x1024x128xbf16>
  return %o : tensor<1x2x1024x128xbf16>
}

// Each of two CTAs may have a part of values that is narrower than a panel, and less than a block of queries.
// CHECK-LABEL: func.func @pair_of_narrow_heads
// CHECK: schedule <rows = 256, columns = 128, workers = 1, {{.*}}cluster = 2
func.func @pair_of_narrow_heads(%q: tensor<1x2x256x64xbf16>, %n: tensor<1x2x1xi32>, %i: tensor<1x2x1x2xi32>) -> tensor<1x2x256x64xbf16> {
  %o = attn.forward %q, %q, %q blocks([256, 128], %n : tensor<1x2x1xi32>, %i : tensor<1x2x1x2xi32>) schedule <cluster = 2>
      : tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16> -> tensor<1x2x256x64xbf16>
  return %o : tensor<1x2x256x64xbf16>
}

// Keys that CTAs split are one worker's; two tiles of scores beside the output have fewer columns.
// CHECK-LABEL: func.func @splits
// CHECK: schedule <rows = 128, columns = 80, workers = 1, {{.*}}splits = 2
func.func @splits(%q: tensor<1x2x1024x128xbf16>) -> tensor<1x2x1024x128xbf16> {
  %o = attn.forward %q, %q, %q schedule <splits = 2>
      : tensor<1x2x1024x128xbf16>, tensor<1x2x1024x128xbf16>, tensor<1x2x1024x128xbf16> -> tensor<1x2x1024x128xbf16>
  return %o : tensor<1x2x1024x128xbf16>
}

// CHECK-LABEL: func.func @scores
// CHECK: schedule <rows = 256, columns = 96, workers = 2, {{.*}}accumulators = 2
func.func @scores(%q: tensor<1x2x1024x64xbf16>) -> tensor<1x2x1024x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <accumulators = 2>
      : tensor<1x2x1024x64xbf16>, tensor<1x2x1024x64xbf16>, tensor<1x2x1024x64xbf16> -> tensor<1x2x1024x64xbf16>
  return %o : tensor<1x2x1024x64xbf16>
}

// Items of a block of queries and tiles of a block of keys.
// CHECK-LABEL: @lists
// CHECK: schedule <rows = 128, columns = 64, workers = 1, {{.*}} persistent = 2,
func.func @lists(%q: tensor<4x32x2048x128xbf16>, %n: tensor<4x32x16xi32>, %i: tensor<4x32x16x16xi32>) -> tensor<4x32x2048x128xbf16> {
  %o = attn.forward %q, %q, %q blocks([128, 128], %n : tensor<4x32x16xi32>, %i : tensor<4x32x16x16xi32>)
      : tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16> -> tensor<4x32x2048x128xbf16>
  return %o : tensor<4x32x2048x128xbf16>
}

// CHECK-LABEL: @wide_lists
// CHECK: schedule <rows = 256, columns = 64, workers = 2,
func.func @wide_lists(%q: tensor<4x32x2048x128xbf16>, %n: tensor<4x32x8xi32>, %i: tensor<4x32x8x16xi32>) -> tensor<4x32x2048x128xbf16> {
  %o = attn.forward %q, %q, %q blocks([256, 128], %n : tensor<4x32x8xi32>, %i : tensor<4x32x8x16xi32>)
      : tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16> -> tensor<4x32x2048x128xbf16>
  return %o : tensor<4x32x2048x128xbf16>
}

// Scales of keys begin with a block of 128 or in its half: 64 keys where 96 are the default. Beside them, scales of a block of
// queries and of one of keys have 8 columns of tensor memory: 2 x (1.25 x 64 + 128) + 8, and 2 x (1.25 x 128 + 64) + 8.
// CHECK-LABEL: @block_scales
// CHECK: schedule <rows = 256, columns = 64, workers = 2, stages = 2, item_stages = 2,
func.func @block_scales(%q: tensor<4x32x2048x128xf8E4M3FN>, %s: tensor<4x32x512x16xf8E8M0FNU>) -> tensor<4x32x2048x128xbf16> {
  %o = attn.forward %q, %q, %q block_scales(%s : tensor<4x32x512x16xf8E8M0FNU>, %s : tensor<4x32x512x16xf8E8M0FNU>)
      : tensor<4x32x2048x128xf8E4M3FN>, tensor<4x32x2048x128xf8E4M3FN>, tensor<4x32x2048x128xf8E4M3FN> -> tensor<4x32x2048x128xbf16>
  return %o : tensor<4x32x2048x128xbf16>
}

// CHECK-LABEL: @narrow_block_scales
// CHECK: schedule <rows = 256, columns = 128, workers = 2, stages = 2, item_stages = 2,
func.func @narrow_block_scales(%q: tensor<4x32x2048x64xf8E5M2>, %s: tensor<4x32x512x16xf8E8M0FNU>) -> tensor<4x32x2048x64xbf16> {
  %o = attn.forward %q, %q, %q block_scales(%s : tensor<4x32x512x16xf8E8M0FNU>, %s : tensor<4x32x512x16xf8E8M0FNU>)
      : tensor<4x32x2048x64xf8E5M2>, tensor<4x32x2048x64xf8E5M2>, tensor<4x32x2048x64xf8E5M2> -> tensor<4x32x2048x64xbf16>
  return %o : tensor<4x32x2048x64xbf16>
}

// Tensor memory has room for one worker: 128 x 1.5 + 256 columns. Two CTAs share each tile of keys; a role corrects.
// CHECK-LABEL: @wide_heads
// CHECK: schedule <rows = 256, columns = 128, workers = 1, stages = 2, item_stages = 1, {{.*}} correction_registers = 88, {{.*}} cluster = 2,
func.func @wide_heads(%q: tensor<4x32x2048x256xbf16>) -> tensor<4x32x2048x256xbf16> {
  %o = attn.forward %q, %q, %q
      : tensor<4x32x2048x256xbf16>, tensor<4x32x2048x256xbf16>, tensor<4x32x2048x256xbf16> -> tensor<4x32x2048x256xbf16>
  return %o : tensor<4x32x2048x256xbf16>
}

// Fewer rows than a pair's; shared memory has room for 64 keys.
// CHECK-LABEL: @few_rows_of_wide_heads
// CHECK: schedule <rows = 128, columns = 64, workers = 1, stages = 2, {{.*}} cluster = 1,
func.func @few_rows_of_wide_heads(%q: tensor<4x32x128x256xbf16>) -> tensor<4x32x128x256xbf16> {
  %o = attn.forward %q, %q, %q
      : tensor<4x32x128x256xbf16>, tensor<4x32x128x256xbf16>, tensor<4x32x128x256xbf16> -> tensor<4x32x128x256xbf16>
  return %o : tensor<4x32x128x256xbf16>
}

// Columns that half of a multiprocessor's shared memory has room for.
// CHECK-LABEL: @shared_multiprocessor
// CHECK: schedule <rows = 128, columns = 64, workers = 1, stages = 2, {{.*}} ctas = 2,
func.func @shared_multiprocessor(%q: tensor<4x32x2048x128xbf16>) -> tensor<4x32x2048x128xbf16> {
  %o = attn.forward %q, %q, %q schedule <ctas = 2>
      : tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16> -> tensor<4x32x2048x128xbf16>
  return %o : tensor<4x32x2048x128xbf16>
}
