//===- Score.cpp - A score or mask function as data -----------------------===//

#include "Intervals.h"
#include "girih/Support/Error.h"
#include <cmath>
#include <cstdlib>

using namespace girih;
using namespace girih::reference;

namespace {

constexpr int maxDepth = 512, maxVariables = 256;
constexpr int pushNumber = -1, pushArgument = -2, keepVariable = -3, pushVariable = -4, lookUp = -5;
constexpr const char *arguments[] = {"s", "b", "h", "q", "k", "sq", "skv"};
static_assert(std::size(arguments) == ScoreProgram::inputs);

struct Operation {
  const char *name;
  int operands;
  double (*apply)(const double *operand);
  /// The same on intervals, where more than anything at all is known of the result.
  Interval (*bound)(const Interval *operand) = nullptr;
  bool approximate = false;
};

constexpr Operation operations[] = {
    {"add", 2, [](const double *x) { return x[0] + x[1]; }, intervals::add},
    {"sub", 2, [](const double *x) { return x[0] - x[1]; }, intervals::sub},
    {"mul", 2, [](const double *x) { return x[0] * x[1]; }, intervals::mul},
    {"div", 2, [](const double *x) { return x[0] / x[1]; }},
    {"idiv", 2, [](const double *x) { return std::trunc(x[0] / x[1]); }, intervals::idiv},
    {"mod", 2, [](const double *x) { return std::fmod(x[0], x[1]); }, intervals::mod},
    {"min", 2, [](const double *x) { return std::fmin(x[0], x[1]); }, intervals::min},
    {"max", 2, [](const double *x) { return std::fmax(x[0], x[1]); }, intervals::max},
    {"pow", 2, [](const double *x) { return std::pow(x[0], x[1]); }, nullptr, true},
    {"neg", 1, [](const double *x) { return -x[0]; }, intervals::neg},
    {"abs", 1, [](const double *x) { return std::fabs(x[0]); }, intervals::abs},
    {"sqrt", 1, [](const double *x) { return std::sqrt(x[0]); }},
    {"exp", 1, [](const double *x) { return std::exp(x[0]); }},
    {"exp2", 1, [](const double *x) { return std::exp2(x[0]); }},
    {"log", 1, [](const double *x) { return std::log(x[0]); }},
    {"log2", 1, [](const double *x) { return std::log2(x[0]); }},
    {"tanh", 1, [](const double *x) { return std::tanh(x[0]); }, nullptr, true},
    {"sin", 1, [](const double *x) { return std::sin(x[0]); }, nullptr, true},
    {"cos", 1, [](const double *x) { return std::cos(x[0]); }, nullptr, true},
    {"lt", 2, [](const double *x) { return double(x[0] < x[1]); }, intervals::lt},
    {"le", 2, [](const double *x) { return double(x[0] <= x[1]); }, intervals::le},
    {"eq", 2, [](const double *x) { return double(x[0] == x[1]); }, intervals::eq},
    {"ne", 2, [](const double *x) { return double(x[0] != x[1]); }, intervals::ne},
    {"ge", 2, [](const double *x) { return double(x[0] >= x[1]); }, intervals::ge},
    {"gt", 2, [](const double *x) { return double(x[0] > x[1]); }, intervals::gt},
    {"and", 2, [](const double *x) { return double(x[0] != 0 && x[1] != 0); }, intervals::all},
    {"or", 2, [](const double *x) { return double(x[0] != 0 || x[1] != 0); }, intervals::any},
    {"not", 1, [](const double *x) { return double(x[0] == 0); }, intervals::opposite},
    {"select", 3, [](const double *x) { return x[0] != 0 ? x[1] : x[2]; }, intervals::select},
};

/// Index of `word` in a table, -1 when it is not there.
template <typename Table, typename Name> int find(const Table &table, const std::string &word, const Name &name) {
  int index = 0;
  for (const auto &entry : table) {
    if (word == name(entry))
      return index;
    ++index;
  }
  return -1;
}

} // namespace

ScoreProgram::ScoreProgram(const std::vector<std::string> &words, Captures given) : captures(std::move(given)) {
  int depth = 0;
  std::vector<std::string> variables;
  for (const std::string &word : words) {
    auto itself = [](const auto &name) { return name; };
    int argument = find(arguments, word, itself);
    int variable = find(variables, word, itself);
    int operation = find(operations, word, [](const Operation &entry) { return entry.name; });
    char *end = nullptr;
    double number = std::strtod(word.c_str(), &end);
    if (operation >= 0) {
      const Operation &entry = operations[operation];
      if (depth < entry.operands)
        throw Error("score: '" + word + "' takes " + std::to_string(entry.operands) + " operands when there are " +
                    std::to_string(depth));
      depth -= entry.operands;
      approximate |= entry.approximate;
      steps.push_back({operation, 0});
    } else if (argument >= 0) {
      steps.push_back({pushArgument, double(argument)});
    } else if (variable >= 0) {
      steps.push_back({pushVariable, double(variable)});
    } else if (word.size() > 1 && word[0] == '$') {
      int number = find(captures.numbers, word.substr(1), [](const CapturedNumber &entry) { return entry.name; });
      if (number < 0)
        throw Error("score: '" + word + "' is no number of the problem");
      steps.push_back({pushNumber, captures.numbers[number].value});
    } else if (word.size() > 1 && word[0] == '@') {
      int tensor = find(captures.tensors, word.substr(1), [](const CapturedTensor &entry) { return entry.name; });
      if (tensor < 0)
        throw Error("score: '" + word + "' is no tensor of the problem");
      int rank = int(captures.tensors[tensor].shape.size());
      if (depth < rank)
        throw Error("score: '" + word + "' takes " + std::to_string(rank) + " indices when there are " +
                    std::to_string(depth));
      depth -= rank;
      steps.push_back({lookUp, double(tensor)});
    } else if (word.size() > 1 && word[0] == '=') {
      if (depth < 1)
        throw Error("score: '" + word + "' has no value to keep");
      if (variables.size() == maxVariables)
        throw Error("score: more than " + std::to_string(maxVariables) + " variables");
      --depth;
      steps.push_back({keepVariable, double(variables.size())});
      variables.push_back(word.substr(1));
    } else if (!word.empty() && *end == '\0') {
      steps.push_back({pushNumber, number});
    } else {
      throw Error("score: '" + word + "' is not a number, a variable or an operation");
    }
    if (++depth > maxDepth)
      throw Error("score: more than " + std::to_string(maxDepth) + " values at a time");
  }
  if (depth != 1)
    throw Error("score: " + std::to_string(depth) + " values are left when there should be 1");
}

template <typename Value, typename Apply, typename Look>
Value ScoreProgram::run(const std::array<Value, inputs> &values, const Apply &apply, const Look &look) const {
  std::array<Value, maxDepth + 1> stack;
  std::array<Value, maxVariables> variables;
  int depth = 0;
  for (const Step &step : steps) {
    switch (step.operation) {
    case pushNumber:
      stack[depth++] = Value{step.number};
      if constexpr (std::is_same_v<Value, Interval>)
        stack[depth - 1].high = step.number;
      break;
    case pushArgument:
      stack[depth++] = values[size_t(step.number)];
      break;
    case keepVariable:
      variables[size_t(step.number)] = stack[depth - 1];
      break;
    case pushVariable:
      stack[depth++] = variables[size_t(step.number)];
      break;
    case lookUp: {
      const CapturedTensor &tensor = captures.tensors[size_t(step.number)];
      depth -= int(tensor.shape.size());
      stack[depth] = look(tensor, &stack[depth]);
      ++depth;
      break;
    }
    default: {
      const Operation &operation = operations[step.operation];
      depth -= operation.operands;
      stack[depth] = apply(operation, &stack[depth]);
      ++depth;
    }
    }
  }
  return stack[0];
}

double ScoreProgram::evaluate(const Values &values) const {
  return run(
      values, [](const Operation &operation, const double *operands) { return operation.apply(operands); },
      [](const CapturedTensor &tensor, const double *indices) { return tensor.at(indices); });
}

Interval ScoreProgram::bound(const std::array<Interval, inputs> &values) const {
  return run(
      values,
      [](const Operation &operation, const Interval *operands) {
        return operation.bound ? operation.bound(operands) : Interval::anything();
      },
      intervals::elements);
}

bool ScoreProgram::lacksData() const {
  for (const Step &step : steps)
    if (step.operation == lookUp && !captures.tensors[size_t(step.number)].data)
      return true;
  return false;
}

bool ScoreProgram::uses(int input) const {
  for (const Step &step : steps)
    if (step.operation == pushArgument && int(step.number) == input)
      return true;
  return false;
}
