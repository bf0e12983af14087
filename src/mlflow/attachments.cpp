#include "mlflow/attachments.h"

#include "base/json_text.h"
#include "mlflow/attachment_finder.h"
#include "record/portable.h"
#include "trace/attribute_text.h"
#include "trace/constants.h"

namespace spandrel::mlflow {
namespace {

using trace::AnyValue;
using trace::SpanData;
namespace key = trace::attribute_key;

constexpr int64_t kLogLevelError = 40;
// A pass takes one content out of an object; MLflow makes two.
constexpr int kPasses = 2;

// Each bit of the input decides about each of the result.
uint64_t mixed(uint64_t value) {
  value += 0x9E3779B97F4A7C15u;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
  return value ^ (value >> 31);
}

uint64_t wordAt(const uint8_t* bytes) {
  uint64_t word = 0;
  for (int i = 0; i < 8; ++i) word = word << 8 | bytes[i];
  return word;
}

std::string uuidOf(const SpanData& span, uint64_t place) {
  uint8_t bytes[16];
  uint64_t state = mixed(wordAt(span.traceId.bytes.data()));
  state = mixed(state ^ wordAt(span.traceId.bytes.data() + 8));
  state = mixed(state ^ wordAt(span.spanId.bytes.data()));
  const uint64_t halves[] = {mixed(state ^ mixed(2 * place)), mixed(state ^ mixed(2 * place + 1))};
  for (size_t i = 0; i < 16; ++i) {
    bytes[i] = static_cast<uint8_t>(halves[i / 8] >> (8 * (i % 8)));
  }
  bytes[6] =
      static_cast<uint8_t>((bytes[6] & 0x0F) | 0x80);  // version 8: made by a rule of its own
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3F) | 0x80);
  std::string text = toHex(bytes);
  for (const size_t at : {8u, 13u, 18u, 23u}) text.insert(at, 1, '-');
  return text;
}

// As Python's urlencode() writes a value.
void appendEncoded(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    const bool isPlain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-' || c == '~';
    if (isPlain) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
}

std::string traceIdOf(const SpanData& span) {
  const AnyValue given = trace::attributeValue(span, key::kTraceId);
  return given.kind == AnyValue::Kind::String && !given.text.empty()
             ? given.text
             : trace::generateTraceIdV3(span.traceId);
}

class Detacher {
 public:
  Detacher(SpanData& span, const AttachmentRules& rules)
      : span_(span), rules_(rules), traceId_(traceIdOf(span)) {}

  DetachedContents run() {
    for (const std::string_view name : {key::kInputs, key::kOutputs}) {
      for (trace::Attribute& attribute : span_.attributes) {
        if (attribute.key == name) detach(attribute.value);
      }
    }
    for (const uint64_t size : detached_.tooLarge) fail(size);
    return std::move(detached_);
  }

 private:
  // What another instrumentation set was no value of setInputs() or setOutputs().
  void detach(AnyValue& value) {
    if (value.isNative) return;
    const bool isPlain = value.kind == AnyValue::Kind::String;
    if (!isPlain && value.kind != AnyValue::Kind::Json) return;
    if (!mayHoldContents(value.text)) return;
    std::string text = isPlain ? quoteJson(value.text) : std::move(value.text);
    const bool isChanged = rewrite(text);
    if (isChanged || !isPlain) value = AnyValue::json(std::move(text));
  }

  bool rewrite(std::string& text) {
    bool isChanged = false;
    for (int pass = 0; pass < kPasses; ++pass) {
      const size_t left = kMaxAttachments - detached_.attachments.size();
      const std::vector<FoundContent> found = findContents(text, !rules_.takesBase64, left);
      if (found.empty()) break;
      isChanged = true;
      std::string next;
      size_t at = 0;
      for (const FoundContent& content : found) {
        next.append(text, at, content.offset - at);
        next += quoteJson(replacementOf(content));
        at = content.offset + content.length;
      }
      next.append(text, at);
      text = std::move(next);
    }
    if (isChanged) detached_.isChanged = true;
    return isChanged;
  }

  std::string replacementOf(const FoundContent& found) {
    std::string plain;
    std::string_view digits = found.base64;
    if (digits.find('\\') != std::string_view::npos) digits = plain = unescaped(digits);
    while (digits.ends_with('=')) digits.remove_suffix(1);
    Result<std::vector<uint8_t>> content = fromBase64(digits);
    Attachment attachment;
    if (content.ok()) attachment.content = content.take();
    const uint64_t size = attachment.content.size();
    if (rules_.maxBytes > 0 && size > rules_.maxBytes) {
      detached_.tooLarge.push_back(size);
      return "[Attachment too large: " + std::to_string(size) + " bytes exceeds " +
             std::to_string(rules_.maxBytes) + " bytes limit]";
    }
    attachment.contentType = found.typePrefix;
    attachment.contentType += unescaped(found.type);
    attachment.id = found.id.empty() ? uuidOf(span_, place_++) : std::string(found.id);
    std::string reference = attachmentReference(attachment, traceId_);
    detached_.attachments.push_back(std::move(attachment));
    return reference;
  }

  // As an exception that was recorded while the span was open.
  void fail(uint64_t size) {
    const std::string message = "Attachment too large (" + std::to_string(size) + " bytes > " +
                                std::to_string(rules_.maxBytes) +
                                " bytes limit). Content discarded.";
    span_.status.code = trace::StatusCode::Error;
    span_.status.description = "Exception: " + message;
    trace::Event& event = span_.events.emplace_back();
    event.name = "exception";
    event.timeNs = span_.isOpen ? span_.startTimeNs : span_.endTimeNs;
    const auto add = [&](const char* name, const std::string& text) {
      event.attributes.push_back({name, AnyValue::string(text)});
    };
    add("exception.message", message);
    add("exception.type", "Exception");
    add("exception.stacktrace", span_.status.description);
    for (trace::Attribute& attribute : span_.attributes) {
      if (attribute.key != key::kLogLevel || attribute.value.isNative) continue;
      const AnyValue level = trace::attributeValue(attribute.value);
      if (level.kind == AnyValue::Kind::Int && level.integer < kLogLevelError) {
        attribute.value = AnyValue::of(kLogLevelError);
      }
    }
  }

  SpanData& span_;
  const AttachmentRules& rules_;
  std::string traceId_;
  uint64_t place_ = 0;
  DetachedContents detached_;
};

// --- many records --------------------------------------------------------------------------------

void appendMember(std::string& out, std::string_view name, std::string_view text) {
  if (out.back() != '{') out += ',';
  appendJsonString(out, name);
  out += ':';
  appendJsonString(out, text);
}

// What the info of a trace shows of its root, as the members of an object.
std::string copiesOf(const SpanData& root, size_t previewLength) {
  std::string out = "{";
  for (const bool isInputs : {true, false}) {
    const AnyValue* value = root.find(isInputs ? key::kInputs : key::kOutputs);
    const std::string text = value ? trace::attributeText(*value) : std::string();
    appendMember(out, isInputs ? "requestPreview" : "responsePreview",
                 trace::previewOf(text, isInputs ? "user" : "assistant", previewLength));
    appendMember(out, isInputs ? "traceInputs" : "traceOutputs",
                 trace::truncateText(text, trace::kMetadataCopyMaxLength));
  }
  if (root.status.code == trace::StatusCode::Error) appendMember(out, "error", "yes");
  return out + "}";
}

void appendPadded(std::vector<uint8_t>& out, Bytes bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
  out.resize((out.size() + 3) & ~size_t{3});
}

class RecordDetacher {
 public:
  explicit RecordDetacher(const AttachmentRules& rules) : rules_(rules) {}

  Result<Done> add(Bytes record) {
    const size_t index = index_++;
    const std::string_view text(reinterpret_cast<const char*>(record.data()), record.size());
    if (!mayHoldContents(text)) return Done();
    Result<SpanData> read = record::decodePortable(record);
    if (!read.ok()) return read.error();
    SpanData& span = read.value();
    const bool isRoot = span.parentSpanId.isZero();
    const std::string before = isRoot ? copiesOf(span, rules_.previewLength) : std::string();
    const DetachedContents detached = detachContents(span, rules_);
    if (!detached.isChanged) return Done();
    describe(index, detached,
             isRoot ? before + "," + copiesOf(span, rules_.previewLength) : std::string(),
             record::encodePortable(span));
    return Done();
  }

  std::vector<uint8_t> take() {
    list_ += ']';
    const auto length = static_cast<uint32_t>(list_.size());
    std::vector<uint8_t> out;
    for (int shift = 0; shift < 32; shift += 8) {
      out.push_back(static_cast<uint8_t>(length >> shift));
    }
    appendPadded(out, {reinterpret_cast<const uint8_t*>(list_.data()), list_.size()});
    out.insert(out.end(), contents_.begin(), contents_.end());
    return out;
  }

 private:
  // `copies`: of a root, before and after.
  void describe(size_t index, const DetachedContents& detached, const std::string& copies,
                const std::vector<uint8_t>& record) {
    if (list_.size() > 1) list_ += ',';
    list_ += "{\"index\":" + std::to_string(index) +
             ",\"recordBytes\":" + std::to_string(record.size()) +
             ",\"tooLarge\":" + std::to_string(detached.tooLarge.size());
    if (!copies.empty()) list_ += ",\"root\":[" + copies + "]";
    list_ += ",\"attachments\":[";
    appendPadded(contents_, record);
    for (const Attachment& each : detached.attachments) {
      if (list_.back() == '}') list_ += ',';
      list_ += "{";
      appendMember(list_, "id", each.id);
      appendMember(list_, "contentType", each.contentType);
      list_ += ",\"size\":" + std::to_string(each.content.size()) + "}";
      appendPadded(contents_, each.content);
    }
    list_ += "]}";
  }

  const AttachmentRules& rules_;
  size_t index_ = 0;
  std::string list_ = "[";
  std::vector<uint8_t> contents_;
};

}  // namespace

DetachedContents detachContents(SpanData& span, const AttachmentRules& rules) {
  return Detacher(span, rules).run();
}

std::string attachmentReference(const Attachment& attachment, std::string_view traceId) {
  std::string out = "mlflow-attachment://" + attachment.id + "?content_type=";
  appendEncoded(out, attachment.contentType);
  out += "&trace_id=";
  appendEncoded(out, traceId);
  return out + "&size=" + std::to_string(attachment.content.size());
}

Result<std::vector<uint8_t>> detachContentsOfRecords(Bytes records, const AttachmentRules& rules) {
  RecordDetacher detacher(rules);
  while (!records.empty()) {
    const Result<Bytes> record = record::firstPortable(records);
    if (!record.ok()) return record.error();
    if (const Result<Done> added = detacher.add(record.value()); !added.ok()) return added.error();
    records = records.subspan(record.value().size());
  }
  return detacher.take();
}

}  // namespace spandrel::mlflow
