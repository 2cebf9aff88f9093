#pragma once
// UnverifiedDb: what may be asked while it is not known who asks: a webhook's sender, before its signature is checked. It runs
// statements that are declared for it, and no others; no other Db runs these. They see every tenant's rows, as app_system, so they read
// what verifies a sender, and nothing else: one that is declared to write does not compile, and db check finds one that is not. bin/lint lists its users, beside SystemDb's.
//
//     constexpr db::UnverifiedQuery<StripeAccount(base::Uuid)> stripe_account{
//         {"stripe.account", "select tenant_id, signing_secret from stripe_accounts where id = $1"}};
//
//     const auto account = co_await db.one(stripe_account, id);               // std::optional<StripeAccount>

#include "db/db.h"

namespace db {

template <class Signature>
struct UnverifiedQuery;
template <class R, class... Args>
struct UnverifiedQuery<R(Args...)> : detail::BasicQuery<true, R, Args...> {
    consteval UnverifiedQuery(detail::BasicQuery<true, R, Args...> query)
        : detail::BasicQuery<true, R, Args...>(query) {
        if (query.kind == Kind::write) a_statement_of_an_unknown_sender_may_not_write();
    }

private:
    static void a_statement_of_an_unknown_sender_may_not_write() {}  // not constexpr: the compiler's message names it
};

class UnverifiedDb {
public:
    explicit UnverifiedDb(SystemDb db) : db_(std::move(db)) {}

    template <class R, class... Args>
    async::Task<std::optional<R>> one(const UnverifiedQuery<R(Args...)>& query,
                                      const std::type_identity_t<Args>&... args) const {
        return detail::fetch_one<R>(db_.start(query, args...));
    }

private:
    SystemDb db_;
};

}  // namespace db
