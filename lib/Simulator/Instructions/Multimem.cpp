//===- Multimem.cpp - multimem.ld_reduce, .st, .red -----------------------===//
//
// The simulator has one device, so a multicast object has the memory of one: a
// reduction over it is what lies there. Any address of global memory is the
// multimem address of such an object.
//
//===----------------------------------------------------------------------===//
#include "Memory.h"

namespace girih::sim {
namespace {

/// PTX ISA, "multimem": the operations of each type.
void requireOperation(const Decoder &d, const std::string &how, Type type, bool isReduction) {
  bool isBitwise = how == "and" || how == "or" || how == "xor", isAdd = how == "add";
  bool isNarrow = type == Type::E4M3x4 || type == Type::E5M2x4;
  bool isKnown = isNarrow && isReduction                  ? false
                 : type == Type::B32 || type == Type::B64 ? isBitwise
                 : isBitwise                              ? false
                 : type == Type::S64                      ? !isAdd
                 : type == Type::F32 || type == Type::F64 ? isAdd
                                                          : true;
  if (how.empty() || !isKnown)
    d.unsupported("." + how + " of type ." + typeName(type));
}

void decodeMultimem(Decoder &d) {
  std::string what = d.oneOf({"ld_reduce", "st", "red"});
  if (what == "st")
    return decodeStore(d, Addressing::Multimem);
  if (what.empty())
    d.unsupported();
  // The type is taken by what follows.
  const std::string &opcode = d.instruction().opcode;
  auto type = parseType(opcode.substr(opcode.rfind('.') + 1));
  if (!type)
    d.unsupported("it names no known type");
  std::string how;
  for (const char *name : {"add", "min", "max", "and", "or", "xor"})
    if ((opcode + ".").find("." + std::string(name) + ".") != std::string::npos)
      how = name;
  requireOperation(d, how, *type, what == "red");
  if (what == "red")
    return decodeReduction(d, Addressing::Multimem);
  d.require(how);
  // One value needs no accumulation.
  if (how == "add")
    d.oneOf({"acc::f32", "acc::f16"});
  decodeLoad(d, Addressing::Multimem);
}

} // namespace

void registerMultimem(DecodeTable &table) { table["multimem"] = decodeMultimem; }

} // namespace girih::sim
