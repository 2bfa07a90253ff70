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

/// The pipe in which the tcgen05 operations of a warp's thread run in order.
AsyncUnit &tensorPipe(Step &s);

/// What an operation of the pipe knows: the operations issued before it are
/// ordered implicitly (PTX ISA, "Pipelined instruction pairs").
std::shared_ptr<Knowledge> forkTensor(Step &s, AsyncUnit &pipe);

Access tensorAccess(const Step &s, Component component, uint32_t tick, bool isWrite);

// Decoders by second word (the files of the family).
void decodeTensorLoad(Decoder &d, bool isStore);
void decodeTensorWait(Decoder &d, bool isStore);
void decodeTensorAlloc(Decoder &d, bool isDealloc);
void decodeTensorCommit(Decoder &d);
void decodeTensorCopyIn(Decoder &d);
void decodeTensorMma(Decoder &d);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_TENSORMEMORY_H
