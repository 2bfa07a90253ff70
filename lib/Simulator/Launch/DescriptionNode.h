//===- DescriptionNode.h - A value of a launch description ------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_LAUNCH_DESCRIPTIONNODE_H
#define GIRIH_SIMULATOR_LAUNCH_DESCRIPTIONNODE_H

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace girih::sim {

struct Launch;

/// A value with its place in the text. Every getter checks type and range, and
/// complains with the place as a JSON pointer (RFC 6901).
class DescriptionNode {
public:
  DescriptionNode(const nlohmann::json &value, std::string file, std::string pointer = "")
      : value(value), file(std::move(file)), pointer(std::move(pointer)) {}

  [[noreturn]] void fail(const std::string &message) const;

  /// Refuses members of other names: nobody would read them.
  void allowOnly(const std::vector<const char *> &names) const;
  bool has(const char *name) const;
  /// A member that has to be there.
  DescriptionNode at(const char *name) const;
  /// The elements of a list.
  std::vector<DescriptionNode> list() const;
  /// Of a member; none when it is absent.
  std::vector<DescriptionNode> listAt(const char *name) const;
  bool isList() const { return value.is_array(); }

  std::string text() const;
  std::string text(const char *name, const char *otherwise) const { return has(name) ? at(name).text() : otherwise; }
  bool flag(const char *name, bool otherwise) const;
  double number() const;
  double number(const char *name, double otherwise) const { return has(name) ? at(name).number() : otherwise; }
  /// An integer from `least` to `most`, which by default is all that T holds.
  template <class T> T integer(T least = std::numeric_limits<T>::min(), T most = std::numeric_limits<T>::max()) const {
    if (value.is_number_unsigned() && !(least > 0 && value.get<uint64_t>() < uint64_t(least)) &&
        value.get<uint64_t>() <= uint64_t(most))
      return T(value.get<uint64_t>());
    if (value.is_number_integer() && !value.is_number_unsigned() && std::numeric_limits<T>::is_signed &&
        value.get<int64_t>() >= int64_t(least) && value.get<int64_t>() <= int64_t(most))
      return T(value.get<int64_t>());
    failRange(std::to_string(least), std::to_string(most));
  }
  template <class T> T integerOr(const char *name, T otherwise) const {
    return has(name) ? at(name).integer<T>() : otherwise;
  }
  /// The value that the text names in a table of {name, value}.
  template <class Table> auto choice(const Table &table) const {
    std::string name = text(), names;
    for (const auto &[candidate, meaning] : table) {
      if (name == candidate)
        return meaning;
      names += (names.empty() ? "" : ", ") + std::string(candidate);
    }
    failChoice(name, names);
  }
  /// The buffer that the text names.
  unsigned buffer(const Launch &launch) const;

private:
  void needObject() const;
  [[noreturn]] void failRange(const std::string &least, const std::string &most) const;
  [[noreturn]] void failChoice(const std::string &name, const std::string &names) const;

  const nlohmann::json &value;
  std::string file, pointer;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_LAUNCH_DESCRIPTIONNODE_H
