#include <array>

#include "async/live_coroutines.h"
#include "async/task.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ASYNC_NO_RECYCLING 1
#endif
#endif

namespace async {

namespace {
thread_local std::int64_t live_frames = 0;  // of this thread: a frame ends where it began
}  // namespace

std::int64_t live_coroutines() noexcept { return live_frames; }

namespace detail {

namespace {

constexpr std::size_t class_size = 64;
constexpr std::size_t max_recycled = 4096;
[[maybe_unused]] constexpr std::size_t max_kept_per_class = 256;

struct FreeFrame {
    FreeFrame* next;
};

struct FreeLists {
    std::array<FreeFrame*, max_recycled / class_size + 1> heads{};
    std::array<std::size_t, max_recycled / class_size + 1> counts{};

    ~FreeLists() {
        for (auto* head : heads) {
            while (head != nullptr) {
                auto* next = head->next;
                ::operator delete(head);
                head = next;
            }
        }
    }
};

[[maybe_unused]] thread_local FreeLists free_lists;  // per thread: frames never cross loops while alive

[[maybe_unused]] constexpr std::size_t class_of(std::size_t size) { return (size + class_size - 1) / class_size; }

}  // namespace

void* allocate_frame(std::size_t size) {
    ++live_frames;
#ifdef ASYNC_NO_RECYCLING
    return ::operator new(size);
#else
    if (size > max_recycled) return ::operator new(size);
    const auto index = class_of(size);
    auto*& head = free_lists.heads[index];
    if (head == nullptr) return ::operator new(index * class_size);
    auto* frame = head;
    head = frame->next;
    --free_lists.counts[index];
    return frame;
#endif
}

void free_frame(void* frame, [[maybe_unused]] std::size_t size) noexcept {
    --live_frames;
#ifdef ASYNC_NO_RECYCLING
    ::operator delete(frame);
#else
    const auto index = class_of(size);
    if (size > max_recycled || free_lists.counts[index] >= max_kept_per_class) {
        ::operator delete(frame);
        return;
    }
    auto* kept = static_cast<FreeFrame*>(frame);
    kept->next = free_lists.heads[index];
    free_lists.heads[index] = kept;
    ++free_lists.counts[index];
#endif
}

}  // namespace detail

}  // namespace async
