# Compiler settings that hold for every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(INCIDENTD_SANITIZE "" CACHE STRING "Sanitizers for every target: address,undefined or thread")

set(INCIDENTD_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
# g++ 12 sees overlaps where a literal is assigned to a std::string in optimised code (GCC bug 105651).
list(APPEND INCIDENTD_WARNINGS -Wno-restrict)
if(INCIDENTD_SANITIZE)
    add_compile_options(-fsanitize=${INCIDENTD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${INCIDENTD_SANITIZE})
    # g++ 12 reports false positives from the sanitizers' own instrumentation under these warnings.
    list(APPEND INCIDENTD_WARNINGS -Wno-maybe-uninitialized -Wno-tsan)
endif()

find_program(INCIDENTD_CCACHE ccache)
if(INCIDENTD_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${INCIDENTD_CCACHE})
endif()
find_program(INCIDENTD_MOLD mold)
if(INCIDENTD_MOLD)
    add_link_options(-fuse-ld=mold)
endif()

# A layer is a folder of sources; unit tests (*_test.cpp) sit beside their subject and are built by tests/.
function(incidentd_layer name)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${name}/*.cpp)
    list(FILTER sources EXCLUDE REGEX "_test\\.cpp$|/main\\.cpp$")
    if(NOT sources)
        file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/${name}_empty.cpp CONTENT "")
        set(sources ${CMAKE_BINARY_DIR}/generated/${name}_empty.cpp)
    endif()
    add_library(${name} STATIC ${sources})
    target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
    target_compile_options(${name} PRIVATE ${INCIDENTD_WARNINGS})
    target_compile_definitions(${name} PRIVATE INCIDENTD_VERSION="${PROJECT_VERSION}")
endfunction()
