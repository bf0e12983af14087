// The attributes of one span by key, in MLflow's order, with their decoded values.
//
// SpanAttributesRegistry serves live spans: values change, so nothing is cached.
// CachedSpanAttributesRegistry serves ended spans: a value is parsed once however often it is read,
// and set() is refused. Values come as pointers to const, so no reader can change what the next
// reader sees. Reading the cached registry is thread-safe; the live one belongs to its span.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "trace/span_data.h"

namespace spandrel::trace {

using ValuePointer = std::shared_ptr<const AnyValue>;

class SpanAttributesRegistry {
 public:
  SpanAttributesRegistry() = default;
  explicit SpanAttributesRegistry(std::vector<Attribute> attributes)
      : attributes_(std::move(attributes)) {}
  virtual ~SpanAttributesRegistry() = default;
  SpanAttributesRegistry(const SpanAttributesRegistry&) = delete;
  SpanAttributesRegistry& operator=(const SpanAttributesRegistry&) = delete;

  // Setting a key again moves it to the end. An empty key is ignored, as OpenTelemetry does.
  virtual Result<Done> set(std::string_view key, AnyValue value);

  // The decoded value; null where the key is missing (an attribute that is null gives Empty).
  virtual ValuePointer get(std::string_view key) const;
  // The stored JSON text; empty where the key is missing.
  std::string text(std::string_view key) const;
  std::vector<std::pair<std::string, ValuePointer>> getAll() const;

  bool has(std::string_view key) const { return find(key) != nullptr; }
  size_t size() const { return attributes_.size(); }
  const std::vector<Attribute>& attributes() const { return attributes_; }
  // How often a stored text has been decoded so far.
  uint64_t decodeCount() const { return decodeCount_; }

 protected:
  const Attribute* find(std::string_view key) const;
  ValuePointer decode(const AnyValue& stored) const;

 private:
  std::vector<Attribute> attributes_;
  mutable uint64_t decodeCount_ = 0;
};

class CachedSpanAttributesRegistry final : public SpanAttributesRegistry {
 public:
  explicit CachedSpanAttributesRegistry(std::vector<Attribute> attributes);

  // InvalidParameterValue, always: attributes of an immutable span must not be updated.
  Result<Done> set(std::string_view key, AnyValue value) override;
  ValuePointer get(std::string_view key) const override;

 private:
  mutable std::mutex decoding_;
  mutable std::vector<ValuePointer> decoded_;  // by place in attributes()
};

}  // namespace spandrel::trace
