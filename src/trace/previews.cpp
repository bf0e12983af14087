#include "trace/previews.h"

#include <optional>

#include "base/json_members.h"
#include "base/text.h"
#include "trace/attribute_text.h"
#include "trace/constants.h"

namespace spandrel::trace {
namespace {

using Kind = JsonMembers::Kind;

// A request inside a request inside …: each level is read again, so there is an end.
constexpr int kMaxRequestLevels = 8;

struct Message {
  std::string role;
  std::string text;  // empty: nothing to show
};

// One part of a list of contents; absent: look at the next part.
std::optional<std::string> partText(const JsonMembers& part) {
  if (part.isString()) return part.text();
  if (part.kind() != Kind::BeginObject) return std::nullopt;
  std::string type;
  std::string text;
  JsonMembers members(part.value());
  while (members.next()) {
    if (members.key() == "type") type = members.isString() ? members.text() : "";
    if (members.key() == "text") text = members.isString() ? members.text() : "";
  }
  if (type != "text" && type != "output_text") return std::nullopt;
  return text;
}

std::string contentText(const JsonMembers& content) {
  if (content.isString()) return content.text();
  if (content.kind() != Kind::BeginArray) return {};
  JsonMembers parts(content.value());
  while (parts.next()) {
    if (auto text = partText(parts)) return *text;
  }
  return {};
}

// A message is an object with both a role and a content.
std::optional<Message> readMessage(std::string_view json) {
  Message message;
  bool hasRole = false;
  bool hasContent = false;
  JsonMembers members(json);
  if (!members.isObject()) return std::nullopt;
  while (members.next()) {
    if (members.key() == "role") {
      hasRole = true;
      message.role = members.isString() ? members.text() : "";
    } else if (members.key() == "content") {
      hasContent = true;
      message.text = contentText(members);
    }
  }
  if (!hasRole || !hasContent) return std::nullopt;
  return message;
}

// The last message of `role`, else the last; absent: the list holds no message.
std::optional<std::string> fromList(std::string_view json, std::string_view role) {
  std::optional<std::string> ofRole;
  std::optional<std::string> last;
  JsonMembers elements(json);
  while (elements.isArray() && elements.next()) {
    auto message = readMessage(elements.value());
    if (!message) continue;
    if (message->role == role) ofRole = message->text;
    last = std::move(message->text);
  }
  return ofRole ? ofRole : last;
}

std::optional<std::string> fromChoices(std::string_view json) {
  JsonMembers choices(json);
  if (!choices.isArray() || !choices.next()) return std::nullopt;
  JsonMembers members(choices.value());
  std::optional<Message> message;
  while (members.isObject() && members.next()) {
    if (members.key() == "message") message = readMessage(members.value());
  }
  if (!message) return std::nullopt;
  return message->text;
}

// Where messages may stand in one object.
struct Places {
  std::string_view messages, choices, input, output, request;
};

std::optional<Places> findPlaces(std::string_view json) {
  Places places;
  JsonMembers members(json);
  if (!members.isObject()) return std::nullopt;
  while (members.next()) {
    const std::string& key = members.key();
    if (key == "messages") places.messages = members.value();
    if (key == "choices") places.choices = members.value();
    if (key == "input") places.input = members.value();
    if (key == "output") places.output = members.value();
    if (key == "request") places.request = members.value();
  }
  if (!members.ok()) return std::nullopt;
  return places;
}

std::string storedText(const SpanData* root, std::string_view key) {
  const AnyValue* value = root ? root->find(key) : nullptr;
  return value ? attributeText(*value) : std::string();
}

}  // namespace

std::string truncateText(std::string_view text, size_t maxLength) {
  if (takeCodePoints(text, maxLength).size() == text.size()) return std::string(text);
  return std::string(takeCodePoints(text, maxLength - 3)) + "...";
}

std::string chatMessageText(std::string_view json, std::string_view role) {
  for (int level = 0; level < kMaxRequestLevels && !json.empty(); ++level) {
    const std::optional<Places> places = findPlaces(json);
    if (!places) return {};
    if (auto text = fromList(places->messages, role)) return *text;
    if (auto text = fromChoices(places->choices)) return *text;
    if (auto text = fromList(places->input, role)) return *text;
    if (auto text = fromList(places->output, role)) return *text;
    json = places->request;
  }
  return {};
}

std::string previewOf(std::string_view storedText, std::string_view role, size_t maxLength) {
  const std::string message = chatMessageText(storedText, role);
  return truncateText(message.empty() ? storedText : std::string_view(message), maxLength);
}

void setRequestResponsePreview(TraceInfo& info, const SpanData* root, size_t maxLength) {
  if (!info.requestPreview) {
    info.requestPreview = previewOf(storedText(root, attribute_key::kInputs), "user", maxLength);
  }
  if (!info.responsePreview) {
    info.responsePreview =
        previewOf(storedText(root, attribute_key::kOutputs), "assistant", maxLength);
  }
}

void setInputsOutputsMetadata(TraceInfo& info, const SpanData& root) {
  info.traceMetadata[std::string(metadata_key::kInputs)] =
      truncateText(storedText(&root, attribute_key::kInputs), kMetadataCopyMaxLength);
  info.traceMetadata[std::string(metadata_key::kOutputs)] =
      truncateText(storedText(&root, attribute_key::kOutputs), kMetadataCopyMaxLength);
}

}  // namespace spandrel::trace
