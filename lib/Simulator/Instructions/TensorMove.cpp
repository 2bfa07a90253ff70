//===- TensorMove.cpp - tcgen05.cp and tcgen05.shift ----------------------===//
#include "../Descriptors/MatrixDescriptor.h"
#include "../Numbers/Expansion.h"
#include "TensorMemory.h"

namespace girih::sim {
namespace {

/// `.b8x16.b6x16_p32` and `.b8x16.b4x16_p64`: 16 elements and their padding
/// become 16 bytes.
enum class Expansion : uint8_t { None, SixBits, FourBits };

struct CopyCall {
  uint32_t ctaGroup = 1, rows = 0;
  /// Chunks of 16 bytes in a row.
  uint32_t chunks = 1;
  /// Lanes from one row to the next, from row 32 on, and of the copies.
  uint32_t rowStep = 1, upperRows = 0, copies = 1, copyStep = 0;
  Expansion expansion = Expansion::None;
  AddressOperand to;
  Operand from;
};

/// PTX ISA, "tcgen05.cp": the shapes and the lanes that receive their rows.
void takeShape(Decoder &d, CopyCall &call) {
  std::string shape = d.oneOf({"128x256b", "4x256b", "128x128b", "64x128b", "32x128b"});
  if (shape.empty())
    d.unsupported("its shape");
  call.rows = uint32_t(std::atoi(shape.c_str()));
  call.chunks = shape.ends_with("256b") ? 2 : 1;
  if (call.rows == 4)
    call.rowStep = 32; // one row for each quarter of the lanes
  if (call.rows == 32) {
    d.require("warpx4");
    call.copies = 4;
    call.copyStep = 32;
  }
  if (call.rows == 64) {
    call.copies = 2;
    bool isPairOfNeighbours = d.has("warpx2::01_23");
    if (!isPairOfNeighbours)
      d.require("warpx2::02_13");
    call.copyStep = isPairOfNeighbours ? 32 : 64;
    call.upperRows = isPairOfNeighbours ? 32 : 0;
  }
}

void takeExpansion(Decoder &d, CopyCall &call) {
  if (!d.has("b8x16"))
    return;
  std::string source = d.oneOf({"b6x16_p32", "b4x16_p64"});
  if (source.empty())
    d.fail(".b8x16 has no source format; it should be .b6x16_p32 or .b4x16_p64");
  call.expansion = source == "b6x16_p32" ? Expansion::SixBits : Expansion::FourBits;
}

void copyInto(const CopyCall &call, Cta &cta, uint32_t target, const MatrixDescriptor &source, const TensorTurn &turn) {
  // Padding is not read.
  uint32_t bytes = call.expansion == Expansion::None ? 16 : call.expansion == Expansion::SixBits ? 12 : 8;
  for (uint32_t row = 0; row < call.rows; ++row)
    for (uint32_t chunk = 0; chunk < call.chunks; ++chunk) {
      alignas(4) uint8_t data[16] = {};
      bool isDefined;
      cta.readShared(source.addressOf(row, chunk * 16, false), data, bytes, turn.sharedRead, *turn.knowledge,
                     &isDefined);
      if (call.expansion != Expansion::None)
        expandElements(data, call.expansion == Expansion::SixBits ? 6 : 4);
      uint32_t words[4];
      std::memcpy(words, data, 16);
      for (uint32_t copy = 0; copy < call.copies; ++copy) {
        uint32_t lane = row * call.rowStep + row / 32 * call.upperRows + copy * call.copyStep;
        for (uint32_t w = 0; w < 4; ++w)
          writeTensor(cta, (target >> 16) + lane, (target & 0xffff) + chunk * 4 + w, words[w], turn.tensorWrite,
                      *turn.knowledge, isDefined);
      }
    }
}

/// PTX ISA, "tcgen05.shift": 31 rows of 32 bytes; the last lane keeps its own.
void shiftDown(Cta &cta, uint32_t target, const TensorTurn &turn) {
  uint32_t first = target >> 16, column = target & 0xffff;
  for (uint32_t lane = first; lane < first + 31; ++lane)
    for (uint32_t c = column; c < column + 8; ++c) {
      bool isDefined;
      uint32_t value = readTensor(cta, lane + 1, c, turn.tensorRead, *turn.knowledge, &isDefined);
      writeTensor(cta, lane, c, value, turn.tensorWrite, *turn.knowledge, isDefined);
    }
}

uint32_t addressOf(const Step &s, const AddressOperand &operand, unsigned lane) {
  return s.read<uint32_t>(operand.base)[lane] + uint32_t(operand.offset);
}

template <class F> Outcome queue(Step &s, const TensorTurn &turn, const char *name, F perCta) {
  AsyncOperation operation;
  operation.name = name;
  operation.line = s.line();
  operation.step = [=] {
    for (Cta *cta : turn.ctas)
      perCta(*cta);
    return true;
  };
  s.cluster().enqueue(*turn.unit, std::move(operation));
  return Outcome::Next;
}

} // namespace

void decodeTensorCopyIn(Decoder &d) {
  CopyCall call;
  call.ctaGroup = takeCtaGroup(d);
  takeShape(d, call);
  takeExpansion(d, call);
  call.to = d.address(0);
  call.from = d.source(1, Type::B64);
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    unsigned lane = s.onlyLane("tcgen05.cp");
    uint32_t target = addressOf(s, call.to, lane);
    MatrixDescriptor source = decodeMatrixDescriptor100(s.read<uint64_t>(call.from)[lane]);
    if (source.problem.empty() && source.atom == 32)
      source.problem = "atoms of 32 bytes, which only MN-major operands have";
    if (!source.problem.empty())
      s.misuse("descriptor: " + source.problem);
    TensorStage stage{call.rows == 4 ? TensorStage::Kind::CopyFourRows : TensorStage::Kind::Copy};
    TensorTurn turn = takeTurn(s, stage, call.ctaGroup, "tcgen05.cp");
    // Each CTA of a pair copies from its own shared memory.
    return queue(s, turn, "tcgen05.cp", [=](Cta &cta) { copyInto(call, cta, target, source, turn); });
  });
}

void decodeTensorShift(Decoder &d) {
  uint32_t ctaGroup = takeCtaGroup(d);
  d.require("down");
  AddressOperand to = d.address(0);
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    uint32_t target = addressOf(s, to, s.onlyLane("tcgen05.shift"));
    if (target >> 16 & 31)
      s.misuse("tcgen05.shift at lane " + std::to_string(target >> 16) + " when the lane should be a multiple of 32");
    TensorTurn turn = takeTurn(s, {TensorStage::Kind::Shift}, ctaGroup, "tcgen05.shift");
    return queue(s, turn, "tcgen05.shift", [=](Cta &cta) { shiftDown(cta, target, turn); });
  });
}

} // namespace girih::sim
