#include "trace/ids.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace spandrel::trace {
namespace {

template <typename Id>
Result<Id> parseIdHex(std::string_view hex, const char* what) {
  Id id;
  if (hex.size() != id.bytes.size() * 2) {
    return Error{ErrorCode::InvalidParameterValue,
                 std::string(what) + " must have " + std::to_string(id.bytes.size() * 2) +
                     " hex digits, not " + std::to_string(hex.size()),
                 hex.size()};
  }
  auto bytes = fromHex(hex);
  if (!bytes.ok()) {
    return Error{ErrorCode::InvalidParameterValue, std::string(what) + ": " + bytes.error().message,
                 bytes.error().offset};
  }
  std::copy(bytes.value().begin(), bytes.value().end(), id.bytes.begin());
  return id;
}

template <typename Id>
Result<Id> idOfHexDigits(std::string_view digits, const char* what) {
  if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
  const size_t width = sizeof(Id::bytes) * 2;
  while (digits.size() > width && digits.front() == '0') digits.remove_prefix(1);
  if (digits.empty() || digits.size() > width) return parseIdHex<Id>(digits, what);
  return parseIdHex<Id>(std::string(width - digits.size(), '0').append(digits), what);
}

template <typename Id>
size_t hashOf(const Id& id) {
  // Ids are random: eight of their bytes are as good as any hash.
  uint64_t word = 0;
  std::memcpy(&word, id.bytes.data() + id.bytes.size() - 8, 8);
  return static_cast<size_t>(word ^ word >> 32);
}

template <typename Id>
bool allZero(const Id& id) {
  return std::all_of(id.bytes.begin(), id.bytes.end(), [](uint8_t b) { return b == 0; });
}

}  // namespace

bool TraceId::isZero() const {
  return allZero(*this);
}
bool SpanId::isZero() const {
  return allZero(*this);
}
std::string TraceId::hex() const {
  return toHex(bytes);
}
std::string SpanId::hex() const {
  return toHex(bytes);
}
size_t TraceIdHash::operator()(const TraceId& id) const {
  return hashOf(id);
}
size_t SpanIdHash::operator()(const SpanId& id) const {
  return hashOf(id);
}

Result<TraceId> parseTraceIdHex(std::string_view hex) {
  return parseIdHex<TraceId>(hex, "trace id");
}
Result<SpanId> parseSpanIdHex(std::string_view hex) {
  return parseIdHex<SpanId>(hex, "span id");
}

Result<TraceId> traceIdOfHexDigits(std::string_view digits) {
  return idOfHexDigits<TraceId>(digits, "trace id");
}
Result<SpanId> spanIdOfHexDigits(std::string_view digits) {
  return idOfHexDigits<SpanId>(digits, "span id");
}

std::string generateTraceIdV3(const TraceId& id) {
  return std::string(kTraceIdPrefix) + id.hex();
}

std::string generateTraceIdV4(const TraceId& id, std::string_view location) {
  return std::string(kTraceIdV4Prefix) + std::string(location) + "/" + id.hex();
}

Result<TraceIdV4Parts> parseTraceIdV4(std::string_view id) {
  if (!id.starts_with(kTraceIdV4Prefix)) return TraceIdV4Parts{"", std::string(id)};
  const std::string_view rest = id.substr(kTraceIdV4Prefix.size());
  const size_t slash = rest.find('/');
  const bool isPair = slash != std::string_view::npos && slash > 0 && slash + 1 < rest.size() &&
                      rest.find('/', slash + 1) == std::string_view::npos;
  if (!isPair) {
    return Error{
        ErrorCode::InvalidParameterValue,
        "trace id '" + std::string(id) + "' is not of the form trace:/<location>/<trace id>"};
  }
  return TraceIdV4Parts{std::string(rest.substr(0, slash)), std::string(rest.substr(slash + 1))};
}

Result<TraceId> otelTraceIdOf(std::string_view mlflowTraceId) {
  auto parts = parseTraceIdV4(mlflowTraceId);
  if (!parts.ok()) return parts.error();
  std::string_view hex = parts.value().traceId;
  if (hex.starts_with(kTraceIdPrefix)) hex.remove_prefix(kTraceIdPrefix.size());
  return parseTraceIdHex(hex);
}

Result<std::string> hexOfTraceId(std::string_view mlflowTraceId) {
  const auto id = otelTraceIdOf(mlflowTraceId);
  if (!id.ok()) return id.error();
  return id.value().hex();
}

Result<std::string> partsOfTraceId(std::string_view mlflowTraceId) {
  const auto parts = parseTraceIdV4(mlflowTraceId);
  if (!parts.ok()) return parts.error();
  return parts.value().location + "/" + parts.value().traceId;
}

}  // namespace spandrel::trace
