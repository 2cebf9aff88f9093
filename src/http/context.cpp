#include "http/context.h"

#include "http/access.h"

namespace http {

Context::Context(async::Loop& loop, const Services& services, logging::Logger logger)
    : loop_(loop), services_(services), server_logger_(std::move(logger)) {}

Context::~Context() = default;

const logging::Logger& Context::logger() {
    if (!has_logger_) {
        auto logger = request_id_.empty() ? server_logger_ : server_logger_.child({{"reqId", request_id_}});
        if (const auto* trace = span()) {
            logger = logger.child(
                {{"trace_id", observe::trace_id_text(trace->ids)}, {"span_id", observe::span_id_text(trace->ids)}});
        }
        set_logger(std::move(logger));
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

observe::EntrySpan& Context::set_trace(std::unique_ptr<observe::EntrySpan> trace) {
    trace_ = std::move(trace);
    has_logger_ = false;
    return *trace_;
}

std::stop_token Context::gone() {
    if (!gone_.stop_possible()) {
        gone_ = std::stop_source();
        if (client_gone_) gone_.request_stop();
    }
    return gone_.get_token();
}

void Context::mark_client_gone() {
    client_gone_ = true;
    if (gone_.stop_possible()) gone_.request_stop();
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
    if (gone_.stop_possible()) gone_ = std::stop_source(std::nostopstate);
    request_id_.clear();
    route_ = nullptr;
    route_pattern_ = {};
    parameter_count_ = 0;
    // In reverse, as a later value may refer to an earlier one.
    while (!slots_.empty()) slots_.pop_back();
    trace_.reset();
}

}  // namespace http
