#include "storage/open_store.h"

#include <stdexcept>
#include <utility>
#include <variant>

#include "storage/cloudinary_store.h"
#include "storage/local_store.h"
#include "storage/s3_store.h"
#include "storage/storage_url.h"

namespace storage {

namespace {

using Opened = std::unique_ptr<Store>;

struct Open {
    StoreParts& parts;
    const std::string& public_endpoint;
    LocalUrls::Options urls;

    Opened operator()(const DirectoryUrl& url) const {
        return std::make_unique<LocalStore>(
            LocalParts{
                .loop = parts.loop, .pool = parts.pool, .clock = parts.clock, .random = parts.random, .urls = urls},
            url.directory);
    }
    Opened operator()(const S3Url& url) const {
        auto aborts_failed = parts.metrics.counter("storage_aborts_failed_total",
                                                   "Uploads in parts that could not be aborted; they cost money.");
        return std::make_unique<S3Store>(S3Parts{.loop = parts.loop,
                                                 .http = parts.http,
                                                 .clock = parts.clock,
                                                 .random = parts.random,
                                                 .logger = parts.logger,
                                                 .aborts_failed = aborts_failed,
                                                 .hooks = std::move(parts.hooks)},
                                         url, public_endpoint);
    }
    Opened operator()(const CloudinaryUrl& url) const {
        return std::make_unique<CloudinaryStore>(
            CloudinaryStore::Parts{.http = parts.http, .clock = parts.clock, .random = parts.random}, url);
    }
};

StorageUrl read_url(const Settings& settings) {
    auto read = parse_storage_url(settings.url_or_default());
    if (!read) throw std::invalid_argument("storage: " + read.error());
    return *std::move(read);
}

std::string read_endpoint(const Settings& settings) {
    if (settings.public_endpoint.empty()) return {};
    auto read = parse_origin(settings.public_endpoint);
    if (!read) throw std::invalid_argument("storage: " + read.error());
    return *std::move(read);
}

}  // namespace

Opened open_store(const Settings& settings, StoreParts parts) {
    const auto endpoint = read_endpoint(settings);
    const LocalUrls::Options urls{.base_url = (endpoint.empty() ? parts.own_url : endpoint) + parts.local_path,
                                  .secret = parts.secret};
    return std::visit(Open{.parts = parts, .public_endpoint = endpoint, .urls = urls}, read_url(settings));
}

std::optional<LocalUrls> local_urls(const Settings& settings, const std::string& own_url, const std::string& local_path,
                                    const std::string& secret) {
    if (!std::holds_alternative<DirectoryUrl>(read_url(settings))) return std::nullopt;
    const auto endpoint = read_endpoint(settings);
    return LocalUrls({.base_url = (endpoint.empty() ? own_url : endpoint) + local_path, .secret = secret});
}

}  // namespace storage
