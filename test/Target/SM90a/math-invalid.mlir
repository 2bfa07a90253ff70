// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm))' --split-input-file --verify-diagnostics --allow-unregistered-dialect

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @unknown() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> tensor<64x8xf32, #acc>
      // expected-error@+1 {{'math.tan' op has no code on sm_90a; there are divf, absf, ceil, copysign, erf, exp, exp2, expm1, floor, fma, isfinite, isinf, isnan, isnormal, log, log1p, log2, round, roundeven, rsqrt, sqrt, tanh, trunc, and with fastmath<afn> also cos, log10, sin}}
      %y = math.tan %x : tensor<64x8xf32, #acc>
    }
    gpu.return
  }
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @no_exact_form() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> tensor<64x8xf32, #acc>
      // expected-error@+1 {{'math.sin' op has no exact form on sm_90a; with fastmath<afn> it is approximated}}
      %y = math.sin %x fastmath<contract> : tensor<64x8xf32, #acc>
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @scalar() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> f64
      // expected-error@+1 {{'math.exp' op of 'f64' has no code on sm_90a; of f32, f16 and bf16 it has}}
      %y = math.exp %x : f64
    }
    gpu.return
  }
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @rounding() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> tensor<64x8xf32, #acc>
      // expected-error@+1 {{'arith.truncf' op from 'f32' to 'bf16' cannot round upward on sm_90a; it can round to_nearest_even, and from f32 to f16 and bf16 toward_zero}}
      %y = arith.truncf %x upward : tensor<64x8xf32, #acc> to tensor<64x8xbf16, #acc>
    }
    gpu.return
  }
}
