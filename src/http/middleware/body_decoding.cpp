#include "http/middleware/body_decoding.h"

#include <array>
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
    DecodingBody(Request& request, std::unique_ptr<Inflate> inflate, const BodyDecodingOptions& options)
        : request_(request), encoded_(*request.body_source()), inflate_(std::move(inflate)), options_(options) {}

    async::Task<std::optional<std::string_view>> read_some() override {
        while (true) {
            const auto step = inflate_->decode(input_, output_);
            if (step == Inflate::Result::failed) throw base::Failure(errors::encoding_malformed);
            const auto produced = output_.size() - inflate_->room();
            decoded_bytes_ += produced;
            check_ratio();
            if (produced > 0) co_return std::string_view(output_.data(), produced);
            if (input_.empty() && !co_await refill()) co_return std::nullopt;
        }
    }

private:
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
    std::unique_ptr<Inflate> inflate_;
    BodyDecodingOptions options_;
    std::uint64_t encoded_bytes_ = 0;
    std::uint64_t decoded_bytes_ = 0;
    std::string_view input_;
    std::array<char, piece_bytes> output_;
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
        auto inflate = make_inflate(coding);
        // RFC 9110 §15.5.16: Accept-Encoding in a 415 says that the coding was the reason.
        if (!inflate) throw base::Failure(errors::encoding_unsupported).header("Accept-Encoding", "gzip, deflate, br");
        request.set_body_source(std::make_unique<DecodingBody>(request, std::move(inflate), options_));
    }

    BodyDecodingOptions options_;
};

}  // namespace

Middleware body_decoding(BodyDecodingOptions options) { return BodyDecodingLink(options); }

}  // namespace http
