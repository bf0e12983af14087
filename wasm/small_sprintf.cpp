// embind names unbound types in its own error messages by sprintf("%p"), and nothing else in the
// viewer module prints: this stands in for the C library's formatter, a thirtieth of the module.
// A newer embind that does without leaves it unused.
#include <cstdarg>
#include <cstdint>

extern "C" {

// Knows "%p" alone; any other format comes out as it stands.
int sprintf(char* out, const char* format, ...) {
  int length = 0;
  if (format[0] == '%' && format[1] == 'p' && format[2] == '\0') {
    va_list arguments;
    va_start(arguments, format);
    const auto value = reinterpret_cast<uintptr_t>(va_arg(arguments, void*));
    va_end(arguments);
    out[length++] = '0';
    out[length++] = 'x';
    for (int shift = 28; shift >= 0; shift -= 4)
      out[length++] = "0123456789abcdef"[value >> shift & 15];
  } else {
    while (format[length] != '\0') {
      out[length] = format[length];
      ++length;
    }
  }
  out[length] = '\0';
  return length;
}

// What Emscripten's compilers call where a format has no floating-point numbers.
int siprintf(char* out, const char* format, void* value) {
  return sprintf(out, format, value);
}

}  // extern "C"
