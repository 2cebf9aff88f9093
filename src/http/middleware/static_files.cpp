#include "http/middleware/static_files.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>

#include "async/blocking_pool.h"
#include "base/hash.h"
#include "base/strings.h"
#include "http/context.h"
#include "http/errors.h"
#include "http/middleware/byte_range.h"
#include "http/middleware/compression.h"
#include "http/middleware/file_reader.h"
#include "http/middleware/file_stream.h"

namespace http {

namespace {

// A coding's neighbour of a file: app.js.br.
struct Neighbour {
    Coding coding;
    std::string_view suffix;
};
constexpr std::array<Neighbour, 2> neighbours{{{Coding::br, ".br"}, {Coding::gzip, ".gz"}}};

// What one path and one Accept-Encoding lead to.
struct Representation {
    std::string etag;
    std::string last_modified = {};
    std::uint64_t size = 0;
    std::optional<Coding> coding = std::nullopt;
};

std::string coded_etag(std::string_view id, std::optional<Coding> coding) {
    auto etag = std::string("\"").append(id);
    if (coding) etag.append("-").append(to_string(*coding));
    return etag += '"';
}

// ---- Answering -----------------------------------------------------------------------------------------------------

void set_headers(Headers& headers, const Representation& file, std::string_view cache_control) {
    headers.set("ETag", file.etag);
    if (!file.last_modified.empty()) headers.set("Last-Modified", file.last_modified);
    headers.set("Cache-Control", cache_control);
    headers.set("X-Content-Type-Options", "nosniff");
    headers.vary("Accept-Encoding");
}

// The bytes to send; nullopt: none, the client has them.
std::optional<ByteRange> begin_reply(Context& context, const Representation& file, std::string_view content_type) {
    const auto range = begin_file(context, {file.etag, file.last_modified, file.size});
    if (!range) return range;
    context.response().content_type(content_type);
    if (file.coding) context.response().header("Content-Encoding", to_string(*file.coding));
    return range;
}

// The codings to look for, best first; a range is of the file itself.
std::optional<Coding> wanted_coding(const Request& request, const std::vector<Coding>& available) {
    if (request.header("range") || !request.headers().get(KnownHeader::accept_encoding)) return std::nullopt;
    return negotiate_coding(request.headers().joined("accept-encoding"), available);
}

// ---- From a directory ----------------------------------------------------------------------------------------------

struct Loaded {
    FileReader::Kind kind = FileReader::Kind::missing;
    Representation file = {};
    base::Descriptor descriptor = base::Descriptor();
    std::string bytes = {};  // the whole file, when it is small
};

// On the pool.
Loaded load(const FileReader& reader, const std::string& path, std::optional<Coding> coding) {
    auto found = reader.open(path);
    Loaded loaded{.kind = found.kind};
    if (found.kind != FileReader::Kind::file) return loaded;
    const auto id = found.tag();
    loaded.file.last_modified = found.last_modified();
    for (const auto& neighbour : neighbours) {
        if (coding != neighbour.coding) continue;
        auto packed = reader.open(path + std::string(neighbour.suffix));
        // One older than its original is left over from before an edit.
        if (packed.kind != FileReader::Kind::file || packed.modified_ns < found.modified_ns) continue;
        loaded.file.coding = coding;
        found = std::move(packed);
    }
    loaded.file.etag = coded_etag(id, loaded.file.coding);
    loaded.file.size = found.size;
    if (found.size <= FileStream::piece_bytes) {
        loaded.bytes = FileReader::read_at(found.descriptor, 0, found.size);
        // It shrank meanwhile: what was read is what there is.
        loaded.file.size = loaded.bytes.size();
    }
    loaded.descriptor = std::move(found.descriptor);
    return loaded;
}

class DirectoryFiles {
public:
    DirectoryFiles(const std::string& directory, async::BlockingPool* pool, bool precompressed)
        : reader_(directory), pool_(pool) {
        if (pool == nullptr) throw std::invalid_argument("static files: a directory needs a pool to read it on");
        if (precompressed) available_ = {Coding::br, Coding::gzip};
    }

    // lint: allow(reference-parameter) owned by the chain
    async::Task<FileReader::Kind> serve(Context& context, std::string path, std::string_view cache_control) const {
        const auto coding = wanted_coding(context.request(), available_);
        auto loaded = co_await async::offload(context.loop(), *pool_,
                                              [this, path, coding] { return load(reader_, path, coding); });
        if (loaded.kind != FileReader::Kind::file) co_return loaded.kind;
        auto& response = context.response();
        const auto range = begin_reply(context, loaded.file, content_type_of(path));
        set_headers(response.headers(), loaded.file, cache_control);
        if (!range) co_return loaded.kind;
        if (loaded.file.size <= FileStream::piece_bytes) {
            response.body(range->length == loaded.bytes.size() ? std::move(loaded.bytes)
                                                               : loaded.bytes.substr(range->first, range->length));
        } else {
            response.stream(FileStream(&context.loop(), pool_, std::move(loaded.descriptor), *range), range->length);
        }
        co_return loaded.kind;
    }

private:
    FileReader reader_;
    async::BlockingPool* pool_;
    std::vector<Coding> available_;
};

// ---- From the binary -----------------------------------------------------------------------------------------------

class EmbeddedFiles {
public:
    EmbeddedFiles(const std::vector<EmbeddedAsset>& assets, bool precompressed) {
        for (const auto& asset : assets) {
            const auto digest = base::sha256(asset.bytes);
            Entry entry{.asset = asset,
                        .id = base::base64url_encode(base::as_chars(std::span(digest).first(12))),
                        .available = {}};
            if (precompressed && !asset.br.empty()) entry.available.push_back(Coding::br);
            if (precompressed && !asset.gzip.empty()) entry.available.push_back(Coding::gzip);
            entries_.emplace(asset.path, std::move(entry));
        }
    }

    [[nodiscard]] FileReader::Kind serve(Context& context, const std::string& path,
                                         std::string_view cache_control) const {
        const auto found = entries_.find(path);
        if (found == entries_.end()) return has_below(path) ? FileReader::Kind::directory : FileReader::Kind::missing;
        const auto& entry = found->second;
        const auto coding = wanted_coding(context.request(), entry.available);
        const auto bytes = coding == Coding::br     ? entry.asset.br
                           : coding == Coding::gzip ? entry.asset.gzip
                                                    : entry.asset.bytes;
        const Representation file{.etag = coded_etag(entry.id, coding), .size = bytes.size(), .coding = coding};
        const auto range = begin_reply(context, file, content_type_of(path));
        set_headers(context.response().headers(), file, cache_control);
        if (range) context.response().static_body(bytes.substr(range->first, range->length));
        return FileReader::Kind::file;
    }

private:
    struct Entry {
        EmbeddedAsset asset;
        std::string id;
        std::vector<Coding> available;
    };

    [[nodiscard]] bool has_below(const std::string& path) const {
        const auto folder = path.empty() ? path : path + "/";
        const auto next = entries_.lower_bound(folder);
        return next != entries_.end() && next->first.starts_with(folder);
    }

    std::map<std::string, Entry, std::less<>> entries_;
};

// ---- Paths ---------------------------------------------------------------------------------------------------------

std::string cache_control_of(const StaticFilesOptions& options) {
    return "public, max-age=" + std::to_string(options.max_age_seconds) + (options.immutable ? ", immutable" : "");
}

// The request parser has refused "..", NUL and encoded slashes; dotfiles are ours to hide.
bool is_public(std::string_view path) {
    const auto names = base::split(path, '/');
    return std::ranges::none_of(names, [](std::string_view name) { return name.empty() || name[0] == '.'; });
}

class StaticFiles {
public:
    explicit StaticFiles(StaticFilesOptions options)
        : options_(std::move(options)), cache_control_(cache_control_of(options_)) {
        while (options_.prefix.ends_with('/')) options_.prefix.pop_back();
        if (!options_.directory.empty()) {
            directory_ = std::make_unique<DirectoryFiles>(options_.directory, options_.pool, options_.precompressed);
        } else {
            embedded_ = std::make_unique<EmbeddedFiles>(options_.assets, options_.precompressed);
        }
    }

    // True when it has answered.
    async::Task<bool> serve(Context& context) const {
        const auto& request = context.request();
        if (request.method() != Method::get && request.method() != Method::head) co_return false;
        const auto requested = path_below_prefix(request.path());
        if (!requested) co_return false;
        const bool wants_index = requested->empty() || requested->ends_with('/');
        if (wants_index && options_.index.empty()) co_return false;
        // "/docs" is "/docs/" without its slash, the links of its page would lead astray.
        const bool lacks_slash = requested->empty() && !request.path().ends_with('/');
        const auto path = std::string(*requested) + (wants_index ? options_.index : "");
        if (!is_public(path)) co_return false;
        if (lacks_slash) co_return redirect_to_folder(context);
        auto kind = FileReader::Kind::missing;
        if (directory_) {
            kind = co_await directory_->serve(context, path, cache_control_);
        } else {
            kind = embedded_->serve(context, path, cache_control_);
        }
        if (kind == FileReader::Kind::directory && !wants_index && !options_.index.empty())
            co_return redirect_to_folder(context);
        co_return kind == FileReader::Kind::file;
    }

private:
    [[nodiscard]] std::optional<std::string_view> path_below_prefix(std::string_view path) const {
        if (!path.starts_with(options_.prefix)) return std::nullopt;
        path.remove_prefix(options_.prefix.size());
        if (path.empty()) return path;
        return path[0] == '/' ? std::optional(path.substr(1)) : std::nullopt;
    }

    // Relative, so that it is right behind any proxy and can never name another host.
    static bool redirect_to_folder(Context& context) {
        const auto path = context.request().path();
        const auto name = path.substr(path.rfind('/') + 1);
        context.response()
            .status(301)
            .header("Location", base::percent_encode(name) + "/")
            .header("Cache-Control", "no-cache");
        return true;
    }

    StaticFilesOptions options_;
    std::string cache_control_;
    std::unique_ptr<DirectoryFiles> directory_;
    std::unique_ptr<EmbeddedFiles> embedded_;
};

struct StaticLink {
    std::shared_ptr<const StaticFiles> files;
    async::Task<void> operator()(Context& context, Next next) const {
        if (!co_await files->serve(context)) co_await next(context);
    }
};

struct StaticHandler {
    std::shared_ptr<const StaticFiles> files;
    async::Task<void> operator()(Context& context) const {
        if (!co_await files->serve(context)) throw base::Failure(errors::not_found);
    }
};

}  // namespace

Middleware static_files(StaticFilesOptions options) {
    return StaticLink{std::make_shared<const StaticFiles>(std::move(options))};
}
Handler static_handler(StaticFilesOptions options) {
    return StaticHandler{std::make_shared<const StaticFiles>(std::move(options))};
}

}  // namespace http
