func.func @attention(%q: tensor<1x8x1024x64xbf16>, %k: tensor<1x8x1024x64xbf16>, %v: tensor<1x8x1024x64xbf16>)
    -> tensor<1x8x1024x64xbf16> {
  %o = attn.forward %q, %k, %v schedule <rows = 128, columns = 64, persistent = 0, overlap = 0, ping_pong = 0>
      : tensor<1x8x1024x64xbf16>, tensor<1x8x1024x64xbf16>, tensor<1x8x1024x64xbf16> -> tensor<1x8x1024x64xbf16>
  return %o : tensor<1x8x1024x64xbf16>
}
