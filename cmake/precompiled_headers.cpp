// A target needs a source: see quick_to_build.cmake.
