// Attributes of kernels, loops and modules that the passes and the emitter read.
// RUN: girih-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{tile.scedule is no attribute of an op}}
func.func private @misspelt() attributes {tile.scedule = 1}

// -----

// expected-error@+1 {{tile.schedule stands on a kernel, not on 'func.func'}}
func.func private @place() attributes {tile.schedule = #tile.schedule<rows = 64>}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.schedule is 64 : i64 when it should be #tile.schedule}}
  gpu.func @schedule() kernel attributes {tile.schedule = 64} {
    gpu.return
  }
}

// -----

// expected-error@+1 {{tile.target is "sm_90a" when it should be a target of a gpu.module}}
module attributes {tile.target = "sm_90a"} {
}

// -----

func.func @non_empty_place(%n: index) {
  // expected-error@+1 {{tile.non_empty stands on a loop, not on 'arith.addi'}}
  %0 = arith.addi %n, %n {tile.non_empty} : index
  return
}

// -----

func.func @non_empty(%n: index) {
  // expected-error@+1 {{tile.non_empty is false when it should be without a value}}
  scf.for %i = %n to %n step %n {
  } {tile.non_empty = false}
  return
}

// -----

func.func @stage_place(%n: index) {
  // expected-error@+1 {{tile.stage stands on an op of an scf.for's own block, not on 'arith.addi'}}
  %0 = arith.addi %n, %n {tile.stage = 1} : index
  return
}

// -----

func.func @stage_range(%n: index) {
  scf.for %i = %n to %n step %n {
    // expected-error@+1 {{tile.stage is 17 : i64 when it should be an integer from 0 to 16}}
    %0 = arith.addi %i, %i {tile.stage = 17, tile.position = 0} : index
  }
  return
}

// -----

// Not of constants, which clean-up takes out of loops.
func.func @position_of_constant() -> index {
  %0 = arith.constant {tile.position = 0, tile.stage = 1} 128 : index
  return %0 : index
}

// -----

func.func @position_place(%n: index) {
  // expected-error@+1 {{tile.position stands on an op of an scf.for's own block, not on 'arith.addi'}}
  %0 = arith.addi %n, %n {tile.position = 0} : index
  return
}

// -----

func.func @position(%n: index) {
  scf.for %i = %n to %n step %n {
    // expected-error@+1 {{tile.position is -1 : i64 when it should be an integer from 0 to 2147483647}}
    %0 = arith.addi %i, %i {tile.stage = 1, tile.position = -1} : index
  }
  return
}

// -----

func.func @exp2_polynomial_place(%x: tensor<64x64xf32>) {
  // expected-error@+1 {{tile.exp2_polynomial stands on a math.exp2, not on 'math.exp'}}
  %0 = math.exp %x fastmath<afn> {tile.exp2_polynomial = 4} : tensor<64x64xf32>
  return
}

// -----

func.func @exp2_polynomial_range(%x: tensor<64x64xf32>) {
  // expected-error@+1 {{tile.exp2_polynomial is 17 : i64 when it should be an integer from 1 to 16}}
  %0 = math.exp2 %x fastmath<afn> {tile.exp2_polynomial = 17} : tensor<64x64xf32>
  return
}

// -----

func.func @exp2_polynomial_exact(%x: tensor<64x64xf32>) {
  // expected-error@+1 {{tile.exp2_polynomial stands on a math.exp2 of a tile of f32 with fastmath<afn>}}
  %0 = math.exp2 %x {tile.exp2_polynomial = 4} : tensor<64x64xf32>
  return
}

// -----

func.func @exp2_polynomial_type(%x: tensor<64x64xf16>) {
  // expected-error@+1 {{tile.exp2_polynomial stands on a math.exp2 of a tile of f32 with fastmath<afn>}}
  %0 = math.exp2 %x fastmath<afn> {tile.exp2_polynomial = 4} : tensor<64x64xf16>
  return
}

// -----

func.func @exp2_polynomial_scalar(%x: f32) {
  // expected-error@+1 {{tile.exp2_polynomial stands on a math.exp2 of a tile of f32 with fastmath<afn>}}
  %0 = math.exp2 %x fastmath<afn> {tile.exp2_polynomial = 4} : f32
  return
}

// -----

func.func @loop(%n: index) {
  // expected-error@+1 {{tile.loop is "first" when it should be an integer from 0 to 2147483647}}
  scf.for %i = %n to %n step %n {
  } {tile.loop = "first"}
  return
}

// -----

func.func @loop_wide(%n: index) {
  // expected-error@+1 {{tile.loop is 0 : i128 when it should be an integer from 0 to 2147483647}}
  scf.for %i = %n to %n step %n {
  } {tile.loop = 0 : i128}
  return
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.work is {m = 128 : i64} when it should be a list}}
  gpu.func @work() kernel attributes {tile.work = {m = 128}} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.work[1] is ["n"] when it should be [size, tile]}}
  gpu.func @work_pair() kernel attributes {tile.work = [["m", 128], ["n"]]} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.work[0][1] is 0 : i64 when it should be an integer from 1 to 2147483647}}
  gpu.func @work_tile() kernel attributes {tile.work = [["m", 0]]} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.work[0][0] is "" when it should be text in UTF-8 that is not empty}}
  gpu.func @work_name() kernel attributes {tile.work = [["", 128]]} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.work[0] names a size 'z' that no tensor has}}
  gpu.func @work_size(%a: memref<?x64xbf16> {tile.name = "a", tile.sizes = ["m", "k"]}) kernel attributes {tile.work = [["z", 128]]} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.problem is "gemm" when it should be a dictionary}}
  gpu.func @problem() kernel attributes {tile.problem = "gemm"} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.problem has no 'kind'}}
  gpu.func @problem_kind() kernel attributes {tile.problem = {mask = "none"}} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.problem.scale is 0x7FC00000 : f32 when it should be finite}}
  gpu.func @problem_number() kernel attributes {tile.problem = {kind = "gemm", scale = 0x7FC00000 : f32}} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.problem.sizes[0] is 1 : i128 when it should be a signless integer of at most 64 bits}}
  gpu.func @problem_integer() kernel attributes {tile.problem = {kind = "gemm", sizes = [1 : i128]}} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.problem.mask is "\FF" when it should be text in UTF-8}}
  gpu.func @problem_text() kernel attributes {tile.problem = {kind = "gemm", mask = "\FF"}} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.shared_bytes is -1 : i64 when it should be an integer from 0 to 16777216}}
  gpu.func @shared_bytes() kernel attributes {tile.shared_bytes = -1} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.tensors[0] has no 'name'}}
  gpu.func @tensors() kernel attributes {tile.tensors = [{}]} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.tensors[0].access is "both" when it should be one of read, write}}
  gpu.func @tensors_access() kernel attributes {tile.tensors = [{name = "k", access = "both", element = bf16, shape = array<i64: 4>, strides = array<i64: 1>, sizes = ["n"], order = ["n"]}]} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.tensors[0].element is index when it should be an element type}}
  gpu.func @tensors_element() kernel attributes {tile.tensors = [{name = "k", access = "read", element = index, shape = array<i64: 4>, strides = array<i64: 1>, sizes = ["n"], order = ["n"]}]} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.tensors[0].shape is [4] when it should be array<i64>}}
  gpu.func @tensors_shape() kernel attributes {tile.tensors = [{name = "k", access = "read", element = bf16, shape = [4], sizes = ["n"], order = ["n"]}]} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.tensors[0].shape has a size of -4, must be dynamic or 0 to 1099511627776}}
  gpu.func @tensors_size() kernel attributes {tile.tensors = [{name = "k", access = "read", element = bf16, shape = array<i64: -4>, sizes = ["n"], order = ["n"]}]} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.tensors[0] has 2 names when the tensor has 1 dimensions}}
  gpu.func @tensors_sizes() kernel attributes {tile.tensors = [{name = "k", access = "read", element = bf16, shape = array<i64: 4>, strides = array<i64: 1>, sizes = ["n", "d"], order = ["n"]}]} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.tensors[0] has the order ["d"], which does not permute ["n"]}}
  gpu.func @tensors_order() kernel attributes {tile.tensors = [{name = "k", access = "read", element = bf16, shape = array<i64: 4>, strides = array<i64: 1>, sizes = ["n"], order = ["d"]}]} {
    gpu.return
  }
}

// -----

#k = {name = "k", access = "read", element = bf16, shape = array<i64: 4>, strides = array<i64: 1>, sizes = ["n"], order = ["n"]}
gpu.module @m {
  // expected-error@+1 {{tile.tensors[1] has the name 'k' of an earlier tensor}}
  gpu.func @tensors_names() kernel attributes {tile.tensors = [#k, #k]} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.tensors[0] has an unknown entry 'color'}}
  gpu.func @tensors_entry() kernel attributes {tile.tensors = [{color = 1, name = "k", access = "read", element = bf16, shape = array<i64: 4>, strides = array<i64: 1>, sizes = ["n"], order = ["n"]}]} {
    gpu.return
  }
}

// -----

// expected-error@+1 {{tile.roles stands on a kernel, not on 'builtin.module'}}
module attributes {tile.roles = []} {
}

// -----

func.func @role_place() {
  // expected-error@+1 {{tile.role stands on an op in a kernel that ends no block, not on 'arith.constant'}}
  %c = arith.constant {tile.role = "load"} 0 : index
  return
}

// -----

gpu.module @m {
  gpu.func @role_kind() kernel {
    // expected-error@+1 {{tile.role is 1 : i64 when it should be text}}
    %c = arith.constant {tile.role = 1} 0 : index
    gpu.return
  }
}

// -----

// expected-error@+1 {{tile.roles[0].warps is 0 : i64 when it should be an integer from 1 to 32}}
llvm.func @roles() attributes {tile.roles = [{name = "load", warps = 0, registers = 24}]}

// -----

// expected-error@+1 {{tile.roles[0].leader is 1 : i64 when it should be without a value}}
llvm.func @roles_leader() attributes {tile.roles = [{name = "mma", warps = 3, registers = 24, one_thread, leader = 1}]}

// -----

// expected-error@+1 {{tile.assumes[0] is "order" when it should be one of mma_order, remote_scope}}
llvm.func @assumptions() attributes {tile.assumes = ["order"]}

// -----

// expected-error@+1 {{tile.roles[0] is "load" when it should be a dictionary}}
llvm.func @roles_kind() attributes {tile.roles = ["load"]}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.multiples[0] is ["h"] when it should be [size, size]}}
  gpu.func @multiples() kernel attributes {tile.multiples = [["h"]]} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.multiples[0] names a size 'h' that no tensor has}}
  gpu.func @multiples_size(%a: memref<?x64xbf16> {tile.name = "a", tile.sizes = ["m", "k"]}) kernel attributes {tile.multiples = [["m", "h"]]} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.tensors[0].strides is [1] when it should be array<i64>}}
  gpu.func @tensors_strides() kernel attributes {tile.tensors = [{name = "k", access = "read", element = bf16, shape = array<i64: 4>, strides = [1], sizes = ["n"], order = ["n"]}]} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.tensors[0] has 2 strides when the tensor has 1 dimensions}}
  gpu.func @tensors_more_strides() kernel attributes {tile.tensors = [{name = "k", access = "read", element = bf16, shape = array<i64: 4>, strides = array<i64: 4, 1>, sizes = ["n"], order = ["n"]}]} {
    gpu.return
  }
}

// -----

// Each role has the ends of blocks that its ops need.
gpu.module @m {
  gpu.func @role_of_a_yield(%b: i1) kernel {
    scf.if %b {
      // expected-error@+1 {{tile.role stands on an op in a kernel that ends no block, not on 'scf.yield'}}
      scf.yield {tile.role = "compute"}
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.work[0][2] is "" when it should be text in UTF-8 that is not empty}}
  gpu.func @work_more() kernel attributes {tile.work = [["m", 128, ""]]} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.work[0] names a size 'z' that no tensor has}}
  gpu.func @work_more_size(%a: memref<?x64xbf16> {tile.name = "a", tile.sizes = ["m", "k"]}) kernel attributes {tile.work = [["m", 128, "z"]]} {
    gpu.return
  }
}
