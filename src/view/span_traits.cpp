#include "view/span_traits.h"

#include "base/json_members.h"
#include "base/number_text.h"
#include "otlp/fields.h"
#include "trace/constants.h"
#include "view/wire_cursor.h"

namespace spandrel::view {
namespace {

namespace fields = otlp::fields;
using otlp::WireType;

constexpr std::string_view kUnfinished = "spandrel.unfinished";
constexpr std::string_view kTraceMetadataPrefix = "mlflow.traceMetadata.";
constexpr std::string_view kTraceTagPrefix = "mlflow.traceTag.";
constexpr std::string_view kTraceTokenUsage = "mlflow.traceMetadata.mlflow.trace.tokenUsage";
constexpr std::string_view kBareTraceTokenUsage = "mlflow.trace.tokenUsage";

bool startsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

bool splitKeyValue(std::string_view keyValue, std::string_view& key, std::string_view& value) {
  WireCursor cursor(keyValue);
  while (cursor.next()) {
    if (cursor.is(fields::key_value::kKey, WireType::Bytes)) {
      if (!cursor.bytes(key)) return false;
    } else if (cursor.is(fields::key_value::kValue, WireType::Bytes)) {
      if (!cursor.bytes(value)) return false;
    } else if (!cursor.skip()) {
      return false;
    }
  }
  return !cursor.failed();
}

std::string_view stringOf(std::string_view anyValue) {
  WireCursor cursor(anyValue);
  std::string_view text;
  if (cursor.next() && cursor.is(fields::any_value::kStringValue, WireType::Bytes))
    cursor.bytes(text);
  // MLflow's own exporter may leave the quotes of its JSON text.
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  return text;
}

bool integerOf(std::string_view anyValue, int64_t& out) {
  WireCursor cursor(anyValue);
  if (!cursor.next()) return false;
  if (cursor.is(fields::any_value::kIntValue, WireType::Varint)) {
    uint64_t bits = 0;
    if (!cursor.varint(bits)) return false;
    out = static_cast<int64_t>(bits);
    return true;
  }
  return parseInt64(stringOf(anyValue), out);
}

bool isTrue(std::string_view anyValue) {
  WireCursor cursor(anyValue);
  uint64_t bits = 0;
  if (cursor.next() && cursor.is(fields::any_value::kBoolValue, WireType::Varint)) {
    return cursor.varint(bits) && bits != 0;
  }
  return stringOf(anyValue) == "true";
}

std::string_view typeOfOperation(std::string_view operation) {
  if (operation == "chat" || operation == "generate_content") return "CHAT_MODEL";
  if (operation == "text_completion") return "LLM";
  if (operation == "embeddings") return "EMBEDDING";
  if (operation == "execute_tool") return "TOOL";
  if (operation == "invoke_agent" || operation == "create_agent") return "AGENT";
  return {};
}

void addMember(TokenUsage& usage, std::string_view key, int64_t count) {
  if (key == "input_tokens" || key == "prompt_tokens") usage.inputTokens = count;
  if (key == "output_tokens" || key == "completion_tokens") usage.outputTokens = count;
  if (key == "total_tokens") usage.totalTokens = count;
}

void readUsageJson(std::string_view json, TokenUsage& usage) {
  JsonMembers members(json, 4);
  while (members.next()) {
    int64_t count = 0;
    if (parseInt64(members.value(), count)) addMember(usage, members.key(), count);
  }
  usage.isKnown = members.isObject();
}

// A map given as kvlistValue instead of JSON text.
void readUsageMap(std::string_view anyValue, TokenUsage& usage) {
  WireCursor value(anyValue);
  std::string_view list;
  if (!value.next() || !value.is(fields::any_value::kKvlistValue, WireType::Bytes) ||
      !value.bytes(list))
    return;
  usage.isKnown = true;
  WireCursor members(list);
  std::string_view member;
  while (members.next()) {
    std::string_view key, inner;
    int64_t count = 0;
    if (!members.is(fields::key_value_list::kValues, WireType::Bytes)) {
      if (!members.skip()) return;
    } else if (!members.bytes(member)) {
      return;
    } else if (splitKeyValue(member, key, inner) && integerOf(inner, count)) {
      addMember(usage, key, count);
    }
  }
}

void readUsageValue(std::string_view anyValue, TokenUsage& usage) {
  WireCursor cursor(anyValue);
  std::string_view text;
  if (cursor.next() && cursor.is(fields::any_value::kStringValue, WireType::Bytes) &&
      cursor.bytes(text)) {
    readUsageJson(text, usage);
  } else {
    readUsageMap(anyValue, usage);
  }
}

// Calls `visit(key, anyValue)` for each readable attribute.
template <typename Visit>
void forEachAttribute(Bytes blob, Visit visit) {
  WireCursor cursor(blob);
  std::string_view keyValue;
  while (cursor.next()) {
    if (!cursor.is(fields::span::kAttributes, WireType::Bytes)) {
      if (!cursor.skip()) return;
      continue;
    }
    std::string_view key, value;
    if (!cursor.bytes(keyValue)) return;
    if (splitKeyValue(keyValue, key, value)) visit(key, value);
  }
}

TokenUsage finish(TokenUsage usage) {
  if (usage.totalTokens == 0) usage.totalTokens = usage.inputTokens + usage.outputTokens;
  return usage;
}

}  // namespace

void SpanTraits::read(std::string_view keyValue) {
  // The usual form: key first, then value, nothing else.
  const auto* data = reinterpret_cast<const uint8_t*>(keyValue.data());
  if (keyValue.size() > 2 && data[0] == 0x0a && data[1] < 0x80 &&
      size_t{data[1]} + 2 <= keyValue.size()) {
    const std::string_view key = keyValue.substr(2, data[1]);
    // Most keys are of no interest: decided by their first letter.
    if (key.empty()) return;
    switch (key[0]) {
      case 'm':
      case 'o':
      case 'g':
      case 'l':
      case 's':
      case 'h':
      case 'd':
      case 'r':
        break;
      default:
        return;
    }
  }
  std::string_view key, value;
  if (splitKeyValue(keyValue, key, value)) see(key, value);
}

void SpanTraits::see(std::string_view key, std::string_view anyValue) {
  if (startsWith(key, "mlflow.")) {
    if (key == trace::attribute_key::kSpanType) {
      propose(stringOf(anyValue), 4);
    } else if (key == trace::attribute_key::kTokenUsage) {
      hasUsage_ = true;
    } else if (startsWith(key, kTraceMetadataPrefix) || startsWith(key, kTraceTagPrefix) ||
               key == kBareTraceTokenUsage) {
      hasTraceAttributes_ = true;
    }
    return;
  }
  if (key == "openinference.span.kind") return propose(stringOf(anyValue), 3);
  if (startsWith(key, "gen_ai.")) {
    if (key == "gen_ai.operation.name") propose(typeOfOperation(stringOf(anyValue)), 2);
    if (startsWith(key, "gen_ai.usage.")) hasUsage_ = true;
    return;
  }
  if (startsWith(key, "llm.token_count.")) {
    hasUsage_ = true;
  } else if (key == kUnfinished) {
    isUnfinished_ = isTrue(anyValue);
  } else if (key == "http.request.method" || key == "http.method") {
    propose("HTTP", 1);
  } else if (key == "db.system" || key == "db.system.name") {
    propose("DATABASE", 1);
  } else if (key == "rpc.system") {
    propose("RPC", 1);
  } else if (key == "messaging.system") {
    propose("MESSAGING", 1);
  }
}

void SpanTraits::propose(std::string_view type, int rank) {
  if (rank <= rank_ || type.empty() || type == trace::kUnknownSpanType || type.size() > 256) return;
  type_ = type;
  rank_ = rank;
}

TokenUsage readTokenUsage(Bytes blob) {
  TokenUsage mlflow, other;
  forEachAttribute(blob, [&](std::string_view key, std::string_view value) {
    int64_t count = 0;
    if (key == trace::attribute_key::kTokenUsage) {
      readUsageValue(value, mlflow);
    } else if (key == "gen_ai.usage.input_tokens" || key == "gen_ai.usage.prompt_tokens" ||
               key == "llm.token_count.prompt") {
      if (integerOf(value, count)) other.inputTokens = count, other.isKnown = true;
    } else if (key == "gen_ai.usage.output_tokens" || key == "gen_ai.usage.completion_tokens" ||
               key == "llm.token_count.completion") {
      if (integerOf(value, count)) other.outputTokens = count, other.isKnown = true;
    } else if (key == "llm.token_count.total") {
      if (integerOf(value, count)) other.totalTokens = count, other.isKnown = true;
    }
  });
  return finish(mlflow.isKnown ? mlflow : other);
}

TokenUsage readTraceTokenUsage(Bytes blob) {
  TokenUsage usage;
  forEachAttribute(blob, [&](std::string_view key, std::string_view value) {
    if (key == kTraceTokenUsage || key == kBareTraceTokenUsage) readUsageValue(value, usage);
  });
  return finish(usage);
}

TokenUsage tokenUsageOfJson(std::string_view json) {
  TokenUsage usage;
  readUsageJson(json, usage);
  return finish(usage);
}

std::string_view readStringAttribute(Bytes blob, std::string_view wanted) {
  std::string_view found;
  forEachAttribute(blob, [&](std::string_view key, std::string_view value) {
    if (found.empty() && key == wanted) found = stringOf(value);
  });
  return found;
}

}  // namespace spandrel::view
