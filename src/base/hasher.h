#pragma once
// A digest of bytes that come piece by piece; of bytes that are there, base/hash.h. One thread.
//
//     base::Hasher hasher(base::Hasher::Algorithm::sha512);
//     while (…) hasher.add(piece);
//     const std::string digest = hasher.finish();            // bytes; nothing may be added behind it

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace base {

class Hasher {
public:
    // sha1 proves nothing against an adversary: for protocols that ask for it, against faults of the line.
    enum class Algorithm : std::uint8_t { sha1, sha256, sha512 };

    explicit Hasher(Algorithm algorithm);
    ~Hasher();
    Hasher(Hasher&& other) noexcept;
    Hasher& operator=(Hasher&& other) noexcept;

    void add(std::string_view bytes);
    [[nodiscard]] std::string finish();

    // Of a digest, in bytes.
    [[nodiscard]] static std::size_t size_of(Algorithm algorithm);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace base
