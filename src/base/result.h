// Failure as a value: what can go wrong with input is returned, never thrown.
//
// The core is built without exceptions. A function that may refuse its input returns Result<T>:
// either a T or an Error that says what was wrong, where (a byte offset where there is one), and
// under which code. The codes map one to one to the `errorCode` of the JavaScript `TraceError`.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <utility>

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
  Result(T value) : isOk_(true) {
    new (&value_) T(std::move(value));
  }  // NOLINT: implicit by intent
  Result(Error error) : isOk_(false) {
    new (&error_) Error(std::move(error));
  }  // NOLINT: implicit by intent
  Result(const Result& other) : isOk_(other.isOk_) {
    if (isOk_) {
      new (&value_) T(other.value_);
    } else {
      new (&error_) Error(other.error_);
    }
  }
  Result(Result&& other) noexcept : isOk_(other.isOk_) {
    if (isOk_) {
      new (&value_) T(std::move(other.value_));
    } else {
      new (&error_) Error(std::move(other.error_));
    }
  }
  Result& operator=(Result other) noexcept {
    this->~Result();
    new (this) Result(std::move(other));
    return *this;
  }
  ~Result() {
    if (isOk_) {
      value_.~T();
    } else {
      error_.~Error();
    }
  }

  bool ok() const { return isOk_; }
  explicit operator bool() const { return ok(); }

  T& value() {
    assert(ok());
    return value_;
  }
  const T& value() const {
    assert(ok());
    return value_;
  }
  T take() { return std::move(value()); }
  const Error& error() const {
    assert(!ok());
    return error_;
  }

 private:
  // A plain union: std::variant's tables of destructors and moves were a third of the readers' code
  // in the module.
  bool isOk_;
  union {
    T value_;
    Error error_;
  };
};

// Nothing to return but success.
struct Done {};

}  // namespace spandrel
