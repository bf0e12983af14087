// Trace and span ids, and the forms MLflow writes them in.
//
// Inside the core an id is its bytes in network order, so that copying is enough for OTLP.
// "Zero" is the invalid id of W3C trace context: no parent, no trace.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace spandrel::trace {

struct TraceId {
  std::array<uint8_t, 16> bytes{};
  bool isZero() const;
  std::string hex() const;  // 32 lower-case digits
  bool operator==(const TraceId&) const = default;
  bool operator<(const TraceId& other) const { return bytes < other.bytes; }
};

struct SpanId {
  std::array<uint8_t, 8> bytes{};
  bool isZero() const;
  std::string hex() const;  // 16 lower-case digits
  bool operator==(const SpanId&) const = default;
  bool operator<(const SpanId& other) const { return bytes < other.bytes; }
};

struct TraceIdHash {
  size_t operator()(const TraceId& id) const;
};
struct SpanIdHash {
  size_t operator()(const SpanId& id) const;
};

// Exactly 32 and 16 hex digits, of either case.
Result<TraceId> parseTraceIdHex(std::string_view hex);
Result<SpanId> parseSpanIdHex(std::string_view hex);

// Hex digits of any number, perhaps after "0x": missing digits are zeros on the left, surplus zeros
// are dropped. For dictionaries of older schemas and for links, which write ids as numbers.
Result<TraceId> traceIdOfHexDigits(std::string_view digits);
Result<SpanId> spanIdOfHexDigits(std::string_view digits);

inline constexpr std::string_view kTraceIdPrefix = "tr-";
inline constexpr std::string_view kTraceIdV4Prefix = "trace:/";
inline constexpr std::string_view kNoOpSpanTraceId = "MLFLOW_NO_OP_SPAN_TRACE_ID";

// "tr-" + hex.
std::string generateTraceIdV3(const TraceId& id);
// "trace:/" + location + "/" + hex.
std::string generateTraceIdV4(const TraceId& id, std::string_view location);

struct TraceIdV4Parts {
  std::string location;  // empty: not a v4 id
  std::string traceId;
};
// An id without the v4 prefix comes back whole with an empty location; a v4 prefix with an empty
// part or an extra slash is refused.
Result<TraceIdV4Parts> parseTraceIdV4(std::string_view id);

// Any MLflow spelling ("tr-<hex>", "trace:/loc/<hex>", bare hex) to the 16 bytes.
Result<TraceId> otelTraceIdOf(std::string_view mlflowTraceId);
// The same as 32 digits.
Result<std::string> hexOfTraceId(std::string_view mlflowTraceId);
// "<location>/<trace id>" as parseTraceIdV4() gives them; the location holds no slash.
Result<std::string> partsOfTraceId(std::string_view mlflowTraceId);

}  // namespace spandrel::trace
