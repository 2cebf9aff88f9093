#include "pos/plumbing/bulk.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "http/problem.h"
#include "log/value.h"

namespace pos {

namespace {

// Which item's finding it is; nullopt: none's.
std::optional<std::size_t> item_of(const base::Issue& issue, std::size_t items) {
    constexpr std::string_view above = "/items/";
    if (issue.in != "body" || !issue.pointer.starts_with(above)) return std::nullopt;
    const auto rest = std::string_view(issue.pointer).substr(above.size());
    const auto index = base::parse_integer<std::size_t>(rest.substr(0, rest.find('/')));
    return index && *index < items ? index : std::nullopt;
}

}  // namespace

async::Task<BulkBody> BulkBody::read(http::Context& context, http::Findings& findings) {
    http::Findings found;
    BulkBody part{co_await http::Body<BulkRequest>::read(context, found)};
    const bool complete = found.size() < schema::ReadOptions{}.max_issues;
    for (auto& issue : found) {
        const auto item = complete ? item_of(issue, part.body->items.size()) : std::nullopt;
        (item ? part.faults[*item] : findings).push_back(std::move(issue));
    }
    co_return part;
}

namespace detail {

namespace {

// Ends a transaction whose items all had their answers, and of which nothing is to stay.
struct NothingToKeep {};

struct Run {
    const Creator* write;
    BulkRequest input;
    std::map<std::size_t, http::Findings> faults;
    BulkResource resource;
    std::optional<IdempotentRequest> idempotent;

    // Of the present attempt.
    BulkReply reply{};
    std::optional<StoredReply> replayed{};
    std::string body{};
};

// Where an item's data stands in the body as sent.
struct Data {
    http::ReadBody body;
    std::string at;
};

Data item_itself(const Run& run, const BulkItem& item) {
    return {{&schema::type_of<BulkItem>, "{}"}, fmt::format("/items/{}", &item - run.input.items.data())};
}

Data data_of(const Run& run, const BulkItem& item) {
    if (!item.data) return item_itself(run, item);
    const auto* type = item.operation == BulkOperation::create ? run.resource.created : run.resource.changed;
    return {{type, item.data->text}, item_itself(run, item).at + "/data"};
}

BulkResult result_of(const BulkItem& item, std::int32_t status) {
    BulkResult result;
    result.status = status;
    if (item.key) result.key = *item.key;
    return result;
}

BulkResult refused(const Run& run, const BulkItem& item, const base::Failure& failure, const Data& data) {
    auto place = http::place_of(run.write->context());
    place.body = data.body;
    place.body_at = data.at;
    auto result = result_of(item, failure.code().status);
    result.problem = schema::Json{http::problem_json(failure, place)};
    return result;
}

// The id of a new row stands with the item, whether or not in its data as well.
bool is_about_own_id(const BulkItem& item, const base::Failure& failure) {
    return item.operation == BulkOperation::create && item.id && failure.issues().size() == 1 &&
           failure.issues().front().pointer == "/id";
}

BulkResult refused(const Run& run, const BulkItem& item, const base::Failure& failure) {
    return refused(run, item, failure, is_about_own_id(item, failure) ? item_itself(run, item) : data_of(run, item));
}

// What an item lacks for its operation.
std::optional<base::Failure> missing_parts(const BulkItem& item) {
    std::vector<base::Issue> issues;
    const auto require = [&](bool there, std::string pointer) {
        if (!there) issues.push_back({"body", std::move(pointer), "required", "This operation needs it.", {}});
    };
    const bool is_new = item.operation == BulkOperation::create;
    require(is_new || item.id, "/id");
    require(is_new || item.version, "/version");
    require(item.operation == BulkOperation::remove || item.data, "/data");
    if (issues.empty()) return std::nullopt;
    return base::Failure(http::errors::invalid, std::move(issues));
}

async::Task<BulkResult> answer(db::Db tx, const Run* run, const BulkItem* item, std::vector<Change>* changes) {
    const auto& write = *run->write;
    const auto index = item - run->input.items.data();
    if (const auto faults = run->faults.find(static_cast<std::size_t>(index)); faults != run->faults.end())
        co_return refused(*run, *item, base::Failure(http::errors::invalid, faults->second), {});
    if (const auto missing = missing_parts(*item)) co_return refused(*run, *item, *missing, item_itself(*run, *item));
    std::vector<Change> own;
    std::exception_ptr failed;
    try {
        auto done = co_await tx.transaction([&](db::Db inner) {
            own.clear();
            return run->resource.perform({write, inner, own}, *item);
        });
        changes->insert(changes->end(), own.begin(), own.end());
        auto result = result_of(*item, done.status);
        if (done.data) result.data = std::move(*done.data);
        co_return result;
    } catch (...) {
        failed = std::current_exception();
    }
    const auto failure = http::failure_of(failed);
    // What may pass by itself concerns all of them (a deadlock, a lost connection); anything else is this item's alone.
    if (failure.code().retriable) std::rethrow_exception(failed);
    if (failure.code().status >= 500)
        write.context().logger().error("an item of a batch failed", {{"err", logging::error(failed)}});
    co_return refused(*run, *item, failure);
}

void sum_up(Run& run) {
    auto& [results, summary] = run.reply;
    const auto failed = std::ranges::count_if(results, [](const auto& result) { return result.problem.has_value(); });
    const bool aborted = failed > 0 && run.input.on_error == OnError::abort;
    if (aborted) {
        for (std::size_t i = 0; i < results.size(); ++i) {
            if (!results[i].problem)
                results[i] = refused(run, run.input.items[i], base::Failure(errors::batch_aborted));
        }
    }
    summary.failed = static_cast<std::int32_t>(aborted ? results.size() : static_cast<std::size_t>(failed));
    summary.ok = static_cast<std::int32_t>(results.size()) - summary.failed;
    run.body = schema::to_json(run.reply);
}

async::Task<void> attempt(db::Db tx, std::shared_ptr<Run> run) {
    run->reply = {};
    if (run->idempotent) {
        run->replayed = co_await claim_key(tx, *run->idempotent);
        if (run->replayed) co_return;
    }
    std::vector<Change> changes;
    for (const auto& item : run->input.items)
        run->reply.results.push_back(co_await answer(tx, run.get(), &item, &changes));
    sum_up(*run);
    if (run->reply.summary.ok == 0) throw NothingToKeep{};
    auto batch = tx.batch();
    if (run->idempotent)
        finish_idempotent(batch, *run->idempotent, {.status = 200, .body = run->body}, run->write->now());
    record_changes(batch, changes, run->write->device_id);
    co_await batch.commit();
}

// To the byte, unless whoever repeats the request may see less than who sent it first.
void hide_restricted(Run& run) {
    bool exact = false;
    auto reply = read_stored<BulkReply>(run.replayed->body, &exact);
    if (!reply) throw std::logic_error("a stored reply of a batch is no JSON");
    const auto view = run.write->view();
    const auto before = schema::to_json(*reply);
    for (std::size_t i = 0; i < reply->results.size() && i < run.input.items.size(); ++i)
        run.resource.hide(run.input.items[i], reply->results[i], view);
    if (auto visible = schema::to_json(*reply); !exact || visible != before) run.replayed->body = std::move(visible);
}

}  // namespace

void throw_unreadable(schema::ReadError error) {
    if (error.malformed != schema::Malformed::none)
        throw base::Failure(http::errors::malformed_json, std::string(schema::to_string(error.malformed)));
    throw base::Failure(http::errors::invalid, std::move(error.issues));
}

void throw_two_ids() {
    throw base::Failure(http::errors::invalid, {{"body", "/id", "mismatch", "The item and its data differ.", {}}});
}

Fingerprint fingerprint_of_faulty(const BulkBody& input) {
    auto fingerprint = fingerprint_of(input.body);
    fingerprint.meaning = fingerprint.text;
    return fingerprint;
}

async::Task<http::JsonBytes<BulkReply>> perform_all(const Creator* write, BulkBody input, CreateRequest request,
                                                    BulkResource resource) {
    const auto db = co_await write->db();
    auto run = std::make_shared<Run>(
        Run{write, std::move(*input.body), std::move(input.faults), resource, idempotent_request(request, db)});
    std::optional<Runtime::KeyGuard> running;
    if (run->idempotent) running.emplace(write->runtime().hold(run->idempotent->scope()));
    std::exception_ptr failure;
    try {
        if (running && !*running) throw key_under_way();
        co_await db.bulk_transaction([run](db::Db tx) { return attempt(tx, run); });
    } catch (const NothingToKeep&) {
        // The answers stand.
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        if (!run->idempotent) std::rethrow_exception(failure);
        run->replayed = co_await replay_of(db, *run->idempotent, failure);
    }
    if (run->replayed) hide_restricted(*run);
    if (run->replayed) co_return to_json_bytes<BulkReply, 200>(std::move(*run->replayed), true);
    co_return http::JsonBytes<BulkReply>{std::move(run->body), 200, {}};
}

}  // namespace detail

}  // namespace pos
