#include "html/tree.h"

namespace html::detail {

namespace {

// More than one page, so that a short text asks the allocator once or twice.
constexpr std::size_t first_block = 16'384;

// A failing allocation ends the program, as gumbo knows no way back from one.
void* allocate(void* arena, std::size_t size) noexcept {
    return static_cast<std::pmr::monotonic_buffer_resource*>(arena)->allocate(size);
}
void release(void* /*arena*/, void* /*block*/) noexcept {}

}  // namespace

Tree::Tree(std::string_view markup) : arena_(first_block) {
    GumboOptions options = kGumboDefaultOptions;
    options.allocator = allocate;
    options.deallocator = release;
    options.userdata = &arena_;
    options.max_errors = 0;
    options.fragment_context = GUMBO_TAG_DIV;
    root_ = gumbo_parse_with_options(&options, markup.data(), markup.size())->root;
}

}  // namespace html::detail
