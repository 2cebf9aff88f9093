#include "mail/content.h"

#include <algorithm>
#include <stdexcept>

#include "base/strings.h"

namespace mail {

namespace {

// Mail readers know no style sheet but the attribute.
constexpr std::string_view page_style =
    "margin:0;padding:16px;background:#f4f4f4;font:16px/1.5 system-ui,-apple-system,Segoe "
    "UI,Roboto,sans-serif;color:#222";
constexpr std::string_view card_style =
    "max-width:560px;margin:0 auto;padding:24px;background:#fff;border-radius:8px;overflow-wrap:anywhere";
constexpr std::string_view button_style =
    "display:inline-block;padding:12px 20px;background:#0b57d0;color:#fff;border-radius:6px;text-decoration:none";

std::string escaped(std::string_view text) {
    std::string html;
    for (const char c : text) {
        switch (c) {
            case '&': html += "&amp;"; break;
            case '<': html += "&lt;"; break;
            case '>': html += "&gt;"; break;
            case '"': html += "&quot;"; break;
            case '\'': html += "&#39;"; break;
            case '\n': html += "<br>"; break;
            default: html += c;
        }
    }
    return html;
}

void require_web_link(std::string_view url) {
    const bool is_web = url.starts_with("https://") || url.starts_with("http://");
    const bool is_clean =
        std::ranges::all_of(url, [](char c) { return c > ' ' && c != '\x7F' && c != '"' && c != '<' && c != '>'; });
    if (!is_web || !is_clean) throw std::invalid_argument("mail: a link of a mail is an http or https URL");
}

// ---- HTML --------------------------------------------------------------------------------------------------------

std::string html_of(const Paragraph& block) {
    return fmt::format("<p style=\"margin:0 0 16px{}\">{}</p>\n", block.is_small ? ";font-size:14px;color:#555" : "",
                       escaped(block.text));
}

std::string html_of(const Button& block) {
    return fmt::format("<p style=\"margin:0 0 16px\"><a href=\"{}\" style=\"{}\">{}</a></p>\n", escaped(block.url),
                       button_style, escaped(block.label));
}

std::string html_of(const Table& block) {
    std::string html = "<table style=\"width:100%;border-collapse:collapse;margin:0 0 16px\">\n";
    for (std::size_t row = 0; row < block.rows.size(); ++row) {
        const bool is_total = block.last_is_total && row + 1 == block.rows.size();
        html += fmt::format("<tr{}>", is_total ? " style=\"font-weight:bold\"" : "");
        for (std::size_t column = 0; column < block.rows[row].size(); ++column) {
            html += fmt::format("<td style=\"padding:4px 0;border-bottom:1px solid #ddd;text-align:{}\">{}</td>",
                                column == 0 ? "left" : "right", escaped(block.rows[row][column]));
        }
        html += "</tr>\n";
    }
    return html += "</table>\n";
}

// ---- Text --------------------------------------------------------------------------------------------------------

std::string text_of(const Paragraph& block) { return block.text + "\n\n"; }

std::string text_of(const Button& block) { return fmt::format("{}:\n{}\n\n", block.label, block.url); }

std::size_t width_of(std::string_view text) { return base::utf8_length(text).value_or(text.size()); }

std::string text_of(const Table& block) {
    std::vector<std::size_t> widths;
    for (const auto& row : block.rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
    }
    std::string text;
    for (const auto& row : block.rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string fill(widths[i] - width_of(row[i]), ' ');
            text += i == 0 ? row[i] + fill : "  " + fill + row[i];
        }
        while (text.ends_with(' ')) text.pop_back();
        text += '\n';
    }
    return text + '\n';
}

}  // namespace

Content& Content::button(std::string label, std::string url) {
    require_web_link(url);
    return add(Button{std::move(label), std::move(url)});
}

std::string to_html(const Content& content, const Layout& layout) {
    std::string body;
    for (const auto& block : content.blocks()) body += std::visit([](const auto& one) { return html_of(one); }, block);
    std::string footer = escaped(layout.footer);
    if (!layout.link.second.empty()) {
        require_web_link(layout.link.second);
        footer += fmt::format("{}<a href=\"{}\" style=\"color:#555\">{}</a>", footer.empty() ? "" : "<br>",
                              escaped(layout.link.second), escaped(layout.link.first));
    }
    return fmt::format(
        "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{}</title></head>\n"
        "<body style=\"{}\"><div style=\"{}\">\n<p style=\"margin:0 0 16px;font-weight:bold\">{}</p>\n{}"
        "<p style=\"margin:0;font-size:13px;color:#555\">{}</p>\n</div></body></html>\n",
        escaped(layout.language), escaped(content.subject()), page_style, card_style, escaped(layout.sender), body,
        footer);
}

std::string to_text(const Content& content, const Layout& layout) {
    std::string text = layout.sender + "\n\n";
    for (const auto& block : content.blocks()) text += std::visit([](const auto& one) { return text_of(one); }, block);
    text += "-- \n" + layout.footer + "\n";
    if (!layout.link.second.empty()) text += fmt::format("{}: {}\n", layout.link.first, layout.link.second);
    return text;
}

}  // namespace mail
