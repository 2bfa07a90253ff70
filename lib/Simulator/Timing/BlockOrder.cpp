//===- BlockOrder.cpp - The order of machine code -------------------------===//
//
// What ptxas 13 does to kernels, read with `nvdisasm -gp` from cubins that were
// assembled with -lineinfo: volatile assembly keeps its order and comes as
// early as its operands allow; arithmetic comes oldest first, whatever has its
// operands and its pipe, but does not pass waits for asynchronous products.
//
//===----------------------------------------------------------------------===//
#include "BlockOrder.h"

#include <algorithm>
#include <map>
#include <set>

namespace girih::sim {
namespace {

using Kind = Cost::Kind;

/// The dependence graph of one block, and a machine of one warp that runs it.
class BlockScheduler {
public:
  BlockScheduler(const CompiledFunction &function, const ChipTiming &chip, uint32_t begin, uint32_t end)
      : function(function), chip(chip), begin(begin), nodes(end - begin) {}

  void schedule(std::vector<uint32_t> &order);

private:
  struct Node {
    /// What waits for this one, and for how long from its issue.
    std::vector<std::pair<uint32_t, unsigned>> after;
    unsigned missing = 0;
    double earliest = 0;
  };
  using Register = std::pair<unsigned, uint32_t>;

  const Instruction &at(uint32_t node) const { return function.body[begin + node]; }
  void addEdge(uint32_t from, uint32_t to, unsigned latency) {
    nodes[from].after.emplace_back(to, latency);
    ++nodes[to].missing;
  }
  void addRegisterEdges(uint32_t node);
  void addOrderEdges(uint32_t node);
  unsigned latencyOf(const Cost &cost) const;
  /// Of the pipe that an instruction takes; null where there is none.
  double *pipeOf(Kind kind) { return kind >= Kind::Fma && kind <= Kind::Shared ? &pipes[unsigned(kind)] : nullptr; }
  double intervalOf(Kind kind) const {
    return kind == Kind::Fma ? chip.fma : kind == Kind::Alu ? chip.alu : kind == Kind::Mufu ? chip.mufu : 1;
  }

  const CompiledFunction &function;
  const ChipTiming &chip;
  uint32_t begin;
  std::vector<Node> nodes;
  std::map<Register, uint32_t> writers;
  std::map<Register, std::vector<uint32_t>> readers;
  /// The last that brings values into registers without naming them, and the
  /// last that keeps order.
  std::optional<uint32_t> lastWait, lastPinned;
  double pipes[unsigned(Kind::Shared) + 1] = {};
};

unsigned BlockScheduler::latencyOf(const Cost &cost) const {
  switch (cost.kind) {
  case Kind::Fma:
  case Kind::Alu:
    return chip.arithmeticLatency;
  case Kind::Mufu:
    return chip.mufuLatency;
  case Kind::Shuffle:
    return chip.shuffleLatency;
  case Kind::Shared:
    return chip.sharedLatency;
  case Kind::Global:
    return chip.globalLatency;
  case Kind::Barrier:
  case Kind::WideAcquire:
    return chip.barrierPass;
  default:
    return 0;
  }
}

void BlockScheduler::addRegisterEdges(uint32_t node) {
  auto forEach = [](const std::vector<Operand> &operands, auto f) {
    for (const Operand &operand : operands)
      if (operand.kind == Operand::Kind::Register)
        f(Register(unsigned(operand.cls), uint32_t(operand.value)));
  };
  auto read = [&](Register reg) {
    if (auto found = writers.find(reg); found != writers.end())
      addEdge(found->second, node, latencyOf(at(found->second).cost));
    readers[reg].push_back(node);
  };
  const Instruction &instruction = at(node);
  forEach(instruction.reads, read);
  forEach(instruction.matrixOperands, read);
  forEach({instruction.guard}, read);
  forEach(instruction.writes, [&](Register reg) {
    for (uint32_t reader : readers[reg])
      if (reader != node)
        addEdge(reader, node, 0);
    if (auto found = writers.find(reg); found != writers.end() && found->second != node)
      addEdge(found->second, node, 0);
    readers[reg].clear();
    writers[reg] = node;
  });
}

void BlockScheduler::addOrderEdges(uint32_t node) {
  const Cost &cost = at(node).cost;
  if (cost.kind == Kind::Branch) { // ends the block
    for (uint32_t other = 0; other < node; ++other)
      addEdge(other, node, 0);
    return;
  }
  if (lastWait)
    addEdge(*lastWait, node, 0);
  if (!cost.isPinned())
    return;
  if (lastPinned)
    addEdge(*lastPinned, node, 0);
  lastPinned = node;
  if (cost.kind == Kind::MatrixWait || cost.kind == Kind::TensorWait || cost.kind == Kind::RegisterChange)
    lastWait = node;
}

void BlockScheduler::schedule(std::vector<uint32_t> &order) {
  for (uint32_t node = 0; node < nodes.size(); ++node) {
    addRegisterEdges(node);
    addOrderEdges(node);
  }
  std::set<uint32_t> ready;
  for (uint32_t node = 0; node < nodes.size(); ++node)
    if (!nodes[node].missing)
      ready.insert(node);
  double now = 0;
  while (!ready.empty()) {
    auto startOf = [&](uint32_t node) {
      const double *pipe = pipeOf(at(node).cost.kind);
      return std::max({nodes[node].earliest, now, pipe ? *pipe : 0});
    };
    auto rank = [&](uint32_t node) { return std::tuple(startOf(node), !at(node).cost.isOrdered(), node); };
    uint32_t next =
        *std::min_element(ready.begin(), ready.end(), [&](uint32_t a, uint32_t b) { return rank(a) < rank(b); });
    const Cost &cost = at(next).cost;
    double start = startOf(next);
    if (cost.kind != Kind::Free)
      now = start + cost.issues;
    if (double *pipe = pipeOf(cost.kind))
      *pipe = start + cost.slots * intervalOf(cost.kind);
    for (auto [after, latency] : nodes[next].after) {
      nodes[after].earliest = std::max(nodes[after].earliest, start + latency);
      if (!--nodes[after].missing)
        ready.insert(after);
    }
    ready.erase(next);
    order.push_back(begin + next);
  }
}

} // namespace

void BlockOrder::findBlocks(const CompiledFunction &function) {
  uint32_t count = uint32_t(function.body.size());
  std::set<uint32_t> begins{0};
  if (function.syntax)
    for (const auto &scope : function.syntax->labels)
      for (const auto &[name, pc] : scope)
        begins.insert(pc);
  for (uint32_t pc = 0; pc < count; ++pc)
    if (function.body[pc].cost.kind == Kind::Branch)
      begins.insert(pc + 1);
  begins.insert(count);
  for (auto it = begins.begin(); *it < count; ++it) {
    uint32_t end = std::min(count, *std::next(it));
    blocks.push_back({*it, end, function.body[end - 1].cost.kind == Kind::Branch});
    blockNumber.resize(end, uint32_t(blocks.size() - 1));
  }
}

BlockOrder::BlockOrder(const CompiledFunction &function, const ChipTiming &chip) {
  findBlocks(function);
  for (const Block &block : blocks)
    BlockScheduler(function, chip, block.begin, block.end).schedule(order);
}

} // namespace girih::sim
