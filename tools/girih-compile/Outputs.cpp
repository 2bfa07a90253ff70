#include "Outputs.h"

#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

namespace fs = llvm::sys::fs;
using llvm::Error;

namespace girih {

OutputFiles::~OutputFiles() {
  for (File &file : files)
    llvm::consumeError(file.temporary.discard());
}

Error OutputFiles::add(const llvm::Twine &fileName, llvm::StringRef contents) {
  llvm::SmallString<128> path(directory), model(directory);
  llvm::sys::path::append(path, fileName);
  // Found before anything is named: a rename would find it too late.
  if (fs::is_directory(path))
    return llvm::createFileError(path, std::make_error_code(std::errc::is_a_directory));
  llvm::sys::path::append(model, ".girih-%%%%%%%%");
  auto temporary = fs::TempFile::create(model);
  if (!temporary)
    return llvm::createFileError(path, temporary.takeError());
  files.push_back({path.str().str(), std::move(*temporary)});
  llvm::raw_fd_ostream stream(files.back().temporary.FD, /*shouldClose=*/false);
  stream << contents;
  stream.flush();
  std::error_code code = stream.error();
  stream.clear_error();
  return code ? llvm::createFileError(path, code) : Error::success();
}

Error OutputFiles::keep() {
  for (File &file : files)
    if (Error error = file.temporary.keep(file.path))
      return llvm::createFileError(file.path, std::move(error));
  files.clear();
  return Error::success();
}

Error writeWholeFile(llvm::StringRef directory, const llvm::Twine &fileName, llvm::StringRef contents) {
  OutputFiles files(directory);
  if (Error error = files.add(fileName, contents))
    return error;
  return files.keep();
}

} // namespace girih
