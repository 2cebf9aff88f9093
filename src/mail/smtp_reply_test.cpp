// Replies by their lines, and whose reason a refusal has.

#include "mail/smtp_reply.h"

#include <gtest/gtest.h>

#include "mail/dot_stuffing.h"

namespace mail {

namespace {

std::optional<SmtpReply> read(std::string_view bytes) {
    SmtpReplyReader reader;
    reader.feed(bytes);
    return reader.next();
}

TEST(SmtpReply, IsReadInAnyPieces) {
    constexpr std::string_view bytes = "250-mail.example\r\n250-SIZE 100\r\n250 AUTH PLAIN\r\n354 go\r\n";
    SmtpReplyReader reader;
    std::vector<SmtpReply> replies;
    for (const char c : bytes) {
        reader.feed({&c, 1});
        if (auto reply = reader.next()) replies.push_back(*std::move(reply));
    }
    ASSERT_EQ(replies.size(), 2U);
    EXPECT_EQ(replies[0].code, 250);
    EXPECT_EQ(replies[0].lines, (std::vector<std::string>{"mail.example", "SIZE 100", "AUTH PLAIN"}));
    EXPECT_EQ(replies[1].code, 354);
    EXPECT_FALSE(reader.has_rest());
}

TEST(SmtpReply, HasItsEnhancedCodeOnce) {
    const auto reply = read("550-5.1.1 The address\r\n550-5.1.1 that you reached\r\n550 5.1.1 does not exist.\r\n");
    ASSERT_TRUE(reply && reply->enhanced());
    EXPECT_EQ(reply->text(), "5.1.1 The address that you reached does not exist.");
    EXPECT_EQ(reply->enhanced()->detail, 1);
    EXPECT_FALSE(read("550 5.1 x\r\n")->enhanced());
    // Of another class than the code.
    EXPECT_FALSE(read("550 4.1.1 x\r\n")->enhanced());
    EXPECT_EQ(read("250\r\n")->text(), "");
}

TEST(SmtpReply, WhatIsNoneIsMalformed) {
    for (const std::string_view bytes : {"HTTP/1.1 400 Bad Request\r\n", "25 x\r\n", "250-a\r\n251 b\r\n", "250_x\r\n",
                                         "99999\r\n", "100 x\r\n", "\r\n"}) {
        SmtpReplyReader reader;
        reader.feed(bytes);
        EXPECT_FALSE(reader.next()) << bytes;
        EXPECT_TRUE(reader.is_malformed()) << bytes;
    }
    SmtpReplyReader endless;
    endless.feed(std::string(SmtpReplyReader::longest_line + 1, '2'));
    EXPECT_FALSE(endless.next());
    EXPECT_TRUE(endless.is_malformed());
    SmtpReplyReader many;
    for (std::size_t i = 0; i <= SmtpReplyReader::most_lines; ++i) many.feed("250-x\r\n");
    EXPECT_FALSE(many.next());
    EXPECT_TRUE(many.is_malformed());
}

TEST(SmtpReply, SaysWhoseReasonARefusalHas) {
    using S = SmtpStep;
    using O = Outcome;
    using R = Reason;
    const struct {
        S step;
        std::string_view reply;
        O outcome;
        R whose;
    } cases[] = {
        // Anywhere: the server goes.
        {S::greeting, "421 4.3.2 busy", O::refused_for_now, R::sender},
        {S::recipient, "421 4.7.0 too many errors", O::refused_for_now, R::sender},
        {S::content, "421 4.3.0 shutting down", O::refused_for_now, R::sender},
        {S::greeting, "554 5.7.1 your address is blocked", O::refused, R::sender},
        {S::auth, "535 5.7.8 bad credentials", O::refused, R::sender},
        {S::auth, "454 4.7.0 temporary authentication failure", O::refused_for_now, R::sender},
        {S::sender, "530 5.7.0 authentication required", O::refused, R::sender},
        {S::sender, "550 5.1.8 bad sender", O::refused, R::sender},
        {S::sender, "452 4.3.1 insufficient storage", O::refused_for_now, R::sender},
        {S::sender, "552 5.3.4 message too big", O::refused, R::message},
        {S::sender, "552 too big", O::refused, R::message},
        // Recipients.
        {S::recipient, "550 5.1.1 no such user", O::refused, R::recipient},
        {S::recipient, "550 no such user", O::refused, R::recipient},
        {S::recipient, "551 user not local", O::refused, R::recipient},
        {S::recipient, "553 mailbox name not allowed", O::refused, R::recipient},
        {S::recipient, "550 5.4.1 access denied", O::refused, R::recipient},
        {S::recipient, "552 5.2.2 mailbox full", O::refused, R::recipient},
        {S::recipient, "450 4.7.1 greylisted", O::refused_for_now, R::recipient},
        {S::recipient, "450 try later", O::refused_for_now, R::recipient},
        {S::recipient, "451 4.7.1 greylisted", O::refused_for_now, R::recipient},
        {S::recipient, "452 4.2.2 mailbox full", O::refused_for_now, R::recipient},
        {S::recipient, "451 4.3.0 our disk is full", O::refused_for_now, R::sender},
        // What stands at a recipient, and is about us.
        {S::recipient, "554 5.7.1 relay access denied", O::refused, R::sender},
        {S::recipient, "550 relaying denied", O::refused, R::sender},
        {S::recipient, "530 authentication required", O::refused, R::sender},
        {S::recipient, "550 5.1.8 sender's domain unknown", O::refused, R::sender},
        {S::recipient, "503 5.5.1 bad sequence", O::refused, R::sender},
        {S::data, "451 4.3.0 later", O::refused_for_now, R::sender},
        // Behind the final dot.
        {S::content, "451 4.3.0 later", O::refused_for_now, R::sender},
        {S::content, "552 5.3.4 too big", O::refused, R::message},
        {S::content, "554 5.7.1 looks like spam", O::refused, R::message},
        {S::content, "554 5.6.0 malformed", O::refused, R::message},
        {S::content, "550 5.2.2 mailbox full", O::refused, R::recipient},
        {S::content, "550 5.1.1 no such user", O::refused, R::recipient},
        {S::content, "554 Message rejected: Email address is not verified", O::refused, R::sender},
        {S::content, "550 5.7.26 unauthenticated sender", O::refused, R::sender},
        {S::content, "554 refused", O::refused, R::message},
        // Where it says nothing.
        {S::data, "250 what", O::refused_for_now, R::sender},
        {S::content, "354 what", O::unknown, R::none},
    };
    for (const auto& one : cases) {
        const auto reply = read(std::string(one.reply) + "\r\n");
        ASSERT_TRUE(reply) << one.reply;
        const auto result = judge(one.step, *reply);
        EXPECT_EQ(to_string(result.outcome), to_string(one.outcome)) << to_string(one.step) << " " << one.reply;
        EXPECT_EQ(to_string(result.whose), to_string(one.whose)) << to_string(one.step) << " " << one.reply;
        EXPECT_NE(result.reply.find(one.reply), std::string::npos) << result.reply;
    }
}

TEST(DotStuffing, DoublesDotsWhereverPiecesEnd) {
    constexpr std::string_view message = ".one\r\n..two\r\nthree.\r\n.\r\n\r\n.end\r\n";
    constexpr std::string_view wire = "..one\r\n...two\r\nthree.\r\n..\r\n\r\n..end\r\n.\r\n";
    for (std::size_t size = 1; size <= message.size(); ++size) {
        DotStuffing stuffing;
        std::string out;
        for (std::size_t at = 0; at < message.size(); at += size) stuffing.append(out, message.substr(at, size));
        stuffing.finish(out);
        EXPECT_EQ(out, wire) << size;
    }
    DotStuffing open;
    std::string out;
    open.append(out, "no line break");
    open.finish(out);
    EXPECT_EQ(out, "no line break\r\n.\r\n");
}

}  // namespace

}  // namespace mail
