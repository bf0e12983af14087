# A room is one folder of src/ and one static library. It is linked only to the rooms it may use,
# so a wrong include fails at compile time natively and in scripts/check-layers.mjs.

add_library(spandrel_options INTERFACE)
# `Point{x}` leaves the other members at their defaults on purpose; g++ does not warn there, clang would.
target_compile_options(spandrel_options INTERFACE
  -Wall -Wextra -Werror -Wno-missing-field-initializers -fno-exceptions -fno-rtti)

if(SPANDREL_SANITIZE STREQUAL "address")
  set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
elseif(SPANDREL_SANITIZE STREQUAL "fuzzer")
  # With the marks that guide libFuzzer; the targets of tests/fuzz link its main().
  set(sanitizers -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all -fno-omit-frame-pointer)
elseif(SPANDREL_SANITIZE STREQUAL "thread")
  set(sanitizers -fsanitize=thread -fno-omit-frame-pointer)
endif()
if(sanitizers)
  target_compile_options(spandrel_options INTERFACE ${sanitizers})
  target_link_options(spandrel_options INTERFACE ${sanitizers})
endif()

# How the modules are optimised: size first, because a page downloads them (the budget is in
# scripts/size_budget.json), but the sources that every span passes through are compiled for speed.
# -fno-exceptions must be the same at compile and at link.
set(SPANDREL_ROOMS base trace record otlp mlflow query client manager exporting view)
set(SPANDREL_HOT_SOURCES
  record/commit.cpp record/record_ref.cpp record/staging.cpp record/text_table.cpp
  otlp/record_encoder.cpp
  exporting/span_queue.cpp
  view/blob_store.cpp view/otlp_importer.cpp view/span_traits.cpp view/string_table.cpp view/trace_store.cpp)
if(EMSCRIPTEN)
  add_library(spandrel_size INTERFACE)
  if(CMAKE_BUILD_TYPE STREQUAL "Debug")
    set(size_options -O1 -g)
    set(speed_options -O1 -g)
  else()
    set(size_options -Oz -flto)
    # Without LTO: the link optimises for size, and there the inlining of these sources would be undone.
    # Bulk memory (every engine since 2021): copying a long text is one instruction instead of a loop.
    set(speed_options -O2 -fno-lto -mbulk-memory)
  endif()
  target_compile_options(spandrel_size INTERFACE ${size_options})
else()
  add_library(spandrel_size INTERFACE)
  set(size_options "")
  set(speed_options "")
endif()

# spandrel_room(name SOURCES a.cpp b.cpp DEPENDS other rooms or libraries)
function(spandrel_room name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(spandrel_${name} STATIC ${ARG_SOURCES})
  target_include_directories(spandrel_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(spandrel_${name} PRIVATE spandrel_options)
  foreach(source IN LISTS ARG_SOURCES)
    # A source has one -O only: after -Oz a later -O2 does not bring inlining back.
    if("${name}/${source}" IN_LIST SPANDREL_HOT_SOURCES)
      set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "${speed_options}")
    else()
      set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "${size_options}")
    endif()
  endforeach()
  foreach(dependency IN LISTS ARG_DEPENDS)
    if(TARGET spandrel_${dependency})
      target_link_libraries(spandrel_${name} PUBLIC spandrel_${dependency})
    elseif(NOT dependency IN_LIST SPANDREL_ROOMS)  # a room without sources has no library
      target_link_libraries(spandrel_${name} PUBLIC ${dependency})
    endif()
  endforeach()
endfunction()

# spandrel_test(name SOURCES a_test.cpp DEPENDS rooms): one executable, registered with ctest.
# `LABELS tsan` marks suites that are about concurrency: under ThreadSanitizer only those are built and run.
# SPANDREL_GOLDEN_DIR is the absolute folder of the recorded cases.
function(spandrel_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LABELS" ${ARGN})
  if(SPANDREL_SANITIZE STREQUAL "thread" AND NOT "tsan" IN_LIST ARG_LABELS)
    return()
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE spandrel_options GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/core)
  target_compile_definitions(${name} PRIVATE SPANDREL_GOLDEN_DIR="${PROJECT_SOURCE_DIR}/tests/golden")
  foreach(dependency IN LISTS ARG_DEPENDS)
    target_link_libraries(${name} PRIVATE spandrel_${dependency})
  endforeach()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 300)
endfunction()
