# SPDX-License-Identifier: BSD-2-Clause
# Options, warnings and sanitizers: what every target of the project is built with.

option(VMM_TESTS "build the test suite (needs libcheck)" ON)
option(VMM_WERROR "treat warnings as errors" ON)
set(VMM_SANITIZE "" CACHE STRING "sanitizers for host code: address,undefined or thread")
option(VMM_FUZZ "build the fuzzers with libFuzzer (clang)" OFF)
option(VMM_COVERAGE "instrument for branch coverage" OFF)

if(NOT CMAKE_BUILD_TYPE)
	set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "build type" FORCE)
endif()

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

# Freestanding code (the models and the guests) takes the warnings but not the sanitizers' runtime.
set(VMM_WARNINGS
	-Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual
	-Wwrite-strings -Wundef -Wswitch-enum -Wvla -Wformat=2 -Wpointer-arith)
if(VMM_WERROR)
	list(APPEND VMM_WARNINGS -Werror)
endif()

add_library(vmm_host_flags INTERFACE)
target_include_directories(vmm_host_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(vmm_host_flags INTERFACE ${VMM_WARNINGS})
if(VMM_SANITIZE)
	target_compile_options(vmm_host_flags INTERFACE
		-fsanitize=${VMM_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
	target_link_options(vmm_host_flags INTERFACE -fsanitize=${VMM_SANITIZE})
endif()
if(VMM_FUZZ)
	target_compile_options(vmm_host_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(VMM_COVERAGE)
	target_compile_options(vmm_host_flags INTERFACE --coverage -O0)
	target_link_options(vmm_host_flags INTERFACE --coverage)
endif()

# The pure models also promise clean conversions.
add_library(vmm_model_flags INTERFACE)
target_link_libraries(vmm_model_flags INTERFACE vmm_host_flags)
target_compile_options(vmm_model_flags INTERFACE -Wconversion)
