#include "http/middleware/body_decoding.h"

#include <memory>
#include <optional>

#include "base/strings.h"
#include "http/context.h"
#include "http/middleware/errors.h"
#include "http/middleware/inflate.h"

namespace http {

namespace {

constexpr std::size_t piece_bytes = std::size_t{32} * 1024;

class DecodingBody final : public BodySource {
public:
    DecodingBody(Request& request, BodyCoding coding, const BodyDecodingOptions& options)
        : request_(request), encoded_(*request.body_source()), coding_(coding), options_(options) {}

    async::Task<std::optional<std::string_view>> read_some() override {
        if (!inflate_) begin();
        while (true) {
            const auto step = inflate_->decode(input_, {output_.get(), piece_bytes});
            if (step == Inflate::Result::failed) throw base::Failure(errors::encoding_malformed);
            count_memory();
            const auto produced = piece_bytes - inflate_->room();
            decoded_bytes_ += produced;
            check_ratio();
            if (produced > 0) co_return std::string_view(output_.get(), produced);
            if (input_.empty() && !co_await refill()) co_return std::nullopt;
        }
    }

private:
    // Not before somebody reads, whom the links before have let through.
    void begin() {
        request_.hold_body_memory(piece_bytes);
        output_ = std::make_unique_for_overwrite<char[]>(piece_bytes);
        inflate_ = make_inflate(coding_);
        count_memory();
    }
    void count_memory() {
        const auto memory = inflate_->memory();
        if (memory <= counted_) return;
        request_.hold_body_memory(memory - counted_);
        counted_ = memory;
    }

    // False at the end of the encoded body, which must be the end of what it encodes.
    async::Task<bool> refill() {
        const auto piece = co_await encoded_.read_some();
        if (!piece) {
            if (!inflate_->is_finished())
                throw base::Failure(errors::encoding_malformed, "the body ends before its encoding does");
            co_return false;
        }
        input_ = *piece;
        encoded_bytes_ += piece->size();
        // Else a body of empty blocks could be sent for ever.
        if (encoded_bytes_ > request_.body_limit())
            throw base::Failure(errors::compression_ratio, "the encoded body alone is above the limit");
        co_return true;
    }

    void check_ratio() const {
        if (decoded_bytes_ <= options_.ratio_floor || decoded_bytes_ / options_.max_ratio <= encoded_bytes_) return;
        throw base::Failure(errors::compression_ratio);
    }

    Request& request_;
    BodySource& encoded_;
    BodyCoding coding_;
    std::unique_ptr<Inflate> inflate_;
    std::size_t counted_ = 0;
    BodyDecodingOptions options_;
    std::uint64_t encoded_bytes_ = 0;
    std::uint64_t decoded_bytes_ = 0;
    std::string_view input_;
    std::unique_ptr<char[]> output_;
};

// Who reads no body is not asked what its coding means. RFC 9110 §15.5.16: Accept-Encoding in a 415 says that the coding was the reason.
class UnknownBody final : public BodySource {
public:
    async::Task<std::optional<std::string_view>> read_some() override {
        throw base::Failure(errors::encoding_unsupported).header("Accept-Encoding", "gzip, deflate, br");
        co_return std::nullopt;
    }
};

class BodyDecodingLink {
public:
    explicit BodyDecodingLink(const BodyDecodingOptions& options) : options_(options) {}

    async::Task<void> operator()(Context& context, Next next) const {
        auto& request = context.request();
        if (request.has_body() && request.headers().get(KnownHeader::content_encoding)) install(request);
        return next(context);
    }

private:
    void install(Request& request) const {
        const auto codings = request.headers().joined("content-encoding");
        const auto coding = base::trim(codings);
        if (coding.empty() || base::iequals(coding, "identity")) return;
        const auto known = body_coding(coding);
        if (!known) return request.set_body_source(std::make_unique<UnknownBody>());
        request.set_body_source(std::make_unique<DecodingBody>(request, *known, options_));
    }

    BodyDecodingOptions options_;
};

}  // namespace

Middleware body_decoding(BodyDecodingOptions options) { return BodyDecodingLink(options); }

}  // namespace http
