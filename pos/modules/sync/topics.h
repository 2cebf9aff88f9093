#pragma once
// What those who listen may follow: topics, each with its permission and with what it says. Nothing of it rides on the stream alone: who
// missed it reads the same by its route. Values and tasks; loop's thread.
//
//     changes                     that the feed has moved, and where: a poke, which leads to a pull
//     dashboard.{locationId}      today's totals (LocationToday), at most once a second
//     intent.{id}                 the state of a payment
//     notifications               that the member has a new one
//
//     const auto topic = parse_topic("intent.0197f0c2-…");                             // nullopt: there is no such topic
//     const auto place = co_await require_topic(caller, db, *topic);                   // 402, 403, 404
//     if (why_not(caller, *topic, place) != nullptr) …                                 // later, whenever rights may have changed
//     const std::string json = co_await topic_data(caller, db, *topic, now);           // what it is now; "" for nothing

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/caller.h"
#include "db/db.h"
#include "pos/plumbing/announcer.h"

namespace pos::sync {

struct Topic {
    enum class Kind : std::uint8_t { changes, dashboard, intent, notifications };
    Kind kind = Kind::changes;
    base::Uuid id;  // of the location, or of the intent

    [[nodiscard]] std::string name() const;
    [[nodiscard]] bool is_concerned_by(const Poke& poke, base::Uuid user) const;
    friend bool operator==(const Topic&, const Topic&) = default;
};

[[nodiscard]] std::optional<Topic> parse_topic(std::string_view name);
// Why the caller's rights of now do not let them follow it; nullptr: they do. `place`: the location of an intent, if it has one. Of
// `changes`: of all collections.
[[nodiscard]] const base::ErrorCode* why_not(const auth::Caller& caller, const Topic& topic,
                                             const std::optional<base::Uuid>& place);
// Gives the place of an intent. Throws why_not(), and 404 row.not_found of an intent or a location that there is not.
[[nodiscard]] async::Task<std::optional<base::Uuid>> require_topic(auth::Caller caller, db::Db db, Topic topic);
// As JSON, read with the rights of the caller; "": nothing that they may see. Of `changes` and `notifications`: "{}".
[[nodiscard]] async::Task<std::string> topic_data(auth::Caller caller, db::Db db, Topic topic, base::Timestamp now);

[[nodiscard]] std::vector<db::StatementView> topic_statements();

}  // namespace pos::sync
