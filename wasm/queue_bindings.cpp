// Queues of export tasks and batchers of spans, each known by a number: js/load/queue_core.ts.
// Times are milliseconds as doubles, which need no bigint on the way.
#include <emscripten/bind.h>

#include <memory>
#include <string>

#include "exporting/numbered.h"
#include "exporting/span_batcher.h"
#include "exporting/task_queue.h"
#include "handover.h"

namespace spandrel::wasm {
namespace {

using exporting::SpanBatcher;
using exporting::TaskQueue;

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

uint32_t makeTaskQueue(uint32_t capacity, uint32_t workers, double lastWarningMillis) {
  return queues().add(
      std::make_shared<TaskQueue>(TaskQueue::Limits{capacity, workers}, millis(lastWarningMillis)));
}
void freeTaskQueue(uint32_t queue) {
  queues().remove(queue);
}
int32_t taskQueuePut(uint32_t queue, uint32_t task, double now) {
  return queues().with(queue, int32_t{-1}, [=](TaskQueue& to) {
    return static_cast<int32_t>(to.put(task, millis(now)));
  });
}
void taskQueueActivate(uint32_t queue) {
  queues().with(queue, 0, [](TaskQueue& which) { return which.activate(), 0; });
}
uint32_t taskQueueNext(uint32_t queue) {
  return queues().with(queue, 0u, [](TaskQueue& from) { return from.next(); });
}
bool taskQueueDone(uint32_t queue, uint32_t task) {
  return queues().with(queue, false, [=](TaskQueue& of) { return of.done(task); });
}
bool taskQueueFlush(uint32_t queue, bool terminate) {
  return queues().with(queue, false, [=](TaskQueue& which) { return which.flush(terminate); });
}
int32_t taskQueueState(uint32_t queue) {
  return queues().with(queue, int32_t{-1},
                       [](TaskQueue& of) { return static_cast<int32_t>(of.state()); });
}

uint32_t makeSpanBatcher(uint32_t maxBatchSize, double intervalMillis) {
  return batchers().add(
      std::make_shared<SpanBatcher>(SpanBatcher::Limits{maxBatchSize, millis(intervalMillis)}));
}
void freeSpanBatcher(uint32_t batcher) {
  batchers().remove(batcher);
}
int32_t spanBatcherAdd(uint32_t batcher, uint32_t locationLength, uint32_t item, double now) {
  return batchers().with(batcher, int32_t{-1}, [=](SpanBatcher& to) {
    return static_cast<int32_t>(to.add(inputText(locationLength), item, millis(now)));
  });
}
double spanBatcherMillisUntilDue(uint32_t batcher, double now) {
  return batchers().with(batcher, -1.0, [=](SpanBatcher& of) {
    return static_cast<double>(of.millisUntilDue(millis(now)));
  });
}
int32_t spanBatcherTake(uint32_t batcher, bool all, double now) {
  return batchers().with(batcher, int32_t{0}, [=](SpanBatcher& from) {
    return replyWords(from.take(all, millis(now)));
  });
}
int32_t spanBatcherStop(uint32_t batcher) {
  return batchers().with(batcher, int32_t{0},
                         [](SpanBatcher& which) { return replyWords(which.stop()); });
}

// How many of both there are, for tests of what is freed.
uint32_t queueAndBatcherCount() {
  return static_cast<uint32_t>(queues().size() + batchers().size());
}

}  // namespace

SPANDREL_LATE_BINDINGS(bindQueues) {
  using emscripten::function;
  function("makeTaskQueue", &makeTaskQueue);
  function("freeTaskQueue", &freeTaskQueue);
  function("taskQueuePut", &taskQueuePut);
  function("taskQueueActivate", &taskQueueActivate);
  function("taskQueueNext", &taskQueueNext);
  function("taskQueueDone", &taskQueueDone);
  function("taskQueueFlush", &taskQueueFlush);
  function("taskQueueState", &taskQueueState);
  function("makeSpanBatcher", &makeSpanBatcher);
  function("freeSpanBatcher", &freeSpanBatcher);
  function("spanBatcherAdd", &spanBatcherAdd);
  function("spanBatcherMillisUntilDue", &spanBatcherMillisUntilDue);
  function("spanBatcherTake", &spanBatcherTake);
  function("spanBatcherStop", &spanBatcherStop);
  function("queueAndBatcherCount", &queueAndBatcherCount);
}

}  // namespace spandrel::wasm
