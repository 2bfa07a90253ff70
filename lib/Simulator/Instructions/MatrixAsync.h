//===- MatrixAsync.h - One asynchronous warpgroup matrix product -*- C++ -*-==//
#ifndef GIRIH_SIMULATOR_INSTRUCTIONS_MATRIXASYNC_H
#define GIRIH_SIMULATOR_INSTRUCTIONS_MATRIXASYNC_H

#include "SparseTile.h"

namespace girih::sim {

struct Step;

struct MatrixShape {
  uint32_t n = 0, k = 0;
  Type a = Type::BF16, b = Type::BF16, accumulator = Type::F32;
  bool saturates = false;
  /// Of A, of which k / 2 elements of a row are then stored.
  std::optional<FragmentMetadata> metadata;

  uint32_t storedK() const { return metadata ? k / 2 : k; }
};

/// The operands of one wgmma.mma_async, as decoded.
struct MatrixIssue {
  MatrixShape shape;
  std::vector<Operand> accumulators, fragment;
  Operand a, b, scaleD, metadata;
  bool negatesA = false, negatesB = false;
  bool transposesA = false, transposesB = false;
};

/// One operation, gathered from the warps of a warpgroup.
struct MatrixOperation {
  struct Quarter {
    Warp *warp = nullptr;
    std::vector<uint32_t> accumulators, fragment;
    /// Codes of a sparse A, as they were at the issue, and who has any.
    Lanes<uint32_t> metadata{};
    LaneMask hasMetadata = 0;
  };
  MatrixShape shape;
  Quarter quarters[4];
  unsigned gathered = 0, line = 0;
  bool fromRegisters = false, accumulates = true;
  bool negatesA = false, negatesB = false;
  bool transposesA = false, transposesB = false;
  uint64_t descriptorA = 0, descriptorB = 0;
  /// What all four warps knew at their issue.
  Knowledge knowledge;
};

Outcome issueMatrix(Step &s, const MatrixIssue &issue);
/// wgmma.wait_group: at most `pending` groups may still be in flight.
Outcome waitMatrix(Step &s, uint32_t pending);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_MATRIXASYNC_H
