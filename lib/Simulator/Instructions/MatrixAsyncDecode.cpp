//===- MatrixAsyncDecode.cpp - The forms of wgmma -------------------------===//
#include "Elementwise.h"
#include "MatrixAsync.h"

namespace girih::sim {
namespace {

/// `m64nNkK`.
MatrixShape takeShape(Decoder &d) {
  MatrixShape shape;
  std::string text = d.startingWith("m64n");
  size_t k = text.find('k');
  if (text.empty() || k == text.npos)
    d.unsupported("its shape");
  shape.n = uint32_t(std::atoi(text.c_str() + 4));
  shape.k = uint32_t(std::atoi(text.c_str() + k + 1));
  if (shape.n < 8 || shape.n > 256 || shape.n % 8)
    d.fail("n is " + std::to_string(shape.n) + " when it should be 8 to 256 in steps of 8");
  return shape;
}

void checkTypes(Decoder &d, const MatrixShape &shape, bool isSparse) {
  uint32_t k = (isSparse ? 512 : 256) / typeBits(shape.a);
  bool isBits = shape.a == Type::B1;
  bool isKnown = shape.a == Type::BF16 || shape.a == Type::F16 || shape.a == Type::TF32 || shape.a == Type::E4M3 ||
                 shape.a == Type::E5M2 || shape.a == Type::S8 || shape.a == Type::U8 || (isBits && !isSparse);
  if (!isKnown || typeBits(shape.a) != typeBits(shape.b))
    d.unsupported("its operand types");
  // The bits that both have, counted, are the sum of the products.
  if (isBits) {
    d.require("and");
    d.require("popc");
  }
  if ((isBits || shape.a == Type::S8 || shape.a == Type::U8) != (shape.accumulator == Type::S32))
    d.fail("has accumulators of ." + std::string(typeName(shape.accumulator)) + " for operands of ." +
           typeName(shape.a));
  // PTX ISA, "wgmma, Matrix Shape": integers have fewer widths.
  if (shape.accumulator == Type::S32 && shape.n % 16 && shape.n != 8 && shape.n != 24)
    d.fail("n is " + std::to_string(shape.n) + " when integers allow 8, 24 and multiples of 16");
  if (shape.k != k)
    d.fail("k is " + std::to_string(shape.k) + " when it should be " + std::to_string(k));
}

void decodeMma(Decoder &d) {
  d.require("sync");
  d.require("aligned");
  bool isSparse = d.has("sp");
  MatrixIssue issue;
  issue.shape = takeShape(d);
  issue.shape.accumulator = d.type();
  issue.shape.a = d.type();
  issue.shape.b = d.type();
  issue.shape.saturates = d.has("satfinite");
  if (issue.shape.saturates && issue.shape.accumulator != Type::S32)
    d.fail(".satfinite is for integers");
  if (issue.shape.saturates && issue.shape.a == Type::B1)
    d.fail(".satfinite is not for bits");
  checkTypes(d, issue.shape, isSparse);
  issue.accumulators = d.destinations(0);
  bool isHalf = issue.shape.accumulator == Type::F16;
  size_t wanted = issue.shape.n / (isHalf ? 4 : 2);
  if (issue.accumulators.size() != wanted)
    d.fail("has " + std::to_string(issue.accumulators.size()) + " accumulators when it should have " +
           std::to_string(wanted));
  bool fromRegisters = d.raw(1).kind == SyntaxOperand::Kind::Vector;
  if (fromRegisters) {
    issue.fragment = d.sources(1, Type::B32);
    if (issue.fragment.size() != 4)
      d.fail("has " + std::to_string(issue.fragment.size()) + " registers of A when it should have 4");
  } else {
    issue.a = d.source(1, Type::B64);
  }
  issue.b = d.source(2, Type::B64);
  size_t at = 3;
  if (isSparse) {
    issue.metadata = d.source(at++, Type::B32);
    FragmentMetadata metadata(sparsityOf(issue.shape.a), issue.shape.k, uint32_t(d.literal(at++)));
    if (metadata.selector >= metadata.selectors())
      d.fail("the sparsity selector is " + std::to_string(metadata.selector) + " when it should be below " +
             std::to_string(metadata.selectors()));
    issue.shape.metadata = metadata;
  }
  if (d.count() > at)
    issue.scaleD = d.predicate(at++);
  auto sign = [&] {
    int64_t value = d.literal(at++);
    if (value != 1 && value != -1)
      d.fail("a scale is " + std::to_string(value) + " when it should be 1 or -1");
    return value < 0;
  };
  if (d.count() > at && issue.shape.accumulator != Type::S32) {
    issue.negatesA = sign();
    issue.negatesB = sign();
  }
  if (d.count() > at && !fromRegisters)
    issue.transposesA = d.literal(at++) != 0;
  if (d.count() > at)
    issue.transposesB = d.literal(at++) != 0;
  if ((issue.transposesA || issue.transposesB) && typeBits(issue.shape.a) != 16)
    d.fail("only 16-bit operands can be transposed");
  Instruction &instruction = d.instruction();
  instruction.isAligned = true;
  instruction.isMatrixAsync = true;
  // Accumulators and fragments are judged when the operation runs.
  instruction.reads.clear();
  instruction.matrixOperands = issue.accumulators;
  instruction.matrixOperands.insert(instruction.matrixOperands.end(), issue.fragment.begin(), issue.fragment.end());
  if (!fromRegisters)
    instruction.reads.push_back(issue.a);
  instruction.reads.push_back(issue.b);
  if (issue.scaleD)
    instruction.reads.push_back(issue.scaleD);
  if (issue.metadata)
    instruction.reads.push_back(issue.metadata);
  instruction.passesUndefined = false;
  d.run([issue](Step &s) { return issueMatrix(s, issue); });
}

void decodeWgmma(Decoder &d) {
  if (d.has("mma_async"))
    return decodeMma(d);
  bool isFence = d.has("fence"), isCommit = d.has("commit_group");
  bool isWait = !isFence && !isCommit && d.has("wait_group");
  if (!isFence && !isCommit && !isWait)
    d.unsupported();
  d.require("sync");
  d.require("aligned");
  d.instruction().isAligned = true;
  if (isWait) {
    uint32_t pending = uint32_t(d.literal(0));
    d.run([=](Step &s) { return waitMatrix(s, pending); });
  } else if (isFence) {
    d.run([](Step &s) {
      ++s.warp.matrixFences;
      return Outcome::Next;
    });
  } else {
    d.run([](Step &s) {
      s.warp.matrixGroups.push_back(s.warp.matrixIssued);
      return Outcome::Next;
    });
  }
}

} // namespace

void registerMatrixAsync(DecodeTable &table) { table["wgmma"] = decodeWgmma; }

} // namespace girih::sim
