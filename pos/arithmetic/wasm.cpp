// What the WebAssembly module exports (clients/typescript/wasm.mjs builds it): memory for a request, its answer, and memory back. The
// module imports nothing. What the standard library would report before it gives up is a trap here, which the caller sees.

#include <__verbose_abort>
#include <cstdlib>
#include <cstring>
#include <new>

#include "pos/arithmetic/packed.h"

_LIBCPP_BEGIN_NAMESPACE_STD
void __libcpp_verbose_abort(const char* /*format*/, ...) { __builtin_trap(); }
_LIBCPP_END_NAMESPACE_STD

// The library's own would print, and bring three quarters of the module's size for it.
void* operator new(std::size_t bytes) {
    void* memory = std::malloc(bytes);
    if (memory == nullptr) __builtin_trap();
    return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*bytes*/) noexcept { std::free(memory); }

extern "C" {

[[clang::export_name("reserve")]] unsigned char* reserve(std::uint32_t bytes) {
    return static_cast<unsigned char*>(operator new(bytes));
}

[[clang::export_name("release")]] void release(unsigned char* memory) { operator delete(memory); }

// The reply's u32 count of bytes, then the reply.
[[clang::export_name("answer")]] const unsigned char* answer(const unsigned char* request, std::uint32_t bytes) {
    const auto reply = pos::arithmetic::answer({request, bytes});
    const auto size = static_cast<std::uint32_t>(reply.size());
    auto* memory = reserve(sizeof size + size);
    std::memcpy(memory, &size, sizeof size);
    std::memcpy(memory + sizeof size, reply.data(), size);
    return memory;
}
}
