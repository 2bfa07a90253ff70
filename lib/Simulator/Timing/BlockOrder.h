//===- BlockOrder.h - The order of machine code -----------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_TIMING_BLOCKORDER_H
#define GIRIH_SIMULATOR_TIMING_BLOCKORDER_H

#include "../Program/Program.h"
#include "Chip.h"

namespace girih::sim {

/// The order in which ptxas is taken to put a function's instructions: each
/// basic block list-scheduled by its dependence graph.
class BlockOrder {
public:
  BlockOrder(const CompiledFunction &function, const ChipTiming &chip);

  struct Block {
    uint32_t begin = 0, end = 0;
    /// Whatever follows has been executed with the last instruction.
    bool endsInBranch = false;
  };
  /// The block of an instruction.
  const Block &blockOf(uint32_t pc) const { return blocks[blockNumber[pc]]; }
  /// The instruction at a place; those of a block are where the block is.
  uint32_t at(uint32_t place) const { return order[place]; }

private:
  void findBlocks(const CompiledFunction &function);

  std::vector<Block> blocks;
  std::vector<uint32_t> blockNumber, order;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_TIMING_BLOCKORDER_H
