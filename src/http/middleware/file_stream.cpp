#include "http/middleware/file_stream.h"

#include <algorithm>

#include "async/blocking_pool.h"
#include "http/middleware/file_reader.h"

namespace http {

namespace {

constexpr int most_refusals = 100;
constexpr async::Milliseconds refusal_pause{50};

}  // namespace

async::Task<void> FileStream::operator()(BodyWriter& out) {
    while (rest_.length > 0) {
        const auto piece = co_await next_piece();
        // A file cut off under us: the reply is shorter than announced, so the server cuts the connection.
        if (piece.empty() || !co_await out.write(piece)) co_return;
        rest_.first += piece.size();
        rest_.length -= piece.size();
    }
}

// The pool may be full for a moment: the head has gone out, so waiting is the only answer left.
async::Task<std::string> FileStream::next_piece() {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(rest_.length, piece_bytes));
    for (int refusals = 0;; ++refusals) {
        try {
            co_return co_await async::offload(*loop_, *pool_,
                                              [this, size] { return FileReader::read_at(file_, rest_.first, size); });
        } catch (const base::Failure&) {
            if (refusals == most_refusals) throw;
        }
        co_await async::sleep(loop_, refusal_pause);
    }
}

}  // namespace http
