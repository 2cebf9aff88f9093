#include "pos/modules/sync/topics.h"

#include "pos/modules/notifications/notifier.h"
#include "pos/modules/payments/intents.h"
#include "pos/modules/reports/dashboard.h"

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

async::Task<std::optional<PaymentIntent>> readable_intent(auth::Caller caller, db::Db db, base::Uuid id) {
    auto row = co_await db.one(intents::by_id, IntentId(id));
    if (!row) co_return std::nullopt;
    const bool may = row->location_id ? caller.may_at("payments.read", row->location_id->uuid())
                                      : caller.may_everywhere("payments.read");
    if (!may) co_return std::nullopt;
    co_return row;
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

async::Task<void> require_topic(auth::Caller caller, db::Db db, Topic topic) {
    if (topic.kind == Topic::Kind::dashboard) caller.require_at("reports.read", topic.id);
    if (topic.kind == Topic::Kind::intent && !co_await readable_intent(caller, db, topic.id))
        throw base::Failure(errors::row_not_found);
}

async::Task<std::string> topic_data(auth::Caller caller, db::Db db, Topic topic, base::Timestamp now) {
    if (topic.kind == Topic::Kind::dashboard) {
        if (!caller.may_at("reports.read", topic.id)) co_return "";
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
