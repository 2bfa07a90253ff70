// Parses "b=4,h=32,sq=4096,..." and builds the problem it describes.
#include "girih/Pipelines/AttentionSpec.h"

#include "AttentionFunctions.h"
#include "MaskSpec.h"
#include "ScoreSpec.h"
#include "dialects/Attn/Attn.h"
#include "dialects/Tile/Schedule.h"
#include "girih/Support/Dropout.h"
#include "girih/Target/Manifest.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;

namespace girih {

const char *const kAttentionSpecHelp =
    "an attention problem instead of a file: key=value, comma separated. Sizes b, h, hkv, sq, skv, d, dv (of values) "
    "are numbers, or ? (all but d and dv) to be chosen at launch; hkv defaults to h, skv to sq, dv to d. "
    "dtype=bf16|f16|e4m3|e5m2, out=bf16|f16|f32 (dtype, or bf16), v_order=head_size|keys, "
    "mask=none|causal|causal_top_left|window(LEFT,RIGHT)|prefix(N)|document, several joined by & and |, "
    "order=bhsd|bshd, score=softcap(NUMBER)|alibi|alibi(slopes)|bias|bias(DIMENSIONS)|relative(N)|temperature, "
    "several joined by +, lse=0|1, query_lengths=0|1, key_lengths=0|1 (each sequence has its own), packed=0|1 (b "
    "sequences of sq and skv in all), sink=0|1, merge=0|1 (with attention to other keys), blocks=QUERIESxKEYS (only "
    "blocks of keys that are listed for each block of queries), full_blocks=0|1 (and lists of blocks that are seen "
    "whole), q_descale=tensor|head, k_descale=tensor|head, v_descale=tensor|head (a number at launch, or one for "
    "each sequence and key head), block_scales=none|qk (powers of two for every 32 elements of rows of q and k), "
    "dropout=PROBABILITY (0), scale=NUMBER (1/sqrt(d)), output_scale=NUMBER (1); any knob of the schedule, such as "
    "stages=2";

namespace {

constexpr llvm::StringLiteral kOption = "--attention";

class Spec {
public:
  Spec(MLIRContext &context, StringRef text) : context(context), text(text) {}

  LogicalResult parse();
  OwningOpRef<ModuleOp> build();
  std::string fileName() const;
  const llvm::StringMap<unsigned> &keyColumns() const { return columns; }

private:
  LogicalResult parseEntry(StringRef entry);
  LogicalResult parseSize(StringRef key, StringRef value);
  LogicalResult parseType(StringRef key, StringRef value, ArrayRef<StringRef> names, std::string &result);
  LogicalResult parseBlocks(StringRef value);
  template <typename EnumT> LogicalResult parseEnum(StringRef key, StringRef value, unsigned last, EnumT &result);
  StringRef at(StringRef key) const { return text.drop_front(columns.lookup(key) - 1); }
  unsigned columnOf(StringRef part) const { return part.data() - text.data() + 1; }
  InFlightDiagnostic error(StringRef at) { return emitError(FileLineColLoc::get(&context, kOption, 1, columnOf(at))); }
  int64_t size(StringRef key) const { return sizes.lookup(key); }

  MLIRContext &context;
  StringRef text;
  llvm::StringMap<unsigned> columns; ///< of the keys that are given
  llvm::StringMap<int64_t> sizes;
  tile::Schedule schedule;
  MaskSpec mask;
  attn::Order order = attn::Order::BHSD;
  attn::ValueOrder valueOrder = attn::ValueOrder::HeadSize;
  std::string dtype = "bf16", out, descales[3]; ///< of q, k and v: "tensor" or "head"
  std::string blockScales = "none";             ///< or of what
  ScoreSpec score;
  bool lse = false, queryLengths = false, keyLengths = false, packed = false, sink = false, merge = false,
       fullBlocks = false;
  SmallVector<int64_t, 2> blocks; ///< queries and keys of a block, if blocks are listed
  std::optional<double> scale, outputScale, dropout;
};

constexpr llvm::StringLiteral kDescales[] = {attn::kQueryDescale, attn::kKeyDescale, attn::kValueDescale};
constexpr llvm::StringLiteral kSizes[] = {"b", "h", "hkv", "sq", "skv", "d", "dv"};

LogicalResult Spec::parseSize(StringRef key, StringRef value) {
  if (value == "?") {
    if (key == "d" || key == "dv")
      return error(value) << key << " must be a number: a kernel is made for one head size";
    sizes[key] = ShapedType::kDynamic;
    return success();
  }
  int64_t number;
  if (value.getAsInteger(10, number) || number < 1 || number > kLargestSize)
    return error(value) << key << " is '" << value << "', must be a number from 1 to " << kLargestSize << " or ?";
  sizes[key] = number;
  return success();
}

template <typename EnumT> LogicalResult Spec::parseEnum(StringRef key, StringRef value, unsigned last, EnumT &result) {
  if (std::optional<EnumT> found = attn::symbolizeEnum<EnumT>(value)) {
    result = *found;
    return success();
  }
  InFlightDiagnostic diagnostic = error(value) << key << " is '" << value << "', must be one of";
  for (unsigned i = 0; i <= last; ++i)
    diagnostic << " " << attn::stringifyEnum(static_cast<EnumT>(i));
  return diagnostic;
}

LogicalResult Spec::parseType(StringRef key, StringRef value, ArrayRef<StringRef> names, std::string &result) {
  result = value.str();
  if (llvm::is_contained(names, value))
    return success();
  return error(value) << key << " is '" << value << "', must be one of " << llvm::join(names, " ");
}

LogicalResult Spec::parseBlocks(StringRef value) {
  auto [queries, keys] = value.split('x');
  for (StringRef part : {queries, keys})
    if (int64_t number; part.getAsInteger(10, number) || number < 1 || number > kLargestSize)
      return error(value) << "blocks is '" << value << "', must be QUERIESxKEYS, as in 128x128";
    else
      blocks.push_back(number);
  return success();
}

static Type elementOf(Builder &b, StringRef name) {
  return llvm::StringSwitch<Type>(name)
      .Case("f16", b.getF16Type())
      .Case("f32", b.getF32Type())
      .Case("e4m3", b.getType<Float8E4M3FNType>())
      .Case("e5m2", b.getType<Float8E5M2Type>())
      .Default(b.getBF16Type());
}

LogicalResult Spec::parseEntry(StringRef entry) {
  auto [key, value] = entry.split('=');
  if (key.empty() || value.empty())
    return error(entry) << "expected key=value, found '" << entry << "'";
  if (!columns.try_emplace(key, columnOf(key)).second)
    return error(key) << key << " is given twice";
  if (llvm::is_contained(kSizes, key))
    return parseSize(key, value);
  if (key == "blocks")
    return parseBlocks(value);
  if (key == "mask")
    return mask.parse(value, [&](StringRef at) { return error(at); });
  if (key == "order")
    return parseEnum(key, value, attn::getMaxEnumValForOrder(), order);
  if (key == "v_order")
    return parseEnum(key, value, attn::getMaxEnumValForValueOrder(), valueOrder);
  if (key == "dtype")
    return parseType(key, value, {"bf16", "f16", "e4m3", "e5m2"}, dtype);
  if (key == "out")
    return parseType(key, value, {"bf16", "f16", "f32"}, out);
  for (auto [i, name] : llvm::enumerate(kDescales))
    if (key == name)
      return parseType(key, value, {"tensor", "head"}, descales[i]);
  if (key == "block_scales")
    return parseType(key, value, {"none", "qk"}, blockScales);
  if (key == "score")
    return score.parse(value, [&](StringRef at) { return error(at); });
  std::pair<StringRef, bool *> switches[] = {{"lse", &lse},
                                             {attn::kQueryLengths, &queryLengths},
                                             {attn::kKeyLengths, &keyLengths},
                                             {"packed", &packed},
                                             {"sink", &sink},
                                             {"merge", &merge},
                                             {"full_blocks", &fullBlocks}};
  for (auto [name, isOn] : switches)
    if (key == name) {
      *isOn = value == "1";
      return value == "0" || value == "1"
                 ? success()
                 : LogicalResult(error(value) << key << " is '" << value << "', must be 0 or 1");
    }
  std::pair<StringRef, std::optional<double> *> numbers[] = {
      {"scale", &scale}, {"output_scale", &outputScale}, {"dropout", &dropout}};
  for (auto [name, field] : numbers) {
    double number;
    if (key != name)
      continue;
    if (value.getAsDouble(number))
      return error(value) << key << " is '" << value << "', must be a number";
    *field = number;
    return success();
  }
  for (const tile::KnobInfo &knob : tile::scheduleKnobs()) {
    if (knob.name != key)
      continue;
    int64_t number;
    if (value.getAsInteger(10, number) || number < knob.minimum || number > knob.maximum)
      return error(value) << key << " is '" << value << "', its range is " << knob.minimum << " to " << knob.maximum;
    schedule.*knob.field = number;
    return success();
  }
  return error(key) << "unknown key '" << key << "'";
}

/// At commas that are not in parentheses.
static SmallVector<StringRef> splitEntries(StringRef text) {
  SmallVector<StringRef> entries;
  size_t start = 0;
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    depth += text[i] == '(' ? 1 : text[i] == ')' && depth > 0 ? -1 : 0;
    if (text[i] == ',' && depth == 0) {
      entries.push_back(text.slice(start, i));
      start = i + 1;
    }
  }
  entries.push_back(text.drop_front(start));
  return entries;
}

LogicalResult Spec::parse() {
  for (StringRef entry : splitEntries(text))
    if (failed(parseEntry(entry)))
      return failure();
  if (!sizes.count("hkv") && sizes.count("h"))
    sizes["hkv"] = size("h");
  if (!sizes.count("skv") && sizes.count("sq"))
    sizes["skv"] = size("sq");
  if (!sizes.count("dv") && sizes.count("d"))
    sizes["dv"] = size("d");
  for (StringRef key : kSizes)
    if (!sizes.count(key))
      return error(text) << "size " << key << " is missing";
  if (ShapedType::isDynamic(size("h")) != ShapedType::isDynamic(size("hkv")))
    return error(at("hkv")) << "h and hkv must both be numbers or both be ?";
  if (!ShapedType::isDynamic(size("h")) && size("h") % size("hkv") != 0)
    return error(at("hkv")) << "h is " << size("h") << ", must be a multiple of hkv, which is " << size("hkv");
  if (dropout && !(*dropout >= 0 && *dropout < 1))
    return error(at("dropout")) << "dropout is " << *dropout << ", must be from 0 to below 1";
  if (fullBlocks && blocks.empty())
    return error(at("full_blocks")) << "full_blocks is 1, must be 0 without blocks";
  if (dropout == 0) // the kernel without it
    dropout.reset();
  if (score.needsHeads() && ShapedType::isDynamic(size("h")))
    return error(at("score")) << "score is made for a number of heads, but h is ?";
  return success();
}

OwningOpRef<ModuleOp> Spec::build() {
  Location loc = FileLineColLoc::get(&context, kOption, 1, 1);
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  ImplicitLocOpBuilder b(loc, OpBuilder::atBlockBegin(module->getBody()));
  Type element = elementOf(b, dtype);
  bool isNarrow = element.getIntOrFloatBitWidth() == 8;
  int64_t sequences = size("b"), batch = packed ? 1 : sequences;
  auto query = RankedTensorType::get({batch, size("h"), size("sq"), size("d")}, element);
  auto key = RankedTensorType::get({batch, size("hkv"), size("skv"), size("d")}, element);
  auto values = RankedTensorType::get({batch, size("hkv"), size("skv"), size("dv")}, element);
  if (valueOrder == attn::ValueOrder::Keys)
    values = RankedTensorType::get({batch, size("hkv"), size("dv"), size("skv")}, element);
  auto output = RankedTensorType::get({batch, size("h"), size("sq"), size("dv")}, !out.empty() ? elementOf(b, out)
                                                                                  : isNarrow   ? b.getBF16Type()
                                                                                               : element);
  auto partialLse = RankedTensorType::get(query.getShape().drop_back(), b.getF32Type());
  Type lseType = lse ? Type(partialLse) : Type();
  SmallVector<Type> results = {output};
  if (lse)
    results.push_back(lseType);
  auto lengths = RankedTensorType::get({sequences}, b.getI32Type());
  auto starts = RankedTensorType::get({ShapedType::isDynamic(sequences) ? sequences : sequences + 1}, b.getI32Type());
  auto sinks = RankedTensorType::get({size("h")}, b.getF32Type());
  auto descale = [&](const std::string &kind) -> std::pair<bool, SmallVector<Type, 2>> {
    if (kind == "head")
      return {true, {RankedTensorType::get({sequences, size("hkv")}, b.getF32Type())}};
    return {!kind.empty(), {b.getF32Type()}};
  };
  auto scalesOf = [&](RankedTensorType type) -> Type {
    int64_t rows = type.isDynamicDim(2) ? ShapedType::kDynamic : tile::scalesShape(type.getDimSize(2)).front();
    int64_t sizes[] = {type.getDimSize(0), type.getDimSize(1), rows, tile::kScaleColumns};
    return RankedTensorType::get(sizes, b.getType<Float8E8M0FNUType>());
  };
  auto state = RankedTensorType::get({kDropoutStateWords}, b.getI32Type());
  auto blocksOf = [&](StringRef length, size_t dim) {
    bool isOpen = blocks.empty() || ShapedType::isDynamic(size(length));
    return isOpen ? ShapedType::kDynamic : int64_t(llvm::divideCeil(size(length), blocks[dim]));
  };
  SmallVector<int64_t, 4> lists = {batch, size("h"), blocksOf("sq", 0), blocksOf("skv", 1)};
  auto listed = RankedTensorType::get(lists, b.getI32Type());
  auto counts = RankedTensorType::get(listed.getShape().drop_back(), b.getI32Type());
  bool hasBlocks = !blocks.empty(), scaled = blockScales != "none";
  std::pair<bool, SmallVector<Type, 2>> optional[] = {
      {queryLengths, {lengths}},      {keyLengths, {lengths}},
      {packed, {starts, starts}},     {sink, {sinks}},
      descale(descales[0]),           descale(descales[1]),
      descale(descales[2]),           {scaled, {scalesOf(query), scalesOf(key)}},
      {dropout.has_value(), {state}}, {merge, {output, partialLse}},
      {hasBlocks, {counts, listed}},  {fullBlocks, {counts, listed}}};
  SmallVector<Type> inputs = {query, key, values};
  for (auto &[isThere, types] : optional)
    if (isThere)
      llvm::append_range(inputs, types);
  auto function = func::FuncOp::create(b, "attention", b.getFunctionType(inputs, results));
  b.setInsertionPointToStart(function.addEntryBlock());
  SmallVector<Value> operands;
  unsigned next = 3;
  for (auto &[isThere, types] : optional)
    for (size_t i = 0; i < types.size(); ++i)
      operands.push_back(isThere ? function.getArgument(next++) : Value());
  auto op = attn::ForwardOp::create(
      b, output, lseType, function.getArgument(0), function.getArgument(1), function.getArgument(2), operands[0],
      operands[1], operands[2], operands[3], operands[4], operands[5], operands[6], operands[7], operands[8],
      operands[9], operands[10], operands[11], operands[12], operands[13], operands[14], operands[15], operands[16],
      hasBlocks ? b.getDenseI64ArrayAttr(blocks) : DenseI64ArrayAttr(),
      dropout ? b.getF64FloatAttr(*dropout) : FloatAttr(), attn::MaskAttr::get(&context, mask.name()),
      attn::OrderAttr::get(&context, order), attn::ValueOrderAttr::get(&context, valueOrder),
      scale ? b.getF64FloatAttr(*scale) : FloatAttr(), outputScale ? b.getF64FloatAttr(*outputScale) : FloatAttr(),
      schedule.encode(&context, [&] { return emitError(loc); }));
  mask.build(op);
  score.build(op, size("h"));
  func::ReturnOp::create(b, op.getResults());
  return module;
}

std::string Spec::fileName() const {
  auto show = [&](StringRef key) {
    return ShapedType::isDynamic(size(key)) ? std::string("n") : std::to_string(size(key));
  };
  std::string name = "attention_" + show("b") + "x" + show("h");
  if (size("hkv") != size("h"))
    name += "k" + show("hkv");
  name += "x" + show("sq");
  if (size("skv") != size("sq"))
    name += "k" + show("skv");
  name += "x" + show("d") + (size("dv") != size("d") ? "v" + show("dv") : "") + "_" + dtype +
          (out.empty() ? "" : "to" + out) + (valueOrder == attn::ValueOrder::Keys ? "_vkeys_" : "_") + mask.fileName();
  name += std::string(packed ? "_packed" : "") + (sink ? "_sink" : "") + (merge ? "_merge" : "");
  if (!blocks.empty())
    name += llvm::formatv("_blocks{0}x{1}{2}", blocks[0], blocks[1], fullBlocks ? "_full" : "").str();
  for (auto [kind, letter] : llvm::zip(descales, StringRef("qkv")))
    if (!kind.empty())
      name += std::string("_") + letter + "descale" + (kind == "head" ? "s" : "");
  if (blockScales != "none")
    name += "_" + blockScales + "scales";
  if (dropout)
    name += "_dropout" + llvm::formatv("{0:f4}", *dropout).str();
  name += queryLengths && keyLengths ? "_lengths" : queryLengths ? "_qlengths" : keyLengths ? "_klengths" : "";
  return name + score.suffix() + (lse ? "_lse" : "");
}

} // namespace

AttentionSpec::AttentionSpec(MLIRContext &context, llvm::SourceMgr &sources, StringRef text, ModuleOp functions)
    : handler(&context, [this](Diagnostic &diagnostic) { return redirect(diagnostic); }) {
  context.loadDialect<arith::ArithDialect, attn::AttnDialect, func::FuncDialect, math::MathDialect>();
  sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy(text, kOption), llvm::SMLoc());
  Spec spec(context, text);
  if (failed(spec.parse()))
    return;
  module = spec.build();
  name = spec.fileName();
  auto problem = *(*module->getOps<func::FuncOp>().begin()).getOps<attn::ForwardOp>().begin();
  if (functions && failed(takeFunctions(functions, problem, name))) {
    module = nullptr;
    return;
  }
  columns = spec.keyColumns();
}

/// Passes speak of knobs by their names, and of the problem in a few phrases.
unsigned AttentionSpec::columnOf(StringRef message) const {
  constexpr std::pair<llvm::StringLiteral, llvm::StringLiteral> kPhrases[] = {
      {"q_scales", "block_scales"}, {"head size of values", "dv"},
      {"head size", "d"},           {"output_scale is", "output_scale"},
      {"scale is", "scale"},        {"score region", "score"},
      {"mask region", "mask"}};
  for (auto [phrase, key] : kPhrases)
    if (message.contains(phrase) && columns.contains(key))
      return columns.lookup(key);
  size_t knobs = message.find("knob");
  if (knobs == StringRef::npos)
    return 1;
  SmallVector<StringRef> words;
  message.drop_front(knobs).split(words, ' ');
  for (StringRef word : words)
    if (auto found = columns.find(word.trim(",()'")); found != columns.end())
      return found->second;
  return 1;
}

/// Says it again at the key's place, for the handlers that were there before this one.
LogicalResult AttentionSpec::redirect(Diagnostic &diagnostic) {
  auto place = diagnostic.getLocation()->findInstanceOf<FileLineColLoc>();
  if (!place || place.getFilename() != kOption || place.getColumn() != 1)
    return failure();
  std::string message = diagnostic.str();
  unsigned column = columnOf(message);
  if (column == 1)
    return failure();
  Diagnostic moved(FileLineColLoc::get(place.getFilename(), place.getLine(), column), diagnostic.getSeverity());
  moved << message;
  for (Diagnostic &note : diagnostic.getNotes())
    moved.attachNote(note.getLocation()) << note.str();
  place.getContext()->getDiagEngine().emit(std::move(moved));
  return success();
}

} // namespace girih
