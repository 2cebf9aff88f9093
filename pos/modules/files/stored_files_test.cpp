// A store that says "done", and has kept something else.

#include "pos/modules/files/stored_files.h"

#include <gtest/gtest.h>

#include <future>

#include "pos/modules/files/keys.h"
#include "pos/modules/files/local_routes.h"

namespace pos {
namespace {

using storage::Fault;

// What it keeps of what it is given.
enum class Lie : std::uint8_t { none, nothing, no_bytes, other_bytes };

class LyingStore final : public storage::Store {
public:
    explicit LyingStore(Lie lie, bool own_etags = false) : lie_(lie), own_etags_(own_etags) {}

    [[nodiscard]] std::string_view name() const override { return "lying"; }
    [[nodiscard]] bool can(storage::Ability) const override { return true; }

    async::Task<storage::Result<storage::Stored>> put(storage::Put put, async::SteadyTime) override {
        std::string bytes;
        for (auto piece = co_await put.source(); !piece.empty(); piece = co_await put.source()) bytes += piece;
        const storage::Stored stored{.etag = etag_of(bytes), .size = bytes.size(), .sha256 = base::sha256(bytes)};
        keep(bytes);
        co_return stored;
    }
    async::Task<storage::Result<storage::ObjectInfo>> copy(storage::Copy, async::SteadyTime) override {
        co_return std::unexpected(storage::Error{.fault = Fault::not_supported});
    }
    async::Task<storage::Result<storage::ObjectInfo>> head(std::string key, async::SteadyTime) override {
        if (!kept_) co_return std::unexpected(storage::Error{.fault = Fault::not_found});
        co_return storage::ObjectInfo{
            .key = key, .size = kept_->size(), .etag = own_etags_ ? "\"its own\"" : etag_of(*kept_)};
    }
    async::Task<storage::Result<storage::ObjectStream>> get(storage::Get get, async::SteadyTime) override {
        if (!kept_) co_return std::unexpected(storage::Error{.fault = Fault::not_found});
        co_return storage::ObjectStream({.key = get.key, .size = kept_->size()}, 0, kept_->size(),
                                        std::make_unique<Reader>(*kept_));
    }
    async::Task<storage::Result<void>> remove(std::string, async::SteadyTime) override { co_return {}; }
    async::Task<storage::Result<storage::ListPage>> list(storage::List, async::SteadyTime) override { co_return {}; }
    [[nodiscard]] storage::Result<storage::SignedUrl> sign_get(const storage::SignGet&) const override { return {}; }
    [[nodiscard]] storage::Result<storage::SignedUrl> sign_put(const storage::SignPut&) const override { return {}; }
    [[nodiscard]] storage::Result<storage::SignedForm> sign_post(const storage::SignPost&) const override { return {}; }
    async::Task<storage::Result<void>> abort_upload(storage::PendingUpload, async::SteadyTime) override {
        co_return {};
    }
    async::Task<storage::Result<storage::UploadPage>> list_uploads(storage::List, async::SteadyTime) override {
        co_return {};
    }

    static std::string etag_of(const std::string& bytes) { return '"' + files::hex(base::sha256(bytes)) + '"'; }

private:
    struct Reader final : storage::ObjectStream::Reader {
        explicit Reader(std::string all) : bytes(std::move(all)) {}
        async::Task<storage::Result<std::string>> read() override { co_return std::exchange(bytes, {}); }
        std::string bytes;
    };
    void keep(std::string bytes) {
        if (lie_ == Lie::nothing) return;
        if (lie_ == Lie::no_bytes) bytes.clear();
        if (lie_ == Lie::other_bytes && !bytes.empty()) bytes.back() = static_cast<char>(bytes.back() ^ 1);
        kept_ = std::move(bytes);
    }

    Lie lie_;
    bool own_etags_;
    std::optional<std::string> kept_;
};

// The code of its failure, or "".
template <class Work>
std::string outcome_of(Work work) {
    std::promise<void> done;
    auto over = done.get_future();
    async::start(work(), [&](const std::exception_ptr& failure) {
        if (failure) {
            done.set_exception(failure);
        } else {
            done.set_value();
        }
    });
    try {
        over.get();
    } catch (const base::Failure& failure) {
        return std::string(failure.code().code);
    }
    return "";
}

async::SteadyTime soon() { return async::SteadyTime::clock::now() + std::chrono::seconds(10); }

async::Task<void> put(storage::Store* store) {
    std::ignore = co_await put_proved(store, {.key = "a", .source = storage::source_of("abc")}, soon());
}

TEST(PutProved, FindsOutAStoreThatHasKeptSomethingElse) {
    for (const bool own_etags : {false, true}) {
        for (const auto& [lie, code] :
             {std::pair{Lie::none, ""}, std::pair{Lie::nothing, "storage.corrupt"},
              std::pair{Lie::no_bytes, "storage.corrupt"}, std::pair{Lie::other_bytes, "storage.corrupt"}}) {
            LyingStore store(lie, own_etags);
            EXPECT_EQ(outcome_of([&] { return put(&store); }), code) << static_cast<int>(lie) << own_etags;
        }
    }
}

TEST(FilesUnderWay, OneRequestWritesAFileAndAllOfThemAreBounded) {
    FilesUnderWay under_way;
    auto first = under_way.begin("a", 1'000);
    EXPECT_THROW(std::ignore = under_way.begin("a", 1), base::Failure);
    const auto other = under_way.begin("b", FilesUnderWay::most_bytes - 1'000);
    EXPECT_THROW(std::ignore = under_way.begin("c", 1), base::Failure);
    first.reset();
    EXPECT_NE(under_way.begin("a", 1'000), nullptr);
}

}  // namespace
}  // namespace pos
