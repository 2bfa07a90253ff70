// Mutants of text: of whole files, and of single attributes and types.
#include "Mutate.h"

#include "llvm/ADT/StringExtras.h"

using llvm::StringRef;

namespace girih::fuzz {
namespace {

/// Numbers at the limits of something.
constexpr StringRef kNumbers[] = {"0",
                                  "1",
                                  "2",
                                  "3",
                                  "7",
                                  "16",
                                  "24",
                                  "32",
                                  "63",
                                  "64",
                                  "65",
                                  "96",
                                  "128",
                                  "129",
                                  "192",
                                  "255",
                                  "256",
                                  "257",
                                  "384",
                                  "512",
                                  "1024",
                                  "65536",
                                  "2147483647",
                                  "2147483648",
                                  "-1",
                                  "-2",
                                  "-64",
                                  "4294967296",
                                  "4611686018427387904",
                                  "9223372036854775807",
                                  "-9223372036854775808",
                                  "1e12",
                                  "0x7FF0000000000000"};

/// Punctuation and words that mean something in the syntax.
constexpr StringRef kWords[] = {"<",  ">",   "(",     ")",    "[",    "]",    "{",   "}",   ",",    ":",
                                "=",  "?",   "x",     "#",    "!",    "*",    "f32", "f16", "bf16", "f64",
                                "i1", "i32", "index", "true", "unit", "\"\"", "->",  "@a"};

bool isWord(char c) { return llvm::isAlnum(c) || c == '_' || c == '%' || c == '.' || c == '#' || c == '!' || c == '@'; }

/// Words, numbers (also within `64x128xf32`), and single other characters.
std::vector<StringRef> split(StringRef text) {
  std::vector<StringRef> tokens;
  while (!text.empty()) {
    size_t length = 1;
    if (llvm::isDigit(text[0]))
      length = std::min(text.find_if_not(llvm::isDigit), text.size());
    else if (isWord(text[0]) && text[0] != 'x')
      length = std::min(text.find_if_not(isWord), text.size());
    else if (llvm::isSpace(text[0]))
      length = std::min(text.find_if_not(llvm::isSpace), text.size());
    tokens.push_back(text.take_front(length));
    text = text.drop_front(length);
  }
  return tokens;
}

bool isNumber(StringRef token) { return llvm::isDigit(token[0]); }

std::string changeNumber(StringRef token, Random &random) {
  int64_t value;
  if (random.oneIn(2) || token.getAsInteger(10, value))
    return random.pick(kNumbers).str();
  const int64_t near[] = {value + 1, value - 1, value * 2, value / 2, value + 8, -value};
  return std::to_string(random.pick(near));
}

std::string mutateLines(StringRef text, Random &random) {
  llvm::SmallVector<StringRef> lines;
  text.split(lines, '\n');
  size_t at = random.below(lines.size()), other = random.below(lines.size());
  switch (random.below(4)) {
  case 0:
    lines.erase(lines.begin() + at);
    break;
  case 1:
    lines.insert(lines.begin() + at, lines[at]);
    break;
  case 2:
    std::swap(lines[at], lines[other]);
    break;
  default:
    lines.truncate(at + 1);
  }
  return llvm::join(lines, "\n");
}

} // namespace

std::string mutateText(StringRef text, Random &random) {
  std::vector<StringRef> tokens = split(text);
  if (tokens.empty())
    return text.str();
  if (text.contains('\n') && random.oneIn(5))
    return mutateLines(text, random);
  std::vector<size_t> numbers;
  for (auto [index, token] : llvm::enumerate(tokens))
    if (isNumber(token))
      numbers.push_back(index);
  std::string changed;
  size_t at = random.below(tokens.size()), other = random.below(tokens.size());
  size_t kind = random.below(8);
  if (kind < 4 && !numbers.empty()) {
    at = random.pick(numbers);
    changed = changeNumber(tokens[at], random);
    tokens[at] = changed;
  } else if (kind == 4) {
    tokens.erase(tokens.begin() + at);
  } else if (kind == 5) {
    tokens.insert(tokens.begin() + at, tokens[at]);
  } else if (kind == 6) {
    tokens[at] = tokens[other];
  } else {
    tokens[at] = random.pick(kWords);
  }
  return llvm::join(tokens, "");
}

} // namespace girih::fuzz
