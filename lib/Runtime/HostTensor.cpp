//===- HostTensor.cpp - Tensors of a problem in host memory ---------------===//
//
// Inputs are hundreds of megabytes, so a normal number costs one look-up: 16
// random bits choose one of 65536 equally likely quantiles, already rounded to
// the element type.
//
//===----------------------------------------------------------------------===//

#include "girih/Runtime/HostTensor.h"
#include "girih/Support/Parallel.h"
#include <cmath>

using namespace girih;
using namespace girih::runtime;

namespace {

constexpr int quantiles = 1 << 16;

/// x such that a normal number is below x with this probability.
double normalQuantile(double probability) {
  double low = -9, high = 9;
  for (int step = 0; step < 50; ++step) {
    double middle = (low + high) / 2;
    (0.5 * std::erfc(-middle / std::sqrt(2.0)) < probability ? low : high) = middle;
  }
  return (low + high) / 2;
}

const std::vector<float> &normalTable() {
  static const std::vector<float> table = [] {
    std::vector<float> values(quantiles);
    parallelFor(64, [&](int64_t block) {
      for (int64_t i = block * quantiles / 64; i < (block + 1) * quantiles / 64; ++i)
        values[i] = float(normalQuantile((double(i) + 0.5) / quantiles));
    });
    return values;
  }();
  return table;
}

template <typename Bits> void fillPoison(HostTensor &tensor) {
  Bits poison = Bits(poisonBits(tensor.type));
  auto *elements = reinterpret_cast<Bits *>(tensor.bytes.data());
  std::fill(elements, elements + tensor.layout.span, poison);
}

template <typename Bits> void fillRandom(HostTensor &tensor, uint64_t seed, const std::vector<Bits> &table) {
  auto *elements = reinterpret_cast<Bits *>(tensor.bytes.data());
  int64_t length = tensor.rowLength(), rows = tensor.rows();
  constexpr int64_t rowsPerBlock = 256;
  parallelFor((rows + rowsPerBlock - 1) / rowsPerBlock, [&](int64_t block) {
    for (int64_t row = block * rowsPerBlock; row < std::min(rows, (block + 1) * rowsPerBlock); ++row) {
      Bits *out = elements + tensor.rowOffset(row);
      uint64_t key = scatter(seed ^ scatter(uint64_t(row)));
      for (int64_t i = 0; i < length; i += 4) {
        uint64_t random = scatter(key + uint64_t(i));
        for (int64_t j = i; j < std::min(length, i + 4); ++j, random >>= 16)
          out[j] = table[random & 0xffff];
      }
    }
  });
}

} // namespace

uint64_t runtime::scatter(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

int64_t HostTensor::rowOffset(int64_t index) const {
  int64_t offset = 0;
  for (size_t dim = layout.shape.size() - 1; dim-- > 0; index /= layout.shape[dim])
    offset += index % layout.shape[dim] * layout.strides[dim];
  return offset;
}

uint64_t runtime::poisonBits(ElementType type) {
  switch (type) {
  case ElementType::BF16:
    return 0x7fa5;
  case ElementType::F16:
    return 0x7d5a;
  case ElementType::F32:
    return 0x7fa5a5a5;
  case ElementType::I8:
    return 0xa5;
  case ElementType::I32:
    return 0xa5a5a5a5;
  case ElementType::I64:
    return 0xa5a5a5a5a5a5a5a5;
  case ElementType::E4M3: // conversions make the positive one
    return 0xff;
  case ElementType::E5M2:
    return 0xfd;
  case ElementType::UE8M0:
    return 0xff;
  }
  return 0;
}

bool runtime::isPoison(const HostTensor &tensor, int64_t offset) {
  size_t size = elementBytes(tensor.type);
  uint64_t bits = 0;
  std::memcpy(&bits, tensor.bytes.data() + size_t(offset) * size, size);
  return bits == poisonBits(tensor.type);
}

HostTensor runtime::poisonedTensor(const TensorLayout &layout, ElementType type) {
  HostTensor tensor{layout, type, {}};
  tensor.bytes.resize(size_t(layout.span) * elementBytes(type));
  switch (elementBytes(type)) {
  case 1:
    fillPoison<uint8_t>(tensor);
    break;
  case 2:
    fillPoison<uint16_t>(tensor);
    break;
  case 4:
    fillPoison<uint32_t>(tensor);
    break;
  default:
    fillPoison<uint64_t>(tensor);
  }
  return tensor;
}

HostTensor runtime::randomTensor(const TensorLayout &layout, ElementType type, uint64_t seed, float factor) {
  HostTensor tensor = poisonedTensor(layout, type);
  auto fill = [&]<typename Bits>(Bits) {
    std::vector<Bits> table(quantiles);
    for (int i = 0; i < quantiles; ++i) {
      // Of scales, the exponents are normal: mostly from -4 to 4.
      float value = type == ElementType::UE8M0 ? std::exp2(std::round(2 * normalTable()[i])) : normalTable()[i];
      storeElement(type, table.data(), size_t(i), value * factor);
    }
    fillRandom(tensor, seed, table);
  };
  if (elementBytes(type) == 1)
    fill(uint8_t());
  else if (type == ElementType::F32)
    fill(uint32_t());
  else
    fill(uint16_t());
  return tensor;
}

HostTensor runtime::randomIntegers(const TensorLayout &layout, ElementType type, uint64_t seed, bool isSorted) {
  HostTensor tensor = poisonedTensor(layout, type);
  int64_t length = tensor.rowLength();
  parallelFor(tensor.rows(), [&](int64_t row) {
    uint64_t key = scatter(seed ^ scatter(uint64_t(row)));
    int64_t value = 0, offset = tensor.rowOffset(row);
    for (int64_t i = 0; i < length; ++i) {
      uint64_t random = scatter(key + uint64_t(i));
      if (isSorted)
        value += i > 0 && int64_t(random % uint64_t(length)) < 16;
      storeInteger(type, tensor.bytes.data(), size_t(offset + i), isSorted ? value : int64_t(random % 4));
    }
  });
  return tensor;
}
