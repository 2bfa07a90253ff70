// RUN: girih-opt %s --attn-schedule=target=sm_100a --verify-diagnostics

func.func @attention(%q: tensor<1x2x256x128xbf16>) -> tensor<1x2x256x128xbf16> {
  // expected-error@+1 {{attention has no schedule on sm_100a yet; kernels in the tile dialect are compiled}}
  %o = attn.forward %q, %q, %q
      : tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16>, tensor<1x2x256x128xbf16> -> tensor<1x2x256x128xbf16>
  return %o : tensor<1x2x256x128xbf16>
}
