//===- Binding.cpp - Sizes, strides and the grid of a launch --------------===//

#include "girih/Runtime/Binding.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

using namespace girih;
using namespace girih::runtime;

namespace {

/// More than any memory holds, and small enough to add to.
constexpr int64_t maxElements = int64_t(1) << 46;

int64_t multiply(const Manifest &manifest, int64_t a, int64_t b) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product) || product > maxElements)
    throw Error(manifest.path + ": the problem is too large: " + std::to_string(a) + " times " + std::to_string(b) +
                " elements");
  return product;
}

std::vector<int64_t> bindSizes(const Manifest &manifest, const LaunchChoices &choices) {
  for (const auto &[name, value] : choices.sizes) {
    int index = manifest.findSize(name);
    if (index < 0)
      throw Error(manifest.path + ": size '" + name + "' is not in sizes");
    std::optional<int64_t> fixed = manifest.sizes[index].value;
    if (fixed && *fixed != value)
      throw Error(manifest.path + ": size '" + name + "' is " + std::to_string(*fixed) +
                  " in this kernel and cannot be " + std::to_string(value));
    if (value < 0)
      throw Error(manifest.path + ": size '" + name + "' is " + std::to_string(value) +
                  " when it should not be negative");
  }
  std::vector<int64_t> sizes;
  for (const SizeDeclaration &size : manifest.sizes) {
    auto chosen = choices.sizes.find(size.name);
    if (!size.value && chosen == choices.sizes.end())
      throw Error(manifest.path + ": size '" + size.name + "' is dynamic: choose it with --size " + size.name + "=N");
    sizes.push_back(size.value ? *size.value : chosen->second);
  }
  return sizes;
}

/// Dimensions of a [b, h, s, d] tensor in the order of `letters`.
std::vector<int> parseLayout(const std::string &letters) {
  std::string sorted = letters;
  std::sort(sorted.begin(), sorted.end());
  if (sorted != "bdhs" || letters.back() != 'd')
    throw Error("layout '" + letters + "' should be an order of b, h, s, d that ends with d");
  std::vector<int> order;
  for (char letter : letters)
    order.push_back(int(std::string("bhsd").find(letter)));
  return order;
}

/// What the strides of a tensor must be multiples of.
int64_t strideMultiple(const Manifest &manifest, size_t tensor) {
  int64_t multiple = 1;
  for (const Constraint &constraint : manifest.constraints)
    if (constraint.kind == Constraint::Kind::Stride && constraint.tensor == int(tensor) && constraint.multiple &&
        constraint.multiple->index < 0)
      multiple = std::max(multiple, constraint.multiple->number);
  return multiple;
}

/// `pad` elements follow each innermost row, or as many as make it a multiple of `rowMultiple`.
TensorLayout layOut(const Manifest &manifest, std::vector<int64_t> shape, const std::vector<int> &order, int64_t pad,
                    int64_t rowMultiple) {
  TensorLayout layout;
  layout.strides.resize(shape.size());
  int64_t span = 1;
  for (auto dim = order.rbegin(); dim != order.rend(); ++dim) {
    layout.strides[*dim] = span;
    span = multiply(manifest, span, shape[*dim]);
    if (dim == order.rbegin() && shape.size() > 1)
      span = pad ? span + pad : (span + rowMultiple - 1) / rowMultiple * rowMultiple;
  }
  layout.shape = std::move(shape);
  layout.span = span;
  return layout;
}

} // namespace

int64_t TensorLayout::elements() const {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

int64_t Binding::value(const Extent &extent) const {
  return extent.index < 0 ? extent.number : sizes[size_t(extent.index)];
}

int64_t Binding::size(const std::string &name) const {
  int index = manifest->findSize(name);
  if (index < 0)
    throw Error(manifest->path + ": a problem of kind '" + manifest->problem.kind + "' should have a size '" + name +
                "'");
  return sizes[index];
}

int Binding::tensorIndex(const std::string &tensor) const {
  int index = manifest->findTensor(tensor);
  if (index < 0)
    throw Error(manifest->path + ": a problem of kind '" + manifest->problem.kind + "' should have a tensor '" +
                tensor + "'");
  return index;
}

const TensorLayout &Binding::layout(const std::string &tensor) const { return tensors[tensorIndex(tensor)]; }

Binding runtime::bindManifest(const Manifest &manifest, const LaunchChoices &choices) {
  if (choices.pad < 0 || choices.pad > maxElements)
    throw Error("pad is " + std::to_string(choices.pad) + " when it should be from 0 to " +
                std::to_string(maxElements));
  Binding binding;
  binding.manifest = &manifest;
  binding.sizes = bindSizes(manifest, choices);
  for (const TensorDeclaration &tensor : manifest.tensors) {
    std::vector<int64_t> shape;
    for (const Extent &extent : tensor.shape)
      shape.push_back(binding.value(extent));
    // What functions capture has an order of its own.
    bool isOfProblem = tensor.name == "q" || tensor.name == "k" || tensor.name == "v" || tensor.name == "o";
    bool reorder = !choices.layout.empty() && shape.size() == 4 && isOfProblem;
    binding.tensors.push_back(layOut(manifest, shape, reorder ? parseLayout(choices.layout) : tensor.order, choices.pad,
                                     strideMultiple(manifest, binding.tensors.size())));
  }
  binding.scalars = chooseScalars(manifest, choices.scalars);
  checkConstraints(binding);
  return binding;
}

std::vector<double> runtime::chooseScalars(const Manifest &manifest, const std::map<std::string, double> &chosen) {
  for (const auto &[name, value] : chosen) {
    int index = manifest.findScalar(name);
    if (index < 0)
      throw Error(manifest.path + ": scalar '" + name + "' is not in scalars");
    bool isInteger = manifest.scalars[size_t(index)].type == ElementType::I32;
    if (isInteger && !(value == std::trunc(value) && std::fabs(value) <= std::numeric_limits<int32_t>::max()))
      throw Error(manifest.path + ": scalar '" + name + "' is " + std::to_string(value) +
                  " when it should be a whole number of 32 bits");
  }
  std::vector<double> values;
  for (const ScalarDeclaration &scalar : manifest.scalars) {
    auto found = chosen.find(scalar.name);
    uint64_t random = 14695981039346656037u; // FNV-1a of the name
    for (unsigned char c : scalar.name)
      random = (random ^ c) * 1099511628211u;
    double open = scalar.type == ElementType::I32 ? double(random % 100) : 0.5 + double(random % 1000) / 1000;
    // The reference has the number that the kernel has.
    values.push_back(scalar.type == ElementType::I32 ? (found == chosen.end() ? open : found->second)
                                                     : float(found == chosen.end() ? open : found->second));
  }
  return values;
}

uint32_t runtime::scalarBits(const ScalarDeclaration &scalar, double value) {
  return scalar.type == ElementType::I32 ? uint32_t(int32_t(value)) : std::bit_cast<uint32_t>(float(value));
}

std::vector<int64_t> runtime::workItems(const Binding &binding) {
  const Manifest &manifest = *binding.manifest;
  std::vector<int64_t> items;
  for (const WorkDimension &dimension : manifest.launch.work) {
    int64_t size = binding.value(dimension.size);
    if (size == 0)
      throw Error(manifest.path + ": no work to launch: size '" + dimension.size.size + "' is 0");
    items.push_back((size + dimension.tile - 1) / dimension.tile + binding.value(dimension.more));
  }
  return items;
}

int64_t runtime::countWorkItems(const Binding &binding) {
  int64_t items = 1;
  for (int64_t more : workItems(binding))
    items = multiply(*binding.manifest, items, more);
  return items;
}

uint32_t runtime::computeGrid(const Binding &binding, int multiprocessors) {
  const Manifest &manifest = *binding.manifest;
  int64_t items = countWorkItems(binding), cluster = manifest.launch.cluster;
  // The CTAs of a cluster share an item.
  int64_t atOnce = std::max<int64_t>(int64_t(manifest.launch.ctas) * multiprocessors / cluster, 1);
  int64_t grid = (manifest.launch.persistent ? std::min(items, atOnce) : items) * cluster;
  if (grid > std::numeric_limits<int32_t>::max())
    throw Error(manifest.path + ": the grid has " + std::to_string(grid) +
                " CTAs when at most 2147483647 can be launched");
  return uint32_t(grid);
}
