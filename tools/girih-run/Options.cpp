//===- Options.cpp - The command line of girih-run ------------------------===//

#include "Options.h"
#include "girih/Support/Error.h"
#include <CLI/CLI.hpp>

using namespace girih;
using namespace girih::run;
using namespace girih::runtime;

namespace {

/// What the command line says, before suites are read and defaults follow.
struct Arguments {
  std::vector<std::string> manifests, sizes, scalars, data;
  std::string suite, suiteDir = "build/suites", against;
  bool check = false, bench = false;
  LaunchChoices choices;
};

/// "sq=250" as a name and a number.
std::pair<std::string, int64_t> parseSize(const std::string &text) {
  size_t equals = text.find('=');
  std::string digits = equals == std::string::npos ? "" : text.substr(equals + 1);
  bool isNumber = !digits.empty() && digits.size() < 16 && digits.find_first_not_of("0123456789") == std::string::npos;
  if (equals == 0 || !isNumber)
    throw Error("--size '" + text + "' should be NAME=N, as in sq=250");
  return {text.substr(0, equals), std::stoll(digits)};
}

/// "temperature=0.5" as a name and a number.
std::pair<std::string, double> parseScalar(const std::string &text) {
  size_t equals = text.find('=');
  std::string number = equals == std::string::npos ? "" : text.substr(equals + 1);
  char *end = nullptr;
  double value = std::strtod(number.c_str(), &end);
  if (equals == 0 || number.empty() || *end)
    throw Error("--scalar '" + text + "' should be NAME=NUMBER, as in temperature=0.5");
  return {text.substr(0, equals), value};
}

void declare(CLI::App &app, Arguments &arguments, Options &options) {
  SessionOptions &session = options.session;
  app.add_option("manifest", arguments.manifests, "Kernel manifests, NAME.json");
  app.add_option("--suite", arguments.suite,
                 "Run a suite: a folder with suite.json, or the name of one in "
                 "--suite-dir; "
                 "checks, times and compares with cuDNN unless told otherwise");
  app.add_option("--suite-dir", arguments.suiteDir, "Where suites are")->capture_default_str();
  app.add_flag("--check", arguments.check, "Compare with the float64 reference (the default without --bench)");
  app.add_flag("--bench", arguments.bench, "Time the kernel");
  app.add_option("--against", arguments.against, "Time a library beside the kernel")
      ->check(CLI::IsMember({"cudnn", "cublas", "none"}));
  app.add_option("--size", arguments.sizes, "Choose a dynamic size: NAME=N")->allow_extra_args(false);
  app.add_option("--scalar", arguments.scalars, "Choose a number that a score or mask function uses: NAME=NUMBER")
      ->allow_extra_args(false);
  app.add_option("--layout", arguments.choices.layout,
                 "Memory order of Q, K, V and O, such as bshd; the manifest's "
                 "when absent");
  app.add_option("--pad", arguments.choices.pad, "Unused elements after every innermost row");
  app.add_option("--seed", session.data.seed, "Seed of the first random input")->capture_default_str();
  app.add_option("--inputs", session.inputs, "Random inputs to check with")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--data", arguments.data, "Inputs to check with; for attention all of them when absent")
      ->check(CLI::IsMember({"random", "equal", "one_hot", "minus_inf"}))
      ->delimiter(',');
  app.add_option("--scale-scores", session.data.scoreScale, "Factor of a random Q when checking")
      ->capture_default_str();
  app.add_flag("--inject-nan", session.data.injectNan,
               "Put a NaN into one row of a random Q when checking; it must stay in that row");
  app.add_option("--lengths", session.data.lengths,
                 "Lengths of packed or padded sequences, in turn: N,N,...; some of every kind when absent")
      ->delimiter(',')
      ->check(CLI::NonNegativeNumber);
  app.add_option("--rounds", session.rounds, "Rounds of timing")->check(CLI::Range(1, 10000))->capture_default_str();
  app.add_option(
         "--turn", session.turnMilliseconds,
         "Milliseconds that launches follow each other for in a round of timing; a card that is bound by power comes "
         "to its clock in some hundreds")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  app.add_option("--save", session.save, "Write every tensor after the first launch to this folder")
      ->check(CLI::ExistingDirectory);
  app.add_option("--timeout", session.timeout, "Seconds after which a launch counts as hung")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--device", options.device, "Ordinal of the GPU")->capture_default_str();
  app.add_option("--json", options.jsonFile, "Write everything to this file as JSON");
  auto *csv = app.add_flag("--csv", options.csv, "Print CSV instead of a table");
  app.add_flag("--markdown", options.markdown, "Print a Markdown table")->excludes(csv);
}

void resolve(Arguments &arguments, Options &options) {
  for (const std::string &text : arguments.sizes) {
    auto size = parseSize(text);
    if (!arguments.choices.sizes.insert(size).second)
      throw Error("--size chooses '" + size.first + "' twice");
  }
  for (const std::string &text : arguments.scalars) {
    auto scalar = parseScalar(text);
    if (!arguments.choices.scalars.insert(scalar).second)
      throw Error("--scalar chooses '" + scalar.first + "' twice");
  }
  for (const std::string &manifest : arguments.manifests)
    options.kernels.push_back({manifest, arguments.choices});
  SessionOptions &session = options.session;
  session.check = arguments.check || !arguments.bench;
  session.bench = arguments.bench;
  session.against = arguments.against;
  for (const std::string &name : arguments.data)
    session.patterns.push_back(*parseDataPattern(name));
  if (!arguments.suite.empty()) {
    std::string path = findSuite(arguments.suite, arguments.suiteDir);
    for (KernelEntry &entry : readSuite(path, arguments.choices))
      options.kernels.push_back(std::move(entry));
    if (!arguments.check && !arguments.bench)
      session.bench = true;
    if (arguments.against.empty()) {
      session.against = "cudnn";
      session.peerRequired = false;
    }
  }
  if (session.against == "none")
    session.against.clear();
  if (options.kernels.empty())
    throw Error("no manifest and no suite given; --help explains");
}

} // namespace

std::optional<int> run::parseOptions(int argc, char **argv, Options &options) {
  CLI::App app("Runs kernels that girih-compile made: checks their results "
               "against a float64 "
               "reference and times them, beside cuDNN or cuBLAS if asked to.");
  app.name("girih-run");
  app.footer("The exit code is 0 when every kernel ran and every check passed, "
             "1 otherwise, and 2 "
             "when nothing could be run.");
  Arguments arguments;
  declare(app, arguments, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  resolve(arguments, options);
  return std::nullopt;
}
