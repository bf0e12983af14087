// Field numbers of the OTLP messages, under their names.
//
// From the OTLP specification 1.x (opentelemetry.proto.{collector.trace,trace,common,resource}.v1)
// and google.rpc.Status. Numbers that exist only for profiles (AnyValue 8, KeyValue 3) are left out
// on purpose: they are unknown fields here and never written.
#pragma once

#include <cstdint>

namespace spandrel::otlp::fields {

// TracesData and ExportTraceServiceRequest share their one field, so the same bytes are both.
namespace traces_data {
inline constexpr uint32_t kResourceSpans = 1;
}

namespace resource_spans {
inline constexpr uint32_t kResource = 1;
inline constexpr uint32_t kScopeSpans = 2;
inline constexpr uint32_t kSchemaUrl = 3;
inline constexpr uint32_t kInstrumentationLibrarySpans = 1000;  // before OTLP 0.15
}  // namespace resource_spans

namespace resource {
inline constexpr uint32_t kAttributes = 1;
inline constexpr uint32_t kDroppedAttributesCount = 2;
}  // namespace resource

namespace scope_spans {
inline constexpr uint32_t kScope = 1;
inline constexpr uint32_t kSpans = 2;
inline constexpr uint32_t kSchemaUrl = 3;
}  // namespace scope_spans

namespace scope {
inline constexpr uint32_t kName = 1;
inline constexpr uint32_t kVersion = 2;
inline constexpr uint32_t kAttributes = 3;
inline constexpr uint32_t kDroppedAttributesCount = 4;
}  // namespace scope

namespace span {
inline constexpr uint32_t kTraceId = 1;
inline constexpr uint32_t kSpanId = 2;
inline constexpr uint32_t kTraceState = 3;
inline constexpr uint32_t kParentSpanId = 4;
inline constexpr uint32_t kName = 5;
inline constexpr uint32_t kKind = 6;
inline constexpr uint32_t kStartTimeUnixNano = 7;  // fixed64
inline constexpr uint32_t kEndTimeUnixNano = 8;    // fixed64
inline constexpr uint32_t kAttributes = 9;
inline constexpr uint32_t kDroppedAttributesCount = 10;
inline constexpr uint32_t kEvents = 11;
inline constexpr uint32_t kDroppedEventsCount = 12;
inline constexpr uint32_t kLinks = 13;
inline constexpr uint32_t kDroppedLinksCount = 14;
inline constexpr uint32_t kStatus = 15;
inline constexpr uint32_t kFlags = 16;  // fixed32
}  // namespace span

namespace event {
inline constexpr uint32_t kTimeUnixNano = 1;  // fixed64
inline constexpr uint32_t kName = 2;
inline constexpr uint32_t kAttributes = 3;
inline constexpr uint32_t kDroppedAttributesCount = 4;
}  // namespace event

namespace link {
inline constexpr uint32_t kTraceId = 1;
inline constexpr uint32_t kSpanId = 2;
inline constexpr uint32_t kTraceState = 3;
inline constexpr uint32_t kAttributes = 4;
inline constexpr uint32_t kDroppedAttributesCount = 5;
inline constexpr uint32_t kFlags = 6;  // fixed32
}  // namespace link

namespace status {
inline constexpr uint32_t kMessage = 2;
inline constexpr uint32_t kCode = 3;
}  // namespace status

namespace key_value {
inline constexpr uint32_t kKey = 1;
inline constexpr uint32_t kValue = 2;
}  // namespace key_value

namespace any_value {
inline constexpr uint32_t kStringValue = 1;
inline constexpr uint32_t kBoolValue = 2;
inline constexpr uint32_t kIntValue = 3;
inline constexpr uint32_t kDoubleValue = 4;  // fixed64
inline constexpr uint32_t kArrayValue = 5;
inline constexpr uint32_t kKvlistValue = 6;
inline constexpr uint32_t kBytesValue = 7;
}  // namespace any_value

namespace array_value {
inline constexpr uint32_t kValues = 1;
}

namespace key_value_list {
inline constexpr uint32_t kValues = 1;
}

namespace export_response {
inline constexpr uint32_t kPartialSuccess = 1;
}

namespace partial_success {
inline constexpr uint32_t kRejectedSpans = 1;
inline constexpr uint32_t kErrorMessage = 2;
}  // namespace partial_success

namespace rpc_status {
inline constexpr uint32_t kCode = 1;
inline constexpr uint32_t kMessage = 2;
}  // namespace rpc_status

}  // namespace spandrel::otlp::fields
