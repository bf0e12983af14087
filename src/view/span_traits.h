// What the list and the waterfall show of a span's attributes: its type, and whether it counts
// tokens.
//
// Three vocabularies are read: MLflow's (mlflow.spanType), OpenInference's
// (openinference.span.kind) and the OpenTelemetry semantic conventions (gen_ai.*, http.*, db.*,
// rpc.*, messaging.*). MLflow's word wins, then OpenInference's, then the conventions'.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/text.h"

namespace spandrel::view {

// Gathered while the importer walks the attributes of one span.
class SpanTraits {
 public:
  // `keyValue` is one encoded KeyValue.
  void read(std::string_view keyValue);

  std::string_view type() const { return type_; }  // empty: nothing says
  bool isUnfinished() const { return isUnfinished_; }
  bool hasUsage() const { return hasUsage_; }
  bool hasTraceAttributes() const { return hasTraceAttributes_; }

 private:
  void see(std::string_view key, std::string_view anyValue);
  void propose(std::string_view type, int rank);

  std::string_view type_;
  int rank_ = 0;
  bool isUnfinished_ = false;
  bool hasUsage_ = false;
  bool hasTraceAttributes_ = false;
};

struct TokenUsage {
  int64_t inputTokens = 0;
  int64_t outputTokens = 0;
  int64_t totalTokens = 0;
  bool isKnown = false;
};

// From the encoded rest of a span, as the store keeps it.
TokenUsage readTokenUsage(Bytes blob);
// MLflow's sum over the trace, where the root carries it
// (mlflow.traceMetadata.mlflow.trace.tokenUsage).
TokenUsage readTraceTokenUsage(Bytes blob);
// The same from the value's JSON text.
TokenUsage tokenUsageOfJson(std::string_view json);
// The text of the first string attribute `key` of the blob; empty if there is none.
std::string_view readStringAttribute(Bytes blob, std::string_view key);

}  // namespace spandrel::view
