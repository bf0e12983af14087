#include "view/trace_facts.h"

#include "base/json_members.h"
#include "base/number_text.h"
#include "trace/constants.h"

namespace spandrel::view {
namespace {

constexpr size_t kMaxEntries = 200;
constexpr size_t kMaxTextBytes = 5000;  // a tag of MLflow's may have 4,096 characters
constexpr size_t kMaxKeyBytes = 250;

std::string_view cut(std::string_view text, size_t maxBytes) {
  if (text.size() <= maxBytes) return text;
  while (maxBytes > 0 && (static_cast<uint8_t>(text[maxBytes]) & 0xc0) == 0x80) --maxBytes;
  return text.substr(0, maxBytes);
}

// Content of a string value, else the value's JSON text; "" for null and what is missing.
std::string textOf(std::string_view json) {
  if (json.empty() || json == "null") return {};
  return json.front() == '"' ? unquoteJson(json) : std::string(json);
}

// The value of a key, along a path of objects; empty if it is not there.
std::string_view find(std::string_view json, std::initializer_list<std::string_view> path) {
  for (const std::string_view key : path) {
    JsonMembers members(json);
    std::string_view value;
    while (members.isObject() && members.next()) {
      if (members.key() == key) value = members.value();
    }
    json = value;
    if (json.empty()) break;
  }
  return json;
}

// {"key": "value"} and, as REST of version 2 answers, [{"key": "key", "value": "value"}].
template <typename Visit>
void forEachEntry(std::string_view json, Visit visit) {
  JsonMembers entries(json);
  while (entries.next()) {
    if (entries.isObject()) {
      visit(entries.key(), entries.text());
    } else {
      visit(textOf(find(entries.value(), {"key"})), textOf(find(entries.value(), {"value"})));
    }
  }
}

std::string valueOf(std::string_view map, std::string_view wanted) {
  std::string found;
  forEachEntry(map, [&](const std::string& key, std::string value) {
    if (key == wanted) found = std::move(value);
  });
  return found;
}

class FactsWriter {
 public:
  std::string take() {
    if (omitted_ > 0) rawMember("omitted", std::to_string(omitted_));
    out_ += '}';
    return std::move(out_);
  }

  void text(const char* name, std::string_view value) {
    if (value.empty()) return;
    key(name);
    appendJsonString(out_, cut(value, kMaxTextBytes));
  }
  void rawMember(const char* name, std::string_view json) {
    key(name);
    out_ += json;
  }

  void beginList(const char* name) {
    key(name);
    out_ += '[';
    entries_ = 0;
  }
  // False where the list is full.
  bool beginEntry(char open) {
    if (entries_ == kMaxEntries) {
      ++omitted_;
      return false;
    }
    if (entries_++ > 0) out_ += ',';
    out_ += open;
    return true;
  }
  void pair(std::string_view name, std::string_view value) {
    if (!beginEntry('[')) return;
    appendJsonString(out_, cut(name, kMaxKeyBytes));
    out_ += ',';
    appendJsonString(out_, cut(value, kMaxTextBytes));
    out_ += ']';
  }
  void end(char close) { out_ += close; }

 private:
  void key(const char* name) {
    if (out_.back() != '{') out_ += ',';
    ((out_ += '"') += name) += "\":";
  }

  std::string out_ = "{";
  size_t entries_ = 0;
  size_t omitted_ = 0;
};

void writeMap(FactsWriter& out, const char* name, std::string_view json) {
  out.beginList(name);
  forEachEntry(json,
               [&](const std::string& key, const std::string& value) { out.pair(key, value); });
  out.end(']');
}

void writeCost(FactsWriter& out, std::string_view cost) {
  double parts[3] = {0, 0, 0};
  bool isKnown = false;
  const char* keys[] = {"input_cost", "output_cost", "total_cost"};
  for (size_t i = 0; i < 3; ++i) {
    double number = 0;
    const bool isNumber = parseDouble(find(cost, {keys[i]}), number);
    if (!isNumber || !(number > -1e300 && number < 1e300)) continue;
    parts[i] = number;
    isKnown = true;
  }
  if (!isKnown) return;
  out.rawMember("cost", "{\"input\":" + doubleText(parts[0]) + ",\"output\":" +
                            doubleText(parts[1]) + ",\"total\":" + doubleText(parts[2]) + "}");
}

void writeAssessment(FactsWriter& out, std::string_view json) {
  if (!out.beginEntry('{')) return;
  const std::string_view feedback = find(json, {"feedback"});
  const bool isFeedback = !feedback.empty() && feedback != "null";
  const std::string_view content = isFeedback ? feedback : find(json, {"expectation"});
  std::string_view value = find(content, {"value"});
  if (value.empty()) value = find(content, {"serialized_value", "value"});
  std::string source = textOf(find(json, {"source", "source_type"}));
  const std::string sourceId = textOf(find(json, {"source", "source_id"}));
  if (!sourceId.empty() && sourceId != "default") source += " " + sourceId;
  std::string error = textOf(find(feedback, {"error", "error_code"}));
  const std::string errorMessage = textOf(find(feedback, {"error", "error_message"}));
  if (!errorMessage.empty()) error += (error.empty() ? "" : ": ") + errorMessage;
  out.text("name", textOf(find(json, {"assessment_name"})));
  out.rawMember("kind", isFeedback ? "\"feedback\"" : "\"expectation\"");
  out.text("value", textOf(value));
  out.text("rationale", textOf(find(json, {"rationale"})));
  out.text("error", error);
  out.text("source", source);
  out.text("spanId", textOf(find(json, {"span_id"})));
  if (find(json, {"valid"}) == "false") out.rawMember("isValid", "false");
  out.end('}');
}

std::string factsOfInfo(std::string_view info) {
  // One pass over the dictionary; of equal keys the last counts.
  std::string_view traceId, requestId, location, experimentId, state, status, clientRequestId,
      request, response, tags, metadata, requestMetadata, assessments;
  const struct {
    const char* name;
    std::string_view* value;
  } known[] = {{"trace_id", &traceId},
               {"request_id", &requestId},
               {"trace_location", &location},
               {"experiment_id", &experimentId},
               {"state", &state},
               {"status", &status},
               {"client_request_id", &clientRequestId},
               {"request_preview", &request},
               {"response_preview", &response},
               {"tags", &tags},
               {"trace_metadata", &metadata},
               {"request_metadata", &requestMetadata},
               {"assessments", &assessments}};
  JsonMembers members(info);
  while (members.isObject() && members.next()) {
    for (const auto& each : known) {
      if (members.key() == each.name) *each.value = members.value();
    }
  }
  if (metadata.empty()) metadata = requestMetadata;
  FactsWriter out;
  out.text("traceId", textOf(traceId.empty() ? requestId : traceId));
  const std::string experiment = textOf(find(location, {"mlflow_experiment", "experiment_id"}));
  out.text("experimentId", experiment.empty() ? textOf(experimentId) : experiment);
  out.text("state", textOf(state.empty() ? status : state));
  out.text("clientRequestId", textOf(clientRequestId));
  out.text("requestPreview", textOf(request));
  out.text("responsePreview", textOf(response));
  writeMap(out, "tags", tags);
  writeMap(out, "metadata", metadata);
  out.beginList("assessments");
  JsonMembers list(assessments);
  while (list.isArray() && list.next()) writeAssessment(out, list.value());
  out.end(']');
  writeCost(out, valueOf(metadata, trace::metadata_key::kCost));
  return out.take();
}

std::string factsOfSpan(Bytes blob) {
  constexpr std::string_view kTag = trace::promoted_key::kTagPrefix;
  constexpr std::string_view kMetadata = "mlflow.traceMetadata.";
  std::string cost;
  FactsWriter out;
  const auto writePrefixed = [&](const char* name, std::string_view prefix) {
    out.beginList(name);
    forEachStringAttribute(blob, [&](std::string_view key, std::string_view text) {
      if (key.starts_with(prefix)) out.pair(key.substr(prefix.size()), text);
    });
    out.end(']');
  };
  writePrefixed("tags", kTag);
  writePrefixed("metadata", kMetadata);
  forEachStringAttribute(blob, [&](std::string_view key, std::string_view text) {
    if (key == "mlflow.traceClientRequestId") out.text("clientRequestId", text);
    if (key.starts_with(kMetadata) && key.substr(kMetadata.size()) == trace::metadata_key::kCost) {
      cost = text;
    }
  });
  if (!cost.empty()) writeCost(out, cost);
  return out.take();
}

}  // namespace

void keepFacts(TraceStore& store, uint32_t traceSlot, std::string_view infoJson) {
  const std::string_view tags = find(infoJson, {"tags"});
  std::string_view metadata = find(infoJson, {"trace_metadata"});
  if (metadata.empty()) metadata = find(infoJson, {"request_metadata"});
  const std::string usage = valueOf(metadata, trace::metadata_key::kTokenUsage);
  store.setInfo(traceSlot, std::string(infoJson), valueOf(tags, trace::tag_key::kTraceName),
                usage.empty() ? TokenUsage{} : tokenUsageOfJson(usage));
}

std::string traceFactsJson(const TraceStore& store, uint32_t traceSlot) {
  const StoredTrace& trace = store.trace(traceSlot);
  if (trace.info) return factsOfInfo(trace.info->json);
  const SpanColumns& columns = store.columns();
  for (Row row = trace.first; row != kNoRow; row = columns.nextInTrace(row)) {
    const bool isMarked = columns.flags(row) & span_flag::kHasTraceAttributes;
    if (isMarked && columns.parentSpanId(row) == 0) return factsOfSpan(store.blobOf(row));
  }
  return "{}";
}

}  // namespace spandrel::view
