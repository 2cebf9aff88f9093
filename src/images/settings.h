#pragma once
// How large pictures may be, and what the processes that read them may use.
//
//     .settings = app::settings<images::Settings, check_images>()           // of the module that makes the Images

#include <cstdint>
#include <string>

#include "schema/schema.h"

namespace images {

struct Settings {
    std::int64_t max_bytes = 20'000'000;
    std::int64_t max_pixels = 52'000'000;  // a phone's "50 megapixels" are 8160 × 6144
    std::int32_t processes = 2;
    std::int32_t queue = 32;
    std::int64_t queue_bytes = 64'000'000;
    std::int32_t deadline_ms = 10'000;
    std::int32_t wait_ms = 20'000;
    std::int32_t memory_mb = 512;
    std::int32_t pictures_per_process = 500;
    std::int32_t process_mb = 128;
    std::string decoder;

    friend constexpr auto describe(Settings*) {
        using schema::field;
        return schema::object<Settings>(
            "ImagesSettings",
            field<&Settings::max_bytes>(
                "IMAGES_MAX_BYTES",
                {.min = 1'000, .max = 200'000'000, .defaulted = true, .doc = "Bytes of a picture's file."}),
            field<&Settings::max_pixels>(
                "IMAGES_MAX_PIXELS",
                {.min = 10'000,
                 .max = 400'000'000,
                 .defaulted = true,
                 .doc = "Width × height of a picture. More of them want more IMAGES_MEMORY_MB: 8 bytes each."}),
            field<&Settings::processes>(
                "IMAGES_PROCESSES", {.min = 1,
                                     .max = 64,
                                     .defaulted = true,
                                     .doc = "Pictures that each thread of the server has in work at once, each in a "
                                            "process of its own. They start with the first picture, and end when "
                                            "there is none for a minute."}),
            field<&Settings::queue>("IMAGES_QUEUE",
                                    {.min = 0,
                                     .max = 10'000,
                                     .defaulted = true,
                                     .doc = "Pictures that wait for one of them, of each thread. Above: "
                                            "503 and Retry-After."}),
            field<&Settings::queue_bytes>(
                "IMAGES_QUEUE_BYTES",
                {.min = 0, .max = 10'000'000'000, .defaulted = true, .doc = "Bytes in memory of those that wait."}),
            field<&Settings::wait_ms>(
                "IMAGES_WAIT_MS",
                {.min = 1, .max = 600'000, .defaulted = true, .doc = "How long a picture waits before it is a 503."}),
            field<&Settings::deadline_ms>(
                "IMAGES_DEADLINE_MS",
                {.min = 100,
                 .max = 600'000,
                 .defaulted = true,
                 .doc = "How long the work on a picture may take; then its process is killed, and the picture is "
                        "unreadable."}),
            field<&Settings::memory_mb>("IMAGES_MEMORY_MB",
                                        {.min = 64,
                                         .max = 16'384,
                                         .defaulted = true,
                                         .doc = "Memory that a process may ask for while it works on a picture."}),
            field<&Settings::pictures_per_process>("IMAGES_PICTURES_PER_PROCESS",
                                                   {.min = 1,
                                                    .max = 1'000'000,
                                                    .defaulted = true,
                                                    .doc = "After so many pictures a process is replaced."}),
            field<&Settings::process_mb>(
                "IMAGES_PROCESS_MB", {.min = 16,
                                      .max = 16'384,
                                      .defaulted = true,
                                      .doc = "A process that has more memory than this after a picture is replaced."}),
            field<&Settings::decoder>("IMAGES_DECODER",
                                      {.max_length = 4096,
                                       .defaulted = true,
                                       .doc = "The program whose command `image-decoder` reads pictures. Not set: this "
                                              "program itself."}));
    }
};

// Whether a process may have the memory that the largest picture needs. Of the module that has the settings:
//
//     void check_images(const images::Settings& settings, const app::Settings&, schema::Issues& issues) {
//         images::check(settings, issues);
//     }
void check(const Settings& settings, schema::Issues& issues);

}  // namespace images
