//===- MatrixKind.cpp - Kinds of products, and block scales ---------------===//
#include "MatrixKind.h"

namespace girih::sim {

std::optional<MatrixKind> takeMatrixKind(Decoder &d) {
  static const std::pair<const char *, MatrixKind> kinds[] = {
      {"kind::f16", MatrixKind::F16},           {"kind::tf32", MatrixKind::TF32},
      {"kind::f8f6f4", MatrixKind::F8F6F4},     {"kind::i8", MatrixKind::I8},
      {"kind::mxf8f6f4", MatrixKind::MXF8F6F4}, {"kind::mxf4", MatrixKind::MXF4},
      {"kind::mxf4nvf4", MatrixKind::MXF4NVF4}};
  for (const auto &[name, kind] : kinds)
    if (d.has(name))
      return kind;
  return std::nullopt;
}

uint32_t takeScaleVector(Decoder &d, MatrixKind kind, bool mayNameBlocks) {
  if (!isBlockScaled(kind))
    return 0;
  d.require("block_scale");
  std::string found = d.oneOf({"scale_vec::1X", "scale_vec::2X", "scale_vec::4X"});
  if (found.empty() && mayNameBlocks)
    found = d.oneOf({"block32", "block16"});
  if (found.empty() && kind == MatrixKind::MXF4NVF4)
    d.fail(std::string(".kind::mxf4nvf4 has no scale vector size; it should be .scale_vec::2X") +
           (mayNameBlocks ? ", .scale_vec::4X, .block32 or .block16" : " or .scale_vec::4X"));
  // PTX ISA, "Valid combinations of scale_vectorsize" and, of mma.sync, "Valid
  // combinations of .scale_vec_size and .kind": without one, blocks of 32.
  uint32_t blocksOf32 = kind == MatrixKind::MXF8F6F4 ? 1 : 2;
  uint32_t vector = found.empty() || found == "block32" ? blocksOf32
                    : found == "block16"                ? 4
                                                        : uint32_t(found[11] - '0');
  if (vector != blocksOf32 && !(kind == MatrixKind::MXF4NVF4 && vector == 4))
    d.fail("its kind cannot have ." + found);
  return vector;
}

} // namespace girih::sim
