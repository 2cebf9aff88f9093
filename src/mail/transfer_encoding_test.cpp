#include "mail/transfer_encoding.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"

namespace {

using mail::encode_text;

std::string from_quoted_printable(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        if (text.substr(i).starts_with("=\r\n")) {
            i += 3;
        } else if (text[i] == '=') {
            out += base::hex_decode(text.substr(i + 1, 2)).value_or("malformed");
            i += 3;
        } else {
            out += text[i++];
        }
    }
    return out;
}

TEST(TransferEncoding, IsTheFirstThatWillDo) {
    for (const auto& [text, encoding, bytes] : std::vector<std::tuple<std::string, std::string_view, std::string_view>>{
             {"", "7bit", ""},
             {"a", "7bit", "a\r\n"},
             {"a\nb\r\nc\rd\n", "7bit", "a\r\nb\r\nc\r\nd\r\n"},
             {"a\n\n\nb", "7bit", "a\r\n\r\n\r\nb\r\n"},
             {"a\tb", "7bit", "a\tb\r\n"},
             {"a = b", "7bit", "a = b\r\n"},
             {"blank at the end ", "quoted-printable", "blank at the end=20\r\n"},
             {"a\t\nb = c", "quoted-printable", "a=09\r\nb =3D c\r\n"},
             {"From here", "quoted-printable", "=46rom here\r\n"},
             {".\n.hidden", "quoted-printable", "=2E\r\n=2Ehidden\r\n"},
             {"--=_0197", "quoted-printable", "--=3D_0197\r\n"},
             {std::string("a\0b", 3), "quoted-printable", "a=00b\r\n"},
             {"Oda № 7 ya leo", "quoted-printable", "Oda =E2=84=96 7 ya leo\r\n"},
             {"not \xff utf-8 at all", "quoted-printable", "not =EF=BF=BD utf-8 at all\r\n"},
             {"إيصال", "base64", "2KXZiti12KfZhA0K\r\n"}}) {
        const auto encoded = encode_text(text);
        EXPECT_EQ(encoded.encoding, encoding) << text;
        EXPECT_EQ(encoded.bytes, bytes) << text;
    }
}

TEST(TransferEncoding, LongLinesComeBackWhole) {
    for (const std::string& text :
         {std::string(2'000, 'x'), std::string(77, 'x'), std::string(76, 'x') + "é", std::string(75, 'x') + " ",
          std::string(74, 'x') + "..From .", std::string(300, ' '), std::string(300, '='),
          std::string(75, 'x') + ".a" + std::string(75, 'y') + "From z"}) {
        const auto encoded = encode_text(text);
        for (const std::string_view line : base::split(encoded.bytes, '\n')) {
            EXPECT_LE(line.size(), 77U) << line;
            EXPECT_FALSE(line.starts_with('.') || line.starts_with("From ")) << line;
        }
        if (encoded.encoding == "quoted-printable") EXPECT_EQ(from_quoted_printable(encoded.bytes), text + "\r\n");
    }
    EXPECT_EQ(encode_text(std::string(76, 'x')).encoding, "7bit");
}

TEST(TransferEncoding, Base64LinesAreAsLongAsTheySay) {
    for (const std::size_t size : {0U, 1U, 56U, 57U, 58U, 114U, 1'000U}) {
        std::string out;
        mail::append_base64_lines(out, std::string(size, 'x'));
        EXPECT_EQ(out.size(), mail::base64_lines_size(size)) << size;
        for (const std::string_view line : base::split(out, '\n')) EXPECT_LE(line.size(), 77U);
    }
}

}  // namespace
