#include "storage/local_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "schema/schema.h"

namespace storage {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view file_end = ".file";
constexpr std::string_view folder_end = ".dir";
constexpr std::string_view drafts = ".part";
constexpr int head_version = 1;

struct Head {
    std::int32_t version = head_version;
    std::int64_t size = 0;
    std::string sha256;
    std::string content_type;
    std::string cache_control;
    std::string content_disposition;

    friend constexpr auto describe(Head*) {
        using schema::field;
        constexpr schema::StringRules text{.max_length = 500, .text = schema::Text::raw, .defaulted = true};
        return schema::object<Head>("StoredFileHead", field<&Head::version>("version"), field<&Head::size>("size"),
                                    field<&Head::sha256>("sha256", {.max_length = 64}),
                                    field<&Head::content_type>("contentType", text),
                                    field<&Head::cache_control>("cacheControl", text),
                                    field<&Head::content_disposition>("contentDisposition", text));
    }
};

std::unexpected<Error> failed(int number, std::string_view what) { return std::unexpected(error_of(number, what)); }

std::unexpected<Error> damaged(std::string_view what) {
    return std::unexpected(Error{.fault = Fault::corrupt, .detail = std::string(what)});
}

Result<void> sync_folder(const fs::path& path) {
    const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder || ::fsync(folder.get()) != 0) return failed(errno, "fsync of a directory");
    return {};
}

// Each new one is on the disk before what is put into it.
Result<void> make_folders(const fs::path& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0) return {};
    if (path.has_parent_path() && path.parent_path() != path)
        if (auto made = make_folders(path.parent_path()); !made) return made;
    if (::mkdir(path.c_str(), 0750) != 0 && errno != EEXIST) return failed(errno, "mkdir");
    return sync_folder(path.parent_path());
}

Result<void> write_at(int file, std::string_view bytes, std::int64_t offset) {
    while (!bytes.empty()) {
        const auto count =
            offset < 0 ? ::write(file, bytes.data(), bytes.size()) : ::pwrite(file, bytes.data(), bytes.size(), offset);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed(errno, "write");
        bytes.remove_prefix(static_cast<std::size_t>(count));
        if (offset >= 0) offset += count;
    }
    return {};
}

Result<ObjectInfo> read_head(int file, const std::string& key) {
    struct stat status{};
    if (::fstat(file, &status) != 0) return failed(errno, "fstat");
    std::string block(local_head_bytes, '\0');
    const auto count = ::pread(file, block.data(), block.size(), 0);
    if (count < 0) return failed(errno, "read");
    if (static_cast<std::size_t>(count) != block.size()) return damaged("the file has no whole head");
    const auto head = schema::parse<Head>(base::trim(block));
    ObjectInfo info{.key = key};
    base::Digest256 sha256{};
    if (!head || head->version != head_version || head->size < 0 || !parse_hex(head->sha256, sha256))
        return damaged("the file's head cannot be read");
    if (status.st_size != head->size + static_cast<std::int64_t>(local_head_bytes))
        return damaged("the file is longer or shorter than it was");
    info.size = static_cast<std::uint64_t>(head->size);
    info.etag = "\"" + head->sha256 + "\"";
    info.content_type = head->content_type;
    info.cache_control = head->cache_control;
    info.content_disposition = head->content_disposition;
    info.modified = base::Timestamp(std::chrono::seconds(status.st_mtim.tv_sec)) +
                    std::chrono::microseconds(status.st_mtim.tv_nsec / 1000);
    info.sha256 = sha256;
    return info;
}

// One level of names, in the order of the keys that they begin: a folder counts with its slash.
std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const auto name = entry.path().filename().string();
        if (name.ends_with(file_end)) names.push_back(name.substr(0, name.size() - file_end.size()));
        if (name.ends_with(folder_end)) names.push_back(name.substr(0, name.size() - folder_end.size()) + "/");
    }
    std::ranges::sort(names, [](const std::string& left, const std::string& right) {
        return std::string_view(left) < std::string_view(right);
    });
    return names;
}

// A directory that is not there, is none or may not be written is the operator's to mend, and the client's to try again.
std::unexpected<Error> not_written(Error error) {
    if (error.fault == Fault::not_found || error.fault == Fault::denied) error.fault = Fault::unavailable;
    return std::unexpected(std::move(error));
}

struct Walk {
    const fs::path& root;
    const List& list;
    ListPage page{};
    std::optional<Error> error{};

    // `prefix` is "" or ends with a slash. False: enough.
    bool folder(const fs::path& path, const std::string& prefix) {
        for (const auto& name : names_in(path)) {
            const auto key = prefix + name;
            const auto common = std::min(key.size(), list.prefix.size());
            if (key.compare(0, common, list.prefix, 0, common) != 0) continue;
            const bool is_folder = name.ends_with('/');
            if (is_folder) {
                // All of it is before the page, unless the page begins in it.
                if (key < list.after && !list.after.starts_with(key)) continue;
                if (!folder(path / (name.substr(0, name.size() - 1) + std::string(folder_end)), key)) return false;
            } else if (key.size() >= list.prefix.size() && key > list.after && !add(key)) {
                return false;
            }
        }
        return true;
    }

    bool add(const std::string& key) {
        if (page.objects.size() == list.limit) {
            page.next = page.objects.back().key;
            return false;
        }
        auto object = open_object(root, key);
        if (!object && object.error().fault == Fault::not_found) return true;
        // One that is damaged does not hide the others.
        if (!object && object.error().fault == Fault::corrupt) return page.objects.push_back({.key = key}), true;
        if (!object) error = object.error();
        if (!object) return false;
        auto& info = object->info;
        page.objects.push_back(
            {.key = key, .size = info.size, .etag = std::move(info.etag), .modified = info.modified});
        return true;
    }
};

}  // namespace

Descriptor::~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Error error_of(int number, std::string_view what) {
    Error error{.fault = Fault::unavailable,
                .detail = std::string(what) + ": " + std::generic_category().message(number)};
    switch (number) {
        case ENOENT:
        case ENOTDIR: error.fault = Fault::not_found; break;
        case ENOSPC:
        case EDQUOT:
        case EFBIG: error.fault = Fault::disk_full; break;  // the last: ulimit -f, or what the file system can hold
        case EACCES:
        case EPERM:
        case EROFS: error.fault = Fault::denied; break;
        case EEXIST: error.fault = Fault::precondition_failed; break;
        case ENAMETOOLONG: error.fault = Fault::bad_key; break;
        case ELOOP: error.fault = Fault::corrupt; break;  // a symbolic link, where we put none
        default: break;
    }
    const auto* name = ::strerrorname_np(number);
    error.provider_code = name == nullptr ? "" : name;
    return error;
}

fs::path path_of(const fs::path& root, std::string_view key) {
    auto path = root;
    const auto parts = base::split(key, '/');
    for (std::size_t i = 0; i < parts.size(); ++i)
        path /= std::string(parts[i]) + std::string(i + 1 == parts.size() ? file_end : folder_end);
    return path;
}

// ---- Writing ----------------------------------------------------------------------------------------------------

void LocalDraft::Unlink::operator()(std::string* path) const {
    ::unlink(path->c_str());
    delete path;
}

LocalDraft::~LocalDraft() = default;

Result<LocalDraft> LocalDraft::create(const fs::path& root, std::string_view name, std::uint64_t length) {
    const auto folder = root / drafts;
    if (auto made = make_folders(folder); !made) return not_written(std::move(made.error()));
    LocalDraft draft;
    draft.root_ = root;
    const auto path = (folder / name).string();
    draft.file_ = Descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640));
    if (!draft.file_) return not_written(error_of(errno, "open"));
    draft.path_.reset(new std::string(path));
    const auto whole = static_cast<off_t>(local_head_bytes + length);
    const int full = length == 0 ? 0 : ::fallocate(draft.file_.get(), FALLOC_FL_KEEP_SIZE, 0, whole);
    if (full != 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)) return failed(errno, "fallocate");
    if (auto written = draft.write(std::string(local_head_bytes, ' ')); !written)
        return std::unexpected(std::move(written.error()));
    return draft;
}

Result<void> LocalDraft::write(std::string_view bytes) { return write_at(file_.get(), bytes, -1); }

Result<void> LocalDraft::write_head(const ObjectInfo& info) {
    auto text = schema::to_json(Head{.size = static_cast<std::int64_t>(info.size),
                                     .sha256 = hex_of(info.sha256.value_or(base::Digest256())),
                                     .content_type = info.content_type,
                                     .cache_control = info.cache_control,
                                     .content_disposition = info.content_disposition});
    if (text.size() >= local_head_bytes)
        return std::unexpected(Error{.fault = Fault::bad_value, .detail = "headers of more than 4 KiB"});
    text.resize(local_head_bytes - 1, ' ');
    return write_at(file_.get(), text + "\n", 0);
}

Result<void> LocalDraft::publish(const ObjectInfo& info, bool only_if_absent) {
    if (auto written = write_head(info); !written) return written;
    if (::fsync(file_.get()) != 0) return failed(errno, "fsync");
    const auto target = path_of(root_, info.key);
    // Somebody who removes the last file of a folder removes the folder as well.
    for (int attempt = 0;; ++attempt) {
        auto made = make_folders(target.parent_path());
        if (!made && (made.error().fault != Fault::not_found || attempt == 8))
            return not_written(std::move(made.error()));
        if (!made) continue;
        // rename() replaces what is there, link() does not.
        const int result =
            only_if_absent ? ::link(path_->c_str(), target.c_str()) : ::rename(path_->c_str(), target.c_str());
        if (result == 0) break;
        if (errno != ENOENT || attempt == 8) return not_written(error_of(errno, only_if_absent ? "link" : "rename"));
    }
    if (!only_if_absent) delete path_.release();  // it is no draft any more
    if (auto synced = sync_folder(target.parent_path()); !synced) return not_written(std::move(synced.error()));
    return {};
}

Result<void> can_write(const fs::path& root) {
    const auto folder = root / drafts;
    if (auto made = make_folders(folder); !made) return not_written(std::move(made.error()));
    struct stat status{};
    if (::stat(folder.c_str(), &status) != 0) return not_written(error_of(errno, "stat"));
    if (!S_ISDIR(status.st_mode)) return not_written(error_of(ENOTDIR, "stat"));
    if (::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) != 0)
        return not_written(error_of(errno, "access"));
    struct statvfs room{};
    if (::statvfs(folder.c_str(), &room) == 0 && room.f_blocks > 0 && room.f_bavail == 0)
        return failed(ENOSPC, "statvfs");
    return {};
}

// ---- Reading ----------------------------------------------------------------------------------------------------

Result<LocalObject> open_object(const fs::path& root, const std::string& key) {
    LocalObject object;
    object.file = Descriptor(::open(path_of(root, key).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!object.file) return failed(errno, "open");
    auto info = read_head(object.file.get(), key);
    if (!info) return std::unexpected(std::move(info.error()));
    object.info = *std::move(info);
    return object;
}

Result<std::string> read_at(int file, std::uint64_t offset, std::size_t count) {
    std::string bytes(count, '\0');
    std::size_t have = 0;
    while (have < count) {
        const auto read =
            ::pread(file, bytes.data() + have, count - have, static_cast<off_t>(local_head_bytes + offset + have));
        if (read < 0 && errno == EINTR) continue;
        if (read < 0) return failed(errno, "read");
        if (read == 0) break;
        have += static_cast<std::size_t>(read);
    }
    bytes.resize(have);
    return bytes;
}

Result<void> remove_object(const fs::path& root, const std::string& key) {
    const auto path = path_of(root, key);
    if (::unlink(path.c_str()) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) return {};
        return failed(errno, "unlink");
    }
    auto folder = path.parent_path();
    auto synced = sync_folder(folder);
    // Folders that have become empty, up to the root's.
    while (folder != root && ::rmdir(folder.c_str()) == 0) folder = folder.parent_path();
    // Another one has removed it meanwhile, with all that was in it: on the disk by that.
    if (!synced && synced.error().fault == Fault::not_found) return {};
    return synced;
}

Result<ListPage> list_objects(const fs::path& root, const List& list) {
    Walk walk{.root = root, .list = list};
    walk.folder(root, "");
    if (walk.error) return std::unexpected(*std::move(walk.error));
    return std::move(walk.page);
}

void remove_old_drafts(const fs::path& root, fs::file_time_type before) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(root / drafts, error)) {
        std::error_code ignored;
        if (entry.last_write_time(ignored) < before && !ignored) fs::remove(entry.path(), ignored);
    }
}

}  // namespace storage
