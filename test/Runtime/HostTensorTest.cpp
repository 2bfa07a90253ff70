//===- HostTensorTest.cpp - Inputs of checks and timings ------------------===//

#include "girih/Runtime/HostTensor.h"
#include "TestManifest.h"
#include <algorithm>
#include <cmath>

using namespace girih;
using namespace girih::runtime;
using namespace girih::runtime::test;

namespace {

TensorLayout dense(int64_t rows, int64_t columns, int64_t stride) {
  return {{rows, columns}, {stride, 1}, rows * stride};
}

} // namespace

TEST(HostTensorTest, numbers_are_normal_and_repeatable) {
  HostTensor tensor = randomTensor(dense(1000, 130, 130), ElementType::BF16, 5, 2);
  double sum = 0, squares = 0, count = 130000;
  for (int64_t i = 0; i < 130000; ++i) {
    sum += tensor.load(i);
    squares += tensor.load(i) * tensor.load(i);
  }
  EXPECT_NEAR(0, sum / count, 0.03);
  EXPECT_NEAR(4, squares / count, 0.06);
  EXPECT_EQ(tensor.bytes, randomTensor(dense(1000, 130, 130), ElementType::BF16, 5, 2).bytes);
  EXPECT_NE(tensor.bytes, randomTensor(dense(1000, 130, 130), ElementType::BF16, 6, 2).bytes);
}

TEST(HostTensorTest, integers) {
  for (ElementType type : {ElementType::I8, ElementType::I32, ElementType::I64}) {
    HostTensor plain = randomIntegers(dense(3, 200, 203), type, 5, /*isSorted=*/false);
    HostTensor sorted = randomIntegers(dense(3, 200, 203), type, 5, /*isSorted=*/true);
    std::vector<int> counts(4);
    for (int64_t row = 0; row < 3; ++row) {
      int64_t last = 0;
      for (int64_t i = 0; i < 200; ++i) {
        ++counts.at(size_t(loadInteger(type, plain.bytes.data(), size_t(row * 203 + i))));
        int64_t value = loadInteger(type, sorted.bytes.data(), size_t(row * 203 + i));
        EXPECT_TRUE(value == last || (value == last + 1 && i > 0));
        last = value;
      }
      EXPECT_GT(last, 4);
      EXPECT_LT(last, 40);
      EXPECT_TRUE(isPoison(plain, row * 203 + 200));
    }
    EXPECT_GT(*std::min_element(counts.begin(), counts.end()), 90);
  }
}

TEST(HostTensorTest, layout_does_not_change_the_numbers) {
  HostTensor narrow = randomTensor(dense(9, 6, 6), ElementType::F16, 5, 1);
  HostTensor wide = randomTensor(dense(9, 6, 10), ElementType::F16, 5, 1);
  for (int64_t row = 0; row < 9; ++row)
    for (int64_t i = 0; i < 10; ++i)
      if (i < 6)
        EXPECT_EQ(narrow.load(row * 6 + i), wide.load(row * 10 + i));
      else
        EXPECT_TRUE(isPoison(wide, row * 10 + i));
}

TEST(HostTensorTest, poison_is_a_nan_that_random_numbers_are_not) {
  for (ElementType type : {ElementType::BF16, ElementType::F16, ElementType::F32}) {
    HostTensor tensor = poisonedTensor(dense(3, 5, 5), type);
    for (int64_t i = 0; i < 15; ++i) {
      EXPECT_TRUE(isPoison(tensor, i));
      EXPECT_TRUE(std::isnan(tensor.load(i)));
    }
    storeElement(type, tensor.bytes.data(), 7, NAN);
    EXPECT_FALSE(isPoison(tensor, 7));
  }
}
