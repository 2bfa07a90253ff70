// RUN: girih-opt %s --attn-schedule=target=sm_90a --split-input-file --verify-diagnostics

func.func @head_size(%q: tensor<1x2x256x96xbf16>) -> tensor<1x2x256x96xbf16> {
  // expected-error@+1 {{head size 96 is not supported on sm_90a; 64 and 128 are}}
  %o = attn.forward %q, %q, %q
      : tensor<1x2x256x96xbf16>, tensor<1x2x256x96xbf16>, tensor<1x2x256x96xbf16> -> tensor<1x2x256x96xbf16>
  return %o : tensor<1x2x256x96xbf16>
}
