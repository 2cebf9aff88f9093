// Frames by RFC 6455, whole and in single bytes.

#include "realtime/frame.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "realtime/deflate.h"
#include "realtime/handshake.h"

namespace realtime {
namespace {

using Result = MessageReader::Result;

// A client's frame.
std::string frame(unsigned first, std::string_view payload, std::size_t said = std::string::npos) {
    std::string out(1, static_cast<char>(first));
    const auto size = said == std::string::npos ? payload.size() : said;
    if (size < 126) {
        out += static_cast<char>(0x80U | size);
    } else if (size <= 0xFFFF) {
        out += static_cast<char>(0x80U | 126U);
        for (int shift = 8; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift & 0xFFU);
    } else {
        out += static_cast<char>(0x80U | 127U);
        for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift & 0xFFU);
    }
    constexpr std::string_view mask = "\x37\xfa\x21\x3d";
    out += mask;
    for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ mask[i & 3U]);
    return out;
}

struct Heard {
    std::vector<std::string> items;
    std::optional<MessageReader::Fault> fault;
};

Heard hear(std::string_view bytes, std::size_t piece, MessageReader::Options options = {}) {
    MessageReader reader(options);
    Heard heard;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        auto part = bytes.substr(at, piece);
        MessageReader::Item item;
        while (true) {
            const auto result = reader.next(part, item);
            if (result == Result::failed) heard.fault = reader.fault();
            if (result != Result::item) break;
            heard.items.push_back(std::to_string(static_cast<int>(item.opcode)) + ":" + std::string(item.payload));
        }
    }
    return heard;
}

TEST(Frames, AreReadWholeAndInPieces) {
    const auto bytes = frame(0x81, "habari") + frame(0x01, "ja") + frame(0x89, "p") + frame(0x00, "") +
                       frame(0x80, "mbo") + frame(0x82, std::string(300, 'x')) + frame(0x81, "") +
                       frame(0x82, std::string(70'000, 'y')) + frame(0x88, "\x03\xE8kwaheri") +
                       "what follows means nothing";
    const std::vector<std::string> expected{
        "1:habari", "9:p", "1:jambo", "2:" + std::string(300, 'x'), "1:", "2:" + std::string(70'000, 'y'), "8:kwaheri"};
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 4'096U, 1'000'000U}) {
        const auto heard = hear(bytes, piece, {.max_message = 100'000});
        EXPECT_FALSE(heard.fault) << piece;
        EXPECT_EQ(heard.items, expected) << piece;
    }
}

TEST(Frames, ThatBreakTheRulesAreRefused) {
    using enum CloseCode;
    std::string many = frame(0x01, "");
    for (int i = 0; i < 200; ++i) many += frame(0x00, "");
    const struct {
        std::string_view name;
        std::string bytes;
        CloseCode code;
    } cases[] = {
        {"a reserved bit", frame(0x91, "x"), protocol_error},
        {"compressed without having agreed to it", frame(0xC1, "x"), protocol_error},
        {"a reserved opcode", frame(0x83, ""), protocol_error},
        {"a reserved control opcode", frame(0x8B, ""), protocol_error},
        {"not masked", std::string("\x81\x01x"), protocol_error},
        {"a fragmented ping", frame(0x09, "x"), protocol_error},
        {"a long ping", frame(0x89, std::string(126, 'x')), protocol_error},
        {"a continuation of nothing", frame(0x80, "x"), protocol_error},
        {"a message in a message", frame(0x01, "x") + frame(0x81, "y"), protocol_error},
        {"a length that could be shorter", std::string("\x81\xFE\x00\x7D", 4) + "mask", protocol_error},
        {"a length of 2^63", std::string("\x82\xFF\x80\x00\x00\x00\x00\x00\x00\x00mask", 14), protocol_error},
        {"a length of 2^62", std::string("\x82\xFF\x40\x00\x00\x00\x00\x00\x00\x00mask", 14), message_too_big},
        {"too long together", frame(0x02, std::string(600, 'x')) + frame(0x80, std::string(600, 'x')), message_too_big},
        {"too many frames", many, policy_violation},
        {"no UTF-8", frame(0x81, "\xCE\xBA\xED\xA0\x80"), invalid_payload},
        {"half a character at the end", frame(0x81, "\xCE"), invalid_payload},
        {"overlong", frame(0x81, "\xC0\xAF"), invalid_payload},
        {"no UTF-8 in a message that goes on", frame(0x01, "\xF4\x90"), invalid_payload},
        {"a close of one byte", frame(0x88, "\x03"), protocol_error},
        {"a close code that nobody sends", frame(0x88, "\x03\xED"), protocol_error},
        {"close 999", frame(0x88, "\x03\xE7"), protocol_error},
        {"close 2999", frame(0x88, "\x0B\xB7"), protocol_error},
        {"a reason that is no UTF-8", frame(0x88, "\x03\xE8\xFF"), invalid_payload},
    };
    for (const auto& [name, bytes, code] : cases) {
        for (const std::size_t piece : {1U, 1'000'000U}) {
            const auto heard = hear(bytes, piece, {.max_message = 1'000, .max_frames = 100});
            ASSERT_TRUE(heard.fault) << name;
            EXPECT_EQ(heard.fault->code, code) << name << ": " << heard.fault->why;
        }
    }
}

TEST(Frames, ACharacterMayStandInTwoFrames) {
    const auto heard = hear(frame(0x01, "\xE2\x82") + frame(0x80, "\xAC"), 1);
    EXPECT_FALSE(heard.fault);
    EXPECT_EQ(heard.items, std::vector<std::string>{"1:\u20AC"});
}

TEST(Frames, CloseCodesOfTheStandard) {
    for (const std::uint16_t code : {1000, 1003, 1007, 1011, 1014, 3000, 4999}) EXPECT_TRUE(may_be_sent(code)) << code;
    for (const std::uint16_t code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535})
        EXPECT_FALSE(may_be_sent(code)) << code;
}

TEST(Frames, WhatWeSendHasTheShortestLength) {
    for (const std::size_t size : {0U, 125U, 126U, 65'535U, 65'536U}) {
        std::string out;
        append_frame(out, Opcode::text, std::string(size, 'x'));
        EXPECT_EQ(out.size(), size + (size < 126 ? 2 : size <= 65'535 ? 4 : 10));
        const auto heard = hear(out, 1'000'000, {.max_message = 100'000, .masked = false});
        EXPECT_EQ(heard.items.size(), 1U) << size;
    }
    std::string close;
    append_close(close, CloseCode::normal, std::string(122, 'x') + "\u20AC");
    EXPECT_EQ(close.size(), 2U + 2 + 122);
}

TEST(Handshake, KeyOfTheStandard) {
    EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");  // RFC 6455 §1.3
    EXPECT_TRUE(is_key("dGhlIHNhbXBsZSBub25jZQ=="));
    for (const auto* key : {"", "dGhlIHNhbXBsZQ==", "dGhlIHNhbXBsZSBub25jZQ", "?"}) EXPECT_FALSE(is_key(key)) << key;
}

TEST(Handshake, OffersOfCompression) {
    const struct {
        std::string_view offer;
        std::string_view answer;  // behind what is always there; "-": none
    } cases[] = {
        {"permessage-deflate", ""},
        {"permessage-deflate; client_max_window_bits", ""},
        {"permessage-deflate; server_max_window_bits=10", "; server_max_window_bits=10"},
        {"permessage-deflate; server_max_window_bits=\"9\"", "; server_max_window_bits=9"},
        {"permessage-deflate; server_max_window_bits=7", "-"},
        {"permessage-deflate; server_max_window_bits", "-"},
        {"permessage-deflate; unknown", "-"},
        {"permessage-deflate; client_no_context_takeover; client_no_context_takeover", "-"},
        {"permessage-deflate; unknown, permessage-deflate", ""},
        {"x-webkit-deflate-frame", "-"},
        {"", "-"},
    };
    for (const auto& [offer, answer] : cases) {
        const auto chosen = choose_deflate(offer);
        ASSERT_EQ(chosen.has_value(), answer != "-") << offer;
        if (chosen) EXPECT_TRUE(to_header(*chosen).ends_with(answer)) << offer << to_header(*chosen);
    }
}

TEST(Deflate, ComesBackAndIsBounded) {
    MessageDeflater deflater;
    MessageInflater inflater;
    std::string text;
    for (int i = 0; i < 2'000; ++i) text += "habari " + std::to_string(i);
    for (int round = 0; round < 3; ++round) {
        const auto payload = deflater.deflate(text);
        EXPECT_LT(payload.size(), text.size() / 2);
        EXPECT_EQ(inflater.inflate(payload, text.size()), text);
        EXPECT_EQ(inflater.inflate(payload, text.size() - 1).error(), CloseCode::message_too_big);
    }
    EXPECT_EQ(inflater.inflate("", 10), "");
    const auto bomb = deflater.deflate(std::string(50'000'000, '\0'));
    EXPECT_EQ(inflater.inflate(bomb, 65'536).error(), CloseCode::message_too_big);
    EXPECT_EQ(inflater.inflate("\xFF\xFF\xFF", 100).error(), CloseCode::invalid_payload);
    // RFC 7692 §7.2.3.1: "Hello".
    EXPECT_EQ(inflater.inflate(std::string("\xf2\x48\xcd\xc9\xc9\x07\x00", 7), 100), "Hello");
}

}  // namespace
}  // namespace realtime
