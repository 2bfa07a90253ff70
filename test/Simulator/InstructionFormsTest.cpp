//===- InstructionFormsTest.cpp - Every form of the table decodes ---------===//
//
// InstructionForms.txt lists the forms, InstructionForms.ptx is the module
// around one of them; check_instruction_forms.py shows both to ptxas.
//
//===----------------------------------------------------------------------===//
#include "Harness.h"

#include <fstream>
#include <sstream>

namespace girih::sim {
namespace {

std::string readText(const std::string &name) {
  std::ifstream file(std::string(SIMULATOR_TEST_DIRECTORY) + "/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Calls f with every choice of the alternatives in `<a|b>`.
template <class F> void expand(const std::string &line, F f) {
  size_t open = line.find('<');
  if (open == line.npos)
    return f(line);
  size_t close = line.find('>', open);
  for (size_t at = open + 1; at <= close;) {
    size_t end = std::min(line.find('|', at), close);
    expand(line.substr(0, open) + line.substr(at, end - at) + line.substr(close + 1), f);
    at = end + 1;
  }
}

struct Form {
  std::string text;
  std::vector<std::string> targets;
  bool isSimulated = true;
};

std::vector<Form> readForms() {
  std::vector<Form> forms;
  std::istringstream lines(readText("InstructionForms.txt"));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#')
      continue;
    Form form;
    auto takes = [&](const std::string &prefix) {
      bool found = line.starts_with(prefix);
      line.erase(0, found ? prefix.size() : 0);
      return found;
    };
    form.isSimulated = !takes("! ");
    form.targets = takes("90 ")    ? std::vector<std::string>{"sm_90a"}
                   : takes("100 ") ? std::vector<std::string>{"sm_100a"}
                   : takes("120 ") ? std::vector<std::string>{"sm_120a"}
                                   : std::vector<std::string>{"sm_90a", "sm_100a"};
    expand(line, [&](const std::string &text) {
      forms.push_back(form);
      forms.back().text = text;
    });
  }
  return forms;
}

/// What decoding the form on a target says; empty when it decodes.
std::string decode(const std::string &module, const Form &form, const std::string &target) {
  std::string text = module;
  auto replace = [&](const std::string &what, const std::string &with) {
    text.replace(text.find(what), what.size(), with);
  };
  replace("TARGET", target);
  replace("INSTRUCTION", form.text);
  try {
    Simulator simulator(text);
  } catch (const Stop &stop) {
    return stop.found.str();
  }
  return "";
}

TEST(InstructionForms, AllDecode) {
  std::string module = readText("InstructionForms.ptx");
  ASSERT_NE(module.find("INSTRUCTION"), module.npos);
  unsigned simulated = 0, outside = 0;
  for (const Form &form : readForms())
    for (const std::string &target : form.targets) {
      std::string said = decode(module, form, target);
      if (form.isSimulated) {
        EXPECT_EQ(said, "") << target << ": " << form.text;
        ++simulated;
      } else {
        EXPECT_EQ(said.find("unsupported: line"), 0u) << target << ": " << form.text << ": " << said;
        ++outside;
      }
    }
  // docs/simulator.md states these numbers.
  EXPECT_EQ(simulated, 9578u);
  EXPECT_EQ(outside, 14u);
}

/// An operand more is refused by every form, and so is what hangs on one where
/// the form knows nothing of it.
TEST(InstructionForms, SurplusOperandsAreRefused) {
  std::string module = readText("InstructionForms.ptx");
  for (const Form &form : readForms()) {
    // A call has its parameters to count, and blocks are several instructions.
    if (!form.isSimulated || form.text[0] == '{' || form.text.starts_with("call"))
      continue;
    auto refuses = [&](size_t at, const std::string &surplus) {
      Form longer = form;
      longer.text.insert(at, surplus);
      EXPECT_NE(decode(module, longer, form.targets.front()), "") << longer.text;
    };
    size_t opcode = form.text[0] == '@' ? form.text.find(' ') + 1 : 0, end = form.text.rfind(';');
    size_t operands = form.text.find_first_of(" ;", opcode), comma = form.text.find(',');
    refuses(end, operands == end ? " [shared_word]" : ", [shared_word]");
    if (size_t close = form.text.find(']'); close != form.text.npos && form.text.find(", {") > close)
      refuses(close, ", {%r7}");
    bool hasSecond = form.text.find("|%") != form.text.npos || form.text.starts_with("setp") ||
                     form.text.starts_with("shfl") || form.text.starts_with("match.all");
    if (!hasSecond && comma != form.text.npos && form.text[operands + 1] == '%')
      refuses(comma, form.text[operands + 2] == 'p' ? "|%p7" : "|%r7");
  }
}

} // namespace
} // namespace girih::sim
