// The parser as the target: texts of the largest size that is taken, in shapes that cost a parser the square or cube of it.

#include <gtest/gtest.h>
#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <memory_resource>
#include <optional>

#include "html/sanitizer.h"

namespace html {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t stack_bytes = 256 * 1024;  // the smallest of any thread here
constexpr std::size_t most_memory = 32'000'000;
constexpr auto longest = 50ms;

// What the parser's tree took, all at once.
class CountingMemory : public std::pmr::memory_resource {
public:
    [[nodiscard]] std::size_t peak() const noexcept { return peak_; }

private:
    void* do_allocate(std::size_t bytes, std::size_t alignment) override {
        peak_ = std::max(peak_, now_ += bytes);
        return std::pmr::new_delete_resource()->allocate(bytes, alignment);
    }
    void do_deallocate(void* block, std::size_t bytes, std::size_t alignment) override {
        now_ -= bytes;
        std::pmr::new_delete_resource()->deallocate(block, bytes, alignment);
    }
    [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

    std::size_t now_ = 0;
    std::size_t peak_ = 0;
};

std::string times(std::size_t count, std::string_view unit) {
    std::string text;
    while (count-- > 0) text += unit;
    return text;
}

std::string filled(std::string text, std::string_view unit, std::string_view end = "") {
    while (text.size() + unit.size() + end.size() <= Limits{}.max_bytes) text += unit;
    return text += end;
}

// `before`, a number, `behind`: no two are alike.
std::string numbered(std::size_t count, std::string_view before, std::string_view behind) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text.append(before).append(std::to_string(i)).append(behind);
    return text;
}

struct Shape {
    std::string name;
    std::string html;
};

std::vector<Shape> shapes() {
    constexpr Limits limits;
    const auto open = limits.max_open_formatting;
    const auto divs = limits.max_tags - open - 1;
    return {
        {"nested blocks", filled(times(limits.max_depth, "<div>"), "x")},
        {"formatting that is repeated in blocks",
         "<p>" + numbered(open, "<b title=", " lang=sw>") + times(divs, "<div>x</div>")},
        {"formatting that is repeated in paragraphs", numbered(open, "<b title=", ">") + times(divs, "<p>x")},
        {"a long link that is repeated",
         "<p><a title=" + std::string(4'000, 'x') + ">" + times(limits.max_tags - 2, "<div>x</div>")},
        {"links that end each other", times(limits.max_tags / 2, "<a><p></a>")},
        {"texts beside the cells", "<table>" + times(limits.max_tags - 1, "x<tr>")},
        {"formatting beside the cells", "<table>" + times(limits.max_tags / 2 - 1, "<b>x</b><tr>")},
        {"tables within formatting", "<p>" + numbered(open, "<b title=", ">") + times(240, "<table><tr><td>x</table>")},
        {"one tag of many attributes", filled("<span ", " a", ">")},
        {"many spellings of one attribute", filled("<span ", " title=x", ">")},
        {"references", filled("", "&notin;")},
        {"references without an end", filled("", "&")},
        {"tags without an end", filled("", "<a")},
        {"comments without an end", filled("", "<!--")},
        {"a comment that does not end", filled("<!--", "--", "")},
        {"raw text without an end", filled("", "<script>")},
        {"raw text whose end is another's", filled("", "<style></styles>")},
        {"foreign content without an end", filled("", "<svg>")},
        {"end tags without a start", filled("<div>", "</p>")},
        {"end tags of nothing, deep down", filled(times(limits.max_depth, "<div>"), "</span>")},
        {"items without an end", "<ul>" + times(limits.max_tags - 1, "<li>x")},
        {"quotes without an end", filled("", "<p title=\"'>")},
        {"text", filled("", "x")},
    };
}

Options generous() {
    Options options;
    options.allowed_tags = {"a",     "b",     "div", "i",     "li", "p",     "pre", "span",
                            "table", "tbody", "td",  "tfoot", "th", "thead", "tr",  "ul"};
    options.allowed_attributes = {{"*", {"title", "lang"}}, {"a", {"href"}}};
    return options;
}

struct Trial {
    const Sanitizer& sanitizer;
    const std::string& html;
    std::chrono::nanoseconds took = std::chrono::nanoseconds::max();
    std::optional<Fault> fault{};

    void clean() {
        const auto start = std::chrono::steady_clock::now();
        const auto clean = sanitizer.clean(html);
        took = std::min<std::chrono::nanoseconds>(took, std::chrono::steady_clock::now() - start);
        if (!clean) fault = clean.error();
    }
};

void on_a_small_stack(Trial& trial) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    ASSERT_EQ(pthread_attr_setstacksize(&attributes, stack_bytes), 0);
    pthread_t thread{};
    const auto body = [](void* trial) -> void* {
        // The fastest of several: the machine may be busy with something else.
        for (int i = 0; i < 5 && static_cast<Trial*>(trial)->took > longest / 2; ++i)
            static_cast<Trial*>(trial)->clean();
        return nullptr;
    };
    ASSERT_EQ(pthread_create(&thread, &attributes, body, &trial), 0);
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);
}

TEST(HtmlLimits, EveryShapeIsCheapAtTheLargestSize) {
    const Sanitizer sanitizer(generous());
    for (const auto& [name, html] : shapes()) {
        SCOPED_TRACE(name);
        ASSERT_LE(html.size(), Limits{}.max_bytes);
        CountingMemory memory;
        auto* const before = std::pmr::set_default_resource(&memory);
        Trial trial{sanitizer, html};
        on_a_small_stack(trial);
        std::pmr::set_default_resource(before);
        EXPECT_LE(memory.peak(), most_memory);
        EXPECT_LE(trial.took, longest);
        EXPECT_NE(trial.fault, Fault::not_text);
    }
}

TEST(HtmlLimits, OneMoreIsRefused) {
    constexpr Limits limits;
    const Sanitizer sanitizer(generous());
    const auto fault_of = [&](const std::string& html) {
        const auto clean = sanitizer.clean(html);
        return clean ? std::optional<Fault>() : clean.error();
    };
    EXPECT_EQ(fault_of(std::string(limits.max_bytes, 'x')), std::nullopt);
    EXPECT_EQ(fault_of(std::string(limits.max_bytes + 1, 'x')), Fault::too_long);
    EXPECT_EQ(fault_of(times(limits.max_tags, "<p>x")), std::nullopt);
    EXPECT_EQ(fault_of(times(limits.max_tags + 1, "<p>x")), Fault::too_many_tags);
    EXPECT_EQ(fault_of(times(limits.max_depth, "<div>")), std::nullopt);
    EXPECT_EQ(fault_of(times(limits.max_depth + 1, "<div>")), Fault::too_deep);
    EXPECT_EQ(fault_of(times(limits.max_open_formatting, "<b>")), std::nullopt);
    EXPECT_EQ(fault_of(times(limits.max_open_formatting + 1, "<b>")), Fault::too_much_formatting);
    EXPECT_EQ(fault_of("<a title=" + std::string(4'100, 'x') + ">"), Fault::too_much_formatting);
    // What goes is not counted.
    EXPECT_EQ(fault_of(times(limits.max_tags + 1, "<x>")), std::nullopt);
    EXPECT_EQ(fault_of(times(limits.max_tags, "<b>x</b>")), std::nullopt);
}

TEST(HtmlLimits, WhatLeavesIsNoLongerEither) {
    const Sanitizer sanitizer;
    const std::string ampersands(Limits{}.max_bytes / 5, '&');
    EXPECT_EQ(sanitizer.clean(ampersands)->markup().size(), ampersands.size() * 5);
    EXPECT_EQ(sanitizer.clean(ampersands + "&&").error(), Fault::too_long);
}

TEST(HtmlLimits, AreFiniteByDefault) {
    constexpr Limits limits;
    EXPECT_EQ(limits.max_bytes, 65'536U);
    EXPECT_EQ(limits.max_tags, 1'000U);
    EXPECT_EQ(limits.max_open_formatting, 16U);
    EXPECT_LE(limits.max_depth, 256U);
}

// Another parser's answer to these was to end the process.
TEST(HtmlLimits, TheParserNeverSeesWhatEndsIt) {
    EXPECT_EQ(Sanitizer().clean("a<math><html><mi><template></template></body>b")->markup(), "ab");
}

}  // namespace

}  // namespace html
