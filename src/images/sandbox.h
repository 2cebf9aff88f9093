#pragma once
// Takes away from this process whatever decoding pictures does not need; nothing of it can be had again. Internal; the decoder's
// process, which has one thread.
//
//     const auto fault = images::enter_sandbox({.memory_bytes = …, .processor_seconds = …});
//     if (!fault.empty()) …refuse to start…
//
// Afterwards: no new privileges, no core, no file, no socket, no thread, no process, no executable memory; memory and processor
// time up to the limits; one descriptor may be received. Any other system call ends the process. What is written goes to the
// descriptors 0 and 2. Built with a sanitizer there is no limit of memory: its shadow is larger than any.

#include <cstdint>
#include <string>

namespace images {

struct SandboxLimits {
    std::uint64_t memory_bytes;       // beyond what the program has when it starts
    std::uint64_t processor_seconds;  // of the process's whole life
};

// "" or what is not to be had here.
[[nodiscard]] std::string enter_sandbox(const SandboxLimits& limits);

// The same for the kernel alone, without entering: whether it has what the sandbox is made of.
[[nodiscard]] std::string sandbox_fault();

}  // namespace images
