#include "MaskSpec.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace girih {

const char *const kMaskNames =
    "none causal causal_top_left window(LEFT,RIGHT) prefix(N) document, or several joined by & and |";

/// So that a place plus a number is an index of 32 bits.
static constexpr int64_t kMostKeys = 1 << 30;
static constexpr unsigned kMaxDepth = 32;

LogicalResult MaskSpec::parse(StringRef text, Error error) {
  this->error = &error;
  rest = text;
  FailureOr<Term> parsed = parseAny(0);
  if (failed(parsed))
    return failure();
  if (!rest.empty())
    return error(rest) << "mask has '" << rest << "' after its end";
  whole = std::move(*parsed);
  return success();
}

FailureOr<MaskSpec::Term> MaskSpec::parseAny(unsigned depth) {
  FailureOr<Term> left = parseAll(depth);
  while (succeeded(left) && rest.consume_front("|")) {
    FailureOr<Term> right = parseAll(depth);
    if (failed(right))
      return failure();
    left = Term{Kind::Or, {}, {}, {std::move(*left), std::move(*right)}};
  }
  return left;
}

FailureOr<MaskSpec::Term> MaskSpec::parseAll(unsigned depth) {
  FailureOr<Term> left = parseOne(depth);
  while (succeeded(left) && rest.consume_front("&")) {
    FailureOr<Term> right = parseOne(depth);
    if (failed(right))
      return failure();
    left = Term{Kind::And, {}, {}, {std::move(*left), std::move(*right)}};
  }
  return left;
}

FailureOr<MaskSpec::Term> MaskSpec::parseOne(unsigned depth) {
  if (depth == kMaxDepth)
    return (*error)(rest) << "mask has more than " << kMaxDepth << " parentheses in each other";
  if (!rest.consume_front("("))
    return parseName(rest);
  FailureOr<Term> inner = parseAny(depth + 1);
  if (succeeded(inner) && !rest.consume_front(")"))
    return (*error)(rest) << "mask lacks a ')' here";
  return inner;
}

/// A name, and in parentheses its numbers.
FailureOr<MaskSpec::Term> MaskSpec::parseName(StringRef text) {
  StringRef name = text.take_while([](char c) { return llvm::isAlnum(c) || c == '_'; }), numbers;
  rest = text.drop_front(name.size());
  bool hasNumbers = rest.starts_with("(") && rest.contains(')');
  if (hasNumbers) {
    numbers = rest.take_until([](char c) { return c == ')'; }).drop_front();
    rest = rest.drop_front(numbers.size() + 2);
  }
  StringRef term = text.drop_back(rest.size());
  SmallVector<StringRef> words;
  if (hasNumbers)
    numbers.split(words, ',');
  bool isWindow = name == "window" && words.size() == 2, isPrefix = name == "prefix" && words.size() == 1;
  std::optional<attn::Mask> known = attn::symbolizeMask(name);
  if (known && !hasNumbers)
    return Term{Kind::Named, *known, {}, {}};
  if (name == "document" && !hasNumbers)
    return Term{Kind::Document, {}, {}, {}};
  if (!isWindow && !isPrefix)
    return (*error)(text) << "mask is '" << (term.empty() ? text : term) << "', must be one of " << kMaskNames;
  Term result{isWindow ? Kind::Window : Kind::Prefix, {}, {}, {}};
  int64_t least = isWindow ? -1 : 0;
  for (StringRef word : words) {
    int64_t number;
    if (word.getAsInteger(10, number) || number < least || number > kMostKeys)
      return (*error)(word.empty() ? term : word) << name << " has '" << word << "', must be a number from " << least
                                                  << (isWindow ? ", which is no limit," : "") << " to " << kMostKeys;
    result.numbers.push_back(number);
  }
  return result;
}

attn::Mask MaskSpec::name() const { return whole.kind == Kind::Named ? whole.mask : attn::Mask::None; }

void MaskSpec::build(attn::ForwardOp op) const {
  if (whole.kind != Kind::Named)
    attn::buildMaskRegion(op, [&](ImplicitLocOpBuilder &b, Block &block) { return build(b, op, block, whole); });
}

/// Documents lie one after another in the keys; queries are the last of these.
static Value document(ImplicitLocOpBuilder &b, attn::ForwardOp op, Block &block) {
  ArrayRef<int64_t> keys = op.getK().getType().getShape();
  auto type = RankedTensorType::get({keys[0], keys[2]}, b.getI32Type());
  Value ids = attn::capture(op, "documents", type, {"b", "skv"}, /*isSorted=*/true);
  auto idOf = [&](Value place) -> Value {
    return attn::LookupOp::create(b, b.getI32Type(), ids, ValueRange{block.getArgument(0), place});
  };
  Value ofQuery = idOf(attn::buildDiagonal(b, block.getArgument(2))), ofKey = idOf(block.getArgument(3));
  return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, ofKey, ofQuery);
}

Value MaskSpec::build(ImplicitLocOpBuilder &b, attn::ForwardOp op, Block &block, const Term &term) {
  Value query = block.getArgument(2), key = block.getArgument(3);
  auto compare = [&](arith::CmpIPredicate predicate, Value limit) -> Value {
    return arith::CmpIOp::create(b, predicate, key, limit);
  };
  auto index = [&](int64_t number) -> Value { return arith::ConstantIndexOp::create(b, number); };
  auto always = [&]() -> Value { return arith::ConstantOp::create(b, b.getBoolAttr(true)); };
  switch (term.kind) {
  case Kind::Named:
    return term.mask == attn::Mask::None ? always() : attn::buildNamedMask(b, block, term.mask);
  case Kind::Window: {
    int64_t left = term.numbers[0], right = term.numbers[1];
    if (left < 0 && right < 0)
      return always();
    Value place = attn::buildDiagonal(b, query), seen;
    if (right >= 0) {
      Value last = right ? arith::AddIOp::create(b, place, index(right)).getResult() : place;
      seen = compare(arith::CmpIPredicate::sle, last);
    }
    if (left < 0)
      return seen;
    Value first = left ? arith::SubIOp::create(b, place, index(left)).getResult() : place;
    Value after = compare(arith::CmpIPredicate::sge, first);
    return seen ? arith::AndIOp::create(b, seen, after).getResult() : after;
  }
  case Kind::Prefix:
    return compare(arith::CmpIPredicate::slt, index(term.numbers[0]));
  case Kind::Document:
    return document(b, op, block);
  case Kind::And:
  case Kind::Or: {
    Value left = build(b, op, block, term.parts[0]), right = build(b, op, block, term.parts[1]);
    return term.kind == Kind::And ? arith::AndIOp::create(b, left, right).getResult()
                                  : arith::OrIOp::create(b, left, right).getResult();
  }
  }
  return {};
}

std::string MaskSpec::fileName(const Term &term) {
  switch (term.kind) {
  case Kind::Named:
    return attn::stringifyMask(term.mask).str();
  case Kind::Window:
    return "window" + std::to_string(term.numbers[0]) + "-" + std::to_string(term.numbers[1]);
  case Kind::Prefix:
    return "prefix" + std::to_string(term.numbers[0]);
  case Kind::Document:
    return "document";
  case Kind::And:
  case Kind::Or:
    return (term.kind == Kind::And ? "and_" : "or_") + fileName(term.parts[0]) + "_" + fileName(term.parts[1]);
  }
  return "";
}

} // namespace girih
