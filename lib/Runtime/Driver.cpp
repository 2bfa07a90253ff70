//===- Driver.cpp - The CUDA driver, loaded at run time -------------------===//

#include "girih/Runtime/Driver.h"
#include "girih/Runtime/SharedLibrary.h"
#include "girih/Support/Error.h"
#include <atomic>

using namespace girih;
using namespace girih::runtime;

// Two steps, so that the argument is expanded before it is made a string.
#define GIRIH_SYMBOL_TEXT(symbol) #symbol
#define GIRIH_SYMBOL(symbol) GIRIH_SYMBOL_TEXT(symbol)

static Driver loadDriver() {
  SharedLibrary library = SharedLibrary::open({"libcuda.so.1"});
  if (!library)
    throw Error("no CUDA driver: libcuda.so.1 not found");
  Driver driver;
#define GIRIH_LOAD(function) driver.function = library.require<decltype(driver.function)>(GIRIH_SYMBOL(function));
  GIRIH_CUDA_FUNCTIONS(GIRIH_LOAD)
#undef GIRIH_LOAD
  if (CUresult result = driver.cuInit(0); result != CUDA_SUCCESS) {
    const char *name = nullptr;
    driver.cuGetErrorName(result, &name);
    throw Error(std::string("the CUDA driver does not start: ") + (name ? name : "unknown error"));
  }
  return driver;
}

const Driver &runtime::driver() {
  static const Driver loaded = loadDriver();
  return loaded;
}

void runtime::checkCuda(CUresult result, const char *call) {
  if (result == CUDA_SUCCESS)
    return;
  const char *name = nullptr, *meaning = nullptr;
  driver().cuGetErrorName(result, &name);
  driver().cuGetErrorString(result, &meaning);
  throw Error(std::string(call) + " failed: " + (name ? name : std::to_string(result).c_str()) +
              (meaning ? std::string(" (") + meaning + ")" : ""));
}

static std::atomic<bool> abandoned{false};

bool runtime::deviceAbandoned() { return abandoned; }
void runtime::abandonDevice() { abandoned = true; }
