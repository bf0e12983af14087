// How an attribute's value leaves: in the form receivers want, or in the reference's form.
#pragma once

#include <string_view>

#include "trace/any_value.h"

namespace spandrel::otlp {

enum class ValueForm : uint8_t {
  // For receivers. mlflow.spanInputs and mlflow.spanOutputs carry JSON text, a string has quotes;
  // JSON text stays text; values of more than kMaxWireDepth levels become text; all else is typed.
  Wire,
  // As MLflow's to_otel_proto(): text is decoded to the value it stands for, at any depth.
  Reference,
  // Every value as it is held: what was decoded from OTLP leaves as it came.
  Typed,
};

// The value to encode for attribute `key`: `value` itself, or `scratch` filled with what replaces
// it.
const trace::AnyValue& outgoingValue(std::string_view key, const trace::AnyValue& value,
                                     ValueForm form, trace::AnyValue& scratch);

}  // namespace spandrel::otlp
