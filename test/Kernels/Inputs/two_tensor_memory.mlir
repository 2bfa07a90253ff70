// Two kernels of one module: each reserves its own columns of tensor memory.
func.func @first(%q: tensor<1x1x130x64xbf16>, %k: tensor<1x1x200x64xbf16>, %v: tensor<1x1x200x64xbf16>)
    -> tensor<1x1x130x64xbf16> {
  %o = attn.forward %q, %k, %v
      : tensor<1x1x130x64xbf16>, tensor<1x1x200x64xbf16>, tensor<1x1x200x64xbf16> -> tensor<1x1x130x64xbf16>
  return %o : tensor<1x1x130x64xbf16>
}

func.func @second(%q: tensor<1x1x300x128xf16>, %k: tensor<1x1x100x128xf16>, %v: tensor<1x1x100x128xf16>)
    -> tensor<1x1x300x128xf16> {
  %o = attn.forward %q, %k, %v mask(causal)
      : tensor<1x1x300x128xf16>, tensor<1x1x100x128xf16>, tensor<1x1x100x128xf16> -> tensor<1x1x300x128xf16>
  return %o : tensor<1x1x300x128xf16>
}
