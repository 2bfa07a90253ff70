//===- Binding.h - A manifest with sizes and strides ------------*- C++ -*-===//
//
// What a manifest leaves to the launch: dynamic sizes, the memory order of the
// tensors and the gaps between their rows. From these follow strides, the grid
// and the tensor maps, all without a device.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_RUNTIME_BINDING_H
#define GIRIH_RUNTIME_BINDING_H

#include "girih/Reference/Attention.h"
#include "girih/Runtime/Manifest.h"
#include <map>

namespace girih::runtime {

/// Where a tensor's elements are, in elements from its first.
struct TensorLayout {
  std::vector<int64_t> shape, strides;
  int64_t span = 0; ///< elements from the first to the end of the last row, gaps included

  int64_t elements() const;
};

/// The user's choices for one launch.
struct LaunchChoices {
  std::map<std::string, int64_t> sizes;
  /// Numbers that the functions of an attention problem use; see chooseScalars.
  std::map<std::string, double> scalars;
  /// Memory order of the tensors [b, h, s, d], as in "bshd"; empty: the
  /// manifest's.
  std::string layout;
  /// Unused elements after every innermost row.
  int64_t pad = 0;
};

/// A manifest whose sizes and strides are known. Refers to the manifest.
struct Binding {
  const Manifest *manifest = nullptr;
  std::vector<int64_t> sizes;        ///< one for each of the manifest's sizes
  std::vector<TensorLayout> tensors; ///< one for each of its tensors
  std::vector<double> scalars;       ///< one for each of its scalars

  int64_t value(const Extent &extent) const;
  /// The value of a named size; throws Error when the manifest has no such
  /// size.
  int64_t size(const std::string &name) const;
  const TensorLayout &layout(const std::string &tensor) const;
  int tensorIndex(const std::string &tensor) const;
};

/// Throws Error when a choice names no size, contradicts a static one, or
/// leaves a dynamic one open, when the layout is not an order of b, h, s, d, or
/// when a constraint of the manifest is broken.
Binding bindManifest(const Manifest &manifest, const LaunchChoices &choices);

/// The manifest's scalars; those that are not chosen are from 0.5 to 1.5, or from 0 to 99 if they
/// are integers, by their names. Throws Error when a choice names none, or fits no i32.
std::vector<double> chooseScalars(const Manifest &manifest, const std::map<std::string, double> &chosen);

/// The bytes of a scalar as the kernel takes it.
uint32_t scalarBits(const ScalarDeclaration &scalar, double value);

/// A tensor that a caller has, with strides in elements.
struct GivenTensor {
  ElementType type = ElementType::BF16;
  std::vector<int64_t> shape, strides;
};

/// Binds the manifest to tensors, one for each of its own; sizes follow from their
/// shapes. Throws Error when a type, a rank or an extent does not fit, and as
/// bindManifest does. The stride of an extent of 1 is free, and chosen anew.
Binding bindTensors(const Manifest &manifest, const std::vector<GivenTensor> &tensors);

/// The sizes that the shapes say; no value for one that none says. A shape may be
/// left out, as an empty list. Throws Error when they contradict each other.
std::vector<std::optional<int64_t>> inferSizes(const Manifest &manifest,
                                               const std::vector<std::vector<int64_t>> &shapes);

/// Throws Error unless sizes, strides and work items are as the manifest's
/// constraints demand, and fit into the kernel's arguments. bindManifest has done it.
void checkConstraints(const Binding &binding);

/// Throws Error unless a tensor of the manifest may be at `address`.
void checkAddress(const Binding &binding, int tensor, uint64_t address);

/// The product of the tiles along each dimension of the work. Throws Error when
/// there is none, or more than 2^46.
int64_t countWorkItems(const Binding &binding);
/// The same by dimensions, the fastest first.
std::vector<int64_t> workItems(const Binding &binding);

/// CTAs along x for `multiprocessors`, a multiple of the cluster size. Throws
/// Error when there is no work or more than a grid holds.
uint32_t computeGrid(const Binding &binding, int multiprocessors);

/// The mask of an attention problem. Throws Error for one it does not know. What a mask captures is
/// referred to.
reference::Mask problemMask(const Manifest &manifest, const reference::Captures &captures = {});

/// Floating-point operations of the problem: 4 b h sq skv d for attention, half
/// of it when a square problem is causal, by visible pairs for other masks;
/// 2 m n k for a matrix product; 0 for an unknown problem. A mask whose tensors have no data
/// counts as none.
double problemFlops(const Binding &binding, const reference::Captures &captures = {});

/// "[4, 32, 2048, 128] bf16", with "32/8" for grouped heads and "250x129" for a
/// query length that is not the key length.
std::string describeProblem(const Binding &binding);

} // namespace girih::runtime

#endif // GIRIH_RUNTIME_BINDING_H
