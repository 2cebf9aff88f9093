#pragma once
// A POST that makes no row, once for each Idempotency-Key: the effect and the stored reply are one transaction, and a repeated
// request gets the first reply.
//
//     co_return co_await answer_once<Pinged>(&write, db, write.request(body), [&asked](db::Db tx) { return ping_in(tx, &asked); });
//
// `act` is a named coroutine of the handler's, and may run again after a deadlock. What it returns is stored: no secret is in it.
// Awaited in the handler, whose parts it refers to.

#include <functional>

#include "pos/plumbing/writer.h"

namespace pos {

namespace detail {

template <class R>
struct AnsweredOnce {
    const Creator* write;
    std::function<async::Task<R>(db::Db)> act;
    std::optional<IdempotentRequest> idempotent;
    std::optional<StoredReply> replayed{};
    std::string body{};
};

template <class R>
async::Task<void> answer_in(db::Db tx, AnsweredOnce<R>* run) {
    if (run->idempotent) {
        run->replayed = co_await claim_key(tx, *run->idempotent);
        if (run->replayed) co_return;
    }
    run->body = schema::to_json(co_await run->act(tx), run->write->view());
    if (!run->idempotent) co_return;
    auto batch = tx.batch();
    finish_idempotent(batch, *run->idempotent, {.status = 200, .body = run->body}, run->write->now());
    co_await batch.commit();
}

}  // namespace detail

template <class R>
[[nodiscard]] async::Task<http::JsonBytes<R, 200>> answer_once(const Creator* write, db::Db db, CreateRequest request,
                                                               std::function<async::Task<R>(db::Db)> act) {
    detail::AnsweredOnce<R> run{write, std::move(act), detail::idempotent_request(request, db)};
    std::optional<Runtime::KeyGuard> running;
    if (run.idempotent) running.emplace(write->runtime().hold(run.idempotent->scope()));
    std::exception_ptr failure;
    try {
        if (running && !*running) throw key_under_way();
        co_await db.transaction([&run](db::Db tx) { return detail::answer_in(tx, &run); });
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        if (!run.idempotent) std::rethrow_exception(failure);
        run.replayed = co_await replay_of(db, *run.idempotent, failure);
    }
    if (run.replayed) co_return to_json_bytes<R, 200>(std::move(*run.replayed), true);
    co_return http::JsonBytes<R, 200>{std::move(run.body), 200, {}};
}

// Whether the reply is the first one, given again.
template <class R, std::uint16_t... Statuses>
[[nodiscard]] bool is_replayed(const http::JsonBytes<R, Statuses...>& reply) {
    return std::ranges::any_of(reply.headers, [](const auto& header) { return header.first == "Idempotent-Replayed"; });
}

}  // namespace pos
