#pragma once
// A message as the JSON of SendGrid's v3 API, piece by piece: contents of attachments are encoded while they are sent. Internal.
//
//     SendgridBody body(std::move(message), is_security);
//     client::stream([&] { return body.next(); }, "application/json", body.size())

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "mail/message.h"

namespace mail {

class SendgridBody {
public:
    SendgridBody(Message message, bool is_security);

    [[nodiscard]] std::uint64_t size() const;
    // "" at the end. Throws SourceFailed, or what a content's reader throws.
    [[nodiscard]] async::Task<std::string> next();

private:
    // A text, and behind it what is in Base64.
    struct Segment {
        std::string text;
        std::string filename{};
        std::variant<std::string, Stream> content{};
    };

    [[nodiscard]] async::Task<std::string> next_of_stream();
    [[nodiscard]] std::string next_in_memory();
    void end_content();

    std::vector<Segment> segments_;
    std::size_t at_ = 0;
    bool text_is_sent_ = false;
    std::uint64_t offset_ = 0;
    std::unique_ptr<ContentReader> reader_;
};

}  // namespace mail
