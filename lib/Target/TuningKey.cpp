#include "girih/Target/TuningKey.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;

namespace girih {

/// A digest of what the region computes.
static std::string digestOf(Region &region) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  for (Operation &op : region.front()) {
    op.print(stream, OpPrintingFlags().useLocalScope().assumeVerified());
    stream << "\n";
  }
  return llvm::formatv("{0:x-16}", llvm::xxh3_64bits(text));
}

std::string problemKey(attn::ForwardOp op) {
  RankedTensorType query = op.getQ().getType(), keys = op.getK().getType();
  std::string text;
  llvm::raw_string_ostream stream(text);
  auto size = [&](StringRef name, RankedTensorType type, unsigned dim) {
    stream << name << "=";
    if (type.isDynamicDim(dim))
      stream << "?,";
    else
      stream << type.getDimSize(dim) << ",";
  };
  size("b", query, 0);
  size("h", query, 1);
  size("hkv", keys, 1);
  size("sq", query, 2);
  size("skv", keys, 2);
  size("d", query, 3);
  if (op.getValueSize() != op.getHeadSize())
    stream << "dv=" << op.getValueSize() << ",";
  stream << "dtype=" << query.getElementType() << ",mask=" << attn::stringifyMask(op.getMask())
         << ",order=" << attn::stringifyOrder(op.getOrder()) << ",lse=" << (op.getLse() ? 1 : 0);
  if (Type out = op.getOutput().getType().getElementType(); out != query.getElementType())
    stream << ",out=" << out;
  if (op.getVOrder() != attn::ValueOrder::HeadSize)
    stream << ",v_order=" << attn::stringifyValueOrder(op.getVOrder());
  for (auto [name, operand] : attn::optionalOperands(op))
    stream << "," << name << (isa<RankedTensorType>(operand.getType()) ? "=1" : "=number");
  if (op.hasBlocks())
    stream << ",blocks=" << op.getQueryBlock() << "x" << op.getKeyBlock();
  if (!op.getMaskRegion().empty())
    stream << ",visible=" << digestOf(op.getMaskRegion());
  if (!op.getScore().empty())
    stream << ",score=" << digestOf(op.getScore());
  return text;
}

std::string scheduleText(const tile::Schedule &schedule) {
  std::string text;
  for (const tile::KnobInfo &knob : tile::scheduleKnobs())
    if (const tile::Schedule::Knob &value = schedule.*knob.field)
      text += (text.empty() ? "" : ",") + knob.name.str() + "=" + std::to_string(*value);
  return text;
}

std::optional<tile::Schedule> parseSchedule(StringRef text) {
  tile::Schedule schedule;
  for (StringRef entry : llvm::split(text, ',')) {
    auto [name, value] = entry.split('=');
    const auto *knob =
        llvm::find_if(tile::scheduleKnobs(), [&](const tile::KnobInfo &info) { return info.name == name; });
    int64_t number;
    if (knob == tile::scheduleKnobs().end() || value.getAsInteger(10, number) || number < knob->minimum ||
        number > knob->maximum)
      return std::nullopt;
    schedule.*knob->field = number;
  }
  return schedule;
}

tile::Schedule adopt(const tile::Schedule &given, tile::Schedule known) {
  auto differs = [](const tile::Schedule::Knob &a, const tile::Schedule::Knob &b) { return a && b && *a != *b; };
  if (differs(given.workers, known.workers) || differs(given.rows, known.rows) || differs(given.heads, known.heads))
    known.rows = known.workers = known.itemStages = known.loadRegisters = known.computeRegisters = std::nullopt;
  if (differs(given.columns, known.columns) || differs(given.stages, known.stages))
    known.itemStages = std::nullopt;
  if (differs(given.ctas, known.ctas))
    known.itemStages = known.loadRegisters = known.computeRegisters = std::nullopt;
  if (differs(given.loadRegisters, known.loadRegisters) || differs(given.computeRegisters, known.computeRegisters))
    known.loadRegisters = known.computeRegisters = std::nullopt;
  return given.completedFrom(known);
}

} // namespace girih
