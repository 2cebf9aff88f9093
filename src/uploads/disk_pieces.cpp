#include "uploads/disk_pieces.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "async/blocking_pool.h"
#include "base/descriptor.h"
#include "base/failure.h"
#include "base/strings.h"
#include "uploads/errors.h"

namespace uploads {

namespace {

constexpr std::string_view room_name = "room";
constexpr std::string_view mark_name = "owner";
constexpr std::size_t most_mark_bytes = 200;
// Of the room that is kept, given back at once in front of the bytes that need it.
constexpr std::uint64_t room_step = std::uint64_t{4} << 20U;
constexpr int most_refusals = 100;
constexpr async::Milliseconds refusal_pause{50};

[[noreturn]] void throw_errno(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

[[noreturn]] void throw_write(const char* what) {
    // EFBIG: the limit of the process (ulimit -f) or of the file system.
    if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
        throw base::Failure(errors::disk_full).retry_after(60'000);
    throw_errno(what);
}

// The pool may be full for a moment, and an upload is longer than that.
template <class Work>
async::Task<std::invoke_result_t<Work&>> on_pool(async::Loop* loop, async::BlockingPool* pool, Work work) {
    for (int refusals = 0;; ++refusals) {
        try {
            co_return co_await async::offload(*loop, *pool, std::ref(work));
        } catch (const base::Failure& failure) {
            if (failure.code() != async::errors::overloaded || refusals == most_refusals) throw;
        }
        co_await async::sleep(loop, refusal_pause);
    }
}

void sync_directory(const std::string& path) {
    const base::Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.get()) != 0) throw_errno("uploads: fsync of a directory");
}

// Room for that many bytes, where the file system can keep it.
void keep_room(const std::string& directory, std::uint64_t bytes) {
    const auto path = directory + "/" + std::string(room_name);
    const base::Descriptor room(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (!room) throw_write("uploads: the file of the room");
    if (bytes == 0) return;
    if (::fallocate(room.get(), 0, 0, static_cast<off_t>(bytes)) == 0) return;
    if (errno != EOPNOTSUPP && errno != ENOSYS) throw_write("uploads: fallocate");
}

void require_free(const std::string& directory, std::uint64_t bytes) {
    struct statvfs state{};
    if (::statvfs(directory.c_str(), &state) != 0) throw_errno("uploads: statvfs");
    const auto free = static_cast<std::uint64_t>(state.f_bavail) * state.f_frsize;
    if (bytes > free) throw base::Failure(errors::disk_full).retry_after(60'000);
}

// What the functions below do on the pool. One call at a time.
class DiskPiece {
public:
    DiskPiece(std::string directory, OpenPiece piece)
        : directory_(std::move(directory)),
          path_(directory_ + "/" + std::to_string(piece.fence)),
          left_(piece.left),
          file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {
        // Terminated or expired meanwhile.
        if (!file_ && errno == ENOENT) throw base::Failure(errors::not_found);
        if (!file_) throw_write("uploads: a piece");
    }

    void write(std::string_view bytes) {
        give_room(written_ + bytes.size());
        while (!bytes.empty()) {
            const auto size = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(written_));
            if (size < 0 && errno == EINTR) continue;
            if (size <= 0) throw_write("uploads: write");
            written_ += static_cast<std::uint64_t>(size);
            bytes.remove_prefix(static_cast<std::size_t>(size));
        }
    }

    void sync() {
        if (::fdatasync(file_.get()) != 0) throw_write("uploads: fdatasync");
        if (!std::exchange(named_, true)) sync_own_directory();
        synced_ = written_;
    }

    void close(std::uint64_t kept) noexcept {
        if (!file_) return;
        if (kept == 0) {
            ::unlink(path_.c_str());
        } else if (kept < written_ && ::ftruncate(file_.get(), static_cast<off_t>(kept)) != 0) {
            // Bytes that no row counts: they go with the upload.
        }
        file_.close();
        if (kept < given_) restore_room(kept);
    }
    [[nodiscard]] std::uint64_t synced() const { return synced_; }

private:
    // It is gone where another request has completed the upload, or terminated it, meanwhile.
    void sync_own_directory() const {
        try {
            sync_directory(directory_);
        } catch (const std::system_error& error) {
            if (error.code() == std::errc::no_such_file_or_directory) throw base::Failure(errors::not_found);
            throw;
        }
    }
    // What is written next no longer needs to be kept free.
    void give_room(std::uint64_t until) {
        if (until <= given_) return;
        given_ = std::min(left_, std::max(until, given_ + room_step));
        const auto path = directory_ + "/" + std::string(room_name);
        static_cast<void>(::truncate(path.c_str(), static_cast<off_t>(left_ - given_)));
    }
    void restore_room(std::uint64_t kept) const noexcept {
        try {
            if (::access(directory_.c_str(), F_OK) == 0) keep_room(directory_, left_ - std::min(left_, kept));
        } catch (const std::exception&) {
            // Somebody else has taken it: whoever goes on may be told that the disk is full.
            return;
        }
    }

    std::string directory_;
    std::string path_;
    std::uint64_t left_;
    std::uint64_t written_ = 0;
    std::uint64_t synced_ = 0;
    std::uint64_t given_ = 0;  // bytes of the room that were given back
    bool named_ = false;       // the directory knows the file, also after a crash
    base::Descriptor file_;
};

class DiskPieceWriter final : public PieceWriter {
public:
    DiskPieceWriter(async::Loop* loop, async::BlockingPool* pool, std::unique_ptr<DiskPiece> piece)
        : loop_(loop), pool_(pool), piece_(std::move(piece)) {}
    DiskPieceWriter(const DiskPieceWriter&) = delete;
    DiskPieceWriter& operator=(const DiskPieceWriter&) = delete;
    ~DiskPieceWriter() override { piece_->close(piece_->synced()); }

    async::Task<void> write(std::string_view bytes) override {
        return on_pool(loop_, pool_, [this, bytes] { piece_->write(bytes); });
    }
    async::Task<void> sync() override {
        return on_pool(loop_, pool_, [this] { piece_->sync(); });
    }
    async::Task<void> close(std::uint64_t kept) override { return close_on_pool(this, kept); }

private:
    static async::Task<void> close_on_pool(DiskPieceWriter* self, std::uint64_t kept) {
        bool closed = false;
        try {
            co_await on_pool(self->loop_, self->pool_, [self, kept] { self->piece_->close(kept); });
            closed = true;
        } catch (const base::Failure&) {
            closed = false;  // a pool that takes nothing: here, then
        }
        if (!closed) self->piece_->close(kept);
    }

    async::Loop* loop_;
    async::BlockingPool* pool_;
    std::unique_ptr<DiskPiece> piece_;
};

std::string directory_of(const DiskPiecesOptions& options, base::Uuid id) {
    return options.directory + "/" + id.to_string();
}

void reserve_room(const DiskPiecesOptions& options, base::Uuid id, std::uint64_t length) {
    require_free(options.directory, length + options.keep_free);
    const auto directory = directory_of(options, id);
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) throw_write("uploads: mkdir");
    try {
        keep_room(directory, length);
        sync_directory(options.directory);
    } catch (const std::exception&) {
        std::error_code ignored;
        std::filesystem::remove_all(directory, ignored);
        throw;
    }
}

std::string read_piece(const std::string& path, std::uint64_t first, std::size_t size) {
    const base::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) throw_errno("uploads: a piece");
    std::string bytes(size, '\0');
    std::size_t done = 0;
    while (done < size) {
        const auto more = ::pread(file.get(), bytes.data() + done, size - done, static_cast<off_t>(first + done));
        if (more < 0 && errno == EINTR) continue;
        if (more < 0) throw_errno("uploads: read");
        if (more == 0) break;
        done += static_cast<std::size_t>(more);
    }
    bytes.resize(done);
    return bytes;
}

std::vector<base::Uuid> list_directory(const std::string& directory, std::chrono::seconds spared) {
    std::vector<base::Uuid> ids;
    const auto before = std::filesystem::file_time_type::clock::now() - spared;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
        const auto id = base::Uuid::from_string(entry.path().filename().string());
        std::error_code gone;
        if (id && entry.last_write_time(gone) <= before && !gone) ids.push_back(*id);
    }
    return ids;
}

std::optional<std::string> read_mark(const std::string& directory) {
    const auto path = directory + "/" + std::string(mark_name);
    const base::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file && errno == ENOENT) return std::nullopt;
    if (!file) throw_errno("uploads: the owner's mark");
    std::string text(most_mark_bytes, '\0');
    const auto size = ::read(file.get(), text.data(), text.size());
    if (size < 0) throw_errno("uploads: the owner's mark");
    text.resize(static_cast<std::size_t>(size));
    return std::string(base::trim(text));
}

// Whole, or as it was.
void write_mark(const std::string& directory, const std::string& mark) {
    const auto path = directory + "/" + std::string(mark_name);
    const auto draft = path + ".new";
    {
        const base::Descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        const auto text = mark + "\n";
        if (!file || ::write(file.get(), text.data(), text.size()) != std::ssize(text) || ::fsync(file.get()) != 0)
            throw_write("uploads: the owner's mark");
    }
    if (::rename(draft.c_str(), path.c_str()) != 0) throw_errno("uploads: the owner's mark");
    sync_directory(directory);
}

// What is not there is removed. A request that ends at the same time may put a file behind the one that was removed last.
void remove_directory(const std::string& directory) {
    constexpr int attempts = 3;
    std::error_code error;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        std::filesystem::remove_all(directory, error);
        if (!error) return;
    }
    throw std::system_error(error, "uploads: removing an upload");
}

}  // namespace

DiskPieces::DiskPieces(async::BlockingPool* pool, DiskPiecesOptions options)
    : pool_(pool), options_(std::move(options)) {
    std::filesystem::create_directories(options_.directory);
    if (::access(options_.directory.c_str(), R_OK | W_OK | X_OK) != 0) throw_errno("uploads: the directory");
}

async::Task<void> DiskPieces::reserve(async::Loop* loop, base::Uuid id, std::uint64_t length) {
    return on_pool(loop, pool_, [options = &options_, id, length] { reserve_room(*options, id, length); });
}

async::Task<std::unique_ptr<PieceWriter>> DiskPieces::open(async::Loop* loop, OpenPiece piece) {
    auto opened = co_await on_pool(loop, pool_, [options = &options_, piece] {
        return std::make_unique<DiskPiece>(directory_of(*options, piece.id), piece);
    });
    co_return std::make_unique<DiskPieceWriter>(loop, pool_, std::move(opened));
}

async::Task<std::string> DiskPieces::read(async::Loop* loop, base::Uuid id, std::int64_t fence, std::uint64_t first,
                                          std::size_t size) {
    auto path = directory_of(options_, id) + "/" + std::to_string(fence);
    return on_pool(loop, pool_, [path = std::move(path), first, size] { return read_piece(path, first, size); });
}

async::Task<void> DiskPieces::remove(async::Loop* loop, base::Uuid id) {
    return on_pool(loop, pool_, [directory = directory_of(options_, id)] { remove_directory(directory); });
}

async::Task<std::vector<base::Uuid>> DiskPieces::list(async::Loop* loop, std::chrono::seconds spared) {
    return on_pool(loop, pool_, [options = &options_, spared] { return list_directory(options->directory, spared); });
}

async::Task<std::optional<std::string>> DiskPieces::mark(async::Loop* loop) {
    return on_pool(loop, pool_, [options = &options_] { return read_mark(options->directory); });
}

async::Task<void> DiskPieces::set_mark(async::Loop* loop, std::string mark) {
    return on_pool(loop, pool_,
                   [options = &options_, mark = std::move(mark)] { write_mark(options->directory, mark); });
}

}  // namespace uploads
