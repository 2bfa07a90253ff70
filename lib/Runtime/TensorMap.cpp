//===- TensorMap.cpp - From a recipe to a tensor map's fields -------------===//
//
// The limits are those of cuTensorMapEncodeTiled in the CUDA driver API. The
// driver answers all of them with CUDA_ERROR_INVALID_VALUE, so they are checked
// here, where the message can name the number.
//
//===----------------------------------------------------------------------===//

#include "girih/Runtime/TensorMap.h"

using namespace girih;
using namespace girih::runtime;

namespace {

[[noreturn]] void fail(const TensorMapFields &fields, const std::string &what, uint64_t found,
                       const std::string &expected) {
  throw Error("tensor map of '" + fields.tensor + "': " + what + " is " + std::to_string(found) +
              " when it should be " + expected);
}

std::string ofMode(const char *what, uint32_t mode) { return std::string(what) + " of mode " + std::to_string(mode); }

} // namespace

TensorMapFields runtime::tensorMapFields(const Argument &argument, const Binding &binding) {
  const TensorDeclaration &tensor = binding.manifest->tensors[argument.tensor];
  const TensorLayout &layout = binding.tensors[argument.tensor];
  TensorMapFields fields;
  fields.tensor = tensor.name;
  fields.type = tensor.type;
  fields.rank = uint32_t(argument.modes.size());
  fields.swizzle = uint32_t(argument.swizzle);
  for (uint32_t i = 0; i < fields.rank; ++i) {
    const TensorMapMode &mode = argument.modes[i];
    fields.extents[i] = uint64_t(mode.extent ? *mode.extent : layout.shape[mode.dim]);
    fields.strides[i] = uint64_t(mode.bytes);
    if (mode.dim >= 0)
      fields.strides[i] += uint64_t(mode.step) * uint64_t(layout.strides[mode.dim]) * elementBytes(tensor.type);
    fields.box[i] = uint32_t(mode.box);
  }
  return fields;
}

void runtime::checkTensorMap(const TensorMapFields &fields, uint64_t address) {
  uint64_t element = elementBytes(fields.type);
  if (fields.rank < 1 || fields.rank > 5)
    fail(fields, "rank", fields.rank, "from 1 to 5");
  if (address % 16 != 0)
    fail(fields, "address", address, "a multiple of 16 bytes");
  if (fields.strides[0] != element)
    fail(fields, "stride of mode 0", fields.strides[0], "the element's " + std::to_string(element) + " bytes");
  for (uint32_t i = 0; i < fields.rank; ++i) {
    if (fields.extents[i] < 1 || fields.extents[i] > uint64_t(1) << 32)
      fail(fields, ofMode("extent", i), fields.extents[i], "from 1 to 4294967296");
    if (fields.box[i] < 1 || fields.box[i] > 256)
      fail(fields, ofMode("box", i), fields.box[i], "from 1 to 256");
    if (i == 0)
      continue;
    if (fields.strides[i] % 16 != 0)
      fail(fields, ofMode("stride", i), fields.strides[i], "a multiple of 16 bytes");
    if (fields.strides[i] >= uint64_t(1) << 40)
      fail(fields, ofMode("stride", i), fields.strides[i], "less than 1099511627776 bytes");
  }
  uint64_t row = fields.box[0] * element;
  if (row % 16 != 0)
    fail(fields, "innermost box", row, "a multiple of 16 bytes");
  if (fields.swizzle != 0 && row > fields.swizzle)
    fail(fields, "innermost box", row, "at most the swizzle's " + std::to_string(fields.swizzle) + " bytes");
}
