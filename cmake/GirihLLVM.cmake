# Finds LLVM and MLIR and defines four thin wrappers:
#   girih_add_dialect(NAME file.td)     TableGen of one dialect folder
#   girih_add_library(NAME sources..)   a library of MLIR code
#   girih_add_compiler_tool(NAME ...)   a tool that links MLIR
#   girih_link_static_compiler(NAME)    all of these libraries, with MLIR's and LLVM's archives

find_package(MLIR 22.1 REQUIRED CONFIG)
message(STATUS "Using MLIR ${LLVM_PACKAGE_VERSION} in ${MLIR_DIR}")

# Debian's LLVMConfig points LLVM_EXTERNAL_LIT at a file that its packages do
# not install; `lit` is there.
set(LLVM_EXTERNAL_LIT ${LLVM_TOOLS_BINARY_DIR}/lit CACHE FILEPATH "lit")
# Debian's static MLIR asks for the shared LLVM. With both kinds of LLVM in one
# process, each has its own options and registries, and it crashes.
get_property(imported DIRECTORY PROPERTY IMPORTED_TARGETS)
list(FILTER imported INCLUDE REGEX "^MLIR.")
foreach(library IN LISTS imported)
  get_target_property(needed ${library} INTERFACE_LINK_LIBRARIES)
  if(needed)
    list(REMOVE_ITEM needed LLVM "$<LINK_ONLY:LLVM>" "\\$<LINK_ONLY:LLVM>")
    set_target_properties(${library} PROPERTIES INTERFACE_LINK_LIBRARIES "${needed}")
  endif()
endforeach()
if(GIRIH_STATIC_LLVM)
  set(MLIR_LINK_MLIR_DYLIB OFF)
  set(LLVM_LINK_LLVM_DYLIB OFF)
  # Nothing of the machine that only a part of LLVM not in use would need.
  add_link_options(-Wl,--as-needed -static-libstdc++ -static-libgcc)
else()
  set(MLIR_LINK_MLIR_DYLIB ON)
  set(LLVM_LINK_LLVM_DYLIB ON)
endif()
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)
include(HandleLLVMOptions)
include_directories(SYSTEM ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
include_directories(${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}
                    ${PROJECT_SOURCE_DIR}/include ${PROJECT_BINARY_DIR}/include)

# Runs mlir-tblgen over NAME{Dialect,Attrs,Types,Ops}.td of the current folder;
# the stock add_mlir_dialect leaves out attributes and enums.
function(girih_add_dialect name dialect)
  set(LLVM_TARGET_DEFINITIONS ${name}Ops.td)
  mlir_tablegen(${name}Dialect.h.inc -gen-dialect-decls -dialect=${dialect})
  mlir_tablegen(${name}Dialect.cpp.inc -gen-dialect-defs -dialect=${dialect})
  mlir_tablegen(${name}Ops.h.inc -gen-op-decls)
  mlir_tablegen(${name}Ops.cpp.inc -gen-op-defs)
  mlir_tablegen(${name}Types.h.inc -gen-typedef-decls -typedefs-dialect=${dialect})
  mlir_tablegen(${name}Types.cpp.inc -gen-typedef-defs -typedefs-dialect=${dialect})
  mlir_tablegen(${name}Attrs.h.inc -gen-attrdef-decls -attrdefs-dialect=${dialect})
  mlir_tablegen(${name}Attrs.cpp.inc -gen-attrdef-defs -attrdefs-dialect=${dialect})
  mlir_tablegen(${name}Enums.h.inc -gen-enum-decls)
  mlir_tablegen(${name}Enums.cpp.inc -gen-enum-defs)
  add_public_tablegen_target(Girih${name}IncGen)
  set_property(GLOBAL APPEND PROPERTY GIRIH_INC_GENS Girih${name}IncGen)
endfunction()

function(girih_add_library name)
  get_property(inc_gens GLOBAL PROPERTY GIRIH_INC_GENS)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LINK;MLIR;LLVM" ${ARGN})
  add_mlir_library(${name} STATIC ${ARG_SOURCES} DEPENDS ${inc_gens} ${ARG_DEPENDS}
                   DISABLE_INSTALL EXCLUDE_FROM_LIBMLIR)
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
  mlir_target_link_libraries(${name} PUBLIC ${ARG_MLIR})
  # The shared libMLIR brings libLLVM, and naming a part of LLVM beside it would link
  # that part twice.
  if(GIRIH_STATIC_LLVM)
    llvm_map_components_to_libnames(llvm_libraries ${ARG_LLVM})
    target_link_libraries(${name} PUBLIC ${llvm_libraries})
  endif()
  girih_precompile_headers(${name})
  set_property(GLOBAL APPEND PROPERTY GIRIH_LIBRARIES ${name})
  set_property(GLOBAL APPEND PROPERTY GIRIH_MLIR ${ARG_MLIR})
  set_property(GLOBAL APPEND PROPERTY GIRIH_LLVM ${ARG_LLVM})
endfunction()

# Links every library of girih_add_library so far into NAME. Their link interfaces lead to
# the shared libMLIR, so they are given as files.
function(girih_link_static_compiler name)
  get_property(libraries GLOBAL PROPERTY GIRIH_LIBRARIES)
  get_property(mlir GLOBAL PROPERTY GIRIH_MLIR)
  get_property(llvm GLOBAL PROPERTY GIRIH_LLVM)
  list(TRANSFORM libraries REPLACE "(.+)" "$<TARGET_FILE:\\1>" OUTPUT_VARIABLE files)
  list(REMOVE_DUPLICATES mlir)
  llvm_map_components_to_libnames(llvm_libraries ${llvm})
  add_dependencies(${name} ${libraries})
  target_link_libraries(${name} PRIVATE -Wl,--start-group ${files} -Wl,--end-group ${mlir} ${llvm_libraries})
endfunction()

function(girih_add_compiler_tool name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;MLIR" ${ARGN})
  if(GIRIH_SANITIZE)
    list(APPEND ARG_SOURCES ${PROJECT_SOURCE_DIR}/cmake/SanitizerOptions.cpp)
  endif()
  add_llvm_executable(${name} ${ARG_SOURCES})
  llvm_update_compile_flags(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
  mlir_target_link_libraries(${name} PRIVATE ${ARG_MLIR})
  girih_precompile_headers(${name})
endfunction()

# One precompiled header of MLIR for the whole build: the first library makes
# it, all later targets reuse it.
function(girih_precompile_headers name)
  if(NOT GIRIH_PRECOMPILED_HEADERS)
    return()
  endif()
  if(TARGET obj.${name})
    set(name obj.${name})
  endif()
  get_property(owner GLOBAL PROPERTY GIRIH_PCH_OWNER)
  if(owner)
    target_precompile_headers(${name} REUSE_FROM ${owner})
  else()
    target_precompile_headers(${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/Precompiled.h)
    set_property(GLOBAL PROPERTY GIRIH_PCH_OWNER ${name})
  endif()
endfunction()
