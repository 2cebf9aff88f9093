#pragma once
// Mails as files: "<message id>.eml" in a directory, whole or not at all. The same mail once more takes the place of the first.
//
//     mail::FileTransport transport("/var/spool/outgoing");
//     mail::source_of(mail, clock.now());                     // what stands in the file

#include <filesystem>

#include "base/time.h"
#include "mail/transport.h"

namespace mail {

// The mail as it travels: head and multipart/alternative, both parts in base64.
[[nodiscard]] std::string source_of(const OutgoingMail& mail, base::Timestamp date);

class FileTransport : public Transport {
public:
    FileTransport(std::filesystem::path directory, const base::Clock& clock)
        : directory_(std::move(directory)), clock_(clock) {}

    [[nodiscard]] std::string_view name() const override { return "file"; }
    [[nodiscard]] async::Task<SendResult> send(OutgoingMail mail, async::SteadyTime deadline) override;

private:
    std::filesystem::path directory_;
    const base::Clock& clock_;
};

}  // namespace mail
