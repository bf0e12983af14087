// Where the manager keeps the traces under way: bounded, and dropped or halted with age.
//
// Two policies behind one interface. TtlCache is for installations without a timeout: a trace that
// outlives its time to live is dropped in silence, and when the cache is full the trace that was
// used longest ago goes first (reads count as use). TimeoutCache never drops with age: it names the
// traces that took too long once, they stay until they are taken out; when it is full the trace
// that came first goes, whether it was read or not.
//
// Not thread-safe: the manager holds its lock. Times are milliseconds of any clock that does not
// run backwards.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "manager/trace_entry.h"

namespace spandrel::manager {

struct CachedTrace {
  std::string id;
  std::unique_ptr<TraceEntry> entry;
};

class TraceCache {
 public:
  explicit TraceCache(size_t maxSize);
  virtual ~TraceCache();
  TraceCache(const TraceCache&) = delete;
  TraceCache& operator=(const TraceCache&) = delete;

  // 0: this cache has no timeout (or no time to live).
  virtual uint64_t timeoutSeconds() const { return 0; }
  virtual uint64_t ttlSeconds() const { return 0; }

  size_t size() const { return places_.size(); }
  size_t maxSize() const { return maxSize_; }
  size_t countSpans() const;

  // Null where there is none. Counts as a read.
  virtual TraceEntry* find(std::string_view id, uint64_t nowMillis) = 0;
  // Replaces an entry of this id. What had to go to make room is returned; an entry of the same id
  // is among it.
  virtual std::vector<CachedTrace> insert(std::string id, std::unique_ptr<TraceEntry> entry,
                                          uint64_t nowMillis) = 0;

  // Takes the entry out; null where there is none. `nowMillis` past its time to live: none.
  std::unique_ptr<TraceEntry> remove(std::string_view id, uint64_t nowMillis);
  std::vector<CachedTrace> removeAll();
  // Entries whose time to live is over.
  virtual std::vector<CachedTrace> removeExpired(uint64_t) { return {}; }
  // Traces that took longer than the timeout and have not been named before.
  virtual std::vector<std::string> nameTimedOut(uint64_t) { return {}; }

 protected:
  struct Place {
    std::string id;
    std::unique_ptr<TraceEntry> entry;
    uint64_t insertedMillis;
    bool isTimedOut = false;
    std::list<Place*>::iterator use;  // into byUse_
  };
  using Places = std::list<Place>;

  Place* place(std::string_view id);
  void add(std::string id, std::unique_ptr<TraceEntry> entry, uint64_t nowMillis);
  CachedTrace take(Place& place);
  virtual bool isExpired(const Place&, uint64_t) const { return false; }

  size_t maxSize_;
  Places byAge_;                                                   // first inserted first
  std::list<Place*> byUse_;                                        // longest unused first
  std::unordered_map<std::string_view, Places::iterator> places_;  // keys look into Place::id
};

class TtlCache final : public TraceCache {
 public:
  TtlCache(size_t maxSize, uint64_t ttlSeconds);
  uint64_t ttlSeconds() const override { return ttlSeconds_; }
  TraceEntry* find(std::string_view id, uint64_t nowMillis) override;
  std::vector<CachedTrace> insert(std::string id, std::unique_ptr<TraceEntry> entry,
                                  uint64_t nowMillis) override;
  std::vector<CachedTrace> removeExpired(uint64_t nowMillis) override;

 private:
  bool isExpired(const Place& place, uint64_t nowMillis) const override;

  uint64_t ttlSeconds_;
};

class TimeoutCache final : public TraceCache {
 public:
  TimeoutCache(size_t maxSize, uint64_t timeoutSeconds);
  uint64_t timeoutSeconds() const override { return timeoutSeconds_; }
  TraceEntry* find(std::string_view id, uint64_t nowMillis) override;
  std::vector<CachedTrace> insert(std::string id, std::unique_ptr<TraceEntry> entry,
                                  uint64_t nowMillis) override;
  std::vector<std::string> nameTimedOut(uint64_t nowMillis) override;

 private:
  uint64_t timeoutSeconds_;
};

}  // namespace spandrel::manager
