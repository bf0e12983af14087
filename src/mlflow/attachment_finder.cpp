#include "mlflow/attachment_finder.h"

#include "base/json_text.h"

namespace spandrel::mlflow {
namespace {

using Kind = JsonScanner::Kind;

constexpr std::string_view kReference = "mlflow-attachment://";

// Members that shapes speak of. Those before kLeafCount are strings, the others objects.
enum Name : uint8_t {
  kType,
  kData,
  kFormat,
  kMediaType,
  kMimeType,
  kBytes,
  kB64Json,
  kResult,
  kOutputFormat,
  kLeafCount,
  kInputAudio = kLeafCount,
  kSource,
  kAudio,
  kImage,
  kInlineData,
  kNameCount,
  kOther = kNameCount
};
constexpr size_t kObjectCount = kNameCount - kLeafCount;

constexpr struct {
  std::string_view key;
  Name name;
} kNames[] = {
    {"\"type\"", kType},
    {"\"data\"", kData},
    {"\"format\"", kFormat},
    {"\"media_type\"", kMediaType},
    {"\"mime_type\"", kMimeType},
    {"\"mimeType\"", kMimeType},
    {"\"bytes\"", kBytes},
    {"\"b64_json\"", kB64Json},
    {"\"result\"", kResult},
    {"\"output_format\"", kOutputFormat},
    {"\"input_audio\"", kInputAudio},
    {"\"source\"", kSource},
    {"\"audio\"", kAudio},
    {"\"image\"", kImage},
    {"\"inline_data\"", kInlineData},
    {"\"inlineData\"", kInlineData},
};

Name nameOf(std::string_view quotedKey) {
  for (const auto& [key, name] : kNames) {
    if (key == quotedKey) return name;
  }
  return kOther;
}

std::string_view inner(std::string_view quoted) {
  return quoted.substr(1, quoted.size() - 2);
}

// The scalars of one object as they stand in the text; empty: there is none of that name.
struct Leaves {
  std::string_view texts[kLeafCount];

  bool isString(Name name) const { return texts[name].starts_with('"'); }
  bool hasContent(Name name) const { return isString(name) && texts[name].size() > 2; }
  bool is(Name name, std::string_view value) const {
    return isString(name) && inner(texts[name]) == value;
  }
  std::string_view textOr(Name name, std::string_view fallback) const {
    return hasContent(name) ? inner(texts[name]) : fallback;
  }
  // Not taken out before.
  bool isOpen(Name name) const {
    return hasContent(name) && !inner(texts[name]).starts_with(kReference);
  }
};

struct Frame {
  bool isObject = false;
  Name ownName = kOther;  // in the frame around it
  Name next = kOther;     // of the value that comes
  bool hasObject[kObjectCount] = {};
  Leaves leaves;
  Leaves objects[kObjectCount];

  // Null where there is no such object.
  const Leaves* object(Name name) const {
    return hasObject[name - kLeafCount] ? &objects[name - kLeafCount] : nullptr;
  }
};

bool isUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool isHyphen = i == 8 || i == 13 || i == 18 || i == 23;
    const bool isDigit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (isHyphen ? c != '-' : !isDigit) return false;
  }
  return true;
}

class Finder {
 public:
  Finder(std::string_view json, bool explicitOnly, size_t maxCount)
      : json_(json), scanner_(json), explicitOnly_(explicitOnly), maxCount_(maxCount) {}

  std::vector<FoundContent> run() {
    for (;;) {
      const JsonScanner::Token token = scanner_.next();
      if (token.kind == Kind::End) return std::move(found_);
      if (token.kind == Kind::Error) return {};
      dispatch(token);
    }
  }

 private:
  void dispatch(const JsonScanner::Token& token) {
    switch (token.kind) {
      case Kind::BeginObject:
      case Kind::BeginArray: {
        noteValue(token.text);
        Frame frame;
        frame.isObject = token.kind == Kind::BeginObject;
        if (!frames_.empty()) frame.ownName = frames_.back().next;
        frames_.push_back(frame);
        return;
      }
      case Kind::EndArray:
        frames_.pop_back();
        return;
      case Kind::EndObject:
        return close();
      case Kind::Key:
        frames_.back().next = nameOf(token.text);
        return;
      case Kind::String:
        takeDataUri(token.text);
        [[fallthrough]];
      default:
        noteValue(token.text);
    }
  }

  // A later member of the same name counts, as in every reader of objects.
  void noteValue(std::string_view text) {
    if (frames_.empty()) return;
    Frame& frame = frames_.back();
    if (!frame.isObject || frame.next == kOther) return;
    if (frame.next < kLeafCount) {
      frame.leaves.texts[frame.next] = text;
    } else {
      frame.hasObject[frame.next - kLeafCount] = false;
    }
  }

  void close() {
    Frame& frame = frames_.back();
    if (!explicitOnly_) takeShape(frame);
    // Bedrock's bytes stand one level deeper than the rest of the image.
    if (frame.ownName == kImage) {
      const Leaves* source = frame.object(kSource);
      frame.leaves.texts[kBytes] = source ? source->texts[kBytes] : std::string_view();
    }
    const Leaves leaves = frame.leaves;
    const Name name = frame.ownName;
    frames_.pop_back();
    if (frames_.empty() || !frames_.back().isObject || name < kLeafCount || name == kOther) return;
    frames_.back().hasObject[name - kLeafCount] = true;
    frames_.back().objects[name - kLeafCount] = leaves;
  }

  // The order is MLflow's: a shape that fits ends the search, even where its text is no base64.
  void takeShape(const Frame& frame) {
    const Leaves& own = frame.leaves;
    const Leaves* part = frame.object(kInputAudio);
    if (part && own.is(kType, "input_audio") && part->hasContent(kData)) {
      const std::string_view format = part->textOr(kFormat, "wav");
      return takeText(part->texts[kData], "audio/", format == "mp3" ? "mpeg" : format);
    }
    part = frame.object(kSource);
    if (part && own.is(kType, "image") && part->is(kType, "base64") && part->hasContent(kData)) {
      return takeText(part->texts[kData], "", part->textOr(kMediaType, "image/png"));
    }
    if (own.hasContent(kB64Json)) return takeText(own.texts[kB64Json], "image/", "png");
    part = frame.object(kAudio);
    if (part && part->isOpen(kData)) return takeText(part->texts[kData], "audio/", "wav");
    part = frame.object(kImage);
    if (part && part->isOpen(kBytes)) {
      return takeText(part->texts[kBytes], "image/", part->textOr(kFormat, "png"));
    }
    part = frame.object(kInlineData);
    if (part && part->isOpen(kData)) {
      return takeText(part->texts[kData], "", part->textOr(kMimeType, "application/octet-stream"));
    }
    if (own.is(kType, "image_generation_call") && own.isOpen(kResult)) {
      takeText(own.texts[kResult], "image/", own.textOr(kOutputFormat, "png"));
    }
  }

  void takeText(std::string_view token, std::string_view typePrefix, std::string_view type) {
    take({offsetOf(token), token.size(), inner(token), typePrefix, type, {}});
  }

  // Every writer of JSON leaves the characters before the content as they are.
  void takeDataUri(std::string_view token) {
    constexpr std::string_view kScheme = "data:";
    constexpr std::string_view kMarker = ";base64,";
    const std::string_view uri = inner(token);
    if (!uri.starts_with(kScheme)) return;
    const size_t marker = uri.find(kMarker);
    if (marker == std::string_view::npos || marker == kScheme.size()) return;
    FoundContent content{offsetOf(token),
                         token.size(),
                         uri.substr(marker + kMarker.size()),
                         {},
                         uri.substr(kScheme.size(), marker - kScheme.size()),
                         {}};
    const size_t parameter = content.type.find(kAttachmentParameter);
    if (parameter != std::string_view::npos) {
      content.id = content.type.substr(parameter + kAttachmentParameter.size());
      content.type = content.type.substr(0, parameter);
      if (!isUuid(content.id) || content.type.empty()) return;
    } else if (explicitOnly_) {
      return;
    }
    take(content);
  }

  size_t offsetOf(std::string_view token) const {
    return static_cast<size_t>(token.data() - json_.data());
  }

  // An object's content is found at its end, behind those inside of it.
  void take(const FoundContent& content) {
    if (found_.size() >= maxCount_) return;
    const bool isPlain = content.base64.find('\\') == std::string_view::npos;
    if (!isStrictBase64(isPlain ? content.base64 : std::string_view(unescaped(content.base64)))) {
      return;
    }
    found_.push_back(content);
    for (size_t i = found_.size() - 1; i > 0 && found_[i - 1].offset > content.offset; --i) {
      found_[i] = found_[i - 1];
      found_[i - 1] = content;
    }
  }

  std::string_view json_;
  JsonScanner scanner_;
  bool explicitOnly_;
  size_t maxCount_;
  std::vector<Frame> frames_;
  std::vector<FoundContent> found_;
};

bool isDigitOfBase64(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

}  // namespace

std::vector<FoundContent> findContents(std::string_view json, bool explicitOnly, size_t maxCount) {
  return Finder(json, explicitOnly, maxCount).run();
}

std::string unescaped(std::string_view written) {
  std::string quoted = "\"";
  quoted += written;
  quoted += '"';
  return unquoteJson(quoted);
}

bool isStrictBase64(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && isDigitOfBase64(text[digits])) ++digits;
  const std::string_view padding = text.substr(digits);
  if (padding.find_first_not_of('=') != std::string_view::npos) return false;
  if (digits % 4 == 0) return digits > 0 || padding.empty();
  return digits % 4 != 1 && padding.size() == 4 - digits % 4;
}

bool mayHoldContents(std::string_view bytes) {
  // One pass: each trait is looked for where one of its rarer characters stands.
  constexpr struct {
    std::string_view text;
    size_t anchor;
  } kTraits[] = {{";base64,", 5},    {"\"base64\"", 5},  {"b64_json", 1},
                 {"input_audio", 5}, {"inline_data", 6}, {"image_generation_call", 5},
                 {"inlineData", 6},  {"\"audio\"", 0},   {"\"bytes\"", 0}};
  for (size_t at = 0; at < bytes.size(); ++at) {
    const char c = bytes[at];
    if (c != '"' && c != '6' && c != '_' && c != 'D') continue;
    for (const auto& [text, anchor] : kTraits) {
      if (text[anchor] == c && at >= anchor && bytes.substr(at - anchor).starts_with(text)) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace spandrel::mlflow
