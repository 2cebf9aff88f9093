#include "db/driver/exchange.h"

#include <algorithm>
#include <utility>

#include "db/driver/database_state.h"

namespace db::detail {

Waiter::Waiter(DatabaseState& state, async::SteadyTime deadline)
    : state_(state), started_(async::Loop::now()), deadline_(deadline), timer_(state.loop, [this] { expire(); }) {
    ++state_.active;
    // Nothing is sent that nobody waits for.
    if (started_ < deadline_) return;
    failure_ = std::make_exception_ptr(
        base::Failure(base::Failure(errors::timeout).cause("the deadline passed before the start")));
    finished_ = true;
}

Waiter::~Waiter() {
    leave();
    --state_.active;
}

void Waiter::enter(WaiterList& queue, std::size_t& count, bool at_front) {
    if (at_front) {
        queue.push_front(*this);
    } else {
        queue.push_back(*this);
    }
    queue_count_ = &count;
    ++count;
}

void Waiter::leave() noexcept {
    if (is_linked()) unlink();
    if (auto* count = std::exchange(queue_count_, nullptr)) --*count;
}

void Waiter::suspend(std::coroutine_handle<> awaiting) {
    awaiting_ = awaiting;
    timer_.expires_at(deadline_);
}

void Waiter::finish() {
    if (std::exchange(finished_, true)) return;
    leave();
    timer_.cancel();
    state_.add_finished(*this);
}

void Waiter::finish(std::exception_ptr failure) {
    if (finished_) return;
    failure_ = std::move(failure);
    finish();
}

Exchange::Exchange(DatabaseState& state, async::SteadyTime deadline, Plan plan)
    : Waiter(state, deadline), plan_(plan) {}

Exchange::~Exchange() {
    if (flight_ != nullptr) flight_->abandon(*this);
}

void Exchange::await_suspend(std::coroutine_handle<> awaiting) {
    suspend(awaiting);
    if (target_ == nullptr) {
        state_.points->submit(*this);
    } else if (!target_->is_connected()) {
        finish(std::make_exception_ptr(base::Failure(base::Failure(errors::unavailable).cause("connection lost"))));
    } else {
        target_->send(*this);
        target_->sync(this);
    }
}

void Exchange::on_result(std::size_t position, Result result) { plan_.results[position] = std::move(result); }

void Exchange::on_error(std::size_t position, ErrorFields fields) {
    if (error_) return;
    error_ = std::move(fields);
    error_position_ = position;
}

std::exception_ptr Exchange::make_error() {
    std::shared_ptr<std::vector<Result>> partial;
    if (!plan_.shares_sync && !plan_.results.empty()) {
        const auto succeeded = std::min(error_position_, plan_.results.size());
        partial = std::make_shared<std::vector<Result>>();
        std::ranges::move(plan_.results.first(succeeded), std::back_inserter(*partial));
    }
    Error error(std::move(*error_), error_position_, std::move(partial));
    may_repeat_ = error.is_stale_statement();
    return std::make_exception_ptr(std::move(error));
}

void Exchange::on_end(bool aborted) {
    flight_ = nullptr;
    if (error_) {
        auto failure = make_error();
        // Parsed anew, and only once: the text itself may be what is wrong.
        if (may_repeat_ && !plan_.unnamed) return repeat_alone();
        return finish(std::move(failure));
    }
    if (!aborted) return finish();
    // A neighbour failed, this one never ran. Alone it cannot be met by that again.
    if (!plan_.unnamed) return repeat_alone();
    finish(
        std::make_exception_ptr(base::Failure(base::Failure(errors::unavailable).cause("aborted without an error"))));
}

void Exchange::repeat_alone() {
    error_.reset();
    plan_.unnamed = true;
    state_.points->resubmit(*this);
}

void Exchange::on_sync() {
    flight_ = nullptr;
    if (error_) {
        finish(make_error());
    } else {
        finish();
    }
}

void Exchange::on_lost(const std::string& cause) {
    flight_ = nullptr;
    if (plan_.loss == Loss::unknown) return finish(std::make_exception_ptr(ConnectionLost(cause)));
    if (plan_.shares_sync && repeats_++ == 0) return state_.points->resubmit(*this);
    may_repeat_ = plan_.loss == Loss::repeat;
    finish(
        std::make_exception_ptr(base::Failure(base::Failure(errors::unavailable).cause("connection lost: " + cause))));
}

void Exchange::expire() {
    auto* connection = std::exchange(flight_, nullptr);
    if (connection == nullptr) return finish(state_.points->deadline_failure());
    connection->abandon(*this);
    if (plan_.loss == Loss::unknown)
        return finish(std::make_exception_ptr(ConnectionLost("the deadline passed before the reply")));
    finish(std::make_exception_ptr(
        base::Failure(base::Failure(errors::timeout).cause("the deadline passed before the reply"))));
}

}  // namespace db::detail
