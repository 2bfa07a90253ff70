//===- Host.cpp - girih-sim --host ----------------------------------------===//
#include "Host.h"

#include "../../lib/Simulator/Host/Settings.h"

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace girih::sim {
namespace {

namespace fs = std::filesystem;

/// The library beside the tool, in a folder of its own.
std::string findLibrary() {
  fs::path tool = fs::read_symlink("/proc/self/exe");
  fs::path library = tool.parent_path().parent_path() / "lib" / "girih-host" / "libcuda.so.1";
  if (!fs::exists(library))
    refuse("--host: '" + library.string() + "' is not there; build the target girih-host");
  return library;
}

/// Puts a value before those that a variable has.
void prepend(const char *variable, const std::string &value) {
  const char *old = std::getenv(variable);
  setenv(variable, old && *old ? (value + ":" + old).c_str() : value.c_str(), 1);
}

/// An empty file that goes when the tool does.
struct TemporaryFile {
  TemporaryFile() : path(fs::temp_directory_path() / "girih-sim-XXXXXX") {
    int file = mkstemp(path.data());
    if (file < 0)
      refuse("--host: cannot make a file in '" + fs::temp_directory_path().string() + "': " + std::strerror(errno));
    close(file);
  }
  ~TemporaryFile() { std::remove(path.c_str()); }
  std::string path;
};

host::Settings settingsOf(const Arguments &arguments, const std::string &results) {
  host::Settings settings;
  settings.options = arguments.options();
  for (const Suppression &suppression : settings.options.suppressions)
    settings.ignored.push_back(suppression.text);
  settings.options.seed = arguments.seed;
  // The program goes on with the memory, so that a race ends no launch.
  settings.options.mostVerdicts = arguments.mostVerdicts.value_or(0);
  settings.schedules = arguments.schedules;
  settings.chip = arguments.chip;
  settings.multiprocessors = arguments.multiprocessors;
  settings.only = arguments.only;
  settings.launches = arguments.launches;
  settings.record = arguments.record.empty() ? "" : fs::absolute(arguments.record).string();
  settings.results = results;
  return settings;
}

/// Runs the program, which ends when the tool does; its status as waitpid gives it.
int waitFor(const Arguments &arguments) {
  std::vector<char *> words{const_cast<char *>(arguments.program.c_str())};
  for (const std::string &word : arguments.programArguments)
    words.push_back(const_cast<char *>(word.c_str()));
  words.push_back(nullptr);
  // What could not be run says why through a pipe that a program closes.
  int ends[2];
  if (pipe2(ends, O_CLOEXEC))
    refuse(std::string("--host: cannot make a pipe: ") + std::strerror(errno));
  pid_t tool = getpid(), process = fork();
  if (process == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == tool)
      execvp(words[0], words.data());
    int error = errno;
    [[maybe_unused]] ssize_t written = write(ends[1], &error, sizeof error);
    _exit(127);
  }
  int error = process < 0 ? errno : 0, status = 0;
  close(ends[1]);
  if (process > 0 && read(ends[0], &error, sizeof error) == sizeof error)
    waitpid(process, &status, 0);
  close(ends[0]);
  if (error)
    refuse("--host: cannot run '" + arguments.program + "': " + std::strerror(error));
  while (waitpid(process, &status, 0) < 0 && errno == EINTR)
    ;
  return status;
}

std::string describe(int status) {
  if (WIFSIGNALED(status))
    return "was ended by signal " + std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) + ")";
  return "ended with " + std::to_string(WEXITSTATUS(status));
}

} // namespace

int runHost(const Arguments &arguments) {
  std::string library = findLibrary();
  TemporaryFile results;
  setenv(host::settingsVariable, host::writeSettings(settingsOf(arguments, results.path)).c_str(), 1);
  prepend("LD_PRELOAD", library);
  // For programs that open the driver by its name, or need a runtime that is not installed.
  prepend("LD_LIBRARY_PATH", fs::path(library).parent_path());
  int status = waitFor(arguments);

  host::LaunchResult sum;
  uint64_t judged = 0, faulty = 0;
  std::vector<host::LaunchResult> launches = host::readResults(results.path);
  for (const host::LaunchResult &launch : launches) {
    sum.verdicts += launch.verdicts;
    sum.warpInstructions += launch.warpInstructions;
    sum.asynchronousOperations += launch.asynchronousOperations;
    judged += launch.isJudged;
    faulty += launch.verdicts != 0;
  }
  if (status)
    std::cerr << "girih-sim: '" << arguments.program << "' " << describe(status) << "\n";
  if (!arguments.isQuiet)
    std::cout << (sum.verdicts ? "failed" : "ok") << ": " << launches.size() << " launches, " << judged << " judged, "
              << faulty << " with verdicts, " << sum.warpInstructions << " warp instructions, "
              << sum.asynchronousOperations << " asynchronous operations\n";
  return sum.verdicts ? 1 : status ? programFailed : 0;
}

} // namespace girih::sim
