// Spans on their way to tables, gathered into batches: full ones at once, the rest after a while.
//
// Spans are numbers that the host chooses and may repeat; it keeps the spans themselves. A batch
// may hold spans for several locations and is given out as one group a location, in the order in
// which the locations first stand in it. Locations are kept as text only while spans wait for them.
// Safe to use from several threads.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace spandrel::exporting {

class SpanBatcher {
 public:
  // Full batches that may wait for the host to take them, before add() insists.
  static constexpr uint32_t kMaxFullBatches = 16;

  struct Limits {
    uint32_t maxBatchSize = 10;  // 0 and 1: nothing is gathered
    int64_t intervalMillis = 5'000;
  };

  enum class Advice : uint8_t {
    Wait,       // until it is due, see millisUntilDue()
    SendAlone,  // it was not kept: batches hold one span each
    TakeSoon,   // a batch is full: take() before the host turns to other things
    TakeNow,    // so many batches are full that no more may come before take()
    Dropped,    // after stop()
  };

  explicit SpanBatcher(Limits limits);

  // Times are milliseconds of a monotonic clock.
  Advice add(std::string_view location, uint32_t item, int64_t nowMillis);

  // Until everything that waits is to be taken, 0 when that is now; negative: nothing waits.
  int64_t millisUntilDue(int64_t nowMillis) const;

  // Groups back to back: the number of items, then the items. Only full batches, unless `all`.
  // What stays waits a whole interval again.
  std::vector<uint32_t> take(bool all, int64_t nowMillis);
  // The rest, as take(); from now on spans are dropped, except where they are sent alone.
  std::vector<uint32_t> stop();

  uint32_t waiting() const;
  uint64_t dropped() const;

 private:
  struct Location {
    uint32_t waiting = 0;
    uint64_t batch = 0;  // the batch that `group` belongs to
    size_t group = 0;
  };
  using Locations = std::map<std::string, Location, std::less<>>;
  struct Waiting {
    Locations::iterator location;
    uint32_t item;
  };

  std::vector<uint32_t> takeLocked(bool all);
  void takeBatch(size_t size, std::vector<uint32_t>& words);

  mutable std::mutex lock_;
  const Limits limits_;
  Locations locations_;
  std::deque<Waiting> waiting_;
  int64_t dueMillis_ = 0;
  uint64_t batches_ = 0;
  uint64_t dropped_ = 0;
  bool isStopped_ = false;
};

}  // namespace spandrel::exporting
