//===- TensorMemory.cpp - tcgen05 alloc, dealloc, fences, commit ----------===//
#include "TensorMemory.h"

#include "../Machine/Transactions.h"
#include "AsyncCopy.h"

namespace girih::sim {

uint32_t takeCtaGroup(Decoder &d) {
  uint32_t group = d.has("cta_group::2") ? 2 : 1;
  if (group == 1)
    d.require("cta_group::1");
  // PTX ISA, tcgen05: all instructions of a kernel have the same.
  CompiledFunction &function = d.currentFunction();
  if (!function.ctaGroup) {
    function.ctaGroup = group;
    function.ctaGroupLine = d.line();
  } else if (function.ctaGroup != group) {
    d.fail("has .cta_group::" + std::to_string(group) + " when line " + std::to_string(function.ctaGroupLine) +
           " has .cta_group::" + std::to_string(function.ctaGroup));
  }
  return group;
}

void stopTensor(const Cta &cta, const Access &access, const std::string &message) {
  Verdict verdict;
  verdict.line = access.line;
  verdict.agent = cta.describe() + " " + cta.cluster.componentName(access.component);
  verdict.message = message;
  throw Stop(verdict);
}

static void checkCell(Cta &cta, uint32_t lane, uint32_t column, const Access &access) {
  auto fail = [&](const char *message) {
    stopTensor(cta, access,
               "tensor memory lane " + std::to_string(lane) + " column " + std::to_string(column) + message);
  };
  if (lane >= TensorMemory::lanes || column >= TensorMemory::columns)
    fail(" is out of range; there are 128 lanes and 512 columns");
  if (!cta.tensor.owner[column])
    fail(" is not allocated");
}

uint32_t readTensor(Cta &cta, uint32_t lane, uint32_t column, const Access &access, const Knowledge &knowledge,
                    bool *isDefined) {
  checkCell(cta, lane, column, access);
  TensorMemory &memory = cta.tensor;
  uint64_t at = TensorMemory::address(lane, column);
  if (auto conflict = memory.shadow->enter(at, 4, access, knowledge))
    cta.reportRace("tensor memory", at, *conflict, access);
  *isDefined = memory.defined[at / 4];
  return memory.cells[at / 4];
}

void writeTensor(Cta &cta, uint32_t lane, uint32_t column, uint32_t value, const Access &access,
                 const Knowledge &knowledge, bool isDefined) {
  checkCell(cta, lane, column, access);
  TensorMemory &memory = cta.tensor;
  uint64_t at = TensorMemory::address(lane, column);
  if (auto conflict = memory.shadow->enter(at, 4, access, knowledge))
    cta.reportRace("tensor memory", at, *conflict, access);
  memory.cells[at / 4] = value;
  memory.defined[at / 4] = isDefined;
}

Access tensorAccess(const Step &s, Component component, uint32_t tick, bool isWrite) {
  Access access;
  access.cluster = s.cluster().index;
  access.cta = uint8_t(s.cta().rank);
  access.component = component;
  access.tick = tick;
  access.line = s.line();
  access.isWrite = isWrite;
  access.proxy = Proxy::Tensor;
  return access;
}

bool TensorStage::precedes(const TensorStage &later) const {
  switch (kind) {
  case Kind::Mma:
    // The ISA does not list mma before cp; published block-scaled kernels
    // overwrite the scale factors of an mma that way.
    return later.kind != Kind::Mma || later == *this;
  case Kind::Copy:
  case Kind::CopyFourRows:
    return later.kind == Kind::Mma;
  case Kind::Shift:
    return later.kind == Kind::Mma || later.kind == Kind::CopyFourRows;
  }
  return false;
}

static AsyncUnit &unitOf(Step &s) {
  TensorPipe &pipe = s.warp.tensorPipe;
  if (!pipe.unit)
    pipe.unit = s.cluster().newUnit("tcgen05 of " + s.warp.name, s.cta().rank, true);
  return *pipe.unit;
}

/// PTX ISA, "CTA Pair": two CTAs whose ranks differ in the last bit.
static std::vector<Cta *> ctasOf(const Step &s, uint32_t ctaGroup, const char *what) {
  if (ctaGroup == 1)
    return {&s.cta()};
  auto &ctas = s.cluster().ctas;
  uint32_t rank = s.cta().rank, peer = rank ^ 1;
  if (peer >= ctas.size())
    s.misuse(std::string(what) + " of a pair of CTAs is issued by CTA " + std::to_string(rank) + " of a cluster of " +
             std::to_string(ctas.size()));
  if (ctas[peer]->isDone())
    s.misuse(std::string(what) + " of a pair of CTAs is issued when CTA " + std::to_string(peer) + " has exited");
  return {ctas[rank & ~1u].get(), ctas[rank | 1].get()};
}

TensorTurn takeTurn(Step &s, const TensorStage &stage, uint32_t ctaGroup, const char *what) {
  TensorTurn turn;
  turn.unit = &unitOf(s);
  turn.ctas = ctasOf(s, ctaGroup, what);
  turn.knowledge = s.fork();
  TensorPipe &pipe = s.warp.tensorPipe;
  for (const auto &[earlier, stream] : pipe.streams)
    if (earlier.precedes(stage))
      turn.knowledge->join(stream.after);
  TensorPipe::Stream &own = pipe.streams[stage];
  if (!own.issued)
    own.component = s.cluster().newComponent(std::string(what) + " of " + s.warp.name);
  uint32_t tick = ++own.issued;
  own.after.join(*turn.knowledge);
  own.after.raise(own.component, tick);
  turn.tensorRead = tensorAccess(s, own.component, tick, false);
  turn.tensorWrite = tensorAccess(s, own.component, tick, true);
  turn.sharedRead = turn.tensorRead;
  turn.sharedRead.proxy = Proxy::Async;
  for (Cta *cta : turn.ctas)
    if (cta != &s.cta())
      cta->noteRemote(turn.sharedRead);
  return turn;
}

namespace {

int findFree(const TensorMemory &memory, uint32_t columns) {
  for (uint32_t first = 0; first + columns <= TensorMemory::columns; first += columns) {
    bool isFree = true;
    for (uint32_t c = first; c < first + columns; ++c)
      isFree &= memory.owner[c] == 0;
    if (isFree)
      return int(first);
  }
  return -1;
}

void checkColumns(const Step &s, uint32_t columns) {
  // PTX ISA, "tcgen05.alloc": a power of two from 32 to 512.
  if (columns < 32 || columns > 512 || (columns & (columns - 1)))
    s.misuse("allocation of " + std::to_string(columns) + " columns when a power of two from 32 to 512 is needed");
}

Outcome allocate(Step &s, uint64_t address, uint32_t columns) {
  Cta &cta = s.cta();
  TensorMemory &memory = cta.tensor;
  checkColumns(s, columns);
  if (memory.hasRelinquished)
    s.misuse("tcgen05.alloc after tcgen05.relinquish_alloc_permit");
  if (memory.cells.empty()) {
    size_t cells = TensorMemory::lanes * TensorMemory::columns;
    memory.cells.assign(cells, 0xffffffffu);
    memory.defined.assign(cells, 0);
    memory.shadow = std::make_unique<Shadow>(cells * 4, Shadow::Kind::Tensor);
  }
  int first = findFree(memory, columns);
  if (first < 0) {
    Wait wait;
    wait.what = "tcgen05.alloc";
    wait.describe = [columns] { return "for " + std::to_string(columns) + " free columns of tensor memory"; };
    return s.wait(std::move(wait));
  }
  for (uint32_t c = uint32_t(first); c < uint32_t(first) + columns; ++c) {
    memory.owner[c] = uint16_t(first + 1);
    for (uint32_t lane = 0; lane < TensorMemory::lanes; ++lane) {
      uint64_t at = TensorMemory::address(lane, c);
      memory.defined[at / 4] = 0;
      memory.shadow->forget(at, 4);
    }
  }
  memory.allocations[unsigned(first)] = columns;
  memory.allocationLines[unsigned(first)] = s.line();
  Cta *owner;
  uint32_t offset = s.sharedOffset(address, false, owner);
  uint32_t value = uint32_t(first);
  owner->writeShared(offset, &value, 4, s.warp.access(s.mask, s.line(), true), s.warp.gathered(s.mask));
  return Outcome::Next;
}

void deallocate(Step &s, uint32_t address, uint32_t columns) {
  Cta &cta = s.cta();
  TensorMemory &memory = cta.tensor;
  uint32_t first = address & 0xffff;
  auto found = memory.allocations.find(first);
  if (found == memory.allocations.end())
    s.misuse("tcgen05.dealloc of column " + std::to_string(first) + ", where no allocation begins");
  if (found->second != columns)
    s.misuse("tcgen05.dealloc of " + std::to_string(columns) + " columns at column " + std::to_string(first) +
             " when " + std::to_string(found->second) + " were allocated");
  // Whoever used the columns has to be done: an access that conflicts with all.
  Access access = s.warp.access(s.mask, s.line(), true);
  Knowledge known = s.warp.gathered(s.mask);
  for (uint32_t lane = 0; lane < TensorMemory::lanes; ++lane) {
    uint64_t at = TensorMemory::address(lane, first);
    if (auto conflict = memory.shadow->enter(at, uint64_t(columns) * 4, access, known)) {
      cta.reportRace("tensor memory being freed,", conflict->address, *conflict, access);
      break;
    }
  }
  for (uint32_t c = first; c < first + columns; ++c)
    memory.owner[c] = 0;
  memory.allocations.erase(found);
  ++s.cluster().progress;
}

void decodeFenceOf(Decoder &d, bool isBefore) {
  d.run([=](Step &s) {
    s.warp.change(s.mask, [&](LaneView &view) {
      if (isBefore)
        view.tensorReleased = view.known.tensor;
      else
        view.known.tensor.join(view.tensorPending);
    });
    return Outcome::Next;
  });
}

void decodeTcgen05(Decoder &d) {
  if (d.has("alloc"))
    return decodeTensorAlloc(d, false);
  if (d.has("dealloc"))
    return decodeTensorAlloc(d, true);
  if (d.has("relinquish_alloc_permit")) {
    takeCtaGroup(d);
    d.require("sync");
    d.require("aligned");
    d.instruction().isAligned = true;
    d.run([](Step &s) {
      s.cta().tensor.hasRelinquished = true;
      return Outcome::Next;
    });
    return;
  }
  if (d.has("fence::before_thread_sync"))
    return decodeFenceOf(d, true);
  if (d.has("fence::after_thread_sync"))
    return decodeFenceOf(d, false);
  if (d.has("wait::ld"))
    return decodeTensorWait(d, false);
  if (d.has("wait::st"))
    return decodeTensorWait(d, true);
  if (d.has("ld"))
    return decodeTensorLoad(d, false);
  if (d.has("st"))
    return decodeTensorLoad(d, true);
  if (d.has("commit"))
    return decodeTensorCommit(d);
  if (d.has("cp"))
    return decodeTensorCopyIn(d);
  if (d.has("shift"))
    return decodeTensorShift(d);
  if (d.has("mma"))
    return decodeTensorMma(d);
  d.unsupported();
}

} // namespace

void decodeTensorAlloc(Decoder &d, bool isDealloc) {
  takeCtaGroup(d);
  d.require("sync");
  d.require("aligned");
  d.oneOf({"shared::cta", "shared"});
  d.require("b32");
  d.instruction().isAligned = true;
  d.instruction().passesUndefined = false;
  Operand columns = d.source(1, Type::U32);
  if (isDealloc) {
    Operand address = d.source(0, Type::U32);
    d.run([=](Step &s) {
      deallocate(s, s.read<uint32_t>(address)[s.firstLane()], s.read<uint32_t>(columns)[s.firstLane()]);
      return Outcome::Next;
    });
    return;
  }
  AddressOperand address = d.address(0);
  d.run([=](Step &s) {
    return allocate(s, s.read<uint64_t>(address.base)[s.firstLane()] + uint64_t(address.offset),
                    s.read<uint32_t>(columns)[s.firstLane()]);
  });
}

/// The mbarrier gets an arrival when all that this thread has issued before is
/// complete; the commit stands in the same pipe.
void decodeTensorCommit(Decoder &d) {
  takeCtaGroup(d);
  d.require("mbarrier::arrive::one");
  d.oneOf({"shared::cluster", "shared::cta"});
  bool isMulticast = d.has("multicast::cluster");
  d.require("b64");
  AddressOperand at = d.address(0);
  Operand ctas = isMulticast ? d.source(1, Type::U16) : Operand();
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    unsigned lane = s.onlyLane("tcgen05.commit");
    BarrierPlace place = findBarrier(s, s.read<uint64_t>(at.base)[lane] + uint64_t(at.offset), true, true);
    auto knowledge = s.fork();
    for (const auto &[stage, stream] : s.warp.tensorPipe.streams)
      knowledge->join(stream.after);
    // A commit implies tcgen05.fence::before_thread_sync.
    uint32_t mask = isMulticast ? multicastMask(s, ctas, lane) : 1u << place.cta->rank;
    Cluster *cluster = &s.cluster();
    unsigned line = s.line();
    Component component = s.warp.component;
    AsyncOperation operation;
    operation.name = "tcgen05.commit";
    operation.line = line;
    operation.step = [=] {
      for (uint32_t rank = 0; rank < cluster->ctas.size(); ++rank)
        if (mask >> rank & 1)
          arrive({cluster->ctas[rank].get(), place.offset}, 1, knowledge.get(), line, component);
      return true;
    };
    cluster->enqueue(unitOf(s), std::move(operation));
    return Outcome::Next;
  });
}

void registerTensorMemory(DecodeTable &table) { table["tcgen05"] = decodeTcgen05; }

} // namespace girih::sim
