#include "manager/trace_manager.h"

#include <algorithm>
#include <utility>

#include "manager/trace_entry.h"
#include "trace/constants.h"
#include "trace/finish_trace.h"
#include "trace/linked_prompts.h"
#include "trace/token_usage.h"

namespace spandrel::manager {
namespace {

// Several ids may lead to one trace; more than this many are a mistake and the oldest goes.
constexpr size_t kMaxOtelIds = 64;
// Complete traces whose exporter does not come for them take their chances in the cache.
constexpr size_t kMaxAside = 100'000;

const record::TextTable& emptyTable() {
  static const record::TextTable table;
  return table;
}

struct Instance {
  std::mutex lock;
  std::shared_ptr<TraceManager> manager;
  const record::TextTable* table = nullptr;
  Logger logger;
};

Instance& instance() {
  static Instance one;
  return one;
}

std::unique_ptr<TraceCache> makeCache(const ManagerSettings& settings) {
  if (settings.timeoutSeconds > 0)
    return std::make_unique<TimeoutCache>(settings.maxTraces, settings.timeoutSeconds);
  return std::make_unique<TtlCache>(settings.maxTraces, settings.ttlSeconds);
}

Error unknownTrace(std::string_view traceId) {
  return {ErrorCode::ResourceDoesNotExist,
          "no trace under way has the id '" + std::string(traceId) + "'"};
}

std::string timeoutMessage(const std::string& traceId, uint64_t seconds) {
  return "Trace " + traceId + " ran longer than its timeout of " + std::to_string(seconds) +
         " seconds and was ended. MLFLOW_TRACE_TIMEOUT_SECONDS sets the timeout.";
}

std::string discardMessage(uint64_t seconds) {
  const std::string now = seconds == 0 ? "is off" : "is " + std::to_string(seconds) + " seconds";
  return "the trace timeout changed and now " + now +
         ": this discards the traces under way. Change the timeout when no traces are in progress.";
}

// A state and previews that the user set stay. Where the root is in another process, the first span
// of this one stands for it.
void finish(trace::Trace& trace, const trace::SpanId* rootId, size_t previewMaxLength) {
  const trace::SpanData* root = nullptr;
  for (const trace::SpanData& span : trace.spans) {
    if (rootId != nullptr && span.spanId == *rootId) root = &span;
  }
  if (root != nullptr) trace::finishTraceInfo(trace.info, *root);
  trace::setTokenUsageMetadata(trace.info, trace.spans);  // malformed usage is left out
  trace::setRequestResponsePreview(trace.info, root, previewMaxLength);
}

trace::Trace snapshotOf(trace::TraceInfo info, const std::vector<SpanSlot>& slots,
                        const trace::SpanId* rootId, const record::TextTable& table,
                        size_t previewMaxLength) {
  trace::Trace trace{std::move(info), decodeSlots(slots, table)};
  finish(trace, rootId, previewMaxLength);
  return trace;
}

}  // namespace

TraceManager::TraceManager(ManagerSettings settings, const record::TextTable* table)
    : settings_(settings),
      wantedTimeoutSeconds_(settings.timeoutSeconds),
      cacheTimeoutSeconds_(settings.timeoutSeconds),
      table_(table == nullptr ? emptyTable() : *table),
      cache_(makeCache(settings)) {}

TraceManager::~TraceManager() = default;

std::shared_ptr<TraceManager> TraceManager::getInstance() {
  Instance& one = instance();
  const std::lock_guard guard(one.lock);
  if (one.manager) return one.manager;
  one.manager = std::make_shared<TraceManager>(ManagerSettings{}, one.table);
  one.manager->setLogger(one.logger);
  return one.manager;
}

void TraceManager::prepareInstances(const record::TextTable* table, Logger logger) {
  Instance& one = instance();
  const std::lock_guard guard(one.lock);
  one.table = table;
  one.logger = std::move(logger);
}

void TraceManager::reset() {
  std::shared_ptr<TraceManager> old;
  {
    Instance& one = instance();
    const std::lock_guard guard(one.lock);
    old.swap(one.manager);
  }
  if (old) old->clear();
}

std::vector<DroppedTrace> TraceManager::clear() {
  std::vector<DroppedTrace> dropped;
  const std::lock_guard guard(lock_);
  for (CachedTrace& gone : cache_->removeAll())
    dropped.push_back(account(std::move(gone), DroppedTrace::Reason::Evicted));
  for (auto& [id, entry] : aside_)
    dropped.push_back(account({id, std::move(entry)}, DroppedTrace::Reason::Evicted));
  aside_.clear();
  traceIds_.clear();
  return dropped;
}

void TraceManager::setLogger(Logger logger) {
  auto shared = std::make_shared<const Logger>(std::move(logger));
  const std::lock_guard guard(lock_);
  logger_.swap(shared);
}

void TraceManager::configure(const ManagerSettings& settings) {
  const std::lock_guard guard(lock_);
  settings_ = settings;
  wantedTimeoutSeconds_.store(settings.timeoutSeconds, std::memory_order_relaxed);
  if (stats_.registered > 0) return;
  cache_ = makeCache(settings);
  cacheTimeoutSeconds_.store(settings.timeoutSeconds, std::memory_order_relaxed);
}

// --- registering --------------------------------------------------------------------------------

Result<std::vector<DroppedTrace>> TraceManager::registerTrace(const trace::TraceId& otelId,
                                                              trace::TraceInfo info,
                                                              uint64_t nowMillis) {
  if (info.traceId.empty())
    return Error{ErrorCode::InvalidParameterValue, "a trace info has no trace id"};
  std::vector<DroppedTrace> dropped;
  if (wantedTimeoutSeconds_.load(std::memory_order_relaxed) !=
      cacheTimeoutSeconds_.load(std::memory_order_relaxed)) {
    dropped = recreateCache();
  }

  const std::lock_guard guard(lock_);
  const uint64_t now = advance(nowMillis);
  auto entry = std::make_unique<TraceEntry>();
  const std::string traceId = info.traceId;
  entry->info = std::move(info);
  if (const TraceEntry* old = cache_->find(traceId, now)) entry->otelIds = old->otelIds;
  std::vector<trace::TraceId>& ids = entry->otelIds;
  if (std::find(ids.begin(), ids.end(), otelId) == ids.end()) ids.push_back(otelId);
  if (ids.size() > kMaxOtelIds) {
    traceIds_.erase(ids.front());
    ids.erase(ids.begin());
  }
  const std::vector<trace::TraceId> kept = ids;

  for (CachedTrace& gone : cache_->removeExpired(now))
    dropped.push_back(account(std::move(gone), DroppedTrace::Reason::Expired));
  std::vector<CachedTrace> evicted = cache_->insert(traceId, std::move(entry), now);
  for (CachedTrace& gone : evicted) {
    const bool isSame = gone.id == traceId;
    if (isSame && gone.entry->slots.empty() && gone.entry->prompts.empty()) continue;
    dropped.push_back(account(
        std::move(gone), isSame ? DroppedTrace::Reason::Replaced : DroppedTrace::Reason::Evicted));
  }
  for (const trace::TraceId& id : kept) traceIds_[id] = traceId;
  ++stats_.registered;
  return dropped;
}

// Compared again under the lock: another thread, or a logger that starts a trace, may have done it.
std::vector<DroppedTrace> TraceManager::recreateCache() {
  std::vector<DroppedTrace> dropped;
  uint64_t seconds;
  {
    const std::lock_guard guard(lock_);
    seconds = settings_.timeoutSeconds;
    if (cache_->timeoutSeconds() == seconds) return dropped;
    for (CachedTrace& gone : cache_->removeAll())
      dropped.push_back(account(std::move(gone), DroppedTrace::Reason::Evicted));
    cache_ = makeCache(settings_);
    cacheTimeoutSeconds_.store(seconds, std::memory_order_relaxed);
  }
  if (!dropped.empty()) log(LogSeverity::Warning, discardMessage(seconds));
  return dropped;
}

Result<Done> TraceManager::registerSpan(std::shared_ptr<LiveSpan> span) {
  if (!span) {
    log(LogSeverity::Debug, "registerSpan was given no LiveSpan; ignored");
    return Done{};
  }
  const std::lock_guard guard(lock_);
  TraceEntry* entry = find(span->traceId());
  if (entry == nullptr) return unknownTrace(span->traceId());
  entry->addLive(std::move(span));
  return Done{};
}

Result<std::string> TraceManager::registerPrompt(std::string_view traceId, Prompt prompt) {
  Result<std::optional<std::string>> tag = std::optional<std::string>();
  {
    const std::lock_guard guard(lock_);
    TraceEntry* entry = find(traceId);
    if (entry == nullptr) return unknownTrace(traceId);
    std::vector<Prompt>& prompts = entry->prompts;
    if (std::find(prompts.begin(), prompts.end(), prompt) == prompts.end())
      prompts.push_back(prompt);

    std::map<std::string, std::string>& tags = entry->info.tags;
    const std::string key(trace::tag_key::kLinkedPrompts);
    const auto current = tags.find(key);
    const auto text =
        current == tags.end() ? std::nullopt : std::optional<std::string_view>(current->second);
    tag = trace::linkedPromptsTag(text, {{prompt.name, prompt.version}});
    if (tag.ok() && tag.value()) tags[key] = *tag.value();
  }
  if (tag.ok()) return tag.value().value_or("");
  log(LogSeverity::Debug,
      "a prompt was not linked to trace " + std::string(traceId) + ": " + tag.error().message);
  return tag.error();
}

KeepOutcome TraceManager::keep(record::RecordRef record) {
  trace::TraceId otelId;
  std::memcpy(otelId.bytes.data(), record.words() + record::header::kTraceId, otelId.bytes.size());
  const std::lock_guard guard(lock_);
  TraceEntry* entry = find(otelId);
  if (entry == nullptr) return KeepOutcome::Late;
  const int64_t growth = entry->growthBy(record);
  if (growth > 0 && stats_.recordBytes + static_cast<uint64_t>(growth) > settings_.maxRecordBytes)
    return KeepOutcome::NoRoom;
  const uint64_t before = entry->recordBytes;
  entry->addRecord(std::move(record));
  stats_.recordBytes += entry->recordBytes - before;
  return KeepOutcome::Kept;
}

// --- looking up ---------------------------------------------------------------------------------

std::optional<std::string> TraceManager::getRootSpanId(std::string_view traceId) {
  const std::lock_guard guard(lock_);
  const TraceEntry* entry = find(traceId);
  const SpanSlot* root = entry == nullptr ? nullptr : entry->root();
  return root == nullptr ? std::nullopt : std::optional<std::string>(root->id.hex());
}

std::optional<std::string> TraceManager::getLocalRootSpanId(std::string_view traceId) {
  const std::lock_guard guard(lock_);
  const TraceEntry* entry = find(traceId);
  const SpanSlot* root = entry == nullptr ? nullptr : entry->localRoot();
  return root == nullptr ? std::nullopt : std::optional<std::string>(root->id.hex());
}

std::shared_ptr<LiveSpan> TraceManager::getSpanFromId(std::string_view traceId,
                                                      std::string_view spanId) {
  const Result<trace::SpanId> id = trace::parseSpanIdHex(spanId);
  if (!id.ok()) return nullptr;
  const std::lock_guard guard(lock_);
  TraceEntry* entry = find(traceId);
  const SpanSlot* slot = entry == nullptr ? nullptr : entry->slot(id.value());
  return slot == nullptr || !slot->live || slot->live->hasEnded() ? nullptr : slot->live;
}

std::shared_ptr<LiveSpan> TraceManager::getSpanFromPath(std::string_view path) {
  const size_t space = path.rfind(' ');
  return space == std::string_view::npos
             ? nullptr
             : getSpanFromId(path.substr(0, space), path.substr(space + 1));
}

std::optional<trace::Trace> TraceManager::getTrace(std::string_view traceId) {
  trace::TraceInfo info;
  std::vector<SpanSlot> slots;
  std::optional<trace::SpanId> localRootId;
  size_t previewMaxLength;
  {
    const std::lock_guard guard(lock_);
    const TraceEntry* entry = find(traceId);
    if (entry == nullptr) return std::nullopt;
    info = entry->info;
    slots = entry->ordered();
    if (const SpanSlot* root = entry->localRoot()) localRootId = root->id;
    previewMaxLength = settings_.previewMaxLength;
  }
  return snapshotOf(std::move(info), slots, localRootId ? &*localRootId : nullptr, table_,
                    previewMaxLength);
}

std::vector<Prompt> TraceManager::getPrompts(std::string_view traceId) {
  const std::lock_guard guard(lock_);
  const TraceEntry* entry = find(traceId);
  return entry == nullptr ? std::vector<Prompt>() : entry->prompts;
}

std::optional<std::string> TraceManager::getMlflowTraceIdFromOtelId(const trace::TraceId& otelId) {
  const std::lock_guard guard(lock_);
  const auto found = traceIds_.find(otelId);
  return found == traceIds_.end() ? std::nullopt : std::optional<std::string>(found->second);
}

bool TraceManager::hasOpenSpans(const trace::TraceId& otelId) {
  const std::lock_guard guard(lock_);
  const TraceEntry* entry = find(otelId);
  return entry != nullptr && entry->hasOpenSpans();
}

std::vector<std::shared_ptr<LiveSpan>> TraceManager::openSpans(std::string_view traceId) {
  const std::lock_guard guard(lock_);
  const TraceEntry* entry = find(traceId);
  std::vector<std::shared_ptr<LiveSpan>> open;
  if (entry == nullptr) return open;
  const std::vector<SpanSlot> slots = entry->ordered();
  for (auto slot = slots.rbegin(); slot != slots.rend(); ++slot) {
    if (slot->live && slot->isOpen()) open.push_back(slot->live);
  }
  return open;
}

bool TraceManager::updateTraceInfo(std::string_view traceId, trace::TraceInfo info) {
  const std::lock_guard guard(lock_);
  TraceEntry* entry = find(traceId);
  if (entry == nullptr) return false;
  info.traceId = entry->info.traceId;
  entry->info = std::move(info);
  return true;
}

// --- leaving ------------------------------------------------------------------------------------

std::optional<ManagerTrace> TraceManager::popTrace(const trace::TraceId& otelId,
                                                   uint64_t nowMillis) {
  std::unique_ptr<TraceEntry> entry;
  size_t previewMaxLength;
  {
    const std::lock_guard guard(lock_);
    const uint64_t now = advance(nowMillis);
    const auto found = traceIds_.find(otelId);
    if (found == traceIds_.end()) return std::nullopt;
    const std::string traceId = std::move(found->second);
    traceIds_.erase(found);
    entry = cache_->remove(traceId, now);
    if (const auto aside = aside_.find(traceId); !entry && aside != aside_.end()) {
      entry = std::move(aside->second);
      aside_.erase(aside);
    }
    if (!entry) return std::nullopt;
    forget(*entry, traceId);
    ++stats_.popped;
    previewMaxLength = settings_.previewMaxLength;
  }
  const SpanSlot* root = entry->localRoot();
  return ManagerTrace{snapshotOf(std::move(entry->info), entry->ordered(),
                                 root == nullptr ? nullptr : &root->id, table_, previewMaxLength),
                      std::move(entry->prompts)};
}

bool TraceManager::setAside(const trace::TraceId& otelId, uint64_t nowMillis) {
  const std::lock_guard guard(lock_);
  const uint64_t now = advance(nowMillis);
  const auto found = traceIds_.find(otelId);
  if (found == traceIds_.end()) return false;
  if (aside_.size() < kMaxAside) {
    if (auto entry = cache_->remove(found->second, now)) aside_[found->second] = std::move(entry);
  }
  return find(found->second) != nullptr;
}

TickReport TraceManager::tick(uint64_t nowMillis) {
  TickReport report;
  const std::lock_guard guard(lock_);
  const uint64_t now = advance(nowMillis);
  for (CachedTrace& gone : cache_->removeExpired(now)) {
    report.expired.push_back(account(std::move(gone), DroppedTrace::Reason::Expired));
  }
  for (const std::string& traceId : cache_->nameTimedOut(now)) {
    report.timedOut.push_back(
        {traceId, find(traceId)->otelIds, timeoutMessage(traceId, cache_->timeoutSeconds())});
  }
  return report;
}

ManagerStats TraceManager::stats() const {
  const std::lock_guard guard(lock_);
  ManagerStats now = stats_;
  now.traces = cache_->size() + aside_.size();
  now.spans = cache_->countSpans();
  for (const auto& [id, entry] : aside_) now.spans += entry->slots.size();
  return now;
}

uint64_t TraceManager::cacheTimeoutSeconds() const {
  const std::lock_guard guard(lock_);
  return cache_->timeoutSeconds();
}

uint64_t TraceManager::cacheTtlSeconds() const {
  const std::lock_guard guard(lock_);
  return cache_->ttlSeconds();
}

// --- under the lock -----------------------------------------------------------------------------

TraceEntry* TraceManager::find(std::string_view traceId) {
  if (TraceEntry* entry = cache_->find(traceId, nowMillis_)) return entry;
  if (aside_.empty()) return nullptr;
  const auto aside = aside_.find(std::string(traceId));
  return aside == aside_.end() ? nullptr : aside->second.get();
}

TraceEntry* TraceManager::find(const trace::TraceId& otelId) {
  const auto found = traceIds_.find(otelId);
  return found == traceIds_.end() ? nullptr : find(found->second);
}

// Threads may hand in their times out of order; the manager's clock never runs backwards.
uint64_t TraceManager::advance(uint64_t nowMillis) {
  return nowMillis_ = std::max(nowMillis_, nowMillis);
}

DroppedTrace TraceManager::account(CachedTrace gone, DroppedTrace::Reason reason) {
  forget(*gone.entry, gone.id);
  if (reason == DroppedTrace::Reason::Evicted) ++stats_.evicted;
  if (reason == DroppedTrace::Reason::Expired) ++stats_.expired;
  return {std::move(gone.id), std::move(gone.entry->otelIds), gone.entry->slots.size(), reason};
}

// An id that leads to another trace by now stays.
void TraceManager::forget(const TraceEntry& entry, std::string_view traceId) {
  stats_.recordBytes -= entry.recordBytes;
  for (const trace::TraceId& id : entry.otelIds) {
    const auto found = traceIds_.find(id);
    if (found != traceIds_.end() && found->second == traceId) traceIds_.erase(found);
  }
}

void TraceManager::log(LogSeverity severity, const std::string& message) {
  std::shared_ptr<const Logger> logger;
  {
    const std::lock_guard guard(lock_);
    logger = logger_;
  }
  if (logger && *logger) (*logger)(severity, message);
}

}  // namespace spandrel::manager
