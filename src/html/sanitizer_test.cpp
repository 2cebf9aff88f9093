#include "html/sanitizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "html/elements.h"

namespace html {

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string cleaned(std::string_view html, const Options& options = {}) {
    const auto clean = Sanitizer(options).clean(html);
    return clean ? clean->markup() : std::string(to_string(clean.error()));
}

Options with(std::vector<std::string> tags, std::map<std::string, std::vector<std::string>> attributes = {}) {
    return {.allowed_tags = std::move(tags), .allowed_attributes = std::move(attributes)};
}

const std::vector<std::string> table_tags{"b", "caption", "p", "table", "tbody", "td", "tfoot", "th", "thead", "tr"};

TEST(Sanitizer, KeepsWhatIsOnTheListsAndWritesItAnew) {
    EXPECT_EQ(cleaned("<P CLASS=x onclick='x()'>Fresh <B>milk</B>"), "<p>Fresh <b>milk</b></p>");
    EXPECT_EQ(cleaned("<form><p>a<input>b</form>"), "<p>ab</p>");
    EXPECT_EQ(cleaned("<a title='a\"b' title=c href=x>d</a>"), R"(<a title="a&quot;b">d</a>)");
    EXPECT_EQ(cleaned(""), "");
}

TEST(Sanitizer, DropsSomeElementsWithWhatTheyHold) {
    for (const auto& [name, to_the_end] : detail::dropped_elements()) {
        const std::string tag(name);
        EXPECT_EQ(cleaned("a<" + tag + " x>b<i>c</i></" + tag + ">d"), "ad") << tag;
        EXPECT_EQ(cleaned("a<" + tag + ">b"), to_the_end ? "a" : "ab") << tag;
        EXPECT_EQ(cleaned("a<" + tag + "s>b</" + tag + ">c"), "abc") << tag;
    }
    EXPECT_EQ(cleaned("a<style><b></style x><i>b</i>"), "a<i>b</i>");
    EXPECT_EQ(cleaned("<svg><style><p title='</style><img src=x onerror=x()>'></svg>a"), "a");
}

TEST(Sanitizer, NothingAllowsWhatRunsOrHidesTags) {
    for (const auto name : {"script", "style", "iframe",   "textarea", "title",   "xmp",   "noscript", "plaintext",
                            "svg",    "math",  "template", "object",   "embed",   "form",  "input",    "base",
                            "meta",   "link",  "body",     "frameset", "marquee", "x-own", "SPAN"})
        EXPECT_THROW(Sanitizer(with({name})), std::invalid_argument) << name;
    for (const auto name : {"onclick", "style", "id", "name", "class", "srcset", "srcdoc", "ping", "formaction",
                            "action", "xlink:href", "is", "slot", "data-x", "HREF"})
        EXPECT_THROW(Sanitizer(with({"a"}, {{"a", {name}}})), std::invalid_argument) << name;
    EXPECT_THROW(Sanitizer({.allowed_schemes = {"javascript"}}), std::invalid_argument);
    EXPECT_THROW(Sanitizer({.allowed_schemes = {"data"}}), std::invalid_argument);
    EXPECT_THROW(Sanitizer(with({"td"})), std::invalid_argument);
    EXPECT_THROW(Sanitizer(with({"b"}, {{"a", {"href"}}})), std::invalid_argument);
    EXPECT_THROW(Sanitizer({.limits = {.max_bytes = 1'000'000}}), std::invalid_argument);
    EXPECT_THROW(Sanitizer({.limits = {.max_depth = 257}}), std::invalid_argument);
}

TEST(Sanitizer, UrlAttributesThatCanBeAllowedAreChecked) {
    std::size_t allowable = 0;
    for (const auto name : detail::url_attributes()) {
        const auto* attribute = detail::find_attribute(name);
        if (attribute == nullptr) continue;
        ++allowable;
        const auto options = with({"q"}, {{"q", {std::string(name)}}});
        EXPECT_EQ(cleaned("<q " + std::string(name) + "=javascript:x()>a</q>", options), "<q>a</q>") << name;
        EXPECT_THAT(cleaned("<q " + std::string(name) + "=https://a.example>a</q>", options),
                    HasSubstr("https://a.example"));
    }
    EXPECT_EQ(allowable, 3U);
    const auto images = with({"img"}, {{"img", {"src", "alt", "width", "loading"}}});
    EXPECT_EQ(cleaned("<img src=mailto:a@b.c alt=x width=100% loading=lazy>", images),
              R"(<img alt="x" loading="lazy">)");
    EXPECT_EQ(cleaned("<image src=https://a.example width=10>", images), "");
}

TEST(Sanitizer, LinksHaveARel) {
    EXPECT_EQ(cleaned("<a href=tel:1 rel=opener>a</a>"), R"(<a href="tel:1" rel="nofollow noopener noreferrer">a</a>)");
    EXPECT_EQ(cleaned("<a href=x rel=opener>a</a>"), "<a>a</a>");
    Options options;
    options.link_rel = "";
    EXPECT_EQ(cleaned("<a href=tel:1>a</a>", options), R"(<a href="tel:1">a</a>)");
}

TEST(Sanitizer, TransformsTags) {
    auto options = with({"b", "p", "span"}, {{"span", {"lang", "title"}}});
    options.transform_tags = {{"strong", {"b"}}, {"h1", {"p"}}, {"font", {"span", {{"lang", "sw"}}}}};
    EXPECT_EQ(cleaned("<h1>a <strong>b</strong></h1>", options), "<p>a <b>b</b></p>");
    EXPECT_EQ(cleaned("<font lang=en title=t color=red>a</font>", options), R"(<span lang="sw" title="t">a</span>)");
    options.transform_tags = {{"script", {"b"}}};
    EXPECT_THROW(Sanitizer{options}, std::invalid_argument);
    options.transform_tags = {{"i", {"u"}}};
    EXPECT_THROW(Sanitizer{options}, std::invalid_argument);
    options.transform_tags = {{"i", {"b"}}, {"b", {"span"}}};
    EXPECT_THROW(Sanitizer{options}, std::invalid_argument);
    options.transform_tags = {{"br", {"b"}}};
    EXPECT_THROW(Sanitizer{options}, std::invalid_argument);
    options.transform_tags = {{"i", {"span", {{"onclick", "x()"}}}}};
    EXPECT_THROW(Sanitizer{options}, std::invalid_argument);
}

TEST(Sanitizer, LosesNoTextToWhatHasNoEnd) {
    EXPECT_EQ(cleaned("a <b"), "a &lt;b");
    EXPECT_EQ(cleaned("<i>a</i><p title=\"b>c</p>"), "<i>a</i>&lt;p title=&quot;b&gt;c&lt;/p&gt;");
    EXPECT_EQ(cleaned("a<!-- b"), "a&lt;!-- b");
    EXPECT_EQ(cleaned("a<!x"), "a&lt;!x");
    EXPECT_EQ(cleaned("1 <2 </ 3 </>4 <"), "1 &lt;2 4 &lt;");
}

TEST(Sanitizer, CommentsEndWhereBrowsersEndThem) {
    EXPECT_EQ(cleaned("<!--><b>a</b>-->"), "<b>a</b>--&gt;");
    EXPECT_EQ(cleaned("<!---><b>a</b>-->"), "<b>a</b>--&gt;");
    EXPECT_EQ(cleaned("<!-- --!><b>a</b>"), "<b>a</b>");
    EXPECT_EQ(cleaned("<!-- > <b> --><i>a</i>"), "<i>a</i>");
    EXPECT_EQ(cleaned("<![CDATA[<b>a]]></b>"), "a]]&gt;");
    EXPECT_EQ(cleaned("<?php echo '<b>' ?>a"), "&#39; ?&gt;a");
}

TEST(Sanitizer, ReferencesAreNotMadeOfPieces) {
    EXPECT_EQ(cleaned("&l<x>t;b&gt;"), "&amp;lt;b&gt;");
    EXPECT_EQ(cleaned("&#<!-- -->60;"), "&amp;#60;");
    EXPECT_EQ(cleaned("&amp;lt;b&amp;gt;"), "&amp;lt;b&amp;gt;");
    EXPECT_EQ(cleaned("&lt;script&gt;"), "&lt;script&gt;");
    EXPECT_EQ(cleaned("&notit; &notin; &eacute &#128; &#0; &#xD800;"), "¬it; ∉ é € \uFFFD \uFFFD");
}

TEST(Sanitizer, IsReadAgainAsTheSameTree) {
    EXPECT_EQ(cleaned("<p>a<div>b</div>c</p>"), "<p>a</p><div>b</div>c");
    EXPECT_EQ(cleaned("<p>a<button><p>b</p></button></p>"), "<p>a</p><p>b</p>");
    EXPECT_EQ(
        cleaned("<a href=tel:1>a<object><a href=tel:2>b</a></object></a>"),
        R"(<a href="tel:1" rel="nofollow noopener noreferrer">a</a><a href="tel:2" rel="nofollow noopener noreferrer">b</a>)");
    EXPECT_EQ(cleaned("<pre>\n\n\na</pre>"), "<pre>a</pre>");
    EXPECT_EQ(cleaned("<pre><x></x>\r\n<i>\na</i></pre>"), "<pre><i>\na</i></pre>");
    EXPECT_EQ(cleaned("a&#13;b\rc"), "a\nb\nc");
    EXPECT_EQ(cleaned("<b>\u0338a</b>"), "<b>&#824;a</b>");
    EXPECT_EQ(cleaned("<table>x<tr><td>a<td>b<p>c</table>d", with(table_tags)),
              "x<table><tbody><tr><td>a</td><td>b<p>c</p></td></tr></tbody></table>d");
    EXPECT_EQ(cleaned("<td>a</td><tr>b", with(table_tags)), "ab");
    EXPECT_EQ(cleaned("<table><tr><td>a</b></p>b</table>", with(table_tags)),
              "<table><tbody><tr><td>ab</td></tr></tbody></table>");
}

TEST(Sanitizer, AttributesHoldNothingThatEndsThem) {
    EXPECT_EQ(cleaned("<a title=\"</textarea>--><img src=x onerror='x()' `>\">a</a>"),
              "<a title=\"&lt;/textarea&gt;--&gt;&lt;img src&#61;x onerror&#61;&#39;x()&#39; &#96;&gt;\">a</a>");
}

TEST(Sanitizer, RefusesWhatIsNoText) {
    EXPECT_EQ(Sanitizer().clean(std::string_view("a\0b", 3)).error(), Fault::not_text);
    EXPECT_EQ(Sanitizer().clean("a\xFF").error(), Fault::not_text);
    EXPECT_EQ(cleaned("a\x01\x7F"
                      "b&#1;\xC2\x85"),
              "ab\uFFFD");
}

TEST(Sanitizer, MovesAndIsShared) {
    Sanitizer first;
    const Sanitizer second(std::move(first));
    EXPECT_EQ(second.clean("<b>a")->markup(), "<b>a</b>");
}

TEST(CleanHtml, HasATextOfLines) {
    const auto text = [](std::string_view html) { return Sanitizer().clean(html)->text(); };
    EXPECT_EQ(text("<h2>Storage</h2><p>Keep\n  dry &amp; <b>cool</b>.</p><ul><li>2 kg<li>5 kg</ul>end<br>of it"),
              "Storage\nKeep dry & cool.\n- 2 kg\n- 5 kg\nend\nof it");
    EXPECT_EQ(text("<pre>a  b\n c</pre>"), "a  b\n c");
    EXPECT_EQ(text("&lt;b&gt; It's &amp;lt; \"x\""), "<b> It's &lt; \"x\"");
    EXPECT_EQ(text("<div><div><p>a</p></div></div>\n\n<p>b</p>"), "a\nb");
    EXPECT_EQ(text(""), "");
    const auto table = Sanitizer(with(table_tags)).clean("<table><tr><td>a<td>b<tr><td>c<td>d</table>");
    EXPECT_EQ(table->text(), "a\tb\nc\td");
}

}  // namespace

}  // namespace html
