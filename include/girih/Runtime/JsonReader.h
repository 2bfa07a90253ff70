//===- JsonReader.h - JSON with the place of every mistake ------*- C++ -*-===//
#ifndef GIRIH_RUNTIME_JSONREADER_H
#define GIRIH_RUNTIME_JSONREADER_H

#include "girih/Support/Error.h"
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace girih::runtime {

/// A value of a JSON document that knows its place, such as "arguments[3].dim".
/// Every accessor throws Error that starts with "FILE: PLACE" when the value is
/// not what is asked for.
class JsonReader {
public:
  using Json = nlohmann::ordered_json;

  JsonReader(const Json &json, std::string file, std::string place = "")
      : json(&json), file(std::move(file)), place(std::move(place)) {}

  /// Parses `text`, which must be an object; the result must outlive readers.
  static Json parse(const std::string &text, const std::string &file);

  [[noreturn]] void fail(const std::string &message) const;

  JsonReader member(const char *name) const;
  std::optional<JsonReader> optionalMember(const char *name) const;
  std::vector<JsonReader> elements() const;
  std::vector<std::pair<std::string, JsonReader>> members() const;

  std::string string() const;
  /// A whole number in [low, high].
  int64_t integer(int64_t low, int64_t high) const;
  double number() const;
  bool isString() const { return json->is_string(); }
  bool isNull() const { return json->is_null(); }
  bool isObject() const { return json->is_object(); }

private:
  void requireObject() const;

  const Json *json;
  std::string file, place;
};

} // namespace girih::runtime

#endif // GIRIH_RUNTIME_JSONREADER_H
