//===- Constraints.cpp - What must hold before a launch -------------------===//

#include "girih/Runtime/Binding.h"

using namespace girih;
using namespace girih::runtime;

namespace {

std::string rangeText(const Constraint &constraint) {
  std::string low = std::to_string(constraint.minimum), high = std::to_string(constraint.maximum);
  if (constraint.minimum == constraint.maximum)
    return low;
  if (constraint.maximum == INT64_MAX)
    return "at least " + low;
  return constraint.minimum == INT64_MIN ? "at most " + high : "from " + low + " to " + high;
}

/// What the constraint is about, in words.
std::string subject(const Manifest &manifest, const Constraint &constraint) {
  switch (constraint.kind) {
  case Constraint::Kind::Size:
    return "size '" + manifest.sizes[constraint.size].name + "'";
  case Constraint::Kind::Address:
    return "the address of '" + manifest.tensors[constraint.tensor].name + "'";
  case Constraint::Kind::Stride:
    return "stride " + std::to_string(constraint.dim) + " of '" + manifest.tensors[constraint.tensor].name + "'";
  case Constraint::Kind::Reach:
    return "the reach of '" + manifest.tensors[constraint.tensor].name + "'";
  case Constraint::Kind::WorkItems:
    break;
  }
  return "the number of work items";
}

/// Elements from a tensor's start to the end of the last row, counted as strides of `dim`.
int64_t reachOf(const TensorLayout &layout, int dim) {
  int64_t reach = layout.strides[dim];
  for (size_t i = 0; i + 1 < layout.shape.size(); ++i)
    reach += (layout.shape[i] - 1) * layout.strides[i];
  return reach;
}

void check(const Binding &binding, const Constraint &constraint, int64_t value) {
  auto fail = [&](const std::string &expected) {
    throw Error(binding.manifest->path + ": " + subject(*binding.manifest, constraint) + " is " +
                std::to_string(value) + " when it should be " + expected);
  };
  if (value < constraint.minimum || value > constraint.maximum)
    fail(rangeText(constraint));
  if (!constraint.multiple)
    return;
  int64_t divisor = binding.value(*constraint.multiple);
  if (divisor < 1 || value % divisor != 0)
    fail("a multiple of " + (constraint.multiple->size.empty() ? "" : constraint.multiple->size + ", which is ") +
         std::to_string(divisor));
}

} // namespace

void runtime::checkConstraints(const Binding &binding) {
  const Manifest &manifest = *binding.manifest;
  for (const Constraint &constraint : manifest.constraints) {
    switch (constraint.kind) {
    case Constraint::Kind::Size:
      check(binding, constraint, binding.sizes[constraint.size]);
      break;
    case Constraint::Kind::Stride:
      check(binding, constraint, binding.tensors[constraint.tensor].strides[constraint.dim]);
      break;
    case Constraint::Kind::Reach:
      check(binding, constraint, reachOf(binding.tensors[constraint.tensor], constraint.dim));
      break;
    case Constraint::Kind::WorkItems:
      check(binding, constraint, countWorkItems(binding));
      break;
    case Constraint::Kind::Address:
      break; // known at the launch
    }
  }
  for (const Argument &argument : manifest.arguments)
    if (argument.kind == Argument::Kind::Size && binding.sizes[argument.size] > INT32_MAX)
      throw Error(manifest.path + ": size '" + manifest.sizes[argument.size].name + "' is " +
                  std::to_string(binding.sizes[argument.size]) + " when an argument holds at most 2147483647");
}

void runtime::checkAddress(const Binding &binding, int tensor, uint64_t address) {
  for (const Constraint &constraint : binding.manifest->constraints)
    if (constraint.kind == Constraint::Kind::Address && constraint.tensor == tensor)
      check(binding, constraint, int64_t(address));
}
