# Finds the headers of cudnn-frontend and of cuDNN, which pip installs:
#   pip install nvidia-cudnn-frontend nvidia-cudnn-cu13
# Looks in GIRIH_CUDNN_FRONTEND_DIR, .venv, and CUDA's own include folder.
# Defines CudnnFrontend_FOUND and the target CudnnFrontend::CudnnFrontend.
# No library is needed at build time: the runner opens libcudnn.so.9 itself.

set(GIRIH_CUDNN_FRONTEND_DIR "" CACHE PATH "Folder that holds cudnn_frontend.h")

file(GLOB _girih_site_packages
     ${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages
     $ENV{VIRTUAL_ENV}/lib/python3*/site-packages)
set(_girih_cudnn_hints)
foreach(_folder IN LISTS _girih_site_packages)
  list(APPEND _girih_cudnn_hints ${_folder}/include ${_folder}/nvidia/cudnn/include)
endforeach()

find_path(GIRIH_CUDNN_FRONTEND_INCLUDE_DIR cudnn_frontend.h
          HINTS ${GIRIH_CUDNN_FRONTEND_DIR} ${GIRIH_CUDNN_FRONTEND_DIR}/include
                ${_girih_cudnn_hints})
find_path(GIRIH_CUDNN_INCLUDE_DIR cudnn.h
          HINTS ${_girih_cudnn_hints} ${GIRIH_CUDA_INCLUDE_DIR} /usr/local/cuda/include)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CudnnFrontend
  REQUIRED_VARS GIRIH_CUDNN_FRONTEND_INCLUDE_DIR GIRIH_CUDNN_INCLUDE_DIR)

if(CudnnFrontend_FOUND AND NOT TARGET CudnnFrontend::CudnnFrontend)
  add_library(CudnnFrontend::CudnnFrontend INTERFACE IMPORTED)
  target_include_directories(CudnnFrontend::CudnnFrontend SYSTEM INTERFACE
    ${GIRIH_CUDNN_FRONTEND_INCLUDE_DIR} ${GIRIH_CUDNN_INCLUDE_DIR} ${GIRIH_CUDA_INCLUDE_DIR})
  target_compile_definitions(CudnnFrontend::CudnnFrontend INTERFACE
    NV_CUDNN_FRONTEND_USE_DYNAMIC_LOADING)
endif()
