#pragma once
// Inside the library: how rows of the outbox become jobs of one queue, and what became of each. No database, no decisions: the
// relay takes those.

#include <span>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "jobs/queue_keys.h"
#include "redis/client.h"
#include "schema/schema.h"

namespace jobs::detail {

// Which row is next, and what reading it may cost: told by what is stored, without writing anything out.
struct OutboxHead {
    base::Uuid tenant_id;
    base::Uuid id;
    std::int64_t position = 0;
    std::int64_t cost = 0;  // bytes, roughly, rather too many

    friend constexpr auto describe(OutboxHead*) {
        return schema::object<OutboxHead>(
            "OutboxHead", schema::field<&OutboxHead::tenant_id>("tenantId"), schema::field<&OutboxHead::id>("id"),
            schema::field<&OutboxHead::position>("position"), schema::field<&OutboxHead::cost>("cost"));
    }
};

// A row as the relay reads it: nothing in it can fail to be read, whoever wrote it.
struct OutboxRow {
    base::Uuid tenant_id;
    base::Uuid id;
    std::int64_t position = 0;
    std::string queue;
    std::string name;
    schema::Json data;
    schema::Json options;
    std::int64_t created_ms = 0;
    std::int64_t bytes = 0;  // of its texts; beyond most_row_bytes they were not read

    friend constexpr auto describe(OutboxRow*) {
        return schema::object<OutboxRow>(
            "OutboxRow", schema::field<&OutboxRow::tenant_id>("tenantId"), schema::field<&OutboxRow::id>("id"),
            schema::field<&OutboxRow::position>("position"), schema::field<&OutboxRow::queue>("queue"),
            schema::field<&OutboxRow::name>("name"), schema::field<&OutboxRow::data>("data"),
            schema::field<&OutboxRow::options>("options"), schema::field<&OutboxRow::created_ms>("createdMs"),
            schema::field<&OutboxRow::bytes>("bytes"));
    }
};

struct Fate {
    enum class Kind : std::uint8_t {
        sent,     // the queue has it
        trouble,  // Redis takes no writes at present (redis::is_server_trouble)
        refused,  // Redis answered another error: the queue's keys are broken, or the row is at fault
        never     // whoever asks again gets the same answer
    };
    Kind kind = Kind::sent;
    std::string reason{};  // in Redis' words, or ours
};

struct DeliverySettings {
    std::string prefix;
    std::int64_t now = 0;  // ms since 1970
    async::SteadyTime deadline;
};

// One round trip, two when Redis has forgotten the scripts. The fates are in the order of the rows. Throws redis.unavailable,
// redis.timeout, redis.overloaded and redis.outcome_unknown: then nothing is known of any. `rows` are the caller's, who waits.
[[nodiscard]] async::Task<std::vector<Fate>> deliver(redis::Client* client, std::span<const OutboxRow> rows,
                                                     DeliverySettings settings);

}  // namespace jobs::detail
