#pragma once
// Turns: so many at once, and those that wait by turns of their owners: one of each, then the next one of each, and of one owner first come
// first served. Whoever sends sixteen holds up another one by a single piece of work. Loop's thread.
//
//     Turns turns(loop, {.places = 2, .max_waiting = 32});
//     const auto place = co_await turns.take(owner, deadline);        // std::optional: nullopt past the deadline or when full

#include <cstddef>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <utility>

#include "async/loop.h"
#include "async/task.h"

namespace images {

class Turns {
public:
    struct Options {
        std::size_t places = 1;
        std::size_t max_waiting = 1024;
    };

    // Gives its place back when destroyed.
    class Place {
    public:
        explicit Place(Turns& turns) noexcept : turns_(&turns) {}
        Place(Place&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)) {}
        Place& operator=(Place&& other) noexcept {
            std::swap(turns_, other.turns_);
            return *this;
        }
        ~Place() {
            if (turns_ != nullptr) turns_->release();
        }

    private:
        Turns* turns_;
    };

    Turns(async::Loop& loop, Options options) : loop_(loop), options_(options), free_(options.places) {}

    // nullopt when the deadline passes first or max_waiting others wait already.
    async::Task<std::optional<Place>> take(std::string owner, async::SteadyTime deadline);
    [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }
    [[nodiscard]] std::size_t available() const noexcept { return free_; }

private:
    struct Waiter;
    struct Line {
        std::string owner;
        std::deque<Waiter*> waiters;
    };

    void join(Waiter* waiter);
    void leave(const Waiter* waiter);
    [[nodiscard]] Waiter* next();
    void release();

    async::Loop& loop_;
    Options options_;
    std::size_t free_;
    std::size_t waiting_ = 0;
    std::list<Line> lines_;  // none is empty; the front one's turn is next
};

}  // namespace images
