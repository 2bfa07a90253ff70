// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-place)))' --split-input-file | FileCheck %s

#target = #nvvm.target<chip = "sm_90a">

gpu.module @m [#target] {
  // Loads and slices of them go to shared memory, swizzled as wide as a row allows;
  // the accumulator layout comes from the chip, elementwise tiles follow it, and a
  // matrix is stored through shared memory.
  // CHECK-LABEL: gpu.func @spreads
  // CHECK: %[[A:.*]] = tile.load {{.*}} -> tensor<128x64xbf16, #tile.shared<swizzle = 128>>
  // CHECK: tile.slice %[[A]]{{.*}} -> tensor<64x64xbf16, #tile.shared<swizzle = 128, rows = 128>>
  // CHECK: tile.load {{.*}} -> tensor<64x64xbf16, #tile.shared<swizzle = 128>>
  // CHECK: tile.mma_async {{.*}} -> <tensor<64x64xf32, #[[ACC:tile.fragment<registers = \[2 : \(0, 1\), 2 : \(8, 0\), 8 : \(0, 8\)\], lanes = \[4 : \(0, 2\), 8 : \(1, 0\)\], warps = \[4 : \(16, 0\)\]>]]>>
  // CHECK: tile.await {{.*}} -> tensor<64x64xf32, #[[ACC]]>
  // A row value drops the columns; a partial one keeps a column for each lane.
  // CHECK: tile.reduce max {{.*}} -> tensor<64xf32, #[[ROW:tile.fragment<registers = \[2 : \(8\)\], lanes = \[4 : \(0\), 8 : \(1\)\], warps = \[4 : \(16\)\]>]]>
  // CHECK: tile.reduce add {{.*}} -> tensor<64x4xf32, #tile.fragment<registers = [2 : (8, 0)], lanes = [4 : (0, 1), 8 : (1, 0)], warps = [4 : (16, 0)]>>
  // CHECK: tile.broadcast {{.*}} : tensor<64xf32, #[[ROW]]> -> tensor<64x64xf32, #[[ACC]]>
  // CHECK: arith.truncf {{.*}} to tensor<64x64xbf16, #[[ACC]]>
  // CHECK: %[[STAGED:.*]] = tile.to_shared {{.*}} -> tensor<64x64xbf16, #tile.shared<swizzle = 128>>
  // CHECK: tile.store %[[STAGED]]
  // CHECK: tile.store {{.*}} : tensor<64xf32, #[[ROW]]>
  gpu.func @spreads(%m: memref<?x64xbf16>, %l: memref<?xf32>, %i: index, %p: memref<?x4xf32>) kernel attributes {tile.schedule = #tile.schedule<workers = 2>} {
    %c0 = arith.constant 0 : index
    %whole = tile.load %m[%i, %c0] ring("a") stages(1) : memref<?x64xbf16> -> tensor<128x64xbf16>
    %a = tile.slice %whole[%i] : tensor<128x64xbf16> -> tensor<64x64xbf16>
    %b = tile.load %m[%i, %c0] ring("b") stages(2) : memref<?x64xbf16> -> tensor<64x64xbf16>
    %async = tile.mma_async %a, %b : tensor<64x64xbf16>, tensor<64x64xbf16> -> !tile.async<tensor<64x64xf32>>
    %s = tile.await %async in_flight(0) : !tile.async<tensor<64x64xf32>> -> tensor<64x64xf32>
    %r = tile.reduce max %s : tensor<64x64xf32> -> tensor<64xf32>
    %partial = tile.reduce add %s : tensor<64x64xf32> -> tensor<64x4xf32>
    %rows = tile.broadcast %r : tensor<64xf32> -> tensor<64x64xf32>
    %x = arith.subf %s, %rows : tensor<64x64xf32>
    %y = arith.truncf %x : tensor<64x64xf32> to tensor<64x64xbf16>
    tile.store %y, %m[%i, %c0] : tensor<64x64xbf16>, memref<?x64xbf16>
    tile.store %r, %l[%i] : tensor<64xf32>, memref<?xf32>
    gpu.return
  }

  // What a loop does not change is copied to registers before it, once for all loops, in the
  // layout of a left operand; a loaded tile that an MMA in a loop loads stays where it is.
  // CHECK-LABEL: gpu.func @left
  // CHECK: %[[Q:.*]] = tile.load {{.*}} ring("q")
  // CHECK: %[[MINE:.*]] = tile.slice %[[Q]]
  // CHECK-NEXT: %[[LEFT:.*]] = tile.move %[[MINE]] : tensor<64x64xbf16, #tile.shared<swizzle = 128, rows = 128>> -> tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)],
  // CHECK-NOT: tile.move
  // CHECK: scf.for
  // CHECK: tile.mma_async %[[LEFT]]
  // CHECK: tile.mma_async %{{[^:]*}} : tensor<64x64xbf16, #tile.shared<swizzle = 128>>
  // CHECK: scf.for
  // CHECK: tile.mma_async %[[LEFT]]
  // CHECK: gpu.return
  gpu.func @left(%m: memref<?x64xbf16>, %n: index) kernel attributes {tile.schedule = #tile.schedule<workers = 2, left_in_registers = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c64 = arith.constant 64 : index
    %q = tile.load %m[%n, %c0] ring("q") stages(1) : memref<?x64xbf16> -> tensor<128x64xbf16>
    scf.for %i = %c0 to %n step %c1 {
      %b = tile.load %m[%i, %c0] ring("b") stages(2) : memref<?x64xbf16> -> tensor<64x64xbf16>
      %w = tile.worker
      %row = arith.muli %w, %c64 : index
      %mine = tile.slice %q[%row] : tensor<128x64xbf16> -> tensor<64x64xbf16>
      %async = tile.mma_async %mine, %b : tensor<64x64xbf16>, tensor<64x64xbf16> -> !tile.async<tensor<64x64xf32>>
      %s = tile.await %async in_flight(0) : !tile.async<tensor<64x64xf32>> -> tensor<64x64xf32>
      %a = tile.load %m[%i, %c0] ring("a") stages(2) : memref<?x64xbf16> -> tensor<64x64xbf16>
      %again = tile.mma_async %a, %b : tensor<64x64xbf16>, tensor<64x64xbf16> -> !tile.async<tensor<64x64xf32>>
      %t = tile.await %again in_flight(0) : !tile.async<tensor<64x64xf32>> -> tensor<64x64xf32>
    }
    scf.for %i = %c0 to %n step %c1 {
      %b = tile.load %m[%i, %c0] ring("b_1") stages(2) : memref<?x64xbf16> -> tensor<64x64xbf16>
      %w = tile.worker
      %row = arith.muli %w, %c64 : index
      %mine = tile.slice %q[%row] : tensor<128x64xbf16> -> tensor<64x64xbf16>
      %async = tile.mma_async %mine, %b : tensor<64x64xbf16>, tensor<64x64xbf16> -> !tile.async<tensor<64x64xf32>>
      %s = tile.await %async in_flight(0) : !tile.async<tensor<64x64xf32>> -> tensor<64x64xf32>
    }
    gpu.return
  }

  // A part that the loop chooses is not known before it.
  // CHECK-LABEL: gpu.func @left_of_iteration
  // CHECK-NOT: tile.move
  // CHECK: gpu.return
  gpu.func @left_of_iteration(%m: memref<?x64xbf16>, %n: index) kernel attributes {tile.schedule = #tile.schedule<workers = 1, left_in_registers = 1>} {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c1 = arith.constant 1 : index
    %c64 = arith.constant 64 : index
    %q = tile.load %m[%n, %c0] ring("q") stages(1) : memref<?x64xbf16> -> tensor<128x64xbf16>
    scf.for %i = %c0 to %c2 step %c1 {
      %b = tile.load %m[%i, %c0] ring("b") stages(2) : memref<?x64xbf16> -> tensor<64x64xbf16>
      %row = arith.muli %i, %c64 : index
      %part = tile.slice %q[%row] : tensor<128x64xbf16> -> tensor<64x64xbf16>
      %async = tile.mma_async %part, %b : tensor<64x64xbf16>, tensor<64x64xbf16> -> !tile.async<tensor<64x64xf32>>
      %s = tile.await %async in_flight(0) : !tile.async<tensor<64x64xf32>> -> tensor<64x64xf32>
    }
    gpu.return
  }

  // Where the rings leave no room for a whole tile in the staging buffer of each worker, it is
  // stored in the widest parts for which there is: here for 2 x 64 x 128 elements.
  // CHECK-LABEL: gpu.func @parts
  // CHECK-SAME: %{{[^:]*}}: memref<?x64xbf16>, %{{[^:]*}}: memref<?x256xbf16>, %[[I:[^:]*]]: index
  // CHECK: %[[Y:.*]] = arith.truncf
  // CHECK: %[[LEFT:.*]] = tile.slice %[[Y]][%{{[^,]*}}, %c0{{.*}}] : tensor<64x256xbf16, {{.*}}> -> tensor<64x128xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 16 : (0, 8)]
  // CHECK: %[[STAGED:.*]] = tile.to_shared %[[LEFT]] : {{.*}} -> tensor<64x128xbf16, #tile.shared<swizzle = 128>>
  // CHECK: tile.store %[[STAGED]], %{{.*}}[%[[I]], %c0]
  // CHECK: %[[RIGHT:.*]] = tile.slice %[[Y]][%{{[^,]*}}, %c128{{.*}}]
  // CHECK: %[[STAGED:.*]] = tile.to_shared %[[RIGHT]]
  // CHECK: tile.store %[[STAGED]], %{{.*}}[%[[I]], %c128
  gpu.func @parts(%m: memref<?x64xbf16>, %n: memref<?x256xbf16>, %i: index) kernel attributes {tile.schedule = #tile.schedule<workers = 2>} {
    %c0 = arith.constant 0 : index
    %a = tile.load %m[%i, %c0] ring("a") stages(20) : memref<?x64xbf16> -> tensor<64x64xbf16>
    %b = tile.load %n[%i, %c0] ring("b") stages(1) : memref<?x256xbf16> -> tensor<64x256xbf16>
    %async = tile.mma_async %a, %b : tensor<64x64xbf16>, tensor<64x256xbf16> -> !tile.async<tensor<64x256xf32>>
    %s = tile.await %async in_flight(0) : !tile.async<tensor<64x256xf32>> -> tensor<64x256xf32>
    %y = arith.truncf %s : tensor<64x256xf32> to tensor<64x256xbf16>
    tile.store %y, %n[%i, %c0] : tensor<64x256xbf16>, memref<?x256xbf16>
    gpu.return
  }

  // Slices of slices are views of the same panels; those of columns keep their rows.
  // CHECK-LABEL: gpu.func @slices
  // CHECK: %[[B:.*]] = tile.load {{.*}} -> tensor<128x128xbf16, #tile.shared<swizzle = 128>>
  // CHECK: %[[LOWER:.*]] = tile.slice %[[B]]{{.*}} -> tensor<64x128xbf16, #tile.shared<swizzle = 128, rows = 128>>
  // CHECK: tile.slice %[[LOWER]]{{.*}} -> tensor<64x64xbf16, #tile.shared<swizzle = 128, rows = 128>>
  // CHECK: tile.slice %[[B]]{{.*}} -> tensor<128x64xbf16, #tile.shared<swizzle = 128>>
  gpu.func @slices(%m: memref<?x128xbf16>, %i: index) kernel {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %a = arith.constant dense<1.0> : tensor<64x64xbf16>
    %wide = arith.constant dense<1.0> : tensor<64x128xbf16>
    %b = tile.load %m[%i, %c0] ring("b") stages(1) : memref<?x128xbf16> -> tensor<128x128xbf16>
    %lower = tile.slice %b[%c64] : tensor<128x128xbf16> -> tensor<64x128xbf16>
    %corner = tile.slice %lower[%c0, %c64] : tensor<64x128xbf16> -> tensor<64x64xbf16>
    %right = tile.slice %b[%c0, %c64] : tensor<128x128xbf16> -> tensor<128x64xbf16>
    %x = tile.mma_async %a, %corner : tensor<64x64xbf16>, tensor<64x64xbf16> -> !tile.async<tensor<64x64xf32>>
    %y = tile.mma_async %wide, %right, %x : tensor<64x128xbf16>, tensor<128x64xbf16>, !tile.async<tensor<64x64xf32>> -> !tile.async<tensor<64x64xf32>>
    %s = tile.await %y in_flight(0) : !tile.async<tensor<64x64xf32>> -> tensor<64x64xf32>
    gpu.return
  }

  // A computed left operand stays in registers, in the layout of an accumulator of its shape.
  // CHECK-LABEL: gpu.func @left_operand
  // CHECK: tile.mma_async {{.*}} : tensor<64x32xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 4 : (0, 8)]{{.*}}>>, tensor<32x64xbf16, #tile.shared<swizzle = 128>> ->
  gpu.func @left_operand(%m: memref<?x64xbf16>, %i: index) kernel {
    %one = arith.constant dense<1.0> : tensor<64x32xbf16>
    %b = tile.load %m[%i, %i] ring("b") stages(1) : memref<?x64xbf16> -> tensor<32x64xbf16>
    %async = tile.mma_async %one, %b : tensor<64x32xbf16>, tensor<32x64xbf16> -> !tile.async<tensor<64x64xf32>>
    %s = tile.await %async in_flight(0) : !tile.async<tensor<64x64xf32>> -> tensor<64x64xf32>
    gpu.return
  }

  // A loaded tile that elementwise ops use is moved to registers before the first of them, in the layout of what they make.
  // CHECK-LABEL: gpu.func @loaded_addend
  // CHECK: %[[T:.*]] = tile.load {{.*}} ring("t") stages(1) : {{.*}} -> tensor<64x64xbf16, #tile.shared<swizzle = 128>>
  // CHECK: tile.await
  // CHECK: %[[MOVED:.*]] = tile.move %[[T]] : tensor<64x64xbf16, #tile.shared<swizzle = 128>> -> tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1)
  // CHECK: arith.extf %[[MOVED]] :
  gpu.func @loaded_addend(%m: memref<?x64xbf16>, %i: index) kernel {
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xbf16> -> tensor<64x64xbf16>
    %t = tile.load %m[%i, %i] ring("t") stages(1) : memref<?x64xbf16> -> tensor<64x64xbf16>
    %async = tile.mma_async %a, %a transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> !tile.async<tensor<64x64xf32>>
    %s = tile.await %async in_flight(0) : !tile.async<tensor<64x64xf32>> -> tensor<64x64xf32>
    %wide = arith.extf %t : tensor<64x64xbf16> to tensor<64x64xf32>
    %sum = arith.addf %s, %wide : tensor<64x64xf32>
    gpu.return
  }

  // Rows that are gathered lie as those of the tile for which they are.
  // CHECK-LABEL: gpu.func @gathered
  // CHECK: %[[ROWS:.*]] = tile.gather {{.*}} -> tensor<64xi32, #tile.fragment<registers = [2 : (8)]
  // CHECK: tile.gather %{{.*}}[%[[ROWS]], %{{.*}}] steps [0, 1] : {{.*}} -> tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1)
  gpu.func @gathered(%m: memref<?x64xbf16>, %ids: memref<?xi32>, %t: memref<?x?xf32>, %i: index, %n: i32) kernel {
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xbf16> -> tensor<64x64xbf16>
    %async = tile.mma_async %a, %a transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> !tile.async<tensor<64x64xf32>>
    %s = tile.await %async in_flight(0) : !tile.async<tensor<64x64xf32>> -> tensor<64x64xf32>
    %row = tile.iota 0 : tensor<64xi32>
    %rows = tile.gather %ids[%row] steps [0] : memref<?xi32>, tensor<64xi32> -> tensor<64xi32>
    %x = tile.gather %t[%rows, %n] steps [0, 1] : memref<?x?xf32>, tensor<64xi32>, i32 -> tensor<64x64xf32>
    %sum = arith.addf %s, %x : tensor<64x64xf32>
    gpu.return
  }

  // Layouts follow tiles around loops, to the constants they start from.
  // CHECK-LABEL: gpu.func @carried
  // CHECK: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : tensor<64x64xf32, #tile.fragment<
  // CHECK: scf.for {{.*}} iter_args(%{{.*}} = %[[ZERO]]) -> (tensor<64x64xf32, #tile.fragment<
  gpu.func @carried(%m: memref<?x64xbf16>, %n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : tensor<64x64xf32>
    %a = tile.load %m[%c0, %c0] ring("a") stages(1) : memref<?x64xbf16> -> tensor<64x64xbf16>
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (tensor<64x64xf32>) {
      %b = tile.load %m[%i, %c0] ring("b") stages(2) : memref<?x64xbf16> -> tensor<64x64xbf16>
      %async = tile.mma_async %a, %b, %acc : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> !tile.async<tensor<64x64xf32>>
      %s = tile.await %async in_flight(0) : !tile.async<tensor<64x64xf32>> -> tensor<64x64xf32>
      scf.yield %s : tensor<64x64xf32>
    }
    gpu.return
  }

  // One of 8 bits is moved there from the layout of an accumulator, in which it was rounded. A row of 64 bytes has
  // the swizzle of 64.
  // CHECK-LABEL: gpu.func @byte_operand
  // CHECK: %[[A:.*]] = tile.load {{.*}} -> tensor<64x64xf8E4M3FN, #tile.shared<swizzle = 64>>
  // CHECK: %[[P:.*]] = arith.truncf %{{.*}} to tensor<64x64xf8E4M3FN, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
  // CHECK: %[[LEFT:.*]] = tile.relayout %[[P]] : {{.*}} -> tensor<64x64xf8E4M3FN, #tile.fragment<registers = [2 : (0, 1), 2 : (0, 2), 2 : (8, 0), 2 : (0, 16), 2 : (0, 32)], lanes = [4 : (0, 4), 8 : (1, 0)], warps = [4 : (16, 0)]>>
  // CHECK: tile.mma_async %[[LEFT]], %[[A]] transpose_b
  gpu.func @byte_operand(%m: memref<?x64xf8E4M3FN>, %i: index) kernel {
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xf8E4M3FN> -> tensor<64x64xf8E4M3FN>
    %async = tile.mma_async %a, %a transpose_b : tensor<64x64xf8E4M3FN>, tensor<64x64xf8E4M3FN> -> !tile.async<tensor<64x64xf32>>
    %s = tile.await %async in_flight(0) : !tile.async<tensor<64x64xf32>> -> tensor<64x64xf32>
    %p = arith.truncf %s : tensor<64x64xf32> to tensor<64x64xf8E4M3FN>
    %next = tile.mma_async %p, %a transpose_b : tensor<64x64xf8E4M3FN>, tensor<64x64xf8E4M3FN> -> !tile.async<tensor<64x64xf32>>
    %o = tile.await %next in_flight(0) : !tile.async<tensor<64x64xf32>> -> tensor<64x64xf32>
    gpu.return
  }

  // Panels are as narrow as a part that an MMA reads.
  // CHECK-LABEL: gpu.func @part_of_a_panel
  // CHECK: tile.load {{.*}} -> tensor<64x64xbf16, #tile.shared<swizzle = 64>>
  // CHECK: tile.slice {{.*}} -> tensor<64x32xbf16, #tile.shared<swizzle = 64>>
  gpu.func @part_of_a_panel(%m: memref<?x64xbf16>, %i: index) kernel {
    %x = arith.constant dense<1.0> : tensor<64x64xbf16>
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xbf16> -> tensor<64x64xbf16>
    %b = tile.slice %a[%i, %i] : tensor<64x64xbf16> -> tensor<64x32xbf16>
    %s = tile.mma_async %x, %b : tensor<64x64xbf16>, tensor<64x32xbf16> -> !tile.async<tensor<64x32xf32>>
    gpu.return
  }

  // A tile that was transposed has its columns interleaved, as accumulators do: the left operand stays in its lanes.
  // CHECK-LABEL: gpu.func @transposed
  // CHECK: %[[T:.*]] = tile.transpose %{{.*}} ring("t") stages(2) : {{.*}} -> tensor<64x32xf8E4M3FN, #tile.shared<interleaved = true, swizzle = 32>>
  // CHECK: %[[LEFT:.*]] = tile.relayout {{.*}} -> tensor<64x32xf8E4M3FN, #tile.fragment<registers = [2 : (0, 1), 2 : (0, 8), 2 : (8, 0), 2 : (0, 16), 1 : (0, 32)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
  // CHECK: tile.mma_async %[[LEFT]], %[[T]] transpose_b
  gpu.func @transposed(%m: memref<?x64xf8E4M3FN>, %i: index) kernel {
    %k = tile.load %m[%i, %i] ring("k") stages(1) : memref<?x64xf8E4M3FN> -> tensor<64x64xf8E4M3FN>
    %b = tile.load %m[%i, %i] ring("b") stages(1) : memref<?x64xf8E4M3FN> -> tensor<32x64xf8E4M3FN>
    %async = tile.mma_async %k, %b transpose_b : tensor<64x64xf8E4M3FN>, tensor<32x64xf8E4M3FN> -> !tile.async<tensor<64x32xf32>>
    %s = tile.await %async in_flight(0) : !tile.async<tensor<64x32xf32>> -> tensor<64x32xf32>
    %p = arith.truncf %s : tensor<64x32xf32> to tensor<64x32xf8E4M3FN>
    %t = tile.transpose %b ring("t") stages(2) : tensor<32x64xf8E4M3FN> -> tensor<64x32xf8E4M3FN>
    %next = tile.mma_async %p, %t transpose_b : tensor<64x32xf8E4M3FN>, tensor<64x32xf8E4M3FN> -> !tile.async<tensor<64x64xf32>>
    %o = tile.await %next in_flight(0) : !tile.async<tensor<64x64xf32>> -> tensor<64x64xf32>
    gpu.return
  }
}
