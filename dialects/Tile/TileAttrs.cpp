// Attributes of the tile dialect: syntax and rules. The schedule's are in
// Schedule.cpp.
#include "dialects/Tile/Fragment.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace girih::tile;

#define GET_ATTRDEF_CLASSES
#include "dialects/Tile/TileAttrs.cpp.inc"

void TileDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Tile/TileAttrs.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// #tile.fragment<registers = [2 : (0, 1), ...], lanes = [...], warps = [...]>
//===----------------------------------------------------------------------===//

static ParseResult parseModes(AsmParser &parser, StringRef keyword, std::optional<unsigned> &rank,
                              SmallVectorImpl<int64_t> &flat) {
  if (parser.parseKeyword(keyword) || parser.parseEqual())
    return failure();
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&]() -> ParseResult {
    int64_t size;
    SMLoc where = parser.getCurrentLocation();
    if (parser.parseInteger(size) || parser.parseColon())
      return failure();
    flat.push_back(size);
    unsigned steps = 0;
    if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, [&]() -> ParseResult {
          ++steps;
          return parser.parseInteger(flat.emplace_back());
        }))
      return failure();
    if (rank.value_or(steps) != steps)
      return parser.emitError(where) << "this mode has " << steps << " steps, earlier ones have " << *rank;
    rank = steps;
    return success();
  });
}

Attribute FragmentAttr::parse(AsmParser &parser, Type) {
  std::optional<unsigned> rank;
  SmallVector<int64_t> registers, lanes, warps;
  SMLoc start = parser.getCurrentLocation();
  if (parser.parseLess() || parseModes(parser, "registers", rank, registers) || parser.parseComma() ||
      parseModes(parser, "lanes", rank, lanes) || parser.parseComma() || parseModes(parser, "warps", rank, warps) ||
      parser.parseGreater())
    return {};
  return FragmentAttr::getChecked([&] { return parser.emitError(start); }, parser.getContext(), rank.value_or(1),
                                  registers, lanes, warps);
}

static void printModes(AsmPrinter &printer, StringRef keyword, unsigned rank, ArrayRef<int64_t> flat) {
  printer << keyword << " = [";
  for (size_t i = 0; i < flat.size(); i += rank + 1) {
    printer << (i ? ", " : "") << flat[i] << " : (";
    llvm::interleaveComma(flat.slice(i + 1, rank), printer.getStream());
    printer << ')';
  }
  printer << ']';
}

void FragmentAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printModes(printer, "registers", getRank(), getRegisters());
  printer << ", ";
  printModes(printer, "lanes", getRank(), getLanes());
  printer << ", ";
  printModes(printer, "warps", getRank(), getWarps());
  printer << '>';
}

LogicalResult FragmentAttr::verify(function_ref<InFlightDiagnostic()> emitError, unsigned rank,
                                   ArrayRef<int64_t> registers, ArrayRef<int64_t> lanes, ArrayRef<int64_t> warps) {
  if (rank < 1 || rank > 2)
    return emitError() << "a fragment has 1 or 2 dimensions, not " << rank;
  int64_t numLanes = 1;
  for (ArrayRef<int64_t> flat : {registers, lanes, warps})
    for (size_t i = 0; i < flat.size(); i += rank + 1) {
      if (flat[i] < 1)
        return emitError() << "a mode has size " << flat[i] << ", needs at least 1";
      if (flat.data() == lanes.data())
        numLanes *= flat[i];
    }
  if (numLanes != 32)
    return emitError() << "the lane modes make " << numLanes << " lanes, a warp has 32";
  return success();
}

LogicalResult FragmentAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                                           function_ref<InFlightDiagnostic()> emitError) const {
  if (shape.size() != getRank())
    return emitError() << "fragment has " << getRank() << " dimensions, tile has " << shape.size();
  Fragment layout(*this);
  for (unsigned dim = 0; dim < getRank(); ++dim) {
    int64_t last = layout.registerOffset(layout.numRegisters() - 1)[dim] +
                   layout.laneOffset(layout.numLanes() - 1)[dim] + layout.warpOffset(layout.numWarps() - 1)[dim];
    if (last + 1 != shape[dim])
      return emitError() << "fragment covers " << last + 1 << " elements of dimension " << dim << ", tile has "
                         << shape[dim];
  }
  return success();
}

//===----------------------------------------------------------------------===//
// #tile.shared<swizzle = 128>
//===----------------------------------------------------------------------===//

LogicalResult SharedAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t swizzle) {
  if (swizzle != 32 && swizzle != 64 && swizzle != 128)
    return emitError() << "swizzle is " << swizzle << " bytes, TMA has 32, 64 and 128";
  return success();
}

LogicalResult SharedAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                                         function_ref<InFlightDiagnostic()> emitError) const {
  if (shape.size() != 2)
    return emitError() << "a tile in shared memory has 2 dimensions, not " << shape.size();
  int64_t rowBytes = shape[1] * elementType.getIntOrFloatBitWidth() / 8;
  if (rowBytes % getSwizzle() != 0)
    return emitError() << "a row of " << rowBytes << " bytes is no multiple of the swizzle of " << getSwizzle();
  return success();
}
