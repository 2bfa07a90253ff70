//===- TensorMemory.h - Access to tensor memory -----------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_INSTRUCTIONS_TENSORMEMORY_H
#define GIRIH_SIMULATOR_INSTRUCTIONS_TENSORMEMORY_H

#include "../Machine/Step.h"
#include "../Program/Decoder.h"

namespace girih::sim {

/// `.cta_group::1` or `::2`.
uint32_t takeCtaGroup(Decoder &d);

/// Reads or writes 32-bit cells of tensor memory with all checks: range,
/// allocation, races.
uint32_t readTensor(Cta &cta, uint32_t lane, uint32_t column, const Access &access, const Knowledge &knowledge,
                    bool *isDefined);
void writeTensor(Cta &cta, uint32_t lane, uint32_t column, uint32_t value, const Access &access,
                 const Knowledge &knowledge, bool isDefined);
/// Who has made an access, for verdicts.
std::string agentOf(const Cta &cta, const Access &access);
/// Stops with what is wrong with cells that an operation in flight reaches.
[[noreturn]] void stopTensor(const Cta &cta, const Access &access, const std::string &message);

Access tensorAccess(const Step &s, Component component, uint32_t tick, bool isWrite);

/// An mma, cp or shift about to be queued: who it works on, and how its
/// accesses are entered. Operands in shared memory are read through the async
/// proxy.
struct TensorTurn {
  AsyncUnit *unit = nullptr;
  /// The CTA, or both of a pair by rank.
  std::vector<Cta *> ctas;
  Access sharedRead, tensorRead, tensorWrite;
  std::shared_ptr<Knowledge> knowledge;
};
/// The CTA, or both of its pair by rank (PTX ISA, "CTA Pair": two whose ranks
/// differ in the last bit); a Stop when they are not there.
std::vector<Cta *> ctasOf(const Step &s, uint32_t ctaGroup, const char *what);
TensorTurn takeTurn(Step &s, const TensorStage &stage, uint32_t ctaGroup, const char *what);

// Decoders by second word (the files of the family).
void decodeTensorLoad(Decoder &d, bool isStore);
void decodeTensorWait(Decoder &d, bool isStore);
void decodeTensorAlloc(Decoder &d, bool isDealloc);
void decodeRelinquish(Decoder &d);
void decodeTensorCommit(Decoder &d);
void decodeTensorCopyIn(Decoder &d);
void decodeTensorShift(Decoder &d);
void decodeTensorMma(Decoder &d);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_TENSORMEMORY_H
