#pragma once
// Files of the local store, as they are on the disk. Everything here blocks: it runs on the thread pool. Inside the library.
//
// The file of a key begins with a block of 4 KiB: a line of JSON with size, SHA-256 and headers, filled up with spaces. Bytes
// and what is said of
// them are one file, so that one rename() puts both there. `tail -c +4097 FILE` gives the bytes.
// The key "a/b" is ROOT/a.dir/b.file: a key may begin another one. What is being written is in ROOT/.part.

#include <array>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "storage/digests.h"
#include "storage/storage.h"

namespace storage {

inline constexpr std::size_t local_head_bytes = 4'096;

class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int descriptor) noexcept : descriptor_(descriptor) {}
    Descriptor(Descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~Descriptor();
    [[nodiscard]] int get() const noexcept { return descriptor_; }
    [[nodiscard]] explicit operator bool() const noexcept { return descriptor_ >= 0; }

private:
    int descriptor_ = -1;
};

// Of errno.
[[nodiscard]] Error error_of(int number, std::string_view what);

[[nodiscard]] std::filesystem::path path_of(const std::filesystem::path& root, std::string_view key);

// A file that is being written; destroyed before publish() it is removed.
class LocalDraft {
public:
    LocalDraft() = default;
    LocalDraft(LocalDraft&& other) noexcept = default;
    LocalDraft& operator=(LocalDraft&& other) noexcept = default;
    ~LocalDraft();

    // `length` where it is known: a disk that has no room for it says so before anything is written.
    [[nodiscard]] static Result<LocalDraft> create(const std::filesystem::path& root, std::string_view name,
                                                   std::uint64_t length);
    [[nodiscard]] Result<void> write(std::string_view bytes);
    // On the disk, and under its key: whatever happens to the machine afterwards.
    [[nodiscard]] Result<void> publish(const ObjectInfo& info, bool only_if_absent);

private:
    [[nodiscard]] Result<void> write_head(const ObjectInfo& info);

    struct Unlink {
        void operator()(std::string* path) const;
    };
    std::filesystem::path root_;
    std::unique_ptr<std::string, Unlink> path_;
    Descriptor file_;
};

// Whether a draft could be made: the directory is there (it is made), may be written and has room.
[[nodiscard]] Result<void> can_write(const std::filesystem::path& root);

struct LocalObject {
    ObjectInfo info;
    Descriptor file;
};

[[nodiscard]] Result<LocalObject> open_object(const std::filesystem::path& root, const std::string& key);
// Of the object's bytes; "" at the end.
[[nodiscard]] Result<std::string> read_at(int file, std::uint64_t offset, std::size_t count);
[[nodiscard]] Result<void> remove_object(const std::filesystem::path& root, const std::string& key);
[[nodiscard]] Result<ListPage> list_objects(const std::filesystem::path& root, const List& list);
// What was begun before `before` and not ended: of a process that is no more.
void remove_old_drafts(const std::filesystem::path& root, std::filesystem::file_time_type before);

}  // namespace storage
