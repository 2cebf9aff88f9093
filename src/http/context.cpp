#include "http/context.h"

#include "http/access.h"

namespace http {

Context::Context(async::Loop& loop, const Services& services, logging::Logger logger)
    : loop_(loop), services_(services), server_logger_(std::move(logger)) {}

Context::~Context() = default;

const logging::Logger& Context::logger() {
    if (!has_logger_) {
        set_logger(request_id_.empty() ? server_logger_ : server_logger_.child({{"reqId", request_id_}}));
    }
    return logger_;
}

void Context::set_logger(logging::Logger logger) {
    logger_ = std::move(logger);
    has_logger_ = true;
}

void Context::set_request_id(std::string_view id) {
    request_id_.assign(id);
    has_logger_ = false;
}

std::string_view Context::param(std::string_view name) const {
    for (std::size_t i = 0; i < parameter_count_; ++i) {
        if (parameters_[i].name == name) return parameters_[i].value;
    }
    return {};
}

void Context::insert_slot(const void* key, std::unique_ptr<AnySlot> slot) {
    for (auto& [known, value] : slots_) {
        if (known == key) {
            value = std::move(slot);
            return;
        }
    }
    slots_.emplace_back(key, std::move(slot));
}

Context::AnySlot* Context::find_slot(const void* key) const {
    for (const auto& [known, value] : slots_) {
        if (known == key) return value.get();
    }
    return nullptr;
}

void Context::reset() {
    RequestAccess(request_).reset();
    ResponseAccess(response_).reset();
    if (has_logger_) logger_ = {};
    has_logger_ = false;
    client_gone_ = false;
    request_id_.clear();
    route_ = nullptr;
    route_pattern_ = {};
    parameter_count_ = 0;
    // In reverse, as a later value may refer to an earlier one.
    while (!slots_.empty()) slots_.pop_back();
}

}  // namespace http
