// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-partition)))' --split-input-file --verify-diagnostics

gpu.module @m {
  gpu.func @rows(%a: memref<?x32xbf16>, %b: memref<32x96xbf16>, %c0: index) kernel attributes {tile.schedule = #tile.schedule<workers = 3>} {
    %ta = tile.load %a[%c0, %c0] : memref<?x32xbf16> -> tensor<128x32xbf16>
    %tb = tile.load %b[%c0, %c0] : memref<32x96xbf16> -> tensor<32x96xbf16>
    // expected-error@+1 {{a tile of 128 rows cannot be split over 3 workers}}
    %s = tile.mma %ta, %tb : tensor<128x32xbf16>, tensor<32x96xbf16> -> tensor<128x96xf32>
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @loaded(%a: memref<?x32xf32>, %b: memref<32x96xbf16>, %c0: index) kernel attributes {tile.schedule = #tile.schedule<workers = 2>} {
    // expected-error@+1 {{a loaded tile that is split over workers can only be the left operand of an MMA, or of an elementwise op}}
    %ta = tile.load %a[%c0, %c0] : memref<?x32xf32> -> tensor<128x32xf32>
    %x = arith.truncf %ta : tensor<128x32xf32> to tensor<128x32xbf16>
    %y = tile.reduce max %ta : tensor<128x32xf32> -> tensor<128xf32>
    %tb = tile.load %b[%c0, %c0] : memref<32x96xbf16> -> tensor<32x96xbf16>
    %s = tile.mma %x, %tb : tensor<128x32xbf16>, tensor<32x96xbf16> -> tensor<128x96xf32>
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @constant(%b: memref<2x96xbf16>, %c0: index) kernel attributes {tile.schedule = #tile.schedule<workers = 2>} {
    // expected-error@+1 {{a constant tile that is split over workers must have one value}}
    %a = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xbf16>
    %tb = tile.load %b[%c0, %c0] : memref<2x96xbf16> -> tensor<2x96xbf16>
    %s = tile.mma %a, %tb : tensor<2x2xbf16>, tensor<2x96xbf16> -> tensor<2x96xf32>
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{a tile cannot be an argument of a kernel: load it from a memref}}
  gpu.func @argument(%acc: tensor<128x64xf32>, %m: memref<?x64xbf16>, %i: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2>} {
    %a = tile.load %m[%i, %i] : memref<?x64xbf16> -> tensor<128x64xbf16>
    %b = tile.load %m[%i, %i] : memref<?x64xbf16> -> tensor<64x64xbf16>
    %s = tile.mma %a, %b, %acc : tensor<128x64xbf16>, tensor<64x64xbf16>, tensor<128x64xf32> -> tensor<128x64xf32>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @part_of_a_cta(%a: memref<?x32xbf16>, %b: memref<?x96xbf16>, %c0: index) kernel attributes {tile.schedule = #tile.schedule<cluster = 2>} {
    // expected-error@+1 {{differs between the CTAs that share a work item (knob cluster is 2)}}
    %cta = gpu.cluster_block_id x
    %ta = tile.load %a[%c0, %c0] : memref<?x32xbf16> -> tensor<128x32xbf16>
    %tb = tile.load %b[%cta, %c0] : memref<?x96xbf16> -> tensor<32x96xbf16>
    %s = tile.mma %ta, %tb : tensor<128x32xbf16>, tensor<32x96xbf16> -> tensor<128x96xf32>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @both_operands(%a: memref<?x32xbf16>, %c0: index) kernel attributes {tile.schedule = #tile.schedule<cluster = 2>} {
    // expected-error@+1 {{is for two uses of which the 2 CTAs of a cluster need different parts (knob cluster)}}
    %ta = tile.load %a[%c0, %c0] : memref<?x32xbf16> -> tensor<128x32xbf16>
    %s = tile.mma %ta, %ta transpose_b : tensor<128x32xbf16>, tensor<128x32xbf16> -> tensor<128x128xf32>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @item_of_a_cta(%a: memref<?x32xbf16>) kernel attributes {tile.schedule = #tile.schedule<cluster = 2>} {
    // expected-error@+1 {{differs between the CTAs that share a work item (knob cluster is 2): gpu.cluster_id and gpu.cluster_dim number what they share}}
    %item = gpu.block_id x
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @next_item(%n: index, %counter: memref<1xi32> {tile.workspace}) kernel attributes {tile.schedule = #tile.schedule<cluster = 2>} {
    // expected-error@+1 {{counts work items for one CTA, which 2 share (knob cluster): without a counter the chip hands them out for all}}
    %item = tile.next_work of %n counter(%counter : memref<1xi32>)
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @split_already(%a: memref<?x32xbf16>, %b: memref<32x96xbf16>, %c0: index) kernel attributes {tile.schedule = #tile.schedule<cluster = 2, workers = 1>} {
    %ta = tile.load %a[%c0, %c0] : memref<?x32xbf16> -> tensor<256x32xbf16>
    %tb = tile.load %b[%c0, %c0] : memref<32x96xbf16> -> tensor<32x48xbf16>
    // expected-error@-3 {{the kernel is partitioned already: it cannot be partitioned any more}}
    // expected-note@+1 {{'tile.mma' here tells that it is}}
    %s = tile.mma %ta, %tb pair : tensor<256x32xbf16>, tensor<32x48xbf16> -> tensor<256x96xf32>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @computed(%a: memref<?x32xbf16>, %b: memref<32x96xf32>, %c0: index) kernel attributes {tile.schedule = #tile.schedule<cluster = 2>} {
    %ta = tile.load %a[%c0, %c0] : memref<?x32xbf16> -> tensor<256x32xbf16>
    %tb = tile.load %b[%c0, %c0] : memref<32x96xf32> -> tensor<32x96xf32>
    %narrow = arith.truncf %tb : tensor<32x96xf32> to tensor<32x96xbf16>
    // expected-error@+1 {{has a right operand that is not loaded as it is: CTAs that share work items each load a part of it (knob cluster is 2)}}
    %s = tile.mma %ta, %narrow : tensor<256x32xbf16>, tensor<32x96xbf16> -> tensor<256x96xf32>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @whole(%a: memref<?x32xbf16>, %b: memref<32x96xbf16>, %c0: index) kernel attributes {tile.schedule = #tile.schedule<cluster = 2>} {
    %ta = tile.load %a[%c0, %c0] : memref<?x32xbf16> -> tensor<256x32xbf16>
    // expected-error@+1 {{needs the whole of a tile of which each of 2 CTAs loads a part (knob cluster)}}
    %t = tile.reduce max %ta : tensor<256x32xbf16> -> tensor<256xbf16>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @both_sides(%a: memref<?x256xbf16>, %c0: index) kernel attributes {tile.schedule = #tile.schedule<cluster = 2>} {
    // expected-error@+1 {{is for two uses of which the 2 CTAs of a cluster need different parts (knob cluster)}}
    %t = tile.load %a[%c0, %c0] : memref<?x256xbf16> -> tensor<256x256xbf16>
    %s = tile.mma %t, %t : tensor<256x256xbf16>, tensor<256x256xbf16> -> tensor<256x256xf32>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @odd(%a: memref<?x32xbf16>, %b: memref<32x95xbf16>, %c0: index) kernel attributes {tile.schedule = #tile.schedule<cluster = 2>} {
    %ta = tile.load %a[%c0, %c0] : memref<?x32xbf16> -> tensor<256x32xbf16>
    // expected-error@+1 {{makes a tile of 95 columns, which 2 CTAs cannot share (knob cluster)}}
    %tb = tile.load %b[%c0, %c0] : memref<32x95xbf16> -> tensor<32x95xbf16>
    %s = tile.mma %ta, %tb : tensor<256x32xbf16>, tensor<32x95xbf16> -> tensor<256x95xf32>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  // expected-error@+1 {{a cluster of 9 x 1 x 1 CTAs has no code; of 1 x 1 x 1 to 8 x 1 x 1 it has}}
  gpu.func @nine() kernel attributes {known_cluster_size = array<i32: 9, 1, 1>, tile.schedule = #tile.schedule<cluster = 2>} {
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @shares_rows(%a: memref<?x32xbf16>, %b: memref<32x96xbf16>, %c0: index) kernel attributes {tile.schedule = #tile.schedule<cluster = 2>} {
    %zero = arith.constant dense<0.0> : tensor<1x96xf32>
    %tb = tile.load %b[%c0, %c0] : memref<32x96xbf16> -> tensor<32x96xbf16>
    %ta = arith.constant dense<1.0> : tensor<1x32xbf16>
    // expected-error@+1 {{a tile of 1 rows cannot be split over 2 CTAs}}
    %s = tile.mma %ta, %tb, %zero : tensor<1x32xbf16>, tensor<32x96xbf16>, tensor<1x96xf32> -> tensor<1x96xf32>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @scales_of_pair(%a: memref<?x128xf8E4M3FN>, %s: memref<?x16xf8E8M0FNU>, %c0: index) kernel attributes {tile.schedule = #tile.schedule<cluster = 2>} {
    %ta = tile.load %a[%c0, %c0] : memref<?x128xf8E4M3FN> -> tensor<256x128xf8E4M3FN>
    %ts = tile.load %s[%c0, %c0] : memref<?x16xf8E8M0FNU> -> tensor<64x16xf8E8M0FNU>
    // expected-error@+1 {{has scales, which CTAs that share work items cannot (knob cluster is 2)}}
    %r = tile.mma %ta, %ta scales(%ts, %ts : tensor<64x16xf8E8M0FNU>, tensor<64x16xf8E8M0FNU>) transpose_b : tensor<256x128xf8E4M3FN>, tensor<256x128xf8E4M3FN> -> tensor<256x256xf32>
    gpu.return
  }
}
