#include "pos/modules/files/stored_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hasher.h"

namespace pos {

namespace {

// How long a client may take for what it downloads; the connection's own deadlines end one that takes nothing.
constexpr std::chrono::minutes longest_download{15};
// Between two looks at the storage for /ready; of one at the start.
constexpr std::chrono::seconds while_well{60};
constexpr std::chrono::seconds while_not{5};
constexpr std::chrono::seconds of_a_start{2};

[[noreturn]] void throw_corrupt(std::string detail) {
    throw storage::failure({.fault = storage::Fault::corrupt, .detail = std::move(detail)});
}

template <class T>
T or_throw(storage::Result<T> result) {
    if (!result) throw storage::failure(result.error());
    return std::move(*result);
}

struct Expected {
    std::string key;
    std::uint64_t size = 0;
    std::string etag;
    base::Digest256 sha256{};
};

async::Task<base::Digest256> digest_there(storage::Store* store, std::string key, async::SteadyTime deadline) {
    auto stream = or_throw(co_await store->get({.key = std::move(key)}, deadline));
    base::Hasher hasher(base::Hasher::Algorithm::sha256);
    while (true) {
        const auto piece = or_throw(co_await stream.read());
        if (piece.empty()) break;
        hasher.add(piece);
    }
    base::Digest256 digest{};
    std::ranges::copy(hasher.finish(), reinterpret_cast<char*>(digest.data()));
    co_return digest;
}

// Some servers give each copy an ETag of its own (encryption, parts): then the bytes decide.
async::Task<void> prove(storage::Store* store, const Expected* expected, async::SteadyTime deadline) {
    const auto there = co_await store->head(expected->key, deadline);
    if (!there && there.error().fault == storage::Fault::not_found)
        throw_corrupt(fmt::format("{} was stored, and is not there", expected->key));
    if (!there) throw storage::failure(there.error());
    if (there->size != expected->size)
        throw_corrupt(fmt::format("{}: {} bytes were given, {} are there", expected->key, expected->size, there->size));
    if (there->sha256 && *there->sha256 != expected->sha256)
        throw_corrupt(fmt::format("{} has another digest than what was stored", expected->key));
    if (!expected->etag.empty() && there->etag == expected->etag) co_return;
    if (!store->can(storage::Ability::any_bytes)) co_return;  // pictures are written anew there
    if (co_await digest_there(store, expected->key, deadline) != expected->sha256)
        throw_corrupt(fmt::format("{} has other bytes than what was stored", expected->key));
}

void require_range(const storage::ObjectStream& stream, const http::ByteRange& range, std::uint64_t size) {
    if (stream.info().size != size || stream.first() != range.first || stream.length() != range.length)
        throw_corrupt(fmt::format("{} has {} bytes and not {}", stream.info().key, stream.info().size, size));
}

// The bytes of a reply. A fault on the way cuts the connection.
struct SendStored {
    std::unique_ptr<storage::ObjectStream> stream;

    async::Task<void> operator()(http::BodyWriter& out) { return send(std::move(stream), &out); }
    static async::Task<void> send(std::unique_ptr<storage::ObjectStream> stream, http::BodyWriter* out) {
        while (true) {
            auto piece = or_throw(co_await stream->read());
            if (piece.empty()) co_return;
            if (!co_await out->write(piece)) co_return;
        }
    }
};

// What is asked for once a reply knows its range.
struct OpenStored {
    storage::Store* store;
    std::string key;
    std::uint64_t size;

    async::Task<http::StreamBody> operator()(http::ByteRange range) { return open(store, key, size, range); }
    static async::Task<http::StreamBody> open(storage::Store* store, std::string key, std::uint64_t size,
                                              http::ByteRange range) {
        storage::Get get{.key = std::move(key)};
        const bool is_whole = range.first == 0 && range.length == size;
        if (!is_whole) get.range = storage::Range{.first = range.first, .last = range.first + range.length - 1};
        auto stream = or_throw(co_await store->get(std::move(get), async::Loop::now() + longest_download));
        require_range(stream, range, size);
        co_return SendStored{std::make_unique<storage::ObjectStream>(std::move(stream))};
    }
};

}  // namespace

// ---- Whose it is ---------------------------------------------------------------------------------------------------

async::Task<app::Health> StoredFiles::look(async::SteadyTime deadline) const {
    const auto place = storage_place(&store_, deadline);
    if (!place) co_return app::Health{};
    try {
        owner_.storage = co_await whose_place(db::system_db(databases_, deadline), &*place);
    } catch (const base::Failure& failure) {
        co_return app::Health{.is_well = false, .reason = std::string(failure.code().code)};
    } catch (const std::exception& error) {
        logger_.warn("the file storage was not looked at", {{"error", error.what()}});
        co_return app::Health{.is_well = false, .reason = "its owner cannot be looked up"};
    }
    for (const auto whose : {owner_.storage.load(), owner_.pieces.load()}) {
        if (const auto says = says_of(whose); !says.empty())
            co_return app::Health{.is_well = false, .reason = std::string(says)};
    }
    if (const auto can = co_await store_.can_write(deadline); !can)
        co_return app::Health{.is_well = false,
                              .reason = fmt::format("it cannot be written: {}", can.error().provider_code.empty()
                                                                                    ? can.error().code().code
                                                                                    : can.error().provider_code)};
    co_return app::Health{};
}

async::Task<void> StoredFiles::start() {
    if (!store_.can(storage::Ability::any_bytes) && !owner_.said.test_and_set())
        logger_.warn(
            "this storage keeps images and documents alone: reports as files and uploads by URL are off, and "
            "what is orphaned there is not swept",
            {{"storage", store_.name()}});
    const auto found = co_await look(async::Loop::now() + of_a_start);
    if (!found.is_well && !owner_.said.test_and_set())
        logger_.error("the file storage is not as it should be", {{"reason", found.reason}});
}

async::Task<app::Health> StoredFiles::health(async::SteadyTime deadline) {
    if (async::Loop::now() < look_again_) co_return last_;
    last_ = co_await look(deadline);
    look_again_ = async::Loop::now() + (last_.is_well ? while_well : while_not);
    co_return last_;
}

// ---- Files -----------------------------------------------------------------------------------------------------------

async::Task<storage::Stored> put_proved(storage::Store* store, storage::Put put, async::SteadyTime deadline) {
    const auto key = put.key;
    auto stored = or_throw(co_await store->put(std::move(put), deadline));
    const Expected expected{.key = key, .size = stored.size, .etag = stored.etag, .sha256 = stored.sha256};
    co_await prove(store, &expected, deadline);
    co_return stored;
}

async::Task<storage::Stored> StoredFiles::put(storage::Put put, async::SteadyTime deadline) const {
    return put_proved(&store_, std::move(put), deadline);
}

async::Task<void> StoredFiles::copy(storage::Copy copy, CopyOf what, async::SteadyTime deadline) const {
    const Expected expected{.key = copy.to, .size = what.size, .etag = copy.if_match, .sha256 = what.sha256};
    std::ignore = or_throw(co_await store_.copy(std::move(copy), deadline));
    co_await prove(&store_, &expected, deadline);
}

async::Task<std::optional<storage::ObjectInfo>> StoredFiles::head(std::string key, async::SteadyTime deadline) const {
    auto found = co_await store_.head(std::move(key), deadline);
    if (!found && found.error().fault == storage::Fault::not_found) co_return std::nullopt;
    co_return or_throw(std::move(found));
}

async::Task<storage::ObjectStream> StoredFiles::open(Inspect what, async::SteadyTime deadline) const {
    auto stream = or_throw(
        co_await store_.get({.key = std::move(what.key), .range = {}, .if_match = std::move(what.etag)}, deadline));
    if (stream.info().size > what.max_bytes)
        throw storage::failure({.fault = storage::Fault::too_large, .detail = stream.info().key});
    co_return stream;
}

async::Task<std::string> StoredFiles::read_all(Inspect what, async::SteadyTime deadline) const {
    auto stream = co_await open(std::move(what), deadline);
    std::string bytes;
    bytes.reserve(stream.length());
    while (true) {
        const auto piece = or_throw(co_await stream.read());
        if (piece.empty()) co_return bytes;
        bytes += piece;
    }
}

http::FileContent StoredFiles::content(std::string key, std::uint64_t size) const {
    return {size, OpenStored{&store_, std::move(key), size}};
}

async::Task<bool> StoredFiles::remove(std::string key, async::SteadyTime deadline) const {
    if (owner_.storage == Whose::others) {
        logger_.warn("a file is not removed: the storage is another database's", {{"key", key}});
        co_return false;
    }
    const auto removed = co_await store_.remove(key, deadline);
    if (!removed)
        logger_.warn("a file could not be removed; the clean-up will",
                     {{"key", key}, {"detail", removed.error().detail}});
    co_return removed.has_value();
}

async::Task<bool> StoredFiles::remove_below(std::string prefix, async::SteadyTime deadline) const {
    if (!store_.can(storage::Ability::list)) co_return false;
    const auto page = co_await store_.list({.prefix = prefix, .limit = storage::most_listed, .after = {}}, deadline);
    if (!page) {
        logger_.warn("files could not be listed; the clean-up will",
                     {{"prefix", prefix}, {"detail", page.error().detail}});
        co_return false;
    }
    bool all = page->next.empty();
    for (const auto& object : page->objects) all = co_await remove(object.key, deadline) && all;
    co_return all;
}

std::unique_ptr<FilePool> make_file_pool() { return std::make_unique<FilePool>(); }

std::unique_ptr<StoredFiles> make_stored_files(storage::Store& store, FileOwner& owner, const app::LoopParts& parts) {
    return std::make_unique<StoredFiles>(store, owner, parts);
}

}  // namespace pos
