#pragma once
// Stop: the end that pauses listen to. Whatever goes on until it is told to end sleeps by its Stop: `async::sleep` ends with its time
// alone, and SIGTERM would wait for it. Any number of tasks; one loop; no thread but the loop's. It outlives those who sleep by it.
//
//     while (co_await stop_.sleep(retry)) { ... }      // false once stopped, also when asked later
//     ...
//     stop_.request();                                 // whoever sleeps goes on at once
//     co_await tasks_.join();

#include <vector>

#include "async/loop.h"

namespace async {

class Stop {
public:
    explicit Stop(Loop& loop) : loop_(&loop) {}

    // Ends after `delay` at least, or with the stop. True while there was none.
    [[nodiscard]] Task<bool> sleep(Milliseconds delay);
    void request();
    [[nodiscard]] bool requested() const noexcept { return requested_; }

private:
    struct Sleeper;

    Loop* loop_;
    std::vector<Sleeper*> sleeping_;
    bool requested_ = false;
};

}  // namespace async
