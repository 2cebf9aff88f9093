#include "mail/rendered.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "mail/message_builder.h"
#include "mail/sha256_stream.h"
#include "mail/transfer_encoding.h"

namespace mail {

namespace {

// What one piece takes of a content: whole lines, 58 KiB when encoded.
constexpr std::size_t piece_bytes = base64_line_bytes * 768;

}  // namespace

RenderedMessage::RenderedMessage() = default;
RenderedMessage::~RenderedMessage() = default;
RenderedMessage::RenderedMessage(RenderedMessage&&) noexcept = default;
RenderedMessage& RenderedMessage::operator=(RenderedMessage&&) noexcept = default;

std::uint64_t RenderedMessage::size() const {
    std::uint64_t total = 0;
    for (const Part& part : parts_) {
        const std::uint64_t bytes = part.stream ? part.stream->size : part.bytes.size();
        total += part.is_encoded ? base64_lines_size(bytes) : bytes;
    }
    return total;
}

void RenderedMessage::rewind() {
    part_ = 0;
    offset_ = 0;
    reader_.reset();
    digest_.reset();
    has_failed_ = false;
}

async::Task<std::string_view> RenderedMessage::next() {
    if (has_failed_) throw SourceFailed("mail: a content could not be read; rewind() before another attempt");
    while (part_ < parts_.size()) {
        std::string_view piece;
        if (parts_[part_].stream) {
            // Stays so when the reading throws.
            has_failed_ = true;
            piece = co_await next_of_stream();
            has_failed_ = false;
        } else {
            piece = next_in_memory();
        }
        if (!piece.empty()) co_return piece;
    }
    co_return std::string_view();
}

std::string_view RenderedMessage::next_in_memory() {
    const Part& part = parts_[part_];
    const std::string_view rest = std::string_view(part.bytes).substr(offset_);
    if (!part.is_encoded || rest.size() <= piece_bytes) {
        ++part_;
        offset_ = 0;
    } else {
        offset_ += piece_bytes;
    }
    if (!part.is_encoded) return rest;
    piece_.clear();
    append_base64_lines(piece_, rest.substr(0, piece_bytes));
    return piece_;
}

async::Task<std::string_view> RenderedMessage::next_of_stream() {
    const Part& part = parts_[part_];
    if (!reader_) {
        reader_ = part.stream->open();
        digest_ = std::make_unique<Sha256Stream>();
    }
    raw_.resize(piece_bytes);
    std::size_t filled = 0;
    bool has_ended = false;
    while (filled < raw_.size() && !has_ended) {
        const std::size_t count = co_await reader_->read(std::span(raw_).subspan(filled));
        has_ended = count == 0;
        filled += count;
    }
    offset_ += filled;
    const std::string_view bytes = std::string_view(raw_).substr(0, filled);
    digest_->add(bytes);
    if (offset_ > part.stream->size || (has_ended && offset_ != part.stream->size)) {
        throw SourceFailed("mail: the content of " + part.filename + " was to have " +
                           std::to_string(part.stream->size) + " bytes, and " +
                           (has_ended ? "ended after " : "has at least ") + std::to_string(offset_));
    }
    if (has_ended) end_stream();
    piece_.clear();
    append_base64_lines(piece_, bytes);
    co_return piece_;
}

void RenderedMessage::end_stream() {
    Part& part = parts_[part_];
    const base::Digest256 digest = digest_->finish();
    if (part.signed_digest && *part.signed_digest != digest) {
        throw SourceFailed("mail: the content of " + part.filename + " has changed since it was signed");
    }
    if (is_signing_) part.signed_digest = digest;
    reader_.reset();
    digest_.reset();
    ++part_;
    offset_ = 0;
}

async::Task<> RenderedMessage::sign(const std::vector<DkimKey>* keys) {
    const std::string first = parts_.front().bytes;
    const std::size_t body = first.find("\r\n\r\n") + 4;
    DkimBodyHash hash;
    is_signing_ = true;
    for (bool is_first = true;; is_first = false) {
        const std::string_view piece = co_await next();
        if (piece.empty()) break;
        hash.add(is_first ? piece.substr(body) : piece);
    }
    is_signing_ = false;
    const base::Digest256 body_hash = hash.finish();
    std::string signatures;
    for (const DkimKey& key : *keys) signatures += key.signature_header(first.substr(0, body - 2), body_hash);
    parts_.insert(parts_.begin(), {.bytes = std::move(signatures)});
    rewind();
}

async::Task<RenderedMessage> render(Message message, std::vector<DkimKey> keys) {
    RenderedMessage rendered;
    rendered.parts_ = MessageBuilder(std::move(message)).build();
    if (!keys.empty()) co_await rendered.sign(&keys);
    co_return std::move(rendered);
}

}  // namespace mail
