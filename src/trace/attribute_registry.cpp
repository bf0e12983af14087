#include "trace/attribute_registry.h"

#include "trace/attribute_text.h"

namespace spandrel::trace {

Result<Done> SpanAttributesRegistry::set(std::string_view key, AnyValue value) {
  if (key.empty()) return Done{};
  if (const Attribute* old = find(key))
    attributes_.erase(attributes_.begin() + (old - attributes_.data()));
  attributes_.push_back({std::string(key), std::move(value)});
  return Done{};
}

ValuePointer SpanAttributesRegistry::get(std::string_view key) const {
  const Attribute* attribute = find(key);
  return attribute ? decode(attribute->value) : nullptr;
}

std::string SpanAttributesRegistry::text(std::string_view key) const {
  const Attribute* attribute = find(key);
  return attribute ? attributeText(attribute->value) : std::string();
}

std::vector<std::pair<std::string, ValuePointer>> SpanAttributesRegistry::getAll() const {
  std::vector<std::pair<std::string, ValuePointer>> all;
  all.reserve(attributes_.size());
  for (const Attribute& attribute : attributes_)
    all.emplace_back(attribute.key, get(attribute.key));
  return all;
}

const Attribute* SpanAttributesRegistry::find(std::string_view key) const {
  for (const Attribute& attribute : attributes_) {
    if (attribute.key == key) return &attribute;
  }
  return nullptr;
}

ValuePointer SpanAttributesRegistry::decode(const AnyValue& stored) const {
  ++decodeCount_;
  return std::make_shared<const AnyValue>(attributeValue(stored));
}

CachedSpanAttributesRegistry::CachedSpanAttributesRegistry(std::vector<Attribute> attributes)
    : SpanAttributesRegistry(std::move(attributes)), decoded_(size()) {}

Result<Done> CachedSpanAttributesRegistry::set(std::string_view key, AnyValue) {
  return Error{
      ErrorCode::InvalidParameterValue,
      "the attributes of an immutable span must not be updated: '" + std::string(key) + "'"};
}

ValuePointer CachedSpanAttributesRegistry::get(std::string_view key) const {
  const Attribute* attribute = find(key);
  if (!attribute) return nullptr;
  const std::lock_guard<std::mutex> lock(decoding_);
  ValuePointer& value = decoded_[static_cast<size_t>(attribute - attributes().data())];
  if (!value) value = decode(attribute->value);
  return value;
}

}  // namespace spandrel::trace
