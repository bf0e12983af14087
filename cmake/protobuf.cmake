# protobuf-lite, and spandrel_proto() which compiles a room's .proto files with it.
#
# Native builds link the system's libprotobuf-lite. WebAssembly builds compile the lite sources of
# the same version once, from SPANDREL_PROTOBUF_SOURCE (scripts/setup.mjs fetches them and passes
# the folder). Both use the system's protoc, so headers, runtime and generated code must be of one
# release line: 3.21, the last one that does not need Abseil.
#
# The target to link is spandrel_protobuf_lite; spandrel_proto() links it for you.

set(SPANDREL_PROTOBUF_SOURCE "" CACHE PATH
  "Folder of the protobuf 3.21 source tree (WebAssembly builds only)")

find_program(SPANDREL_PROTOC protoc REQUIRED)
execute_process(COMMAND ${SPANDREL_PROTOC} --version
  OUTPUT_VARIABLE protoc_version OUTPUT_STRIP_TRAILING_WHITESPACE)
string(REGEX MATCH "[0-9]+\\.[0-9]+(\\.[0-9]+)?" protoc_version "${protoc_version}")
if(NOT protoc_version MATCHES "^3\\.21\\.")
  message(FATAL_ERROR "protoc is ${protoc_version}, 3.21.x is needed: `apt-get install protobuf-compiler libprotobuf-dev` "
    "on Debian 12, 13 or Ubuntu 24.04, or put a protoc 3.21 first on the path")
endif()

add_library(spandrel_protobuf_lite INTERFACE)

if(EMSCRIPTEN)
  set(protobuf_root "${SPANDREL_PROTOBUF_SOURCE}/src/google/protobuf")
  if(NOT EXISTS "${protobuf_root}/message_lite.h")
    message(FATAL_ERROR "SPANDREL_PROTOBUF_SOURCE (\"${SPANDREL_PROTOBUF_SOURCE}\") holds no protobuf sources: "
      "run `node scripts/setup.mjs`, or set it to a protobuf ${protoc_version} source tree")
  endif()
  # 3021012 is 3.21.12.
  file(STRINGS "${protobuf_root}/stubs/common.h" version_line REGEX "#define GOOGLE_PROTOBUF_VERSION ")
  if(NOT version_line MATCHES "3021[0-9][0-9][0-9]")
    message(FATAL_ERROR "protobuf in ${SPANDREL_PROTOBUF_SOURCE} is not of the release line 3.21, protoc is ${protoc_version}")
  endif()

  # The sources of libprotobuf-lite, as protobuf's own build lists them.
  set(lite_sources
    any_lite.cc arena.cc arenastring.cc arenaz_sampler.cc extension_set.cc generated_enum_util.cc
    generated_message_tctable_lite.cc generated_message_util.cc implicit_weak_message.cc
    inlined_string_field.cc io/coded_stream.cc io/strtod.cc io/zero_copy_stream.cc
    io/zero_copy_stream_impl.cc io/zero_copy_stream_impl_lite.cc map.cc message_lite.cc
    parse_context.cc repeated_field.cc repeated_ptr_field.cc stubs/bytestream.cc stubs/common.cc
    stubs/int128.cc stubs/status.cc stubs/statusor.cc stubs/stringpiece.cc stubs/stringprintf.cc
    stubs/structurally_valid.cc stubs/strutil.cc stubs/time.cc wire_format_lite.cc)
  list(TRANSFORM lite_sources PREPEND "${protobuf_root}/")
  add_library(protobuf_lite_wasm STATIC ${lite_sources})
  target_include_directories(protobuf_lite_wasm SYSTEM PUBLIC "${SPANDREL_PROTOBUF_SOURCE}/src")
  # Not our code: its warnings are not ours to mend. Exceptions, RTTI and LTO must match the rest.
  target_compile_options(protobuf_lite_wasm PRIVATE -w -fno-exceptions -fno-rtti)
  target_link_libraries(protobuf_lite_wasm PRIVATE spandrel_size)
  target_link_libraries(spandrel_protobuf_lite INTERFACE protobuf_lite_wasm)
else()
  find_library(SPANDREL_PROTOBUF_LITE_LIBRARY protobuf-lite REQUIRED)
  find_path(SPANDREL_PROTOBUF_INCLUDE google/protobuf/message_lite.h REQUIRED)
  target_link_libraries(spandrel_protobuf_lite INTERFACE ${SPANDREL_PROTOBUF_LITE_LIBRARY})
  if(NOT SPANDREL_PROTOBUF_INCLUDE STREQUAL "/usr/include")
    target_include_directories(spandrel_protobuf_lite SYSTEM INTERFACE ${SPANDREL_PROTOBUF_INCLUDE})
  endif()
  # protobuf's headers choose their once-flag by threads: without this a static native link lacks pthread.
  find_package(Threads REQUIRED)
  target_link_libraries(spandrel_protobuf_lite INTERFACE Threads::Threads)
endif()

# spandrel_proto(room a.proto dir/b.proto …)
# Call it in src/<room>/CMakeLists.txt, after spandrel_room(room …). The names are relative to the
# room's folder `proto/`, which is also the import root: proto/trace.proto becomes #include "trace.pb.h",
# and one file imports another as `import "trace.proto";`. Every file says
# `option optimize_for = LITE_RUNTIME;`. The generated code is a library of its own
# (spandrel_<room>_proto), so our warnings do not apply to it; it is linked to the room publicly.
function(spandrel_proto room)
  set(root "${CMAKE_CURRENT_SOURCE_DIR}/proto")
  set(generated "${CMAKE_CURRENT_BINARY_DIR}/proto")
  file(MAKE_DIRECTORY "${generated}")
  set(sources)
  foreach(proto IN LISTS ARGN)
    string(REGEX REPLACE "\\.proto$" "" stem "${proto}")
    add_custom_command(
      OUTPUT "${generated}/${stem}.pb.cc" "${generated}/${stem}.pb.h"
      COMMAND ${SPANDREL_PROTOC} "--proto_path=${root}" "--cpp_out=${generated}" "${root}/${proto}"
      DEPENDS "${root}/${proto}"
      COMMENT "protoc ${proto}"
      VERBATIM)
    list(APPEND sources "${generated}/${stem}.pb.cc" "${generated}/${stem}.pb.h")
  endforeach()
  add_library(spandrel_${room}_proto STATIC ${sources})
  target_include_directories(spandrel_${room}_proto SYSTEM PUBLIC "${generated}")
  target_link_libraries(spandrel_${room}_proto PUBLIC spandrel_protobuf_lite PRIVATE spandrel_options spandrel_size)
  target_compile_options(spandrel_${room}_proto PRIVATE -w)
  target_link_libraries(spandrel_${room} PUBLIC spandrel_${room}_proto)
endfunction()
