// Queues of export tasks and batchers of spans, each known by a number: js/load/queue_core.ts.
// Times are milliseconds as doubles, which need no bigint on the way.
#include <memory>
#include <string>

#include "exporting/numbered.h"
#include "exporting/span_batcher.h"
#include "exporting/task_queue.h"
#include "handover.h"

namespace spandrel::wasm {

using exporting::SpanBatcher;
using exporting::TaskQueue;

namespace {

exporting::Numbered<TaskQueue>& queues() {
  static exporting::Numbered<TaskQueue> all;
  return all;
}
exporting::Numbered<SpanBatcher>& batchers() {
  static exporting::Numbered<SpanBatcher> all;
  return all;
}

int64_t millis(double value) {
  return static_cast<int64_t>(value);
}
int32_t replyWords(const std::vector<uint32_t>& words) {
  return reply(std::string(reinterpret_cast<const char*>(words.data()), words.size() * 4));
}

}  // namespace

SPANDREL_EXPORT uint32_t makeTaskQueue(uint32_t capacity, uint32_t workers,
                                       double lastWarningMillis) {
  return queues().add(
      std::make_shared<TaskQueue>(TaskQueue::Limits{capacity, workers}, millis(lastWarningMillis)));
}
SPANDREL_EXPORT void freeTaskQueue(uint32_t queue) {
  queues().remove(queue);
}
SPANDREL_EXPORT int32_t taskQueuePut(uint32_t queue, uint32_t task, double now) {
  return queues().with(queue, int32_t{-1}, [=](TaskQueue& to) {
    return static_cast<int32_t>(to.put(task, millis(now)));
  });
}
SPANDREL_EXPORT void taskQueueActivate(uint32_t queue) {
  queues().with(queue, 0, [](TaskQueue& which) { return which.activate(), 0; });
}
SPANDREL_EXPORT uint32_t taskQueueNext(uint32_t queue) {
  return queues().with(queue, 0u, [](TaskQueue& from) { return from.next(); });
}
SPANDREL_EXPORT bool taskQueueDone(uint32_t queue, uint32_t task) {
  return queues().with(queue, false, [=](TaskQueue& of) { return of.done(task); });
}
SPANDREL_EXPORT bool taskQueueFlush(uint32_t queue, bool terminate) {
  return queues().with(queue, false, [=](TaskQueue& which) { return which.flush(terminate); });
}
SPANDREL_EXPORT int32_t taskQueueState(uint32_t queue) {
  return queues().with(queue, int32_t{-1},
                       [](TaskQueue& of) { return static_cast<int32_t>(of.state()); });
}

SPANDREL_EXPORT uint32_t makeSpanBatcher(uint32_t maxBatchSize, double intervalMillis) {
  return batchers().add(
      std::make_shared<SpanBatcher>(SpanBatcher::Limits{maxBatchSize, millis(intervalMillis)}));
}
SPANDREL_EXPORT void freeSpanBatcher(uint32_t batcher) {
  batchers().remove(batcher);
}
SPANDREL_EXPORT int32_t spanBatcherAdd(uint32_t batcher, uint32_t locationLength, uint32_t item,
                                       double now) {
  return batchers().with(batcher, int32_t{-1}, [=](SpanBatcher& to) {
    return static_cast<int32_t>(to.add(inputText(locationLength), item, millis(now)));
  });
}
SPANDREL_EXPORT double spanBatcherMillisUntilDue(uint32_t batcher, double now) {
  return batchers().with(batcher, -1.0, [=](SpanBatcher& of) {
    return static_cast<double>(of.millisUntilDue(millis(now)));
  });
}
SPANDREL_EXPORT int32_t spanBatcherTake(uint32_t batcher, bool all, double now) {
  return batchers().with(batcher, int32_t{0}, [=](SpanBatcher& from) {
    return replyWords(from.take(all, millis(now)));
  });
}
SPANDREL_EXPORT int32_t spanBatcherStop(uint32_t batcher) {
  return batchers().with(batcher, int32_t{0},
                         [](SpanBatcher& which) { return replyWords(which.stop()); });
}

// How many of both there are, for tests of what is freed.
SPANDREL_EXPORT uint32_t queueAndBatcherCount() {
  return static_cast<uint32_t>(queues().size() + batchers().size());
}

}  // namespace spandrel::wasm
