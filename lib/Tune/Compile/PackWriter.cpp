#include "PackWriter.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

namespace json = llvm::json;
using llvm::Error;

namespace girih::tune {

static std::string asLine(json::Object object) { return llvm::formatv("{0}\n", json::Value(std::move(object))).str(); }

/// Reads what an earlier run wrote, all of it whole lines.
Error PackWriter::read(llvm::StringRef text, const json::Object &header) {
  int64_t number = 0;
  for (llvm::StringRef lineText : llvm::split(text.drop_back(), '\n')) {
    ++number;
    llvm::Expected<json::Value> value = json::parse(lineText);
    if (!value)
      return value.takeError();
    const json::Object *line = value->getAsObject();
    if (!line)
      return llvm::createStringError("line %d is no object", int(number));
    if (number == 1) {
      for (const auto &[name, expected] : header)
        if (const json::Value *found = line->get(name); !found || *found != expected)
          return llvm::createStringError(llvm::formatv("it was made with {0} {1}, this is {2}; give another folder",
                                                       name.str(), found ? *found : json::Value(nullptr), expected));
      continue;
    }
    Known &known = problems[line->getString("problem").value_or("")];
    known.schedules.insert(line->getString("schedule").value_or(""));
    if (auto code = line->getString("code")) {
      known.code.insert(*code);
      ++known.compiled;
    }
  }
  return Error::success();
}

llvm::Expected<std::unique_ptr<PackWriter>> PackWriter::open(const std::string &directory, json::Object header) {
  auto writer = std::make_unique<PackWriter>();
  writer->directory = directory;
  if (std::error_code code = llvm::sys::fs::create_directories(directory))
    return llvm::createFileError(directory, code);
  llvm::SmallString<128> path(directory);
  llvm::sys::path::append(path, "pack.jsonl");
  uint64_t whole = 0;
  if (auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false,
                                                /*IsVolatile=*/true)) {
    // A run that was interrupted can leave a part of a line.
    llvm::StringRef text = (*buffer)->getBuffer();
    whole = text.rfind('\n') + 1; // npos + 1 is 0
    if (whole)
      if (Error error = writer->read(text.take_front(whole), header))
        return llvm::createFileError(path, std::move(error));
  }
  std::error_code code;
  writer->lines = std::make_unique<llvm::raw_fd_ostream>(path, code, llvm::sys::fs::CD_OpenAlways,
                                                         llvm::sys::fs::FA_Write, llvm::sys::fs::OF_None);
  if (code)
    return llvm::createFileError(path, code);
  writer->lines->seek(whole);
  if (whole == 0)
    if (Error error = writer->add(std::move(header)))
      return std::move(error);
  return writer;
}

Error PackWriter::write(const llvm::Twine &fileName, llvm::StringRef contents) const {
  llvm::SmallString<128> path(directory);
  llvm::sys::path::append(path, fileName);
  return llvm::writeToOutput(path, [&](llvm::raw_ostream &stream) {
    stream << contents;
    return Error::success();
  });
}

Error PackWriter::add(json::Object line) {
  std::lock_guard<std::mutex> lock(mutex);
  // In one piece: what is left of the pack of a longer run is overwritten.
  *lines << asLine(std::move(line));
  lines->flush();
  std::error_code code = lines->error();
  lines->clear_error();
  return code ? llvm::createFileError(directory, code) : Error::success();
}

Error PackWriter::add(json::Object line, llvm::StringRef stem, llvm::StringRef cubin, json::Object manifest) {
  if (Error error = write(stem + ".cubin", cubin))
    return error;
  if (Error error = write(stem + ".json", asLine(std::move(manifest))))
    return error;
  line["manifest"] = stem.str() + ".json";
  return add(std::move(line));
}

} // namespace girih::tune
