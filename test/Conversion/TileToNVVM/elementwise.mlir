// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm,canonicalize,cse))' --allow-unregistered-dialect | FileCheck %s

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
#row = #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>
!f32 = tensor<64x8xf32, #acc>
!i32 = tensor<64x8xi32, #acc>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // A thread holds 4 of the 64 x 8 elements, and does each op 4 times.
  // CHECK-LABEL: llvm.func @each_element
  // CHECK: %[[X:.*]]:4 = builtin.unrealized_conversion_cast
  // CHECK-DAG: %[[S0:.*]] = arith.addf %[[X]]#0, %[[F:.*]] : f32
  // CHECK-DAG: %[[S3:.*]] = arith.addf %[[X]]#3, %[[F]] : f32
  // CHECK-DAG: %[[C0:.*]] = arith.cmpf olt, %[[S0]], %cst
  // CHECK-DAG: arith.select %[[C0]], %[[X]]#0, %[[S0]] : f32
  // CHECK-DAG: %[[C3:.*]] = arith.cmpf olt, %[[S3]], %cst
  // CHECK-DAG: arith.select %[[C3]], %[[X]]#3, %[[S3]] : f32
  gpu.func @each_element() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> !f32
      %f = "f"() : () -> f32
      %splat = tile.splat %f : f32 -> !f32
      %one = arith.constant dense<1.0> : !f32
      %s = arith.addf %x, %splat : !f32
      %c = arith.cmpf olt, %s, %one : !f32
      %y = arith.select %c, %x, %s : tensor<64x8xi1, #acc>, !f32
      "use"(%y) : (!f32) -> ()
    }
    gpu.return
  }

  // Element (row, column) of register r, lane l, warp w: the register's part is a constant.
  // CHECK-LABEL: llvm.func @iota
  // CHECK: %[[LANE:.*]] = arith.andi %{{.*}}, %c31_i32
  // CHECK: %[[L0:.*]] = arith.remui %[[LANE]], %c4_i32
  // CHECK: %[[COLUMN:.*]] = arith.muli %[[L0]], %c2_i32
  // CHECK: %[[COLUMN1:.*]] = arith.addi %[[COLUMN]], %c1_i32
  // CHECK: builtin.unrealized_conversion_cast %[[COLUMN]], %[[COLUMN1]], %[[COLUMN]], %[[COLUMN1]]
  // CHECK: %[[D:.*]] = arith.divui %[[LANE]], %c4_i32
  // CHECK: %[[L1:.*]] = arith.remui %[[D]], %c8_i32
  // CHECK: %[[W:.*]] = arith.muli %{{.*}}, %c16_i32
  // CHECK: %[[ROW:.*]] = arith.addi %[[L1]], %[[W]]
  // CHECK: %[[ROW8:.*]] = arith.addi %[[ROW]], %c8_i32
  // CHECK: builtin.unrealized_conversion_cast %[[ROW]], %[[ROW]], %[[ROW8]], %[[ROW8]]
  gpu.func @iota() kernel {
    tile.role "compute" warps(4) registers(240) {
      %column = tile.iota 1 : !i32
      "use"(%column) : (!i32) -> ()
      %row = tile.iota 0 : !i32
      "use"(%row) : (!i32) -> ()
    }
    gpu.return
  }

  // An index is compared with a limit of its row as a constant: the thread's offset goes
  // to the limit. A limit below 0 is as good as -1, and so nothing wraps around.
  // CHECK-LABEL: llvm.func @limit
  // CHECK: %[[LANE:.*]] = arith.andi %{{.*}}, %c31_i32
  // CHECK: %[[L:.*]]:2 = builtin.unrealized_conversion_cast
  // CHECK: %[[L0:.*]] = arith.remui %[[LANE]], %c4_i32
  // CHECK: %[[COLUMN:.*]] = arith.muli %[[L0]], %c2_i32
  // CHECK: %[[MAX:.*]] = arith.maxsi %[[L]]#0, %c-1_i32
  // CHECK: %[[LIMIT:.*]] = arith.subi %[[MAX]], %[[COLUMN]]
  // CHECK: %[[S0:.*]] = arith.cmpi sgt, %[[LIMIT]], %c0_i32
  // CHECK: %[[S1:.*]] = arith.cmpi sgt, %[[LIMIT]], %c1_i32
  // CHECK: %[[MAX8:.*]] = arith.maxsi %[[L]]#1, %c-1_i32
  // CHECK: %[[LIMIT8:.*]] = arith.subi %[[MAX8]], %[[COLUMN]]
  // CHECK: %[[S2:.*]] = arith.cmpi sgt, %[[LIMIT8]], %c0_i32
  // CHECK: %[[S3:.*]] = arith.cmpi sgt, %[[LIMIT8]], %c1_i32
  // CHECK: builtin.unrealized_conversion_cast %[[S0]], %[[S1]], %[[S2]], %[[S3]]
  gpu.func @limit() kernel {
    tile.role "compute" warps(4) registers(240) {
      %limit = "limit"() : () -> tensor<64xi32, #row>
      %limits = tile.broadcast %limit : tensor<64xi32, #row> -> !i32
      %column = tile.iota 1 : !i32
      %seen = arith.cmpi slt, %column, %limits : !i32
      "use"(%seen) : (tensor<64x8xi1, #acc>) -> ()
    }
    gpu.return
  }

  // Other comparisons of indices are elementwise: of unsigned numbers, and with a tile
  // that has another number in each column.
  // CHECK-LABEL: llvm.func @no_limit
  // CHECK-COUNT-4: arith.cmpi ult
  // CHECK-COUNT-4: arith.cmpi slt
  gpu.func @no_limit() kernel {
    tile.role "compute" warps(4) registers(240) {
      %limit = "limit"() : () -> tensor<64xi32, #row>
      %limits = tile.broadcast %limit : tensor<64xi32, #row> -> !i32
      %each = "each"() : () -> !i32
      %column = tile.iota 1 : !i32
      %below = arith.cmpi ult, %column, %limits : !i32
      "use"(%below) : (tensor<64x8xi1, #acc>) -> ()
      %less = arith.cmpi slt, %column, %each : !i32
      "use"(%less) : (tensor<64x8xi1, #acc>) -> ()
    }
    gpu.return
  }

  // An index as a float, in a sum or a multiply-add with numbers of the row: the thread's part goes to the row, once
  // for each, and the register's is a constant.
  // CHECK-LABEL: llvm.func @linear
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
  // CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
  // CHECK-DAG: %[[A:.*]]:2 = builtin.unrealized_conversion_cast
  // CHECK-DAG: %[[B:.*]]:2 = builtin.unrealized_conversion_cast
  // CHECK: %[[MINE:.*]] = arith.sitofp %{{.*}} : i32 to f32
  // CHECK-NOT: sitofp
  // CHECK: %[[ROW0:.*]] = arith.addf %[[MINE]], %[[A]]#0
  // CHECK: arith.addf %[[ROW0]], %[[ZERO]]
  // CHECK: arith.addf %[[ROW0]], %[[ONE]]
  // CHECK: %[[ROW1:.*]] = arith.addf %[[MINE]], %[[A]]#1
  // CHECK: arith.addf %[[ROW1]], %[[ZERO]]
  // CHECK: arith.addf %[[ROW1]], %[[ONE]]
  // CHECK: %[[FIRST:.*]] = math.fma %[[MINE]], %[[A]]#0, %[[B]]#0
  // CHECK: math.fma %[[ZERO]], %[[A]]#0, %[[FIRST]]
  // CHECK: math.fma %[[ONE]], %[[A]]#0, %[[FIRST]]
  gpu.func @linear() kernel {
    tile.role "compute" warps(4) registers(240) {
      %a = "a"() : () -> tensor<64xf32, #row>
      %b = "b"() : () -> tensor<64xf32, #row>
      %as = tile.broadcast %a : tensor<64xf32, #row> -> tensor<64x8xf32, #acc>
      %bs = tile.broadcast %b : tensor<64xf32, #row> -> tensor<64x8xf32, #acc>
      %column = tile.iota 1 : !i32
      %float = arith.sitofp %column : !i32 to tensor<64x8xf32, #acc>
      %sum = arith.addf %float, %as : tensor<64x8xf32, #acc>
      %line = math.fma %float, %as, %bs : tensor<64x8xf32, #acc>
      "use"(%sum, %line) : (tensor<64x8xf32, #acc>, tensor<64x8xf32, #acc>) -> ()
    }
    gpu.return
  }

  // 16-bit elements lie two to a register.
  // CHECK-LABEL: llvm.func @packed
  // CHECK: %[[X:.*]]:2 = builtin.unrealized_conversion_cast %{{.*}} : tensor<64x8xbf16, {{.*}}> to vector<2xbf16>, vector<2xbf16>
  // CHECK: %[[E:.*]] = vector.extract %[[X]]#1[1]
  // CHECK: %[[S:.*]] = arith.addf %[[E]], %[[E]] : bf16
  // CHECK: %[[R:.*]] = vector.from_elements %{{.*}}, %[[S]] : vector<2xbf16>
  // CHECK: builtin.unrealized_conversion_cast %{{.*}}, %[[R]] : vector<2xbf16>, vector<2xbf16> to tensor<64x8xbf16
  gpu.func @packed() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> tensor<64x8xbf16, #acc>
      %y = arith.addf %x, %x : tensor<64x8xbf16, #acc>
      "use"(%y) : (tensor<64x8xbf16, #acc>) -> ()
    }
    gpu.return
  }

  // Through loops and choices, register by register.
  // CHECK-LABEL: llvm.func @carried
  // CHECK: scf.for {{.*}} iter_args(%[[A:.*]] = %{{.*}}, %[[B:.*]] = %{{.*}}) -> (f32, f32)
  // CHECK: scf.if {{.*}} -> (f32, f32)
  gpu.func @carried(%n: index {tile.argument = {kind = "size", size = "n"}}) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> tensor<64xf32, #row>
      %c = "c"() : () -> i1
      %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> (tensor<64xf32, #row>) {
        %y = scf.if %c -> (tensor<64xf32, #row>) {
          %t = arith.addf %a, %x : tensor<64xf32, #row>
          scf.yield %t : tensor<64xf32, #row>
        } else {
          "other"() : () -> ()
          scf.yield %a : tensor<64xf32, #row>
        }
        scf.yield %y : tensor<64xf32, #row>
      }
      "use"(%r) : (tensor<64xf32, #row>) -> ()
    }
    gpu.return
  }
}
