//===- DescriptionNode.cpp - A value of a launch description --------------===//
#include "DescriptionNode.h"

#include "girih/Simulator/Simulator.h"

#include <algorithm>

namespace girih::sim {

using nlohmann::json;

/// A name as a part of a JSON pointer.
static std::string escaped(const std::string &name) {
  std::string part;
  for (char c : name)
    part += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return part;
}

void DescriptionNode::fail(const std::string &message) const {
  throw Stop(VerdictKind::Syntax, file + ": " + (pointer.empty() ? "" : pointer + ": ") + message);
}

void DescriptionNode::failRange(const std::string &least, const std::string &most) const {
  fail("is " + value.dump(-1, ' ', false, json::error_handler_t::replace) + " when it should be an integer from " +
       least + " to " + most);
}

void DescriptionNode::failChoice(const std::string &name, const std::string &names) const {
  fail("unknown '" + name + "'; there are " + names);
}

void DescriptionNode::needObject() const {
  if (!value.is_object())
    fail("should be an object");
}

void DescriptionNode::allowOnly(const std::vector<const char *> &names) const {
  needObject();
  for (const auto &[name, member] : value.items())
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      std::string known;
      for (const char *candidate : names)
        known += (known.empty() ? "" : ", ") + std::string(candidate);
      failChoice(name, known);
    }
}

bool DescriptionNode::has(const char *name) const {
  needObject();
  return value.contains(name);
}

DescriptionNode DescriptionNode::at(const char *name) const {
  if (!has(name))
    fail(std::string("member '") + name + "' is missing");
  return {value.at(name), file, pointer + "/" + escaped(name)};
}

std::vector<DescriptionNode> DescriptionNode::list() const {
  if (!value.is_array())
    fail("should be a list");
  std::vector<DescriptionNode> elements;
  for (size_t i = 0; i < value.size(); ++i)
    elements.emplace_back(value[i], file, pointer + "/" + std::to_string(i));
  return elements;
}

std::vector<DescriptionNode> DescriptionNode::listAt(const char *name) const {
  return has(name) ? at(name).list() : std::vector<DescriptionNode>();
}

std::string DescriptionNode::text() const {
  if (!value.is_string())
    fail("should be a text");
  return value.get<std::string>();
}

bool DescriptionNode::flag(const char *name, bool otherwise) const {
  if (!has(name))
    return otherwise;
  DescriptionNode member = at(name);
  if (!member.value.is_boolean())
    member.fail("should be true or false");
  return member.value.get<bool>();
}

double DescriptionNode::number() const {
  if (!value.is_number())
    fail("should be a number");
  return value.get<double>();
}

unsigned DescriptionNode::buffer(const Launch &launch) const {
  std::string name = text();
  for (unsigned i = 0; i < launch.buffers.size(); ++i)
    if (launch.buffers[i].name == name)
      return i;
  fail("no buffer '" + name + "'");
}

} // namespace girih::sim
