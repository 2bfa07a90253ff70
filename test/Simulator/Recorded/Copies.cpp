//===- Copies.cpp - One tensor copy a form --------------------------------===//
//
// copies.json gives the tensor map of each form as a launch description does,
// and where its box starts; copy.ptx executes the copy.
//
//===----------------------------------------------------------------------===//
#include "../../../lib/Simulator/Launch/Description.h"
#include "Form.h"

#include <nlohmann/json.hpp>

namespace girih::sim {
namespace {

using nlohmann::json;
constexpr unsigned elementBytes = 2, im2colMode = 4;

/// Elements that arrive in shared memory. A stride leaves out elements of the
/// box, so that such a form states its rows.
unsigned boxElements(const json &form) {
  const json &map = form.at("map");
  if (map.contains("im2col"))
    return unsigned(map["im2col"].at("channels")) * unsigned(map["im2col"].at("pixels"));
  unsigned count = 1;
  for (unsigned extent : map.at("box"))
    count *= extent;
  return form.contains("rows") ? unsigned(map["box"][0]) * unsigned(form["rows"]) : count;
}

Form makeForm(const json &entry, const std::string &folder) {
  json map = entry.at("map");
  map.update({{"kind", "tensor_map"}, {"buffer", "in"}, {"dtype", "bf16"}, {"fill", "zero"}});
  unsigned count = boxElements(entry), whole = 1;
  for (unsigned size : map.at("sizes"))
    whole *= size;
  std::vector<int> at = entry.at("at");
  bool isIm2col = map.contains("im2col");
  std::vector<int> scalars{int(count * elementBytes), isIm2col ? int(im2colMode) : int(at.size())};
  at.resize(4, 0);
  scalars.insert(scalars.end(), at.begin(), at.end());
  // Offsets of the filter's pixel.
  scalars.insert(scalars.end(), {1, 2});
  json arguments{map, {{"kind", "pointer"}, {"buffer", "out"}}};
  for (int scalar : scalars)
    arguments.push_back({{"kind", "scalar"}, {"type", "s32"}, {"value", scalar}});
  json buffers{{{"name", "in"}, {"dtype", "bf16"}, {"elements", whole}, {"fill", "random"}, {"access", "read"}},
               {{"name", "out"}, {"dtype", "bf16"}, {"elements", count}}};
  json description{{"girih_launch", 1},  {"ptx", "copy.ptx"},     {"kernel", "test"},
                   {"grid", {1}},        {"block", 128},          {"shared_bytes", count * elementBytes + 8},
                   {"buffers", buffers}, {"arguments", arguments}};
  // Text has unsigned numbers where C++ has signed ones.
  LaunchTask task = parseDescription(json::parse(description.dump()), folder);
  Form form;
  form.name = entry.at("name");
  form.ptx = task.ptx;
  form.launch = task.launch;
  form.resultBytes = elementBytes;
  form.resultType = Type::BF16;
  return form;
}

} // namespace

std::vector<Form> readCopyForms(const std::string &folder) {
  std::vector<Form> forms;
  json table = json::parse(readTextFile(folder + "/copies.json"));
  for (const json &entry : table.at("forms"))
    forms.push_back(makeForm(entry, folder));
  return forms;
}

} // namespace girih::sim
