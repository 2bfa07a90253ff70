//===- AsyncStore.cpp - st.async, red.async, st.bulk ----------------------===//
#include "AsyncCopy.h"
#include "Elementwise.h"
#include "Memory.h"

namespace girih::sim {
namespace {

/// Registers of a vector as they lie in memory.
struct ValueOperand {
  std::vector<Operand> elements;
  Type type;

  std::vector<uint8_t> in(const Step &s, unsigned lane) const {
    unsigned size = typeBits(type) / 8;
    std::vector<uint8_t> bytes(size * elements.size());
    for (size_t e = 0; e < elements.size(); ++e) {
      uint64_t value = s.read<uint64_t>(elements[e])[lane];
      std::memcpy(bytes.data() + size * e, &value, size);
    }
    return bytes;
  }
};

ValueOperand takeValue(Decoder &d, unsigned vector, Type type) {
  ValueOperand made;
  made.type = type;
  made.elements = d.sources(1, made.type);
  if (made.elements.size() != vector)
    d.fail("has " + std::to_string(made.elements.size()) + " sources for .v" + std::to_string(vector));
  if (typeBits(made.type) * vector > 128)
    d.fail("stores " + std::to_string(typeBits(made.type) * vector) + " bits when 128 are the most");
  return made;
}

/// Into shared memory of the cluster, counted in bytes on an mbarrier of the
/// CTA that owns it.
void startRemote(Step &s, unsigned lane, uint64_t address, uint64_t barrier, std::vector<uint8_t> bytes,
                 const std::optional<Reduction> &reduction) {
  const char *name = reduction ? "red.async" : "st.async";
  Cta *owner;
  uint32_t offset = s.sharedOffset(address, true, owner);
  BarrierPlace place = findBarrier(s, barrier, true, false, lane);
  if (place.cta != owner)
    s.misuse(std::string(name) + " writes to " + owner->describe() + " and completes on an mbarrier of " +
             place.cta->describe());
  // PTX ISA, "st.async" and "red.async", Conditions.
  if (!reduction && s.cluster().ctas.size() < 2)
    s.misuse("st.async in a cluster of 1 CTA when it needs 2 or more");
  if (reduction && owner == &s.cta())
    s.misuse("red.async names shared memory of the executing CTA when it should be another CTA's");
  if (offset % bytes.size())
    s.misuse(std::string(name) + " address " + std::to_string(offset) + " is not a multiple of " +
             std::to_string(bytes.size()));
  owner->checkShared(offset, bytes.size(), s.line(), name);
  AsyncOperation operation;
  operation.name = name;
  operation.line = s.line();
  unsigned line = s.line();
  auto knowledge = s.fork(lane);
  operation.step = [=, bytes = std::move(bytes)] {
    Access access = transactionAccess(place, line);
    access.proxy = Proxy::Generic; // operations of the issuing thread
    uint32_t size = uint32_t(bytes.size());
    if (reduction)
      reduceShared(*owner, offset, bytes.data(), size, *reduction, access, *knowledge, true);
    else
      owner->writeShared(offset, bytes.data(), size, access, *knowledge);
    completeTransactions(place, size, line);
    return true;
  };
  s.cluster().enqueue(*owner->copyEngine, std::move(operation));
}

void decodeRemote(Decoder &d, unsigned vector, Type type, std::optional<Reduction> reduction) {
  SharedOperand to = takeShared(d, 0, true), barrier = to;
  barrier.address = d.address(2);
  ValueOperand from = takeValue(d, vector, type);
  d.run([=](Step &s) {
    s.forLanes(
        [&](unsigned lane) { startRemote(s, lane, to.in(s, lane), barrier.in(s, lane), from.in(s, lane), reduction); });
    return Outcome::Next;
  });
}

/// The forms that complete on an mbarrier; `.weak`, `.relaxed` or `.cluster`
/// alone says the same of all of them.
void takeCompletion(Decoder &d) {
  if (d.has("release"))
    d.unsupported("a release of global memory");
  d.oneOf({"weak", "relaxed"});
  d.has("cluster");
  d.require("mbarrier::complete_tx::bytes");
}

} // namespace

void decodeAsyncStore(Decoder &d) {
  takeCompletion(d);
  unsigned vector = takeVector(d);
  decodeRemote(d, vector, d.type(), std::nullopt);
}

void decodeAsyncReduction(Decoder &d) {
  takeCompletion(d);
  Reduction reduction = takeReduction(d, ReductionPlace::SharedWord);
  decodeRemote(d, 1, reduction.type, reduction);
}

/// PTX ISA, "st.bulk": zeros, written like any weak store of the thread.
void decodeBulkStore(Decoder &d) {
  d.has("weak");
  SharedOperand to = takeShared(d, 0, false);
  Operand size = d.source(1, Type::U64);
  if (d.literal(2) != 0)
    d.fail("initialises with " + std::to_string(d.literal(2)) + " when only 0 is allowed");
  d.run([=](Step &s) {
    auto sizes = s.read<uint64_t>(size);
    s.forLanes([&](unsigned lane) {
      if (sizes[lane] % 8 || sizes[lane] > 1 << 24)
        s.misuse("st.bulk of " + std::to_string(sizes[lane]) +
                 " bytes when it should be a multiple of 8 up to 16777216");
      uint64_t address = to.in(s, lane);
      Place place = s.resolve(StateSpace::Shared, address, sizes[lane], true, 1);
      std::vector<uint8_t> zeros(sizes[lane]);
      s.store(place, lane, zeros.data(), uint32_t(zeros.size()), false, true);
    });
    return Outcome::Next;
  });
}

} // namespace girih::sim
