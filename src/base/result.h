// Failure as a value: what can go wrong with input is returned, never thrown.
//
// The core is built without exceptions. A function that may refuse its input returns Result<T>:
// either a T or an Error that says what was wrong, where (a byte offset where there is one), and
// under which code. The codes map one to one to the `errorCode` of the JavaScript `TraceError`.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace spandrel {

enum class ErrorCode : uint8_t {
  InvalidParameterValue,
  ResourceDoesNotExist,
  NotImplemented,
  InternalError,
  Malformed,  // bytes or text that do not follow their format
  Truncated,  // input ends inside a value
  TooDeep,    // nesting beyond the limit
  TooLarge,   // beyond a size limit, or memory for it cannot be had
};

// The spelling users see: "INVALID_PARAMETER_VALUE", "MALFORMED", ….
const char* errorCodeName(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::InternalError;
  std::string message;
  size_t offset = 0;  // bytes from the start of the input, 0 where it has no meaning
};

template <typename T>
class Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit by intent
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by intent

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  T take() { return std::move(value()); }
  const Error& error() const {
    assert(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

// Nothing to return but success.
struct Done {};

}  // namespace spandrel
