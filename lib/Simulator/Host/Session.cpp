//===- Session.cpp - A program without a GPU ------------------------------===//
#include "Api.h"

#include <cstdio>
#include <new>

namespace girih::sim::host {

Session::Session() : settings(readSettings()), chip(findChip(settings.chip)), modules(memory, chip) {
  memory.total = chip.memoryBytes;
}

Session &Session::get() {
  // Never destroyed: static destructors of the program still call.
  static Session *session = new Session;
  return *session;
}

void Session::tell(const std::string &message) {
  if (told.insert(message).second)
    std::fprintf(stderr, "girih-sim: %s\n", message.c_str());
}

static thread_local const char *entered = nullptr;
static thread_local cudaError_t last = cudaSuccess;

Entry::Entry(const char *name) : isOuter(!entered) {
  if (isOuter)
    entered = name;
}

Entry::~Entry() {
  if (isOuter)
    entered = nullptr;
}

const char *Entry::name() { return entered; }

/// Nothing of this library may be thrown into the program.
static int guarded(Session &session, const std::function<int(Session &)> &work) {
  try {
    return work(session);
  } catch (const Refusal &refusal) {
    session.tell(std::string(Entry::name()) + ": " + refusal.message);
    return refusal.code;
  } catch (const Stop &stop) {
    session.tell(std::string(Entry::name()) + ": " + stop.found.str());
    return stop.found.kind == VerdictKind::Unsupported ? CUDA_ERROR_NOT_SUPPORTED : CUDA_ERROR_INVALID_PTX;
  } catch (const std::bad_alloc &) {
    return CUDA_ERROR_OUT_OF_MEMORY;
  } catch (const std::exception &error) {
    session.tell(std::string(Entry::name()) + ": " + error.what());
    return CUDA_ERROR_UNKNOWN;
  }
}

CUresult enterDriver(const char *name, bool mayFollowFailure, const std::function<CUresult(Session &)> &work) {
  Entry entry(name);
  Session &session = Session::get();
  std::lock_guard<std::recursive_mutex> lock(session.lock);
  if (session.failure && !mayFollowFailure)
    return CUresult(session.failure);
  return CUresult(guarded(session, work));
}

cudaError_t run(const char *name, const std::function<cudaError_t(Session &)> &work) {
  Entry entry(name);
  Session &session = Session::get();
  std::lock_guard<std::recursive_mutex> lock(session.lock);
  cudaError_t error = session.failure ? cudaError_t(session.failure) : cudaError_t(guarded(session, work));
  if (error != cudaSuccess && error != cudaErrorNotReady)
    last = error;
  return error;
}

cudaError_t lastError(bool forgets) {
  Session &session = Session::get();
  std::lock_guard<std::recursive_mutex> lock(session.lock);
  // A failed context is not forgotten.
  cudaError_t error = session.failure ? cudaError_t(session.failure) : last;
  if (forgets)
    last = cudaSuccess;
  return error;
}

} // namespace girih::sim::host
