//===- Form.h - One instruction form as a kernel of its own -----*- C++ -*-===//
//
// arithmetic.txt, matrix.txt and copies.json list instruction forms. Each
// becomes a kernel that executes the one instruction on many inputs, so that a
// GPU and the simulator can be compared bit by bit, and the bits a GPU gave can
// be kept.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_TEST_SIMULATOR_RECORDED_FORM_H
#define GIRIH_TEST_SIMULATOR_RECORDED_FORM_H

#include "../../../lib/Simulator/Program/Types.h"
#include "girih/Simulator/Simulator.h"

#include <random>

namespace girih::sim {

struct Form {
  /// The line of the table, unique.
  std::string name;
  std::string ptx;
  /// Buffer 0 is the input, buffer 1 the output.
  Launch launch;
  /// One result: its bytes, and its type. NaNs are not told apart, since the
  /// PTX ISA leaves the payload of most open.
  unsigned resultBytes = 4;
  Type resultType = Type::B32;
  /// The result is approximate on the chip (`.approx`): float32 results agree
  /// within this many units in the last place, not bit by bit.
  unsigned ulps = 0;

  bool isExact() const { return ulps == 0; }
};

/// Makes all NaNs of results of one type the same.
void unifyNaNs(const Form &form, std::vector<uint8_t> &results);

/// The launch of a kernel `test(in, out)` in one dimension.
Launch makeLaunch(unsigned blocks, unsigned threads, std::vector<uint8_t> in, std::vector<uint8_t> out);
/// The lines of a table without its comments.
std::vector<std::string> readTable(const std::string &path);

/// Forms of a table: scalar instructions, or products of matrices.
std::vector<Form> readArithmeticForms(const std::string &path);
std::vector<Form> readMatrixForms(const std::string &path);
/// Forms of copies.json in a folder: tensor copies.
std::vector<Form> readCopyForms(const std::string &folder);

/// Which numbers are drawn. Only AnyBits has infinities and NaNs.
enum class Spread { NearOne, AnyExponent, SmallAndZero, AnyBits };
/// The code of a number with a sign, `exponentBits` and `mantissaBits`.
uint64_t drawFloat(std::mt19937_64 &random, unsigned exponentBits, unsigned mantissaBits, Spread spread);

} // namespace girih::sim

#endif // GIRIH_TEST_SIMULATOR_RECORDED_FORM_H
