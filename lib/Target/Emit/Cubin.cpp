// The assembler: finding ptxas, running it, reading its report.
#include "girih/Target/Emit.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Regex.h"

using namespace mlir;

namespace girih {
namespace {

/// The first number that the pattern's group matches in the text, or 0.
int64_t findNumber(StringRef text, StringRef pattern) {
  SmallVector<StringRef> groups;
  int64_t value = 0;
  if (llvm::Regex(pattern).match(text, &groups))
    groups[1].getAsInteger(10, value);
  return value;
}

Resources parseReport(StringRef log) {
  return {findNumber(log, "Used ([0-9]+) registers"),
          findNumber(log, "([0-9]+) bytes spill stores") + findNumber(log, "([0-9]+) bytes spill loads"),
          findNumber(log, "([0-9]+) bytes stack frame")};
}

std::string readFile(StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().str() : std::string();
}

/// A file that is gone when this goes out of scope.
struct TemporaryFile {
  explicit TemporaryFile(StringRef suffix) {
    error = llvm::sys::fs::createTemporaryFile("girih", suffix, descriptor, path);
  }
  ~TemporaryFile() {
    if (!error)
      llvm::sys::fs::remove(path);
  }
  llvm::SmallString<128> path;
  int descriptor = -1;
  std::error_code error;
};

} // namespace

std::string findPtxas(StringRef given) {
  if (!given.empty())
    return given.str();
  for (const char *variable : {"CUDA_ROOT", "CUDA_HOME", "CUDA_PATH"})
    if (std::optional<std::string> root = llvm::sys::Process::GetEnv(variable)) {
      llvm::SmallString<128> path(*root);
      llvm::sys::path::append(path, "bin", "ptxas");
      if (llvm::sys::fs::can_execute(path))
        return path.str().str();
    }
  if (auto path = llvm::sys::findProgramByName("ptxas"))
    return *path;
  constexpr llvm::StringLiteral usual = "/usr/local/cuda/bin/ptxas";
  return llvm::sys::fs::can_execute(usual) ? usual.str() : std::string();
}

FailureOr<Assembly> assemble(Location loc, StringRef ptx, StringRef chip, StringRef ptxas, bool hasLineInfo) {
  TemporaryFile source("ptx"), object("cubin"), report("log");
  for (const TemporaryFile *file : {&source, &object, &report})
    if (file->error)
      return emitError(loc) << "cannot make a temporary file: " << file->error.message();
  {
    llvm::raw_fd_ostream stream(source.descriptor, /*shouldClose=*/true);
    stream << ptx;
    stream.flush();
    if (stream.has_error()) {
      std::string message = stream.error().message();
      stream.clear_error();
      return emitError(loc) << "cannot write " << source.path << ": " << message;
    }
  }
  std::string arch = ("-arch=" + chip).str();
  SmallVector<StringRef> arguments = {ptxas, "-v", arch, "-o", object.path, source.path};
  if (hasLineInfo)
    arguments.push_back("-lineinfo");
  std::optional<StringRef> redirects[] = {std::nullopt, StringRef(report.path), StringRef(report.path)};
  std::string error;
  int code = llvm::sys::ExecuteAndWait(ptxas, arguments, std::nullopt, redirects, 0, 0, &error);
  std::string log = readFile(report.path);
  if (!error.empty())
    return emitError(loc) << "cannot run " << ptxas << ": " << error;
  if (code != 0)
    return emitError(loc) << "ptxas failed: " << log;

  Assembly assembly{readFile(object.path), parseReport(log), log};
  if (assembly.resources.spillBytes > 0)
    emitWarning(loc) << "ptxas spills " << assembly.resources.spillBytes << " bytes a thread";
  for (StringRef line : llvm::split(log, '\n'))
    if (line.contains("C75") || line.contains("warning"))
      emitWarning(loc) << "ptxas: " << line.trim();
  return assembly;
}

} // namespace girih
