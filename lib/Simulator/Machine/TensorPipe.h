//===- TensorPipe.h - The tcgen05 operations of one thread ------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_MACHINE_TENSORPIPE_H
#define GIRIH_SIMULATOR_MACHINE_TENSORPIPE_H

#include "../Memory/Knowledge.h"
#include "AsyncUnit.h"

#include <compare>

namespace girih::sim {

/// Operations between which the PTX ISA orders alike: mma of one accumulator
/// and shape, cp, cp of the shape 4x256b, shift.
struct TensorStage {
  enum class Kind : uint8_t { Mma, Copy, CopyFourRows, Shift };
  Kind kind = Kind::Mma;
  /// Address of the accumulator and instruction descriptor of an mma.
  uint32_t accumulator = 0, shape = 0;
  auto operator<=>(const TensorStage &) const = default;

  /// PTX ISA, "Pipelined tcgen05 Instructions": which later operations of the
  /// same thread are executed after this one without any wait.
  bool precedes(const TensorStage &later) const;
};

/// mma, cp and shift run in issue order; what one may rely on is less, and is
/// what races are judged by.
struct TensorPipe {
  struct Stream {
    Component component = 0;
    uint32_t issued = 0;
    /// What an operation knows that is ordered after all of the stream.
    Knowledge after;
  };
  AsyncUnit *unit = nullptr;
  std::map<TensorStage, Stream> streams;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MACHINE_TENSORPIPE_H
