#include "dialects/Tile/Schedule.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace girih::tile {

static constexpr int64_t kMaxBytes = int64_t(1) << 40;

static constexpr KnobInfo kKnobs[] = {
    {"rows", &Schedule::rows, 1, 1024, "rows of the output that one work item computes"},
    {"columns", &Schedule::columns, 1, 1024, "columns of the inner tile: keys per iteration"},
    {"workers", &Schedule::workers, 1, 7, "compute warpgroups; the rows are split over them"},
    {"stages", &Schedule::stages, 1, 32, "ring depth of the tiles that are loaded in a loop"},
    {"item_stages", &Schedule::itemStages, 1, 32, "ring depth of the tiles that are loaded once a work item"},
    {"accumulators", &Schedule::accumulators, 1, 8,
     "ring depth of the tiles in tensor memory that MMAs write and other roles read"},
    {"load_registers", &Schedule::loadRegisters, 24, 256,
     "registers a thread of the load role, and of the one that transposes"},
    {"compute_registers", &Schedule::computeRegisters, 24, 256, "registers a thread of the compute role"},
    {"correction_registers", &Schedule::correctionRegisters, 0, 256,
     "registers a thread of the correction role, which rescales and stores sums in tensor memory; 0: the workers do"},
    {"overlap", &Schedule::overlap, 0, 1,
     "start the next iteration's first MMA before this iteration's elementwise work"},
    {"oldest_first", &Schedule::oldestFirst, 0, 1,
     "a round of a loop starts the MMAs of its oldest iteration first; 0: those of its newest"},
    {"left_in_registers", &Schedule::leftInRegisters, 0, 1,
     "left operands that are loaded before a loop of MMAs are copied to registers there"},
    {"ping_pong", &Schedule::pingPong, 0, 1, "workers take turns at starting MMAs"},
    {"lazy_rescale", &Schedule::lazyRescale, 0, 12,
     "the output is rescaled only where a row's maximum grows by more than so many powers of two; 0 is always"},
    {"fixed_maximum", &Schedule::fixedMaximum, 0, 1,
     "weights are exponentials of the scores themselves, which are bounded; 0: of what rows' maxima leave of them"},
    {"exp2_polynomial", &Schedule::exp2Polynomial, 0, kExp2Period,
     "how many of every 16 exponentials of a thread are computed by a polynomial, beside the special function unit"},
    {"two_level", &Schedule::twoLevel, 0, 1,
     "threads add the product of each inner tile to the output, in f32; 0: MMAs do, with the bits that they keep"},
    {"heads", &Schedule::heads, 1, 1024, "heads of queries on one of keys whose rows take turns in a tile"},
    {"persistent", &Schedule::persistent, 0, 2,
     "0 is a CTA for each work item, 1 one for each multiprocessor with a fixed share, 2 with items from a counter"},
    {"ctas", &Schedule::ctas, 1, 8, "CTAs that share a multiprocessor, its registers and its memories"},
    {"cluster", &Schedule::cluster, 1, 2,
     "CTAs that share a work item: each has its rows, and loads its part of right operands, which both read"},
    {"splits", &Schedule::splits, 1, 8,
     "CTAs of a cluster that share the inner tiles of a work item, and combine what they have at its end"},
    {"longest_first", &Schedule::longestFirst, 0, 1, "work items with more iterations come first"},
    {"group_bytes", &Schedule::groupBytes, 0, kMaxBytes,
     "bytes of keys and values that concurrent work items share in the L2 cache; 0 is one head at a time"},
    {"anchor", &Schedule::anchor, 0, 256,
     "the element of the first exponential on which the release of the key slot waits, plus one; 0 is none"},
    {"strict", &Schedule::strict, 0, 1,
     "MMAs wait until they may overwrite what one before reads, arrivals at other CTAs have a scope; 0: neither"},
    {"last_part", &Schedule::lastPart, 0, 8,
     "left operands that threads make for MMAs cross in two parts, the second one of so many at most; 0 and 1: whole"},
};

ArrayRef<KnobInfo> scheduleKnobs() { return kKnobs; }

Schedule Schedule::decode(ScheduleAttr attr) {
  Schedule schedule;
  if (!attr)
    return schedule;
  for (const KnobInfo &knob : kKnobs)
    if (auto value = attr.getKnobs().getAs<IntegerAttr>(knob.name))
      schedule.*knob.field = value.getInt();
  return schedule;
}

ScheduleAttr Schedule::encode(MLIRContext *context, function_ref<InFlightDiagnostic()> emitError) const {
  Builder builder(context);
  SmallVector<NamedAttribute> entries;
  for (const KnobInfo &knob : kKnobs)
    if (const Knob &value = this->*knob.field)
      entries.push_back(builder.getNamedAttr(knob.name, builder.getI64IntegerAttr(*value)));
  return ScheduleAttr::getChecked(emitError, context, builder.getDictionaryAttr(entries));
}

Schedule Schedule::completedFrom(const Schedule &defaults) const {
  Schedule result = *this;
  for (const KnobInfo &knob : kKnobs)
    if (!(result.*knob.field))
      result.*knob.field = defaults.*knob.field;
  return result;
}

//===----------------------------------------------------------------------===//
// #tile.schedule<rows = 128, ...>
//===----------------------------------------------------------------------===//

Attribute ScheduleAttr::parse(AsmParser &parser, Type) {
  Builder builder(parser.getContext());
  SmallVector<NamedAttribute> entries;
  SMLoc start = parser.getCurrentLocation();
  auto parseKnob = [&]() -> ParseResult {
    std::string name;
    int64_t value;
    if (parser.parseKeywordOrString(&name) || parser.parseEqual() || parser.parseInteger(value))
      return failure();
    entries.push_back(builder.getNamedAttr(name, builder.getI64IntegerAttr(value)));
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater, parseKnob))
    return {};
  if (DictionaryAttr::findDuplicate(entries, /*isSorted=*/false)) {
    parser.emitError(start, "a knob is given twice");
    return {};
  }
  return ScheduleAttr::getChecked([&] { return parser.emitError(start); }, parser.getContext(),
                                  builder.getDictionaryAttr(entries));
}

void ScheduleAttr::print(AsmPrinter &printer) const {
  printer << '<';
  bool first = true;
  for (const KnobInfo &knob : kKnobs)
    if (auto value = getKnobs().getAs<IntegerAttr>(knob.name)) {
      if (!std::exchange(first, false))
        printer << ", ";
      printer << knob.name << " = " << value.getInt();
    }
  printer << '>';
}

LogicalResult ScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError, DictionaryAttr knobs) {
  for (NamedAttribute entry : knobs) {
    const auto *knob =
        llvm::find_if(kKnobs, [&](const KnobInfo &info) { return info.name == entry.getName().strref(); });
    if (knob == std::end(kKnobs)) {
      InFlightDiagnostic diagnostic = emitError() << "unknown knob '" << entry.getName().strref() << "'; knobs are";
      for (const KnobInfo &info : kKnobs)
        diagnostic << " " << info.name;
      return diagnostic;
    }
    auto value = dyn_cast<IntegerAttr>(entry.getValue());
    if (!value || value.getInt() < knob->minimum || value.getInt() > knob->maximum)
      return emitError() << "knob '" << knob->name << "' is " << entry.getValue() << ", its range is " << knob->minimum
                         << " to " << knob->maximum;
  }
  return success();
}

} // namespace girih::tile
