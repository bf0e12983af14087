// A search as data: what its clauses ask, independent of how it was written.
//
// All clauses must hold, those about spans for one and the same span. MLflow's filter strings are
// read into this form by filter_parser.h; evaluate.h runs it over traces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace spandrel::query {

// What a clause looks at. The second group takes a key, the third looks at spans.
enum class Field : uint8_t {
  Status,
  TimestampMs,
  EndTimeMs,
  ExecutionTimeMs,
  RequestId,
  ClientRequestId,
  ExperimentId,  // only in order_by
  Prompt,        // "name/version" of a linked prompt
  Issue,         // kept by Databricks alone: no trace here has one

  Tag,
  Metadata,
  Feedback,
  Expectation,

  SpanName,
  SpanType,
  SpanStatus,
  SpanContent,    // the text of the whole span
  SpanAttribute,  // the stored JSON text under a key
};

inline bool isNumber(Field field) {
  return field == Field::TimestampMs || field == Field::EndTimeMs ||
         field == Field::ExecutionTimeMs;
}
inline bool isOfSpan(Field field) {
  return field >= Field::SpanName;
}
inline bool isAssessment(Field field) {
  return field == Field::Feedback || field == Field::Expectation;
}

enum class Operator : uint8_t {
  Equal,
  NotEqual,
  Greater,
  GreaterOrEqual,
  Less,
  LessOrEqual,
  Like,   // % any text, _ one character, case counts, no escape
  ILike,  // the same, ASCII letters of either case
  RLike,  // a regular expression found anywhere
  In,
  NotIn,
  IsNull,
  IsNotNull,
};

struct Value {
  enum class Kind : uint8_t { None, Number, Text, List };
  Kind kind = Kind::None;
  double number = 0;
  std::string text;
  std::vector<std::string> list;
};

struct Clause {
  Field field = Field::Status;
  std::string key;  // of tags, metadata, assessments and span attributes
  Operator op = Operator::Equal;
  Value value;
  size_t offset = 0;  // bytes from the start of the filter's text
};

struct Filter {
  std::vector<Clause> clauses;  // none: every trace
};

struct OrderKey {
  Field field = Field::TimestampMs;
  std::string key;
  bool isAscending = true;
};

}  // namespace spandrel::query
