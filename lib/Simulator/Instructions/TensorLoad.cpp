//===- TensorLoad.cpp - tcgen05.ld, st and their waits --------------------===//
#include "TensorMemory.h"

namespace girih::sim {
namespace {

/// `.32x32b`, `.16x64b`, ...: which cell register r of lane t is.
enum class LoadShape : uint8_t { L32x32b, L16x64b, L16x128b, L16x256b, L16x32bx2 };

struct Cell {
  uint32_t lane, column;
};

/// PTX ISA, "Data Movement Shape"; the column is in logical 32-bit units.
Cell cellOf(LoadShape shape, uint32_t t, uint32_t r, uint32_t split) {
  switch (shape) {
  case LoadShape::L32x32b:
    return {t, r};
  case LoadShape::L16x64b:
    return {t / 4 + 8 * (t & 1), (t >> 1 & 1) + 2 * r};
  case LoadShape::L16x128b:
    return {t / 4 + 8 * (r & 1), t % 4 + 4 * (r / 2)};
  case LoadShape::L16x256b:
    return {t / 4 + 8 * (r >> 1 & 1), t % 4 * 2 + (r & 1) + 8 * (r / 4)};
  case LoadShape::L16x32bx2:
    return {t % 16, r + (t >= 16 ? split : 0)};
  }
  return {0, 0};
}

unsigned registersOf(LoadShape shape, unsigned count) {
  return shape == LoadShape::L16x256b ? 4 * count : shape == LoadShape::L16x128b ? 2 * count : count;
}

CommitGroups &groupsOf(Step &s, bool isStore) {
  CommitGroups &groups = isStore ? s.warp.tensorStores : s.warp.tensorLoads;
  if (!groups.unit) {
    groups.unit =
        s.cluster().newUnit((isStore ? "tcgen05.st of " : "tcgen05.ld of ") + s.warp.name, s.cta().rank, true);
    groups.writeComponent = groups.unit->component;
  }
  return groups;
}

struct LoadCall {
  LoadShape shape;
  /// Two 16-bit cells make one register.
  bool packs = false;
  uint32_t split = 0;
  std::vector<Operand> registers;
  AddressOperand address;
};

/// The lanes that a warp may reach: a quarter, by its place in the warpgroup.
uint32_t checkAddress(const Step &s, const LoadCall &call) {
  auto addresses = s.read<uint32_t>(call.address.base);
  uint32_t address = addresses[0] + uint32_t(call.address.offset);
  for (unsigned t = 1; t < warpSize; ++t)
    if (addresses[t] != addresses[0])
      s.misuse("the lanes of the warp give different tensor memory addresses");
  uint32_t lane = address >> 16, quarter = s.warp.index % 4 * 32;
  bool isWhole = call.shape == LoadShape::L32x32b;
  if (lane < 32 && quarter && s.cluster().device.tolerates(Rule::TensorLane, s.line(), s.warp.describe())) {
    lane += quarter;
    address += quarter << 16;
  }
  bool fits = isWhole ? lane == quarter : lane == quarter || lane == quarter + 16;
  if (!fits)
    s.misuse("tensor memory lane " + std::to_string(lane) + " is not one that warp " + std::to_string(s.warp.index) +
             " may address; its lanes begin at " + std::to_string(quarter));
  return address;
}

template <class F> void forCells(const LoadCall &call, uint32_t address, F f) {
  uint32_t lane = address >> 16, column = address & 0xffff;
  for (unsigned r = 0; r < call.registers.size(); ++r)
    for (unsigned t = 0; t < warpSize; ++t) {
      Cell cell = cellOf(call.shape, t, r, call.split);
      f(r, t, lane + cell.lane, column, cell.column);
    }
}

Outcome runLoad(Step &s, const LoadCall &call) {
  uint32_t address = checkAddress(s, call);
  Warp &warp = s.warp;
  CommitGroups &groups = groupsOf(s, false);
  uint32_t number = groups.issue();
  std::vector<uint32_t> slots;
  for (const Operand &operand : call.registers) {
    if (operand.kind == Operand::Kind::Register && operand.cls != RegisterClass::Bits32)
      s.misuse("a destination of tcgen05.ld is not a 32-bit register");
    uint32_t slot = operand.slot + s.group.stack.back().base[1];
    slots.push_back(slot);
    warp.startTensorLoad(operand, s.group.frame(), number, s.line());
  }
  auto knowledge = s.fork();
  Access access = tensorAccess(s, groups.writeComponent, number, false);
  CommitGroups *tracked = &groups;
  Cta *cta = &s.cta();
  Warp *loader = &warp;
  AsyncOperation operation;
  operation.name = "tcgen05.ld";
  operation.work = {AsyncWork::Kind::TensorMove, call.registers.size() * warpSize * 4, 0};
  operation.line = s.line();
  operation.step = [=] {
    forCells(call, address, [&](unsigned r, unsigned t, uint32_t lane, uint32_t base, uint32_t column) {
      bool isDefined, isHighDefined = true;
      uint32_t value;
      if (call.packs) {
        uint32_t high = readTensor(*cta, lane, base + 2 * column + 1, access, *knowledge, &isHighDefined);
        value = readTensor(*cta, lane, base + 2 * column, access, *knowledge, &isDefined);
        value = (value & 0xffff) | high << 16;
      } else {
        value = readTensor(*cta, lane, base + column, access, *knowledge, &isDefined);
      }
      if (call.registers[r].kind != Operand::Kind::Register)
        return;
      loader->bits32[slots[r]][t] = value;
      DefinedLanes &known = loader->defined[1][slots[r]];
      known = isDefined && isHighDefined ? known | 1u << t : known & ~(1u << t);
    });
    tracked->finishWrite(number);
    return true;
  };
  s.cluster().enqueue(*groups.unit, std::move(operation));
  return Outcome::Next;
}

Outcome runStore(Step &s, const LoadCall &call) {
  uint32_t address = checkAddress(s, call);
  CommitGroups &groups = groupsOf(s, true);
  auto knowledge = s.fork();
  // Stores of a warp reach a cell in order.
  knowledge->tensor.raise(groups.writeComponent, groups.issued);
  uint32_t number = groups.issue();
  auto values = std::make_shared<std::vector<Lanes<uint32_t>>>();
  std::vector<LaneMask> known;
  for (const Operand &operand : call.registers) {
    values->push_back(s.read<uint32_t>(operand));
    known.push_back(s.definedLanes(operand));
  }
  Access access = tensorAccess(s, groups.writeComponent, number, true);
  CommitGroups *tracked = &groups;
  Cta *cta = &s.cta();
  AsyncOperation operation;
  operation.name = "tcgen05.st";
  operation.work = {AsyncWork::Kind::TensorMove, call.registers.size() * warpSize * 4, 0};
  operation.line = s.line();
  operation.step = [=] {
    forCells(call, address, [&](unsigned r, unsigned t, uint32_t lane, uint32_t base, uint32_t column) {
      uint32_t value = (*values)[r][t];
      bool isDefined = known[r] >> t & 1;
      if (call.packs) {
        writeTensor(*cta, lane, base + 2 * column, value & 0xffff, access, *knowledge, isDefined);
        writeTensor(*cta, lane, base + 2 * column + 1, value >> 16, access, *knowledge, isDefined);
      } else {
        writeTensor(*cta, lane, base + column, value, access, *knowledge, isDefined);
      }
    });
    tracked->finishWrite(number);
    return true;
  };
  s.cluster().enqueue(*groups.unit, std::move(operation));
  return Outcome::Next;
}

} // namespace

void decodeTensorLoad(Decoder &d, bool isStore) {
  d.require("sync");
  d.require("aligned");
  LoadCall call;
  std::string shape = d.oneOf({"32x32b", "16x64b", "16x128b", "16x256b", "16x32bx2"});
  if (shape.empty())
    d.unsupported("its shape");
  call.shape = shape == "32x32b"    ? LoadShape::L32x32b
               : shape == "16x64b"  ? LoadShape::L16x64b
               : shape == "16x128b" ? LoadShape::L16x128b
               : shape == "16x256b" ? LoadShape::L16x256b
                                    : LoadShape::L16x32bx2;
  std::string count = d.oneOf({"x1", "x2", "x4", "x8", "x16", "x32", "x64", "x128"});
  if (count.empty())
    d.unsupported("it has no repetition");
  call.packs = d.has(isStore ? "unpack::16b" : "pack::16b");
  d.require("b32");
  bool hasSplit = call.shape == LoadShape::L16x32bx2;
  call.address = d.address(isStore ? 0 : 1);
  if (hasSplit)
    call.split = uint32_t(d.literal(isStore ? 1 : 2));
  size_t at = isStore ? (hasSplit ? 2 : 1) : 0;
  call.registers = isStore ? d.sources(at, Type::B32) : d.destinations(at);
  unsigned wanted = registersOf(call.shape, unsigned(std::atoi(count.c_str() + 1)));
  if (call.registers.size() != wanted)
    d.fail("has " + std::to_string(call.registers.size()) + " registers when it should have " + std::to_string(wanted));
  d.instruction().isAligned = true;
  d.run([=](Step &s) {
    if (s.mask != allLanes)
      s.misuse("tcgen05.ld or st is executed by part of a warp");
    return isStore ? runStore(s, call) : runLoad(s, call);
  });
}

void decodeTensorWait(Decoder &d, bool isStore) {
  d.require("sync");
  d.require("aligned");
  d.instruction().isAligned = true;
  d.run([=](Step &s) {
    CommitGroups &groups = groupsOf(s, isStore);
    if (groups.done < groups.issued) {
      Wait wait;
      wait.what = isStore ? "tcgen05.wait::st" : "tcgen05.wait::ld";
      CommitGroups *waited = &groups;
      wait.describe = [=] {
        return "for " + std::to_string(waited->issued - waited->done) + " accesses of tensor memory";
      };
      return s.wait(std::move(wait));
    }
    if (!isStore) {
      s.warp.finishTensorLoads(s.mask, groups.issued);
      return Outcome::Next;
    }
    s.warp.change(s.mask, [&](LaneView &view) {
      view.known.tensor.raise(groups.writeComponent, groups.issued);
      view.known.raiseGeneric(groups.writeComponent, groups.issued);
    });
    return Outcome::Next;
  });
}

} // namespace girih::sim
