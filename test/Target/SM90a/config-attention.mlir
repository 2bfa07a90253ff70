// What Hopper's heuristics choose.
// RUN: girih-opt %s --attn-schedule=target=sm_90a | FileCheck %s

// CHECK-LABEL: @wide_none
// CHECK: schedule <rows = 128, columns = 128, workers = 2, stages = 2, item_stages = 2, load_registers = 24, compute_registers = 240,
// CHECK-SAME: overlap = 1, left_in_registers = 1, ping_pong = 1, lazy_rescale = 0, exp2_polynomial = 0, heads = 1, persistent = 1, ctas = 1, splits = 1, longest_first = 0, group_bytes = 0,
func.func @wide_none(%q: tensor<4x32x2048x128xbf16>) -> tensor<4x32x2048x128xbf16> {
  %o = attn.forward %q, %q, %q
      : tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16> -> tensor<4x32x2048x128xbf16>
  return %o : tensor<4x32x2048x128xbf16>
}

// Long work items first; whoever is done takes the next.
// CHECK-LABEL: @wide_causal
// CHECK: schedule <rows = 128, columns = 128, workers = 2, {{.*}} heads = 1, persistent = 2, ctas = 1, splits = 1, longest_first = 1, group_bytes = 33554432, anchor = 1>
func.func @wide_causal(%q: tensor<4x32x2048x128xbf16>) -> tensor<4x32x2048x128xbf16> {
  %o = attn.forward %q, %q, %q mask(causal)
      : tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16> -> tensor<4x32x2048x128xbf16>
  return %o : tensor<4x32x2048x128xbf16>
}

// A CTA for each work item has no other whose queries it could load.
// CHECK-LABEL: @flat
// CHECK: item_stages = 1,
func.func @flat(%q: tensor<4x32x2048x128xbf16>) -> tensor<4x32x2048x128xbf16> {
  %o = attn.forward %q, %q, %q schedule <persistent = 0>
      : tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16> -> tensor<4x32x2048x128xbf16>
  return %o : tensor<4x32x2048x128xbf16>
}

// No room for more queries beside three stages of keys and values.
// CHECK-LABEL: @full
// CHECK: stages = 3, item_stages = 1,
func.func @full(%q: tensor<4x32x2048x128xbf16>) -> tensor<4x32x2048x128xbf16> {
  %o = attn.forward %q, %q, %q schedule <columns = 96, stages = 3>
      : tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16> -> tensor<4x32x2048x128xbf16>
  return %o : tensor<4x32x2048x128xbf16>
}

// No room for queries in registers beside the wider scores, which moves the anchor too.
// CHECK-LABEL: @wide_scores
// CHECK: columns = 176, {{.*}} left_in_registers = 0, {{.*}} anchor = 8>
func.func @wide_scores(%q: tensor<4x32x2048x128xbf16>) -> tensor<4x32x2048x128xbf16> {
  %o = attn.forward %q, %q, %q schedule <columns = 176>
      : tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16> -> tensor<4x32x2048x128xbf16>
  return %o : tensor<4x32x2048x128xbf16>
}

// Small heads leave registers for a third worker.
// CHECK-LABEL: @narrow
// CHECK: schedule <rows = 192, columns = 128, workers = 3, {{.*}} load_registers = 32, compute_registers = 160,
func.func @narrow(%q: tensor<1x2x?x64xf16>) -> tensor<1x2x?x64xf16> {
  %o = attn.forward %q, %q, %q
      : tensor<1x2x?x64xf16>, tensor<1x2x?x64xf16>, tensor<1x2x?x64xf16> -> tensor<1x2x?x64xf16>
  return %o : tensor<1x2x?x64xf16>
}

// A worker's MMA has 64 rows: rows and workers follow each other, registers follow workers.
// CHECK-LABEL: @rows_follow_workers
// CHECK: schedule <rows = 192, {{.*}} workers = 3, {{.*}} load_registers = 32, compute_registers = 160,
func.func @rows_follow_workers(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  %o = attn.forward %q, %q, %q schedule <workers = 3>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// CHECK-LABEL: @workers_follow_rows
// CHECK: schedule <rows = 64, {{.*}} workers = 1, {{.*}} load_registers = 40, compute_registers = 240,
func.func @workers_follow_rows(%q: tensor<1x2x256x64xbf16>) -> tensor<1x2x256x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <rows = 64>
      : tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16> -> tensor<1x2x256x64xbf16>
  return %o : tensor<1x2x256x64xbf16>
}

// What one role takes, the other has not.
// CHECK-LABEL: @registers_follow_each_other
// CHECK: load_registers = 40, compute_registers = 232,
func.func @registers_follow_each_other(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  %o = attn.forward %q, %q, %q schedule <workers = 2, load_registers = 40>
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}

// CHECK-LABEL: @seven_workers
// CHECK: schedule <rows = 448, {{.*}} workers = 7, {{.*}} load_registers = 40, compute_registers = 64,
func.func @seven_workers(%q: tensor<1x2x256x64xbf16>) -> tensor<1x2x256x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <rows = 448>
      : tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16> -> tensor<1x2x256x64xbf16>
  return %o : tensor<1x2x256x64xbf16>
}

// Heads of other sizes lie in tiles of whole panels; the wider the output, the fewer keys a tile.
// CHECK-LABEL: @head_80
// CHECK: schedule <rows = 128, columns = 128, workers = 2,
func.func @head_80(%q: tensor<4x32x2048x80xbf16>) -> tensor<4x32x2048x80xbf16> {
  %o = attn.forward %q, %q, %q : tensor<4x32x2048x80xbf16>, tensor<4x32x2048x80xbf16>, tensor<4x32x2048x80xbf16> -> tensor<4x32x2048x80xbf16>
  return %o : tensor<4x32x2048x80xbf16>
}

// CHECK-LABEL: @head_192
// CHECK: schedule <rows = 128, columns = 96, workers = 2,
func.func @head_192(%q: tensor<4x32x2048x192xbf16>) -> tensor<4x32x2048x192xbf16> {
  %o = attn.forward %q, %q, %q : tensor<4x32x2048x192xbf16>, tensor<4x32x2048x192xbf16>, tensor<4x32x2048x192xbf16> -> tensor<4x32x2048x192xbf16>
  return %o : tensor<4x32x2048x192xbf16>
}

// CHECK-LABEL: @head_256
// CHECK: schedule <rows = 128, columns = 64, workers = 2,
func.func @head_256(%q: tensor<4x32x2048x256xbf16>) -> tensor<4x32x2048x256xbf16> {
  %o = attn.forward %q, %q, %q : tensor<4x32x2048x256xbf16>, tensor<4x32x2048x256xbf16>, tensor<4x32x2048x256xbf16> -> tensor<4x32x2048x256xbf16>
  return %o : tensor<4x32x2048x256xbf16>
}

// Where values of 16 bits have their keys inside, columns are whole panels of 64.
// CHECK-LABEL: @panels_of_keys
// CHECK: columns = 64
func.func @panels_of_keys(%q: tensor<1x2x256x192xbf16>, %v: tensor<1x2x192x256xbf16>) -> tensor<1x2x256x192xbf16> {
  %o = attn.forward %q, %q, %v v_order(keys)
      : tensor<1x2x256x192xbf16>, tensor<1x2x256x192xbf16>, tensor<1x2x192x256xbf16> -> tensor<1x2x256x192xbf16>
  return %o : tensor<1x2x256x192xbf16>
}

// Beside a role that transposes, a launch has registers for one worker with the widest output.
// CHECK-LABEL: @widest_transposed
// CHECK: workers = 1
func.func @widest_transposed(%q: tensor<?x?x?x256xf8E4M3FN>) -> tensor<?x?x?x256xbf16> {
  %o = attn.forward %q, %q, %q
      : tensor<?x?x?x256xf8E4M3FN>, tensor<?x?x?x256xf8E4M3FN>, tensor<?x?x?x256xf8E4M3FN> -> tensor<?x?x?x256xbf16>
  return %o : tensor<?x?x?x256xbf16>
}

// -----

// Causal items that are so few that each has a CTA; a counter hands out more.
// CHECK-LABEL: func.func @few_causal
// CHECK: rows = 64, {{.*}}workers = 1, {{.*}}persistent = 0, ctas = 1
// CHECK: rows = 128, {{.*}}workers = 2, {{.*}}persistent = 0, ctas = 1
// CHECK: rows = 128, {{.*}}workers = 2, {{.*}}persistent = 2, ctas = 1
func.func @few_causal(%few: tensor<1x4x4096x128xbf16>, %more: tensor<1x8x4096x128xbf16>, %many: tensor<1x12x4096x128xbf16>)
    -> (tensor<1x4x4096x128xbf16>, tensor<1x8x4096x128xbf16>, tensor<1x12x4096x128xbf16>) {
  %0 = attn.forward %few, %few, %few mask(causal) schedule <stages = 2>
      : tensor<1x4x4096x128xbf16>, tensor<1x4x4096x128xbf16>, tensor<1x4x4096x128xbf16> -> tensor<1x4x4096x128xbf16>
  %1 = attn.forward %more, %more, %more mask(causal) schedule <stages = 2>
      : tensor<1x8x4096x128xbf16>, tensor<1x8x4096x128xbf16>, tensor<1x8x4096x128xbf16> -> tensor<1x8x4096x128xbf16>
  %2 = attn.forward %many, %many, %many mask(causal) schedule <stages = 2>
      : tensor<1x12x4096x128xbf16>, tensor<1x12x4096x128xbf16>, tensor<1x12x4096x128xbf16> -> tensor<1x12x4096x128xbf16>
  return %0, %1, %2 : tensor<1x4x4096x128xbf16>, tensor<1x8x4096x128xbf16>, tensor<1x12x4096x128xbf16>
}

// Items of a block of queries and tiles of a block of keys, whose lists differ in length; keys of few items stay with one CTA.
// CHECK-LABEL: @lists
// CHECK: schedule <rows = 128, columns = 128, workers = 2, {{.*}} heads = 1, persistent = 2, ctas = 1, splits = 1, longest_first = 1,
func.func @lists(%q: tensor<4x32x2048x128xbf16>, %n: tensor<4x32x16xi32>, %i: tensor<4x32x16x16xi32>) -> tensor<4x32x2048x128xbf16> {
  %o = attn.forward %q, %q, %q blocks([128, 128], %n : tensor<4x32x16xi32>, %i : tensor<4x32x16x16xi32>)
      : tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16> -> tensor<4x32x2048x128xbf16>
  return %o : tensor<4x32x2048x128xbf16>
}

// CHECK-LABEL: @lists_of_few
// CHECK: schedule <rows = 64, columns = 64, workers = 1, {{.*}} splits = 1
func.func @lists_of_few(%q: tensor<1x1x8192x128xbf16>, %n: tensor<1x1x128xi32>, %i: tensor<1x1x128x128xi32>) -> tensor<1x1x8192x128xbf16> {
  %o = attn.forward %q, %q, %q blocks([64, 64], %n : tensor<1x1x128xi32>, %i : tensor<1x1x128x128xi32>)
      : tensor<1x1x8192x128xbf16>, tensor<1x1x8192x128xbf16>, tensor<1x1x8192x128xbf16> -> tensor<1x1x8192x128xbf16>
  return %o : tensor<1x1x8192x128xbf16>
}

// CHECK-LABEL: @odd_lists
// CHECK: schedule <rows = 192, columns = 96, workers = 3,
func.func @odd_lists(%q: tensor<4x32x3072x64xbf16>, %n: tensor<4x32x16xi32>, %i: tensor<4x32x16x32xi32>) -> tensor<4x32x3072x64xbf16> {
  %o = attn.forward %q, %q, %q blocks([192, 96], %n : tensor<4x32x16xi32>, %i : tensor<4x32x16x32xi32>)
      : tensor<4x32x3072x64xbf16>, tensor<4x32x3072x64xbf16>, tensor<4x32x3072x64xbf16> -> tensor<4x32x3072x64xbf16>
  return %o : tensor<4x32x3072x64xbf16>
}

// CTAs that share items have their rows each, more registers to load parts of tiles, and fixed shares, which no counter hands out.
// CHECK-LABEL: @shared
// CHECK: schedule <rows = 256, columns = 128, workers = 2, {{.*}} load_registers = 40, compute_registers = 232, {{.*}} persistent = 1, ctas = 1, cluster = 2, splits = 1,
func.func @shared(%q: tensor<4x32x2048x128xbf16>) -> tensor<4x32x2048x128xbf16> {
  %o = attn.forward %q, %q, %q mask(causal) schedule <cluster = 2>
      : tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16> -> tensor<4x32x2048x128xbf16>
  return %o : tensor<4x32x2048x128xbf16>
}

// The rows of both are of one block of queries.
// CHECK-LABEL: @shared_blocks
// CHECK: schedule <rows = 128, columns = 128, workers = 1, {{.*}} cluster = 2,
func.func @shared_blocks(%q: tensor<4x32x2048x128xbf16>, %n: tensor<4x32x16xi32>, %i: tensor<4x32x16x16xi32>) -> tensor<4x32x2048x128xbf16> {
  %o = attn.forward %q, %q, %q blocks([128, 128], %n : tensor<4x32x16xi32>, %i : tensor<4x32x16x16xi32>) schedule <cluster = 2>
      : tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16> -> tensor<4x32x2048x128xbf16>
  return %o : tensor<4x32x2048x128xbf16>
}

// Scores are bounded by what their function makes of them, whatever they are: 30 log2(e) is 43.3.
// CHECK-LABEL: @soft_cap
// CHECK: fixed_maximum = 1,
func.func @soft_cap(%q: tensor<4x32x2048x128xbf16>) -> tensor<4x32x2048x128xbf16> {
  %o = attn.forward %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %cap = arith.constant 30.0 : f32
    %x = arith.divf %s, %cap : f32
    %t = math.tanh %x : f32
    %r = arith.mulf %t, %cap : f32
    attn.yield %r : f32
  } : tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16> -> tensor<4x32x2048x128xbf16>
  return %o : tensor<4x32x2048x128xbf16>
}

// What hides scores needs no bound; a sigmoid is between 0 and 1, by its parts; 8 less at most 3 of a sine is 5 at least.
// CHECK-LABEL: @bounded
// CHECK: fixed_maximum = 1,
func.func @bounded(%q: tensor<4x32x2048x128xf16>) -> tensor<4x32x2048x128xf16> {
  %o = attn.forward %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %hidden = arith.constant 0xFF800000 : f32
    %one = arith.constant 1.0 : f32
    %three = arith.constant 3.0 : f32
    %minus = arith.negf %s : f32
    %exp = math.exp %minus : f32
    %sum = arith.addf %one, %exp : f32
    %sigmoid = arith.divf %one, %sum : f32
    %sine = math.sin %s : f32
    %wave = arith.mulf %sine, %three : f32
    %x = arith.subf %sigmoid, %wave : f32
    %sees = arith.cmpi ult, %j, %i : index
    %r = arith.select %sees, %x, %hidden : f32
    attn.yield %r : f32
  } : tensor<4x32x2048x128xf16>, tensor<4x32x2048x128xf16>, tensor<4x32x2048x128xf16> -> tensor<4x32x2048x128xf16>
  return %o : tensor<4x32x2048x128xf16>
}

// Weights of f16 have no exponents for so many, and these scores no bound at all.
// CHECK-LABEL: @too_far
// CHECK-NOT: fixed_maximum
func.func @too_far(%q: tensor<4x32x2048x128xf16>) -> tensor<4x32x2048x128xf16> {
  %o = attn.forward %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %cap = arith.constant 30.0 : f32
    %t = math.tanh %s : f32
    %r = arith.mulf %t, %cap : f32
    attn.yield %r : f32
  } : tensor<4x32x2048x128xf16>, tensor<4x32x2048x128xf16>, tensor<4x32x2048x128xf16> -> tensor<4x32x2048x128xf16>
  return %o : tensor<4x32x2048x128xf16>
}

// CHECK-LABEL: @unbounded
// CHECK-NOT: fixed_maximum
func.func @unbounded(%q: tensor<4x32x2048x128xbf16>) -> tensor<4x32x2048x128xbf16> {
  %o = attn.forward %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %t = math.tanh %s : f32
    %r = arith.mulf %t, %s : f32
    attn.yield %r : f32
  } : tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16> -> tensor<4x32x2048x128xbf16>
  return %o : tensor<4x32x2048x128xbf16>
}

// Tiles of a bias take the card to its power: the output is rescaled where it must be.
// CHECK-LABEL: @bias
// CHECK: lazy_rescale = 8,
func.func @bias(%q: tensor<4x32x2048x128xbf16>, %t: tensor<32x2048x2048xbf16> {attn.sizes = ["h", "sq", "skv"]}) -> tensor<4x32x2048x128xbf16> {
  %o = attn.forward %q, %q, %q score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %x = attn.lookup %t[%h, %i, %j] : tensor<32x2048x2048xbf16> -> f32
    %r = arith.addf %s, %x : f32
    attn.yield %r : f32
  } : tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16>, tensor<4x32x2048x128xbf16> -> tensor<4x32x2048x128xbf16>
  return %o : tensor<4x32x2048x128xbf16>
}
