#include "http/middleware/compression.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "base/strings.h"
#include "http/access.h"
#include "http/context.h"
#include "http/middleware/encoder.h"
#include "http/status.h"

namespace http {

namespace {

struct NeverCompress {};

constexpr std::array<std::string_view, 3> coding_names{"zstd", "br", "gzip"};

// Above this a body is compressed piece by piece, other requests in between, instead of holding up the loop.
constexpr std::size_t largest_at_once = std::size_t{256} * 1024;
constexpr std::size_t slice_bytes = std::size_t{64} * 1024;

// ---- Streams -------------------------------------------------------------------------------------------------------

class CompressingWriter final : public BodyWriter {
public:
    CompressingWriter(BodyWriter& out, Encoder& encoder) : out_(out), encoder_(encoder) {}

    async::Task<bool> write(std::string_view bytes) override { return send(bytes, Encoder::Step::run); }
    async::Task<bool> flush() override {
        if (!co_await send({}, Encoder::Step::flush)) co_return false;
        co_return co_await out_.flush();
    }
    async::Task<bool> finish() { return send({}, Encoder::Step::finish); }

private:
    async::Task<bool> send(std::string_view bytes, Encoder::Step step) {
        pending_.clear();
        encoder_.append(pending_, bytes, step);
        if (pending_.empty()) co_return true;
        co_return co_await out_.write(pending_);
    }

    BodyWriter& out_;
    Encoder& encoder_;
    std::string pending_;
};

// An encoder takes up to some MiB for as long as its client reads: beyond so many of a thread, streams go as they are.
constexpr int most_encoders = 64;
thread_local int encoders = 0;

struct GiveBackEncoder {
    void operator()(Encoder* encoder) const {
        --encoders;
        delete encoder;
    }
};
using CountedEncoder = std::unique_ptr<Encoder, GiveBackEncoder>;

CountedEncoder make_counted(Coding coding, const CompressionOptions& options) {
    CountedEncoder encoder(make_encoder(coding, options).release());
    ++encoders;
    return encoder;
}

// What replaces a reply's stream; the reply keeps it until it has ended.
struct CompressedStream {
    StreamBody inner;
    CountedEncoder encoder;

    async::Task<void> operator()(BodyWriter& out) {
        CompressingWriter writer(out, *encoder);
        co_await inner(writer);
        co_await writer.finish();
    }
};

struct SlicedBody {
    async::Loop* loop;
    std::string bytes;
    std::shared_ptr<const std::string> owner;
    std::string_view view;

    async::Task<void> operator()(BodyWriter& out) {
        for (std::size_t at = 0; at < view.size(); at += slice_bytes) {
            if (!co_await out.write(view.substr(at, slice_bytes))) co_return;
            co_await async::next_turn(loop);
        }
    }
};

// ---- Which replies -------------------------------------------------------------------------------------------------

bool is_transformable(const Context& context) {
    const auto& response = context.response();
    const auto& headers = response.headers();
    if (context.request().method() == Method::head || has_no_body(response.status()) || response.status() == 206)
        return false;
    if (headers.has("Content-Encoding") || headers.has("Content-Range")) return false;
    const auto cache_control = headers.get("Cache-Control");
    if (cache_control && cache_control->contains("no-transform")) return false;
    return is_compressible(headers.get("Content-Type").value_or(""));
}

// "7" → "7-br". A weak tag says "equivalent", which a coding does not change.
void mark_etag(Headers& headers, Coding coding) {
    const auto etag = headers.get("ETag");
    if (!etag || etag->size() < 2 || !etag->starts_with('"')) return;
    headers.set("ETag",
                std::string(etag->substr(0, etag->size() - 1)).append("-").append(to_string(coding)).append("\""));
}

class CompressionLink {
public:
    explicit CompressionLink(CompressionOptions options) : options_(std::move(options)) {}

    async::Task<void> operator()(Context& context, Next next) const {
        context.response().before_send([this](Context& finished) { compress(finished); });
        return next(context);
    }

private:
    void compress(Context& context) const {
        auto& response = context.response();
        // One that is never compressed is the same for all, and a cache keeps it once.
        if (context.get<NeverCompress>() != nullptr) return;
        // Else always: a cache must not give the reply it has to a client that takes other codings (RFC 9110 §12.5.5).
        response.headers().vary("Accept-Encoding");
        const auto size =
            response.is_stream() ? response.stream_length().value_or(options_.threshold) : response.body().size();
        if (size < options_.threshold || !is_transformable(context)) return;
        if (!context.request().headers().get(KnownHeader::accept_encoding)) return;
        const auto coding = negotiate_coding(context.request().headers().joined("accept-encoding"), options_.codings);
        if (!coding || !replace_body(context, *coding)) return;
        response.headers().set("Content-Encoding", to_string(*coding));
        mark_etag(response.headers(), *coding);
    }

    // False when it would not get smaller.
    [[nodiscard]] bool replace_body(Context& context, Coding coding) const {
        auto& response = context.response();
        if (response.is_stream() || response.body().size() > largest_at_once) {
            if (encoders >= most_encoders) return false;
            if (!response.is_stream()) slice_body(context);
            auto inner = response.take_stream();
            response.stream(CompressedStream{std::move(inner), make_counted(coding, options_)});
            return true;
        }
        auto compressed = compress_whole(coding, response.body(), options_);
        if (compressed.size() >= response.body().size()) return false;
        response.body(std::move(compressed));
        return true;
    }

    static void slice_body(Context& context) {
        ResponseAccess access(context.response());
        SlicedBody sliced{&context.loop(), {}, {}, context.response().body()};
        if (access.has_owner()) {
            sliced.owner = access.take_owner();
        } else if (access.owns_body()) {
            sliced.bytes = access.take_body();
        }
        context.response().stream(std::move(sliced));
    }

    CompressionOptions options_;
};

async::Task<void> never_compress_link(Context& context, Next next) {
    context.set(NeverCompress{});
    return next(context);
}

// ---- Accept-Encoding -----------------------------------------------------------------------------------------------

// RFC 9110 §12.4.2, in thousandths; a malformed weight is none.
int parse_weight(std::string_view text) {
    if (text.empty() || text[0] < '0' || text[0] > '1' || text.size() > 5) return 0;
    int weight = (text[0] - '0') * 1000;
    if (text.size() == 1) return weight;
    if (text[1] != '.') return 0;
    int unit = 100;
    for (const char c : text.substr(2)) {
        if (!base::is_ascii_digit(c)) return 0;
        weight += (c - '0') * unit;
        unit /= 10;
    }
    return std::min(weight, 1000);
}

struct Offer {
    std::string_view name;
    int weight;
};

Offer parse_offer(std::string_view element) {
    const auto semicolon = element.find(';');
    if (semicolon == std::string_view::npos) return {base::trim(element), 1000};
    const auto parameter = base::trim(element.substr(semicolon + 1));
    const bool is_weight = parameter.starts_with("q=") || parameter.starts_with("Q=");
    return {base::trim(element.substr(0, semicolon)), is_weight ? parse_weight(base::trim(parameter.substr(2))) : 0};
}

}  // namespace

std::string_view to_string(Coding coding) { return coding_names[static_cast<std::size_t>(coding)]; }

std::optional<Coding> negotiate_coding(std::string_view accept_encoding, const std::vector<Coding>& preference) {
    constexpr int not_said = -1;
    std::array<int, coding_names.size()> weights{not_said, not_said, not_said};
    int identity = 0;
    int any = 0;
    while (!accept_encoding.empty()) {
        const auto comma = accept_encoding.find(',');
        const auto offer = parse_offer(accept_encoding.substr(0, comma));
        for (std::size_t i = 0; i < coding_names.size(); ++i) {
            if (base::iequals(offer.name, coding_names[i])) weights[i] = offer.weight;
        }
        if (base::iequals(offer.name, "x-gzip")) weights[static_cast<std::size_t>(Coding::gzip)] = offer.weight;
        if (base::iequals(offer.name, "identity")) identity = offer.weight;
        if (offer.name == "*") any = offer.weight;
        accept_encoding = comma == std::string_view::npos ? std::string_view() : accept_encoding.substr(comma + 1);
    }
    // "*" may mean any coding; those who send it were written when gzip was the one there is.
    auto& gzip = weights[static_cast<std::size_t>(Coding::gzip)];
    if (gzip == not_said) gzip = any;
    std::optional<Coding> best;
    int best_weight = std::max(identity - 1, 0);
    for (const auto coding : preference) {
        const int weight = weights[static_cast<std::size_t>(coding)];
        if (weight <= best_weight) continue;
        best = coding;
        best_weight = weight;
    }
    return best;
}

bool is_compressible(std::string_view content_type) {
    static constexpr std::array<std::string_view, 14> types{"application/json",
                                                            "application/javascript",
                                                            "application/xml",
                                                            "application/x-ndjson",
                                                            "application/wasm",
                                                            "application/rtf",
                                                            "application/sql",
                                                            "application/x-www-form-urlencoded",
                                                            "application/x-javascript",
                                                            "application/toml",
                                                            "application/yaml",
                                                            "font/ttf",
                                                            "font/otf",
                                                            "image/bmp"};
    const auto type = base::ascii_lower(base::trim(content_type.substr(0, content_type.find(';'))));
    // Events must leave one by one; each flush would cost a block and the client may buffer until it has one.
    if (type == "text/event-stream") return false;
    if (type.starts_with("text/") || type.ends_with("+json") || type.ends_with("+xml") || type.ends_with("+text"))
        return true;
    return std::ranges::find(types, std::string_view(type)) != types.end();
}

Middleware compression(CompressionOptions options) { return CompressionLink(std::move(options)); }
Middleware never_compress() { return &never_compress_link; }

}  // namespace http
