//===- Arithmetic.cpp - Kernels of one scalar instruction -----------------===//
#include "../../../lib/Simulator/Launch/Description.h"
#include "../../../lib/Simulator/Numbers/Formats.h"
#include "Form.h"
#include "girih/Support/Error.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <sstream>

namespace girih::sim {

uint64_t drawFloat(std::mt19937_64 &random, unsigned exponentBits, unsigned mantissaBits, Spread spread) {
  uint64_t top = (1ull << exponentBits) - 1, middle = top / 2;
  uint64_t mantissa = random() & ((1ull << mantissaBits) - 1), sign = random() & 1, exponent = 0;
  switch (spread) {
  case Spread::NearOne:
    exponent = middle - std::min<uint64_t>(middle - 1, random() % 6);
    break;
  case Spread::AnyExponent:
    exponent = random() % std::max<uint64_t>(top, 1);
    break;
  case Spread::SmallAndZero:
    exponent = random() % 4 ? middle - std::min<uint64_t>(middle - 1, random() % 20) : 0;
    if (random() % 3 == 0)
      exponent = mantissa = 0;
    break;
  case Spread::AnyBits:
    exponent = random() % 8 ? random() & top : top;
    if (random() % 4 == 0)
      mantissa = 0;
    break;
  }
  return (sign << exponentBits | exponent) << mantissaBits | mantissa;
}

namespace {

constexpr unsigned threads = 128, blocks = 16;
/// Bytes of one operand or result in a buffer.
constexpr unsigned slotBytes = 8;

struct Source {
  Type type;
  /// Which bits may be set: all, or those of the documented range.
  uint64_t mask;
};

struct Line {
  std::string mnemonic;
  Type result;
  std::vector<Source> sources;
  /// Operands written as they are.
  std::vector<std::string> immediates;
  unsigned ulps = 0;
};

Type typeOf(const std::string &word, const std::string &line) {
  auto type = parseType(word);
  if (!type)
    throw Error("unknown type `" + word + "` in `" + line + "`");
  return *type;
}

/// `u32`, or `u32&255` for values of the low eight bits only.
Source parseSource(const std::string &word, const std::string &line) {
  size_t mask = word.find('&');
  return {typeOf(word.substr(0, mask), line), mask == word.npos ? ~0ull : std::stoull(word.substr(mask + 1))};
}

/// `MNEMONIC : RESULT SOURCE... [=IMMEDIATE]... [~ULPS]`
Line parseLine(const std::string &text) {
  Line line;
  std::istringstream words(text);
  std::string word;
  words >> line.mnemonic >> word >> word;
  line.result = typeOf(word, text);
  while (words >> word)
    if (word[0] == '=')
      line.immediates.push_back(word.substr(1));
    else if (word[0] == '~')
      line.ulps = unsigned(std::stoul(word.substr(1)));
    else
      line.sources.push_back(parseSource(word, text));
  return line;
}

/// Bits of a register that holds a type.
unsigned registerBits(Type type) { return type == Type::Pred ? 1 : std::max(16u, typeBits(type)); }

/// Integers at every magnitude, and close to the ends of their range.
uint64_t drawInteger(std::mt19937_64 &random) {
  uint64_t value = random() >> random() % 64;
  return random() % 8 == 0 ? ~(value & 3) : random() % 2 ? value : ~value;
}

uint64_t drawOperand(std::mt19937_64 &random, Type type) {
  if (!isFloat(type) || formatOf(type).specials == Specials::PowerOnly)
    return drawInteger(random);
  auto spread = Spread(random() % 4);
  if (type == Type::F64)
    return drawFloat(random, 11, 52, spread);
  Format format = formatOf(type);
  uint64_t bits = 0;
  for (unsigned i = 0; i < typeBits(type) / format.bits() || i == 0; ++i)
    bits |= drawFloat(random, format.exponentBits, format.mantissaBits, spread) << i * format.bits();
  return bits;
}

std::string makeKernel(const Line &line) {
  bool isPredicate = line.result == Type::Pred;
  unsigned bits = isPredicate ? 32 : registerBits(line.result);
  std::ostringstream ptx;
  std::string target = "sm_90a";
  ptx << ".version 8.8\n.target " << target << "\n.address_size 64\n"
      << ".visible .entry test(.param .u64 p_in, .param .u64 p_out)\n{\n"
      << ".reg .b64 %in, %out;\n.reg .b32 %i, %t, %n;\n.reg .pred %p;\n.reg .b" << bits << " %d;\n"
      << "ld.param.u64 %in, [p_in];\nld.param.u64 %out, [p_out];\n"
      << "mov.u32 %i, %ctaid.x;\nmov.u32 %n, %ntid.x;\nmov.u32 %t, %tid.x;\nmad.lo.u32 %i, %i, %n, %t;\n"
      << "mad.wide.u32 %in, %i, " << slotBytes * line.sources.size() << ", %in;\n"
      << "mad.wide.u32 %out, %i, " << slotBytes << ", %out;\n";
  std::string operands = isPredicate ? "%p" : "%d";
  for (size_t i = 0; i < line.sources.size(); ++i) {
    std::string name = "%s" + std::to_string(i);
    if (line.sources[i].type == Type::Pred) {
      ptx << ".reg .pred " << name << ";\n.reg .b32 %w" << i << ";\nld.global.b32 %w" << i << ", [%in + "
          << slotBytes * i << "];\nand.b32 %w" << i << ", %w" << i << ", 1;\nsetp.ne.b32 " << name << ", %w" << i
          << ", 0;\n";
    } else {
      unsigned width = registerBits(line.sources[i].type);
      ptx << ".reg .b" << width << " " << name << ";\nld.global.b" << width << " " << name << ", [%in + "
          << slotBytes * i << "];\n";
    }
    operands += ", " + name;
  }
  for (const std::string &immediate : line.immediates)
    operands += ", " + immediate;
  ptx << line.mnemonic << " " << operands << ";\n";
  if (isPredicate)
    ptx << "selp.b32 %d, 1, 0, %p;\n";
  ptx << "st.global.b" << bits << " [%out], %d;\nret;\n}\n";
  return ptx.str();
}

Form makeForm(const std::string &text) {
  Line line = parseLine(text);
  Form form;
  form.name = text;
  form.ptx = makeKernel(line);
  form.ulps = line.ulps;
  form.resultBytes = slotBytes;
  form.resultType = line.result;
  unsigned count = threads * blocks;
  std::vector<uint8_t> in(size_t(count) * line.sources.size() * slotBytes);
  std::mt19937_64 random(line.sources.size());
  for (size_t i = 0; i < count * line.sources.size(); ++i) {
    const Source &source = line.sources[i % line.sources.size()];
    uint64_t value = drawOperand(random, source.type) & source.mask;
    std::memcpy(in.data() + i * slotBytes, &value, slotBytes);
  }
  form.launch = makeLaunch(blocks, threads, std::move(in), std::vector<uint8_t>(size_t(count) * slotBytes));
  return form;
}

} // namespace

Launch makeLaunch(unsigned blocks, unsigned threads, std::vector<uint8_t> in, std::vector<uint8_t> out) {
  Launch launch;
  launch.kernel = "test";
  launch.grid[0] = blocks;
  launch.block[0] = threads;
  launch.buffers = {{"in", std::move(in), true}, {"out", std::move(out), false}};
  for (unsigned i = 0; i < 2; ++i) {
    Argument argument;
    argument.kind = Argument::Kind::Pointer;
    argument.buffer = i;
    launch.arguments.push_back(argument);
  }
  return launch;
}

void unifyNaNs(const Form &form, std::vector<uint8_t> &results) {
  if (!isFloat(form.resultType))
    return;
  bool isDouble = form.resultType == Type::F64;
  unsigned bits = isDouble ? 64 : formatOf(form.resultType).bits(), elements = typeBits(form.resultType) / bits;
  for (size_t at = 0; at < results.size(); at += form.resultBytes) {
    uint64_t packed = 0;
    std::memcpy(&packed, &results[at], form.resultBytes);
    for (unsigned i = 0; i < std::max(1u, elements); ++i) {
      uint64_t mask = (bits == 64 ? ~0ull : (1ull << bits) - 1) << i * bits, code = (packed & mask) >> i * bits;
      double value = isDouble ? std::bit_cast<double>(code) : decodeFloat(uint32_t(code), formatOf(form.resultType));
      if (std::isnan(value))
        packed |= mask;
    }
    std::memcpy(&results[at], &packed, form.resultBytes);
  }
}

std::vector<std::string> readTable(const std::string &path) {
  std::istringstream lines(readTextFile(path));
  std::vector<std::string> table;
  for (std::string line; std::getline(lines, line);)
    if (!line.empty() && line[0] != '#')
      table.push_back(line);
  return table;
}

std::vector<Form> readArithmeticForms(const std::string &path) {
  std::vector<Form> forms;
  for (const std::string &line : readTable(path))
    forms.push_back(makeForm(line));
  return forms;
}

} // namespace girih::sim
