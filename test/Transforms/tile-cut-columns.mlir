// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-cut-columns,canonicalize,cse)))' --allow-unregistered-dialect | FileCheck %s

#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
#wide = #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
#row = #tile.fragment<registers = [], lanes = [32 : (1)], warps = [4 : (32)]>
!sum = tensor<128x64xf32, #tile.tensor_memory>
!values = tensor<128x64xf32, #lane>
!wide_sum = tensor<128x128xf32, #tile.tensor_memory>
!wide_values = tensor<128x128xf32, #wide>
!narrow = tensor<128x128xbf16, #wide>
!half = tensor<128x64xbf16, #lane>
!panel = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!rows = tensor<128xf32, #row>
!weights = tensor<128x64xbf16, #tile.tensor_memory>

gpu.module @m {
  // A sum is rescaled in two pieces. The second is moved when the first is written.
  // CHECK-LABEL: gpu.func @rescale
  // CHECK-SAME: (%[[SUM:.*]]: tensor<128x64xf32, #tile.tensor_memory>, %[[FACTOR:.*]]: tensor<128xf32
  // CHECK-DAG: %[[FACTORS:.*]] = tile.broadcast %[[FACTOR]] : {{.*}} -> tensor<128x32xf32
  // CHECK-DAG: %[[LOW:.*]] = tile.slice %[[SUM]][%c0, %c0] : {{.*}} -> tensor<128x32xf32, #tile.tensor_memory>
  // CHECK-DAG: %[[A:.*]] = tile.move %[[LOW]]
  // CHECK: %[[B:.*]] = arith.mulf %[[A]], %[[FACTORS]] fastmath<contract>
  // CHECK-NEXT: tile.write_tensor %[[B]], %[[LOW]]
  // CHECK-NEXT: %[[HIGH:.*]] = tile.slice %[[SUM]][%c0, %c32]
  // CHECK-NEXT: %[[C:.*]] = tile.move %[[HIGH]]
  // CHECK-NEXT: %[[D:.*]] = arith.mulf %[[C]], %[[FACTORS]]
  // CHECK-NEXT: tile.write_tensor %[[D]], %[[HIGH]]
  // CHECK-NEXT: gpu.return
  gpu.func @rescale(%sum: !sum, %factor: !rows) kernel {
    %values = tile.move %sum : !sum -> !values
    %factors = tile.broadcast %factor : !rows -> !values
    %scaled = arith.mulf %values, %factors fastmath<contract> : !values
    tile.write_tensor %scaled, %sum : !values, !sum
    gpu.return
  }

  // What goes to shared memory is cut at its panels; another tile is cut in registers.
  // CHECK-LABEL: gpu.func @store
  // CHECK-SAME: %[[BIAS:[a-z0-9]+]]: tensor<128x128xf32
  // CHECK: tile.slice %{{.*}}[%c0, %c0] : tensor<128x128xf32, #tile.tensor_memory> -> tensor<128x64xf32, #tile.tensor_memory>
  // CHECK: tile.move
  // CHECK: %[[PART:.*]] = tile.slice %[[BIAS]][%c0, %c0]
  // CHECK: arith.addf %{{.*}}, %[[PART]]
  // CHECK: arith.truncf
  // CHECK: tile.write_shared
  // CHECK: tile.drain_stores
  // CHECK: tile.slice %{{.*}}[%c0, %c64]
  // CHECK: tile.move {{.*}} -> tensor<128x64xf32
  // CHECK: tile.write_shared
  gpu.func @store(%bias: !wide_values, %sum: !wide_sum, %first: !panel, %second: !panel) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c64 = arith.constant 64 : index
    %values = tile.move %sum : !wide_sum -> !wide_values
    %moved = arith.addf %values, %bias : !wide_values
    %narrow = arith.truncf %moved : !wide_values to !narrow
    %low = tile.slice %narrow[%c0, %c0] : !narrow -> !half
    tile.write_shared %low, %first : !half, !panel
    tile.drain_stores barrier(%c1)
    %high = tile.slice %narrow[%c0, %c64] : !narrow -> !half
    tile.write_shared %high, %second : !half, !panel
    gpu.return
  }

  // What is made of constants and vectors alone needs no registers before a piece is written.
  // CHECK-LABEL: gpu.func @start
  // CHECK: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : tensor<128x32xf32
  // CHECK: %[[SCALED:.*]] = arith.mulf %{{.*}}, %[[ZERO]]
  // CHECK: tile.write_tensor %[[SCALED]], %{{.*}} : tensor<128x32xf32
  // CHECK: tile.write_tensor %[[SCALED]], %{{.*}} : tensor<128x32xf32
  gpu.func @start(%sum: !sum, %factor: !rows) kernel {
    %zero = arith.constant dense<0.0> : !values
    %factors = tile.broadcast %factor : !rows -> !values
    %scaled = arith.mulf %factors, %zero : !values
    tile.write_tensor %scaled, %sum : !values, !sum
    gpu.return
  }

  // What is gathered is gathered for each panel, beside registers and beside tensor memory.
  // CHECK-LABEL: gpu.func @gathered
  // CHECK-SAME: %[[I:[a-z0-9]+]]: i32,
  // CHECK: %[[A:.*]] = tile.slice %{{.*}}[%c0, %c0] : tensor<128x128xf32, #tile.fragment
  // CHECK: %[[G:.*]] = tile.gather %{{.*}}[%{{.*}}, %[[I]]] steps [0, 1] {{.*}} -> tensor<128x64xf32
  // CHECK: %[[S:.*]] = arith.addf %[[A]], %[[G]]
  // CHECK: %[[N:.*]] = arith.truncf %[[S]]
  // CHECK: tile.write_shared %[[N]]
  // CHECK: %[[SHIFTED:.*]] = arith.addi %[[I]], %c64_i32 : i32
  // CHECK: tile.gather %{{.*}}[%{{.*}}, %[[SHIFTED]]] steps [0, 1] {{.*}} -> tensor<128x64xf32
  // CHECK: tile.write_shared
  // CHECK: %[[M:.*]] = tile.move {{.*}} -> tensor<128x64xf32
  // CHECK: arith.addf %[[M]], %[[G]]
  // CHECK: tile.write_shared
  gpu.func @gathered(%values: !wide_values, %sum: !wide_sum, %first: !panel, %second: !panel, %third: !panel, %p: !tile.pointer<bf16>,
                     %row: tensor<128xi32, #row>, %column: i32, %stride: i64, %one: i64, %m: i32, %n: i32) kernel {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %other = tile.gather %p[%row, %column] steps [0, 1] strides(%stride, %one) limits(%m, %n)
        : !tile.pointer<bf16>, tensor<128xi32, #row>, i32 -> !wide_values
    %both = arith.addf %values, %other : !wide_values
    %narrow = arith.truncf %both : !wide_values to !narrow
    %low = tile.slice %narrow[%c0, %c0] : !narrow -> !half
    tile.write_shared %low, %first : !half, !panel
    %high = tile.slice %narrow[%c0, %c64] : !narrow -> !half
    tile.write_shared %high, %second : !half, !panel
    %moved = tile.move %sum : !wide_sum -> !wide_values
    %more = arith.addf %moved, %other : !wide_values
    %less = arith.truncf %more : !wide_values to !narrow
    %start = tile.slice %less[%c0, %c0] : !narrow -> !half
    tile.write_shared %start, %third : !half, !panel
    gpu.return
  }

  // A reduction needs the whole tile.
  // CHECK-LABEL: gpu.func @reduced
  // CHECK: tile.move {{.*}} -> tensor<128x64xf32
  // CHECK: tile.write_tensor {{.*}}tensor<128x64xbf16
  gpu.func @reduced(%sum: !sum, %weights: !weights) kernel {
    %values = tile.move %sum : !sum -> !values
    %most = tile.reduce max %values : !values -> !rows
    %rows = tile.broadcast %most : !rows -> !values
    %shifted = arith.subf %values, %rows : !values
    %narrow = arith.truncf %shifted : !values to !half
    tile.write_tensor %narrow, %weights : !half, !weights
    gpu.return
  }

  // Between the move and the write the tile is handed over: it may be another by then.
  // CHECK-LABEL: gpu.func @handed_over
  // CHECK: tile.move {{.*}} -> tensor<128x64xf32
  gpu.func @handed_over(%sum: !sum) kernel {
    %values = tile.move %sum : !sum -> !values
    "hand over"() : () -> ()
    %scaled = arith.addf %values, %values : !values
    tile.write_tensor %scaled, %sum : !values, !sum
    gpu.return
  }

  // Something else is written to tensor memory before what was moved is.
  // CHECK-LABEL: gpu.func @overwritten
  // CHECK: tile.move {{.*}} -> tensor<128x64xf32
  gpu.func @overwritten(%sum: !sum, %other: !sum, %zero: !values) kernel {
    %values = tile.move %sum : !sum -> !values
    tile.write_tensor %zero, %sum : !values, !sum
    tile.write_tensor %values, %other : !values, !sum
    gpu.return
  }

  // What goes to another tile may lie in columns that are still to be moved.
  // CHECK-LABEL: gpu.func @elsewhere
  // CHECK: tile.move {{.*}} -> tensor<128x64xf32
  gpu.func @elsewhere(%sum: !sum, %other: !sum) kernel {
    %values = tile.move %sum : !sum -> !values
    %scaled = arith.addf %values, %values : !values
    tile.write_tensor %scaled, %other : !values, !sum
    gpu.return
  }

  // Narrower tiles than a piece stay, and so do those whose pieces would be too narrow.
  // CHECK-LABEL: gpu.func @small
  // CHECK-NOT: tile.slice
  // CHECK: gpu.return
  gpu.func @small(%sum: tensor<128x32xf32, #tile.tensor_memory>, %odd: tensor<128x36xf32, #tile.tensor_memory>) kernel {
    %a = tile.move %sum : tensor<128x32xf32, #tile.tensor_memory> -> tensor<128x32xf32, #tile.fragment<registers = [32 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
    %b = arith.addf %a, %a : tensor<128x32xf32, #tile.fragment<registers = [32 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
    tile.write_tensor %b, %sum : tensor<128x32xf32, #tile.fragment<registers = [32 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>, tensor<128x32xf32, #tile.tensor_memory>
    %c = tile.move %odd : tensor<128x36xf32, #tile.tensor_memory> -> tensor<128x36xf32, #tile.fragment<registers = [36 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
    tile.write_tensor %c, %odd : tensor<128x36xf32, #tile.fragment<registers = [36 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>, tensor<128x36xf32, #tile.tensor_memory>
    gpu.return
  }
}
