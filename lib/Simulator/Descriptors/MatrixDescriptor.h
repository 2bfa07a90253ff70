//===- MatrixDescriptor.h - Shared memory matrix descriptors ----*- C++ -*-===//
//
// PTX ISA, "Matrix-Descriptor Format" of wgmma and "Shared memory descriptor"
// of tcgen05: 64 bits that say where the 8-row core matrices of an operand
// lie.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_DESCRIPTORS_MATRIXDESCRIPTOR_H
#define GIRIH_SIMULATOR_DESCRIPTORS_MATRIXDESCRIPTOR_H

#include <cstdint>
#include <string>

namespace girih::sim {

struct MatrixDescriptor {
  /// Byte address within 18 bits, and the two byte offsets.
  uint32_t start = 0, leading = 0, stride = 0;
  /// 0, 32, 64 or 128 bytes, in atoms of 16 or 32 bytes.
  uint32_t swizzle = 0, atom = 16;
  /// Bytes by which the pattern's first row lies beyond the boundary at which
  /// patterns repeat.
  uint32_t base = 0;
  /// What makes the descriptor unusable; empty when nothing does.
  std::string problem;

  /// Unswizzled byte offset, from `start`, of byte `inner` along the major
  /// dimension of line `outer` of the other one. In a K-major operand the lines
  /// are rows of m or n, in an MN-major one they are steps of k.
  uint32_t offsetOf(uint32_t outer, uint32_t inner, bool isMnMajor) const;
  /// Lines of an MN-major operand between two of which `stride` lies.
  uint32_t linesPerStride() const { return atom == 32 ? 4 : 8; }
  /// The absolute address with the swizzle applied.
  uint32_t addressOf(uint32_t outer, uint32_t inner, bool isMnMajor) const;
};

/// sm_90a: start [0,14), leading [16,30), stride [32,46), base offset
/// [49,52), layout [62,64); the first three in units of 16 bytes.
MatrixDescriptor decodeMatrixDescriptor90(uint64_t bits);

/// sm_100a: as above, with a constant 1 in [46,49), the mode of the leading
/// offset in bit 52, zeros in [53,61) and the layout in [61,64).
MatrixDescriptor decodeMatrixDescriptor100(uint64_t bits);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_DESCRIPTORS_MATRIXDESCRIPTOR_H
