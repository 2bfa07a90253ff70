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
