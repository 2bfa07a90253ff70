// The parts of a C header, which write to one text.
#ifndef GIRIH_LIB_TARGET_EMIT_HEADERWRITER_H
#define GIRIH_LIB_TARGET_EMIT_HEADERWRITER_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace girih {

/// Writes a header for one kernel.
class HeaderWriter {
public:
  HeaderWriter(const llvm::json::Object &manifest, llvm::StringRef cubin);

  std::string write();

private:
  void writeCubin();
  void writeTypes();
  int64_t workspaceBytes();
  void writeLoad();
  void writeCheck();
  void writeLaunch();
  void writeTensorMap(size_t index, const llvm::json::Object &argument);
  void writeItems(llvm::StringRef afterEach);
  std::string conditionOf(const llvm::json::Object &constraint, llvm::StringRef value, std::string &demand);
  std::string reachOf(llvm::StringRef name, const llvm::json::Object &constraint);
  std::string tensorParameters();

  const llvm::json::Array &array(llvm::StringRef key) { return *manifest.getArray(key); }
  /// Numbers that are chosen at launch beside the sizes.
  llvm::SmallVector<const llvm::json::Object *> scalarList() {
    llvm::SmallVector<const llvm::json::Object *> list;
    if (const llvm::json::Array *given = manifest.getArray("scalars"))
      for (const llvm::json::Value &scalar : *given)
        list.push_back(scalar.getAsObject());
    return list;
  }
  const llvm::json::Object &launch() { return *manifest.getObject("launch"); }
  const llvm::json::Object &tensor(llvm::StringRef wanted) {
    for (const llvm::json::Value &value : array("tensors"))
      if (value.getAsObject()->getString("name") == wanted)
        return *value.getAsObject();
    llvm_unreachable("the manifest names each tensor it uses");
  }
  /// A size: its number if it is static, else the caller's.
  std::string size(llvm::StringRef key) {
    if (auto known = manifest.getObject("sizes")->getInteger(key))
      return std::to_string(*known);
    return "sizes->" + fields.lookup(key);
  }
  std::string shapeOf(const llvm::json::Object &tensor, int64_t dim) {
    return size(*(*tensor.getArray("shape"))[dim].getAsString());
  }

  const llvm::json::Object &manifest;
  const llvm::StringRef cubin;
  const std::string name;
  llvm::StringMap<std::string> fields;  ///< what sizes are called
  llvm::StringMap<std::string> scalars; ///< what numbers beside them are called
  llvm::StringMap<std::string> tensors; ///< what tensors are called
  std::string text;
  llvm::raw_string_ostream out;
};

} // namespace girih

#endif // GIRIH_LIB_TARGET_EMIT_HEADERWRITER_H
