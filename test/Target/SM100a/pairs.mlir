// Two f32 to an instruction: registers 2 i and 2 i + 1 of a tile.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm,canonicalize,cse))' --allow-unregistered-dialect | FileCheck %s

#rows = #tile.fragment<registers = [4 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
#odd = #tile.fragment<registers = [3 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
#wide = #tile.fragment<registers = [16 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
#row = #tile.fragment<registers = [], lanes = [32 : (1)], warps = [4 : (32)]>
!f32 = tensor<128x4xf32, #rows>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  // CHECK-LABEL: llvm.func @arithmetic
  // CHECK-DAG: %[[X:.*]]:4 = builtin.unrealized_conversion_cast %{{.*}} : tensor<128x4xf32
  // CHECK-DAG: %[[Y:.*]]:4 = builtin.unrealized_conversion_cast %{{.*}} : tensor<128x4xf32
  // CHECK-DAG: %[[X0:.*]] = vector.from_elements %[[X]]#0, %[[X]]#1 : vector<2xf32>
  // CHECK-DAG: %[[Y0:.*]] = vector.from_elements %[[Y]]#0, %[[Y]]#1 : vector<2xf32>
  // CHECK-DAG: %[[X1:.*]] = vector.from_elements %[[X]]#2, %[[X]]#3 : vector<2xf32>
  // CHECK-DAG: arith.addf %[[X0]], %[[Y0]] : vector<2xf32>
  // CHECK-DAG: arith.subf %[[X0]], %[[Y0]] : vector<2xf32>
  // CHECK-DAG: arith.mulf %[[X0]], %[[Y0]] : vector<2xf32>
  // CHECK-DAG: math.fma %[[X0]], %[[Y0]], %[[X0]] fastmath<nnan> : vector<2xf32>
  // CHECK: math.fma %[[X1]], %{{.*}}, %[[X1]] fastmath<nnan> : vector<2xf32>
  gpu.func @arithmetic() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> !f32
      %y = "y"() : () -> !f32
      %a = arith.addf %x, %y : !f32
      %s = arith.subf %x, %y : !f32
      %m = arith.mulf %x, %y : !f32
      %f = math.fma %x, %y, %x fastmath<nnan> : !f32
      "use"(%a, %s, %m, %f) : (!f32, !f32, !f32, !f32) -> ()
    }
    gpu.return
  }

  // What a row repeats is one number; the last of an odd number of registers is alone; other types are as ever.
  // CHECK-LABEL: llvm.func @scalars
  // CHECK: arith.mulf %{{.*}}, %{{.*}} : f32
  // CHECK-NOT: arith.mulf
  // CHECK: arith.addf %{{.*}}, %{{.*}} : vector<2xf32>
  // CHECK: arith.addf %{{.*}}, %{{.*}} : f32
  // CHECK-NOT: vector<2xf64>
  gpu.func @scalars() kernel {
    tile.role "compute" warps(4) registers(240) {
      %r = "r"() : () -> tensor<128xf32, #row>
      %x = "x"() : () -> tensor<128x3xf32, #odd>
      %d = "d"() : () -> tensor<128x4xf64, #rows>
      %b = tile.broadcast %r : tensor<128xf32, #row> -> !f32
      %m = arith.mulf %b, %b : !f32
      %a = arith.addf %x, %x : tensor<128x3xf32, #odd>
      %e = arith.addf %d, %d : tensor<128x4xf64, #rows>
      "use"(%m, %a, %e) : (!f32, tensor<128x3xf32, #odd>, tensor<128x4xf64, #rows>) -> ()
    }
    gpu.return
  }

  // A sum has a chain for the registers with even numbers and one for the others; a maximum is as ever.
  // CHECK-LABEL: llvm.func @sum
  // CHECK: %[[A:.*]] = vector.from_elements %[[X:.*]]#0, %[[X]]#1 : vector<2xf32>
  // CHECK: %[[B:.*]] = vector.from_elements %[[X]]#2, %[[X]]#3 : vector<2xf32>
  // CHECK: %[[S:.*]] = arith.addf %[[A]], %[[B]] : vector<2xf32>
  // CHECK: %[[EVEN:.*]] = vector.extract %[[S]][0]
  // CHECK: %[[ODD:.*]] = vector.extract %[[S]][1]
  // CHECK: arith.addf %[[EVEN]], %[[ODD]] : f32
  // CHECK-COUNT-3: arith.maxnumf %{{.*}} : f32
  gpu.func @sum() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> !f32
      %s = tile.reduce add %x : !f32 -> tensor<128xf32, #row>
      %m = tile.reduce max %x : !f32 -> tensor<128xf32, #row>
      "use"(%s, %m) : (tensor<128xf32, #row>, tensor<128xf32, #row>) -> ()
    }
    gpu.return
  }

  // Polynomials of neighbours go together; of an odd number, the first is alone.
  // CHECK-LABEL: llvm.func @polynomial
  // CHECK-COUNT-13: ex2.approx
  // CHECK: math.fma %{{.*}} : f32
  // CHECK: math.fma %{{.*}} : vector<2xf32>
  gpu.func @polynomial() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> tensor<128x16xf32, #wide>
      %e = math.exp2 %x fastmath<afn> {tile.exp2_polynomial = 3} : tensor<128x16xf32, #wide>
      "use"(%e) : (tensor<128x16xf32, #wide>) -> ()
    }
    gpu.return
  }
}
