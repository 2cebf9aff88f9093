#include "images/images.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>

#include "async/sync.h"
#include "images/process.h"
#include "images/render_picture.h"
#include "images/sandbox.h"
#include "images/turns.h"
#include "log/news.h"

namespace images {

namespace {

using namespace std::chrono_literals;
using Result = std::expected<Pictures, ImageError>;

constexpr auto start_time = 10s;
constexpr auto idle_time = 60s;
constexpr std::int64_t least_retry_ms = 1'000;
constexpr std::int64_t most_retry_ms = 30'000;
constexpr std::uint64_t megabyte = 1'000'000;
constexpr std::string_view nothing_known = "JPEG, PNG, WebP and GIF are taken.";

Plan plan_of(const RenderOptions& options) {
    const auto has = [&](Format format) { return std::ranges::find(options.formats, format) != options.formats.end(); };
    Plan plan{.side_count = static_cast<std::uint32_t>(options.sides.size()),
              .is_webp = has(Format::webp) ? 1U : 0U,
              .is_jpeg = has(Format::jpeg) ? 1U : 0U,
              .webp_quality = options.webp_quality,
              .jpeg_quality = options.jpeg_quality};
    const auto is_side = [](std::uint32_t side) { return side >= 1 && side <= longest_rendition; };
    const auto is_quality = [](int quality) { return quality >= 1 && quality <= 100; };
    if (options.sides.empty() || options.sides.size() > most_sides || !std::ranges::all_of(options.sides, is_side) ||
        plan.is_webp + plan.is_jpeg == 0 || !is_quality(options.webp_quality) || !is_quality(options.jpeg_quality))
        throw std::invalid_argument("images: 1 to 8 sides of 1 to 4096, a format, qualities of 1 to 100");
    std::ranges::copy(options.sides, plan.sides.begin());
    return plan;
}

ImageError error_of(Status status, const Settings& settings) {
    if (status == Status::unsupported) return {errors::unsupported_type, std::string(nothing_known)};
    if (status == Status::too_large)
        return {errors::too_large,
                fmt::format("At most {} pixels (width × height), and {} a side.", settings.max_pixels, longest_side)};
    return {errors::unreadable, "The file is damaged."};
}

Pictures pictures_of(Answer answer) {
    const auto& reply = answer.reply;
    Pictures pictures{.type = static_cast<Type>(reply.type),
                      .width = reply.width,
                      .height = reply.height,
                      .has_alpha = reply.has_alpha == 1,
                      .colour = fmt::format("#{:06x}", reply.colour),
                      .renditions = {}};
    for (std::size_t i = 0; i < answer.renditions.size(); ++i) {
        const auto& entry = reply.entries[i];
        auto& bytes = answer.renditions[i];
        const auto digest = base::sha256(bytes);
        pictures.renditions.push_back({entry.side, entry.is_jpeg == 1 ? Format::jpeg : Format::webp, entry.width,
                                       entry.height, std::move(bytes), digest});
    }
    return pictures;
}

std::string_view outcome_of(const Result& result) {
    if (result) return "rendered";
    const auto& code = result.error().code.code;
    return code.substr(code.find('.') + 1);
}

std::string how_it_ended(int status) {
    if (WIFSIGNALED(status)) return fmt::format("signal {}", WTERMSIG(status));
    return fmt::format("exit code {}", WEXITSTATUS(status));
}

}  // namespace

// What `render` and `render_file` have in common.
struct Images::Impl {
    explicit Impl(Parts given)
        : parts(std::move(given)),
          slots(parts.loop, {.places = static_cast<std::size_t>(parts.settings.processes),
                             .max_waiting = static_cast<std::size_t>(parts.settings.queue)}),
          nothing_runs(parts.loop),
          ending(parts.loop),
          end_idle(parts.loop, [this] { end_old(); }),
          end_all(parts.loop, [this] { kill_busy(); }),
          renders(
              parts.metrics.counter_family("image_renders_total", "Pictures, by what became of them.", {"outcome"})),
          durations(
              parts.metrics.histogram("image_render_duration_seconds", "Time that a decoder had a picture in work.")),
          starts(parts.metrics.counter("image_decoders_started_total", "Processes that read pictures.")) {
        nothing_runs.set();
    }

    struct Idle {
        std::unique_ptr<DecoderProcess> process;
        async::SteadyTime since;
    };

    async::Task<Result> render(DecoderProcess::Question question, std::string owner) {
        ++running;
        nothing_runs.reset();
        std::optional<Result> result;
        std::exception_ptr failure;
        try {
            result = co_await in_turn(std::move(question), std::move(owner));
        } catch (...) {
            failure = std::current_exception();
        }
        if (--running == 0) nothing_runs.set();
        if (failure) std::rethrow_exception(failure);
        renders.with({outcome_of(*result)}).increment();
        co_return *std::move(result);
    }

    // Whether so many bytes of an owner may wait.
    [[nodiscard]] bool has_room(std::int64_t bytes, const std::string& owner) const {
        if (waiting_bytes + bytes > parts.settings.queue_bytes) return false;
        const auto found = waiting_of.find(owner);
        return owner.empty() || found == waiting_of.end() || 2 * found->second < parts.settings.queue;
    }

    void count_waiting(std::int64_t pictures, std::int64_t bytes, const std::string& owner) {
        waiting_bytes += pictures * bytes;
        if (!owner.empty() && (waiting_of[owner] += pictures) == 0) waiting_of.erase(owner);
    }

    async::Task<Result> in_turn(DecoderProcess::Question question, std::string owner) {
        const auto bytes = static_cast<std::int64_t>(question.bytes.size());
        if (is_stopping || (slots.available() == 0 && !has_room(bytes, owner))) co_return busy();
        count_waiting(1, bytes, owner);
        const auto slot =
            co_await slots.take(owner, async::Loop::now() + std::chrono::milliseconds(parts.settings.wait_ms));
        count_waiting(-1, bytes, owner);
        if (!slot || is_stopping) co_return busy();
        auto process = co_await take_process();
        if (process == nullptr) co_return unavailable();
        co_return co_await ask(std::move(process), std::move(question));
    }

    async::Task<Result> ask(std::unique_ptr<DecoderProcess> process, DecoderProcess::Question question) {
        const auto begin = async::Loop::now();
        auto* asked = process.get();
        busy_processes.insert(asked);
        auto answer =
            co_await asked->ask(std::move(question), begin + std::chrono::milliseconds(parts.settings.deadline_ms));
        busy_processes.erase(asked);
        const auto took = async::Loop::now() - begin;
        durations.observe(std::chrono::duration<double>(took).count());
        mean_ms += (std::chrono::duration<double, std::milli>(took).count() - mean_ms) / 8;
        if (!answer) {
            const bool was_late = asked->was_late();
            ending.spawn(end_failed(std::move(process)));
            if (was_late) co_return std::unexpected(ImageError{errors::unreadable, "It takes too long to read."});
            co_return std::unexpected(error_of(Status::unreadable, parts.settings));
        }
        keep(std::move(process));
        const auto status = answer->reply.status;
        if (status != Status::rendered) co_return std::unexpected(error_of(status, parts.settings));
        co_return pictures_of(*std::move(answer));
    }

    // One that waits, or a new one. Null: there is a fault.
    async::Task<std::unique_ptr<DecoderProcess>> take_process() {
        while (!idle.empty()) {
            auto process = std::move(idle.back().process);
            idle.pop_back();
            if (process->is_quiet()) co_return process;
            ending.spawn(end_failed(std::move(process)));
        }
        auto started = DecoderProcess::start(decoder_options());
        if (!started) co_return failed_to_start(started.error());
        starts.increment();
        auto process = *std::move(started);
        auto* starting = process.get();
        busy_processes.insert(starting);
        const auto why_not = co_await starting->ready(async::Loop::now() + start_time);
        busy_processes.erase(starting);
        if (!why_not.empty()) {
            ending.spawn(end(std::move(process)));
            co_return failed_to_start(why_not);
        }
        fault.reset();
        co_return process;
    }

    [[nodiscard]] DecoderProcess::Options decoder_options() const {
        const auto& settings = parts.settings;
        const auto seconds = (static_cast<std::uint64_t>(settings.deadline_ms) + 999) / 1'000;
        return {.loop = parts.loop,
                .program = settings.decoder.empty() ? "/proc/self/exe" : settings.decoder,
                .memory_bytes = static_cast<std::uint64_t>(settings.memory_mb) * megabyte,
                .processor_seconds = seconds * (static_cast<std::uint64_t>(settings.pictures_per_process) + 1)};
    }

    std::unique_ptr<DecoderProcess> failed_to_start(const std::string& why) {
        fault = why;
        if (news.is_news(why)) parts.logger.error("pictures cannot be read", {{"cause", why}});
        return nullptr;
    }

    void keep(std::unique_ptr<DecoderProcess> process) {
        const auto& settings = parts.settings;
        const bool is_used_up = process->pictures() >= static_cast<std::uint32_t>(settings.pictures_per_process) ||
                                process->resident_bytes() > static_cast<std::uint64_t>(settings.process_mb) * megabyte;
        if (is_stopping || is_used_up) return ending.spawn(end(std::move(process)));
        idle.push_back({std::move(process), async::Loop::now()});
        if (!end_idle.is_set()) end_idle.expires_after(idle_time);
    }

    void end_old() {
        const auto old = async::Loop::now() - idle_time;
        std::erase_if(idle, [&](Idle& one) {
            if (one.since > old) return false;
            ending.spawn(end(std::move(one.process)));
            return true;
        });
        if (!idle.empty()) end_idle.expires_after(idle_time);
    }

    async::Task<void> end(std::unique_ptr<DecoderProcess> process) {
        static_cast<void>(co_await end_process(&parts.loop, std::move(process)));
    }

    // Killed by us or not: of one that ended by itself the log says how.
    async::Task<void> end_failed(std::unique_ptr<DecoderProcess> process) {
        const bool was_late = process->was_late();
        // What closed the socket may be about to end.
        for (int i = 0; i < 5 && !was_late && !process->ended(); ++i) co_await async::sleep(&parts.loop, 20ms);
        const auto status = co_await end_process(&parts.loop, std::move(process));
        const auto cause = was_late ? std::string("deadline") : how_it_ended(status);
        if (news.is_news(cause)) parts.logger.warn("a decoder of pictures ended", {{"cause", cause}});
    }

    void kill_busy() {
        for (auto* process : busy_processes) process->kill();
    }

    async::Task<void> stop(async::SteadyTime deadline) {
        is_stopping = true;
        end_idle.cancel();
        for (auto& one : std::exchange(idle, {})) ending.spawn(end(std::move(one.process)));
        end_all.expires_at(deadline);
        co_await nothing_runs;
        end_all.cancel();
        co_await ending.join();
    }

    [[nodiscard]] Result busy() const {
        const double waiting = static_cast<double>(slots.waiting() + 1) / parts.settings.processes;
        const auto wait = std::clamp(static_cast<std::int64_t>(waiting * mean_ms), least_retry_ms, most_retry_ms);
        return std::unexpected(ImageError{errors::busy, "", wait});
    }
    [[nodiscard]] Result refused(ImageError error) const {
        Result result = std::unexpected(std::move(error));
        renders.with({outcome_of(result)}).increment();
        return result;
    }
    [[nodiscard]] Result refused_by_size() const {
        return refused({errors::too_many_bytes, fmt::format("At most {} bytes.", parts.settings.max_bytes)});
    }
    [[nodiscard]] static Result unavailable() {
        return std::unexpected(ImageError{errors::unavailable, "", most_retry_ms});
    }

    Parts parts;
    Turns slots;
    std::vector<Idle> idle;
    std::set<DecoderProcess*> busy_processes;
    std::size_t running = 0;
    std::int64_t waiting_bytes = 0;
    std::map<std::string, std::int64_t> waiting_of;  // pictures, by owner
    double mean_ms = 200;
    bool is_stopping = false;
    std::optional<std::string> fault;
    logging::News news;
    async::Event nothing_runs;
    async::TaskGroup ending;
    async::Timer end_idle;
    async::Timer end_all;
    observe::CounterFamily renders;
    observe::Histogram durations;
    observe::Counter starts;
};

std::string_view mime_of(Format format) { return format == Format::webp ? "image/webp" : "image/jpeg"; }
std::string_view extension_of(Format format) { return format == Format::webp ? "webp" : "jpg"; }

std::optional<ImageError> unsupported(std::string_view bytes) {
    if (sniff(bytes)) return std::nullopt;
    if (bytes.empty()) return ImageError{errors::unsupported_type, "The file is empty: no bytes have come."};
    const auto kind = other_kind(bytes);
    if (kind.empty()) return ImageError{errors::unsupported_type, std::string(nothing_known)};
    return ImageError{errors::unsupported_type, fmt::format("This is {}: send it as JPEG, PNG, WebP or GIF.", kind)};
}

base::Failure failure(const ImageError& error) {
    base::Failure failure(error.code, error.detail);
    return error.retry_after_ms ? std::move(failure).retry_after(*error.retry_after_ms) : failure;
}

Images::Images(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}
Images::~Images() = default;

async::Task<Result> Images::render(std::string bytes, RenderOptions options) {
    const auto& settings = impl_->parts.settings;
    if (bytes.size() > static_cast<std::size_t>(settings.max_bytes)) co_return impl_->refused_by_size();
    auto owner = std::move(options.owner);
    const Request request{.is_file = 0,
                          .size = bytes.size(),
                          .max_pixels = static_cast<std::uint64_t>(settings.max_pixels),
                          .plan = plan_of(options)};
    if (auto error = unsupported(bytes)) co_return impl_->refused(*std::move(error));
    // What cannot be taken takes nobody's turn.
    if (const auto status = judge_header(read_header(bytes), request.max_pixels); status != Status::rendered)
        co_return impl_->refused(error_of(status, settings));
    co_return co_await impl_->render({.request = request, .bytes = std::move(bytes)}, std::move(owner));
}

async::Task<Result> Images::render_file(int descriptor, RenderOptions options) {
    const auto& settings = impl_->parts.settings;
    struct stat status{};
    if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
        throw std::invalid_argument("images: a regular file that is open for reading");
    if (status.st_size > settings.max_bytes) co_return impl_->refused_by_size();
    auto owner = std::move(options.owner);
    const Request request{.is_file = 1,
                          .size = static_cast<std::uint64_t>(status.st_size),
                          .max_pixels = static_cast<std::uint64_t>(settings.max_pixels),
                          .plan = plan_of(options)};
    co_return co_await impl_->render({.request = request, .file = descriptor}, std::move(owner));
}

async::Task<void> Images::start() {
    if (const auto why_not = sandbox_fault(); !why_not.empty()) static_cast<void>(impl_->failed_to_start(why_not));
    co_return;
}

async::Task<void> Images::stop(async::SteadyTime deadline) { return impl_->stop(deadline); }

std::optional<std::string> Images::fault() const { return impl_->fault; }

}  // namespace images
