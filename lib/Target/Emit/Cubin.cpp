// The assembler: finding ptxas, running it, reading its report.
#include "girih/Target/Emit.h"

#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/Signals.h"

using namespace mlir;

namespace girih {
namespace {

/// What the pattern's group matches in the text, or nothing.
StringRef findGroup(StringRef text, StringRef pattern) {
  SmallVector<StringRef> groups;
  return llvm::Regex(pattern).match(text, &groups) ? groups[1] : StringRef();
}

/// The same as a number, or 0.
int64_t findNumber(StringRef text, StringRef pattern) {
  int64_t value = 0;
  findGroup(text, pattern).getAsInteger(10, value);
  return value;
}

/// ptxas -v tells of one entry function after another; the lines about a function
/// follow the one that names it.
llvm::StringMap<Resources> parseReport(StringRef log) {
  llvm::StringMap<Resources> kernels;
  StringRef entry, function;
  for (StringRef line : llvm::split(log, '\n')) {
    if (StringRef name = findGroup(line, "Compiling entry function '([^']*)'"); !name.empty())
      entry = name;
    else if (StringRef name = findGroup(line, "Function properties for ([^ ]*)"); !name.empty())
      function = name;
    else if (line.contains("bytes stack frame"))
      kernels[function] = {
          0, findNumber(line, "([0-9]+) bytes spill stores") + findNumber(line, "([0-9]+) bytes spill loads"),
          findNumber(line, "([0-9]+) bytes stack frame")};
    else if (int64_t registers = findNumber(line, "Used ([0-9]+) registers"))
      kernels[entry].registers = registers;
  }
  return kernels;
}

/// ptxas does not always notice that a file system is full.
llvm::Error checkIsWhole(StringRef cubin) {
  auto object = llvm::object::ELFFile<llvm::object::ELF64LE>::create(cubin);
  if (!object)
    return object.takeError();
  if (auto headers = object->program_headers(); !headers)
    return headers.takeError();
  auto sections = object->sections();
  if (!sections)
    return sections.takeError();
  if (sections->empty())
    return llvm::createStringError("it has no sections");
  for (const auto &section : *sections)
    if (section.sh_type != llvm::ELF::SHT_NOBITS)
      if (auto contents = object->getSectionContents(section); !contents)
        return contents.takeError();
  return llvm::Error::success();
}

std::string readFile(StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().str() : std::string();
}

/// A file that is gone when this goes out of scope or a signal ends the program.
struct TemporaryFile {
  explicit TemporaryFile(StringRef suffix) {
    error = llvm::sys::fs::createTemporaryFile("girih", suffix, path);
    if (!error)
      llvm::sys::RemoveFileOnSignal(path);
  }
  ~TemporaryFile() {
    if (error)
      return;
    llvm::sys::fs::remove(path);
    llvm::sys::DontRemoveFileOnSignal(path);
  }
  llvm::SmallString<128> path;
  std::error_code error;
};

/// What to turn where registers are short.
constexpr StringRef kRegisterKnobs = " (knobs rows, columns, workers and compute_registers)";

/// Warnings of ptxas, each at the kernel that it names.
void reportWarnings(gpu::GPUModuleOp module, const Assembly &assembly) {
  for (StringRef line : llvm::split(assembly.log, '\n')) {
    if (!line.contains("C75") && !line.contains("warning"))
      continue;
    Operation *kernel = module.lookupSymbol(findGroup(line, "function '([^']*)'"));
    emitWarning(kernel ? kernel->getLoc() : module.getLoc())
        << "ptxas: " << line.trim() << (line.contains("register") ? kRegisterKnobs : StringRef());
  }
  for (auto kernel : module.getOps<SymbolOpInterface>())
    if (int64_t bytes = assembly.kernels.lookup(kernel.getName()).spillBytes)
      kernel.emitWarning() << "ptxas spills " << bytes << " bytes a thread" << kRegisterKnobs;
}

} // namespace

std::string findPtxas(StringRef given) {
  if (!given.empty()) {
    // As a shell does: a name without a folder is looked up on PATH.
    auto path = llvm::sys::findProgramByName(given);
    return path ? *path : given.str();
  }
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

std::string assemblerVersion(StringRef ptxas) {
  TemporaryFile output("txt");
  if (output.error)
    return "";
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(output.path), StringRef("")};
  llvm::sys::ExecuteAndWait(ptxas, {ptxas, "--version"}, std::nullopt, redirects);
  return findGroup(readFile(output.path), "(V[0-9.]+)").str();
}

FailureOr<Assembly> assemble(gpu::GPUModuleOp module, StringRef ptx, StringRef chip, StringRef ptxas,
                             bool hasLineInfo) {
  TemporaryFile source("ptx"), object("cubin"), report("log");
  for (const TemporaryFile *file : {&source, &object, &report})
    if (file->error)
      return module.emitError("cannot make a temporary file: ") << file->error.message();
  {
    std::error_code code;
    llvm::raw_fd_ostream stream(source.path, code);
    stream << ptx;
    stream.close();
    if (stream.has_error()) {
      code = stream.error();
      stream.clear_error();
    }
    if (code)
      return module.emitError("cannot write ") << source.path << ": " << code.message();
  }
  std::string arch = ("-arch=" + chip).str();
  // ptxas reads and writes what it is given open: if this program is ended by a
  // signal and removes its files, ptxas, which runs on, makes none anew.
  SmallVector<StringRef> arguments = {ptxas, "-v", arch, "-o", "/dev/stdout", "/dev/stdin"};
  if (hasLineInfo)
    arguments.push_back("-lineinfo");
  std::optional<StringRef> redirects[] = {StringRef(source.path), StringRef(object.path), StringRef(report.path)};
  std::string error;
  int code = llvm::sys::ExecuteAndWait(ptxas, arguments, std::nullopt, redirects, 0, 0, &error);
  Assembly assembly{readFile(object.path), {}, readFile(report.path)};
  if (!error.empty())
    return module.emitError("cannot run ") << ptxas << ": " << error;
  if (code != 0)
    return module.emitError("ptxas failed: ") << assembly.log;
  if (llvm::Error broken = checkIsWhole(assembly.cubin))
    return module.emitError("ptxas wrote a broken cubin: ")
           << llvm::toString(std::move(broken)) << "; is there space in " << llvm::sys::path::parent_path(object.path)
           << "?";
  assembly.kernels = parseReport(assembly.log);
  reportWarnings(module, assembly);
  return assembly;
}

} // namespace girih
