// What a document is, by its bytes: the same however they are cut, and never a text that is none.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/strings.h"
#include "pos/modules/documents/kind.h"

namespace {

std::string_view kind_of(std::string_view bytes, std::size_t step) {
    pos::DocumentKind kind;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) kind.add(bytes.substr(0, step));
    return kind.media_type();
}

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto whole = kind_of(bytes, std::max<std::size_t>(size, 1));
    for (const std::size_t step : {1U, 2U, 3U, 7U}) require(kind_of(bytes, step) == whole);
    if (whole == "text/csv") require(base::is_utf8(bytes) && !bytes.contains('\0'));
    if (whole == "application/pdf") require(bytes.starts_with("%PDF-"));
    return 0;
}
