// A value of an attribute: what OTLP calls AnyValue, and JSON text for what is kept as text.
//
// `Json` holds the JSON text of a value as the host or a file gave it. MLflow stores every
// attribute as such a text; structured values of the fluent API are kept that way too.
// `isNative` marks values that another OpenTelemetry instrumentation set and that MLflow's
// dictionaries therefore show as they are instead of as JSON text. A native Json is a text that
// was read from a dictionary and stays exactly as it is (attribute_text.h has the whole table).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace spandrel::trace {

struct AnyValue {
  enum class Kind : uint8_t { Empty, Bool, Int, Double, String, Bytes, Array, Map, Json };
  using Member = std::pair<std::string, AnyValue>;

  Kind kind = Kind::Empty;
  bool isNative = false;
  bool boolean = false;
  int64_t integer = 0;
  double number = 0;
  std::string text;             // String, Bytes (raw), Json
  std::vector<AnyValue> items;  // Array
  std::vector<Member> members;  // Map, in order; keys may repeat only in foreign input

  // Defined below, where `Member` is complete: clang with libstdc++ insists.
  AnyValue();
  static AnyValue empty() { return {}; }
  static AnyValue of(bool v);
  static AnyValue of(int64_t v);
  static AnyValue of(double v);
  static AnyValue string(std::string v);
  static AnyValue bytes(std::string v);
  static AnyValue json(std::string v);
  static AnyValue array(std::vector<AnyValue> v);
  static AnyValue map(std::vector<Member> v);

  bool operator==(const AnyValue& other) const;
};

inline AnyValue::AnyValue() = default;

// A value nested deeper than this is refused when read.
inline constexpr int kMaxReadDepth = 64;
// A value nested deeper than this leaves as JSON text.
inline constexpr int kMaxWireDepth = 30;

}  // namespace spandrel::trace
