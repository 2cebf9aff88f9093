#include "storage/local_store.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.h"
#include "storage/local_files.h"
#include "storage/pieces.h"

namespace storage {

namespace {

constexpr std::size_t piece_bytes = std::size_t{256} << 10U;
// Below this, writing costs less than handing it over.
constexpr std::size_t least_written = std::size_t{1} << 20U;
constexpr std::chrono::hours draft_life{24};

std::unexpected<Error> failed(Fault fault, std::string detail) {
    return std::unexpected(Error{.fault = fault, .detail = std::move(detail)});
}

// `work` on the pool, which answers a Result; a full pool is an answer too.
template <class Work>
async::Task<std::invoke_result_t<Work&>> on_pool(async::Loop* loop, async::BlockingPool* pool,
                                                 async::SteadyTime deadline, Work work) {
    if (async::Loop::now() >= deadline) co_return failed(Fault::unavailable, "no time was left");
    try {
        co_return co_await async::offload(*loop, *pool, std::move(work));
    } catch (const base::Failure& failure) {
        if (failure.code() != async::errors::overloaded) throw;
    }
    co_return failed(Fault::unavailable, "as much work waits for the disk as may");
}

class LocalReader final : public ObjectStream::Reader {
public:
    struct Where {
        async::Loop& loop;
        async::BlockingPool& pool;
        async::SteadyTime deadline;
    };
    LocalReader(Where where, LocalObject object, std::uint64_t first, std::uint64_t length)
        : where_(where),
          object_(std::make_shared<LocalObject>(std::move(object))),
          at_(first),
          left_(length),
          is_whole_(length == object_->info.size) {}

    async::Task<Result<std::string>> read() override {
        if (left_ == 0) co_return end();
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, piece_bytes));
        auto piece = co_await on_pool(&where_.loop, &where_.pool, where_.deadline, [object = object_, at = at_, count] {
            return read_at(object->file.get(), at, count);
        });
        if (!piece) co_return piece;
        if (piece->size() != count) co_return failed(Fault::corrupt, "the file is shorter than it was");
        at_ += count;
        left_ -= count;
        if (is_whole_) hash_.add(*piece);
        co_return piece;
    }

private:
    Result<std::string> end() {
        if (!std::exchange(is_whole_, false) || hash_.finish() == object_->info.sha256) return std::string();
        return failed(Fault::corrupt, "the bytes are not those that had been stored");
    }

    Where where_;
    std::shared_ptr<LocalObject> object_;
    std::uint64_t at_;
    std::uint64_t left_;
    bool is_whole_;
    Sha256Stream hash_;
};

struct CopyWork {
    std::filesystem::path root;
    Copy copy;
    std::string draft;

    Result<ObjectInfo> operator()() const {
        const auto source = open_object(root, copy.from);
        if (!source) return std::unexpected(source.error());
        if (!copy.if_match.empty() && copy.if_match != source->info.etag)
            return failed(Fault::precondition_failed, "the source has another ETag");
        auto target = LocalDraft::create(root, draft, source->info.size);
        if (!target) return std::unexpected(std::move(target.error()));
        Sha256Stream hash;
        for (std::uint64_t at = 0; at < source->info.size;) {
            const auto piece = read_at(source->file.get(), at, least_written);
            if (!piece) return std::unexpected(piece.error());
            if (piece->empty()) return failed(Fault::corrupt, "the file is shorter than it was");
            hash.add(*piece);
            if (auto written = target->write(*piece); !written) return std::unexpected(std::move(written.error()));
            at += piece->size();
        }
        if (hash.finish() != source->info.sha256)
            return failed(Fault::corrupt, "the bytes are not those that had been stored");
        auto info = source->info;
        info.key = copy.to;
        if (copy.content_type) {
            info.content_type = *copy.content_type;
            info.cache_control = copy.cache_control;
            info.content_disposition = copy.content_disposition;
        }
        if (auto published = target->publish(info, false); !published)
            return std::unexpected(std::move(published.error()));
        auto copied = open_object(root, copy.to);
        if (!copied) return std::unexpected(std::move(copied.error()));
        return std::move(copied->info);
    }
};

std::optional<Error> bad_key(const std::string& key) {
    const auto fault = key_fault(key);
    if (fault.empty()) return std::nullopt;
    return Error{.fault = Fault::bad_key, .detail = std::string(fault)};
}

}  // namespace

LocalStore::LocalStore(LocalParts parts, std::filesystem::path root)
    : parts_(std::move(parts)), root_(std::move(root)), urls_(parts_.urls) {}

std::string LocalStore::draft_name() {
    std::array<std::uint8_t, 16> bytes{};
    parts_.random.fill(bytes);
    return base::hex_encode(base::as_chars(bytes));
}

async::Task<Result<void>> LocalStore::can_write(async::SteadyTime deadline) {
    co_return co_await on_pool(&parts_.loop, &parts_.pool, deadline,
                               [root = root_] { return storage::can_write(root); });
}

async::Task<Result<Stored>> LocalStore::put(Put put, async::SteadyTime deadline) {
    if (auto fault = put_fault(put)) co_return std::unexpected(*std::move(fault));
    const bool tidies = !std::exchange(has_tidied_, true);
    auto draft =
        co_await on_pool(&parts_.loop, &parts_.pool, deadline,
                         [root = root_, name = draft_name(), length = put.length.value_or(0), tidies] {
                             if (tidies)
                                 remove_old_drafts(root, std::filesystem::file_time_type::clock::now() - draft_life);
                             return LocalDraft::create(root, name, length);
                         });
    if (!draft) co_return std::unexpected(std::move(draft.error()));
    Pieces pieces(&put);
    do {
        if (auto fault = co_await pieces.fill(least_written, deadline)) co_return std::unexpected(*std::move(fault));
        const auto written =
            co_await on_pool(&parts_.loop, &parts_.pool, deadline,
                             [to = &*draft, bytes = pieces.take(SIZE_MAX)] { return to->write(bytes); });
        if (!written) co_return std::unexpected(written.error());
    } while (!pieces.has_ended());
    const ObjectInfo info{.key = put.key,
                          .size = pieces.size(),
                          .content_type = put.content_type,
                          .cache_control = put.cache_control,
                          .content_disposition = put.content_disposition,
                          .sha256 = pieces.sha256()};
    const auto published =
        co_await on_pool(&parts_.loop, &parts_.pool, deadline,
                         [to = &*draft, &info, absent = put.only_if_absent] { return to->publish(info, absent); });
    if (!published) co_return std::unexpected(published.error());
    co_return Stored{.etag = "\"" + hex_of(pieces.sha256()) + "\"", .size = pieces.size(), .sha256 = pieces.sha256()};
}

async::Task<Result<ObjectStream>> LocalStore::get(Get get, async::SteadyTime deadline) {
    if (auto fault = bad_key(get.key)) co_return std::unexpected(*std::move(fault));
    auto object = co_await on_pool(&parts_.loop, &parts_.pool, deadline,
                                   [root = root_, key = get.key] { return open_object(root, key); });
    if (!object) co_return std::unexpected(std::move(object.error()));
    auto info = object->info;
    if (!get.if_match.empty() && get.if_match != info.etag)
        co_return failed(Fault::precondition_failed, "the object has another ETag");
    const auto range = get.range.value_or(Range());
    const auto last = range.last.value_or(UINT64_MAX);
    if (get.range && (range.first >= info.size || last < range.first))
        co_return failed(Fault::bad_range, "the object has no bytes there");
    const auto length = info.size == 0 ? 0 : std::min(last, info.size - 1) - range.first + 1;
    const LocalReader::Where where{.loop = parts_.loop, .pool = parts_.pool, .deadline = deadline};
    co_return ObjectStream(std::move(info), range.first, length,
                           std::make_unique<LocalReader>(where, *std::move(object), range.first, length));
}

async::Task<Result<ObjectInfo>> LocalStore::head(std::string key, async::SteadyTime deadline) {
    if (auto fault = bad_key(key)) co_return std::unexpected(*std::move(fault));
    auto object =
        co_await on_pool(&parts_.loop, &parts_.pool, deadline, [root = root_, key] { return open_object(root, key); });
    if (!object) co_return std::unexpected(std::move(object.error()));
    co_return std::move(object->info);
}

async::Task<Result<void>> LocalStore::remove(std::string key, async::SteadyTime deadline) {
    if (auto fault = bad_key(key)) co_return std::unexpected(*std::move(fault));
    co_return co_await on_pool(&parts_.loop, &parts_.pool, deadline,
                               [root = root_, key] { return remove_object(root, key); });
}

async::Task<Result<ListPage>> LocalStore::list(List list, async::SteadyTime deadline) {
    if (list.limit == 0 || list.limit > most_listed) co_return failed(Fault::bad_value, "1 to 1,000 of a list");
    co_return co_await on_pool(&parts_.loop, &parts_.pool, deadline,
                               [root = root_, list = std::move(list)] { return list_objects(root, list); });
}

async::Task<Result<ObjectInfo>> LocalStore::copy(Copy copy, async::SteadyTime deadline) {
    if (auto fault = copy_fault(copy)) co_return std::unexpected(*std::move(fault));
    co_return co_await on_pool(&parts_.loop, &parts_.pool, deadline,
                               CopyWork{.root = root_, .copy = std::move(copy), .draft = draft_name()});
}

Result<SignedUrl> LocalStore::sign_get(const SignGet& sign) const { return urls_.sign_get(sign, parts_.clock.now()); }
Result<SignedUrl> LocalStore::sign_put(const SignPut& sign) const { return urls_.sign_put(sign, parts_.clock.now()); }
Result<SignedForm> LocalStore::sign_post(const SignPost& sign) const {
    return urls_.sign_post(sign, parts_.clock.now());
}

async::Task<Result<void>> LocalStore::abort_upload(PendingUpload /*upload*/, async::SteadyTime /*deadline*/) {
    co_return {};
}

async::Task<Result<UploadPage>> LocalStore::list_uploads(List /*list*/, async::SteadyTime /*deadline*/) {
    co_return UploadPage{};
}

}  // namespace storage
