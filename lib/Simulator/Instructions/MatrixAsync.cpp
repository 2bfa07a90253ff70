//===- MatrixAsync.cpp - wgmma --------------------------------------------===//
//
// A wgmma.mma_async is gathered from the four warps of its warpgroup and then
// runs as one operation of the warpgroup's pipe. Accumulators are read and
// written when it runs, not when it is issued; Warp::checkRegisters() judges
// who touches them in between.
//
//===----------------------------------------------------------------------===//
#include "MatrixAsync.h"

#include "../Machine/Step.h"
#include "Elementwise.h"
#include "MatrixTile.h"

namespace girih::sim {
namespace {

using Shape = MatrixShape;

/// PTX ISA, "Register Fragments": the place of accumulator register `index`
/// of a lane within the 16 rows of its warp.
void accumulatorPlace(const Shape &shape, unsigned lane, unsigned index, unsigned half, unsigned &row,
                      unsigned &column) {
  if (shape.accumulator == Type::F16) {
    row = lane / 4 + 8 * (index & 1);
    column = lane % 4 * 2 + half + 8 * (index / 2);
  } else {
    row = lane / 4 + 8 * (index >> 1 & 1);
    column = lane % 4 * 2 + (index & 1) + 8 * (index / 4);
  }
}

void readAccumulators(MatrixOperation &op, Accumulators &d) {
  const Shape &shape = op.shape;
  unsigned halves = shape.accumulator == Type::F16 ? 2 : 1;
  for (unsigned w = 0; w < 4; ++w) {
    const Warp &warp = *op.quarters[w].warp;
    const auto &slots = op.quarters[w].accumulators;
    for (unsigned i = 0; i < slots.size(); ++i)
      for (unsigned lane = 0; lane < warpSize; ++lane)
        for (unsigned h = 0; h < halves; ++h) {
          unsigned row, column;
          accumulatorPlace(shape, lane, i, h, row, column);
          size_t at = size_t(w * 16 + row) * shape.n + column;
          uint32_t bits = warp.bits32[slots[i]][lane];
          d.isDefined[at] = warp.defined[1][slots[i]].whole() >> lane & 1;
          if (shape.accumulator == Type::S32)
            d.integers[at] = int32_t(bits);
          else
            d.floats[at] = decodeElement(bits >> (16 * h), shape.accumulator);
        }
  }
}

uint32_t encodeAccumulator(const MatrixOperation &op, const Accumulators &d, size_t at) {
  if (op.shape.accumulator == Type::S32)
    return uint32_t(d.integers[at]);
  if (op.shape.accumulator == Type::F16)
    return encodeFloat(d.floats[at], formatOf(Type::F16), Rounding::NearestEven, false);
  return __builtin_bit_cast(uint32_t, d.floats[at]);
}

void writeAccumulators(MatrixOperation &op, const Accumulators &d) {
  unsigned halves = op.shape.accumulator == Type::F16 ? 2 : 1;
  for (unsigned w = 0; w < 4; ++w) {
    Warp &warp = *op.quarters[w].warp;
    const auto &slots = op.quarters[w].accumulators;
    for (unsigned i = 0; i < slots.size(); ++i) {
      LaneMask known = 0;
      for (unsigned lane = 0; lane < warpSize; ++lane) {
        uint32_t bits = 0;
        bool isDefined = true;
        for (unsigned h = 0; h < halves; ++h) {
          unsigned row, column;
          accumulatorPlace(op.shape, lane, i, h, row, column);
          size_t at = size_t(w * 16 + row) * op.shape.n + column;
          bits |= encodeAccumulator(op, d, at) << (16 * h);
          isDefined &= d.isDefined[at];
        }
        warp.bits32[slots[i]][lane] = bits;
        known |= LaneMask(isDefined) << lane;
      }
      warp.defined[1][slots[i]] = known;
    }
  }
}

/// A from registers: e elements a register, rows 8 apart in odd registers,
/// k 4e apart in the upper half.
MatrixTile readFragment(MatrixOperation &op) {
  const Shape &shape = op.shape;
  unsigned bits = typeBits(shape.a), e = 32 / bits;
  MatrixTile tile;
  tile.rows = 64;
  tile.columns = shape.storedK();
  tile.values.resize(64 * tile.columns);
  tile.isDefined.assign(64, 1);
  for (unsigned w = 0; w < 4; ++w) {
    const Warp &warp = *op.quarters[w].warp;
    const auto &slots = op.quarters[w].fragment;
    for (unsigned r = 0; r < slots.size(); ++r)
      for (unsigned lane = 0; lane < warpSize; ++lane) {
        unsigned row = w * 16 + lane / 4 + 8 * (r & 1);
        uint32_t word = warp.bits32[slots[r]][lane];
        if (!(warp.defined[1][slots[r]].whole() >> lane & 1))
          tile.isDefined[row] = 0;
        for (unsigned i = 0; i < e; ++i) {
          unsigned k = lane % 4 * e + i + 4 * e * (r >> 1);
          uint32_t code = bits == 32 ? word : word >> (bits * i) & ((1u << bits) - 1);
          tile.values[row * tile.columns + k] = decodeElement(code, shape.a);
        }
      }
  }
  return tile;
}

/// The k elements of each row of a sparse A; each warp has the codes of its rows.
MatrixTile expand(const MatrixOperation &op, const MatrixTile &stored) {
  auto codeOf = [&](uint32_t row, uint32_t chunk) -> std::optional<uint32_t> {
    const MatrixOperation::Quarter &quarter = op.quarters[row / 16];
    uint32_t lane = op.shape.metadata->laneOf(row % 16, chunk);
    if (!(quarter.hasMetadata >> lane & 1))
      return std::nullopt;
    return quarter.metadata[lane] >> FragmentMetadata::shiftOf(row % 16, chunk) & 0xf;
  };
  CodeFaults faults;
  MatrixTile a = expandSparse(stored, sparsityOf(op.shape.a), codeOf, faults, Codes::AnyOrder);
  const Cta &cta = op.quarters[0].warp->cta;
  std::string problem = faults.judged(cta.cluster.device, op.line, op.quarters[0].warp->describe());
  if (problem.empty())
    return a;
  Verdict verdict;
  verdict.line = op.line;
  verdict.agent = cta.describe();
  verdict.message = "wgmma.mma_async.sp: " + problem;
  throw Stop(verdict);
}

/// In place of values, where only the time counts.
void executeWithoutProducts(MatrixOperation &op) {
  for (MatrixOperation::Quarter &quarter : op.quarters)
    for (uint32_t slot : quarter.accumulators)
      quarter.warp->defined[1][slot] = allLanes;
}

void execute(MatrixOperation &op, const Access &read) {
  const Shape &shape = op.shape;
  Cta &cta = op.quarters[0].warp->cta;
  MatrixTile a = op.fromRegisters ? readFragment(op)
                                  : readTile(cta, decodeMatrixDescriptor90(op.descriptorA), 64, shape.storedK(),
                                             shape.a, op.transposesA, false, read, op.knowledge);
  MatrixTile b = readTile(cta, decodeMatrixDescriptor90(op.descriptorB), shape.n, shape.k, shape.b, op.transposesB,
                          true, read, op.knowledge);
  if (shape.metadata)
    a = expand(op, a);
  if (op.negatesA != op.negatesB)
    for (float &value : a.values)
      value = -value;
  Accumulators d;
  d.rows = 64;
  d.columns = shape.n;
  size_t size = 64 * size_t(shape.n);
  d.isDefined.assign(size, 1);
  d.floats.assign(size, 0.0f);
  d.integers.assign(shape.accumulator == Type::S32 ? size : 0, 0);
  if (op.accumulates)
    readAccumulators(op, d);
  // Hopper keeps 13 bits of products and sums of 8-bit numbers.
  DotProductRule rule = typeBits(shape.a) == 8 ? DotProductRule{13, 13} : DotProductRule{};
  if (shape.saturates)
    multiplySaturated(a, b, d);
  else
    multiply(a, b, {shape.a, shape.b, shape.accumulator, rule}, d);
  writeAccumulators(op, d);
}

/// The registers an issue names, as absolute slots of the warp.
std::vector<uint32_t> slotsOf(const Step &s, const std::vector<Operand> &list) {
  std::vector<uint32_t> slots;
  for (const Operand &operand : list) {
    if (operand.kind != Operand::Kind::Register || operand.cls != RegisterClass::Bits32)
      s.misuse("a matrix operand is not a 32-bit register");
    slots.push_back(operand.slot + s.group.stack.back().base[1]);
  }
  return slots;
}

void judgeRegisters(Step &s, const std::vector<uint32_t> &accumulators, const std::vector<uint32_t> &fragment) {
  Warp &warp = s.warp;
  if (!warp.matrixFences)
    s.misuse("the first wgmma.mma_async comes before any wgmma.fence");
  auto needsFence = [&](uint32_t slot) {
    const RegisterUse &use = warp.uses[slot];
    if (use.touchedLine && use.touchedAt == warp.matrixFences && !use.writtenBy)
      s.misuse("a register that line " + std::to_string(use.touchedLine) +
               " has touched is used without wgmma.fence in between");
  };
  for (uint32_t slot : accumulators) {
    needsFence(slot);
    if (warp.uses[slot].readBy)
      s.stop(VerdictKind::Race, "an accumulator is the A operand of the wgmma.mma_async of line " +
                                    std::to_string(warp.uses[slot].inFlightLine) + ", which is still in flight");
  }
  for (uint32_t slot : fragment) {
    needsFence(slot);
    if (warp.uses[slot].writtenBy)
      s.stop(VerdictKind::Race,
             "the A operand is an accumulator of the wgmma.mma_async of line " +
                 std::to_string(warp.uses[slot].inFlightLine) + ", which is still in flight",
             {"expected wgmma.wait_group in between"});
  }
}

void checkDescriptor(const Step &s, uint64_t bits, const char *which) {
  MatrixDescriptor descriptor = decodeMatrixDescriptor90(bits);
  if (!descriptor.problem.empty())
    s.misuse(std::string("descriptor of ") + which + ": " + descriptor.problem);
}

} // namespace

Outcome issueMatrix(Step &s, const MatrixIssue &issue) {
  Warp &warp = s.warp;
  Cta &cta = s.cta();
  if (s.mask != allLanes)
    s.misuse("wgmma.mma_async is executed by part of a warp");
  uint32_t first = warp.index / 4 * 4;
  if (first + 4 > cta.warps.size())
    s.misuse("wgmma.mma_async in a warpgroup of fewer than four warps");
  Warpgroup &group = cta.warpgroups[warp.index / 4];
  if (!group.unit)
    group.unit = s.cluster().newUnit("wgmma of warps " + std::to_string(first) + " to " + std::to_string(first + 3),
                                     cta.rank, true);
  auto accumulators = slotsOf(s, issue.accumulators);
  auto fragment = slotsOf(s, issue.fragment);
  judgeRegisters(s, accumulators, fragment);
  uint32_t number = ++warp.matrixIssued;
  auto &op = group.gathering[number];
  Knowledge knowledge = warp.fork(s.mask);
  uint64_t a = issue.fragment.empty() ? s.read<uint64_t>(issue.a)[0] : 0;
  uint64_t b = s.read<uint64_t>(issue.b)[0];
  bool accumulates = !issue.scaleD || (s.readPredicate(issue.scaleD) & 1);
  if (!op) {
    op = std::make_shared<MatrixOperation>();
    op->shape = issue.shape;
    op->line = s.line();
    op->fromRegisters = !issue.fragment.empty();
    op->descriptorA = a;
    op->descriptorB = b;
    op->accumulates = accumulates;
    op->negatesA = issue.negatesA;
    op->negatesB = issue.negatesB;
    op->transposesA = issue.transposesA;
    op->transposesB = issue.transposesB;
    op->knowledge = knowledge;
    if (!op->fromRegisters)
      checkDescriptor(s, a, "A");
    checkDescriptor(s, b, "B");
  } else {
    if (op->line != s.line() || op->descriptorA != a || op->descriptorB != b || op->accumulates != accumulates)
      s.misuse("the warps of a warpgroup execute different wgmma.mma_async: "
               "this one and that of line " +
               std::to_string(op->line) + (op->line == s.line() ? " with other descriptors" : ""));
    op->knowledge.meet(knowledge);
  }
  MatrixOperation::Quarter &quarter = op->quarters[warp.index % 4];
  quarter = {&warp, accumulators, fragment};
  if (issue.metadata) {
    quarter.metadata = s.read<uint32_t>(issue.metadata);
    quarter.hasMetadata = s.definedLanes(issue.metadata);
  }
  for (uint32_t slot : accumulators) {
    warp.uses[slot].writtenBy = number;
    warp.uses[slot].inFlightLine = s.line();
    warp.matrixInFlight.emplace_back(number, slot);
  }
  for (uint32_t slot : fragment) {
    warp.uses[slot].readBy = number;
    warp.uses[slot].inFlightLine = s.line();
    warp.matrixInFlight.emplace_back(number, slot);
  }
  warp.hasMatrixInFlight = true;
  if (++op->gathered < 4)
    return Outcome::Next;
  AsyncOperation operation;
  operation.name = "wgmma";
  operation.line = s.line();
  operation.detail = "m64n" + std::to_string(issue.shape.n) + "k" + std::to_string(issue.shape.k);
  operation.work.kind = AsyncWork::Kind::Matrix;
  operation.work.operations = 2.0 * 64 * issue.shape.n * issue.shape.k;
  operation.work.products = 64.0 * issue.shape.n * issue.shape.storedK() * typeBits(issue.shape.a) / 16;
  operation.work.bytes = (issue.shape.n * issue.shape.k + (op->fromRegisters ? 0 : 64) * issue.shape.storedK()) *
                         typeBits(issue.shape.a) / uint64_t(8);
  Access read;
  read.cluster = s.cluster().index;
  read.cta = uint8_t(s.cta().rank);
  read.component = group.unit->component;
  read.tick = number;
  read.line = s.line();
  read.proxy = Proxy::Async;
  bool skips = s.cluster().device.options.timing.skipsProducts;
  operation.step = [op = op, read, skips] {
    skips ? executeWithoutProducts(*op) : execute(*op, read);
    return true;
  };
  AsyncUnit *unit = group.unit;
  group.gathering.erase(number);
  s.cluster().enqueue(*unit, std::move(operation));
  return Outcome::Next;
}

Outcome waitMatrix(Step &s, uint32_t pending) {
  Warp &warp = s.warp;
  auto &groups = warp.matrixGroups;
  uint32_t last = groups.size() > pending ? groups[groups.size() - 1 - pending] : warp.matrixWaited;
  AsyncUnit *unit = s.cta().warpgroups[warp.index / 4].unit;
  uint32_t done = unit ? unit->completed : 0;
  if (done < last) {
    Wait wait;
    wait.what = "wgmma";
    wait.describe = [=] {
      return "for wgmma " + std::to_string(last) + " of its warpgroup; " + std::to_string(unit ? unit->completed : 0) +
             " are complete";
    };
    return s.wait(std::move(wait));
  }
  // PTX ISA, "wgmma.commit_group": a group is the warpgroup's, so that a wait
  // of one of its warps says that the reads of all four are over.
  if (unit)
    warp.raise(s.mask, unit->component, last);
  while (!groups.empty() && groups.front() <= last)
    groups.pop_front();
  warp.matrixWaited = std::max(warp.matrixWaited, last);
  auto &list = warp.matrixInFlight;
  std::erase_if(list, [&](const auto &entry) {
    auto [number, slot] = entry;
    if (number > last)
      return false;
    RegisterUse &use = warp.uses[slot];
    if (use.writtenBy <= last)
      use.writtenBy = 0;
    if (use.readBy <= last)
      use.readBy = 0;
    return true;
  });
  warp.hasMatrixInFlight = !list.empty() || warp.hasTensorLoadInFlight;
  return Outcome::Next;
}

} // namespace girih::sim
