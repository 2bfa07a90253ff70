#ifndef GIRIH_ATTN_OPS
#define GIRIH_ATTN_OPS

include "dialects/Attn/AttnDialect.td"
include "dialects/Tile/TileAttrs.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Attn_Mask : I32EnumAttr<"Mask", "which keys a query sees", [
    I32EnumAttrCase<"None", 0, "none">,
    I32EnumAttrCase<"Causal", 1, "causal">,
    I32EnumAttrCase<"CausalTopLeft", 2, "causal_top_left">]> {
  let cppNamespace = "::girih::attn";
}

def Attn_Order : I32EnumAttr<"Order", "the memory order of the tensors", [
    I32EnumAttrCase<"BHSD", 0, "bhsd">,
    I32EnumAttrCase<"BSHD", 1, "bshd">]> {
  let cppNamespace = "::girih::attn";
}

def Attn_ValueOrder : I32EnumAttr<"ValueOrder", "which dimension of a head's values is the inner one", [
    I32EnumAttrCase<"HeadSize", 0, "head_size">,
    I32EnumAttrCase<"Keys", 1, "keys">]> {
  let cppNamespace = "::girih::attn";
}

def Attn_Tensor : RankedTensorOf<[BF16, F16, F8E4M3FN, F8E5M2]>;
def Attn_Output : RankedTensorOf<[BF16, F16, F32]>;
def Attn_Lengths : 1DTensorOf<[I32]>;
def Attn_Sinks : 1DTensorOf<[BF16, F16, F32]>;
def Attn_BlockCounts : TensorRankOf<[I32], [3]>;
def Attn_BlockLists : TensorRankOf<[I32], [4]>;
def Attn_BlockScales : TensorRankOf<[F8E8M0FNU], [4]>;
def Attn_Descale : AnyTypeOf<[F32, 2DTensorOf<[F32]>]>;

def Attn_ForwardOp : Op<Attn_Dialect, "forward", [Pure, AttrSizedOperandSegments]> {
  let summary = "attention: softmax(scale * Q K^T, masked) V";
  let description = [{
    | operand | shape |
    |---|---|
    | `q` | [B, H, Sq, D] |
    | `k` | [B, Hkv, Skv, D]; Hkv divides H; query head h reads head h / (H / Hkv) |
    | `v` | [B, Hkv, Skv, Dv], Dv being D or another size |
    | `v` with `v_order(keys)` | [B, Hkv, Dv, Skv] |
    | `query_lengths`, `key_lengths`, if given | [B], i32: how many queries and keys each sequence has, Sq and Skv at most |
    | `query_starts`, `key_starts`, if given | [N + 1], i32: where each of N packed sequences begins in Sq and Skv, and where the last ends |
    | `sinks`, if given | [H]: a score that each row of a head has beside those of its keys |
    | `q_descale`, `k_descale`, `v_descale`, if given | f32, or [B, Hkv], f32: positive numbers that Q, K and V are multiplied by |
    | `q_scales`, `k_scales`, if given | [B, H, Rq, 16] and [B, Hkv, Rk, 16], f8E8M0FNU: powers of two for every 32 elements of a row of Q or K |
    | `partial_o`, `partial_lse`, if given | [B, H, Sq, Dv] and [B, H, Sq], f32: attention to other keys, which the results take in |
    | `kv_num_blocks`, `full_kv_num_blocks`, if given | [B, H, Qb], i32: how many blocks of keys each block of queries sees |
    | `kv_indices`, `full_kv_indices`, if given | [B, H, Qb, N], i32: which ones, each with an N of its own |
    | `dropout_state`, if given | [4], i32: the seed and the offset of random numbers, each the lower word first |

    | result | shape |
    |---|---|
    | `output` | [B, H, Sq, Dv] |
    | `lse`, if asked for | [B, H, Sq], f32: the natural logarithm of the sum of exp(scale * score) of each row |

    All sizes but D and Dv may be dynamic (`?`), H and Hkv only together; a loader chooses
    those at launch. Shapes are logical; `order` tells in which order the dimensions
    lie in memory, `bhsd` unless given, and a loader may choose any strides.
    `scale` is 1 / sqrt(D) unless given. Q, K and V have one element type, bf16, f16,
    f8E4M3FN or f8E5M2; the output has one of its own, bf16, f16 or f32. The output is
    multiplied by `output_scale`, 1 unless given, before it is rounded.

    ```mlir
    %o = attn.forward %q, %k, %v mask(causal) schedule <stages = 3>
        : tensor<4x32x2048x128xbf16>, tensor<4x8x2048x128xbf16>, tensor<4x8x2048x128xbf16> -> tensor<4x32x2048x128xbf16>
    %p, %lse = attn.forward %x, %y, %y order(bshd) scale(0.125)
        : tensor<?x8x?x64xf16>, tensor<?x8x?x64xf16>, tensor<?x8x?x64xf16> -> tensor<?x8x?x64xf16>, tensor<?x8x?xf32>
    ```

    Where sequences have lengths of their own, those take the places of Sq and Skv: keys beyond
    are not seen, and rows of the results beyond are not written. A length below 0 counts as
    0, and one above the tensor's as the tensor's.

    ```mlir
    %o = attn.forward %q, %k, %v query_lengths(%m : tensor<4xi32>) key_lengths(%n : tensor<4xi32>) mask(causal)
        : tensor<4x32x2048x128xbf16>, tensor<4x8x2048x128xbf16>, tensor<4x8x2048x128xbf16> -> tensor<4x32x2048x128xbf16>
    ```

    Sequences that are packed lie one after another in tensors whose B is 1: sequence n has the
    queries from `query_starts[n]` to before `query_starts[n + 1]`, and so with keys. Starts do not
    decrease. Batch, query and key of regions are the sequence's number and places in it;
    lengths, one for each sequence, may end it earlier.

    ```mlir
    %o = attn.forward %q, %k, %v query_starts(%s : tensor<5xi32>) key_starts(%t : tensor<5xi32>) mask(causal) order(bshd)
        : tensor<1x32x8192x128xbf16>, tensor<1x8x8192x128xbf16>, tensor<1x8x8192x128xbf16> -> tensor<1x32x8192x128xbf16>
    ```

    A sink is one more score of the softmax, without a value: each weight is
    exp(s) / (exp(sink) + sum of exp(s)), and `lse` is the logarithm of that sum. It is neither
    scaled nor masked, so that a row that sees no key has it alone.

    ```mlir
    %o = attn.forward %q, %k, %v sinks(%s : tensor<32xf32>) mask(causal)
        : tensor<4x32x2048x128xbf16>, tensor<4x8x2048x128xbf16>, tensor<4x8x2048x128xbf16> -> tensor<4x32x2048x128xbf16>
    ```

    Tensors of 8 bits come with scales, which are chosen at launch: a number for a whole tensor, or one for
    each sequence and key head, also for the queries that read its keys. Those of Q and K become
    part of `scale`, that of V of `output_scale`.

    ```mlir
    %o = attn.forward %q, %k, %v q_descale(%x : f32) k_descale(%y : tensor<4x8xf32>) v_descale(%z : tensor<4x8xf32>)
        : tensor<4x32x2048x128xf8E4M3FN>, tensor<4x8x2048x128xf8E4M3FN>, tensor<4x8x2048x128xf8E4M3FN> -> tensor<4x32x2048x128xbf16>
    ```

    Tensors of OCP's microscaling formats have a scale for every 32 elements, here along the head size of Q and K, which
    is a multiple of 32 up to 128. They lie as MMAs take them: every 128 queries or keys of a head have 32 rows of 16
    bytes, and byte 4 g + i of row r is the scale of query or key 32 g + r, elements 32 i to 32 i + 31. So Rq is 32 for every
    128 queries or part of them, and Rk for keys. Scales of rows that a head does not have are not used; of elements
    that it does not have, they must not be NaN.

    ```mlir
    %o = attn.forward %q, %k, %v block_scales(%x : tensor<4x32x512x16xf8E8M0FNU>, %y : tensor<4x8x512x16xf8E8M0FNU>)
        : tensor<4x32x2048x128xf8E4M3FN>, tensor<4x8x2048x128xf8E4M3FN>, tensor<4x8x2048x128xf8E4M3FN> -> tensor<4x32x2048x128xbf16>
    ```

    Dropout leaves out each weight with a probability, and multiplies the others by 1 / (1 - probability): the sum
    that they are divided by, and so `lse`, is that of all. The probability is rounded to a multiple of 2^-16 below 1.
    Which weights those are is a function of the state, batch, head, query and key alone (docs/attention.md).

    ```mlir
    %o = attn.forward %q, %k, %v dropout(0.1, %s : tensor<4xi32>) mask(causal)
        : tensor<4x32x2048x128xbf16>, tensor<4x8x2048x128xbf16>, tensor<4x8x2048x128xbf16> -> tensor<4x32x2048x128xbf16>
    ```

    Attention to some keys can go on where attention to others has ended: with the output and the `lse` of those, `merge`
    gives what attention to all of them would, exp(lse - lse_new) * output + exp(partial_lse - lse_new) * partial_o.
    A row whose partial_lse is -inf has seen no key yet, and its partial_o is not looked at. A sink, being one score, belongs
    to one of the parts. The tensors must not lie where the results do.

    ```mlir
    %p, %lse = attn.forward %q, %k, %v merge(%o : tensor<4x32x2048x128xf32>, %l : tensor<4x32x2048xf32>)
        : tensor<4x32x2048x128xbf16>, tensor<4x8x2048x128xbf16>, tensor<4x8x2048x128xbf16> -> tensor<4x32x2048x128xf32>, tensor<4x32x2048xf32>
    ```

    Lists of blocks, as FlexAttention's BlockMask has them, say which keys a block of queries sees: query block i
    of a head sees the blocks `kv_indices[b, h, i, n]` of keys for n below `kv_num_blocks[b, h, i]`, with the mask applied,
    and those of `full_blocks`, if given, without it. Others are neither loaded nor computed. A block that is listed
    twice counts twice. An index below 0 counts as 0, one beyond the last block as the last, and so with counts.

    ```mlir
    %o = attn.forward %q, %k, %v blocks([128, 128], %n : tensor<4x32x16xi32>, %i : tensor<4x32x16x16xi32>)
        full_blocks(%m : tensor<4x32x16xi32>, %j : tensor<4x32x16x16xi32>) mask(causal)
        : tensor<4x32x2048x128xbf16>, tensor<4x8x2048x128xbf16>, tensor<4x8x2048x128xbf16> -> tensor<4x32x2048x128xbf16>
    ```

    The mask says which keys a query sees, all unless it is given: by name or by a
    region. `mask(causal)` lets query i see key j when `j <= i + Skv - Sq`, so that the
    last query sees all keys, `mask(causal_top_left)` when `j <= i`. A `mask` region maps
    the index of batch, head, query and key to an i1. A row that sees no key gives 0, and
    -inf as its lse.

    ```mlir
    // Each query sees the 1024 keys before its place in the keys, and that place.
    %o = attn.forward %q, %k, %v mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %c1024 = arith.constant 1024 : index
      %queries = attn.queries
      %keys = attn.keys
      %shift = arith.subi %keys, %queries : index
      %place = arith.addi %i, %shift : index
      %first = arith.subi %place, %c1024 : index
      %0 = arith.cmpi sle, %j, %place : index
      %1 = arith.cmpi sge, %j, %first : index
      %2 = arith.andi %0, %1 : i1
      attn.yield %2 : i1
    } : tensor<4x32x?x128xbf16>, tensor<4x8x?x128xbf16>, tensor<4x8x?x128xbf16> -> tensor<4x32x?x128xbf16>
    ```

    The `score` region maps a scaled score and its batch, head, query and key index
    to the score to use, before the mask. docs/attention.md says what regions may be made of.

    ```mlir
    %o = attn.forward %q, %k, %v mask(causal) score {
    ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
      %cap = arith.constant 30.0 : f32
      %0 = arith.divf %s, %cap : f32
      %1 = math.tanh %0 fastmath<afn> : f32
      %2 = arith.mulf %1, %cap : f32
      attn.yield %2 : f32
    } : tensor<4x32x2048x128xbf16>, tensor<4x8x2048x128xbf16>, tensor<4x8x2048x128xbf16> -> tensor<4x32x2048x128xbf16>
    ```

    Regions may use further arguments of the function: numbers (f32 or i32), which are chosen
    at launch, and tensors, of which `attn.lookup` reads an element. On these arguments,
    `attn.name` is what the manifest calls them, `attn.sizes` has a name for each dimension
    of a tensor, so that a size of the problem and one of the tensor can be the same, and
    `attn.sorted` promises that the elements along the last dimension do not decrease.
  }];
  let arguments = (ins Attn_Tensor:$q, Attn_Tensor:$k, Attn_Tensor:$v,
                       Optional<Attn_Lengths>:$query_lengths, Optional<Attn_Lengths>:$key_lengths,
                       Optional<Attn_Lengths>:$query_starts, Optional<Attn_Lengths>:$key_starts,
                       Optional<Attn_Sinks>:$sinks,
                       Optional<Attn_Descale>:$q_descale, Optional<Attn_Descale>:$k_descale,
                       Optional<Attn_Descale>:$v_descale, Optional<Attn_BlockScales>:$q_scales,
                       Optional<Attn_BlockScales>:$k_scales, Optional<Attn_Lengths>:$dropout_state,
                       Optional<Attn_Output>:$partial_o, Optional<RankedTensorOf<[F32]>>:$partial_lse,
                       Optional<Attn_BlockCounts>:$kv_num_blocks, Optional<Attn_BlockLists>:$kv_indices,
                       Optional<Attn_BlockCounts>:$full_kv_num_blocks, Optional<Attn_BlockLists>:$full_kv_indices,
                       OptionalAttr<DenseI64ArrayAttr>:$block_size,
                       OptionalAttr<F64Attr>:$dropout,
                       DefaultValuedAttr<Attn_Mask, "Mask::None">:$mask,
                       DefaultValuedAttr<Attn_Order, "Order::BHSD">:$order,
                       DefaultValuedAttr<Attn_ValueOrder, "ValueOrder::HeadSize">:$v_order,
                       OptionalAttr<F64Attr>:$scale,
                       OptionalAttr<F64Attr>:$output_scale,
                       OptionalAttr<Tile_ScheduleAttr>:$schedule);
  let results = (outs Attn_Output:$output, Optional<RankedTensorOf<[F32]>>:$lse);
  let regions = (region MaxSizedRegion<1>:$mask_region, MaxSizedRegion<1>:$score);
  let assemblyFormat = [{
    $q `,` $k `,` $v (`query_lengths` `(` $query_lengths^ `:` type($query_lengths) `)`)?
    (`key_lengths` `(` $key_lengths^ `:` type($key_lengths) `)`)?
    (`query_starts` `(` $query_starts^ `:` type($query_starts) `)`)?
    (`key_starts` `(` $key_starts^ `:` type($key_starts) `)`)?
    (`sinks` `(` $sinks^ `:` type($sinks) `)`)? (`q_descale` `(` $q_descale^ `:` type($q_descale) `)`)?
    (`k_descale` `(` $k_descale^ `:` type($k_descale) `)`)? (`v_descale` `(` $v_descale^ `:` type($v_descale) `)`)?
    (`block_scales` `(` $q_scales^ `:` type($q_scales) `,` $k_scales `:` type($k_scales) `)`)?
    (`dropout` `(` $dropout^ `,` $dropout_state `:` type($dropout_state) `)`)?
    (`merge` `(` $partial_o^ `:` type($partial_o) `,` $partial_lse `:` type($partial_lse) `)`)?
    (`blocks` `(` $block_size^ `,` $kv_num_blocks `:` type($kv_num_blocks) `,`
     $kv_indices `:` type($kv_indices) `)`)?
    (`full_blocks` `(` $full_kv_num_blocks^ `:` type($full_kv_num_blocks) `,`
     $full_kv_indices `:` type($full_kv_indices) `)`)?
    custom<Mask>($mask, $mask_region)
    (`order` `(` $order^ `)`)? (`v_order` `(` $v_order^ `)`)? (`scale` `(` $scale^ `)`)?
    (`output_scale` `(` $output_scale^ `)`)?
    (`schedule` $schedule^)? (`score` $score^)? attr-dict
    `:` type($q) `,` type($k) `,` type($v) `->` type($output) (`,` type($lse)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The scale as given, or 1 / sqrt(D).
    double getScaleValue();

    /// The scale of the output as given, or 1.
    double getOutputScaleValue();

    /// How many of 65536 weights are left out; 0 without dropout.
    int64_t getDropoutThreshold();

    /// Elements of a row of Q or K, and of a row of the output.
    int64_t getHeadSize() { return getQ().getType().getDimSize(3); }
    int64_t getValueSize() { return getV().getType().getDimSize(getVOrder() == ValueOrder::Keys ? 2 : 3); }

    /// Whether the elements of Q, K and V have 8 bits.
    bool hasNarrowInputs() { return getQ().getType().getElementTypeBitWidth() == 8; }

    /// Whether groups of elements of Q and K have scales.
    bool hasBlockScales() { return static_cast<bool>(getQScales()); }

    /// Whether some query may not see some key.
    bool hasMask() { return getMask() != Mask::None || !getMaskRegion().empty(); }

    /// Whether sequences have lengths of their own.
    bool hasLengths() { return getQueryLengths() || getKeyLengths() || isPacked(); }
    /// Whether sequences lie one after another in one batch.
    bool isPacked() { return static_cast<bool>(getQueryStarts()); }

    /// Whether blocks of keys are listed for each block of queries, and how many of each a block has.
    bool hasBlocks() { return static_cast<bool>(getKvNumBlocks()); }
    int64_t getQueryBlock() { return getBlockSize()->front(); }
    int64_t getKeyBlock() { return getBlockSize()->back(); }

    /// Replaces the mask's name by the region that it stands for.
    void expandMask();
  }];
}

class Attn_LengthOp<string mnemonic, string what> : Op<Attn_Dialect, mnemonic, [Pure, HasParent<"ForwardOp">]> {
  let summary = "the number of " # what # " of the sequence";
  let description = "For regions of `attn.forward`, whose lengths may be chosen at launch, or differ between sequences."
                    "\n\n```mlir\n%n = attn."
                    # mnemonic # "\n```";
  let results = (outs Index:$length);
  let assemblyFormat = "attr-dict";
}

def Attn_QueriesOp : Attn_LengthOp<"queries", "queries">;
def Attn_KeysOp : Attn_LengthOp<"keys", "keys">;

def Attn_LookupOp : Op<Attn_Dialect, "lookup", [Pure]> {
  let summary = "an element of a captured tensor";
  let description = [{
    For regions of `attn.forward`, and functions that become such. The tensor is an argument of the function with 1 to 4
    dimensions; the kernel must not write it. An index below 0 counts as 0, and one beyond
    the last as the last, so that no index faults. Floats become f32 and integers i32, of
    which i64 keeps the lower half and i8, in which frameworks keep truth values, has no sign.

    ```mlir
    %slope = attn.lookup %slopes[%h] : tensor<32xf32> -> f32
    %id = attn.lookup %ids[%b, %j] : tensor<4x?xi32> -> i32
    ```
  }];
  let arguments = (ins RankedTensorOf<[BF16, F16, F32, I8, I32, I64]>:$tensor, Variadic<Index>:$indices);
  let results = (outs AnyTypeOf<[F32, I32]>:$element);
  let assemblyFormat = "$tensor `[` $indices `]` attr-dict `:` type($tensor) `->` type($element)";
  let hasVerifier = 1;
}

def Attn_YieldOp : Op<Attn_Dialect, "yield", [Pure, Terminator, ReturnLike, HasParent<"ForwardOp">]> {
  let summary = "the result of a score or mask region";
  let description = [{
    Ends a region of `attn.forward`: its operand replaces the score, or says whether the
    query sees the key.

    ```mlir
    attn.yield %s : f32
    ```
  }];
  let arguments = (ins AnyTypeOf<[F32, I1]>:$result);
  let assemblyFormat = "$result attr-dict `:` type($result)";
}

#endif // GIRIH_ATTN_OPS
