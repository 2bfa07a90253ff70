//===- Stream.cpp - Streams and events ------------------------------------===//
//
// What is put into a stream is done before the call returns, which is one of
// the orders that a program has to work with. Events have the time of the host.
//
//===----------------------------------------------------------------------===//
#include "../Api.h"

#include <chrono>
#include <memory>

using namespace girih::sim::host;

namespace {

struct Stream {
  unsigned flags = 0;
  int priority = 0;
  uint64_t number = 0;
};

struct Event {
  unsigned flags = 0;
  bool isRecorded = false;
  std::chrono::steady_clock::time_point time;
};

struct Handles {
  std::map<const void *, std::unique_ptr<Stream>> streams;
  std::map<const void *, std::unique_ptr<Event>> events;
  uint64_t count = 2;
};

/// Guarded by the session's lock.
Handles &handles() {
  static Handles *made = new Handles;
  return *made;
}

bool isDefaultStream(CUstream stream) {
  return !stream || stream == CU_STREAM_LEGACY || stream == CU_STREAM_PER_THREAD;
}

const Stream &streamOf(CUstream stream) {
  static const Stream usual;
  if (isDefaultStream(stream))
    return usual;
  auto found = handles().streams.find(stream);
  if (found == handles().streams.end())
    throw Refusal{CUDA_ERROR_INVALID_HANDLE, "the stream does not exist"};
  return *found->second;
}

Event &eventOf(CUevent event) {
  auto found = handles().events.find(event);
  if (found == handles().events.end())
    throw Refusal{CUDA_ERROR_INVALID_HANDLE, "the event does not exist"};
  return *found->second;
}

} // namespace

extern "C" {

CUresult cuStreamCreateWithPriority(CUstream *stream, unsigned flags, int priority) {
  return enter("cuStreamCreate", [&](Session &) {
    auto made = std::make_unique<Stream>(Stream{flags, priority, ++handles().count});
    *stream = reinterpret_cast<CUstream>(made.get());
    handles().streams[made.get()] = std::move(made);
    return CUDA_SUCCESS;
  });
}
CUresult cuStreamCreate(CUstream *stream, unsigned flags) { return cuStreamCreateWithPriority(stream, flags, 0); }

CUresult cuStreamDestroy(CUstream stream) {
  return enter("cuStreamDestroy",
               [&](Session &) { return handles().streams.erase(stream) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE; });
}

CUresult cuStreamSynchronize(CUstream stream) {
  return enter("cuStreamSynchronize", [&](Session &) {
    streamOf(stream);
    return CUDA_SUCCESS;
  });
}
CUresult cuStreamQuery(CUstream stream) { return cuStreamSynchronize(stream); }

CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned) {
  return enter("cuStreamWaitEvent", [&](Session &) {
    streamOf(stream);
    eventOf(event);
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetFlags(CUstream stream, unsigned *flags) {
  return enter("cuStreamGetFlags", [&](Session &) {
    *flags = streamOf(stream).flags;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetPriority(CUstream stream, int *priority) {
  return enter("cuStreamGetPriority", [&](Session &) {
    *priority = streamOf(stream).priority;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetId(CUstream stream, unsigned long long *id) {
  return enter("cuStreamGetId", [&](Session &) {
    *id = isDefaultStream(stream) ? uint64_t(stream) : streamOf(stream).number;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetDevice(CUstream, CUdevice *device) {
  *device = 0;
  return CUDA_SUCCESS;
}
CUresult cuStreamGetCtx(CUstream, CUcontext *context) { return cuCtxGetCurrent(context); }

CUresult cuStreamIsCapturing(CUstream, CUstreamCaptureStatus *status) {
  *status = CU_STREAM_CAPTURE_STATUS_NONE;
  return CUDA_SUCCESS;
}

CUresult cuStreamGetCaptureInfo(CUstream stream, CUstreamCaptureStatus *status, cuuint64_t *, CUgraph *,
                                const CUgraphNode **, const CUgraphEdgeData **, size_t *) {
  return cuStreamIsCapturing(stream, status);
}
CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode) {
  *mode = CU_STREAM_CAPTURE_MODE_GLOBAL;
  return CUDA_SUCCESS;
}

CUresult cuStreamAddCallback(CUstream stream, CUstreamCallback callback, void *data, unsigned) {
  CUresult result = cuStreamSynchronize(stream);
  callback(stream, result, data);
  return CUDA_SUCCESS;
}

CUresult cuLaunchHostFunc(CUstream stream, CUhostFn function, void *data) {
  if (CUresult result = cuStreamSynchronize(stream))
    return result;
  function(data);
  return CUDA_SUCCESS;
}

CUresult cuEventCreate(CUevent *event, unsigned flags) {
  return enter("cuEventCreate", [&](Session &) {
    auto made = std::make_unique<Event>();
    made->flags = flags;
    *event = reinterpret_cast<CUevent>(made.get());
    handles().events[made.get()] = std::move(made);
    return CUDA_SUCCESS;
  });
}

CUresult cuEventDestroy(CUevent event) {
  return enter("cuEventDestroy",
               [&](Session &) { return handles().events.erase(event) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE; });
}

CUresult cuEventRecord(CUevent event, CUstream stream) {
  return enter("cuEventRecord", [&](Session &) {
    streamOf(stream);
    eventOf(event).isRecorded = true;
    eventOf(event).time = std::chrono::steady_clock::now();
    return CUDA_SUCCESS;
  });
}
CUresult cuEventRecordWithFlags(CUevent event, CUstream stream, unsigned) { return cuEventRecord(event, stream); }

CUresult cuEventSynchronize(CUevent event) {
  return enter("cuEventSynchronize", [&](Session &) {
    eventOf(event);
    return CUDA_SUCCESS;
  });
}
CUresult cuEventQuery(CUevent event) { return cuEventSynchronize(event); }

CUresult cuEventElapsedTime(float *milliseconds, CUevent start, CUevent end) {
  return enter("cuEventElapsedTime", [&](Session &) {
    const Event &first = eventOf(start), &second = eventOf(end);
    bool hasTimes = !((first.flags | second.flags) & CU_EVENT_DISABLE_TIMING);
    if (!first.isRecorded || !second.isRecorded || !hasTimes)
      return CUDA_ERROR_INVALID_HANDLE;
    *milliseconds = std::chrono::duration<float, std::milli>(second.time - first.time).count();
    return CUDA_SUCCESS;
  });
}

} // extern "C"
