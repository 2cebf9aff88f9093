#include "http/file.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "base/random.h"
#include "base/uuid.h"
#include "http/content_disposition.h"
#include "http/middleware/errors.h"
#include "http/middleware/file_stream.h"

namespace http {

// Several ranges of a file, each with a head of its own (RFC 9110 section 14.6). The boundary is made anew each time, so that
// nobody could have put it into the file.
class RangesStream {
public:
    RangesStream(async::Loop* loop, FileContent content, std::uint64_t size, const std::string& type,
                 std::vector<ByteRange> ranges)
        : loop_(loop), content_(std::move(content)), ranges_(std::move(ranges)) {
        base::SecureRandom random;
        boundary_ = base::uuid_v4(random).to_string();
        for (const auto& range : ranges_) {
            heads_.push_back(fmt::format("\r\n--{}\r\nContent-Type: {}\r\nContent-Range: bytes {}-{}/{}\r\n\r\n",
                                         boundary_, type, range.first, range.first + range.length - 1, size));
        }
        end_ = fmt::format("\r\n--{}--\r\n", boundary_);
    }

    [[nodiscard]] std::string media_type() const { return "multipart/byteranges; boundary=" + boundary_; }
    [[nodiscard]] std::uint64_t length() const {
        std::uint64_t length = end_.size();
        for (std::size_t i = 0; i < ranges_.size(); ++i) length += heads_[i].size() + ranges_[i].length;
        return length;
    }
    // Before the head: what it throws is a problem.
    async::Task<void> open_first() { first_ = co_await open(ranges_.front()); }

    async::Task<void> operator()(BodyWriter& out) {
        for (std::size_t i = 0; i < ranges_.size(); ++i) {
            if (!co_await out.write(heads_[i])) co_return;
            auto bytes = i == 0 ? std::move(first_) : co_await open(ranges_[i]);
            co_await bytes(out);
        }
        static_cast<void>(co_await out.write(end_));
    }

private:
    async::Task<StreamBody> open(ByteRange range) {
        if (const auto* bytes = std::get_if<std::string>(&content_.source_))
            co_return TextStream(std::string_view(*bytes).substr(range.first, range.length));
        if (const auto* disk = std::get_if<FileContent::OnDisk>(&content_.source_)) {
            base::Descriptor again(::fcntl(disk->found.descriptor.get(), F_DUPFD_CLOEXEC, 0));
            if (!again) throw std::system_error(errno, std::generic_category(), "http::File: a descriptor");
            co_return FileStream(loop_, disk->pool, std::move(again), range);
        }
        co_return co_await std::get<FileContent::Elsewhere>(content_.source_).open(range);
    }

    class TextStream {
    public:
        explicit TextStream(std::string_view bytes) : bytes_(bytes) {}
        async::Task<void> operator()(BodyWriter& out) { static_cast<void>(co_await out.write(bytes_)); }

    private:
        std::string bytes_;
    };

    async::Loop* loop_;
    FileContent content_;
    std::vector<ByteRange> ranges_;
    std::string boundary_;
    std::vector<std::string> heads_;
    std::string end_;
    StreamBody first_;
};

class FileReply {
public:
    FileReply(Context* context, FileParts file) : context_(context), file_(std::move(file)) {
        if (file_.type.contains('*'))
            throw std::logic_error("http::File: say of which type the bytes are, beside " + file_.type);
    }

    async::Task<void> send() {
        identify();
        const auto ranges = begin_ranges(*context_, {etag_, last_modified_, size_});
        set_headers();
        if (!ranges) co_return;
        if (ranges->size() > 1) co_return co_await send_several(*ranges);
        const auto* range = &ranges->front();
        auto& response = context_->response();
        if (auto* bytes = std::get_if<std::string>(&file_.content.source_)) {
            if (range->length != bytes->size()) *bytes = bytes->substr(range->first, range->length);
            response.body(std::move(*bytes));
        } else if (context_->request().method() == Method::head) {
            response.stream(&send_nothing, range->length);
        } else {
            response.stream(co_await open(*range), range->length);
        }
    }

private:
    void identify() {
        auto tag = std::move(file_.tag);
        if (const auto* bytes = std::get_if<std::string>(&file_.content.source_)) {
            size_ = bytes->size();
        } else if (const auto* disk = std::get_if<FileContent::OnDisk>(&file_.content.source_)) {
            if (disk->found.kind != FileReader::Kind::file) throw std::logic_error("http::File: no file was found");
            size_ = disk->found.size;
            if (tag.empty()) tag = disk->found.tag();
            if (!file_.changed) last_modified_ = disk->found.last_modified();
        } else {
            size_ = std::get<FileContent::Elsewhere>(file_.content.source_).size;
        }
        if (file_.changed) last_modified_ = base::format_http_date(*file_.changed);
        if (!tag.empty()) etag_ = quoted(tag);
    }

    static std::string quoted(std::string_view tag) {
        const bool fits =
            std::ranges::all_of(tag, [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; });
        if (!fits) throw std::invalid_argument("http::File: a tag has no quotes, spaces or bytes beyond ASCII");
        return std::string("\"").append(tag).append("\"");
    }

    void set_headers() {
        auto& headers = context_->response().headers();
        if (!etag_.empty()) headers.set("ETag", etag_);
        if (!last_modified_.empty()) headers.set("Last-Modified", last_modified_);
        headers.set("X-Content-Type-Options", "nosniff");
        if (!headers.has("Content-Security-Policy")) headers.set("Content-Security-Policy", "sandbox");
        if (context_->response().status() == 304) return;
        headers.set("Content-Type", file_.type);
        headers.set("Content-Disposition", content_disposition(file_.shown ? "inline" : "attachment", file_.name));
    }

    async::Task<StreamBody> open(ByteRange range) {
        if (auto* disk = std::get_if<FileContent::OnDisk>(&file_.content.source_))
            co_return FileStream(&context_->loop(), disk->pool, std::move(disk->found.descriptor), range);
        co_return co_await std::get<FileContent::Elsewhere>(file_.content.source_).open(range);
    }

    // Section 14.6. Only of a GET.
    async::Task<void> send_several(std::vector<ByteRange> ranges) {
        RangesStream stream(&context_->loop(), std::move(file_.content), size_, file_.type, std::move(ranges));
        co_await stream.open_first();
        auto& response = context_->response();
        response.headers().set("Content-Type", stream.media_type());
        const auto length = stream.length();
        response.stream(std::move(stream), length);
    }

    // Of a HEAD: it is never asked.
    static async::Task<void> send_nothing(BodyWriter& /*out*/) { co_return; }

    Context* context_;
    FileParts file_;
    std::string etag_;
    std::string last_modified_;
    std::uint64_t size_ = 0;
};

namespace detail {

async::Task<void> send_file(Context* context, FileParts file) {
    FileReply reply(context, std::move(file));
    co_await reply.send();
}

void describe_file(Operation& operation, std::string_view media_type) {
    std::vector<std::string_view> headers{"Content-Disposition", "ETag", "Last-Modified", "Accept-Ranges"};
    operation.can_answer({.status = 200, .media_type = media_type, .doc = "The whole file.", .headers = headers});
    headers.emplace_back("Content-Range");
    operation.can_answer({.status = 206,
                          .media_type = media_type,
                          .doc = "The bytes of the range; of several ranges, multipart/byteranges.",
                          .headers = headers});
    operation.can_answer({.status = 304, .headers = {"ETag"}});
    operation.can_fail(errors::range_not_satisfiable);
    operation.can_fail(errors::version_conflict);  // If-Match, by conditional_get()
}

}  // namespace detail

}  // namespace http
