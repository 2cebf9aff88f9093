#pragma once
// The Redis keys of one queue: `prefix:name:suffix`. A value, made once for a queue; any thread.

#include <string>
#include <string_view>

namespace jobs {

// The keys of a queue are told from those of another by the colon behind its name.
[[nodiscard]] constexpr bool is_queue_name(std::string_view text) { return !text.empty() && !text.contains(':'); }

// The name of a queue in the program's text: one that no queue can have does not compile.
class QueueName {
public:
    // Implicit, as its use is `JobType<Data>{"mail", ...}`.
    consteval QueueName(const char* text) : text_(text) {  // NOLINT(google-explicit-constructor)
        if (!is_queue_name(text_)) throw "a queue name must not be empty nor hold a colon";
    }
    // One that is known when the program runs, and lives as long as its use. Throws jobs.bad_queue.
    static QueueName given(std::string_view text);

    constexpr operator std::string_view() const noexcept { return text_; }  // NOLINT(google-explicit-constructor)

private:
    QueueName() = default;
    std::string_view text_;
};

// Throws jobs.bad_queue.
void check_queue_name(std::string_view name);

struct QueueKeys {
    // Throws jobs.bad_queue when the name is empty or holds a colon.
    QueueKeys(std::string_view prefix, std::string_view name);

    [[nodiscard]] std::string of(std::string_view suffix) const { return base + std::string(suffix); }
    [[nodiscard]] std::string job(std::string_view job_id) const { return of(job_id); }
    [[nodiscard]] std::string job(std::string_view job_id, std::string_view suffix) const {
        return of(job_id).append(":").append(suffix);
    }

    std::string prefix;
    std::string name;
    std::string qualified;  // "bull:mail": how a child names its parent's queue
    std::string base;       // "bull:mail:": the scripts make the keys of jobs of it

    std::string wait, active, prioritized, delayed, completed, failed, waiting_children;
    std::string paused;  // of version 5: still named by the scripts
    std::string meta, id, events, marker, stalled, stalled_check, limiter, repeat, priority_counter;
};

// What dashboards find the workers of a queue by, in CLIENT LIST: "bull:bWFpbA==" or "bull:bWFpbA==:w:name".
[[nodiscard]] std::string worker_connection_name(const QueueKeys& keys, std::string_view worker_name);

}  // namespace jobs
