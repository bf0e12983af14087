#include "manager/manager_json.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/json_members.h"
#include "base/number_text.h"
#include "mlflow/trace_dict.h"
#include "record/portable.h"

namespace spandrel::manager {
namespace {

// What any of the calls may carry.
struct Request {
  std::string traceId;
  std::optional<trace::TraceId> otelId;
  std::optional<trace::TraceInfo> info;
  std::string_view prompt;
  uint64_t nowMillis = 0;
};

Error refused(const char* message) {
  return {ErrorCode::InvalidParameterValue, message};
}

uint64_t millisOf(std::string_view text) {
  double number = 0;
  return parseDouble(text, number) && number > 0 && number < 1e18 ? static_cast<uint64_t>(number)
                                                                  : 0;
}

Result<Request> readRequest(std::string_view json) {
  Request out;
  JsonMembers members(json);
  while (members.next()) {
    if (members.isNull()) continue;
    if (members.key() == "traceId") out.traceId = members.text();
    if (members.key() == "prompt") out.prompt = members.value();
    if (members.key() == "nowMillis") out.nowMillis = millisOf(members.value());
    if (members.key() == "otelTraceId") {
      const auto id = trace::parseTraceIdHex(members.text());
      if (!id.ok()) return id.error();
      out.otelId = id.value();
    }
    if (members.key() == "info") {
      Result<trace::TraceInfo> info = mlflow::fromTraceInfoDictText(members.value());
      if (!info.ok()) return info.error();
      out.info = info.take();
    }
  }
  if (!members.ok()) return members.error();
  if (!members.isObject()) return refused("the manager takes an object");
  return out;
}

void appendIds(std::string& out, const std::vector<trace::TraceId>& ids) {
  out += "\"otelTraceIds\":[";
  for (const trace::TraceId& id : ids) {
    if (out.back() != '[') out += ',';
    out += quoteJson(id.hex());
  }
  out += ']';
}

const char* reasonName(DroppedTrace::Reason reason) {
  switch (reason) {
    case DroppedTrace::Reason::Evicted:
      return "evicted";
    case DroppedTrace::Reason::Expired:
      return "expired";
    case DroppedTrace::Reason::Replaced:
      return "replaced";
  }
  return "evicted";
}

std::string droppedList(const std::vector<DroppedTrace>& dropped) {
  std::string out = "[";
  for (const DroppedTrace& each : dropped) {
    out += out.size() > 1 ? ",{" : "{";
    out += "\"traceId\":" + quoteJson(each.traceId) + ",";
    appendIds(out, each.otelIds);
    out += ",\"spans\":" + std::to_string(each.spans) + ",\"reason\":\"" + reasonName(each.reason) +
           "\"}";
  }
  return out + "]";
}

std::vector<uint8_t> traceBytes(const trace::Trace& trace, const std::vector<Prompt>& prompts) {
  std::string text = "{\"info\":" + mlflow::toTraceInfoDictText(trace.info, JsonEscapes::Needed) +
                     ",\"prompts\":[";
  for (const Prompt& prompt : prompts) {
    if (text.back() != '[') text += ',';
    text += prompt.json;
  }
  text += "]}";
  text.append((4 - text.size() % 4) % 4, ' ');

  const uint32_t length = static_cast<uint32_t>(text.size());
  std::vector<uint8_t> out(4);
  for (int i = 0; i < 4; ++i) out[i] = static_cast<uint8_t>(length >> (8 * i));
  out.insert(out.end(), text.begin(), text.end());
  for (const trace::SpanData& span : trace.spans) {
    const std::vector<uint8_t> record = record::encodePortable(span);
    out.insert(out.end(), record.begin(), record.end());
  }
  return out;
}

}  // namespace

Result<std::string> registerTraceJson(TraceManager& manager, std::string_view json) {
  Result<Request> request = readRequest(json);
  if (!request.ok()) return request.error();
  Request in = request.take();
  if (!in.otelId || !in.info)
    return refused("registerTrace needs an OpenTelemetry trace id and a trace info");
  const auto dropped = manager.registerTrace(*in.otelId, std::move(*in.info), in.nowMillis);
  if (!dropped.ok()) return dropped.error();
  return "{\"dropped\":" + droppedList(dropped.value()) + "}";
}

Result<std::string> registerPromptJson(TraceManager& manager, std::string_view json) {
  const Result<Request> request = readRequest(json);
  if (!request.ok()) return request.error();
  Result<Prompt> prompt = parsePrompt(request.value().prompt);
  if (!prompt.ok()) return prompt.error();
  return manager.registerPrompt(request.value().traceId, prompt.take());
}

Result<std::vector<uint8_t>> popTraceBytes(TraceManager& manager, std::string_view json) {
  Result<Request> request = readRequest(json);
  if (!request.ok()) return request.error();
  Request in = request.take();
  if (!in.otelId) return refused("popTrace needs an OpenTelemetry trace id");
  if (in.info) {
    const auto traceId = manager.getMlflowTraceIdFromOtelId(*in.otelId);
    if (traceId) manager.updateTraceInfo(*traceId, std::move(*in.info));
  }
  const auto popped = manager.popTrace(*in.otelId, in.nowMillis);
  if (!popped) return std::vector<uint8_t>();
  return traceBytes(popped->trace, popped->prompts);
}

Result<std::vector<uint8_t>> getTraceBytes(TraceManager& manager, std::string_view json) {
  Result<Request> request = readRequest(json);
  if (!request.ok()) return request.error();
  Request in = request.take();
  if (in.info) manager.updateTraceInfo(in.traceId, std::move(*in.info));
  const auto trace = manager.getTrace(in.traceId);
  if (!trace) return std::vector<uint8_t>();
  return traceBytes(*trace, manager.getPrompts(in.traceId));
}

Result<Done> configureJson(TraceManager& manager, std::string_view json) {
  ManagerSettings settings;
  JsonMembers members(json);
  while (members.next()) {
    uint64_t number = 0;
    if (members.isNull()) continue;
    if (!parseUint64(members.value(), number)) {
      return Error{ErrorCode::InvalidParameterValue, "'" + members.key() + "' is a whole number",
                   members.offset()};
    }
    if (members.key() == "timeoutSeconds") settings.timeoutSeconds = number;
    if (members.key() == "ttlSeconds") settings.ttlSeconds = number;
    if (members.key() == "maxTraces")
      settings.maxTraces = static_cast<size_t>(std::min<uint64_t>(number, 1u << 30));
    if (members.key() == "maxRecordBytes") settings.maxRecordBytes = number;
    if (members.key() == "previewMaxLength")
      settings.previewMaxLength = static_cast<size_t>(std::min<uint64_t>(number, 1u << 30));
  }
  if (!members.ok()) return members.error();
  manager.configure(settings);
  return Done{};
}

std::string tickJson(TraceManager& manager, uint64_t nowMillis) {
  const TickReport report = manager.tick(nowMillis);
  std::string out = "{\"timedOut\":[";
  for (const TimedOutTrace& each : report.timedOut) {
    out += out.back() == '[' ? "{" : ",{";
    out += "\"traceId\":" + quoteJson(each.traceId) + ",";
    appendIds(out, each.otelIds);
    out += ",\"message\":" + quoteJson(each.message) + "}";
  }
  return out + "],\"expired\":" + droppedList(report.expired) + "}";
}

std::string statsJson(const TraceManager& manager) {
  const ManagerStats stats = manager.stats();
  std::string out = "{";
  for (const auto& [name, value] : {std::pair<const char*, uint64_t>{"traces", stats.traces},
                                    {"spans", stats.spans},
                                    {"recordBytes", stats.recordBytes},
                                    {"registered", stats.registered},
                                    {"popped", stats.popped},
                                    {"evicted", stats.evicted},
                                    {"expired", stats.expired}}) {
    out += (out.size() > 1 ? ",\"" : "\"") + std::string(name) + "\":" + std::to_string(value);
  }
  return out + "}";
}

Result<std::string> mlflowTraceIdOf(TraceManager& manager, std::string_view otelIdHex) {
  const auto id = trace::parseTraceIdHex(otelIdHex);
  if (!id.ok()) return id.error();
  return manager.getMlflowTraceIdFromOtelId(id.value()).value_or("");
}

Result<bool> hasOpenSpansOf(TraceManager& manager, std::string_view otelIdHex) {
  const auto id = trace::parseTraceIdHex(otelIdHex);
  if (!id.ok()) return id.error();
  return manager.hasOpenSpans(id.value());
}

Result<bool> setAsideOf(TraceManager& manager, std::string_view otelIdHex, uint64_t nowMillis) {
  const auto id = trace::parseTraceIdHex(otelIdHex);
  if (!id.ok()) return id.error();
  return manager.setAside(id.value(), nowMillis);
}

}  // namespace spandrel::manager
