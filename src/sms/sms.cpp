#include "sms/sms.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "base/strings.h"
#include "schema/phone.h"
#include "sms/pace.h"
#include "sms/parts.h"

namespace sms {

namespace {

constexpr std::size_t longest_whatsapp = 4'096;  // characters
constexpr std::size_t longest_value = 1'024;     // of a template's place

SendResult refusal(Reason whose, std::string code, std::string reply) {
    return {.outcome = Outcome::refused, .whose = whose, .code = std::move(code), .reply = std::move(reply)};
}
SendResult at_fault(std::string code, std::string reply) {
    return refusal(Reason::message, std::move(code), std::move(reply));
}

bool has_control(std::string_view text) {
    return std::ranges::any_of(text, [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\f') || c == 0x7F;
    });
}

std::optional<SendResult> fault_of_text(const std::string& text, Channel channel) {
    const auto length = base::utf8_length(text);
    if (!length || has_control(text)) return at_fault("bad_text", "not UTF-8, or with control characters");
    if (base::trim(text).empty()) return at_fault("no_text", "there is nothing to send");
    if (channel == Channel::sms && measure(text).parts > most_parts)
        return at_fault("too_long", "more than ten parts of an SMS");
    if (channel == Channel::whatsapp && *length > longest_whatsapp)
        return at_fault("too_long", "more than 4,096 characters");
    return std::nullopt;
}

// Meta refuses these, with an error that names no place.
bool fits_place(const std::string& value) {
    return !base::trim(value).empty() && value.size() <= longest_value && base::is_utf8(value) && !has_control(value) &&
           value.find_first_of("\n\r\f") == std::string::npos && value.find("     ") == std::string::npos;
}

std::optional<SendResult> fault_of_template(const Template& one) {
    if (one.name.empty() || one.language.empty()) return at_fault("template", "a template has a name and a language");
    if (!std::ranges::all_of(one.values, fits_place) || (!one.button.empty() && !fits_place(one.button)))
        return at_fault("template_value", "a template's value is empty, too long, or more than one line");
    if (one.is_code && one.values.size() != 1)
        return at_fault("template_value", "an authentication template has one value");
    return std::nullopt;
}

std::optional<SendResult> fault_of(const OutgoingMessage& message, Channel channel) {
    if (message.id.is_nil()) return at_fault("no_id", "a message has an id of ours");
    if (!message.whatsapp_template) return fault_of_text(message.text, channel);
    if (channel == Channel::sms) return at_fault("template", "an SMS has no template");
    if (!message.text.empty()) return at_fault("template", "a text or a template, not both");
    return fault_of_template(*message.whatsapp_template);
}

struct Plan {
    std::vector<SendResult> results;        // by input
    std::vector<std::string> numbers;       // each once
    std::vector<std::size_t> first_inputs;  // of numbers
};

Plan plan_of(const OutgoingMessage& message) {
    Plan plan{.results = std::vector<SendResult>(message.to.size())};
    std::map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i < message.to.size(); ++i) {
        auto& result = plan.results[i];
        auto number = schema::normalise_phone(message.to[i]);
        if (!number || !is_mobile(*number)) {
            result = refusal(Reason::recipient, number ? "not_mobile" : "bad_number", "no number of a mobile phone");
            result.to = number.value_or("");
            continue;
        }
        result.to = *number;
        const auto [known, is_new] = seen.try_emplace(*number, i);
        if (is_new) {
            plan.numbers.push_back(*std::move(number));
            plan.first_inputs.push_back(i);
        } else {
            result.same_as = known->second;
        }
    }
    return plan;
}

void fill_repeats(std::vector<SendResult>& results) {
    for (auto& result : results) {
        if (!result.same_as) continue;
        const auto first = *result.same_as;
        result = results[first];
        result.same_as = first;
        result.cost.reset();
    }
}

// The account is the reason: what is behind in the batch would be told the same.
bool ends_batch(const std::vector<SendResult>& results) {
    return !results.empty() && std::ranges::all_of(results, [](const SendResult& one) {
        return one.whose == Reason::sender &&
               (one.outcome == Outcome::refused || one.outcome == Outcome::refused_for_now);
    });
}

std::vector<SendResult> all_alike(std::size_t count, const SendResult& one) {
    return std::vector<SendResult>(count, one);
}

}  // namespace

std::string_view to_string(Channel channel) { return channel == Channel::whatsapp ? "whatsapp" : "sms"; }

std::string_view to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::accepted: return "accepted";
        case Outcome::refused_for_now: return "refused_for_now";
        case Outcome::refused: return "refused";
        case Outcome::unknown: return "unknown";
        case Outcome::withdrawn: return "withdrawn";
    }
    return "unknown";
}

std::string_view to_string(Reason reason) {
    switch (reason) {
        case Reason::none: return "none";
        case Reason::recipient: return "recipient";
        case Reason::sender: return "sender";
        case Reason::message: return "message";
    }
    return "none";
}

async::Task<std::optional<SendResult>> Transport::wait_for_turn(const OutgoingMessage* message, std::size_t count,
                                                                async::SteadyTime deadline) {
    if (pace_) {
        const auto now = async::Loop::now();
        const auto turn = pace_->next(count, now, deadline);
        if (!turn)
            co_return SendResult{.outcome = Outcome::refused_for_now,
                                 .whose = Reason::sender,
                                 .code = "pace",
                                 .reply = "more messages wait than may leave in this time",
                                 .retry_after = std::chrono::seconds(1)};
        const auto pause = std::chrono::ceil<async::Milliseconds>(*turn - now);
        if (pause.count() > 0) co_await async::sleep(loop_, pause);
    }
    if (message->confirm && !co_await message->confirm()) co_return SendResult{.outcome = Outcome::withdrawn};
    co_return std::nullopt;
}

async::Task<std::vector<SendResult>> Transport::send(OutgoingMessage message, async::SteadyTime deadline) {
    if (message.to.empty() || message.to.size() > most_recipients)
        throw std::invalid_argument("sms: a message has 1 to 1,000 recipients");
    auto plan = plan_of(message);
    std::optional<SendResult> end = fault_of(message, channel());
    const auto at_once = std::max<std::size_t>(most_at_once(), 1);
    for (std::size_t from = 0; from < plan.numbers.size(); from += at_once) {
        const auto count = std::min(at_once, plan.numbers.size() - from);
        if (!end) end = co_await wait_for_turn(&message, count, deadline);
        std::vector<SendResult> results;
        if (end) {
            results = all_alike(count, *end);
        } else {
            const auto begin = plan.numbers.begin() + static_cast<std::ptrdiff_t>(from);
            results = co_await deliver(&message, {begin, begin + static_cast<std::ptrdiff_t>(count)}, deadline);
            if (results.size() != count) throw std::logic_error("sms: a result for each recipient");
            if (ends_batch(results)) end = results.front();
        }
        for (std::size_t i = 0; i < count; ++i) {
            results[i].to = plan.numbers[from + i];
            plan.results[plan.first_inputs[from + i]] = std::move(results[i]);
        }
    }
    fill_repeats(plan.results);
    co_return std::move(plan.results);
}

bool is_mobile(std::string_view number) { return !number.starts_with("+254") || schema::is_mobile_of_kenya(number); }

}  // namespace sms
