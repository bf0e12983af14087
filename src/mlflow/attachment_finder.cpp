#include "mlflow/attachment_finder.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/json_text.h"

namespace spandrel::mlflow {
namespace {

using Kind = JsonScanner::Kind;

constexpr std::string_view kReference = "mlflow-attachment://";

// Members that shapes speak of. Those up to kLeafCount are strings, the others objects.
enum Name : size_t {
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

constexpr std::array<std::pair<std::string_view, Name>, 16> kNames = {{
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
}};

Name nameOf(std::string_view quotedKey) {
  for (const auto& [text, name] : kNames) {
    if (text == quotedKey) return name;
  }
  return kOther;
}

// The scalars of one object as they stand in the text; empty: there is none of that name.
struct Leaves {
  std::array<std::string_view, kLeafCount> texts;

  bool isString(Name name) const { return texts[name].starts_with('"'); }
  bool hasContent(Name name) const { return isString(name) && texts[name].size() > 2; }
  std::string text(Name name) const { return unquoteJson(texts[name]); }
  bool is(Name name, std::string_view value) const { return isString(name) && text(name) == value; }
  std::string textOr(Name name, std::string_view fallback) const {
    return hasContent(name) ? text(name) : std::string(fallback);
  }
};

struct Frame {
  bool isObject = false;
  Name ownName = kOther;  // in the frame around it
  Name next = kOther;     // of the value that comes
  Leaves leaves;
  std::array<std::optional<Leaves>, kObjectCount> objects;

  std::optional<Leaves>& object(Name name) { return objects[name - kLeafCount]; }
};

class Finder {
 public:
  Finder(std::string_view json, bool explicitOnly, size_t maxCount)
      : json_(json), scanner_(json), explicitOnly_(explicitOnly), maxCount_(maxCount) {}

  std::vector<FoundContent> run() {
    for (;;) {
      const JsonScanner::Token token = scanner_.next();
      if (token.kind == Kind::End) break;
      if (token.kind == Kind::Error) return {};
      dispatch(token);
    }
    std::sort(found_.begin(), found_.end(),
              [](const auto& a, const auto& b) { return a.offset < b.offset; });
    return std::move(found_);
  }

 private:
  void dispatch(const JsonScanner::Token& token) {
    switch (token.kind) {
      case Kind::BeginObject:
      case Kind::BeginArray:
        noteValue(token.text);
        frames_.emplace_back();
        frames_.back().isObject = token.kind == Kind::BeginObject;
        if (frames_.size() > 1) frames_.back().ownName = frames_[frames_.size() - 2].next;
        return;
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
      frame.object(frame.next).reset();
    }
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    if (!explicitOnly_) takeShape(frame);
    if (frames_.empty() || !frames_.back().isObject || frame.ownName < kLeafCount ||
        frame.ownName == kOther) {
      return;
    }
    // Bedrock's bytes stand one level deeper than the rest of the image.
    if (frame.ownName == kImage) {
      const auto& source = frame.object(kSource);
      frame.leaves.texts[kBytes] = source ? source->texts[kBytes] : std::string_view();
    }
    frames_.back().object(frame.ownName) = frame.leaves;
  }

  // The order is MLflow's: a shape that fits ends the search, even where its text is no base64.
  void takeShape(Frame& frame) {
    const Leaves& own = frame.leaves;
    if (const auto& audio = frame.object(kInputAudio);
        audio && own.is(kType, "input_audio") && audio->hasContent(kData)) {
      const std::string format = audio->textOr(kFormat, "wav");
      return takeText(audio->texts[kData], format == "mp3" ? "audio/mpeg" : "audio/" + format);
    }
    if (const auto& source = frame.object(kSource); source && own.is(kType, "image") &&
                                                    source->is(kType, "base64") &&
                                                    source->hasContent(kData)) {
      return takeText(source->texts[kData], source->textOr(kMediaType, "image/png"));
    }
    if (own.hasContent(kB64Json)) return takeText(own.texts[kB64Json], "image/png");
    if (const auto& audio = frame.object(kAudio); audio && isOpen(*audio, kData)) {
      return takeText(audio->texts[kData], "audio/wav");
    }
    if (const auto& image = frame.object(kImage); image && isOpen(*image, kBytes)) {
      return takeText(image->texts[kBytes], "image/" + image->textOr(kFormat, "png"));
    }
    if (const auto& inlined = frame.object(kInlineData); inlined && isOpen(*inlined, kData)) {
      return takeText(inlined->texts[kData],
                      inlined->textOr(kMimeType, "application/octet-stream"));
    }
    if (own.is(kType, "image_generation_call") && isOpen(own, kResult)) {
      takeText(own.texts[kResult], "image/" + own.textOr(kOutputFormat, "png"));
    }
  }

  // Not taken out before.
  static bool isOpen(const Leaves& leaves, Name name) {
    return leaves.hasContent(name) && !leaves.texts[name].substr(1).starts_with(kReference);
  }

  void takeText(std::string_view token, std::string contentType) {
    FoundContent content;
    content.contentType = std::move(contentType);
    take(token, token.substr(1, token.size() - 2), std::move(content));
  }

  void takeDataUri(std::string_view token) {
    constexpr std::string_view kScheme = "data:";
    constexpr std::string_view kMarker = ";base64,";
    // Every writer of JSON leaves these characters as they are.
    const size_t marker = token.find(kMarker);
    const size_t typeAt = 1 + kScheme.size();
    if (!token.substr(1).starts_with(kScheme) || marker == std::string_view::npos ||
        marker <= typeAt) {
      return;
    }
    FoundContent content;
    content.contentType =
        unquoteJson("\"" + std::string(token.substr(typeAt, marker - typeAt)) + "\"");
    if (const size_t at = content.contentType.find(kAttachmentParameter); at != std::string::npos) {
      content.id = content.contentType.substr(at + kAttachmentParameter.size());
      content.contentType.resize(at);
      if (!isUuid(content.id) || content.contentType.empty()) return;
    }
    if (explicitOnly_ && content.id.empty()) return;
    const size_t from = marker + kMarker.size();
    take(token, token.substr(from, token.size() - 1 - from), std::move(content));
  }

  void take(std::string_view token, std::string_view written, FoundContent content) {
    if (found_.size() >= maxCount_) return;
    if (written.find('\\') == std::string_view::npos) {
      content.inPlace = written;
    } else {
      content.unescaped = unquoteJson("\"" + std::string(written) + "\"");
    }
    if (!isStrictBase64(content.base64())) return;
    content.offset = static_cast<size_t>(token.data() - json_.data());
    content.length = token.size();
    found_.push_back(std::move(content));
  }

  static bool isUuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (size_t i = 0; i < text.size(); ++i) {
      const bool isHyphen = i == 8 || i == 13 || i == 18 || i == 23;
      const bool isDigit = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
      if (isHyphen ? text[i] != '-' : !isDigit) return false;
    }
    return true;
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
  struct Trait {
    std::string_view text;
    size_t anchor;
  };
  constexpr Trait kTraits[] = {{";base64,", 5},    {"\"base64\"", 5},  {"b64_json", 1},
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
