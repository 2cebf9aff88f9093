// Pictures as a stranger makes them: what their heads say is possible, also of any part of them, and nothing is read beyond the
// end. The decoders behind it are fuzzed by those who keep them, and run in a process that can only compute.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "images/header.h"
#include "images/protocol.h"
#include "images/render_picture.h"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void check(std::string_view bytes) {
    const auto type = images::sniff(bytes);
    const auto header = images::read_header(bytes);
    if (!type) return require(!header && header.error() == images::HeaderError::unsupported);
    if (!header) return require(header.error() == images::HeaderError::damaged);
    require(header->type == *type && header->width > 0 && header->height > 0 && header->frames > 0);
    require(header->orientation >= 1 && header->orientation <= 8);
    require(header->pixels() >= header->width && header->pixels() >= header->height);
    require(images::other_kind(bytes).size() < 64);
    const auto& frame = header->first_frame;
    require(frame.offset + frame.size <= bytes.size());
    require(frame.size == 0 || (frame.x + frame.width <= header->width && frame.y + frame.height <= header->height));
    const auto status = images::judge_header(header, 1'000'000);
    require(status == images::Status::rendered || status == images::Status::too_large);
    require(status == images::Status::too_large || header->pixels() <= 1'000'000);
}

// A decoder that was taken over says what it likes.
void check_reply(std::string_view bytes) {
    images::Reply reply;
    if (bytes.size() < sizeof reply) return;
    bytes.copy(reinterpret_cast<char*>(&reply), sizeof reply);
    images::Request request{.max_pixels = 1'000'000};
    request.plan = {
        .side_count = 2, .is_webp = 1, .is_jpeg = 1, .webp_quality = 80, .jpeg_quality = 80, .sides = {96, 320}};
    if (!images::reply_fault(reply, request).empty() || reply.status != images::Status::rendered) return;
    require(reply.count == 4 && reply.bytes() < 4'000'000);
    static_cast<void>(images::is_rendition(reply.entries[0], bytes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    check(bytes);
    check(bytes.substr(0, size / 2));
    check_reply(bytes);
    const auto orientation = images::orientation_of(bytes);
    require(orientation >= 1 && orientation <= 8);
    return 0;
}
