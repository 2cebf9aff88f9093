#pragma once
// Events that leave the service as webhooks. A module declares each once, beside its routes; it is then in the OpenAPI document,
// may be asked for by endpoints, and is written down with each emit() of its event, in the same transaction.
//
//     .webhooks = {app::webhook_event<&SaleCreated::id, &SaleCreated::location_id>(
//         sale_created, {.summary = "A sale was recorded", .example = R"({"id":"0197…","total":22500})"})}
//
// The first member is what the event is about: its id is the order's key where an endpoint wants order. The second, which may be
// left out, is its place. The third is the event's own id, for one that a job tells of: told again, it is the same event, and is
// written down once. One module of the service writes events down: Module::write_webhook_event. Constants; any thread.

#include <optional>
#include <string_view>

#include "base/time.h"
#include "base/uuid.h"
#include "jobs/event.h"
#include "schema/schema.h"

namespace db {
template <bool System>
class BasicBatch;
using Batch = BasicBatch<false>;
}  // namespace db

namespace app {

struct WebhookEventType {
    std::string_view name;  // "order.created": resource.past_tense
    std::string_view summary;
    std::string_view example;  // of the data, JSON
    const schema::Type* data = nullptr;
    base::Uuid (*subject)(const void* data) = nullptr;
    std::optional<base::Uuid> (*place)(const void* data) = nullptr;
    std::optional<base::Uuid> (*id)(const void* data) = nullptr;
};

struct WebhookEventDoc {
    std::string_view summary;
    std::string_view example;
};

// One that has happened.
struct WebhookEvent {
    const WebhookEventType& type;
    base::Uuid id;
    base::Uuid subject;
    std::optional<base::Uuid> place;
    base::Timestamp occurred_at;
    std::string_view data;  // JSON
};

namespace detail {

template <auto Member>
std::optional<base::Uuid> uuid_of(const void* data) {
    const auto& value = static_cast<const schema::detail::OwnerOf<Member>*>(data)->*Member;
    if constexpr (requires { value.has_value(); }) {
        if (!value) return std::nullopt;
        if constexpr (requires { value->uuid(); }) {
            return value->uuid();
        } else {
            return *value;
        }
    } else if constexpr (requires { value.uuid(); }) {
        return value.uuid();
    } else {
        return value;
    }
}

template <auto Member>
base::Uuid subject_of(const void* data) {
    return uuid_of<Member>(data).value_or(base::Uuid::nil());
}

}  // namespace detail

template <auto Subject, class Data>
[[nodiscard]] constexpr WebhookEventType webhook_event(const jobs::Event<Data>& event, WebhookEventDoc doc) {
    return {
        event.name, doc.summary, doc.example, &schema::type_of<Data>, &detail::subject_of<Subject>, [](const void*) {
            return std::optional<base::Uuid>();
        }};
}
template <auto Subject, auto Place, class Data>
[[nodiscard]] constexpr WebhookEventType webhook_event(const jobs::Event<Data>& event, WebhookEventDoc doc) {
    return {event.name,
            doc.summary,
            doc.example,
            &schema::type_of<Data>,
            &detail::subject_of<Subject>,
            &detail::uuid_of<Place>};
}

template <auto Subject, auto Place, auto Id, class Data>
[[nodiscard]] constexpr WebhookEventType webhook_event(const jobs::Event<Data>& event, WebhookEventDoc doc) {
    auto type = webhook_event<Subject, Place>(event, doc);
    type.id = &detail::uuid_of<Id>;
    return type;
}

}  // namespace app
