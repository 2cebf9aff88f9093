#pragma once
// Koa's shape: a link is `Task<void>(Context&, Next)`, a handler `Task<void>(Context&)`. Both are callable objects of three
// pointers, copied freely; what they capture is shared by the copies, lives as long as the chain, and is seen as const.
// So a lambda coroutine with captures is safe here, and here only.
//
//     async::Task<void> measured(http::Context& context, http::Next next) {     // acts before and after: one frame
//         const auto start = async::Loop::now();
//         co_await next(context);
//         record(async::Loop::now() - start);
//     }
//     async::Task<void> tagged(http::Context& context, http::Next next) {       // acts before: no frame, no co_await
//         context.response().headers().set("X-Frame-Options", "DENY");
//         return next(context);
//     }
//     http::Chain chain({measured, tagged}, show);
//     co_await chain(context);
//
// A link calls `next` at most once. A link that returns next(context) directly must not hold locals the rest refers to.

#include <concepts>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "async/task.h"

namespace http {

class Context;
class Chain;

class Handler {
public:
    Handler() = default;
    template <class F>
        requires(!std::same_as<std::remove_cvref_t<F>, Handler> &&
                 std::is_invocable_r_v<async::Task<void>, const std::decay_t<F>&, Context&>)
    Handler(F&& function) {  // NOLINT(google-explicit-constructor): a function is a handler
        using Function = std::decay_t<F>;
        if constexpr (std::is_same_v<Function, async::Task<void> (*)(Context&)>) {
            function_ = function;
        } else {
            call_ = [](const void* state, Context& context) { return (*static_cast<const Function*>(state))(context); };
            state_ = std::make_shared<const Function>(std::forward<F>(function));
        }
    }

    async::Task<void> operator()(Context& context) const {
        return function_ != nullptr ? function_(context) : call_(state_.get(), context);
    }
    explicit operator bool() const { return function_ != nullptr || call_ != nullptr; }

private:
    async::Task<void> (*function_)(Context&) = nullptr;
    async::Task<void> (*call_)(const void*, Context&) = nullptr;
    std::shared_ptr<const void> state_;
};

// The rest of the chain: a value of two words.
class Next {
public:
    Next(const Chain& chain, std::size_t index) : chain_(&chain), index_(index) {}
    async::Task<void> operator()(Context& context) const;

private:
    const Chain* chain_;
    std::size_t index_;
};

class Middleware {
public:
    template <class F>
        requires(!std::same_as<std::remove_cvref_t<F>, Middleware> &&
                 std::is_invocable_r_v<async::Task<void>, const std::decay_t<F>&, Context&, Next>)
    Middleware(F&& function) {  // NOLINT(google-explicit-constructor): a function is a link
        using Function = std::decay_t<F>;
        if constexpr (std::is_same_v<Function, async::Task<void> (*)(Context&, Next)>) {
            function_ = function;
        } else {
            call_ = [](const void* state, Context& context, Next next) {
                return (*static_cast<const Function*>(state))(context, next);
            };
            state_ = std::make_shared<const Function>(std::forward<F>(function));
        }
    }

    async::Task<void> operator()(Context& context, Next next) const {
        return function_ != nullptr ? function_(context, next) : call_(state_.get(), context, next);
    }

private:
    async::Task<void> (*function_)(Context&, Next) = nullptr;
    async::Task<void> (*call_)(const void*, Context&, Next) = nullptr;
    std::shared_ptr<const void> state_;
};

// Links and what they end in, flat. Built once; must outlive the requests that run through it.
class Chain {
public:
    Chain() = default;
    Chain(std::vector<Middleware> links, Handler handler) : links_(std::move(links)), handler_(std::move(handler)) {}
    async::Task<void> operator()(Context& context) const { return run(context, 0); }

private:
    friend class Next;
    async::Task<void> run(Context& context, std::size_t index) const {
        return index < links_.size() ? links_[index](context, Next(*this, index + 1)) : handler_(context);
    }

    std::vector<Middleware> links_;
    Handler handler_;
};

inline async::Task<void> Next::operator()(Context& context) const { return chain_->run(context, index_); }

}  // namespace http
