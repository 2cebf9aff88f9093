#pragma once
// Inside the library: the parser (gumbo), whose tree lives in one arena and goes with it: nothing is freed node by node.

#include <cstddef>
#include <memory_resource>
#include <string_view>

#include <gumbo.h>

namespace html::detail {

class Tree {
public:
    // What the markup is as the content of a <div>. It outlives the tree.
    explicit Tree(std::string_view markup);
    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;

    // Its children are the content.
    [[nodiscard]] const GumboNode& root() const noexcept { return *root_; }

private:
    std::pmr::monotonic_buffer_resource arena_;
    const GumboNode* root_ = nullptr;
};

}  // namespace html::detail
