// The function of a C header that checks a launch, by the manifest's constraints.
#include "HeaderWriter.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

namespace json = llvm::json;
using llvm::formatv;
using llvm::StringRef;

namespace girih {

/// C for "the value breaks the constraint", and what it should be.
std::string HeaderWriter::conditionOf(const json::Object &constraint, StringRef value, std::string &demand) {
  auto minimum = constraint.getInteger("minimum"), maximum = constraint.getInteger("maximum");
  llvm::SmallVector<std::string> broken, wanted;
  if (minimum && minimum == maximum) {
    broken.push_back(formatv("{0} != {1}", value, *minimum));
    wanted.push_back(formatv("{0}", *minimum));
  } else {
    if (minimum)
      broken.push_back(formatv("{0} < {1}", value, *minimum));
    if (maximum)
      broken.push_back(formatv("{0} > {1}", value, *maximum));
    if (minimum && maximum)
      wanted.push_back(formatv("from {0} to {1}", *minimum, *maximum));
    else if (minimum)
      wanted.push_back(formatv("at least {0}", *minimum));
    else if (maximum)
      wanted.push_back(formatv("at most {0}", *maximum));
  }
  if (const json::Value *multiple = constraint.get("multiple")) {
    std::optional<StringRef> of = multiple->getAsString();
    std::string divisor = of ? size(*of) : std::to_string(*multiple->getAsInteger());
    broken.push_back(formatv("{0} % {1} != 0", value, divisor));
    wanted.push_back("a multiple of " + (of ? fields[*of] : divisor));
  }
  demand = llvm::join(wanted, " and ");
  return llvm::join(broken, " || ");
}

/// In floating point, which does not overflow and is exact where it matters.
std::string HeaderWriter::reachOf(StringRef name, const json::Object &constraint) {
  const json::Object &described = tensor(*constraint.getString("tensor"));
  std::string sum = formatv("(double){0}->strides[{1}]", name, *constraint.getInteger("dim"));
  for (size_t dim = 0; dim + 1 < described.getArray("shape")->size(); ++dim)
    sum += formatv(" + (double)({0} - 1) * (double){1}->strides[{2}]", shapeOf(described, dim), name, dim);
  return sum;
}

void HeaderWriter::writeItems(StringRef afterEach) {
  out << "  int64_t items = 1;\n";
  for (const json::Value &value : *launch().getArray("work")) {
    const json::Object &item = *value.getAsObject();
    int64_t tile = *item.getInteger("tile");
    std::string count = size(*item.getString("size"));
    count = tile > 1 ? formatv("({0} + {1}) / {2}", count, tile - 1, tile).str() : count;
    auto more = item.getString("more");
    out << "  items *= " << count << (more ? " + " + size(*more) : "") << ";\n" << afterEach;
  }
}

/// The constraints of the manifest, in their order: later ones rely on earlier ones.
void HeaderWriter::writeCheck() {
  out << formatv("/* What is wrong with the arguments of a launch; 0 when nothing is. */\n"
                 "static inline const char *{0}_check(const {0}_sizes *sizes{1}) {{\n",
                 name, tensorParameters());
  bool hasDynamic = !scalarList().empty() ||
                    llvm::any_of(*manifest.getObject("sizes"), [](auto &entry) { return !!entry.second.getAsNull(); });
  out << (hasDynamic ? "  if (!sizes) return \"sizes are missing\";\n" : "  (void)sizes;\n");
  for (const json::Value &tensor : array("tensors"))
    out << formatv("  if (!{0}) return \"tensor {0} is missing\";\n",
                   tensors[*tensor.getAsObject()->getString("name")]);
  for (const json::Value &value : array("constraints")) {
    const json::Object &constraint = *value.getAsObject();
    StringRef kind = *constraint.getString("kind");
    std::string demand;
    auto write = [&](const std::string &subject, const std::string &value) {
      std::string condition = conditionOf(constraint, value, demand);
      out << formatv("  if ({0}) return \"{1} must be {2}\";\n", condition, subject, demand);
    };
    std::string tensor = tensors.lookup(constraint.getString("tensor").value_or(""));
    if (kind == "size") {
      StringRef key = *constraint.getString("size");
      write(fields[key], size(key));
    } else if (kind == "address") {
      write("the address of " + tensor, tensor + "->data");
    } else if (kind == "stride") {
      int64_t dim = *constraint.getInteger("dim");
      write(formatv("stride {0} of {1}", dim, tensor), formatv("{0}->strides[{1}]", tensor, dim));
    } else if (kind == "reach") {
      write("the reach of " + tensor, reachOf(tensor, constraint));
    } else {
      out << "  {\n";
      writeItems(formatv("  if (items > {0}) return \"there are more than {0} work items\";\n",
                         *constraint.getInteger("maximum"))
                     .str());
      out << "  }\n";
    }
  }
  out << "  return 0;\n}\n\n";
}

} // namespace girih
