#include "mail/file_transport.h"

#include <cerrno>
#include <fstream>
#include <system_error>

#include "log/exception_text.h"
#include "mail/prepare.h"

namespace mail {

namespace {

SendResult not_written(std::string why, Reason whose = Reason::sender) {
    return {.outcome = Outcome::refused_for_now, .whose = whose, .reply = std::move(why)};
}

// The fault, or "".
async::Task<std::string> write_all(RenderedMessage* rendered, std::ofstream* file) {
    std::exception_ptr thrown;
    try {
        for (;;) {
            const auto piece = co_await rendered->next();
            if (piece.empty()) co_return std::string();
            file->write(piece.data(), static_cast<std::streamsize>(piece.size()));
        }
    } catch (...) {
        thrown = std::current_exception();
    }
    co_return logging::message_of(thrown);
}

}  // namespace

async::Task<std::string> source_of(Message message, std::vector<DkimKey> keys) {
    auto rendered = co_await render(std::move(message), std::move(keys));
    std::string source;
    for (;;) {
        const auto piece = co_await rendered.next();
        if (piece.empty()) co_return source;
        source += piece;
    }
}

async::Task<SendResult> FileTransport::send(OutgoingMail mail, async::SteadyTime /*deadline*/) {
    auto id = mail.message.id.to_string();
    auto prepared = co_await prepare(std::move(mail.message), keys_);
    if (!prepared.rendered) co_return std::move(prepared.refusal);
    if (!co_await may_go(&mail)) co_return SendResult{.outcome = Outcome::withdrawn};
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    if (error) co_return not_written(error.message());
    const auto target = directory_ / (id + ".eml");
    const auto draft = directory_ / (id + ".part");
    std::ofstream file(draft, std::ios::binary | std::ios::trunc);
    auto fault = co_await write_all(&*prepared.rendered, &file);
    file.close();
    if (!fault.empty()) std::filesystem::remove(draft, error);
    if (!fault.empty()) co_return not_written(std::move(fault), Reason::message);
    if (!file) co_return not_written(std::generic_category().message(errno));
    std::filesystem::rename(draft, target, error);
    if (error) co_return not_written(error.message());
    co_return SendResult{.outcome = Outcome::accepted, .provider_id = std::move(id), .reply = "written to a file"};
}

}  // namespace mail
