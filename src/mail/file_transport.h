#pragma once
// Mails as files: "<id of the message>.eml" in a directory, whole or not at all. The same mail once more takes the place of the first.
//
//     mail::FileTransport transport("/var/spool/outgoing");
//     co_await mail::source_of(message);                                 // what stands in the file
//
// Files are written on the loop's thread: for development, and for directories of this machine.

#include <filesystem>
#include <string>
#include <vector>

#include "mail/dkim.h"
#include "mail/transport.h"

namespace mail {

// The mail as it travels. Throws as render() does.
[[nodiscard]] async::Task<std::string> source_of(Message message, std::vector<DkimKey> keys = {});

class FileTransport : public Transport {
public:
    explicit FileTransport(std::filesystem::path directory, std::vector<DkimKey> keys = {})
        : directory_(std::move(directory)), keys_(std::move(keys)) {}

    [[nodiscard]] std::string_view name() const override { return "file"; }
    [[nodiscard]] async::Task<SendResult> send(OutgoingMail mail, async::SteadyTime deadline) override;

private:
    std::filesystem::path directory_;
    std::vector<DkimKey> keys_;
};

}  // namespace mail
