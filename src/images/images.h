#pragma once
// Images: untrusted pictures to renditions. Each picture is read and written anew in a process of its own, which may compute and
// nothing else (decoder.h); of the file nothing is left but pixels. One a loop, its thread. A service of the module lifecycle:
//
//     std::unique_ptr<images::Images> make_images(const images::Settings& settings, const app::LoopParts& parts) {
//         return std::make_unique<images::Images>(images::Images::Parts{parts.loop, parts.logger, parts.metrics, settings});
//     }
//
//     auto pictures = co_await images->render(std::move(bytes));
//     if (!pictures) throw images::failure(pictures.error());
//     for (const auto& rendition : pictures->renditions) { ... rendition.bytes, rendition.mime(), rendition.sha256 ... }
//
// main() hands the command `image-decoder` over before it does anything else: images/decoder.h. A test's main() does not: give it
// IMAGES_DECODER, the target image_decoder, or the first picture runs the tests once more.

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/loop.h"
#include "async/task.h"
#include "base/failure.h"
#include "base/hash.h"
#include "images/errors.h"
#include "images/header.h"
#include "images/settings.h"
#include "log/logger.h"
#include "observe/metrics.h"

namespace images {

enum class Format : std::uint8_t { webp, jpeg };

[[nodiscard]] std::string_view mime_of(Format format);       // "image/webp"
[[nodiscard]] std::string_view extension_of(Format format);  // "webp"

// One written picture: upright, without any metadata. WebP keeps transparency, JPEG has white below it.
struct Rendition {
    std::uint32_t longest_side;  // as asked for; a smaller picture keeps its size
    Format format;
    std::uint32_t width;
    std::uint32_t height;
    std::string bytes;
    base::Digest256 sha256;

    [[nodiscard]] std::string_view mime() const { return mime_of(format); }
};

struct Pictures {
    Type type;            // of the file that came: images/header.h
    std::uint32_t width;  // of it, upright
    std::uint32_t height;
    bool has_alpha;                     // some pixel is not opaque
    std::string colour;                 // "#rrggbb": the average, on white; a placeholder
    std::vector<Rendition> renditions;  // each side with each format, in the order asked for
};

struct RenderOptions {
    std::vector<std::uint32_t> sides{96, 320, 960};  // at most 8, each 1 to 4,096; never enlarged
    std::vector<Format> formats{Format::webp, Format::jpeg};
    int webp_quality = 80;  // 1 to 100
    int jpeg_quality = 82;
    std::string
        owner{};  // whose they are: owners take turns, and of all that wait, one's are half at most; "": nobody's
};

// `code` is one of errors.h; `detail` may be told to everybody.
struct ImageError {
    base::ErrorCode code;
    std::string detail;
    std::optional<std::int64_t> retry_after_ms{};
};

// Of bytes that are none of the four types: what they are, as far as it is known ("This is HEIC: send it as JPEG …").
[[nodiscard]] std::optional<ImageError> unsupported(std::string_view bytes);

// To throw: with its detail and Retry-After.
[[nodiscard]] base::Failure failure(const ImageError& error);

class Images {
public:
    struct Parts {
        async::Loop& loop;
        logging::Logger logger;
        observe::Metrics& metrics;
        Settings settings{};
    };

    explicit Images(Parts parts);
    // stop() first.
    ~Images();
    Images(const Images&) = delete;
    Images& operator=(const Images&) = delete;

    // The file in memory. Never throws for what is in it.
    [[nodiscard]] async::Task<std::expected<Pictures, ImageError>> render(std::string bytes,
                                                                          RenderOptions options = {});
    // A regular file that is open for reading; read from its begin, wherever its position is, by the decoder alone: nothing of
    // it comes into this process. The descriptor is the caller's, and may be closed as soon as this has returned its task's
    // result.
    [[nodiscard]] async::Task<std::expected<Pictures, ImageError>> render_file(int descriptor,
                                                                               RenderOptions options = {});

    // Says in the log why pictures cannot be read here, if so; does not fail.
    [[nodiscard]] async::Task<void> start();
    // New pictures are refused; those in work have until then, and their processes are ended.
    [[nodiscard]] async::Task<void> stop(async::SteadyTime deadline);
    // Why pictures cannot be read here (no seccomp, no program), as far as is known; for a health check.
    [[nodiscard]] std::optional<std::string> fault() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace images
