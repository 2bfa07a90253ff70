// Attributes of arguments, and the recipes by which a loader makes them.
// RUN: girih-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{argument 0: tile.name stands on an argument of a gpu.func}}
func.func private @place(memref<?xbf16> {tile.name = "a"})

// -----

// expected-error@+1 {{result 0: tile.name is no attribute of a result}}
func.func private @result() -> (memref<?xbf16> {tile.name = "a"})

// -----

gpu.module @m {
  // expected-error@+1 {{argument 0: tile.nam is no attribute of an argument}}
  gpu.func @misspelt(%a: memref<?xbf16> {tile.nam = "a"}) kernel {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{argument 0: tile.name stands on a memref, not on 'index'}}
  gpu.func @scalar(%a: index {tile.name = "a"}) kernel {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{argument 0: tile.name is 1 : i64 when it should be text in UTF-8 that is not empty}}
  gpu.func @name(%a: memref<?xbf16> {tile.name = 1}) kernel {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{argument 1: tile.name is that of argument 0}}
  gpu.func @names(%a: memref<?xbf16> {tile.name = "a"}, %b: memref<?xbf16> {tile.name = "a"}) kernel {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{argument 0: tile.sizes[0] is 4 : i64 when it should be text in UTF-8 that is not empty}}
  gpu.func @sizes(%a: memref<?xbf16> {tile.name = "a", tile.sizes = [4]}) kernel {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{argument 0: tile.sizes has 2 names when the tensor has 1 dimensions}}
  gpu.func @sizes_rank(%a: memref<?xbf16> {tile.name = "a", tile.sizes = ["n", "d"]}) kernel {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{argument 0: tile.order needs tile.sizes}}
  gpu.func @order_alone(%a: memref<?xbf16> {tile.name = "a", tile.order = ["n"]}) kernel {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{argument 0: tile.order has the order ["d", "d"], which does not permute ["n", "d"]}}
  gpu.func @order(%a: memref<?x64xbf16> {tile.name = "a", tile.order = ["d", "d"], tile.sizes = ["n", "d"]}) kernel {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{argument 0: tile.argument is "size" when it should be a dictionary}}
  gpu.func @recipe(%n: index {tile.argument = "size"}) kernel {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{argument 0: tile.argument has no 'kind'}}
  gpu.func @recipe_kind(%p: !tile.pointer<f32> {tile.argument = {}}) kernel {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{argument 0: tile.argument.kind is "address" when it should be one of tensor_map, pointer, stride, size}}
  gpu.func @recipe_of_unknown_kind(%p: !tile.pointer<f32> {tile.argument = {kind = "address"}}) kernel {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{argument 0: tile.argument has no 'tensor'}}
  gpu.func @recipe_tensor(%p: !tile.pointer<f32> {tile.argument = {kind = "pointer"}}) kernel {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{argument 0: tile.argument makes a pointer, but the argument is 'index'}}
  gpu.func @recipe_type(%p: index {tile.argument = {kind = "pointer", tensor = "q"}}) kernel {
    gpu.return
  }
}

// -----

#q = {name = "q", access = "read", element = bf16, shape = array<i64: 4, 64>, strides = array<i64: 64, 1>, sizes = ["n", "d"], order = ["n", "d"]}
gpu.module @m {
  // expected-error@+1 {{argument 0: tile.argument names the tensor 'k', which is not there}}
  gpu.func @recipe_of_no_tensor(%p: !tile.pointer<f32> {tile.argument = {kind = "pointer", tensor = "k"}}) kernel attributes {tile.tensors = [#q]} {
    gpu.return
  }
}

// -----

#q = {name = "q", access = "read", element = bf16, shape = array<i64: 4, 64>, strides = array<i64: 64, 1>, sizes = ["n", "d"], order = ["n", "d"]}
gpu.module @m {
  // expected-error@+1 {{argument 0: tile.argument names a size 'm' that no tensor has}}
  gpu.func @recipe_of_no_size(%p: index {tile.argument = {kind = "size", size = "m"}}) kernel attributes {tile.tensors = [#q]} {
    gpu.return
  }
}

// -----

#q = {name = "q", access = "read", element = bf16, shape = array<i64: 4, 64>, strides = array<i64: 64, 1>, sizes = ["n", "d"], order = ["n", "d"]}
gpu.module @m {
  // expected-error@+1 {{argument 0: tile.argument has the dimension 2 of 'q', which has 2}}
  gpu.func @recipe_of_no_dimension(%p: i64 {tile.argument = {kind = "stride", tensor = "q", dim = 2}}) kernel attributes {tile.tensors = [#q]} {
    gpu.return
  }
}

// -----

!map = !tile.tensor_map<[64, 64] x bf16, swizzle = 128, panel = 64, folded = false>
gpu.module @m {
  // expected-error@+1 {{argument 0: tile.argument.modes has 0 elements when it should have 1 to 5}}
  gpu.func @modes(%m: !map {tile.argument = {kind = "tensor_map", tensor = "q", swizzle = 128, modes = []}}) kernel {
    gpu.return
  }
}

// -----

!map = !tile.tensor_map<[64, 64] x bf16, swizzle = 128, panel = 64, folded = false>
gpu.module @m {
  // expected-error@+1 {{argument 0: tile.argument.modes[0].box is 512 : i64 when it should be an integer from 1 to 256}}
  gpu.func @box(%m: !map {tile.argument = {kind = "tensor_map", tensor = "q", swizzle = 128, modes = [{dim = 1, box = 512}]}}) kernel {
    gpu.return
  }
}

// -----

!map = !tile.tensor_map<[64, 64] x bf16, swizzle = 128, panel = 64, folded = false>
gpu.module @m {
  // expected-error@+1 {{argument 0: tile.argument.swizzle is 96 : i64 when it should be 0, 32, 64 or 128}}
  gpu.func @swizzle(%m: !map {tile.argument = {kind = "tensor_map", tensor = "q", swizzle = 96, modes = [{dim = 1, box = 64}]}}) kernel {
    gpu.return
  }
}

// -----

!map = !tile.tensor_map<[64, 64] x bf16, swizzle = 128, panel = 64, folded = false>
gpu.module @m {
  // expected-error@+1 {{argument 0: tile.argument does not make '!tile.tensor_map<[64, 64] x bf16, swizzle = 128, panel = 64, folded = false>'}}
  gpu.func @other_boxes(%m: !map {tile.argument = {kind = "tensor_map", tensor = "q", swizzle = 128, modes = [{dim = 1, box = 64}, {dim = 0, box = 32}]}}) kernel {
    gpu.return
  }
}

// -----

// expected-error@+1 {{tile.arguments has 1 recipes when the function has 0 arguments}}
llvm.func @arguments() attributes {tile.arguments = [{kind = "size", size = "n"}]}

// -----

// expected-error@+1 {{tile.arguments[0] names the tensor 'q', which is not there}}
llvm.func @arguments_of_no_tensor(i64) attributes {tile.tensors = [], tile.arguments = [{kind = "pointer", tensor = "q"}]}

// -----

!map = !tile.tensor_map<[1, 1, 64, 64] x bf16, swizzle = 128, panel = 64, folded = false>
gpu.module @m {
  // expected-error@+1 {{argument 0: tile.argument does not make '!tile.tensor_map<[1, 1, 64, 64] x bf16, swizzle = 128, panel = 64, folded = false>'}}
  gpu.func @fewer_modes(%m: !map {tile.argument = {kind = "tensor_map", tensor = "q", swizzle = 128, modes = [{dim = 1, box = 64}, {dim = 0, box = 64}, {bytes = 16, extent = 8, box = 1}]}}) kernel {
    gpu.return
  }
}

// -----

!map = !tile.tensor_map<[1, 64, 64] x bf16, swizzle = 128, panel = 64, folded = false>
gpu.module @m {
  // expected-error@+1 {{argument 1: tile.argument does not make '!tile.tensor_map<[1, 64, 64] x bf16, swizzle = 128, panel = 64, folded = false>'}}
  gpu.func @rows_of_other_dimension(%q: memref<4x?x64xbf16, strided<[?, ?, 1]>> {tile.name = "q", tile.sizes = ["b", "n", "d"]}, %m: !map {tile.argument = {kind = "tensor_map", tensor = "q", swizzle = 128, modes = [{dim = 2, box = 64}, {dim = 0, box = 64}, {bytes = 16, extent = 8, box = 1}]}}) kernel {
    gpu.return
  }
}

// -----

!map = !tile.tensor_map<[64] x bf16, swizzle = 128, panel = 64, folded = false>
gpu.module @m {
  // expected-error@+1 {{argument 0: tile.argument.modes[0].dim is 5 : i64 when it should be an integer from 0 to 4}}
  gpu.func @mode_of_no_dimension(%m: !map {tile.argument = {kind = "tensor_map", tensor = "q", swizzle = 128, modes = [{dim = 5, box = 64}]}}) kernel {
    gpu.return
  }
}

// -----

!map = !tile.tensor_map<[64] x bf16, swizzle = 128, panel = 64, folded = false>
gpu.module @m {
  // expected-error@+1 {{argument 0: tile.argument.modes[0] has no 'dim': then it has 'bytes' and 'extent', and no 'step'}}
  gpu.func @mode_without_stride(%m: !map {tile.argument = {kind = "tensor_map", tensor = "q", swizzle = 128, modes = [{extent = 8, box = 64}]}}) kernel {
    gpu.return
  }
}

// -----

!map = !tile.tensor_map<[64] x bf16, swizzle = 128, panel = 64, folded = false>
gpu.module @m {
  // expected-error@+1 {{argument 0: tile.argument.modes[0] has the step -1, must be from 1 on, or -1 beside 'bytes'}}
  gpu.func @step_back(%m: !map {tile.argument = {kind = "tensor_map", tensor = "q", swizzle = 128, modes = [{dim = 0, step = -1, box = 64}]}}) kernel {
    gpu.return
  }
}
