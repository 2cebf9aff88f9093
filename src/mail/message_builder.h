#pragma once
// The parts of a message, in the order of its bytes: mixed(related(alternative(text, html), images), attachments), with the levels
// alone that it needs. Internal.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mail/message.h"
#include "mail/rendered.h"

namespace mail {

class MessageBuilder {
public:
    explicit MessageBuilder(Message message);
    [[nodiscard]] std::vector<RenderedMessage::Part> build() &&;

private:
    void check() const;
    void write_headers();
    void write_list_headers();
    void write_mixed();
    void write_related();
    void write_alternative();
    void write_text(std::string_view subtype, std::string_view text);
    void write_attachment(Attachment& attachment, bool is_inline);
    template <class... Children>
    void write_multipart(const std::vector<std::string>& words, const Children&... children);

    Message message_;
    std::vector<Attachment*> inline_;
    std::vector<Attachment*> attached_;
    std::vector<RenderedMessage::Part> parts_;
    std::string bytes_;  // up to the next content
    int boundaries_ = 0;
};

}  // namespace mail
