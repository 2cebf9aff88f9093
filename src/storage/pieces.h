#pragma once
// Pieces: what a Put's source gives, counted, hashed and held to what was said of it. Inside the library.
//
//     Pieces pieces(std::move(put));
//     while (auto fault = co_await pieces.fill(part_bytes)) …         // more than part_bytes are there, or the source has ended
//     pieces.take(part_bytes);

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "async/loop.h"
#include "async/task.h"
#include "storage/digests.h"
#include "storage/storage.h"

namespace storage {

// What is wrong with a put's or a copy's words before anything is read. nullopt: nothing.
[[nodiscard]] std::optional<Error> put_fault(const Put& put);
[[nodiscard]] std::optional<Error> copy_fault(const Copy& copy);
// Of a signed URL.
[[nodiscard]] std::optional<Error> lifetime_fault(std::string_view key, std::chrono::seconds lifetime);
// Printable ASCII of at most 500 bytes: what may stand in a header that is signed.
[[nodiscard]] bool is_header_text(std::string_view text);

class Pieces {
public:
    // `put` outlives it.
    explicit Pieces(Put* put) : put_(put) {}

    // Until more than `count` bytes are there or the source has ended. An error is what the source gave against its word.
    [[nodiscard]] async::Task<std::optional<Error>> fill(std::size_t count, async::SteadyTime deadline);
    // At most `count` of those that are there.
    [[nodiscard]] std::string take(std::size_t count);
    [[nodiscard]] std::size_t waiting() const noexcept { return buffer_.size(); }
    [[nodiscard]] bool has_ended() const noexcept { return has_ended_; }
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
    // Of all, once it has ended.
    [[nodiscard]] const base::Digest256& sha256() const noexcept { return sha256_; }

private:
    [[nodiscard]] std::optional<Error> take_in(std::string piece);

    Put* put_;
    std::string buffer_;
    std::uint64_t size_ = 0;
    Sha256Stream hash_;
    base::Digest256 sha256_{};
    bool has_ended_ = false;
};

}  // namespace storage
