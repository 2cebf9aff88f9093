#include "uploads/pieces.h"

#include <algorithm>
#include <stdexcept>
#include <unordered_set>

namespace uploads {

namespace {

constexpr std::size_t read_bytes = std::size_t{64} * 1024;
constexpr std::size_t asked_at_once = 500;

class PieceReader {
public:
    PieceReader(async::Loop* loop, Pieces* pieces, base::Uuid id, std::vector<Piece> list)
        : loop_(loop), pieces_(pieces), id_(id), list_(std::move(list)) {
        std::ranges::sort(list_, {}, &Piece::first);
        std::uint64_t end = 0;
        for (const auto& piece : list_) {
            if (piece.first != end) throw std::logic_error("uploads: pieces that do not follow each other");
            end += piece.length;
        }
    }

    async::Task<std::string> operator()() {
        while (at_ < list_.size() && done_ == list_[at_].length) {
            ++at_;
            done_ = 0;
        }
        if (at_ == list_.size()) co_return std::string();
        const auto& piece = list_[at_];
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(read_bytes, piece.length - done_));
        auto text = co_await pieces_->read(loop_, id_, piece.fence, done_, size);
        if (text.size() != size) throw std::runtime_error("uploads: a piece is shorter than its row says");
        done_ += size;
        co_return text;
    }

private:
    async::Loop* loop_;
    Pieces* pieces_;
    base::Uuid id_;
    std::vector<Piece> list_;
    std::size_t at_ = 0;
    std::uint64_t done_ = 0;  // of the piece at hand
};

async::Task<std::size_t> remove_unowned(async::Loop* loop, Pieces* pieces, std::vector<base::Uuid> some,
                                        OwnedIds* owned) {
    const auto kept = co_await (*owned)(some);
    std::size_t removed = 0;
    for (const auto& id : some) {
        if (std::ranges::find(kept, id) != kept.end()) continue;
        co_await pieces->remove(loop, id);
        ++removed;
    }
    co_return removed;
}

}  // namespace

std::move_only_function<async::Task<std::string>()> read_pieces(async::Loop* loop, Pieces* pieces, base::Uuid id,
                                                                std::vector<Piece> list) {
    return PieceReader(loop, pieces, id, std::move(list));
}

async::Task<std::size_t> sweep(async::Loop* loop, Pieces* pieces, OwnedIds owned, std::chrono::seconds spared) {
    const auto all = co_await pieces->list(loop, spared);
    std::size_t removed = 0;
    for (std::size_t at = 0; at < all.size(); at += asked_at_once) {
        const auto end = std::min(all.size(), at + asked_at_once);
        std::vector<base::Uuid> some(all.begin() + static_cast<std::ptrdiff_t>(at),
                                     all.begin() + static_cast<std::ptrdiff_t>(end));
        removed += co_await remove_unowned(loop, pieces, std::move(some), &owned);
    }
    co_return removed;
}

}  // namespace uploads
