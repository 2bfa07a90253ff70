// As many workers as give every multiprocessor of the chip something to do.
// RUN: girih-opt %s --attn-schedule=target=sm_90a | FileCheck %s

// Half a round of items of three workers' rows takes as long as a whole one.
// CHECK-LABEL: @few(
// CHECK: schedule <rows = 64, columns = 128, workers = 1,
func.func @few(%q: tensor<1x8x1024x64xbf16>) -> tensor<1x8x1024x64xbf16> {
  %o = attn.forward %q, %q, %q
      : tensor<1x8x1024x64xbf16>, tensor<1x8x1024x64xbf16>, tensor<1x8x1024x64xbf16> -> tensor<1x8x1024x64xbf16>
  return %o : tensor<1x8x1024x64xbf16>
}

// CHECK-LABEL: @one_round_of_two(
// CHECK: schedule <rows = 128, columns = 128, workers = 2,
func.func @one_round_of_two(%q: tensor<1x16x1024x64xbf16>) -> tensor<1x16x1024x64xbf16> {
  %o = attn.forward %q, %q, %q
      : tensor<1x16x1024x64xbf16>, tensor<1x16x1024x64xbf16>, tensor<1x16x1024x64xbf16> -> tensor<1x16x1024x64xbf16>
  return %o : tensor<1x16x1024x64xbf16>
}

// Under the causal mask items have half the work: two rounds of the one, less than one of the other.
// CHECK-LABEL: @causal(
// CHECK: schedule <rows = 64, columns = 64, workers = 1,
func.func @causal(%q: tensor<1x128x64x128xbf16>) -> tensor<1x128x64x128xbf16> {
  %o = attn.forward %q, %q, %q mask(causal)
      : tensor<1x128x64x128xbf16>, tensor<1x128x64x128xbf16>, tensor<1x128x64x128xbf16> -> tensor<1x128x64x128xbf16>
  return %o : tensor<1x128x64x128xbf16>
}

// CHECK-LABEL: @many(
// CHECK: schedule <rows = 192, columns = 128, workers = 3,
func.func @many(%q: tensor<4x32x4096x64xbf16>) -> tensor<4x32x4096x64xbf16> {
  %o = attn.forward %q, %q, %q mask(causal)
      : tensor<4x32x4096x64xbf16>, tensor<4x32x4096x64xbf16>, tensor<4x32x4096x64xbf16> -> tensor<4x32x4096x64xbf16>
  return %o : tensor<4x32x4096x64xbf16>
}

// A size that the launch brings: as for many.
// CHECK-LABEL: @unknown(
// CHECK: schedule <rows = 128, columns = 128, workers = 2,
func.func @unknown(%q: tensor<1x1x?x128xbf16>) -> tensor<1x1x?x128xbf16> {
  %o = attn.forward %q, %q, %q : tensor<1x1x?x128xbf16>, tensor<1x1x?x128xbf16>, tensor<1x1x?x128xbf16> -> tensor<1x1x?x128xbf16>
  return %o : tensor<1x1x?x128xbf16>
}

// A mask that may be a narrow window: no more than two.
// CHECK-LABEL: @window(
// CHECK: schedule <rows = 128, columns = 128, workers = 2,
func.func @window(%q: tensor<4x32x4096x64xbf16>) -> tensor<4x32x4096x64xbf16> {
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = arith.cmpi sge, %j, %i : index
    attn.yield %0 : i1
  } : tensor<4x32x4096x64xbf16>, tensor<4x32x4096x64xbf16>, tensor<4x32x4096x64xbf16> -> tensor<4x32x4096x64xbf16>
  return %o : tensor<4x32x4096x64xbf16>
}

// A given number stays.
// CHECK-LABEL: @given(
// CHECK: schedule <rows = 192, columns = 128, workers = 3,
func.func @given(%q: tensor<1x8x1024x64xbf16>) -> tensor<1x8x1024x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <workers = 3>
      : tensor<1x8x1024x64xbf16>, tensor<1x8x1024x64xbf16>, tensor<1x8x1024x64xbf16> -> tensor<1x8x1024x64xbf16>
  return %o : tensor<1x8x1024x64xbf16>
}
