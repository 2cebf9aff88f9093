#include "jobs/queue_keys.h"

#include "base/strings.h"
#include "jobs/errors.h"

namespace jobs {

void check_queue_name(std::string_view name) {
    if (is_queue_name(name)) return;
    throw base::Failure(errors::bad_queue,
                        "a queue name must not be empty nor hold a colon: \"" + std::string(name) + "\"");
}

QueueName QueueName::given(std::string_view text) {
    check_queue_name(text);
    QueueName name;
    name.text_ = text;
    return name;
}

QueueKeys::QueueKeys(std::string_view prefix_of_all, std::string_view queue_name)
    : prefix(prefix_of_all), name(queue_name), qualified(prefix + ":" + name), base(qualified + ":") {
    check_queue_name(name);
    wait = of("wait");
    active = of("active");
    prioritized = of("prioritized");
    delayed = of("delayed");
    completed = of("completed");
    failed = of("failed");
    waiting_children = of("waiting-children");
    paused = of("paused");
    meta = of("meta");
    id = of("id");
    events = of("events");
    marker = of("marker");
    stalled = of("stalled");
    stalled_check = of("stalled-check");
    limiter = of("limiter");
    repeat = of("repeat");
    priority_counter = of("pc");
}

std::string worker_connection_name(const QueueKeys& keys, std::string_view worker_name) {
    auto name = keys.prefix + ":" + base::base64_encode(keys.name);
    // Redis refuses blanks and control characters in a connection's name.
    if (!worker_name.empty()) name += ":w:";
    for (const char c : worker_name) name.push_back(c > ' ' && c < '\x7f' ? c : '-');
    return name;
}

}  // namespace jobs
