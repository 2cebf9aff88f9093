#include "payments/mpesa/wire.h"

#include <utility>

namespace payments::mpesa {

client::Call Wire::call_with(const Tokens::Token& token) const {
    return {.headers = {{"Authorization", "Bearer " + token.value}},
            .within = parts_.call.within,
            .deadline = parts_.call.deadline,
            .stop = parts_.call.stop,
            .span = parts_.call.span,
            .accept = "application/json"};
}

// What Daraja says, masked, and nothing of what it was sent.
void Wire::tell(const Problem& problem, std::string_view path) const {
    parts_.logger.warn("M-Pesa did not take a request",
                       {{"path", path}, {"status", problem.status}, {"code", problem.code}, {"text", problem.text}});
}

async::Task<std::expected<std::string, Problem>> Wire::post(const client::Target* target, std::string path,
                                                            std::string json) {
    for (bool is_first = true;; is_first = false) {
        const auto token = co_await parts_.tokens->get(&parts_.owner, &parts_.call);
        if (!token) {
            tell(token.error(), path);
            co_return std::unexpected(token.error());
        }
        const auto reply =
            co_await parts_.http->post<std::string>(*target, path, client::json_text(json), call_with(*token));
        if (reply) co_return reply->body;
        auto problem = problem_of(reply.error());
        if (is_first && is_token_trouble(problem)) {
            co_await parts_.tokens->drop(&parts_.owner, &*token);
            continue;
        }
        if (finding_of_query(problem) != Finding::processing) tell(problem, path);
        co_return std::unexpected(std::move(problem));
    }
}

}  // namespace payments::mpesa
