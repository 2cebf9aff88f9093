// Expected: write `co_return co_await
// What a task gives is there when it was awaited.
#include "async/task.h"

namespace async {

struct Row {
    int id = 0;
};
Task<Row> find(int id);

Task<Row> show(int id) { co_return find(id); }

}  // namespace async
