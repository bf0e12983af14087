// Reading the known keys of one dictionary, without keeping the rest.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/json_members.h"
#include "base/result.h"

namespace spandrel::mlflow {

// One value of a dictionary as text. Kind::End: the key is missing.
struct Field {
  using Kind = JsonMembers::Kind;

  Kind kind = Kind::End;
  std::string_view json;  // into the dictionary's text
  size_t offset = 0;      // from the start of the dictionary's text

  bool isMissing() const { return kind == Kind::End; }
  bool isNull() const { return kind == Kind::Null; }
  bool isGiven() const { return !isMissing() && !isNull(); }
  bool isString() const { return kind == Kind::String; }
  bool isObject() const { return kind == Kind::BeginObject; }
  bool isArray() const { return kind == Kind::BeginArray; }

  // The content of a string, the text of anything else, "" for null and missing.
  std::string text() const;
};

struct FieldName {
  const char* name;
  Field* field;
};

// Fills the fields of these names; of equal keys the last counts. InvalidParameterValue: no object.
// Malformed, Truncated, TooDeep: broken text. `unknownKey` receives the first key of no field.
Result<Done> readFields(std::string_view json, std::initializer_list<FieldName> fields,
                        std::string* unknownKey = nullptr);

// An integer given as digits, as a string of digits, or with fraction or exponent: the latter
// passes through a double, as in MLflow, and is cut. Refused: beyond the type, anything else.
Result<uint64_t> readUint64(const Field& field, const char* what);
Result<int64_t> readInt64(const Field& field, const char* what);

// The same error with "`what`: " before its message and the offset moved by `offset`.
Error inside(const char* what, const Error& error, size_t offset);

}  // namespace spandrel::mlflow
