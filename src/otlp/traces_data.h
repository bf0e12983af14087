// Traces as plain data in OTLP's grouping, and the interface decoders deliver spans through.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "trace/span_data.h"

namespace spandrel::otlp {

struct ScopeSpans {
  trace::Scope scope;
  std::vector<trace::SpanData> spans;
  bool operator==(const ScopeSpans&) const = default;
};

struct ResourceSpans {
  trace::Resource resource;
  std::vector<ScopeSpans> scopes;
  bool operator==(const ResourceSpans&) const = default;
};

using TracesData = std::vector<ResourceSpans>;

// Takes spans one at a time while they are decoded, so that nothing is held twice.
//
// Spans come inside beginScope…endScope inside beginResource…endResource. What a group is comes
// with its end, because both encodings may state it after the spans. Groups without spans are not
// reported. When decoding stops early the open groups are still ended with what is known of them.
class TraceSink {
 public:
  virtual ~TraceSink() = default;
  virtual void beginResource() {}
  virtual void beginScope() {}
  // False stops the decoder (the report then says TooLarge): the sink takes no more.
  virtual bool onSpan(trace::SpanData&& span) = 0;
  virtual void endScope(trace::Scope&&) {}
  virtual void endResource(trace::Resource&&) {}
};

// What a decoder met. Everything but `failed` is a count of things that were mended or passed over.
struct ReadReport {
  size_t spanCount = 0;
  size_t repairedTexts = 0;     // ill-formed UTF-8 or unpaired surrogates, now U+FFFD
  size_t invalidIds = 0;        // ids of a wrong length or alphabet, now zero
  size_t unreadableValues = 0;  // a value that does not fit its field: default, or kept as text
  size_t enumNames = 0;         // JSON: an enum by name instead of number
  size_t snakeCaseKeys = 0;     // JSON: a key in snake_case
  size_t droppedForMemory = 0;  // values past the memory limit of one span
  bool failed = false;  // decoding stopped at error.offset; the spans before it were delivered
  Error error;

  bool hasWarnings() const {
    return repairedTexts + invalidIds + unreadableValues + enumNames + snakeCaseKeys +
               droppedForMemory >
           0;
  }
};

// Passes spans on and opens a group with its first span, so that empty groups stay unseen.
class GroupReporter {
 public:
  explicit GroupReporter(TraceSink& sink) : sink_(sink) {}

  void enterResource() { resourceIsOpen_ = false; }
  void enterScope() { scopeIsOpen_ = false; }
  bool deliver(trace::SpanData&& span) {
    if (!resourceIsOpen_) sink_.beginResource();
    if (!scopeIsOpen_) sink_.beginScope();
    resourceIsOpen_ = scopeIsOpen_ = true;
    return sink_.onSpan(std::move(span));
  }
  void leaveScope(trace::Scope&& scope) {
    if (scopeIsOpen_) sink_.endScope(std::move(scope));
    scopeIsOpen_ = false;
  }
  void leaveResource(trace::Resource&& resource) {
    if (resourceIsOpen_) sink_.endResource(std::move(resource));
    resourceIsOpen_ = false;
  }

 private:
  TraceSink& sink_;
  bool resourceIsOpen_ = false;
  bool scopeIsOpen_ = false;
};

// What one span or resource may take while it is decoded: four times the input and 1 MiB, so that
// two bytes of input cannot ask for a hundred bytes of memory without end.
class MemoryBudget {
 public:
  explicit MemoryBudget(size_t inputBytes)
      : whole_(inputBytes > SIZE_MAX / 8 ? SIZE_MAX / 2 : inputBytes * 4 + (size_t{1} << 20)),
        left_(whole_) {}
  void refill() { left_ = whole_; }
  bool spend(size_t bytes) {
    if (bytes > left_) return false;
    left_ -= bytes;
    return true;
  }
  // Room for one more element: a list that is full grows here, and only as far as the budget
  // reaches.
  template <typename T>
  bool growForOne(std::vector<T>& list) {
    if (list.size() < list.capacity()) return true;
    const size_t before = list.capacity();
    const size_t wanted = before < 2 ? 2 : before * 2;
    if (!spend(wanted * sizeof(T))) return false;
    list.reserve(wanted);
    left_ += before * sizeof(T);  // the old block is free again
    return true;
  }

 private:
  size_t whole_;
  size_t left_;
};

// Keeps everything, up to about `maxBytes` of memory.
class CollectingSink : public TraceSink {
 public:
  explicit CollectingSink(size_t maxBytes = size_t{256} << 20) : left_(maxBytes) {}

  void beginResource() override { data_.emplace_back(); }
  void beginScope() override { data_.back().scopes.emplace_back(); }
  bool onSpan(trace::SpanData&& span) override;
  void endScope(trace::Scope&& scope) override {
    data_.back().scopes.back().scope = std::move(scope);
  }
  void endResource(trace::Resource&& resource) override {
    data_.back().resource = std::move(resource);
  }

  TracesData take() { return std::move(data_); }

 private:
  TracesData data_;
  size_t left_;
};

}  // namespace spandrel::otlp
