#include "mlflow/dict_fields.h"

#include "base/number_text.h"
#include "base/text.h"

namespace spandrel::mlflow {
namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;

Error refused(const Field& field, const char* what) {
  return Error{ErrorCode::InvalidParameterValue,
               std::string(what) + (field.isMissing() ? " is missing" : " is no valid integer"),
               field.offset};
}

}  // namespace

std::string Field::text() const {
  if (!isGiven()) return {};
  if (!isString()) return std::string(json);
  return unquoteJson(json);
}

Result<Done> readFields(std::string_view json, std::initializer_list<FieldName> fields,
                        std::string* unknownKey) {
  JsonMembers members(json);
  if (members.ok() && !members.isObject()) {
    return Error{ErrorCode::InvalidParameterValue, "expected a dictionary"};
  }
  while (members.next()) {
    bool isKnown = false;
    for (const FieldName& wanted : fields) {
      if (members.key() != wanted.name) continue;
      *wanted.field = Field{members.kind(), members.value(), members.offset()};
      isKnown = true;
    }
    if (!isKnown && unknownKey && unknownKey->empty()) *unknownKey = members.key();
  }
  if (!members.ok()) return members.error();
  return Done{};
}

Result<int64_t> readInt64(const Field& field, const char* what) {
  int64_t integer = 0;
  double number = 0;
  const std::string text = field.text();
  if (field.kind != Field::Kind::Number) {
    if (parseInt64(text, integer)) return integer;
  } else if (parseDouble(text, number) && number > -kTwoTo63 && number < kTwoTo63) {
    return static_cast<int64_t>(number);
  }
  return refused(field, what);
}

Result<uint64_t> readUint64(const Field& field, const char* what) {
  uint64_t integer = 0;
  double number = 0;
  const std::string text = field.text();
  if (field.kind != Field::Kind::Number) {
    if (parseUint64(text, integer)) return integer;
  } else if (parseDouble(text, number) && number >= 0 && number < 2 * kTwoTo63) {
    return static_cast<uint64_t>(number);
  }
  return refused(field, what);
}

Error inside(const char* what, const Error& error, size_t offset) {
  return Error{error.code, std::string(what) + ": " + error.message, error.offset + offset};
}

}  // namespace spandrel::mlflow
