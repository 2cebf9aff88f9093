// src/storage for tests/e2e/storage.test.ts, driven by lines of JSON. The first one opens a store; each is answered by a line.
//
//     {"do":"open","url":"s3://KEY:SECRET@bucket?endpoint=http://127.0.0.1:9000","public":"","now":"2026-01-02T03:04:05Z"}
//     {"ok":true}
//     {"do":"put","key":"a","text":"hello","type":"text/plain"}
//     {"ok":true,"etag":"…","size":5,"sha256":"…"}
//     {"do":"put","key":"a","size":20000000}
//     {"began":"UPLOAD-ID","key":"a"}                                                  and then the answer
//     {"do":"head","key":"none"}
//     {"ok":false,"fault":"not_found","code":"storage.not_found",…}

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <simdjson.h>

#include "async/blocking_pool.h"
#include "base/fake_clock.h"
#include "base/random.h"
#include "base/strings.h"
#include "client/client.h"
#include "log/logger.h"
#include "observe/metrics.h"
#include "schema/schema.h"
#include "storage/open_store.h"
#include "storage/storage.h"

namespace {

namespace dom = simdjson::dom;
using namespace std::chrono_literals;

std::string json_text_of(std::string_view text) {
    std::string json;
    schema::write_json_string(text, json);
    return json;
}

std::string text_in(const dom::element& line, const char* name) {
    std::string_view text;
    return line[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

std::uint64_t number_in(const dom::element& line, const char* name, std::uint64_t otherwise) {
    std::uint64_t number = 0;
    return line[name].get(number) == simdjson::SUCCESS ? number : otherwise;
}

bool flag_in(const dom::element& line, const char* name) {
    bool flag = false;
    return line[name].get(flag) == simdjson::SUCCESS && flag;
}

std::string hex(const base::Digest256& digest) { return base::hex_encode(base::as_chars(digest)); }

std::string said(const storage::Error& error) {
    return R"({"ok":false,"fault":)" + json_text_of(storage::to_string(error.fault)) +
           ",\"code\":" + json_text_of(error.code().code) + ",\"provider\":" + json_text_of(error.provider_code) +
           ",\"detail\":" + json_text_of(error.detail) + "}";
}

std::string said(const storage::ObjectInfo& info) {
    return R"({"ok":true,"etag":)" + json_text_of(info.etag) + ",\"size\":" + std::to_string(info.size) +
           ",\"type\":" + json_text_of(info.content_type) +
           ",\"sha256\":" + json_text_of(info.sha256 ? hex(*info.sha256) : "") + "}";
}

std::string said(const storage::NameValues& values) {
    std::string json;
    for (const auto& [name, value] : values)
        json += (json.empty() ? "" : ",") + json_text_of(name) + ":" + json_text_of(value);
    return "{" + json + "}";
}

// Bytes of a length, the same each time, a megabyte at once.
struct Filler {
    std::uint64_t left;
    base::SeededRandom random{7};
};
async::Task<std::string> next_of(Filler* filler) {
    std::string piece(std::min<std::uint64_t>(filler->left, 1U << 20), '\0');
    filler->left -= piece.size();
    filler->random.fill({reinterpret_cast<std::uint8_t*>(piece.data()), piece.size()});
    co_return piece;
}

async::Task<void> tell(std::string line) {
    std::cout << line << std::endl;
    co_return;
}

class Probe {
public:
    Probe() : http_({.loop = loop_, .logger = {}, .metrics = metrics_}) {}

    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;
    ~Probe() {
        store_.reset();
        run(http_.stop(async::Loop::now() + 1s));
    }

    std::string answer(const dom::element& line) {
        const auto what = text_in(line, "do");
        if (what == "open") return open(line);
        if (what == "put") return put(line);
        if (what == "get") return run(read(get_of(line)));
        if (what == "head") return either(run(store_->head(text_in(line, "key"), soon())));
        if (what == "remove") return nothing(run(store_->remove(text_in(line, "key"), soon())));
        if (what == "copy") return copy(line);
        if (what == "list") return list(line);
        if (what == "uploads") return uploads(line);
        if (what == "abort") return abort(line);
        return sign(what, line);
    }

private:
    template <class T>
    T run(async::Task<T> task) {
        return async::run_until_done(loop_, std::move(task));
    }
    static async::SteadyTime soon() { return async::Loop::now() + 60s; }
    static std::string either(const storage::Result<storage::ObjectInfo>& result) {
        return result ? said(*result) : said(result.error());
    }
    static std::string nothing(const storage::Result<void>& result) {
        return result ? R"({"ok":true})" : said(result.error());
    }

    std::string open(const dom::element& line) {
        if (const auto now = base::parse_timestamp(text_in(line, "now"))) clock_.emplace(*now);
        storage::UploadHooks hooks{.began =
                                       [](const storage::PendingUpload& upload) {
                                           return tell(R"({"began":)" + json_text_of(upload.upload_id) +
                                                       ",\"key\":" + json_text_of(upload.key) + "}");
                                       },
                                   .ended =
                                       [](const storage::PendingUpload& upload) {
                                           return tell(R"({"ended":)" + json_text_of(upload.upload_id) +
                                                       ",\"key\":" + json_text_of(upload.key) + "}");
                                       }};
        const base::Clock& clock = clock_ ? static_cast<const base::Clock&>(*clock_) : base::system_clock();
        store_ = storage::open_store({.url = text_in(line, "url"), .public_endpoint = text_in(line, "public")},
                                     {.loop = loop_,
                                      .pool = pool_,
                                      .http = http_,
                                      .random = random_,
                                      .metrics = metrics_,
                                      .clock = clock,
                                      .hooks = std::move(hooks),
                                      .own_url = "https://api.example.com",
                                      .secret = "a secret of the service"});
        return R"({"ok":true})";
    }

    std::string put(const dom::element& line) {
        Filler filler{.left = number_in(line, "size", 0)};
        const auto text = text_in(line, "text");
        storage::Put put{.key = text_in(line, "key"), .source = [&] { return next_of(&filler); }};
        if (!text.empty()) put.source = storage::source_of(text);
        if (const auto type = text_in(line, "type"); !type.empty()) put.content_type = type;
        put.only_if_absent = flag_in(line, "absent");
        const auto stored = run(store_->put(std::move(put), soon()));
        if (!stored) return said(stored.error());
        return R"({"ok":true,"etag":)" + json_text_of(stored->etag) + ",\"size\":" + std::to_string(stored->size) +
               ",\"sha256\":" + json_text_of(hex(stored->sha256)) + "}";
    }

    static storage::Get get_of(const dom::element& line) {
        storage::Get get{.key = text_in(line, "key"), .if_match = text_in(line, "match")};
        std::uint64_t first = 0;
        if (line["first"].get(first) != simdjson::SUCCESS) return get;
        get.range = storage::Range{.first = first};
        std::uint64_t last = 0;
        if (line["last"].get(last) == simdjson::SUCCESS) get.range->last = last;
        return get;
    }

    async::Task<std::string> read(storage::Get get) {
        auto object = co_await store_->get(std::move(get), soon());
        if (!object) co_return said(object.error());
        std::string all;
        for (;;) {
            auto piece = co_await object->read();
            if (!piece) co_return said(piece.error());
            if (piece->empty()) break;
            all += *piece;
        }
        co_return R"({"ok":true,"size":)" + std::to_string(all.size()) +
            ",\"sha256\":" + json_text_of(hex(base::sha256(all))) +
            ",\"text\":" + json_text_of(base::is_utf8(all) ? all.substr(0, 1'000) : "") + "}";
    }

    std::string copy(const dom::element& line) {
        return either(run(store_->copy(
            {.from = text_in(line, "from"), .to = text_in(line, "to"), .if_match = text_in(line, "match")}, soon())));
    }

    std::string list(const dom::element& line) {
        const auto page = run(store_->list({.prefix = text_in(line, "prefix"),
                                            .limit = number_in(line, "limit", storage::most_listed),
                                            .after = text_in(line, "after")},
                                           soon()));
        if (!page) return said(page.error());
        std::string keys;
        for (const auto& object : page->objects) keys += (keys.empty() ? "" : ",") + json_text_of(object.key);
        return R"({"ok":true,"keys":[)" + keys + "],\"next\":" + json_text_of(page->next) + "}";
    }

    std::string uploads(const dom::element& line) {
        const auto page = run(store_->list_uploads({.prefix = text_in(line, "prefix")}, soon()));
        if (!page) return said(page.error());
        std::string ids;
        for (const auto& upload : page->uploads) ids += (ids.empty() ? "" : ",") + json_text_of(upload.upload_id);
        return R"({"ok":true,"ids":[)" + ids + "]}";
    }

    std::string abort(const dom::element& line) {
        return nothing(run(store_->abort_upload(
            {.bucket = text_in(line, "bucket"), .key = text_in(line, "key"), .upload_id = text_in(line, "id")},
            soon())));
    }

    std::string sign(std::string_view what, const dom::element& line) {
        const std::chrono::seconds lifetime(number_in(line, "lifetime", 300));
        auto key = text_in(line, "key");
        auto type = text_in(line, "type");
        if (what == "sign_post") {
            const auto form = store_->sign_post({.key = std::move(key),
                                                 .content_type = std::move(type),
                                                 .max_length = number_in(line, "max", 1'000),
                                                 .lifetime = lifetime});
            if (!form) return said(form.error());
            return R"({"ok":true,"url":)" + json_text_of(form->url) + ",\"fields\":" + said(form->fields) + "}";
        }
        const auto url = what == "sign_put" ? store_->sign_put({.key = std::move(key),
                                                                .content_type = std::move(type),
                                                                .length = number_in(line, "length", 0),
                                                                .lifetime = lifetime})
                                            : store_->sign_get({.key = std::move(key),
                                                                .lifetime = lifetime,
                                                                .content_disposition = text_in(line, "disposition"),
                                                                .content_type = std::move(type)});
        if (!url) return said(url.error());
        return R"({"ok":true,"url":)" + json_text_of(url->url) + ",\"headers\":" + said(url->headers) + "}";
    }

    async::Loop loop_;
    async::BlockingPool pool_{{.threads = 2, .queue_limit = 64}};
    observe::Metrics metrics_;
    base::SecureRandom random_;
    std::optional<base::FakeClock> clock_;
    client::Client http_;
    std::unique_ptr<storage::Store> store_;
};

}  // namespace

int main() {
    Probe probe;
    dom::parser parser;
    for (std::string line; std::getline(std::cin, line);) {
        dom::element parsed;
        if (parser.parse(line).get(parsed) != simdjson::SUCCESS) return 1;
        std::cout << probe.answer(parsed) << std::endl;
    }
    return 0;
}
