func.func @attention(%q: tensor<1x1x200x64xf16>, %k: tensor<1x1x200x64xf16>, %v: tensor<1x1x200x64xf16>)
    -> tensor<1x1x200x64xf16> {
  %o = attn.forward %q, %k, %v mask(causal) schedule <workers = 1, columns = 64, persistent = 1>
      : tensor<1x1x200x64xf16>, tensor<1x1x200x64xf16>, tensor<1x1x200x64xf16> -> tensor<1x1x200x64xf16>
  return %o : tensor<1x1x200x64xf16>
}
