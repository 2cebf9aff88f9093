#pragma once
// One content coding being undone, for body_decoding.cpp; zlib and brotli stay in inflate.cpp. One thread, one body.
//
//     auto inflate = http::make_inflate(*http::body_coding("gzip"));     // nullopt: not a coding we know
//     const auto result = inflate->decode(input, output);           // input shrinks by what was read
//
// A failure is final: one that has failed fails again, and has never finished.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace http {

class Inflate {
public:
    enum class Result : std::uint8_t { progressed, failed };

    virtual ~Inflate() = default;
    // Decodes until `output` is full or `input` is used up. Bytes after the end of the coding are a failure.
    [[nodiscard]] Result decode(std::string_view& input, std::span<char> output) {
        if (!failed_ && decode_some(input, output) == Result::failed) failed_ = true;
        return failed_ ? Result::failed : Result::progressed;
    }
    // Of the last output: bytes not filled.
    [[nodiscard]] std::size_t room() const { return room_; }
    // What was read so far ends where the coding ends.
    [[nodiscard]] bool is_finished() const { return !failed_ && is_at_end(); }
    // Bytes that it has allocated.
    [[nodiscard]] virtual std::size_t memory() const = 0;

protected:
    std::size_t room_ = 0;

private:
    [[nodiscard]] virtual Result decode_some(std::string_view& input, std::span<char> output) = 0;
    [[nodiscard]] virtual bool is_at_end() const = 0;

    bool failed_ = false;
};

enum class BodyCoding : std::uint8_t { gzip, deflate, br };
[[nodiscard]] std::optional<BodyCoding> body_coding(std::string_view name);
[[nodiscard]] std::unique_ptr<Inflate> make_inflate(BodyCoding coding);

}  // namespace http
