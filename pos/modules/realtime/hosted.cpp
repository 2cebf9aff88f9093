#include "pos/modules/realtime/hosted.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/jobs.h"
#include "db/db.h"
#include "jobs/errors.h"
#include "jobs/outbox.h"
#include "pos/modules/realtime/announced_topics.h"
#include "pos/modules/sync/changes.h"
#include "realtime/channel.h"

namespace pos {

namespace {

using realtime::hosted::Outcome;
using realtime::hosted::Verdict;

constexpr std::chrono::seconds publish_within{20};
constexpr std::chrono::minutes off_for{1};
// As for our own sockets, not more than one a second.
constexpr std::chrono::milliseconds dashboard_pause{1'000};

std::string_view name_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::published: return "published";
        case Verdict::retry: return "retry";
        case Verdict::misconfigured: return "misconfigured";
        case Verdict::refused: return "refused";
    }
    return "refused";
}

async::Task<void> run_tell(jobs::Job<TellHosted>& job, app::TenantScope scope) {
    // A new name for each attempt: a later one covers changes that came meanwhile, and must not be taken for a repetition.
    auto id = fmt::format("{}.{}", job.id(), job.attempt());
    co_await scope.use<HostedLive>().tell(scope.db(), job.data().topic, std::move(id));
}

}  // namespace

HostedLive::HostedLive(const Parts& parts)
    : parts_(parts),
      logger_(parts.loop.logger),
      published_(parts.loop.metrics.counter_family("realtime_hosted_total", "Messages to hosted services.",
                                                   {"service", "outcome"})) {
    namespace hosted = realtime::hosted;
    const auto& settings = parts.settings;
    if (settings.pusher_app_key) {
        pusher_app_ = {*settings.pusher_app_id, *settings.pusher_app_key, *settings.pusher_app_secret};
        services_.push_back(
            {"pusher", hosted::make_pusher_publisher(parts.http,
                                                     {.app = *pusher_app_,
                                                      .cluster = settings.pusher_cluster,
                                                      .base_url = settings.pusher_base_url.value_or("")},
                                                     parts.clock)});
    }
    if (settings.ably_key) {
        hosted::AblyAccount account{.key = *settings.ably_key};
        if (settings.ably_base_url) account.base_url = *settings.ably_base_url;
        services_.push_back({"ably", hosted::make_ably_publisher(parts.http, std::move(account))});
    }
}

HostedLive::~HostedLive() = default;

std::unique_ptr<HostedLive> make_hosted_live(const RealtimeSettings& settings, const app::LoopParts& parts,
                                             client::Client& http, jobs::Outbox& outbox, const base::Clock& clock) {
    return std::make_unique<HostedLive>(HostedLive::Parts{parts, settings, http, outbox, clock});
}

async::Task<void> HostedLive::start() {
    auto* const announcements = parts_.loop.databases.announcements;
    if (services_.empty() || announcements == nullptr) co_return;
    announcements->write_by(
        [this](db::Batch& batch, const std::vector<db::AnnouncedRows>& rows) { write(batch, rows); });
}

async::Task<void> HostedLive::stop(async::SteadyTime /*deadline*/) {
    auto* const announcements = parts_.loop.databases.announcements;
    if (!services_.empty() && announcements != nullptr) announcements->write_by(nullptr);
    co_return;
}

void HostedLive::write(db::Batch& batch, const std::vector<db::AnnouncedRows>& rows) {
    for (const auto& one : topics_of(rows)) {
        auto topic = one.name();
        jobs::JobOptions options;
        options.deduplication = jobs::Deduplication{.id = fmt::format("{}.{}", batch.tenant().to_string(), topic),
                                                    .keep_last_if_active = true};
        if (one.kind == sync::Topic::Kind::dashboard) options.delay = dashboard_pause;
        parts_.outbox.add(batch, tell_hosted, {std::move(topic)}, std::move(options));
    }
}

async::Task<Outcome> HostedLive::publish(Service* service, realtime::Message message, std::string id) {
    const auto now = async::Loop::now();
    if (now < service->off_until) co_return Outcome{Verdict::misconfigured, "its settings are wrong"};
    std::vector<realtime::Message> messages;
    messages.push_back(std::move(message));
    auto outcome = co_await service->publisher->publish(std::move(messages), std::move(id), now + publish_within);
    published_.with({service->name, std::string(name_of(outcome.verdict))}).increment();
    if (outcome.verdict == Verdict::misconfigured) {
        service->off_until = async::Loop::now() + off_for;
        logger_.error("realtime: a hosted service refuses its settings; nothing is sent to it for a minute",
                      {{"service", service->name}, {"detail", outcome.detail}});
    }
    co_return outcome;
}

async::Task<void> HostedLive::tell(db::Db db, std::string topic, std::string id) {
    realtime::Message message{.channel = realtime::channel_of(db.tenant(), topic), .event = "changed", .data = "{}"};
    if (topic == "changes") {
        const auto place = co_await sync::place_of(db);
        message.event = "poke";
        message.data = fmt::format(R"({{"seq":{}}})", place.seq);
    }
    // A job of an earlier run may have told one of two: the other is told again with it, which says nothing new.
    Outcome worst;
    for (auto& service : services_) {
        auto outcome = co_await publish(&service, message, id);
        if (outcome.verdict == Verdict::published || worst.verdict == Verdict::retry) continue;
        worst = std::move(outcome);
    }
    if (worst.verdict == Verdict::retry) throw base::Failure(client::errors::unavailable, worst.detail);
    if (worst.verdict != Verdict::published) throw jobs::Unrecoverable("a hosted service: " + worst.detail);
}

void hosted_jobs(app::JobHandlers handlers) { handlers.on(tell_hosted, run_tell); }

}  // namespace pos
