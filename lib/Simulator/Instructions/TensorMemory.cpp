//===- TensorMemory.cpp - Cells, pipes, fences and commits of tcgen05 -----===//
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

std::string agentOf(const Cta &cta, const Access &access) {
  return cta.describe() + " " + cta.cluster.componentName(access.component);
}

void stopTensor(const Cta &cta, const Access &access, const std::string &message) {
  Verdict verdict;
  verdict.line = access.line;
  verdict.agent = agentOf(cta, access);
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
  for (const Conflict &conflict : memory.shadow->enter(at, 4, access, knowledge))
    cta.reportRace("tensor memory", at, conflict, access);
  *isDefined = memory.defined[at / 4];
  return memory.cells[at / 4];
}

void writeTensor(Cta &cta, uint32_t lane, uint32_t column, uint32_t value, const Access &access,
                 const Knowledge &knowledge, bool isDefined) {
  checkCell(cta, lane, column, access);
  TensorMemory &memory = cta.tensor;
  uint64_t at = TensorMemory::address(lane, column);
  for (const Conflict &conflict : memory.shadow->enter(at, 4, access, knowledge))
    cta.reportRace("tensor memory", at, conflict, access);
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

std::vector<Cta *> ctasOf(const Step &s, uint32_t ctaGroup, const char *what) {
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
    own.component = stage.kind == TensorStage::Kind::Mma
                        ? s.cluster().newMatrixStream(std::string(what) + " of " + s.warp.name, *pipe.unit)
                        : s.cluster().newComponent(std::string(what) + " of " + s.warp.name);
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
  if (d.has("relinquish_alloc_permit"))
    return decodeRelinquish(d);
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
