#include "redis/request.h"

#include <algorithm>
#include <array>
#include <utility>

#include "redis/client_state.h"
#include "redis/errors.h"

namespace redis::detail {

namespace {

// A command that is met by a lost connection this often may be what costs it.
constexpr std::uint8_t most_repeats = 2;

std::exception_ptr failure_of(const base::ErrorCode& code, std::string cause) {
    return std::make_exception_ptr(base::Failure(base::Failure(code).retry_after(1000).cause(std::move(cause))));
}

// Nothing was run, and another server, or this one in a while, would run it.
bool asks_for_another_server(std::string_view error) {
    constexpr std::array<std::string_view, 5> words{"READONLY", "LOADING", "MASTERDOWN", "NOAUTH", "UNBLOCKED"};
    return !error.empty() && std::ranges::find(words, error_word(error)) != words.end();
}

}  // namespace

Request::Request(ClientState& state, async::SteadyTime deadline, std::span<const Command> commands,
                 std::span<Reply> replies, Form form)
    : state_(state),
      commands_(commands),
      replies_(replies),
      form_(form),
      span_(begin_span()),
      started_(async::Loop::now()),
      deadline_(deadline),
      timer_(state.loop(), [this] { expire(); }) {
    for (const auto& command : commands_) bytes_ += command.size();
}

// A command by its name, several as what they are.
observe::Span Request::begin_span() const {
    if (commands_.empty()) return {};
    const std::string_view several = form_ == Form::transaction ? "MULTI" : "PIPELINE";
    const auto name = commands_.size() == 1 ? std::string_view(commands_.front().label()) : several;
    observe::Span span(commands_.front().span(), observe::SpanKind::client, name);
    span.set("db.system.name", "redis");
    span.set("db.operation.name", name);
    if (commands_.size() > 1) span.set("db.operation.batch.size", static_cast<std::int64_t>(commands_.size()));
    return span;
}

Request::~Request() {
    if (flight_) state_.abandon(*flight_);
    if (counted_) state_.release(commands_.size(), bytes_);
}

bool Request::await_ready() {
    state_.check_room(commands_.size(), bytes_);
    // Nothing is sent that nobody waits for.
    if (started_ >= deadline_)
        std::rethrow_exception(failure_of(errors::timeout, "the deadline passed before the start"));
    return false;
}

void Request::await_suspend(std::coroutine_handle<> awaiting) {
    awaiting_ = awaiting;
    counted_ = true;
    state_.hold(commands_.size(), bytes_);
    timer_.expires_at(deadline_);
    state_.submit(*this);
}

void Request::await_resume() {
    if (failure_) {
        span_.fail(failure_);
        std::rethrow_exception(failure_);
    }
    if (!span_.records()) return;
    // A script that Redis does not know yet is sent whole at once (Client::eval).
    const auto failed = [this](const Reply& reply) {
        return reply->is_error() && !(commands_.size() == 1 && error_word(reply->text()) == "NOSCRIPT");
    };
    const auto refused = std::ranges::find_if(replies_, failed);
    if (refused != replies_.end()) span_.fail(error_word((*refused)->text()));
}

// ---- On the wire ------------------------------------------------------------------------------------------------

std::size_t Request::reply_count() const noexcept { return commands_.size() + (form_ == Form::transaction ? 2 : 0); }

void Request::encode(std::string& out) const {
    if (form_ == Form::transaction) out += "*1\r\n$5\r\nMULTI\r\n";
    for (const auto& command : commands_) command.encode(out);
    if (form_ == Form::transaction) out += "*1\r\n$4\r\nEXEC\r\n";
}

void Request::on_reply(std::size_t position, Reply reply) {
    if (form_ == Form::transaction) return on_transaction_reply(position, std::move(reply));
    state_.observe(commands_[position].label(), started_);
    state_.heed(commands_[position].label(), *reply);
    replies_[position] = std::move(reply);
}

// MULTI and the commands are answered by OK and QUEUED, or an error; EXEC by what they gave.
void Request::on_transaction_reply(std::size_t position, Reply reply) {
    if (position < reply_count() - 1) {
        if (reply->is_error() && !rejected_) {
            state_.heed("MULTI", *reply);
            rejected_ = std::move(reply);
        }
        return;
    }
    state_.observe("MULTI", started_);
    if (!rejected_) state_.heed("MULTI", *reply);
    exec_ = std::move(reply);
}

std::string_view Request::refusal() const {
    if (form_ == Form::transaction) {
        if (rejected_) return (*rejected_)->text();
        return exec_->is_error() ? exec_->text() : std::string_view();
    }
    // Of a pipeline: when none of it was run.
    for (const auto& reply : replies_) {
        if (!reply->is_error() || (replies_.size() > 1 && !asks_for_another_server(reply->text()))) return {};
    }
    return replies_[0]->text();
}

// A part of a pipeline may have been run: no repetition, but no more of it goes to this server either.
void Request::leave_server() {
    const auto asks = [](const Reply& reply) { return reply->is_error() && asks_for_another_server(reply->text()); };
    const auto found = std::ranges::find_if(replies_, asks);
    if (form_ == Form::plain && found != replies_.end()) state_.retire(std::string((*found)->text()));
}

void Request::on_end() {
    flight_.reset();
    if (asks_for_another_server(refusal()) && state_.retire(std::string(refusal())) && repeats_++ < most_repeats) {
        rejected_.reset();
        return state_.submit_again(*this);
    }
    if (form_ == Form::transaction) return finish_transaction();
    leave_server();
    finish();
}

void Request::finish_transaction() {
    if (exec_->is_error()) {
        std::string text(exec_->text());
        if (rejected_) text.append(" (").append((*rejected_)->text()).append(")");
        return fail(std::make_exception_ptr(Refused("EXEC", text)));
    }
    if (!exec_->is_array() || exec_->size() != replies_.size())
        return fail(failure_of(errors::unexpected_reply, "EXEC did not answer all commands"));
    auto into = replies_.begin();
    for (const auto value : *exec_) *into++ = value.to_reply();
    finish();
}

// ---- The end of things ------------------------------------------------------------------------------------------

bool Request::is_repeatable() const noexcept {
    return std::ranges::all_of(commands_, [](const Command& command) { return command.is_repeatable(); });
}

void Request::on_lost(const std::string& cause) {
    flight_.reset();
    if (!is_repeatable()) return fail(failure_of(errors::outcome_unknown, cause));
    if (state_.is_closed() || repeats_++ >= most_repeats) return fail(failure_of(errors::unavailable, cause));
    rejected_.reset();
    state_.submit_first(*this);
}

void Request::expire() {
    if (!flight_) {
        return fail(state_.is_up() ? failure_of(errors::timeout, "the deadline passed in the queue")
                                   : failure_of(errors::unavailable, state_.last_cause()));
    }
    state_.abandon(*std::exchange(flight_, std::nullopt));
    fail(failure_of(is_repeatable() ? errors::timeout : errors::outcome_unknown,
                    "the deadline passed before the reply"));
}

void Request::fail(std::exception_ptr failure) {
    failure_ = std::move(failure);
    finish();
}

void Request::finish() {
    if (std::exchange(finished_, true)) return;
    timer_.cancel();
    if (is_linked()) unlink();
    state_.add_finished(*this);
}

}  // namespace redis::detail
