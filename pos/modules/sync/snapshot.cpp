#include "pos/modules/sync/snapshot.h"

#include <fmt/format.h>

#include "async/sync.h"
#include "base/hasher.h"
#include "base/strings.h"
#include "http/middleware/conditional.h"
#include "pos/modules/sync/errors.h"
#include "pos/modules/sync/pull.h"
#include "pos/plumbing/runtime.h"
#include "pos/plumbing/second_factor_wall.h"
#include "pos/plumbing/suspension.h"

namespace pos::sync {

namespace {

constexpr std::int32_t rows_at_once = 1'000;
constexpr std::size_t piece_bytes = std::size_t{256} * 1024;

// ---- Writing -----------------------------------------------------------------------------------------------------

// What is written in one transaction. A transaction that is run again begins anew.
class Writing {
public:
    Writing(Spool& spool, FilePool& pool, async::Loop& loop, const ChangeRequest& request)
        : spool_(spool), pool_(pool), loop_(loop), request_(request) {}

    static async::Task<Snapshot> run(db::Db tx, Writing* writing) {
        co_await writing->begin();
        Snapshot snapshot;
        const auto place = co_await place_of(tx);
        snapshot.seq = place.seq;
        snapshot.epoch = place.epoch;
        for (const auto* collection : writing->request_.scope.collections) co_await writing->add(tx, collection);
        co_await writing->flush();
        snapshot.rows = std::move(writing->file_);
        snapshot.head = writing->counts_;
        snapshot.tail = fmt::format(R"({{"end":true,"rows":{},"sha256":"{}"}})"
                                    "\n",
                                    writing->rows_, base::hex_encode(writing->hasher_.finish()));
        co_return snapshot;
    }

private:
    async::Task<void> begin() {
        hasher_ = base::Hasher(base::Hasher::Algorithm::sha256);
        counts_.clear();
        waiting_.clear();
        rows_ = 0;
        file_ = co_await async::offload(loop_, pool_.pool, [this] { return spool_.create(); });
    }

    async::Task<void> add(db::Db tx, const SyncedCollection* collection) {
        std::int64_t count = 0;
        std::optional<base::Uuid> last{base::Uuid()};
        while (last) {
            auto walked = co_await collection->walk(tx, request_.caller, *last, rows_at_once);
            for (const auto& row : walked.rows) {
                if (!request_.scope.shows(row)) continue;
                append(*collection, row);
                ++count;
            }
            last = walked.last;
            if (waiting_.size() >= piece_bytes) co_await flush();
        }
        rows_ += count;
        counts_ += fmt::format(R"({}"{}":{})", counts_.empty() ? "" : ",", collection->name, count);
    }

    void append(const SyncedCollection& collection, const LoadedRow& row) {
        waiting_ += fmt::format(R"({{"c":"{}","id":"{}",)", collection.name, row.id.to_string());
        if (row.version) waiting_ += fmt::format(R"("v":{},)", *row.version);
        waiting_.append(R"("d":)").append(*row.json).append("}\n");
    }

    async::Task<void> flush() {
        if (waiting_.empty()) co_return;
        if (file_->size() + waiting_.size() > spool_.most_bytes_of_one())
            throw base::Failure(errors::snapshot_too_large);
        co_await async::offload(loop_, pool_.pool, [this] {
            hasher_.add(waiting_);
            file_->append(waiting_);
        });
        waiting_.clear();
    }

    Spool& spool_;
    FilePool& pool_;
    async::Loop& loop_;
    const ChangeRequest& request_;
    base::Hasher hasher_{base::Hasher::Algorithm::sha256};
    std::unique_ptr<SpoolFile> file_;
    std::string waiting_;
    std::string counts_;
    std::int64_t rows_ = 0;
};

// ---- Sending -----------------------------------------------------------------------------------------------------

// The bytes of a snapshot from `offset` on.
class SnapshotBody {
public:
    SnapshotBody(std::shared_ptr<const Snapshot> snapshot, std::uint64_t offset, const Snapshots& from)
        : snapshot_(std::move(snapshot)), offset_(offset), pool_(&from.pool()), loop_(&from.loop()) {}

    async::Task<void> operator()(http::BodyWriter& out) {
        const auto head = snapshot_->head.size();
        const auto rows_end = head + snapshot_->rows->size();
        if (offset_ < head) {
            if (!co_await out.write(std::string_view(snapshot_->head).substr(offset_))) co_return;
            offset_ = head;
        }
        while (offset_ < rows_end) {
            const auto size = std::min<std::uint64_t>(piece_bytes, rows_end - offset_);
            const auto bytes = co_await async::offload(
                *loop_, pool_->pool, [this, head, size] { return snapshot_->rows->read(offset_ - head, size); });
            if (!co_await out.write(bytes)) co_return;
            offset_ += size;
        }
        static_cast<void>(co_await out.write(std::string_view(snapshot_->tail).substr(offset_ - rows_end)));
    }

private:
    std::shared_ptr<const Snapshot> snapshot_;
    std::uint64_t offset_;
    FilePool* pool_;
    async::Loop* loop_;
};

struct SnapshotReply {
    std::shared_ptr<const Snapshot> snapshot;
    std::uint64_t offset = 0;
    const Snapshots* from = nullptr;

    static void send(http::Context& context, SnapshotReply&& reply) {
        const auto length = reply.snapshot->size() - reply.offset;
        context.response()
            .content_type("application/x-ndjson")
            .stream(SnapshotBody(std::move(reply.snapshot), reply.offset, *reply.from), length);
    }
    static void describe(http::Operation& operation) {
        operation.can_answer({.status = 200,
                              .media_type = "application/x-ndjson",
                              .doc = "A JSON object a line: the first says what comes, the last one that it was all."});
    }
};

struct SnapshotFilter {
    std::optional<std::string> collections;
    std::optional<LocationId> location;
    std::optional<std::string> after;

    friend constexpr auto describe(SnapshotFilter*) {
        using schema::field;
        return schema::object<SnapshotFilter>(
            "SnapshotFilter",
            field<&SnapshotFilter::collections>("collections", {.min_length = 1,
                                                                .max_length = most_collection_names,
                                                                .text = schema::Text::raw,
                                                                .doc = "Names, separated by commas; all, unless given.",
                                                                .example = R"("products,variants")"}),
            field<&SnapshotFilter::location>("location",
                                             {.doc = "Rows of this location, and those that belong to none."}),
            field<&SnapshotFilter::after>(
                "after",
                {.max_length = 80,
                 .text = schema::Text::raw,
                 .doc = "Goes on where a reply broke off: `snapshot` of its first line, a colon, and how many bytes "
                        "of it there are (uncompressed).",
                 .example = R"("0197f0c2-7d20-7000-8000-000000000001:65536")"}));
    }
};

struct After {
    base::Uuid id;
    std::uint64_t offset = 0;
};

After after_of(const std::string& text) {
    const auto colon = text.find(':');
    const auto id = base::Uuid::from_string(std::string_view(text).substr(0, colon));
    const auto offset = colon == std::string::npos
                            ? std::nullopt
                            : base::parse_integer<std::uint64_t>(std::string_view(text).substr(colon + 1));
    if (!id || !offset)
        throw base::Failure(
            http::errors::invalid,
            {{"query", "/after", "malformed", "The snapshot's id, a colon, and a number of bytes.", {}}});
    return {*id, *offset};
}

async::Task<SnapshotReply> snapshot(auth::Caller caller, http::Query<SnapshotFilter> filter, db::Db db,
                                    http::Service<db::Databases> databases, http::Service<Runtime> runtime,
                                    http::Service<Snapshots> snapshots) {
    const ChangeRequest request{.caller = caller,
                                .scope = scope_of(caller, filter->collections, filter->location),
                                .secret = databases->catalogue->cursor_secret(),
                                .now = runtime->now()};
    require_not_withheld(caller, request.scope);
    if (!filter->after)
        co_return SnapshotReply{
            co_await snapshots->make(db, &request, runtime->new_id<base::Id<struct SnapshotTag>>().uuid()), 0,
            &*snapshots};
    const auto after = after_of(*filter->after);
    auto known = snapshots->spool().find(caller.tenant_id, after.id, async::Loop::now());
    // Made for somebody who sees something else: for this caller it is not there.
    if (!known || known->scope != request.scope.hash) throw resync(Resync::snapshot_gone);
    if (after.offset > known->size())
        throw base::Failure(http::errors::invalid, {{"query", "/after", "too_large", "It has fewer bytes.", {}}});
    co_return SnapshotReply{std::move(known), after.offset, &*snapshots};
}

}  // namespace

async::Task<std::shared_ptr<const Snapshot>> Snapshots::write(db::Db db, const ChangeRequest* request, base::Uuid id) {
    Writing writing(spool_, pool_, loop_, *request);
    auto snapshot = co_await db.read_together([&writing](db::Db tx) { return Writing::run(tx, &writing); }, true);
    snapshot.id = id;
    snapshot.tenant = request->caller.tenant_id;
    snapshot.scope = request->scope.hash;
    const FeedPlace place{snapshot.epoch, snapshot.seq};
    snapshot.head =
        fmt::format(R"({{"snapshot":"{}","cursor":"{}","schemaVersion":{},"serverTime":"{}","counts":{{{}}}}})"
                    "\n",
                    id.to_string(), cursor_at(*request, place, place.seq), schema_version,
                    base::format_timestamp(request->now), snapshot.head);
    co_return spool_.keep(std::move(snapshot), async::Loop::now());
}

async::Task<std::shared_ptr<const Snapshot>> Snapshots::make(db::Db db, const ChangeRequest* request, base::Uuid id) {
    const auto key = request->caller.tenant_id.to_string() + request->scope.hash;
    for (;;) {
        const auto place = co_await place_of(db);
        if (auto same = spool_.find_same(request->caller.tenant_id, request->scope.hash, place.seq, async::Loop::now());
            same && same->epoch == place.epoch)
            co_return same;
        const auto other = being_written_.find(key);
        if (other == being_written_.end()) break;
        const auto done = other->second;
        co_await *done;
    }
    const auto done = being_written_.emplace(key, std::make_shared<async::Event>(loop_)).first->second;
    std::exception_ptr failure;
    std::shared_ptr<const Snapshot> made;
    try {
        made = co_await write(db, request, id);
    } catch (...) {
        failure = std::current_exception();
    }
    being_written_.erase(key);
    done->set();
    if (failure) std::rethrow_exception(failure);
    co_return made;
}

std::unique_ptr<Snapshots> make_snapshots(Spool& spool, FilePool& pool, const app::LoopParts& parts) {
    return std::make_unique<Snapshots>(spool, pool, parts.loop);
}

void snapshot_routes(http::Routes routes) {
    routes.get(
        "/sync/snapshot", snapshot,
        {.id = "getSnapshot",
         .summary = "All rows that the caller may see, of one moment",
         .description =
             "NDJSON, compressed as the client asks. First line: `{\"snapshot\":…,\"cursor\":…,\"schemaVersion\":…,"
             "\"serverTime\":…,\"counts\":{…}}`; then a line a row, `{\"c\":\"products\",\"id\":…,\"v\":…,\"d\":{…}}`; "
             "last line: `{\"end\":true,\"rows\":…,\"sha256\":…}`, the SHA-256 of the lines between in hexadecimal. "
             "Then go on with `/v1/sync/changes?since=<cursor>`. The bytes are kept for 30 minutes: a reply that broke "
             "off goes on with `after`; 410 with the reason `snapshot_gone` means: begin again.",
         .errors = {errors::resync_required, errors::snapshot_too_large, errors::snapshots_full,
                    errors::spool_unavailable, async::errors::overloaded, errors::subscription_suspended,
                    errors::second_factor_needed},
         .options = {.deadline = std::chrono::minutes(5)},
         .middleware = {http::no_store()}});
}

}  // namespace pos::sync
