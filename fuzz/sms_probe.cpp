// src/sms for tests/e2e/sms-wire.test.ts, driven by lines of JSON:
//
//     {"measure":"Asante 🙏"}                                                    {"encoding":"ucs2","units":9,"parts":1}
//     {"phone":"0712 345 678"}                                                  {"number":"+254712345678"}
//     {"provider":"twilio","account":{…},"method":"POST","url":"https://…","headers":{"X-Twilio-Signature":"…"},"body":"…"}
//     {"status":200,"reply":"","reports":[{"id":"SM1","to":"+254…","delivery":"sent","code":"","instead":0}],"messages":[{"from":"+254…","text":"Habari","wish":0}]}

#include <iostream>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "schema/phone.h"
#include "sms/callback.h"
#include "sms/parts.h"

namespace {

namespace dom = simdjson::dom;

std::string json_text_of(std::string_view text) {
    std::string json;
    schema::write_json_string(text, json);
    return json;
}

std::string measured(std::string_view text) {
    const auto measure = sms::measure(text);
    return std::string(R"({"encoding":)") + (measure.encoding == sms::Encoding::gsm7 ? R"("gsm7")" : R"("ucs2")") +
           ",\"units\":" + std::to_string(measure.units) + ",\"parts\":" + std::to_string(measure.parts) + "}";
}

std::string normalised(std::string_view text) {
    const auto number = schema::normalise_phone(text);
    return R"({"number":)" + (number ? json_text_of(*number) : "null") + "}";
}

std::string report_json(const sms::DeliveryReport& report) {
    return R"({"id":)" + json_text_of(report.provider_id) + ",\"to\":" + json_text_of(report.to) +
           ",\"delivery\":" + json_text_of(sms::to_string(report.delivery)) + ",\"code\":" + json_text_of(report.code) +
           ",\"instead\":" + std::to_string(static_cast<int>(report.instead)) + "}";
}

std::string message_json(const sms::IncomingMessage& message) {
    return R"({"from":)" + json_text_of(message.from) + ",\"text\":" + json_text_of(message.text) +
           ",\"wish\":" + std::to_string(static_cast<int>(message.wish)) + "}";
}

template <class T>
std::string list_of(const std::vector<T>& items, std::string (*one)(const T&)) {
    std::string json;
    for (const auto& item : items) json += (json.empty() ? "" : ",") + one(item);
    return "[" + json + "]";
}

std::string_view member(const dom::element& line, const char* name) {
    std::string_view text;
    return line[name].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::string answer_callback(const dom::element& line) {
    const auto account = sms::read_account(member(line, "provider"), simdjson::to_string(line["account"]));
    if (!account) return R"({"status":500})";
    http::Headers headers;
    for (const auto [name, value] : dom::object(line["headers"])) headers.set(name, std::string_view(value));
    const auto read = sms::read_callback(*account, {.method = member(line, "method"),
                                                    .url = member(line, "url"),
                                                    .path_token = member(line, "token"),
                                                    .bytes = member(line, "body"),
                                                    .headers = &headers});
    if (!read) return R"({"status":)" + std::to_string(read.error().status) + "}";
    return R"({"status":)" + std::to_string(read->status) + ",\"reply\":" + json_text_of(read->reply) +
           ",\"reports\":" + list_of(read->reports, report_json) +
           ",\"messages\":" + list_of(read->messages, message_json) + "}";
}

std::string answer(const dom::element& line) {
    if (std::string_view text; line["measure"].get(text) == simdjson::SUCCESS) return measured(text);
    if (std::string_view text; line["phone"].get(text) == simdjson::SUCCESS) return normalised(text);
    return answer_callback(line);
}

}  // namespace

int main() {
    dom::parser parser;
    for (std::string line; std::getline(std::cin, line);) {
        dom::element parsed;
        if (parser.parse(line).get(parsed) != simdjson::SUCCESS) return 1;
        std::cout << answer(parsed) << '\n';
    }
    return 0;
}
