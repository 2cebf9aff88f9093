// A target needs a source: see precompiled_headers.cmake.
