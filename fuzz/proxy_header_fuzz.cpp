// The PROXY header: whatever comes, it is judged within its bounds, pieces ask for more or agree with the whole, and an address
// that it names is one.

#include <arpa/inet.h>

#include <array>
#include <cstdlib>
#include <string_view>

#include "http/proxy_protocol.h"

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    using State = http::ProxyHeader::State;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto whole = http::read_proxy_header(bytes);
    require(whole.state != State::need_more || size < http::longest_proxy_header);
    require((whole.state == State::failed) == !whole.reason.empty());
    if (whole.state == State::done) {
        require(whole.size > 0 && whole.size <= size && whole.size <= http::longest_proxy_header);
        require(http::read_proxy_header(bytes.substr(0, whole.size)).size == whole.size);
    }
    if (whole.address) {
        std::array<unsigned char, 16> address{};
        const int family = whole.address->find(':') == std::string_view::npos ? AF_INET : AF_INET6;
        require(inet_pton(family, whole.address->c_str(), address.data()) == 1);
    }
    // What a piece refuses, more bytes do not mend; what asks for more was not done before.
    for (std::size_t cut = 0; cut < size && cut < 256; ++cut) {
        const auto piece = http::read_proxy_header(bytes.substr(0, cut));
        if (piece.state == State::failed) require(whole.state == State::failed);
        if (piece.state == State::done) require(whole.state == State::done && whole.size == piece.size);
    }
    return 0;
}
