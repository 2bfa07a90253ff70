//===- Cost.h - What machine code an instruction becomes --------*- C++ -*-===//
//
// PTX is not machine code. ptxas renames registers, drops moves and orders each
// block anew, so that an instruction has a place in its block by what it
// depends on, not by its line; only synchronisation stays in order.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_TIMING_COST_H
#define GIRIH_SIMULATOR_TIMING_COST_H

#include <cstdint>
#include <string_view>

namespace girih::sim {

struct Cost {
  enum class Kind : uint8_t {
    Free, ///< ptxas makes nothing of it: moves, addresses of parameters
    Fma,
    Alu,
    Mufu,
    Shuffle,
    Shared, ///< by its addresses
    Global,
    // From here on in program order.
    Branch,
    Barrier,      ///< mbarrier
    NamedBarrier, ///< bar, barrier
    Fence,
    MatrixIssue,
    MatrixWait,
    RegisterChange,
    TensorWait,
    Other,
    WideAcquire, ///< mbarrier, of what other CTAs have released
    WideRelease, ///< mbarrier, of what other CTAs have to see
  };
  Kind kind = Kind::Other;
  /// Machine instructions, and slots of the pipe.
  uint8_t issues = 1, slots = 1;
  bool isOrdered() const { return kind >= Kind::Branch; }
  /// Executed where it stands in the machine code: the others see or address it.
  bool isPinned() const { return kind >= Kind::Shared; }
};

Cost costOf(std::string_view opcode);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_TIMING_COST_H
