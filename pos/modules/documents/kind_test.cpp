#include "pos/modules/documents/kind.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace {

std::string kind_of(std::string_view bytes, std::size_t step) {
    pos::DocumentKind kind;
    for (std::size_t at = 0; at < bytes.size(); at += step) kind.add(bytes.substr(at, step));
    return std::string(kind.media_type());
}

const std::string pdf = "%PDF-1.7\n" + std::string("\0\xFF\xFE\x01", 4) + std::string(3'000, 'x') + "\n%%EOF\n";

struct Row {
    const char* name;
    std::string bytes;
    const char* kind;
};

TEST(DocumentKind, IsToldByTheBytesHoweverTheyCome) {
    using std::string_literals::operator""s;
    const Row rows[] = {
        {"PDF", pdf, "application/pdf"},
        {"PDF 2", "%PDF-2.0\n%%EOF", "application/pdf"},
        {"PDF that was cut off", pdf.substr(0, pdf.size() - 4), ""},
        {"PDF whose end is followed by much", pdf + std::string(2'000, ' '), ""},
        {"PDF behind something", "x" + pdf, ""},
        {"PDF of a scanner", "\r\n\n" + pdf, "application/pdf"},
        {"PDF behind a mark", "\xEF\xBB\xBF" + pdf, "application/pdf"},
        {"PDF of a scanner, cut off", "\n\n%PDF-1.4\nx", ""},
        {"no version of PDF", "%PDF-9.0\n%%EOF", "text/csv"},
        {"CSV", "sku,price\nA-1,150\n", "text/csv"},
        {"CSV with a mark", "\xEF\xBB\xBFsku,price\r\n\"a\",1\t2\r\n", "text/csv"},
        {"CSV of letters of two, three and four bytes", "nyanya ½,№,\xF0\x9F\x8D\x85\n", "text/csv"},
        {"nothing", "", ""},
        {"a mark alone", "\xEF\xBB\xBF", ""},
        {"white space", " \r\n\t", ""},
        {"one word", "hello", "text/csv"},
        {"one letter", "1", "text/csv"},
        {"JSON", R"({"file":"YWJj"})", ""},
        {"JSON in lines", "[\n  {\"sku\": 1}]", ""},
        {"no JSON", "{sku},[price]\n[A],{1}\n", "text/csv"},
        {"names in brackets", "[sku],[price]\n", "text/csv"},
        {"Latin-1", "caf\xE9,1\n", ""},
        {"a letter that is cut off", "nyanya \xF0\x9F\x8D", ""},
        {"an overlong slash", "a\xC0\xAF", ""},
        {"half of a surrogate pair", "a\xED\xA0\x80", ""},
        {"zero", "a,b\0c\n"s, ""},
        {"escape", "a,\x1b[2J\n", ""},
        {"delete", "a,\x7f\n", ""},
        {"HTML", "<!doctype html><script>alert(1)</script>", ""},
        {"HTML behind a mark and lines", "\xEF\xBB\xBF\n \n<svg onload=alert(1)>", ""},
        {"a mark that is not in front", " \n\xEF\xBB\xBF<b", "text/csv"},
        {"ZIP", "PK\x03\x04", ""},
        {"PNG", "\x89PNG\r\n\x1a\n", ""},
        {"a less-than sign later", "a,b<c\n", "text/csv"},
    };
    for (const auto& row : rows) {
        for (const std::size_t step : {1U, 2U, 3U, 5U, 1'023U, 1'024U, 65'536U})
            EXPECT_EQ(kind_of(row.bytes, step), row.kind) << row.name << ", " << step << " at a time";
    }
}

TEST(DocumentKind, SaysWhyItIsNone) {
    const std::pair<std::string, const char*> rows[] = {
        {"", "empty"},      {"\xEF\xBB\xBF\n", "empty"}, {"%PDF-1.4\n", "%%EOF"}, {"caf\xE9,1\n", "UTF-8"},
        {"<html>", "HTML"}, {R"({"a":1})", "JSON"},
    };
    for (const auto& [bytes, part] : rows) {
        pos::DocumentKind kind;
        kind.add(bytes);
        EXPECT_TRUE(kind.fault().contains(part)) << bytes << ": " << kind.fault();
    }
    pos::DocumentKind kind;
    kind.add("a,b\n");
    EXPECT_EQ(kind.fault(), "");
}

TEST(DocumentKind, IsTheEndingOfWhatIsSaved) {
    EXPECT_EQ(pos::download_name("Prices", "text/csv"), "Prices.csv");
    EXPECT_EQ(pos::download_name("prices.CSV", "text/csv"), "prices.CSV");
    EXPECT_EQ(pos::download_name("prices.bat", "text/csv"), "prices.bat.csv");
    EXPECT_EQ(pos::download_name("bei.csv.exe", "text/csv"), "bei.csv.exe.csv");
    EXPECT_EQ(pos::download_name("note.csv", "application/pdf"), "note.csv.pdf");
    EXPECT_EQ(pos::download_name("note.pdf", "application/pdf"), "note.pdf");
    EXPECT_EQ(pos::download_name(".csv", "text/csv"), ".csv.csv");
}

}  // namespace
