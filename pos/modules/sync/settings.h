#pragma once
// Settings of sync, by their names in the environment.

#include <cstdint>
#include <string>

#include "schema/schema.h"

namespace pos {

struct SyncSettings {
    std::int32_t waiters = 2'000;
    std::int32_t tenant_waiters = 200;
    std::string spool_directory = "/tmp";
    std::int32_t spool_mb = 512;
    std::int32_t snapshot_mb = 256;

    friend constexpr auto describe(SyncSettings*) {
        using schema::field;
        return schema::object<SyncSettings>(
            "SyncSettings",
            field<&SyncSettings::waiters>("SYNC_WAITERS",
                                          {.min = 1,
                                           .max = 100'000,
                                           .defaulted = true,
                                           .doc = "How many requests and event streams of this process may wait for "
                                                  "changes. Beyond it: 429."}),
            field<&SyncSettings::tenant_waiters>(
                "SYNC_TENANT_WAITERS",
                {.min = 1, .max = 100'000, .defaulted = true, .doc = "The same, of one tenant."}),
            field<&SyncSettings::spool_directory>(
                "SYNC_SPOOL_DIRECTORY",
                {.min_length = 1,
                 .defaulted = true,
                 .doc =
                     "Where snapshots are kept for 30 minutes, as files without a name. They end with the process."}),
            field<&SyncSettings::spool_mb>(
                "SYNC_SPOOL_MB",
                {.min = 1, .max = 1'000'000, .defaulted = true, .doc = "MiB of all snapshots that are kept."}),
            field<&SyncSettings::snapshot_mb>(
                "SYNC_SNAPSHOT_MB",
                {.min = 1, .max = 100'000, .defaulted = true, .doc = "MiB of one snapshot, before compression."}));
    }
};

}  // namespace pos
