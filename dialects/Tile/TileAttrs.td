#ifndef GIRIH_TILE_ATTRS
#define GIRIH_TILE_ATTRS

include "dialects/Tile/TileDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/TensorEncoding.td"

class Tile_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Tile_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def Tile_FragmentAttr : Tile_Attr<"Fragment", "fragment",
    [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "the layout of a tile over registers, lanes and warps";
  let description = [{
    Three lists of modes, each `size : (step per tile dimension)`. Digit i of the
    register number, written in the mixed radix of the register modes (first mode
    fastest), moves by i times that mode's step; lanes and warps likewise. The
    element that register r of lane l of warp w holds lies at the sum of the three
    offsets. A step of zero in every dimension means that the lanes or warps of
    the mode hold copies.

    The accumulator of a 64x128 warpgroup MMA (PTX ISA, "wgmma register fragments"),
    and the layout of one value a row of it:

    ```mlir
    #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 16 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
    #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>
    ```
  }];
  let parameters = (ins "unsigned":$rank,
                        ArrayRefParameter<"int64_t">:$registers,
                        ArrayRefParameter<"int64_t">:$lanes,
                        ArrayRefParameter<"int64_t">:$warps);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Tile_SharedAttr : Tile_Attr<"Shared", "shared",
    [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "a tile in shared memory";
  let description = [{
    The tile is cut into panels of `swizzle` bytes along its last dimension. A
    panel stores its rows one after another, `swizzle` bytes each, with the
    16-byte units of every row permuted as TMA and wgmma define for that swizzle
    (PTX ISA, "shared memory matrix layout"); panels follow each other. The swizzle
    is 32, 64 or 128 bytes, or 16, which permutes nothing.

    `rows` is there for a slice of a taller tile: it lies in panels of so many rows,
    which the panels of the tile itself lie apart. A tile that is alone in its panels
    leaves it out.

    A tile of 8-bit elements may be `interleaved`: of every 16 columns of a row, the pair 2 t,
    2 t + 1 is stored as pair 2 t, and the pair 8 + 2 t, 9 + 2 t as pair 2 t + 1, for t from 0
    to 3. So it is written when a tile is transposed, and so an accumulator lies in
    registers.

    ```mlir
    #tile.shared<swizzle = 128>
    #tile.shared<swizzle = 128, rows = 256>
    #tile.shared<interleaved = true, swizzle = 128>
    ```
  }];
  let parameters = (ins "int64_t":$swizzle, DefaultValuedParameter<"int64_t", "0">:$rows,
                        DefaultValuedParameter<"bool", "false">:$interleaved);
  let builders = [AttrBuilder<(ins "int64_t":$swizzle), [{
    return $_get($_ctxt, swizzle, /*rows=*/0, /*interleaved=*/false);
  }]>];
  let assemblyFormat = "`<` (`interleaved` `=` $interleaved^ `,` ` `)? `swizzle` `=` $swizzle (`,` `rows` `=` $rows^)? `>`";
  let genVerifyDecl = 1;
}

def Tile_TensorMemoryAttr : Tile_Attr<"TensorMemory", "tensor_memory",
    [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "a tile in tensor memory";
  let description = [{
    Tensor memory has 128 lanes of 32-bit columns (PTX ISA, "tensor memory"). Row i of
    the tile is in lane i; its elements follow each other, narrow ones packed, the first
    in the low bits. MMAs accumulate there, and threads move tiles to and from registers
    with `tile.move`.

    ```mlir
    #tile.tensor_memory
    ```
  }];
  let assemblyFormat = "";
}

def Tile_ScheduleAttr : Tile_Attr<"Schedule", "schedule"> {
  let summary = "every choice about how a kernel runs";
  let description = [{
    Knobs by name; a knob that is absent is open, and `attn-schedule` fills it in for
    an `attn.forward`. A kernel that is written in the tile dialect carries the knobs
    that the passes read as `tile.schedule`. The table of the knobs is in
    [pipeline.md](../pipeline.md#the-knobs-of-a-schedule).

    ```mlir
    #tile.schedule<rows = 128, columns = 128, workers = 2, stages = 2>
    ```
  }];
  let parameters = (ins "::mlir::DictionaryAttr":$knobs);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

#endif // GIRIH_TILE_ATTRS
