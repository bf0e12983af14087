#include "base/result.h"

namespace spandrel {

const char* errorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidParameterValue:
      return "INVALID_PARAMETER_VALUE";
    case ErrorCode::ResourceDoesNotExist:
      return "RESOURCE_DOES_NOT_EXIST";
    case ErrorCode::NotImplemented:
      return "NOT_IMPLEMENTED";
    case ErrorCode::InternalError:
      return "INTERNAL_ERROR";
    case ErrorCode::Malformed:
      return "MALFORMED";
    case ErrorCode::Truncated:
      return "TRUNCATED";
    case ErrorCode::TooDeep:
      return "TOO_DEEP";
    case ErrorCode::TooLarge:
      return "TOO_LARGE";
  }
  return "INTERNAL_ERROR";
}

}  // namespace spandrel
