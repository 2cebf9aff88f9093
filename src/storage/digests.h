#pragma once
// Digests of what comes piece by piece. Internal.

#include <memory>
#include <string>
#include <string_view>

#include "base/hash.h"

namespace storage {

class Sha256Stream {
public:
    Sha256Stream();
    ~Sha256Stream();
    Sha256Stream(Sha256Stream&&) noexcept;
    Sha256Stream& operator=(Sha256Stream&&) noexcept;

    void add(std::string_view bytes);
    // Once.
    [[nodiscard]] base::Digest256 finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

// What S3 makes the ETag of a multipart upload of: no proof of anything.
[[nodiscard]] std::string md5_hex(std::string_view bytes);

// What Cloudinary signs with: 20 bytes.
[[nodiscard]] std::string sha1(std::string_view bytes);

[[nodiscard]] std::string hex_of(const base::Digest256& digest);
[[nodiscard]] bool parse_hex(std::string_view text, base::Digest256& into);

}  // namespace storage
