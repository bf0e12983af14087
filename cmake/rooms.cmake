# A room is one folder of src/ and one static library. It is linked only to the rooms it may use,
# so a wrong include fails at compile time natively and in scripts/check-layers.mjs.

add_library(spandrel_options INTERFACE)
target_compile_options(spandrel_options INTERFACE -Wall -Wextra -Werror -fno-exceptions -fno-rtti)

if(SPANDREL_SANITIZE STREQUAL "address")
  set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
elseif(SPANDREL_SANITIZE STREQUAL "thread")
  set(sanitizers -fsanitize=thread -fno-omit-frame-pointer)
endif()
if(sanitizers)
  target_compile_options(spandrel_options INTERFACE ${sanitizers})
  target_link_options(spandrel_options INTERFACE ${sanitizers})
endif()

# spandrel_room(name SOURCES a.cpp b.cpp DEPENDS other rooms or libraries)
function(spandrel_room name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(spandrel_${name} STATIC ${ARG_SOURCES})
  target_include_directories(spandrel_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(spandrel_${name} PRIVATE spandrel_options)
  foreach(dependency IN LISTS ARG_DEPENDS)
    if(TARGET spandrel_${dependency})
      target_link_libraries(spandrel_${name} PUBLIC spandrel_${dependency})
    else()
      target_link_libraries(spandrel_${name} PUBLIC ${dependency})
    endif()
  endforeach()
endfunction()

# spandrel_test(name SOURCES a_test.cpp DEPENDS rooms): one executable, registered with ctest.
# SPANDREL_GOLDEN_DIR is the absolute folder of the recorded cases.
function(spandrel_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE spandrel_options GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/core)
  target_compile_definitions(${name} PRIVATE SPANDREL_GOLDEN_DIR="${PROJECT_SOURCE_DIR}/tests/golden")
  foreach(dependency IN LISTS ARG_DEPENDS)
    target_link_libraries(${name} PRIVATE spandrel_${dependency})
  endforeach()
  add_test(NAME ${name} COMMAND ${name})
endfunction()
