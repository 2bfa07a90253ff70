//===- Manifest.h - The contract between compiler and loader ----*- C++ -*-===//
//
// docs/manifest.md in C++. Reading checks everything that can be checked
// without a device; what is left needs the sizes of a launch.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_RUNTIME_MANIFEST_H
#define GIRIH_RUNTIME_MANIFEST_H

#include "girih/Support/ElementType.h"
#include "girih/Support/Error.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace girih::runtime {

/// A file beside the manifest and the hash of its bytes.
struct KernelFile {
  std::string path;    ///< relative to the manifest's folder
  std::string xxh3128; ///< 32 lower-case hex digits
};

/// A size of the problem; without a value it is chosen at launch.
struct SizeDeclaration {
  std::string name;
  std::optional<int64_t> value;
};

/// An extent: a named size or a number.
struct Extent {
  std::string size; ///< empty when it is `number`
  int64_t number = 0;
  int index = -1; ///< of the size among Manifest::sizes
};

struct TensorDeclaration {
  std::string name;
  bool isOutput = false;
  ElementType type = ElementType::BF16;
  std::vector<Extent> shape;
  std::vector<int> order; ///< dimensions in memory order, outermost first
};

struct WorkDimension {
  Extent size;
  int64_t tile = 1;
  Extent more; ///< added to the number of tiles
};

struct LaunchDeclaration {
  int threads = 0;
  int cluster = 1;
  int64_t sharedBytes = 0;
  bool persistent = false;
  int ctas = 1; ///< that share a multiprocessor
  std::vector<WorkDimension> work;
};

/// One dimension of a tensor map, innermost first.
struct TensorMapMode {
  int dim = -1;                  ///< none: `bytes` is the stride, and there is an extent
  std::optional<int64_t> extent; ///< the tensor's size of `dim` when absent
  int64_t step = 1;              ///< elements of `dim` that one step moves
  int64_t bytes = 0;             ///< that it moves beside these
  int64_t box = 1;
};

/// A number that is chosen at launch.
struct ScalarDeclaration {
  std::string name;
  ElementType type = ElementType::F32; ///< or I32
};

struct Argument {
  enum class Kind { TensorMap, Pointer, Stride, Size, Scalar, Workspace };
  Kind kind = Kind::Pointer;
  int tensor = -1; ///< index into Manifest::tensors
  int dim = -1;    ///< of a stride
  int size = -1;   ///< index into Manifest::sizes
  int scalar = -1; ///< index into Manifest::scalars
  int64_t bytes = 0;
  int swizzle = 0;
  std::vector<TensorMapMode> modes;

  /// Bytes the kernel's parameter has.
  size_t parameterBytes() const {
    return kind == Kind::TensorMap ? 128 : kind == Kind::Size || kind == Kind::Scalar ? 4 : 8;
  }
};

/// What a size, an address, a stride, a tensor's reach or the number of work items must be.
struct Constraint {
  enum class Kind { Size, Address, Stride, Reach, WorkItems };
  Kind kind = Kind::Size;
  int size = -1;   ///< index into Manifest::sizes
  int tensor = -1; ///< index into Manifest::tensors
  int dim = -1;    ///< of a stride or a reach
  int64_t minimum = INT64_MIN, maximum = INT64_MAX;
  std::optional<Extent> multiple; ///< what it is a multiple of
};

/// Warps that run the same program, for reports.
struct RoleDeclaration {
  std::string name;
  int warps = 0;
};

struct ProblemDeclaration {
  std::string kind; ///< `attention.forward`, `gemm`, `scaled_gemm`, or anything else
  bool isProduct() const { return kind == "gemm" || kind == "scaled_gemm"; }
  std::string mask = "none";
  /// The mask as a reference::ScoreProgram, in place of a name.
  std::vector<std::string> maskProgram;
  int64_t window = 0;
  double scale = 1;
  /// The relative error of a weight that the kernel's exponentials may have, beside what
  /// f32 arithmetic has anyway.
  double weightError = 0;
  /// Whether weights are rounded as they are, not relative to the largest of their row.
  bool hasFixedMaximum = false;
  /// The output is multiplied by it before it is rounded.
  double outputScale = 1;
  /// Queries and keys of a block, where there are lists of blocks `kv_num_blocks` and `kv_indices`.
  std::optional<std::array<int64_t, 2>> blocks;
  /// The probability with which a weight is left out, where there is a tensor `dropout_state`.
  std::optional<double> dropout;
  /// Weights of 8 bits are rounded times 2 to this power.
  std::optional<int64_t> weightExponent;
  /// Keys whose products MMAs add up before these sums are added in f32: all unless given.
  std::optional<int64_t> summedKeys;
  /// Whether there is a score function.
  bool hasScore = false;
  /// It as a reference::ScoreProgram; empty when it has no such form, and then
  /// the problem has no reference.
  std::vector<std::string> score;
  /// Captured tensors whose elements do not decrease along their last dimension.
  std::vector<std::string> sorted;
};

struct Manifest {
  std::string path; ///< of the manifest itself
  std::string name, kernel, target, schedule;
  std::optional<KernelFile> cubin, ptx;
  ProblemDeclaration problem;
  std::vector<SizeDeclaration> sizes;
  std::vector<TensorDeclaration> tensors;
  std::vector<ScalarDeclaration> scalars;
  LaunchDeclaration launch;
  std::vector<Argument> arguments;
  std::vector<Constraint> constraints; ///< later ones rely on earlier ones
  std::optional<int> registers;        ///< per thread, for reports
  std::optional<int64_t> spillBytes;
  std::vector<RoleDeclaration> roles; ///< in the order of their warps
  std::vector<std::string> assumes;   ///< what the kernel relies on beside the PTX ISA

  /// Index of the tensor, size or scalar of that name, -1 when there is none.
  int findTensor(const std::string &tensorName) const;
  int findSize(const std::string &sizeName) const;
  int findScalar(const std::string &scalarName) const;
};

/// Parses `text`; `path` stands in messages. Throws Error with the place, as in
/// "attention.json: arguments[3].tensor 'x' is not in tensors".
Manifest parseManifest(const std::string &text, const std::string &path);

/// Reads and parses the file at `path`.
Manifest readManifest(const std::string &path);

/// The bytes of a kernel file. Throws Error when it cannot be read or its hash
/// is not the manifest's: "manifest and cubin do not belong together".
std::string readKernelFile(const Manifest &manifest, const KernelFile &file, const char *what);

/// XXH3-128 of `bytes` as 32 lower-case hex digits, most significant first.
std::string hashBytes(const std::string &bytes);

} // namespace girih::runtime

#endif // GIRIH_RUNTIME_MANIFEST_H
