# Headers that cost seconds a file are compiled once: the library's for the data path; Protobuf's
# besides for whatever sees the schemas; GoogleTest's besides for the tests.
set(TOLLGATE_PRECOMPILED_BASE
    <algorithm> <array> <atomic> <chrono> <cstdint> <cstring> <functional> <map> <memory> <mutex> <optional>
    <span> <string> <string_view> <unordered_map> <utility> <vector>)
set(TOLLGATE_PRECOMPILED_SCHEMA
    ${TOLLGATE_PRECOMPILED_BASE} <google/protobuf/descriptor.h> <google/protobuf/map.h>
    <google/protobuf/message.h> <google/protobuf/repeated_field.h> <fmt/format.h>)

# tollgate_precompiled_headers(<name> <headers>...): makes them, for REUSE_FROM.
function(tollgate_precompiled_headers name)
  file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${name}.cc CONTENT "")
  add_library(${name} OBJECT ${CMAKE_CURRENT_BINARY_DIR}/${name}.cc)
  target_link_libraries(${name} PUBLIC tollgate_flags protobuf::libprotobuf)
  target_precompile_headers(${name} PRIVATE ${ARGN})
  # Two folders never get the same bytes for the same headers, so ccache is given what they are made from.
  string(MD5 sum "${ARGN} ${CMAKE_CXX_COMPILER_VERSION} ${Protobuf_VERSION} ${fmt_VERSION}")
  foreach(suffix gch pch)
    file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${name}.dir/cmake_pch.hxx.${suffix}.sum
         CONTENT ${sum})
  endforeach()
endfunction()

# tollgate_precompile(<target> <test or empty>): lets it read them, by what it links.
function(tollgate_precompile name suffix)
  get_target_property(linked ${name} LINK_LIBRARIES)
  if(linked MATCHES "tollgate_(api|schema|store|config|admin|server|filter)")
    target_precompile_headers(${name} REUSE_FROM tollgate_precompiled_schema${suffix})
  else()
    target_precompile_headers(${name} REUSE_FROM tollgate_precompiled_base${suffix})
  endif()
endfunction()

# tollgate_library(<name> [LINK <libraries>...]): a static library of every .cc in the calling folder
# (not its sub-folders). Files are found by glob, so a new file needs no edit here.
function(tollgate_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  if(files)
    add_library(${name} STATIC ${files})
    target_link_libraries(${name} PUBLIC tollgate_flags ${ARG_LINK})
    tollgate_precompile(${name} "")
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE tollgate_flags ${ARG_LINK})
  endif()
endfunction()

# tollgate_test(<name> [LINK <libraries>...] [LABELS <labels>...]): one test binary of every
# *_test.cc in the calling folder, run by ctest as a whole.
function(tollgate_test name)
  cmake_parse_arguments(ARG "" "" "LINK;LABELS" ${ARGN})
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  if(NOT files)
    return()
  endif()
  add_executable(${name} ${files})
  target_link_libraries(${name} PRIVATE tollgate_flags ${ARG_LINK} GTest::gtest GTest::gmock
                                        GTest::gtest_main)
  tollgate_precompile(${name} _test)
  # A test is compiled more often than it runs.
  target_compile_options(${name} PRIVATE -O0)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS "${ARG_LABELS}")
endfunction()
