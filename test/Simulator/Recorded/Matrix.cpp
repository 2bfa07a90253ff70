//===- Matrix.cpp - Kernels of one matrix product -------------------------===//
#include "../../../lib/Simulator/Numbers/Formats.h"
#include "Form.h"
#include "girih/Support/Error.h"

#include <sstream>

namespace girih::sim {
namespace {

constexpr unsigned blocks = 32;

/// `wgmma mMnNkK D A B [MODIFIER]` or `mma mMnNkK D A B [MODIFIER]`.
struct Line {
  bool isWarpgroup = false;
  std::string shape, modifier;
  unsigned m = 0, n = 0, k = 0;
  Type d, a, b;

  unsigned threads() const { return isWarpgroup ? 128 : 32; }
  unsigned registerBits() const { return d == Type::F64 ? 64 : 32; }
  /// Registers a thread holds of an operand with this many elements.
  unsigned registersOf(unsigned elements, Type type) const {
    return elements * typeBits(type) / registerBits() / threads();
  }
  unsigned registersD() const { return registersOf(m * n, d); }
  unsigned registersA() const { return registersOf(m * k, a); }
  /// wgmma reads B from shared memory: words a thread copies there.
  unsigned registersB() const { return std::max(1u, registersOf(n * k, b)); }
};

Line parseLine(const std::string &text) {
  Line line;
  std::istringstream words(text);
  std::string kind, d, a, b;
  words >> kind >> line.shape >> d >> a >> b >> line.modifier;
  if (!line.modifier.empty())
    line.modifier = "." + line.modifier;
  line.isWarpgroup = kind == "wgmma";
  if (std::sscanf(line.shape.c_str(), "m%un%uk%u", &line.m, &line.n, &line.k) != 3 || !parseType(d) || !parseType(a) ||
      !parseType(b))
    throw Error("bad line `" + text + "`");
  line.d = *parseType(d), line.a = *parseType(a), line.b = *parseType(b);
  return line;
}

std::string listOf(const char *name, unsigned count) {
  std::string list = "{";
  for (unsigned i = 0; i < count; ++i)
    list += (i ? ", %" : "%") + std::string(name) + std::to_string(i);
  return list + "}";
}

void loadRegisters(std::ostringstream &ptx, const Line &line, const char *name, unsigned count, unsigned &offset) {
  for (unsigned i = 0; i < count; ++i, offset += line.registerBits() / 8)
    ptx << "ld.global.b" << line.registerBits() << " %" << name << i << ", [%in + " << offset << "];\n";
}

/// B goes through shared memory: core matrices of 128 bytes, 128 apart along K
/// and 256 along N.
void writeWarpgroup(std::ostringstream &ptx, const Line &line, const std::string &d, const std::string &a) {
  ptx << "mov.u32 %address, staged;\nmad.lo.u32 %n, %t, " << 4 * line.registersB() << ", %address;\n";
  for (unsigned i = 0; i < line.registersB(); ++i)
    ptx << "st.shared.b32 [%n + " << 4 * i << "], %b" << i << ";\n";
  bool isInteger = line.d == Type::S32, hasTranspose = line.a == Type::F16 || line.a == Type::BF16;
  std::string types = std::string(".") + typeName(line.d) + "." + typeName(line.a) + "." + typeName(line.b);
  ptx << "fence.proxy.async;\nbar.sync 0;\nshr.u32 %n, %address, 4;\ncvt.u64.u32 %desc, %n;\n"
      << "or.b64 %desc, %desc, " << (uint64_t(8) << 16 | uint64_t(16) << 32) << ";\n"
      << "wgmma.fence.sync.aligned;\nwgmma.mma_async.sync.aligned." << line.shape
      << (isInteger ? line.modifier + types : types) << " " << d << ", " << a << ", %desc, 1"
      << (isInteger ? "" : ", 1, 1") << (hasTranspose ? ", 0" : "")
      << ";\nwgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;\n";
}

void writeWarp(std::ostringstream &ptx, const Line &line, const std::string &d, const std::string &a,
               const std::string &b) {
  bool isLast = line.modifier.ends_with("popc");
  ptx << "mma.sync.aligned." << line.shape << ".row.col" << (isLast ? "" : line.modifier) << "." << typeName(line.d)
      << "." << typeName(line.a) << "." << typeName(line.b) << "." << typeName(line.d) << (isLast ? line.modifier : "")
      << " " << d << ", " << a << ", " << b << ", " << d << ";\n";
}

std::string makeKernel(const Line &line) {
  unsigned count = line.registersA() + line.registersB() + line.registersD(), bits = line.registerBits(), offset = 0;
  std::string type = ".b" + std::to_string(bits);
  std::ostringstream ptx;
  ptx << ".version 8.8\n.target sm_90a\n.address_size 64\n.shared .align 1024 .b8 staged[4096];\n"
      << ".visible .entry test(.param .u64 p_in, .param .u64 p_out)\n{\n"
      << ".reg .b64 %in, %out, %desc;\n.reg .b32 %i, %t, %n, %address;\n.reg " << type << " %a<16>, %b<16>, %d<64>;\n"
      << "ld.param.u64 %in, [p_in];\nld.param.u64 %out, [p_out];\n"
      << "mov.u32 %i, %ctaid.x;\nmov.u32 %n, %ntid.x;\nmov.u32 %t, %tid.x;\nmad.lo.u32 %i, %i, %n, %t;\n"
      << "mad.wide.u32 %in, %i, " << bits / 8 * count << ", %in;\nmad.wide.u32 %out, %i, "
      << bits / 8 * line.registersD() << ", %out;\n";
  loadRegisters(ptx, line, "a", line.registersA(), offset);
  loadRegisters(ptx, line, "b", line.registersB(), offset);
  loadRegisters(ptx, line, "d", line.registersD(), offset);
  std::string d = listOf("d", line.registersD()), a = listOf("a", line.registersA()),
              b = listOf("b", line.registersB());
  if (line.isWarpgroup)
    writeWarpgroup(ptx, line, d, a);
  else
    writeWarp(ptx, line, d, a, b);
  for (unsigned i = 0; i < line.registersD(); ++i)
    ptx << "st.global" << type << " [%out + " << bits / 8 * i << "], %d" << i << ";\n";
  ptx << "ret;\n}\n";
  return ptx.str();
}

/// The bits of one register.
uint64_t drawRegister(std::mt19937_64 &random, Type type, Spread spread) {
  if (!isFloat(type))
    return random();
  if (type == Type::F64)
    return drawFloat(random, 11, 52, spread);
  if (type == Type::TF32)
    return drawFloat(random, 8, 23, spread);
  Format format = formatOf(type);
  uint64_t bits = 0;
  for (unsigned at = 0; at < 32; at += format.bits())
    bits |= drawFloat(random, format.exponentBits, format.mantissaBits, spread) << at;
  return bits;
}

Form makeForm(const std::string &text) {
  Line line = parseLine(text);
  Form form;
  form.name = text;
  form.ptx = makeKernel(line);
  form.resultBytes = typeBits(line.d) / 8;
  form.resultType = line.d;
  unsigned lanes = blocks * line.threads(), registerBytes = line.registerBits() / 8;
  std::vector<uint8_t> in;
  std::mt19937_64 random(line.n);
  for (unsigned lane = 0; lane < lanes; ++lane) {
    // One kind of numbers a CTA: a single infinity hides all others.
    auto spread = Spread(lane / line.threads() % 4);
    auto fill = [&](unsigned count, Type type) {
      for (unsigned i = 0; i < count; ++i) {
        uint64_t bits = drawRegister(random, type, spread);
        auto *bytes = reinterpret_cast<const uint8_t *>(&bits);
        in.insert(in.end(), bytes, bytes + registerBytes);
      }
    };
    fill(line.registersA(), line.a);
    fill(line.registersB(), line.b);
    fill(line.registersD(), line.d);
  }
  std::vector<uint8_t> out(size_t(lanes) * line.registersD() * registerBytes);
  form.launch = makeLaunch(blocks, line.threads(), std::move(in), std::move(out));
  return form;
}

} // namespace

std::vector<Form> readMatrixForms(const std::string &path) {
  std::vector<Form> forms;
  for (const std::string &line : readTable(path))
    forms.push_back(makeForm(line));
  return forms;
}

} // namespace girih::sim
