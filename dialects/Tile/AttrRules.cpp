#include "dialects/Tile/AttrRules.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"

using namespace mlir;

namespace girih::tile {

LogicalResult AttrPlace::fail(Attribute attr, const Twine &what) const {
  return error() << "is " << attr << " when it should be " << what;
}

AttrPlace AttrPlace::element(size_t index) const { return {op, path + "[" + std::to_string(index) + "]"}; }

AttrPlace AttrPlace::member(StringRef name) const { return {op, path + "." + name.str()}; }

LogicalResult isText(const AttrPlace &place, Attribute attr) {
  auto text = dyn_cast<StringAttr>(attr);
  if (!text || text.empty() || !llvm::json::isUTF8(text.getValue()))
    return place.fail(attr, "text in UTF-8 that is not empty");
  return success();
}

/// The attribute as a number, if it is one that fits 64 bits.
static std::optional<int64_t> asNumber(Attribute attr) {
  auto number = dyn_cast<IntegerAttr>(attr);
  if (!number || !number.getType().isSignlessIntOrIndex() || number.getValue().getBitWidth() > 64)
    return std::nullopt;
  return number.getInt();
}

LogicalResult isJson(const AttrPlace &place, Attribute attr) {
  if (auto text = dyn_cast<StringAttr>(attr); text && !llvm::json::isUTF8(text.getValue()))
    return place.fail(attr, "text in UTF-8");
  if (auto number = dyn_cast<FloatAttr>(attr); number && !number.getValue().isFinite())
    return place.fail(attr, "finite");
  if (isa<IntegerAttr>(attr) && !asNumber(attr))
    return place.fail(attr, "a signless integer of at most 64 bits");
  if (auto list = dyn_cast<ArrayAttr>(attr))
    for (auto [i, element] : llvm::enumerate(list))
      if (failed(isJson(place.element(i), element)))
        return failure();
  if (auto dictionary = dyn_cast<DictionaryAttr>(attr))
    for (NamedAttribute entry : dictionary)
      if (failed(isJson(place.member(entry.getName()), entry.getValue())))
        return failure();
  return success();
}

AttrRule isOneOf(ArrayRef<StringRef> words) {
  return [words = llvm::to_vector(words)](const AttrPlace &place, Attribute attr) -> LogicalResult {
    if (auto text = dyn_cast<StringAttr>(attr); text && llvm::is_contained(words, text.getValue()))
      return success();
    return place.fail(attr, "one of " + llvm::join(words, ", "));
  };
}

AttrRule isNumber(int64_t minimum, int64_t maximum) {
  return [=](const AttrPlace &place, Attribute attr) -> LogicalResult {
    std::optional<int64_t> number = asNumber(attr);
    if (!number || *number < minimum || *number > maximum)
      return place.fail(attr, "an integer from " + Twine(minimum) + " to " + Twine(maximum));
    return success();
  };
}

AttrRule isListOf(AttrRule rule, size_t minimum, size_t maximum) {
  return [=](const AttrPlace &place, Attribute attr) -> LogicalResult {
    auto list = dyn_cast<ArrayAttr>(attr);
    if (!list)
      return place.fail(attr, "a list");
    if (list.size() < minimum || list.size() > maximum)
      return place.error() << "has " << list.size() << " elements when it should have " << minimum << " to " << maximum;
    for (auto [i, element] : llvm::enumerate(list))
      if (failed(rule(place.element(i), element)))
        return failure();
    return success();
  };
}

AttrRule isRecord(ArrayRef<AttrField> fields) {
  return [fields = llvm::to_vector(fields)](const AttrPlace &place, Attribute attr) -> LogicalResult {
    auto record = dyn_cast<DictionaryAttr>(attr);
    if (!record)
      return place.fail(attr, "a dictionary");
    for (const AttrField &field : fields) {
      Attribute value = record.get(field.name);
      if (!value && !field.isOptional)
        return place.error() << "has no '" << field.name << "'";
      if (value && failed(field.rule(place.member(field.name), value)))
        return failure();
    }
    for (NamedAttribute entry : record)
      if (llvm::none_of(fields, [&](const AttrField &field) { return field.name == entry.getName(); }))
        return place.error() << "has an unknown entry '" << entry.getName().strref() << "'";
    return success();
  };
}

} // namespace girih::tile
