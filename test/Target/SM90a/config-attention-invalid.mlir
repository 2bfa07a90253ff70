// RUN: girih-opt %s --attn-schedule=target=sm_90a --split-input-file --verify-diagnostics

func.func @head_size(%q: tensor<1x2x256x96xbf16>) -> tensor<1x2x256x96xbf16> {
  // expected-error@+1 {{head size 96 is not supported on sm_90a; 64 and 128 are}}
  %o = attn.forward %q, %q, %q
      : tensor<1x2x256x96xbf16>, tensor<1x2x256x96xbf16>, tensor<1x2x256x96xbf16> -> tensor<1x2x256x96xbf16>
  return %o : tensor<1x2x256x96xbf16>
}

// -----

func.func @columns(%q: tensor<1x2x256x64xbf16>) -> tensor<1x2x256x64xbf16> {
  // expected-error@+1 {{knob columns is 40, MMAs on sm_90a take multiples of 16 up to 256}}
  %o = attn.forward %q, %q, %q schedule <columns = 40>
      : tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16> -> tensor<1x2x256x64xbf16>
  return %o : tensor<1x2x256x64xbf16>
}

// -----

func.func @registers(%q: tensor<1x2x256x64xbf16>) -> tensor<1x2x256x64xbf16> {
  // expected-error@+1 {{knob compute_registers is 100, must be a multiple of 8}}
  %o = attn.forward %q, %q, %q schedule <compute_registers = 100>
      : tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16> -> tensor<1x2x256x64xbf16>
  return %o : tensor<1x2x256x64xbf16>
}
