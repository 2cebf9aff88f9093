#include "pos/modules/webhooks/events.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "pos/modules/webhooks/jobs.h"
#include "pos/modules/webhooks/statements.h"

namespace pos {

namespace {

async::Task<std::int64_t> fan_out_some(db::Db tx, jobs::Outbox* outbox, std::int64_t max_pending) {
    auto batch = tx.batch();
    batch.add(hooks::lock_queues);
    const auto slot = batch.add(hooks::fan_out, max_pending);
    const auto results = co_await batch.commit();
    const auto rows = results.all(slot);
    auto wakes = tx.batch();
    for (const auto& row : rows) {
        if (row.endpoint_id && row.wakes.value_or(false))
            outbox->add(wakes, serve_job_of(row.is_fast.value_or(false)), {*row.endpoint_id});
    }
    if (wakes.size() > 0) co_await wakes.commit();
    co_return rows.empty() ? 0 : rows.front().events;
}

}  // namespace

std::string webhook_body(base::Uuid id, std::string_view type, base::Timestamp occurred_at, std::string_view data) {
    return fmt::format(R"({{"id":"{}","type":"{}","occurredAt":"{}","data":{}}})", id.to_string(), type,
                       base::format_timestamp(occurred_at), data);
}

void write_webhook_event(db::Batch& batch, jobs::Outbox& outbox, const app::WebhookEvent& event) {
    static const auto options = jobs::stored_options(jobs::with_defaults({}, fan_out_webhooks.defaults));
    const auto thin = fmt::format(R"({{"id":"{}"}})", event.subject.to_string());
    const std::string name(event.type.name);
    batch.add(hooks::tell, WebhookEventId(event.id), name, event.subject, event.place,
              schema::Bytes{webhook_body(event.id, name, event.occurred_at, event.data)},
              schema::Bytes{webhook_body(event.id, name, event.occurred_at, thin)}, event.occurred_at,
              std::string(std::string_view(fan_out_webhooks.queue)), std::string(fan_out_webhooks.name), options);
    batch.after_commit([&outbox] { outbox.wake(); });
}

WebhookTypes::WebhookTypes(const app::App& app) {
    for (const auto& module : app.definition.modules) {
        for (const auto& type : module.webhooks) {
            if (type.name != ping_event) types_.push_back(&type);
        }
    }
}

std::string WebhookTypes::names() const {
    std::string text = "Use these names, sale.* for all of a resource, or * for all: ";
    for (const auto* type : types_) text.append(type == types_.front() ? "" : ", ").append(type->name);
    return text + ".";
}

std::string WebhookTypes::names_json() const {
    std::vector<std::string> names;
    for (const auto* type : types_) names.push_back(fmt::format(R"("{}")", type->name));
    return fmt::format("[{}]", fmt::join(names, ","));
}

bool WebhookTypes::knows(std::string_view asked) const {
    if (asked == "*") return true;
    const bool is_resource = asked.ends_with(".*");
    const auto prefix = asked.substr(0, asked.size() - 1);
    return std::ranges::any_of(types_, [&](const app::WebhookEventType* type) {
        return is_resource ? type->name.starts_with(prefix) : type->name == asked;
    });
}

std::unique_ptr<WebhookTypes> make_webhook_types(const app::App& app) { return std::make_unique<WebhookTypes>(app); }

async::Task<void> fan_out_events(db::Db db, jobs::Outbox* outbox, std::int64_t max_pending) {
    std::int64_t last = hooks::events_at_once;
    while (last == hooks::events_at_once)
        last = co_await db.transaction([=](db::Db tx) { return fan_out_some(tx, outbox, max_pending); });
}

}  // namespace pos
