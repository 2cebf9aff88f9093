// Expected: a task that is dropped never runs
// It is lazy: a call alone does nothing.
#include "async/task.h"

namespace async {

Task<void> clean_up();

Task<void> end() {
    clean_up();
    co_return;
}

}  // namespace async
