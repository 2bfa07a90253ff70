// The tensors of a call of XLA.
#ifndef GIRIH_PYTHON_CALL_H
#define GIRIH_PYTHON_CALL_H

#include "girih-c/girih.h"
#include "xla/ffi/api/ffi.h"
#include <cstdint>
#include <optional>
#include <vector>

namespace girih::python {

namespace ffi = xla::ffi;

/// The tensors of a call. vmap puts dimensions in front, of size 1 for what it does not map:
/// they become one with the batch, or there are as many launches where the batches cannot be
/// told by a stride, or the kernel must not see them.
class Call {
public:
  /// The first tensor tells how many dimensions vmap has put in front of all.
  void add(const ffi::AnyBuffer &buffer, std::optional<size_t> rank, bool isBatched);

  /// Makes the dimensions in front part of the batch, if that can be done for all tensors.
  void mergeBatches();

  /// Of each launch.
  const int64_t *queryShape() const { return tensors.front().shape.data(); }
  int64_t keys() const { return tensors[1].shape[2]; }

  /// Calls `run` with the tensors of each launch until one fails.
  template <typename Run> bool forEach(const Run &run) {
    std::vector<GirihTensor> given(tensors.size());
    int64_t count = 1;
    for (int64_t size : sizes)
      count *= size;
    for (int64_t i = 0; i < count; ++i) {
      for (size_t t = 0; t < tensors.size(); ++t) {
        const Tensor &tensor = tensors[t];
        int64_t offset = 0, rest = i;
        for (size_t dim = sizes.size(); dim-- > 0; rest /= sizes[dim])
          offset += rest % sizes[dim] * tensor.leading[dim];
        given[t] = {tensor.data + offset * int64_t(tensor.elementBytes), tensor.type, int(tensor.shape.size()),
                    tensor.shape.data(), tensor.strides.data()};
      }
      if (!run(given.data(), given.size()))
        return false;
    }
    return true;
  }

private:
  struct Tensor {
    bool isBatched; ///< its first dimension is the batch; else it is the same for all of the batch
    uint8_t *data;
    GirihElementType type;
    size_t elementBytes;
    std::vector<int64_t> shape, strides;
    std::vector<int64_t> leading; ///< strides of the dimensions in front, in elements
  };

  bool merge(Tensor &tensor) const;

  std::vector<Tensor> tensors;
  std::vector<int64_t> sizes; ///< of the dimensions in front
};

} // namespace girih::python

#endif // GIRIH_PYTHON_CALL_H
