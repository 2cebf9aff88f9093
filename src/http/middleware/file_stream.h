#pragma once
// Bytes of an open file as the stream of a reply: 64 KiB at a time, read on the pool when the client has taken those before.
// The reply keeps it until it has ended. Inside the library, for static_files() and File.
//
//     response.stream(http::FileStream(&loop, &pool, std::move(descriptor), range), range.length);

#include <cstddef>
#include <string>

#include "base/descriptor.h"
#include "http/middleware/byte_range.h"
#include "http/response.h"

namespace async {
class BlockingPool;
}

namespace http {

class FileStream {
public:
    static constexpr std::size_t piece_bytes = std::size_t{64} * 1024;  // what a client that does not read holds

    FileStream(async::Loop* loop, async::BlockingPool* pool, base::Descriptor file, ByteRange range)
        : loop_(loop), pool_(pool), file_(std::move(file)), rest_(range) {}

    async::Task<void> operator()(BodyWriter& out);

private:
    async::Task<std::string> next_piece();

    async::Loop* loop_;
    async::BlockingPool* pool_;
    base::Descriptor file_;
    ByteRange rest_;
};

}  // namespace http
