#include "mail/html_text.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

TEST(HtmlText, ReadsAsThePageDoes) {
    for (const auto& [html, text] : std::vector<std::pair<std::string_view, std::string_view>>{
             {"", ""},
             {"plain", "plain\n"},
             {"<p>Habari  \n <b>Amina</b>,</p><p>asante.</p>", "Habari Amina,\n\nasante.\n"},
             {"a<br>b<br/>c<br><br>d", "a\nb\nc\n\nd\n"},
             {"<h1>Receipt</h1>\n<div>one</div><div>two</div>", "Receipt\n\none\ntwo\n"},
             {"<ul><li>a</li><li><p>b</p></li></ul>end", "- a\n- b\n\nend\n"},
             {"<ol><li>a<ul><li>x</li></ul></li><li>b</li></ol>", "1. a\n- x\n2. b\n"},
             {"<table><tr><td>Sugar</td><td>2</td></tr><tr><td>Tea</td><td>1</td></tr></table>", "Sugar  2\nTea  1\n"},
             {"<a href=\"https://x.example/?a=1&amp;b=2\">Verify</a> now", "Verify <https://x.example/?a=1&b=2> now\n"},
             {"<a href='https://x.example/'>https://x.example/</a>", "https://x.example/\n"},
             {"<a href=mailto:a@b.example>a@b.example</a>", "a@b.example\n"},
             {"<a href=\"javascript:alert(1)\">x</a><a href=\"#top\">y</a>", "xy\n"},
             {"<a href=\"https://x.example\"><img src=\"cid:logo\" alt=\"Home\"></a>", "Home <https://x.example>\n"},
             {"a &lt;b&gt; &amp;amp; &quot;c&quot; &#8470;&#x2116; &nbsp;&euro;5&hellip; &unknown; AT&T &",
              "a <b> &amp; \"c\" №№ \u00a0€5… &unknown; AT&T &\n"},
             {"&#0;&#xD800;&#99999999;&#x;", "\uFFFD\uFFFD\uFFFD&#x;\n"},
             {"<head><title>t</title><style>p{a:b}</style></head><body>x<script>if (a<b) { \"</p>\" }</script>y</body>",
              "xy\n"},
             {"<div style=\"Display: none\">pre<div>in</div>header</div>shown<p hidden>no</p>", "shown\n"},
             {"a<!-- <p>no</p> -->b<!doctype html><?xml ?>", "ab\n"},
             {"1 < 2 and 3 > 2", "1 < 2 and 3 > 2\n"},
             {"<pre>a\n  b</pre>c", "a\n  b\n\nc\n"},
             {"a<hr>b", "a\n\n----\n\nb\n"},
             {"<p>open <b", "open\n"},
             {"<a href=\"open", ""},
             {"<script>never closed", ""},
             {"</p></ul></a></div>x", "x\n"},
             {"soft&shy;hyphen", "softhyphen\n"}}) {
        EXPECT_EQ(mail::html_to_text(html), text) << html;
    }
}

TEST(HtmlText, IsLinear) {
    std::string html;
    for (int i = 0; i < 20'000; ++i) html += "<div hidden><ul><a href=\"&";
    EXPECT_LE(mail::html_to_text(html).size(), html.size());
}

}  // namespace
