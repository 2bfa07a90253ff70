#ifndef GIRIH_TILE_DIALECT
#define GIRIH_TILE_DIALECT

include "mlir/IR/DialectBase.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::girih::tile";
  let summary = "Tiles, their memories, the channels between warp roles, and barriers";
  let description = [{
    A tile is a ranked tensor of static shape. Where it lives is its encoding:
    none (a value, no memory chosen yet), `#tile.fragment` (spread over the
    registers of a warpgroup), `#tile.shared` (a swizzled block of shared
    memory) or `#tile.tensor_memory` (columns of tensor memory). Elementwise work on tiles is `arith` and `math`; control flow is
    `scf`; a kernel is a `gpu.func` whose operands are strided memrefs. This
    dialect adds what those lack. It does not know what attention is: a matrix
    product written by hand goes through the same passes.

    Tiles are values. An op that computes a tile leaves its operands unchanged, also
    after a memory has been chosen; an op whose result is `#tile.shared` names the
    memory that holds the tile, and the rules of channels say for how long.

    A *worker* is a warpgroup of four warps. A *role* is a group of workers, or one
    thread, that run one program. Facts that a later phase needs are in types and in attributes, which
    are verified: what each is, and that it stands where the table says.

    | attribute | on | says |
    |---|---|---|
    | `tile.target` | the module, before there is a `gpu.module` | the chip |
    | `tile.schedule` | the kernel | the schedule |
    | `tile.work` | the kernel | the work items: a size's name and a tile of it, fastest first, and perhaps the name of a size that adds so many |
    | `tile.multiples` | the kernel | pairs of sizes' names: the first size is a multiple of the second |
    | `tile.problem` | the kernel | what it computes, for the manifest |
    | `tile.name`, `tile.sizes`, `tile.order` | a tensor argument, the first also one of f32 or i32 | its name, the names of its sizes, its memory order |
    | `tile.non_empty` | a loop | its body runs at least once |
    | `tile.exp2_polynomial` | a `math.exp2` of a tile of f32 with `fastmath<afn>` | of every 16 elements that a thread holds, how many are computed by a polynomial; whoever sets it knows that no element is above 128 |
    | `tile.stage`, `tile.position` | an op right in an `scf.for`, from `tile-schedule-loops` to `tile-pipeline` | in which round after the start of its iteration it runs, and where in that round |
    | `tile.source` | an MMA | the same number on the copies of one MMA, whose results share slots in tensor memory |
    | `tile.loop` | a loop in a role | the same number on every role's copy of one source loop |
    | `tile.shared_bytes` | the kernel, after channels are lowered | bytes of shared memory |
    | `tile.tensors` | the kernel, after its arguments are bound | the tensors |
    | `tile.argument` | an argument, after it is bound | how the loader makes it |
    | `tile.roles` | the kernel, from `tile-assign-roles` on | the roles |
    | `tile.role` | an op that has a role, until `tile-specialize` | the role's name |
    | `tile.arguments` | the kernel as an `llvm.func` | the recipes of all arguments |

    The examples below use these names:

    ```mlir
    #acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
    #row = #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>
    !acc = tensor<64x64xf32, #acc>
    !panel = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
    !channel = !tile.channel<2 x !panel>
    #lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
    !sum = tensor<128x64xf32, #tile.tensor_memory>
    !sums = !tile.channel<2 x !sum, copies = 2>
    !one = !tile.channel<1 x !sum, copies = 2>
    !panel128 = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
    !global = memref<4x?x64xbf16, strided<[?, ?, 1]>>
    !map = !tile.tensor_map<[1, 64, 64] x bf16, swizzle = 128, panel = 64, folded = true>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
    void registerTypes();
  }];
}

#endif // GIRIH_TILE_DIALECT
