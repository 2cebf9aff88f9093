#pragma once
// What the heap holds at a moment: for tests that say that memory stays flat. Exact, unlike the resident set, which keeps what was freed;
// also under AddressSanitizer and ThreadSanitizer. Any thread; of all threads together.
//
//     testing::HeapPeak peak;                       // from now on
//     while (...) { ...; peak.look(); }
//     EXPECT_LT(peak.growth(), 4U << 20U);

#include <algorithm>
#include <cstddef>

namespace testing {

[[nodiscard]] std::size_t heap_in_use();

class HeapPeak {
public:
    void look() { most_ = std::max(most_, heap_in_use()); }
    // The most that was seen, above what there was at the beginning.
    [[nodiscard]] std::size_t growth() const { return most_ - first_; }

private:
    std::size_t first_ = heap_in_use();
    std::size_t most_ = first_;
};

}  // namespace testing
