# tollgate_library(<name> [LINK <libraries>...]): a static library of every .cc in the calling folder
# (not its sub-folders). Files are found by glob, so a new file needs no edit here.
function(tollgate_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  if(files)
    add_library(${name} STATIC ${files})
    target_link_libraries(${name} PUBLIC tollgate_flags ${ARG_LINK})
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
  target_precompile_headers(${name} PRIVATE <gtest/gtest.h> <string> <vector>)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS "${ARG_LABELS}")
endfunction()
