#pragma once
// StoredFiles: what all that have files do with the storage: read one, send one, take one away. One a loop, its thread.
//
//     co_await stored->put({.key = key, .source = storage::source_of(bytes), …}, deadline);      // and what is there is what was given
//     co_return http::File<"image/*">{.content = stored->content(key, size), …};
//
// Faults of the storage are thrown as its errors (storage/errors.h).

#include <memory>
#include <string>
#include <string_view>

#include "app/app.h"
#include "app/service.h"
#include "async/blocking_pool.h"
#include "http/file.h"
#include "pos/modules/files/owner.h"
#include "pos/modules/files/settings.h"
#include "storage/storage.h"

namespace pos {

// Puts, asks the store what it has, and compares size, ETag and, where it knows it, digest; where the ETags differ, the bytes are read. A
// store that says "done" and has kept nothing, or something else, is found out. Throws storage.corrupt then, and other faults.
[[nodiscard]] async::Task<storage::Stored> put_proved(storage::Store* store, storage::Put put,
                                                      async::SteadyTime deadline);

class StoredFiles {
public:
    StoredFiles(storage::Store& store, FileOwner& owner, const app::LoopParts& parts)
        : store_(store), owner_(owner), databases_(parts.databases), logger_(parts.logger) {}

    [[nodiscard]] storage::Store& store() const noexcept { return store_; }
    [[nodiscard]] FileOwner& owner() const noexcept { return owner_; }

    // Says what this storage cannot do. A storage that cannot be reached stops no start.
    [[nodiscard]] async::Task<void> start();
    // The storage is asked for the mark of its owner: whether it answers, takes our key, and is ours. Once a minute at most.
    static constexpr std::string_view health_name = "storage";
    [[nodiscard]] async::Task<app::Health> health(async::SteadyTime deadline);

    // put_proved().
    [[nodiscard]] async::Task<storage::Stored> put(storage::Put put, async::SteadyTime deadline) const;
    // Of a copy as well: by size, and by the source's ETag (`if_match`), or where the copy has another one by its bytes.
    struct CopyOf {
        std::uint64_t size = 0;
        base::Digest256 sha256{};
    };
    [[nodiscard]] async::Task<void> copy(storage::Copy copy, CopyOf what, async::SteadyTime deadline) const;
    // nullopt: there is none.
    [[nodiscard]] async::Task<std::optional<storage::ObjectInfo>> head(std::string key,
                                                                       async::SteadyTime deadline) const;
    // Takes the pieces of an object as it was inspected: `etag`, or storage.precondition_failed. At most `max_bytes`.
    struct Inspect {
        std::string key;
        std::string etag;
        std::uint64_t max_bytes = 0;
    };
    [[nodiscard]] async::Task<storage::ObjectStream> open(Inspect what, async::SteadyTime deadline) const;
    [[nodiscard]] async::Task<std::string> read_all(Inspect what, async::SteadyTime deadline) const;

    // For a reply: asked once it is known which bytes are wanted. An object of another size is storage.corrupt.
    [[nodiscard]] http::FileContent content(std::string key, std::uint64_t size) const;

    // What is left of these is found by the clean-up: a fault is logged, and false. From a storage that is another database's nothing is
    // removed.
    [[nodiscard]] async::Task<bool> remove(std::string key, async::SteadyTime deadline) const;
    // All below a prefix, at most `storage::most_listed` of them at once; false: some may be left.
    [[nodiscard]] async::Task<bool> remove_below(std::string prefix, async::SteadyTime deadline) const;

private:
    [[nodiscard]] async::Task<app::Health> look(async::SteadyTime deadline) const;

    storage::Store& store_;
    FileOwner& owner_;
    const db::Databases& databases_;
    logging::Logger logger_;
    app::Health last_{};
    async::SteadyTime look_again_{};
};

// Where disks are waited for. Of the process.
struct FilePool {
    async::BlockingPool pool{{.threads = 4, .queue_limit = 256}};
};
[[nodiscard]] std::unique_ptr<FilePool> make_file_pool();

[[nodiscard]] std::unique_ptr<StoredFiles> make_stored_files(storage::Store& store, FileOwner& owner,
                                                             const app::LoopParts& parts);

}  // namespace pos
