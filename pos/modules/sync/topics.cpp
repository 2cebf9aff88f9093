#include "pos/modules/sync/topics.h"

#include "pos/modules/notifications/notifier.h"
#include "pos/modules/payments/intents.h"
#include "pos/modules/reports/dashboard.h"
#include "pos/plumbing/synced_collections.h"

namespace pos::sync {

namespace {

struct IntentNews {
    IntentId id;
    IntentState state = IntentState::created;
    std::optional<std::string> receipt_code;
    std::int32_t version = 0;

    friend constexpr auto describe(IntentNews*) {
        using schema::field;
        return schema::object<IntentNews>(
            "IntentNews", field<&IntentNews::id>("id"), field<&IntentNews::state>("state"),
            field<&IntentNews::receipt_code>("receiptCode"), field<&IntentNews::version>("version"));
    }
};

std::optional<base::Uuid> id_behind(std::string_view name, std::string_view prefix) {
    if (!name.starts_with(prefix)) return std::nullopt;
    return base::Uuid::from_string(name.substr(prefix.size()));
}

constexpr db::Query<bool(LocationId)> has_location{
    {"sync.has_location",
     "select exists (select from locations where tenant_id = $1 and id = $2 and deleted_at is null)", db::Kind::point}};

std::optional<base::Uuid> place_of(const PaymentIntent& intent) {
    return intent.location_id ? std::optional(intent.location_id->uuid()) : std::nullopt;
}

async::Task<std::optional<PaymentIntent>> readable_intent(auth::Caller caller, db::Db db, base::Uuid id) {
    auto row = co_await db.one(intents::by_id, IntentId(id));
    if (!row || why_not(caller, {Topic::Kind::intent, id}, place_of(*row)) != nullptr) co_return std::nullopt;
    co_return row;
}

// Somewhere in particular, or, of what is at no place, everywhere.
const base::ErrorCode* why_not_by(const auth::Caller& caller, std::string_view permission,
                                  const std::optional<base::Uuid>& place) {
    const bool may = place ? caller.may_at(permission, *place) : caller.may_everywhere(permission);
    return may ? caller.withheld_by(permission) : &auth::errors::forbidden;
}

const base::ErrorCode* why_no_changes(const auth::Caller& caller) {
    if (caller.grants->withheld_by == nullptr) return nullptr;
    for (const auto& collection : synced_collections()) {
        if (!caller.may(collection.read)) continue;
        if (const auto* code = caller.withheld_by(collection.read)) return code;
    }
    return nullptr;
}

}  // namespace

std::string Topic::name() const {
    switch (kind) {
        case Kind::changes: return "changes";
        case Kind::dashboard: return "dashboard." + id.to_string();
        case Kind::intent: return "intent." + id.to_string();
        case Kind::notifications: return "notifications";
    }
    return {};
}

bool Topic::is_concerned_by(const Poke& poke, base::Uuid user) const {
    switch (kind) {
        case Kind::changes: return false;  // by its scope
        case Kind::dashboard: return poke.is_about(daily_sales_changed, id);
        case Kind::intent: return poke.is_about_row(payment_intents_changed, id);
        case Kind::notifications: return poke.is_about_row(notifications_changed, user);
    }
    return false;
}

std::optional<Topic> parse_topic(std::string_view name) {
    if (name == "changes") return Topic{Topic::Kind::changes, {}};
    if (name == "notifications") return Topic{Topic::Kind::notifications, {}};
    if (const auto id = id_behind(name, "dashboard.")) return Topic{Topic::Kind::dashboard, *id};
    if (const auto id = id_behind(name, "intent.")) return Topic{Topic::Kind::intent, *id};
    return std::nullopt;
}

const base::ErrorCode* why_not(const auth::Caller& caller, const Topic& topic, const std::optional<base::Uuid>& place) {
    // Somebody who has to set up a second factor first, say.
    if (caller.grants->wall != nullptr) return caller.grants->wall;
    switch (topic.kind) {
        case Topic::Kind::changes: return why_no_changes(caller);
        case Topic::Kind::dashboard: return why_not_by(caller, "reports.read", topic.id);
        case Topic::Kind::intent: return why_not_by(caller, "payments.read", place);
        case Topic::Kind::notifications: return nullptr;
    }
    return &auth::errors::forbidden;
}

async::Task<std::optional<base::Uuid>> require_topic(auth::Caller caller, db::Db db, Topic topic) {
    if (topic.kind == Topic::Kind::intent) {
        const auto row = co_await readable_intent(caller, db, topic.id);
        if (!row) throw base::Failure(errors::row_not_found);
        co_return place_of(*row);
    }
    if (topic.kind == Topic::Kind::dashboard) caller.require_at("reports.read", topic.id);
    if (const auto* code = why_not(caller, topic, std::nullopt)) throw base::Failure(*code);
    // Whoever may read everywhere may name what is nowhere: a slip that would be silence for ever.
    if (topic.kind == Topic::Kind::dashboard && !co_await db.only(has_location, LocationId(topic.id)))
        throw base::Failure(errors::row_not_found);
    co_return std::nullopt;
}

std::vector<db::StatementView> topic_statements() { return db::statements(has_location); }

async::Task<std::string> topic_data(auth::Caller caller, db::Db db, Topic topic, base::Timestamp now) {
    if (topic.kind == Topic::Kind::dashboard) {
        if (why_not(caller, topic, std::nullopt) != nullptr) co_return "";
        const auto rows = co_await totals_of_today(db, std::vector{LocationId(topic.id)}, now);
        co_return rows.empty() ? std::string() : schema::to_json(rows.front());
    }
    if (topic.kind == Topic::Kind::intent) {
        const auto row = co_await readable_intent(caller, db, topic.id);
        if (!row) co_return "";
        co_return schema::to_json(IntentNews{row->id, row->state, row->receipt_code, row->version});
    }
    co_return "{}";
}

}  // namespace pos::sync
