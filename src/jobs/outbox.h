#pragma once
// Outbox: jobs that are enqueued in the database transaction whose effect they follow. The row commits with the effect or not at
// all; the relay (outbox_relay.h) moves it to Redis afterwards. So nothing is sent for a transaction that was rolled back, and
// nothing is lost while Redis is away.
//
//     db::Batch batch = db.batch();
//     batch.add(insert_sale, sale);
//     outbox.add(batch, send_receipt, SendReceipt{...});       // one job
//     outbox.emit(batch, sale_created, SaleCreated{...});      // an event (event.h): a job for each of its subscribers
//     co_await batch.commit();                                 // and the relay is woken
//
// Both write the batch's tenant beside the data, as "tenantId" (tenant_job.h). Who has to write something of its own in the same
// transaction hears the event there and then:
//
//     outbox.hear("sale.created", [](db::Batch& batch, const void* data, std::string_view json) { batch.add(insert_event, …); });
//
// A job is delivered at least once, under the row's id, so that a second delivery is dropped by the queue as long as it remembers
// the first. Jobs come to a queue in the order in which transactions that followed each other wrote them. Thread-safe.

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "db/db.h"
#include "db/sql_object.h"
#include "jobs/event.h"
#include "jobs/job_type.h"

namespace jobs {

struct OutboxJob {
    base::Uuid id;  // of the job in Redis too
    std::int64_t position = 0;
    std::string queue;
    std::string name;
    schema::Json data;
    schema::Json options;  // JobOptions with bullmq's short names
    base::Timestamp created_at;
    std::optional<std::string> failure;  // why it can never be sent: parked, until a person has looked

    friend constexpr auto describe(OutboxJob*) {
        return schema::object<OutboxJob>(
            "OutboxJob", schema::field<&OutboxJob::id>("id"), schema::field<&OutboxJob::position>("position"),
            schema::field<&OutboxJob::queue>("queue"), schema::field<&OutboxJob::name>("name"),
            schema::field<&OutboxJob::data>("data"), schema::field<&OutboxJob::options>("options"),
            schema::field<&OutboxJob::created_at>("createdAt"), schema::field<&OutboxJob::failure>("failure"));
    }
};

namespace tables {
// Rows are few and short-lived: the relay deletes what it has moved.
inline constexpr auto outbox_jobs = db::tenant_table<OutboxJob>(
    "outbox_jobs", db::primary_key<&OutboxJob::id>(),
    // Two, so that what is parked, which may be much and stays, is in nobody's way.
    db::expression_index("outbox_jobs_position", "btree", "position").where("failure is null"),
    db::expression_index("outbox_jobs_parked", "btree", "position").where("failure is not null"),
    // What the relay needs to make a job of a row; as jsonb, 1 MiB of JSON has 6 MiB at most. A parked one may be as it is.
    db::check("outbox_jobs_sendable",
              "failure is not null or (queue <> '' and strpos(queue, ':') = 0 and "
              "name <> '' and jsonb_typeof(options) = 'object' and isfinite(created_at) and "
              "pg_column_size(data) + pg_column_size(options) <= 8388608)",
              errors::unsendable));
}  // namespace tables

// The order of the rows. Taken in the transaction, so a transaction that began after another one's end has the higher numbers.
inline constexpr std::string_view outbox_position_sql =
    "create sequence outbox_position;\n"
    "grant usage on sequence outbox_position to {{app}}, {{app_system}};\n";

namespace detail {

template <class Data>
inline constexpr bool is_described = schema::type_of<Data>.object != nullptr;

template <class Data>
consteval bool names_a_tenant() {
    constexpr const auto* object = schema::type_of<Data>.object;
    if (object == nullptr) return false;
    for (const auto& field : object->fields) {
        if (field.name == "tenantId") return true;
    }
    return false;
}

}  // namespace detail

class Outbox {
public:
    // Data that breaks its schema, options that contradict each other, names that no queue can have and more than 1 MiB of data are
    // refused here, where they can still be mended: jobs.bad_data, jobs.bad_options, jobs.bad_queue, jobs.data_too_large.
    template <class Data>
    void add(db::Batch& batch, const JobType<Data>& type, const Data& data, JobOptions options = {}) {
        static_assert(detail::is_described<Data>,
                      "jobs: a tenant's job has a described object as data, which cannot name a tenant");
        static_assert(!detail::names_a_tenant<Data>(), "jobs: the outbox itself says whose job it is (tenantId)");
        add_tenants_job(batch, type.queue, make_job(type, data, std::move(options)));
    }
    template <class Data>
    void emit(db::Batch& batch, const Event<Data>& event, const Data& data) {
        static_assert(detail::is_described<Data>,
                      "jobs: an event has a described object as data, which cannot name a tenant");
        static_assert(!detail::names_a_tenant<Data>(), "jobs: the outbox itself says whose event it is (tenantId)");
        const auto subscribers = jobs_.find(event.name);
        const auto hearers = hearers_.find(event.name);
        if (subscribers == jobs_.end() && hearers == hearers_.end()) return;
        auto job = make_job(JobType<Data>{events_queue, event.name, event_defaults}, data);
        if (hearers != hearers_.end()) {
            for (const auto& hearer : hearers->second) hearer(batch, &data, job.data);
        }
        if (subscribers == jobs_.end()) return;
        for (const auto& name : subscribers->second) {
            job.name = name;
            add_tenants_job(batch, events_queue, job);
        }
    }
    // Whose jobs an event makes from now on. At start, before the first event; std::logic_error for the same job twice.
    void subscribe(std::string_view event, std::string job);

    // Called by emit(), with the event's data and the same as JSON: what it adds commits with the event, or throws. From any thread.
    // At start, before the first event.
    using Hearer = std::function<void(db::Batch& batch, const void* data, std::string_view json)>;
    void hear(std::string_view event, Hearer hearer) { hearers_[std::string(event)].push_back(std::move(hearer)); }

    // As it is: of no tenant, or one that the data names.
    void add_job(db::Batch& batch, std::string_view queue, NewJob job);

    // Tells the relay that there is something to move; cheap, also when nobody listens. Called by add()'s batch itself.
    void wake();
    // `relay` is called on the waker's thread, once until rearm(); nullptr: nobody listens.
    void listen(std::function<void()> relay);
    // Before the relay looks at the table: what is committed from now on wakes it again.
    void rearm() noexcept { woken_ = false; }

private:
    // Throws jobs.bad_data for data that is no object.
    void add_tenants_job(db::Batch& batch, std::string_view queue, NewJob job);

    std::map<std::string, std::vector<std::string>, std::less<>> jobs_;  // names, by event
    std::map<std::string, std::vector<Hearer>, std::less<>> hearers_;
    std::atomic<bool> woken_ = false;
    std::mutex mutex_;
    std::function<void()> relay_;
};

// What a row has as its options, for statements that write a row only if something else is so. They wake() the outbox after their
// commit.
[[nodiscard]] schema::Json stored_options(const JobOptions& options);

[[nodiscard]] std::vector<db::StatementView> outbox_statements();
[[nodiscard]] std::vector<db::SqlObject> outbox_objects();

}  // namespace jobs
