# Language level, warnings, sanitizers, linker and compiler cache: the same for every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

find_program(TOLLGATE_CCACHE ccache)
if(TOLLGATE_CCACHE)
  # Worktrees and fresh clones live in other folders; these settings let them share one cache.
  set(ccache_command ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_PCH_EXTSUM=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${TOLLGATE_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${ccache_command})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ccache_command})
endif()

find_program(TOLLGATE_MOLD mold)
if(TOLLGATE_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# The instructions of every x86 server of the last fifteen years: the parser's byte classes need SSSE3,
# the routing and key tables POPCNT. The program says so where they are missing (see main.cc).
if(CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
  set(TOLLGATE_CPU x86-64-v2 CACHE STRING "Least CPU that the program runs on, as -march names it")
endif()
if(TOLLGATE_CPU)
  add_compile_options(-march=${TOLLGATE_CPU})
endif()

add_library(tollgate_flags INTERFACE)
target_compile_options(tollgate_flags INTERFACE -Wall -Wextra -Werror -Wno-unused-parameter -pthread)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND (CMAKE_BUILD_TYPE STREQUAL Release OR TOLLGATE_SANITIZE))
  # GCC 12 finds these in std::string's own code (its PR 105329 and 105651), and no longer knows that code for a
  # system header's once it comes precompiled. The sanitizers look for the real ones.
  target_compile_options(tollgate_flags INTERFACE -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow
                                                  -Wno-stringop-overread)
endif()
target_include_directories(tollgate_flags INTERFACE ${CMAKE_SOURCE_DIR})
# What these define has to be the same for all who read the precompiled headers.
target_link_libraries(tollgate_flags INTERFACE fmt::fmt spdlog::spdlog Threads::Threads)
option(TOLLGATE_FUZZ "Build the fuzz drivers with libFuzzer (clang only)" OFF)
if(TOLLGATE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)  # the fuzzer sees which ways the engine takes
endif()
if(TOLLGATE_SANITIZE)
  add_compile_options(-fsanitize=${TOLLGATE_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${TOLLGATE_SANITIZE})
  if(TOLLGATE_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=all)
  endif()
  if(TOLLGATE_SANITIZE MATCHES "thread")
    # Protobuf's headers give map fields two more members where they see this macro; Debian's library
    # was compiled without them, and a program that mixes both crashes in its first map.
    add_compile_options(-U__SANITIZE_THREAD__)
  endif()
  add_compile_definitions(TOLLGATE_SANITIZED)
endif()
