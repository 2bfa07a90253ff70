// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-partition,canonicalize,cse)))' --split-input-file --allow-unregistered-dialect | FileCheck %s

#two = #tile.schedule<workers = 2>

gpu.module @m {
  // The left operand is loaded whole and sliced; the right one is read whole by
  // both workers; results and whatever is computed from them have half the rows.
  // CHECK-LABEL: gpu.func @mma
  // CHECK-DAG: %[[ROWS:.*]] = arith.constant 64 : index
  // CHECK: %[[A:.*]] = tile.load {{.*}} -> tensor<128x32xbf16>
  // CHECK: %[[B:.*]] = tile.load {{.*}} -> tensor<32x96xbf16>
  // CHECK: %[[W:.*]] = tile.worker
  // CHECK: %[[OFFSET:.*]] = arith.muli %[[W]], %[[ROWS]]
  // CHECK: %[[MINE:.*]] = tile.slice %[[A]][%[[OFFSET]]] : tensor<128x32xbf16> -> tensor<64x32xbf16>
  // CHECK: %[[S:.*]] = tile.mma %[[MINE]], %[[B]] : tensor<64x32xbf16>, tensor<32x96xbf16> -> tensor<64x96xf32>
  // CHECK: %[[E:.*]] = math.exp2 %[[S]] : tensor<64x96xf32>
  // CHECK: tile.reduce max %[[E]] : tensor<64x96xf32> -> tensor<64xf32>
  gpu.func @mma(%a: memref<?x32xbf16>, %b: memref<32x96xbf16>, %i: index, %c0: index) kernel attributes {tile.schedule = #two} {
    %ta = tile.load %a[%i, %c0] : memref<?x32xbf16> -> tensor<128x32xbf16>
    %tb = tile.load %b[%c0, %c0] : memref<32x96xbf16> -> tensor<32x96xbf16>
    %s = tile.mma %ta, %tb : tensor<128x32xbf16>, tensor<32x96xbf16> -> tensor<128x96xf32>
    %e = math.exp2 %s : tensor<128x96xf32>
    %r = tile.reduce max %e : tensor<128x96xf32> -> tensor<128xf32>
    "use"(%r) : (tensor<128xf32>) -> ()
    gpu.return
  }

  // Of the rows that CTAs combine, those of the workers before are not this one's.
  // CHECK-LABEL: gpu.func @combined
  // CHECK: %[[OFFSET:.*]] = arith.muli %{{.*}}, %{{.*}} : index
  // CHECK: %[[ROWS:.*]] = arith.subi %arg3, %[[OFFSET]] : index
  // CHECK: tile.cluster_reduce add %{{.*}} leader rows(%[[ROWS]]) : tensor<64x96xf32>
  gpu.func @combined(%a: memref<?x32xbf16>, %b: memref<32x96xbf16>, %i: index, %n: index, %c0: index) kernel attributes {tile.schedule = #two, known_cluster_size = array<i32: 4, 1, 1>} {
    %ta = tile.load %a[%i, %c0] : memref<?x32xbf16> -> tensor<128x32xbf16>
    %tb = tile.load %b[%c0, %c0] : memref<32x96xbf16> -> tensor<32x96xbf16>
    %s = tile.mma %ta, %tb : tensor<128x32xbf16>, tensor<32x96xbf16> -> tensor<128x96xf32>
    %r = tile.cluster_reduce add %s leader rows(%n) : tensor<128x96xf32>
    "use"(%r) : (tensor<128x96xf32>) -> ()
    gpu.return
  }
}

// -----

#two = #tile.schedule<workers = 2>

gpu.module @m {
  // Of a loaded tile that is added to a result, each worker has its rows; of rows that are gathered too.
  // CHECK-LABEL: gpu.func @addends
  // CHECK: %[[T:.*]] = tile.load {{.*}} -> tensor<128x96xf32>
  // CHECK: %[[MINE:.*]] = tile.slice %[[T]][%{{.*}}] : tensor<128x96xf32> -> tensor<64x96xf32>
  // CHECK: arith.addf %{{.*}}, %[[MINE]] : tensor<64x96xf32>
  // CHECK: tile.gather %{{.*}}[%{{.*}}, %{{.*}}] steps [0, 1] : memref<?x96xf32>, tensor<64xi32>, i32 -> tensor<64x96xf32>
  gpu.func @addends(%a: memref<?x32xbf16>, %b: memref<32x96xbf16>, %t: memref<?x96xf32>, %i: index, %n: i32, %c0: index) kernel attributes {tile.schedule = #two} {
    %ta = tile.load %a[%i, %c0] : memref<?x32xbf16> -> tensor<128x32xbf16>
    %tb = tile.load %b[%c0, %c0] : memref<32x96xbf16> -> tensor<32x96xbf16>
    %tt = tile.load %t[%i, %c0] : memref<?x96xf32> -> tensor<128x96xf32>
    %s = tile.mma %ta, %tb : tensor<128x32xbf16>, tensor<32x96xbf16> -> tensor<128x96xf32>
    %sum = arith.addf %s, %tt : tensor<128x96xf32>
    %rows = tile.iota 0 : tensor<128xi32>
    %x = tile.gather %t[%rows, %n] steps [0, 1] : memref<?x96xf32>, tensor<128xi32>, i32 -> tensor<128x96xf32>
    %all = arith.addf %sum, %x : tensor<128x96xf32>
    "use"(%all) : (tensor<128x96xf32>) -> ()
    gpu.return
  }
}

// -----

#two = #tile.schedule<workers = 2>

gpu.module @m {
  // Row numbers start at the worker's first row, column numbers do not change; a
  // store goes to the worker's rows.
  // CHECK-LABEL: gpu.func @indices
  // CHECK-SAME: %[[O:[^:]*]]: memref<?x?xi32>, %[[ROW:[^:]*]]: index
  // CHECK-DAG: %[[OFFSET:.*]] = arith.muli %{{.*}}, %{{.*}} : index
  // CHECK: %[[ROWS:.*]] = tile.iota 0 : tensor<64xi32>
  // CHECK: %[[FIRST:.*]] = arith.index_cast %[[OFFSET]] : index to i32
  // CHECK: %[[SPLAT:.*]] = tile.splat %[[FIRST]] : i32 -> tensor<64xi32>
  // CHECK: %[[NUMBER:.*]] = arith.addi %[[ROWS]], %[[SPLAT]] : tensor<64xi32>
  // CHECK: tile.broadcast %[[NUMBER]] : tensor<64xi32> -> tensor<64x96xi32>
  // CHECK: %[[COLUMNS:.*]] = tile.iota 1 : tensor<64x96xi32>
  // CHECK-NOT: arith.addi %[[COLUMNS]]
  // CHECK: %[[AT:.*]] = arith.addi %[[ROW]], %[[OFFSET]] : index
  // CHECK: tile.store %{{.*}}, %[[O]][%[[AT]], %{{.*}}] : tensor<64x96xi32>
  gpu.func @indices(%o: memref<?x?xi32>, %i: index, %c0: index, %a: memref<?x32xbf16>, %b: memref<32x96xbf16>) kernel attributes {tile.schedule = #two} {
    %ta = tile.load %a[%i, %c0] : memref<?x32xbf16> -> tensor<128x32xbf16>
    %tb = tile.load %b[%c0, %c0] : memref<32x96xbf16> -> tensor<32x96xbf16>
    %s = tile.mma %ta, %tb : tensor<128x32xbf16>, tensor<32x96xbf16> -> tensor<128x96xf32>
    %r = tile.iota 0 : tensor<128xi32>
    %rows = tile.broadcast %r : tensor<128xi32> -> tensor<128x96xi32>
    %columns = tile.iota 1 : tensor<128x96xi32>
    %seen = arith.cmpi slt, %columns, %rows : tensor<128x96xi32>
    %zero = arith.constant dense<0> : tensor<128x96xi32>
    %n = arith.fptosi %s : tensor<128x96xf32> to tensor<128x96xi32>
    %x = arith.select %seen, %n, %zero : tensor<128x96xi1>, tensor<128x96xi32>
    tile.store %x, %o[%i, %c0] : tensor<128x96xi32>, memref<?x?xi32>
    gpu.return
  }
}

// -----

#three = #tile.schedule<workers = 3>

gpu.module @m {
  // Through loops and choices, constants included; each use of a shared constant
  // is decided on its own, so that the MMA's right operand keeps its rows.
  // CHECK-LABEL: gpu.func @carried
  // CHECK: scf.for {{.*}} -> (tensor<64x32xf32>, tensor<64xf32>)
  // CHECK: scf.if {{.*}} -> (tensor<64x32xf32>)
  // CHECK: tile.mma {{.*}} : tensor<64x192xbf16>, tensor<192x32xbf16>, tensor<64x32xf32> -> tensor<64x32xf32>
  gpu.func @carried(%n: index, %c: i1, %b: memref<?x32xbf16>) kernel attributes {tile.schedule = #three} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : tensor<192x32xf32>
    %zeros = arith.constant dense<0.0> : tensor<192xf32>
    %one = arith.constant dense<1.0> : tensor<192x192xbf16>
    %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero, %m = %zeros) -> (tensor<192x32xf32>, tensor<192xf32>) {
      %tb = tile.load %b[%i, %c0] : memref<?x32xbf16> -> tensor<192x32xbf16>
      %x = scf.if %c -> (tensor<192x32xf32>) {
        %y = arith.addf %acc, %zero : tensor<192x32xf32>
        scf.yield %y : tensor<192x32xf32>
      } else {
        scf.yield %acc : tensor<192x32xf32>
      }
      %s = tile.mma %one, %tb, %x : tensor<192x192xbf16>, tensor<192x32xbf16>, tensor<192x32xf32> -> tensor<192x32xf32>
      %t = tile.reduce max %s : tensor<192x32xf32> -> tensor<192xf32>
      %u = arith.maxnumf %m, %t : tensor<192xf32>
      scf.yield %s, %u : tensor<192x32xf32>, tensor<192xf32>
    }
    "use"(%r#0, %r#1) : (tensor<192x32xf32>, tensor<192xf32>) -> ()
    gpu.return
  }
}

// -----

gpu.module @m {
  // One worker has every row.
  // CHECK-LABEL: gpu.func @one_worker
  // CHECK-NOT: tile.worker
  // CHECK: tile.mma {{.*}} -> tensor<64x96xf32>
  gpu.func @one_worker(%a: tensor<64x32xbf16>, %b: tensor<32x96xbf16>) kernel attributes {tile.schedule = #tile.schedule<workers = 1>} {
    %s = tile.mma %a, %b : tensor<64x32xbf16>, tensor<32x96xbf16> -> tensor<64x96xf32>
    "use"(%s) : (tensor<64x96xf32>) -> ()
    gpu.return
  }
}

// -----

#two = #tile.schedule<workers = 2>

gpu.module @m {
  // A part of a loaded tile is sliced as a whole one is: each worker has its own rows.
  // CHECK-LABEL: gpu.func @sliced_left_operand
  // CHECK: %[[A:.*]] = tile.load {{.*}} -> tensor<128x64xbf16>
  // CHECK: %[[PART:.*]] = tile.slice %[[A]][%{{.*}}, %{{.*}}] : tensor<128x64xbf16> -> tensor<128x32xbf16>
  // CHECK: %[[MINE:.*]] = tile.slice %[[PART]][%{{.*}}] : tensor<128x32xbf16> -> tensor<64x32xbf16>
  // CHECK: tile.mma %[[MINE]]
  gpu.func @sliced_left_operand(%a: memref<?x64xbf16>, %b: memref<32x96xbf16>, %i: index, %c0: index) kernel attributes {tile.schedule = #two} {
    %ta = tile.load %a[%i, %c0] : memref<?x64xbf16> -> tensor<128x64xbf16>
    %tb = tile.load %b[%c0, %c0] : memref<32x96xbf16> -> tensor<32x96xbf16>
    %part = tile.slice %ta[%c0, %i] : tensor<128x64xbf16> -> tensor<128x32xbf16>
    %s = tile.mma %part, %tb : tensor<128x32xbf16>, tensor<32x96xbf16> -> tensor<128x96xf32>
    "use"(%s) : (tensor<128x96xf32>) -> ()
    gpu.return
  }
}

// -----

#pair = #tile.schedule<cluster = 2, workers = 2>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  // CTAs that share a work item: each loads and computes its rows, of which each worker has some, and loads its
  // columns of the right operand, which the MMAs of both read.
  // CHECK-LABEL: gpu.func @pair
  // CHECK-SAME: known_cluster_size = array<i32: 2, 1, 1>
  // CHECK-DAG: %[[HALF:.*]] = arith.constant 256 : index
  // CHECK-DAG: %[[COLUMNS:.*]] = arith.constant 48 : index
  // CHECK-DAG: %[[ROWS:.*]] = arith.constant 128 : index
  // CHECK: %[[CTA:.*]] = gpu.cluster_block_id x
  // CHECK: %[[FIRST:.*]] = arith.muli %[[CTA]], %[[HALF]]
  // CHECK: %[[ROW:.*]] = arith.addi %[[I:.*]], %[[FIRST]]
  // CHECK: %[[A:.*]] = tile.load %{{.*}}[%[[ROW]], %{{.*}}] {{.*}} -> tensor<256x32xbf16>
  // CHECK: %[[SHIFT:.*]] = arith.muli %[[CTA]], %[[COLUMNS]]
  // CHECK: %[[COLUMN:.*]] = arith.addi %{{.*}}, %[[SHIFT]]
  // CHECK: %[[B:.*]] = tile.load %{{.*}}[%{{.*}}, %[[COLUMN]]] {{.*}} -> tensor<32x48xbf16>
  // CHECK: %[[W:.*]] = tile.worker
  // CHECK: %[[OFFSET:.*]] = arith.muli %[[W]], %[[ROWS]]
  // CHECK: %[[MINE:.*]] = tile.slice %[[A]][%[[OFFSET]]] : tensor<256x32xbf16> -> tensor<128x32xbf16>
  // CHECK: %[[S:.*]] = tile.mma %[[MINE]], %[[B]] pair : tensor<128x32xbf16>, tensor<32x48xbf16> -> tensor<128x96xf32>
  // The rows of a loaded addend are the CTA's, and its number counts in those of rows.
  // CHECK: tile.load %{{.*}}[%[[ROW]], %{{.*}}] {{.*}} -> tensor<256x96xf32>
  // CHECK: arith.addf %{{.*}}, %{{.*}} : tensor<128x96xf32>
  // CHECK: tile.iota 0 : tensor<128xi32>
  // CHECK: arith.index_cast %[[OFFSET]] : index to i32
  // CHECK: arith.index_cast %[[FIRST]] : index to i32
  // CHECK: %[[STORED:.*]] = arith.addi %[[ROW]], %[[OFFSET]]
  // CHECK: tile.store %{{.*}}, %{{.*}}[%[[STORED]], %{{.*}}] : tensor<128x96xf32>
  gpu.func @pair(%a: memref<?x32xbf16>, %b: memref<32x96xbf16>, %t: memref<?x96xf32>, %i: index, %c0: index) kernel attributes {tile.schedule = #pair} {
    %ta = tile.load %a[%i, %c0] : memref<?x32xbf16> -> tensor<512x32xbf16>
    %tb = tile.load %b[%c0, %c0] : memref<32x96xbf16> -> tensor<32x96xbf16>
    %s = tile.mma %ta, %tb : tensor<512x32xbf16>, tensor<32x96xbf16> -> tensor<512x96xf32>
    %tt = tile.load %t[%i, %c0] : memref<?x96xf32> -> tensor<512x96xf32>
    %sum = arith.addf %s, %tt : tensor<512x96xf32>
    %rows = tile.iota 0 : tensor<512xi32>
    %r = tile.reduce max %s : tensor<512x96xf32> -> tensor<512xf32>
    %numbers = arith.sitofp %rows : tensor<512xi32> to tensor<512xf32>
    %numbered = arith.addf %r, %numbers : tensor<512xf32>
    "use"(%numbered) : (tensor<512xf32>) -> ()
    tile.store %sum, %t[%i, %c0] : tensor<512x96xf32>, memref<?x96xf32>
    gpu.return
  }

  // Rows of a transposed operand are columns of the result. One worker: nothing else is left to split.
  // CHECK-LABEL: gpu.func @pair_transposed
  // CHECK-SAME: known_cluster_size = array<i32: 2, 1, 1>
  // CHECK: tile.load {{.*}} -> tensor<128x32xbf16>
  // CHECK: tile.load {{.*}} -> tensor<48x32xbf16>
  // CHECK: tile.mma %{{.*}}, %{{.*}} transpose_b pair : tensor<128x32xbf16>, tensor<48x32xbf16> -> tensor<128x96xf32>
  gpu.func @pair_transposed(%a: memref<?x32xbf16>, %b: memref<96x32xbf16>, %i: index, %c0: index) kernel attributes {tile.schedule = #tile.schedule<cluster = 2>} {
    %ta = tile.load %a[%i, %c0] : memref<?x32xbf16> -> tensor<256x32xbf16>
    %tb = tile.load %b[%c0, %c0] : memref<96x32xbf16> -> tensor<96x32xbf16>
    %s = tile.mma %ta, %tb transpose_b : tensor<256x32xbf16>, tensor<96x32xbf16> -> tensor<256x96xf32>
    "use"(%s) : (tensor<256x96xf32>) -> ()
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // Without MMAs of two CTAs each needs all of a right operand, and of what is transposed to be one: it is loaded for both.
  // CHECK-LABEL: gpu.func @multicast
  // CHECK-SAME: known_cluster_size = array<i32: 2, 1, 1>
  // CHECK: %[[CTA:.*]] = gpu.cluster_block_id x
  // CHECK: %[[FIRST:.*]] = arith.muli %[[CTA]], %{{.*}}
  // CHECK: %[[ROW:.*]] = arith.addi %{{.*}}, %[[FIRST]]
  // CHECK: tile.load %arg0[%[[ROW]], %{{[^ ]*}}] : {{.*}} -> tensor<64x32xbf16>
  // CHECK: tile.load %arg1[%arg3, %arg3] multicast : {{.*}} -> tensor<96x32xbf16>
  // CHECK: tile.mma %{{.*}}, %{{.*}} transpose_b : tensor<64x32xbf16>, tensor<96x32xbf16> -> tensor<64x96xf32>
  // CHECK: tile.load %arg2[%arg3, %arg3] multicast : {{.*}} -> tensor<96x32xf8E4M3FN>
  gpu.func @multicast(%a: memref<?x32xbf16>, %b: memref<96x32xbf16>, %v: memref<96x32xf8E4M3FN>, %c0: index) kernel attributes {tile.schedule = #tile.schedule<cluster = 2>} {
    %ta = tile.load %a[%c0, %c0] : memref<?x32xbf16> -> tensor<128x32xbf16>
    %tb = tile.load %b[%c0, %c0] : memref<96x32xbf16> -> tensor<96x32xbf16>
    %s = tile.mma %ta, %tb transpose_b : tensor<128x32xbf16>, tensor<96x32xbf16> -> tensor<128x96xf32>
    %tv = tile.load %v[%c0, %c0] : memref<96x32xf8E4M3FN> -> tensor<96x32xf8E4M3FN>
    %inner = tile.transpose %tv : tensor<96x32xf8E4M3FN> -> tensor<32x96xf8E4M3FN>
    %p = arith.truncf %s : tensor<128x96xf32> to tensor<128x96xf8E4M3FN>
    %o = tile.mma %p, %inner transpose_b : tensor<128x96xf8E4M3FN>, tensor<32x96xf8E4M3FN> -> tensor<128x32xf32>
    "use"(%o) : (tensor<128x32xf32>) -> ()
    gpu.return
  }
}

// -----

#two = #tile.schedule<workers = 2>

gpu.module @m {
  // Of the scales of the left operand each worker has those of its rows, of the right one all.
  // CHECK-LABEL: gpu.func @scales
  // CHECK: %[[SA:.*]] = tile.load %arg2{{.*}} -> tensor<64x16xf8E8M0FNU>
  // CHECK: %[[SB:.*]] = tile.load %arg3{{.*}} -> tensor<32x16xf8E8M0FNU>
  // CHECK: %[[MINE:.*]] = tile.slice %[[SA]][%{{.*}}] : tensor<64x16xf8E8M0FNU> -> tensor<32x16xf8E8M0FNU>
  // CHECK: tile.mma %{{.*}}, %{{.*}} scales(%[[MINE]], %[[SB]] : tensor<32x16xf8E8M0FNU>, tensor<32x16xf8E8M0FNU>) transpose_b : tensor<128x128xf8E4M3FN>, tensor<64x128xf8E4M3FN> -> tensor<128x64xf32>
  gpu.func @scales(%a: memref<?x128xf8E4M3FN>, %b: memref<?x128xf8E4M3FN>, %s: memref<?x16xf8E8M0FNU>, %t: memref<?x16xf8E8M0FNU>, %c0: index) kernel attributes {tile.schedule = #two} {
    %ta = tile.load %a[%c0, %c0] : memref<?x128xf8E4M3FN> -> tensor<256x128xf8E4M3FN>
    %tb = tile.load %b[%c0, %c0] : memref<?x128xf8E4M3FN> -> tensor<64x128xf8E4M3FN>
    %sa = tile.load %s[%c0, %c0] : memref<?x16xf8E8M0FNU> -> tensor<64x16xf8E8M0FNU>
    %sb = tile.load %t[%c0, %c0] : memref<?x16xf8E8M0FNU> -> tensor<32x16xf8E8M0FNU>
    %r = tile.mma %ta, %tb scales(%sa, %sb : tensor<64x16xf8E8M0FNU>, tensor<32x16xf8E8M0FNU>) transpose_b : tensor<256x128xf8E4M3FN>, tensor<64x128xf8E4M3FN> -> tensor<256x64xf32>
    "use"(%r) : (tensor<256x64xf32>) -> ()
    gpu.return
  }
}
