//===- Registers.cpp - Registers that share their storage -----------------===//
//
// The usual liveness of a compiler, by thread: a thread goes through the blocks
// of the function one after another, whatever the other lanes of its warp do,
// and each lane has storage of its own. A register occupies its slot from the
// first to the last place in the text where its value may be needed, so that
// one that is read before it is written keeps its slot from the entry on, and
// is found to be undefined. Asynchronous instructions use registers later than
// where they stand: these have slots of their own.
//
//===----------------------------------------------------------------------===//
#include "Registers.h"

#include <algorithm>
#include <queue>

namespace girih::sim {
namespace {

constexpr unsigned classCount = 4;

/// The places at which a register needs its slot, first to last.
struct Span {
  uint32_t first = ~0u, last = 0;

  bool isEmpty() const { return first > last; }
  void include(uint32_t place) {
    first = std::min(first, place);
    last = std::max(last, place);
  }
};

struct Block {
  uint32_t begin = 0, end = 0;
  std::vector<uint32_t> successors;
  /// Of the registers that some block needs from before it, a bit each: those
  /// that this one writes for certain, and those that are needed at its begin.
  std::vector<uint64_t> writes, live;
};

bool hasBit(const std::vector<uint64_t> &bits, uint32_t bit) { return bits[bit / 64] >> bit % 64 & 1; }
void setBit(std::vector<uint64_t> &bits, uint32_t bit) { bits[bit / 64] |= uint64_t(1) << bit % 64; }
template <class F> void forBits(const std::vector<uint64_t> &bits, F f) {
  for (size_t word = 0; word < bits.size(); ++word)
    for (uint64_t left = bits[word]; left; left &= left - 1)
      f(word * 64 + size_t(__builtin_ctzll(left)));
}

template <class F> void forRegisters(SyntaxOperand &operand, F f) {
  if (operand.kind == SyntaxOperand::Kind::Register)
    f(operand.reg);
  for (SyntaxOperand &element : operand.elements)
    forRegisters(element, f);
  if (operand.second)
    forRegisters(*operand.second, f);
}

class Sharing {
public:
  Sharing(Function &function, const std::vector<Instruction> &body) : function(function), body(body) {
    for (unsigned cls = 0; cls < classCount; ++cls)
      firstOf[cls + 1] = firstOf[cls] + function.registers[cls];
    spans.resize(firstOf[classCount]);
    isPinned.resize(firstOf[classCount]);
  }

  void run() {
    findPinned();
    findBlocks();
    findLive();
    giveSlots();
    rename();
  }

private:
  uint32_t idOf(RegisterClass cls, uint64_t name) const { return firstOf[unsigned(cls)] + uint32_t(name); }
  uint32_t idOf(const RegisterName &reg) const { return idOf(reg.cls, reg.name); }
  template <class F> void forOperands(const std::vector<Operand> &operands, F f) const {
    for (const Operand &operand : operands)
      if (operand.kind == Operand::Kind::Register)
        f(idOf(operand.cls, operand.value));
  }
  /// Calls f on the registers that an instruction reads, then g on those that it
  /// writes for certain.
  template <class F, class G> void visit(const Instruction &instruction, F f, G g) const {
    forOperands(instruction.reads, f);
    forOperands({instruction.guard}, f);
    if (!instruction.guard)
      forOperands(instruction.writes, g);
  }

  void findPinned();
  void findBlocks();
  std::vector<uint32_t> successorsOf(uint32_t last) const;
  void findLive();
  void giveSlots();
  void rename();

  Function &function;
  const std::vector<Instruction> &body;
  /// Registers are numbered class by class.
  uint32_t firstOf[classCount + 1] = {};
  std::vector<Span> spans;
  std::vector<bool> isPinned;
  std::vector<uint32_t> slots;
  std::vector<Block> blocks;
};

/// Registers that are used at another time than their instruction says.
void Sharing::findPinned() {
  auto pin = [&](uint32_t id) { isPinned[id] = true; };
  for (const auto *list : {&function.parameters, &function.results})
    for (const Parameter &parameter : *list)
      if (!parameter.registerType.empty())
        pin(idOf(parameter.reg));
  for (size_t i = 0; i < body.size(); ++i) {
    const Instruction &instruction = body[i];
    bool isAsync = instruction.isMatrixAsync || instruction.opcode.starts_with("tcgen05.");
    std::vector<uint32_t> known;
    forOperands(instruction.reads, [&](uint32_t id) { known.push_back(id); });
    forOperands(instruction.writes, [&](uint32_t id) { known.push_back(id); });
    for (SyntaxOperand &operand : function.body[i].operands)
      forRegisters(operand, [&](const RegisterName &reg) {
        if (isAsync || std::find(known.begin(), known.end(), idOf(reg)) == known.end())
          pin(idOf(reg));
      });
  }
  // A mov from a register that is loaded may take place with the load.
  for (bool changes = true; changes;) {
    changes = false;
    for (const Instruction &instruction : body) {
      bool isFrom = false;
      if (instruction.isMove)
        forOperands(instruction.reads, [&](uint32_t id) { isFrom |= isPinned[id]; });
      if (isFrom)
        forOperands(instruction.writes, [&](uint32_t id) {
          changes |= !isPinned[id];
          pin(id);
        });
    }
  }
}

/// Where a thread may go on behind a block's last instruction. A verdict may be
/// ignored, so that even a branch that fails may go on with what follows.
std::vector<uint32_t> Sharing::successorsOf(uint32_t last) const {
  const SyntaxInstruction &instruction = function.body[last];
  std::string_view opcode = instruction.opcode;
  std::vector<uint32_t> found;
  auto addLabel = [&](const std::string &name) {
    if (int at = function.findLabel(instruction.scope, name); at >= 0)
      found.push_back(uint32_t(at));
  };
  if (opcode.starts_with("bra"))
    addLabel(instruction.operands[0].name);
  if (opcode.starts_with("brx"))
    if (auto table = function.branchTargets.find(instruction.operands[1].name); table != function.branchTargets.end())
      for (const std::string &name : table->second)
        addLabel(name);
  bool isLast = opcode.starts_with("bra") || opcode.starts_with("ret") || opcode.starts_with("exit");
  if (instruction.guard || !isLast)
    found.push_back(last + 1);
  std::erase_if(found, [&](uint32_t at) { return at >= body.size(); });
  return found;
}

void Sharing::findBlocks() {
  std::vector<bool> begins(body.size() + 1);
  begins[0] = true;
  for (const auto &labels : function.labels)
    for (const auto &[name, at] : labels)
      begins[at] = true;
  for (uint32_t i = 0; i < body.size(); ++i) {
    std::string_view opcode = body[i].opcode;
    if (opcode.starts_with("br") || opcode.starts_with("ret") || opcode.starts_with("exit"))
      begins[i + 1] = true;
  }
  std::vector<uint32_t> blockAt(body.size());
  for (uint32_t i = 0; i < body.size(); ++i) {
    if (begins[i])
      blocks.emplace_back().begin = i;
    blocks.back().end = i + 1;
    blockAt[i] = uint32_t(blocks.size() - 1);
  }
  for (Block &block : blocks)
    for (uint32_t at : successorsOf(block.end - 1))
      block.successors.push_back(blockAt[at]);
}

void Sharing::findLive() {
  // Most registers are written before they are read in each of their blocks, and
  // need no bits.
  constexpr uint32_t none = ~0u;
  std::vector<uint32_t> bitOf(spans.size(), none), ids;
  std::vector<uint32_t> writtenIn(spans.size(), none);
  for (uint32_t b = 0; b < blocks.size(); ++b)
    for (uint32_t i = blocks[b].begin; i < blocks[b].end; ++i) {
      for (const auto *operands : {&body[i].reads, &body[i].writes})
        forOperands(*operands, [&](uint32_t id) { spans[id].include(i); });
      auto read = [&](uint32_t id) {
        spans[id].include(i);
        if (writtenIn[id] == b || bitOf[id] != none)
          return;
        bitOf[id] = uint32_t(ids.size());
        ids.push_back(id);
      };
      visit(body[i], read, [&](uint32_t id) { writtenIn[id] = b; });
    }
  for (Block &block : blocks) {
    block.live.resize((ids.size() + 63) / 64);
    block.writes.resize(block.live.size());
    auto read = [&](uint32_t id) {
      if (bitOf[id] != none && !hasBit(block.writes, bitOf[id]))
        setBit(block.live, bitOf[id]);
    };
    auto write = [&](uint32_t id) {
      if (bitOf[id] != none)
        setBit(block.writes, bitOf[id]);
    };
    for (uint32_t i = block.begin; i < block.end; ++i)
      visit(body[i], read, write);
  }
  for (bool changes = true; changes;) {
    changes = false;
    for (size_t b = blocks.size(); b-- > 0;)
      for (uint32_t next : blocks[b].successors)
        for (size_t word = 0; word < blocks[b].live.size(); ++word) {
          uint64_t more = blocks[next].live[word] & ~blocks[b].writes[word] & ~blocks[b].live[word];
          blocks[b].live[word] |= more;
          changes |= more != 0;
        }
  }
  for (const Block &block : blocks) {
    forBits(block.live, [&](size_t bit) { spans[ids[bit]].include(block.begin); });
    for (uint32_t next : block.successors)
      forBits(blocks[next].live, [&](size_t bit) { spans[ids[bit]].include(block.end - 1); });
  }
}

/// In the order of their spans, each register takes a slot whose span is over.
/// An instruction may write before it has read everything, and be executed
/// again: what it reads and what it writes is apart.
void Sharing::giveSlots() {
  slots.resize(spans.size());
  for (unsigned cls = 0; cls < classCount; ++cls) {
    uint32_t count = 0;
    std::vector<uint32_t> order;
    for (uint32_t id = firstOf[cls]; id < firstOf[cls + 1]; ++id)
      if (isPinned[id])
        slots[id] = count++;
      else if (!spans[id].isEmpty())
        order.push_back(id);
    std::sort(order.begin(), order.end(),
              [&](uint32_t a, uint32_t b) { return std::pair(spans[a].first, a) < std::pair(spans[b].first, b); });
    using Use = std::pair<uint32_t, uint32_t>; // its end, the slot
    std::priority_queue<Use, std::vector<Use>, std::greater<>> inUse;
    for (uint32_t id : order) {
      bool isFree = !inUse.empty() && inUse.top().first < spans[id].first;
      slots[id] = isFree ? inUse.top().second : count++;
      if (isFree)
        inUse.pop();
      inUse.push({spans[id].last, slots[id]});
    }
    function.registers[cls] = count;
  }
}

void Sharing::rename() {
  auto rename = [&](RegisterName &reg) { reg.slot = slots[idOf(reg)]; };
  for (auto *list : {&function.parameters, &function.results})
    for (Parameter &parameter : *list)
      if (!parameter.registerType.empty())
        rename(parameter.reg);
  for (SyntaxInstruction &instruction : function.body) {
    if (instruction.guard)
      rename(*instruction.guard);
    for (SyntaxOperand &operand : instruction.operands)
      forRegisters(operand, rename);
  }
}

} // namespace

void shareRegisters(Function &function, const std::vector<Instruction> &body) {
  if (!body.empty())
    Sharing(function, body).run();
}

} // namespace girih::sim
