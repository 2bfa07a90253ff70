//===- Score.h - A score or mask function as data ---------------*- C++ -*-===//
//
// The score or mask region of an attention op, in a form that a manifest can
// hold, so that a kernel with a function of the user's own is checked as others
// are.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_REFERENCE_SCORE_H
#define GIRIH_REFERENCE_SCORE_H

#include "girih/Reference/Captures.h"
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace girih::reference {

/// All numbers from low to high.
struct Interval {
  double low = 0, high = 0;
  static constexpr Interval anything() {
    return {-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
  }
};

/// A function (score, b, h, q, k) -> score in postfix notation: a number or one
/// of `s b h q k sq skv` (the last are the lengths) pushes a value, an operation replaces its operands by its
/// result; "=x" keeps the last value, which "x" pushes from then on; "$x" pushes a captured number, and
/// "@x" replaces as many indices as a captured tensor has dimensions by an element of it. "s 30 div
/// tanh 30 mul" is 30 tanh(s / 30). docs/manifest.md lists the operations.
class ScoreProgram {
public:
  /// Throws Error for an unknown word, a missing operand, or a program that
  /// does not leave one value. Of captured tensors, the data are referred to.
  explicit ScoreProgram(const std::vector<std::string> &words, Captures captures = {});

  /// What it takes, in the order of the words above.
  static constexpr int inputs = 7;
  using Values = std::array<double, inputs>;

  double evaluate(const Values &values) const;
  /// An interval that holds the results for all values in those given.
  Interval bound(const std::array<Interval, inputs> &values) const;

  /// Whether it uses a function that GPUs approximate to about 11 bits.
  bool isApproximate() const { return approximate; }
  /// Whether the result depends on input number `input`.
  bool uses(int input) const;
  /// Whether it reads a captured tensor that has no data.
  bool lacksData() const;

private:
  template <typename Value, typename Apply, typename Look>
  Value run(const std::array<Value, inputs> &values, const Apply &apply, const Look &look) const;

  struct Step {
    int operation; ///< index into the table of operations, or a negative: push
    double number;
  };
  std::vector<Step> steps;
  Captures captures;
  bool approximate = false;
};

} // namespace girih::reference

#endif // GIRIH_REFERENCE_SCORE_H
