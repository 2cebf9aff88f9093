#include "jobs/outbox_delivery.h"

#include <optional>

#include "jobs/add_job.h"
#include "jobs/errors.h"

namespace jobs::detail {

namespace {

NewJob job_of(const OutboxRow& row) {
    NewJob job{row.name, row.data.text, read_stored_options(row.options.text)};
    // Redis keeps the id with the job, so that a row that is moved twice is one job.
    if (job.options.job_id.empty()) job.options.job_id = row.id.to_string();
    // A delay counts from the commit, not from when the relay came to it.
    if (!job.options.timestamp) job.options.timestamp = row.created_ms;
    return job;
}

// The call, or why there can be none. Whatever is thrown over one row is that row's affair.
std::optional<ScriptCall> call_of(const OutboxRow& row, const DeliverySettings& settings, Fate& fate) {
    try {
        const QueueKeys keys(settings.prefix, row.queue);
        return add_call(keys, job_of(row), {.now = settings.now, .is_checked = true});
    } catch (const base::Failure& failure) {
        fate = {Fate::Kind::never, std::string(failure.code().code) + ": " + failure.what()};
    } catch (const std::exception& error) {
        fate = {Fate::Kind::never, error.what()};
    }
    return std::nullopt;
}

Fate fate_of(const redis::Reply& reply, const OutboxRow& row) {
    if (reply->is_error()) {
        const std::string text(reply->text());
        // Forgotten again since it was sent whole: another server, or one that is being emptied.
        const bool passes = redis::is_server_trouble(text) || redis::error_word(text) == "NOSCRIPT";
        return {passes ? Fate::Kind::trouble : Fate::Kind::refused, text};
    }
    try {
        static_cast<void>(added_id(*reply, row.name));
    } catch (const base::Failure& failure) {
        const auto kind = failure.code().retriable ? Fate::Kind::refused : Fate::Kind::never;
        return {kind, std::string(failure.code().code) + ": " + failure.what()};
    }
    return {};
}

}  // namespace

async::Task<std::vector<Fate>> deliver(redis::Client* client, std::span<const OutboxRow> rows,
                                       DeliverySettings settings) {
    std::vector<Fate> fates(rows.size());
    std::vector<ScriptCall> calls;
    std::vector<std::size_t> row_of;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        auto call = call_of(rows[i], settings, fates[i]);
        if (!call) continue;
        calls.push_back(std::move(*call));
        row_of.push_back(i);
    }
    const auto replies = co_await send_calls(client, calls, settings.deadline);
    for (std::size_t i = 0; i < replies.size(); ++i) fates[row_of[i]] = fate_of(replies[i], rows[row_of[i]]);
    co_return fates;
}

}  // namespace jobs::detail
