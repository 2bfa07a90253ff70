//===- Score.h - A score function as data -----------------------*- C++ -*-===//
//
// The score region of an attention op, in a form that a manifest can hold, so
// that a kernel with a score function of the user's own is checked as others
// are.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_REFERENCE_SCORE_H
#define GIRIH_REFERENCE_SCORE_H

#include <cstdint>
#include <string>
#include <vector>

namespace girih::reference {

/// A function (score, b, h, q, k) -> score in postfix notation: a number or one
/// of `s b h q k` pushes a value, an operation replaces its operands by its
/// result; "=x" keeps the last value, which "x" pushes from then on. "s 30 div
/// tanh 30 mul" is 30 tanh(s / 30). docs/manifest.md lists the operations.
class ScoreProgram {
public:
  /// Throws Error for an unknown word, a missing operand, or a program that
  /// does not leave one value.
  explicit ScoreProgram(const std::vector<std::string> &words);

  double evaluate(double score, int64_t b, int64_t h, int64_t q, int64_t k) const;

  /// Whether it uses a function that GPUs approximate to about 11 bits.
  bool isApproximate() const { return approximate; }

private:
  struct Step {
    int operation; ///< index into the table of operations, or a negative: push
    double number;
  };
  std::vector<Step> steps;
  bool approximate = false;
};

} // namespace girih::reference

#endif // GIRIH_REFERENCE_SCORE_H
