#pragma once
// The store that the settings name. One a loop.
//
//     auto store = storage::open_store(settings, {.loop = loop, .pool = pool, .http = http, .metrics = metrics, …});
//
// Of a directory, `local_urls()` checks the URLs that it signs: pos' route serves them.

#include <memory>
#include <optional>
#include <string>

#include "async/blocking_pool.h"
#include "async/loop.h"
#include "base/random.h"
#include "base/time.h"
#include "client/client.h"
#include "log/logger.h"
#include "observe/metrics.h"
#include "storage/local_urls.h"
#include "storage/settings.h"
#include "storage/storage.h"

namespace storage {

struct StoreParts {
    async::Loop& loop;
    async::BlockingPool& pool;
    client::Client& http;
    base::RandomSource& random;
    observe::Metrics& metrics;
    logging::Logger logger{};
    const base::Clock& clock = base::system_clock();
    UploadHooks hooks{};
    // Of a directory: what its signed URLs begin with, own_url + local_path ("https://api.example.com" + "/v1/storage"), and the
    // service's
    // secret. STORAGE_PUBLIC_ENDPOINT stands in place of own_url.
    std::string own_url{};
    std::string local_path = "/v1/storage";
    std::string secret{};
};

// Throws std::invalid_argument for settings that check() would not have let through.
[[nodiscard]] std::unique_ptr<Store> open_store(const Settings& settings, StoreParts parts);

// Of a store that is a directory, without opening it: nullopt when it is something else.
[[nodiscard]] std::optional<LocalUrls> local_urls(const Settings& settings, const std::string& own_url,
                                                  const std::string& local_path, const std::string& secret);

}  // namespace storage
