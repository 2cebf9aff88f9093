#pragma once
// How many coroutines this thread has under way, whatever they wait for: each is a frame that has not ended. For a dump of what hangs; a
// number that only grows is a leak.
//
//     logger.warn("loop", {{"coroutines", async::live_coroutines()}});

#include <cstdint>

namespace async {

[[nodiscard]] std::int64_t live_coroutines() noexcept;

}  // namespace async
