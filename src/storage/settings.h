#pragma once
// Where files are kept, as the environment says it.
//
//     .settings = app::settings<storage::Settings, check_storage>()  // storage::check(settings, in_production, issues)
//     auto store = storage::open_store(settings, parts);                 // storage/open_store.h

#include <string>

#include "schema/schema.h"

namespace storage {

struct Settings {
    std::string url;
    std::string public_endpoint;

    friend constexpr auto describe(Settings*) {
        using schema::field;
        return schema::object<Settings>(
            "StorageSettings",
            field<&Settings::url>(
                "STORAGE_URL",
                {.max_length = 4'000,
                 .defaulted = true,
                 .write_only = true,
                 .doc = "Where uploaded files are kept: `file:///directory`, "
                        "`s3://KEY:SECRET@bucket?region=eu-west-1`, with `&endpoint=https://…` of any service that "
                        "speaks S3, or `cloudinary://KEY:SECRET@cloud`. Not set: the directory `.files` beside the "
                        "program; production refuses that."}),
            field<&Settings::public_endpoint>(
                "STORAGE_PUBLIC_ENDPOINT",
                {.max_length = 300,
                 .defaulted = true,
                 .doc = "The address at which browsers and apps reach the storage, `https://files.example.com`, where "
                        "it is not that of STORAGE_URL. Signed URLs are made for it; the service itself never calls "
                        "it. Of a directory: the service's own address."}));
    }

    // STORAGE_URL, or what stands for it outside of production.
    [[nodiscard]] std::string url_or_default() const { return url.empty() ? default_url() : url; }
    [[nodiscard]] static std::string default_url();
};

void check(const Settings& settings, bool in_production, schema::Issues& issues);

}  // namespace storage
