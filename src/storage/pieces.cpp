#include "storage/pieces.h"

#include <algorithm>

#include <fmt/format.h>

namespace storage {

namespace {

constexpr std::size_t most_header_bytes = 500;

std::optional<Error> bad_value(std::string_view what) {
    return Error{.fault = Fault::bad_value, .detail = fmt::format("{} has a form that no header has", what)};
}

std::optional<Error> header_fault(std::string_view type, std::string_view cache, std::string_view disposition) {
    if (!is_header_text(type) || type.empty()) return bad_value("the content type");
    if (!is_header_text(cache)) return bad_value("the cache control");
    if (!is_header_text(disposition)) return bad_value("the content disposition");
    return std::nullopt;
}

std::optional<Error> bad_key(std::string_view key) {
    const auto fault = key_fault(key);
    if (fault.empty()) return std::nullopt;
    return Error{.fault = Fault::bad_key, .detail = std::string(fault)};
}

}  // namespace

bool is_header_text(std::string_view text) {
    return text.size() <= most_header_bytes && std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7F; }) &&
           !text.starts_with(' ') && !text.ends_with(' ');
}

std::optional<Error> put_fault(const Put& put) {
    if (auto fault = bad_key(put.key)) return fault;
    if (put.length && *put.length > put.max_bytes) return Error{.fault = Fault::too_large, .detail = "by its length"};
    return header_fault(put.content_type, put.cache_control, put.content_disposition);
}

std::optional<Error> copy_fault(const Copy& copy) {
    if (auto fault = bad_key(copy.from)) return fault;
    if (auto fault = bad_key(copy.to)) return fault;
    return header_fault(copy.content_type.value_or("x/y"), copy.cache_control, copy.content_disposition);
}

std::optional<Error> lifetime_fault(std::string_view key, std::chrono::seconds lifetime) {
    if (auto fault = bad_key(key)) return fault;
    if (lifetime.count() >= 1 && lifetime <= longest_lifetime) return std::nullopt;
    return Error{.fault = Fault::bad_value, .detail = "a URL lives from a second to seven days"};
}

async::Task<std::optional<Error>> Pieces::fill(std::size_t count, async::SteadyTime deadline) {
    while (!has_ended_ && buffer_.size() <= count) {
        if (async::Loop::now() >= deadline)
            co_return Error{.fault = Fault::unavailable, .detail = "the source did not end in time"};
        auto piece = co_await put_->source();
        if (auto fault = take_in(std::move(piece))) co_return fault;
    }
    co_return std::nullopt;
}

std::optional<Error> Pieces::take_in(std::string piece) {
    size_ += piece.size();
    if (size_ > put_->max_bytes)
        return Error{.fault = Fault::too_large, .detail = fmt::format("more than {} bytes", put_->max_bytes)};
    if (put_->length && (size_ > *put_->length || (piece.empty() && size_ < *put_->length)))
        return Error{.fault = Fault::wrong_length,
                     .detail = fmt::format("{} bytes instead of {}", size_, *put_->length)};
    if (!piece.empty()) {
        hash_.add(piece);
        buffer_.append(piece);
        return std::nullopt;
    }
    has_ended_ = true;
    sha256_ = hash_.finish();
    if (put_->sha256 && *put_->sha256 != sha256_)
        return Error{.fault = Fault::wrong_hash, .detail = "the bytes have another SHA-256"};
    return std::nullopt;
}

std::string Pieces::take(std::size_t count) {
    if (count >= buffer_.size()) return std::exchange(buffer_, {});
    auto taken = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return taken;
}

}  // namespace storage
