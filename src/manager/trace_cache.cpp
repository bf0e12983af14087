#include "manager/trace_cache.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace spandrel::manager {
namespace {

bool isOlderThan(uint64_t insertedMillis, uint64_t seconds, uint64_t nowMillis) {
  return nowMillis >= insertedMillis && nowMillis - insertedMillis >= seconds * 1000;
}

}  // namespace

TraceCache::TraceCache(size_t maxSize) : maxSize_(std::max<size_t>(maxSize, 1)) {}
TraceCache::~TraceCache() = default;

std::unique_ptr<TraceEntry> TraceCache::remove(std::string_view id, uint64_t nowMillis) {
  Place* found = place(id);
  if (found == nullptr || isExpired(*found, nowMillis)) return nullptr;
  return take(*found).entry;
}

std::vector<CachedTrace> TraceCache::removeAll() {
  std::vector<CachedTrace> all;
  while (!byAge_.empty()) all.push_back(take(byAge_.front()));
  return all;
}

size_t TraceCache::countSpans() const {
  size_t spans = 0;
  for (const Place& place : byAge_) spans += place.entry->slots.size();
  return spans;
}

TraceCache::Place* TraceCache::place(std::string_view id) {
  const auto found = places_.find(id);
  return found == places_.end() ? nullptr : &*found->second;
}

void TraceCache::add(std::string id, std::unique_ptr<TraceEntry> entry, uint64_t nowMillis) {
  byAge_.push_back(Place{std::move(id), std::move(entry), nowMillis, false, {}});
  Place& added = byAge_.back();
  added.use = byUse_.insert(byUse_.end(), &added);
  places_.emplace(added.id, std::prev(byAge_.end()));
}

CachedTrace TraceCache::take(Place& place) {
  const auto found = places_.find(place.id);
  const auto position = found->second;
  places_.erase(found);
  byUse_.erase(place.use);
  CachedTrace taken{std::move(place.id), std::move(place.entry)};
  byAge_.erase(position);
  return taken;
}

TtlCache::TtlCache(size_t maxSize, uint64_t ttlSeconds)
    : TraceCache(maxSize), ttlSeconds_(ttlSeconds) {}

bool TtlCache::isExpired(const Place& place, uint64_t nowMillis) const {
  return isOlderThan(place.insertedMillis, ttlSeconds_, nowMillis);
}

TraceEntry* TtlCache::find(std::string_view id, uint64_t nowMillis) {
  Place* found = place(id);
  if (found == nullptr || isExpired(*found, nowMillis)) return nullptr;
  byUse_.splice(byUse_.end(), byUse_, found->use);
  return found->entry.get();
}

std::vector<CachedTrace> TtlCache::insert(std::string id, std::unique_ptr<TraceEntry> entry,
                                          uint64_t nowMillis) {
  std::vector<CachedTrace> gone = removeExpired(nowMillis);
  if (Place* same = place(id)) gone.push_back(take(*same));
  if (size() >= maxSize_) gone.push_back(take(*byUse_.front()));
  add(std::move(id), std::move(entry), nowMillis);
  return gone;
}

std::vector<CachedTrace> TtlCache::removeExpired(uint64_t nowMillis) {
  std::vector<CachedTrace> expired;
  while (!byAge_.empty() && isExpired(byAge_.front(), nowMillis))
    expired.push_back(take(byAge_.front()));
  return expired;
}

TimeoutCache::TimeoutCache(size_t maxSize, uint64_t timeoutSeconds)
    : TraceCache(maxSize), timeoutSeconds_(timeoutSeconds) {}

TraceEntry* TimeoutCache::find(std::string_view id, uint64_t) {
  Place* found = place(id);
  return found == nullptr ? nullptr : found->entry.get();
}

std::vector<CachedTrace> TimeoutCache::insert(std::string id, std::unique_ptr<TraceEntry> entry,
                                              uint64_t nowMillis) {
  std::vector<CachedTrace> gone;
  if (Place* same = place(id)) gone.push_back(take(*same));
  if (size() >= maxSize_) gone.push_back(take(byAge_.front()));
  add(std::move(id), std::move(entry), nowMillis);
  return gone;
}

std::vector<std::string> TimeoutCache::nameTimedOut(uint64_t nowMillis) {
  std::vector<std::string> named;
  for (Place& place : byAge_) {
    if (!isOlderThan(place.insertedMillis, timeoutSeconds_, nowMillis)) break;
    if (std::exchange(place.isTimedOut, true)) continue;
    named.push_back(place.id);
  }
  return named;
}

}  // namespace spandrel::manager
