// Ordinary texts beside npm's sanitize-html 2.17 with the same lists: what it gives, and where ours differs, and why.

#include <gtest/gtest.h>

#include <string_view>

#include "html/sanitizer.h"

namespace html {

namespace {

// Why the results differ.
enum class Why : std::uint8_t {
    same,
    void_tags,   // HTML writes <br>, XHTML <br />
    rel,         // links have a rel (Options::link_rel), and the "=" of an attribute is written as a reference
    relative,    // a URL without a scheme means another page in each app that shows the text
    quotes,      // in texts too, so that the markup may stand in an attribute
    stray_end,   // an end tag without a start leaves nothing
    raw_text,    // what is within these elements is no text of the page
    tree,        // what a browser makes of it is written, not what was given
    unfinished,  // "<" that begins no tag is a text
};

struct Case {
    std::string_view given;
    std::string_view theirs;
    Why why = Why::same;
    std::string_view ours{};  // theirs, when nothing differs
};

constexpr Case cases[] = {
    {"Maize flour, sifted twice.", "Maize flour, sifted twice."},
    {"<p>Milled in <b>Eldoret</b>, packed by <i>hand</i>.</p>",
     "<p>Milled in <b>Eldoret</b>, packed by <i>hand</i>.</p>"},
    {"<p>First line<br>second line<br/>third</p>", "<p>First line<br />second line<br />third</p>", Why::void_tags,
     "<p>First line<br>second line<br>third</p>"},
    {"<ul><li>2 kg</li><li>5 kg</li></ul>", "<ul><li>2 kg</li><li>5 kg</li></ul>"},
    {"<ul><li>2 kg<li>5 kg</ul>", "<ul><li>2 kg</li><li>5 kg</li></ul>"},
    {"<ol><li>Soak</li><li>Boil<ul><li>two hours</li></ul></li></ol>",
     "<ol><li>Soak</li><li>Boil<ul><li>two hours</li></ul></li></ol>"},
    {"<h2>Storage</h2><p>Keep dry.</p>", "<h2>Storage</h2><p>Keep dry.</p>"},
    {"<h1>Storage</h1><p>Keep dry.</p>", "Storage<p>Keep dry.</p>"},
    {R"(<p>See <a href="https://flour.example/recipes">our recipes</a>.</p>)",
     R"(<p>See <a href="https://flour.example/recipes">our recipes</a>.</p>)", Why::rel,
     R"(<p>See <a href="https://flour.example/recipes" rel="nofollow noopener noreferrer">our recipes</a>.</p>)"},
    {R"(<p>See <a href="https://flour.example/?a=1&b=2" title="Recipes">these</a>.</p>)",
     R"(<p>See <a href="https://flour.example/?a=1&amp;b=2" title="Recipes">these</a>.</p>)", Why::rel,
     R"(<p>See <a href="https://flour.example/?a&#61;1&amp;b&#61;2" title="Recipes" rel="nofollow noopener noreferrer">these</a>.</p>)"},
    {R"(<a href="mailto:shop@flour.example">Write</a> or <a href="tel:+254712345678">call</a>)",
     R"(<a href="mailto:shop@flour.example">Write</a> or <a href="tel:+254712345678">call</a>)", Why::rel,
     R"(<a href="mailto:shop@flour.example" rel="nofollow noopener noreferrer">Write</a> or <a href="tel:+254712345678" rel="nofollow noopener noreferrer">call</a>)"},
    {R"(<a href="/recipes">recipes</a>)", R"(<a href="/recipes">recipes</a>)", Why::relative, "<a>recipes</a>"},
    {R"(<a href="//flour.example/x">recipes</a>)", R"(<a href="//flour.example/x">recipes</a>)", Why::relative,
     "<a>recipes</a>"},
    {R"(<a href="ftp://flour.example/x">files</a>)", "<a>files</a>"},
    {R"x(<a href="javascript:buy()">buy</a>)x", "<a>buy</a>"},
    {R"x(<a href="https://flour.example" onclick="buy()" class="big">buy</a>)x",
     R"(<a href="https://flour.example">buy</a>)", Why::rel,
     R"(<a href="https://flour.example" rel="nofollow noopener noreferrer">buy</a>)"},
    {R"(<a name="top">top</a>)", "<a>top</a>"},
    {"<script>buy()</script>Fresh", "Fresh"},
    {"<style>p { color: red }</style>Fresh", "Fresh"},
    {R"(<p style="color:red">Fresh</p>)", "<p>Fresh</p>"},
    {R"(<font color="green">Fresh</font> <center>today</center>)", "Fresh today"},
    {R"(<img src="https://flour.example/a.png" alt="A bag">Fresh)", "Fresh"},
    {R"(<iframe src="https://video.example/1"></iframe>Fresh)", "Fresh"},
    {"Salt & pepper", "Salt &amp; pepper"},
    {"Salt &amp; pepper", "Salt &amp; pepper"},
    {"5 < 6 and 7 > 2", "5 &lt; 6 and 7 &gt; 2"},
    {R"(It's the "best" flour)", R"(It's the "best" flour)", Why::quotes, "It&#39;s the &quot;best&quot; flour"},
    {"Crème brûlée &eacute; &#233; &#xE9;", "Crème brûlée é é é"},
    {"100&nbsp;g", "100 g"},
    {"<b>bold <i>both</b> rest</i>", "<b>bold <i>both</i></b> rest"},
    {"<p>one<p>two", "<p>one</p><p>two</p>"},
    {"</p>lost</div>", "<p></p>lost", Why::stray_end, "lost"},
    {"<b>never closed", "<b>never closed</b>"},
    {"<!-- packed by night --> Fresh", " Fresh"},
    {"<P>LOUD <STRONG>TAGS</STRONG></P>", "<p>LOUD <strong>TAGS</strong></p>"},
    {"<p>  two  spaces\n and a line </p>", "<p>  two  spaces\n and a line </p>"},
    {"<pre>  1 kg   120\n  2 kg   230</pre>", "<pre>  1 kg   120\n  2 kg   230</pre>"},
    {"<table><tr><td>1 kg</td><td>120</td></tr></table>", "1 kg120"},
    {"<div><div>nested</div></div>", "<div><div>nested</div></div>"},
    {"<hr><p>below</p>", "<hr /><p>below</p>", Why::void_tags, "<hr><p>below</p>"},
    {"<o:p>from a word processor</o:p>", "from a word processor"},
    {R"(<span lang="sw">Unga</span>)", "<span>Unga</span>"},
    {"<textarea>notes</textarea>Fresh", "Fresh"},
    {"<title>Flour</title>Fresh", "FlourFresh", Why::raw_text, "Fresh"},
    {"<select><option>1 kg</option></select>Fresh", "Fresh"},
    {"<a href='https://a.example'><a href='https://b.example'>two</a></a>",
     R"(<a href="https://a.example"><a href="https://b.example">two</a></a>)", Why::tree,
     R"(<a href="https://a.example" rel="nofollow noopener noreferrer"></a><a href="https://b.example" rel="nofollow noopener noreferrer">two</a>)"},
    {"<p><div>block</div></p>", "<p></p><div>block</div><p></p>", Why::stray_end, "<p></p><div>block</div>"},
    {"H<sub>2</sub>O, 10<sup>3</sup>", "H<sub>2</sub>O, 10<sup>3</sup>"},
    {"Price <b", "Price ", Why::unfinished, "Price &lt;b"},
    {"I <3 ugali", "I &lt;3 ugali"},
};

TEST(BesideSanitizeHtml, OrdinaryTexts) {
    const Sanitizer sanitizer;
    for (const auto& [given, theirs, why, ours] : cases) {
        const auto clean = sanitizer.clean(given);
        ASSERT_TRUE(clean) << given;
        EXPECT_EQ(clean->markup(), why == Why::same ? theirs : ours) << given;
        EXPECT_EQ(why == Why::same, clean->markup() == theirs) << given;
    }
}

}  // namespace

}  // namespace html
