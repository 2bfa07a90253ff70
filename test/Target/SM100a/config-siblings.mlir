// Where the special function unit is twice as fast, or nobody has said how fast it is, no exponential is a polynomial.
// RUN: girih-opt %s --attn-schedule=target=sm_100f | FileCheck %s --check-prefix=SOME
// RUN: girih-opt %s --attn-schedule=target=sm_103a | FileCheck %s --check-prefix=NONE
// RUN: girih-opt %s --attn-schedule=target=sm_110a | FileCheck %s --check-prefix=NONE
// SOME: exp2_polynomial = 4,
// NONE: exp2_polynomial = 0,
func.func @wide(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  %o = attn.forward %q, %q, %q
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}
