#include "realtime/hub.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/uuid.h"
#include "realtime/channel.h"
#include "realtime/envelope.h"
#include "redis/errors.h"

namespace realtime {

namespace {

constexpr std::uint32_t told_at_once = 100;  // followers of a channel, up to which each change of the count is told
constexpr std::uint64_t later_rounds = 5;    // beats
constexpr std::size_t most_envelope = std::size_t{32} << 20U;

std::optional<detail::Envelope> read_envelope(std::string_view bytes) {
    auto read = schema::parse<detail::Envelope>(bytes, {.max_bytes = most_envelope, .lenient = true});
    if (!read) return std::nullopt;
    return *std::move(read);
}

bool is_json(std::string_view text) {
    return text == "null" || schema::parse<schema::Json>(text, {.max_bytes = text.size()}).has_value();
}

Roster::State state_in(const detail::Envelope& envelope) {
    Roster::State state;
    for (const auto& line : envelope.lines) {
        const auto sockets = static_cast<std::uint32_t>(std::clamp<std::int64_t>(line.sockets, 0, UINT32_MAX));
        if (line.user_id.empty()) {
            state.counts.push_back({line.channel, sockets});
        } else {
            state.seats.push_back({line.channel, {line.user_id, line.info}, sockets});
        }
    }
    return state;
}

}  // namespace

// ---- One message in its forms --------------------------------------------------------------------------------------

bool is_client_event(std::string_view event) { return event.starts_with("client-"); }

const Frame& Delivery::own() const {
    if (own_) return *own_;
    const auto tenant = tenant_of(message_.channel);
    const std::string_view topic = tenant ? tenant->topic : std::string_view(message_.channel);
    // Other programs publish texts of any kind.
    const std::string_view data = message_.data.empty() ? "null" : std::string_view(message_.data);
    const bool is_valid = is_json(data);
    std::string text;
    if (message_.event == "poke" && is_valid && data.starts_with('{')) {
        text = fmt::format(R"({{"t":"poke","topic":"{}","n":{})", topic, number_);
        const auto members = data.substr(data.find_first_not_of(" \t\r\n", 1));
        if (!members.starts_with('}')) text += ',';
        text += members;
    } else {
        text = fmt::format(R"({{"t":"ev","topic":"{}","n":{},"event":)", topic, number_);
        schema::write_json_string(message_.event, text);
        text += R"(,"d":)";
        if (is_valid) {
            text += data;
        } else {
            schema::write_json_string(data, text);
        }
        text += '}';
    }
    return own_.emplace(std::move(text));
}

const Frame& Delivery::pusher() const {
    if (pusher_) return *pusher_;
    std::string text = R"({"event":)";
    schema::write_json_string(message_.event, text);
    text += R"(,"channel":)";
    schema::write_json_string(message_.channel, text);
    text += R"(,"data":)";
    if (message_.data_is_json) {
        text += message_.data.empty() ? "null" : message_.data;
    } else {
        schema::write_json_string(message_.data, text);
    }
    if (!message_.user_id.empty()) {
        text += R"(,"user_id":)";
        schema::write_json_string(message_.user_id, text);
    }
    text += '}';
    return pusher_.emplace(std::move(text));
}

// ---- The loops of a process ----------------------------------------------------------------------------------------

Hubs::Hubs(base::RandomSource& random) : process_id_(base::uuid_v4(random).to_string()) {}

std::string Hubs::add(async::Loop& loop, const std::shared_ptr<Hub*>& hub) {
    const std::scoped_lock lock(mutex_);
    entries_.push_back({&loop, hub, fmt::format("{}.{}", process_id_, ++next_)});
    return entries_.back().origin;
}

void Hubs::remove(std::string_view origin) {
    const std::scoped_lock lock(mutex_);
    std::erase_if(entries_, [&](const Entry& entry) { return entry.origin == origin; });
}

void Hubs::tell_others(std::string_view origin, const std::shared_ptr<const detail::Envelope>& envelope) {
    const std::scoped_lock lock(mutex_);
    for (const auto& entry : entries_) {
        if (entry.origin == origin) continue;
        entry.loop->post([weak = entry.hub, envelope] {
            if (const auto hub = weak.lock()) (*hub)->take(*envelope, true);
        });
    }
}

// ---- Life ----------------------------------------------------------------------------------------------------------

Hub::Hub(Parts parts)
    : parts_(std::move(parts)),
      self_(std::make_shared<Hub*>(this)),
      origin_(parts_.hubs.add(parts_.loop, self_)),
      stop_(parts_.loop),
      tasks_(parts_.loop),
      published_(parts_.metrics.counter("realtime_published_total", "Messages that this process has published.")),
      gaps_(parts_.metrics.counter("realtime_gaps_total", "How often followers were told that messages may be lost.")) {
    tasks_.on_error([this](std::exception_ptr error) {
        parts_.logger.error("realtime: a task failed", {{"err", logging::error(error)}});
    });
}

Hub::~Hub() {
    parts_.hubs.remove(origin_);
    self_.reset();
}

void Hub::connect() {
    subscription_ = {};
    link_ = std::make_unique<redis::Subscriber>(parts_.loop, parts_.redis->options(), parts_.logger, parts_.metrics);
    subscription_ =
        link_->subscribe(parts_.options.prefix + "bus",
                         {.on_message = [this](std::string_view, std::string_view bytes) { receive(bytes); },
                          .on_subscribed =
                              [this](bool missed) {
                                  is_linked_ = true;
                                  heard_self_ = async::Loop::now();
                                  if (missed || std::exchange(was_broken_, false)) tell_gap();
                                  linked_->set();
                                  // Whoever was not heard meanwhile has its time anew, and is asked.
                                  for (auto& [origin, peer] : peers_) peer.heard_at = heard_self_;
                                  send({.kind = "ask"});
                              }});
}

async::Task<void> Hub::start() {
    linked_ = std::make_unique<async::Event>(parts_.loop);
    if (parts_.redis != nullptr) {
        connect();
        const auto until = async::Loop::now() + parts_.options.link_within;
        while (!linked_->is_set() && async::Loop::now() < until &&
               co_await stop_.sleep(std::chrono::milliseconds(10))) {}
        // Whoever follows from now on is told once it is there.
        was_broken_ = !is_linked_;
    }
    send({.kind = "ask"});
    tasks_.spawn(beat());
}

async::Task<void> Hub::stop(async::SteadyTime /*deadline*/) {
    send({.kind = "bye"});
    stop_.request();
    co_await tasks_.join();
    subscription_ = {};
    link_.reset();
    parts_.hubs.remove(origin_);
}

// ---- Out -----------------------------------------------------------------------------------------------------------

void Hub::send(Envelope envelope) {
    envelope.process = parts_.hubs.process_id();
    envelope.origin = origin_;
    const bool is_message = envelope.kind == "msg";
    std::string bytes;
    if (parts_.redis != nullptr) bytes = schema::to_json(envelope);
    parts_.hubs.tell_others(origin_, std::make_shared<const Envelope>(std::move(envelope)));
    if (parts_.redis != nullptr && tasks_.running() < 20'000) {
        tasks_.spawn(publish_to_redis(std::move(bytes), is_message));
    } else if (parts_.redis != nullptr && is_message) {
        lost_ = true;
    }
}

async::Task<void> Hub::publish_to_redis(std::string bytes, bool is_message) {
    try {
        // Not repeatable: one that comes late is worse than one that is known to be lost.
        co_await parts_.redis->run(redis::Command("PUBLISH").add(parts_.options.prefix + "bus").add(bytes));
    } catch (const base::Failure&) {
        lost_ = lost_ || is_message;
    }
}

void Hub::publish(const Message& message) {
    published_.increment();
    ++number_;
    send({.kind = "msg",
          .number = number_,
          .before = std::exchange(lost_, false) ? -1 : number_ - 1,
          .channel = message.channel,
          .event = message.event,
          .data = message.data,
          .except = message.except,
          .user_id = message.user_id,
          .data_is_json = message.data_is_json});
    deliver(message);
}

void Hub::on_command(std::move_only_function<void(std::string_view, std::string_view)> handler) {
    on_command_ = std::move(handler);
}

void Hub::command(std::string_view name, std::string_view argument) {
    send({.kind = "cmd", .channel = std::string(name), .data = std::string(argument)});
    if (on_command_) on_command_(name, argument);
}

// ---- In ------------------------------------------------------------------------------------------------------------

void Hub::receive(std::string_view bytes) {
    const auto envelope = read_envelope(bytes);
    if (!envelope) return;
    if (envelope->process != parts_.hubs.process_id()) return take(*envelope, false);
    // The other loops have told us themselves; ours says that the link is whole.
    if (envelope->origin == origin_) heard_self_ = async::Loop::now();
}

void Hub::take(const Envelope& envelope, bool is_local) {
    if (envelope.kind == "bye") {
        peers_.erase(envelope.origin);
        return tell(replace(envelope.origin, {}));
    }
    auto& peer = peers_[envelope.origin];
    peer.heard_at = async::Loop::now();
    peer.is_local = is_local;
    if (envelope.kind == "msg") {
        judge_number(peer, envelope);
        deliver({envelope.channel, envelope.event, envelope.data, envelope.except, envelope.user_id,
                 envelope.data_is_json});
    } else if (envelope.kind == "cmd") {
        if (on_command_) on_command_(envelope.channel, envelope.data);
    } else if (envelope.kind == "ask") {
        if (envelope.channel.empty() || envelope.channel == origin_) send_state();
    } else {
        if (envelope.kind == "beat") judge_number(peer, envelope);
        take_roster(peer, envelope);
    }
}

// A beat says the number of the last message, so that one which was lost is known also when none follows.
void Hub::judge_number(Peer& peer, const Envelope& envelope) {
    const bool is_beat = envelope.kind == "beat";
    const auto expected = is_beat ? envelope.number : envelope.number - 1;
    const bool is_known = peer.number >= 0;
    const bool lost =
        is_known ? peer.number != expected || (!is_beat && envelope.before < 0) : !is_beat && envelope.before < 0;
    peer.number = envelope.number;
    if (lost) tell_gap();
}

void Hub::deliver(const Message& message) {
    // On a tenant's own topics no client speaks, whatever an instance of an earlier version lets through.
    if (is_client_event(message.event) && tenant_of(message.channel)) return;
    remember(message);
    const auto found = channels_.find(message.channel);
    if (found == channels_.end()) return;
    for (auto& audience : found->second.audiences) {
        const Delivery delivery(message, ++audience.number);
        for (auto* const follower : audience.followers) follower->on_delivery(delivery);
    }
}

void Hub::deliver_by_reader(Message message, const DataFor& data_for) {
    const auto found = channels_.find(message.channel);
    if (found == channels_.end()) return;
    for (auto& audience : found->second.audiences) {
        auto data = data_for(audience.reader);
        if (!data) continue;
        message.data = *std::move(data);
        const Delivery delivery(message, ++audience.number);
        for (auto* const follower : audience.followers) follower->on_delivery(delivery);
    }
}

void Hub::tell_gap(std::string_view prefix) {
    gaps_.increment();
    for (const auto& [name, channel] : channels_) {
        if (!name.starts_with(prefix)) continue;
        channel.each([&](Follower* follower) { follower->on_gap(name); });
    }
}

void Hub::remember(const Message& message) {
    if (!kind_of(message.channel).is_cache || is_client_event(message.event)) return;
    const auto now = async::Loop::now();
    if (!cached_.contains(message.channel)) cached_order_.push_back(message.channel);
    cached_.insert_or_assign(message.channel, Cached{message, now});
    while (cached_order_.size() > parts_.options.most_cached) {
        cached_.erase(cached_order_.front());
        cached_order_.pop_front();
    }
}

const Message* Hub::cached(std::string_view channel) const {
    const auto found = cached_.find(channel);
    if (found == cached_.end() || async::Loop::now() - found->second.at > parts_.options.cache_for) return nullptr;
    return &found->second.message;
}

std::chrono::seconds Hub::cached_for(std::string_view channel) const {
    if (cached(channel) == nullptr) return {};
    const auto age = async::Loop::now() - cached_.find(channel)->second.at;
    return std::chrono::ceil<std::chrono::seconds>(parts_.options.cache_for - age);
}

// ---- Followers -----------------------------------------------------------------------------------------------------

std::size_t Hub::Channel::size() const {
    std::size_t count = 0;
    for (const auto& audience : audiences) count += audience.followers.size();
    return count;
}

std::vector<Follower*>& Hub::Channel::with(const Reader& reader) {
    const auto found = std::ranges::find(audiences, reader, &Audience::reader);
    if (found != audiences.end()) return found->followers;
    return audiences.emplace_back(reader).followers;
}

bool Hub::Channel::remove(const Follower* follower) {
    for (auto audience = audiences.begin(); audience != audiences.end(); ++audience) {
        auto& followers = audience->followers;
        const auto at = std::ranges::find(followers, follower);
        if (at == followers.end()) continue;
        *at = followers.back();
        followers.pop_back();
        if (followers.empty()) audiences.erase(audience);
        return true;
    }
    return false;
}

void Hub::follow(std::string_view channel, Follower* follower, const Reader& reader) {
    auto found = channels_.find(channel);
    if (found == channels_.end()) {
        found = channels_.emplace(std::string(channel), Channel{}).first;
        count_tenant(channel, true);
    }
    found->second.with(reader).push_back(follower);
    changed_count(found->first, found->second.size());
}

void Hub::unfollow(std::string_view channel, Follower* follower) {
    const auto found = channels_.find(channel);
    if (found == channels_.end()) return;
    if (!found->second.remove(follower)) return;
    const auto name = found->first;
    const auto left = found->second.size();
    if (left == 0) {
        channels_.erase(found);
        count_tenant(name, false);
    }
    changed_count(name, left);
}

void Hub::read_as(std::string_view channel, Follower* follower, const Reader& reader) {
    const auto found = channels_.find(channel);
    if (found == channels_.end()) return;
    const auto& audiences = found->second.audiences;
    const auto now = std::ranges::find_if(audiences, [&](const Audience& one) {
        return std::ranges::find(one.followers, follower) != one.followers.end();
    });
    if (now == audiences.end() || now->reader == reader) return;
    static_cast<void>(found->second.remove(follower));
    found->second.with(reader).push_back(follower);
}

void Hub::on_tenant(std::move_only_function<void(const base::Uuid&, bool)> handler) { on_tenant_ = std::move(handler); }

void Hub::count_tenant(std::string_view channel, bool is_followed) {
    const auto of_tenant = tenant_of(channel);
    if (!of_tenant) return;
    auto& channels = tenants_[of_tenant->tenant];
    const auto before = channels;
    channels = is_followed ? before + 1 : before - 1;
    if (channels == 0) tenants_.erase(of_tenant->tenant);
    if (on_tenant_ && (before == 0 || (before == 1 && !is_followed))) on_tenant_(of_tenant->tenant, is_followed);
}

std::uint64_t Hub::number_of(std::string_view channel, const Reader& reader) const {
    const auto found = channels_.find(channel);
    if (found == channels_.end()) return 0;
    const auto audience = std::ranges::find(found->second.audiences, reader, &Audience::reader);
    return audience == found->second.audiences.end() ? 0 : audience->number;
}

std::vector<std::string> Hub::followed(std::string_view prefix) const {
    std::vector<std::string> names;
    for (const auto& [name, channel] : channels_) {
        if (name.starts_with(prefix)) names.push_back(name);
    }
    return names;
}

void Hub::changed_count(const std::string& channel, std::size_t sockets) {
    roster_.count(origin_, channel, static_cast<std::uint32_t>(sockets));
    if (observer_ != nullptr) observer_->on_touched(channel);
    counted_.insert(channel);
    tell_count(channel);
}

void Hub::tell_count(const std::string& channel) {
    const auto found = channels_.find(channel);
    if (found == channels_.end() || kind_of(channel).is_presence) return;
    const auto sockets = roster_.sockets(channel);
    if (sockets > told_at_once) {
        large_.insert(channel);
        return;
    }
    found->second.each([&](Follower* follower) { follower->on_count(channel, sockets); });
}

// ---- Rosters -------------------------------------------------------------------------------------------------------

bool Hub::is_speaker() const {
    return std::ranges::all_of(peers_, [&](const auto& peer) { return origin_ < peer.first; });
}

void Hub::touched(const std::vector<Roster::Count>& counts) {
    if (observer_ == nullptr) return;
    for (const auto& count : counts) observer_->on_touched(count.channel);
}

Roster::Changes Hub::replace(std::string_view origin, const Roster::State& state) {
    if (observer_ != nullptr) touched(roster_.state_of(origin).counts);
    touched(state.counts);
    return roster_.replace(origin, state);
}

void Hub::tell(const Roster::Changes& changes) {
    for (const auto& change : changes) {
        if (observer_ != nullptr) observer_->on_member(change);
        const auto found = channels_.find(change.channel);
        if (found == channels_.end()) continue;
        found->second.each([&](Follower* follower) { follower->on_presence(change); });
    }
}

void Hub::join(std::string_view channel, const Member& member) {
    const auto before = roster_.sockets_of(origin_, channel, member.user_id);
    tell(roster_.join(origin_, channel, member));
    if (before > 0) return;
    send({.kind = "ops",
          .version = ++roster_version_,
          .lines = {{std::string(channel), member.user_id, member.info, 1}}});
}

void Hub::leave(std::string_view channel, std::string_view user_id) {
    tell(roster_.leave(origin_, channel, user_id));
    if (roster_.sockets_of(origin_, channel, user_id) > 0) return;
    send({.kind = "ops", .version = ++roster_version_, .lines = {{std::string(channel), std::string(user_id), {}, 0}}});
}

void Hub::ask(Peer& peer, std::string_view origin) {
    const auto now = async::Loop::now();
    if (now - peer.asked_at < parts_.options.beat_every) return;
    peer.asked_at = now;
    send({.kind = "ask", .channel = std::string(origin)});
}

void Hub::send_state() {
    Envelope envelope{.kind = "state", .number = number_, .version = roster_version_};
    const auto state = roster_.state_of(origin_);
    for (const auto& seat : state.seats)
        envelope.lines.push_back({seat.channel, seat.member.user_id, seat.member.info, 1});
    for (const auto& count : state.counts) envelope.lines.push_back({count.channel, {}, {}, count.sockets});
    send(std::move(envelope));
}

void Hub::take_roster(Peer& peer, const Envelope& envelope) {
    if (envelope.kind == "state") {
        peer.version = envelope.version;
        const auto state = state_in(envelope);
        tell(replace(envelope.origin, state));
        for (const auto& count : state.counts) tell_count(count.channel);
        return;
    }
    if (envelope.kind == "beat") {
        if (envelope.version != peer.version) ask(peer, envelope.origin);
        return;
    }
    if (envelope.version != peer.version + 1) return ask(peer, envelope.origin);
    peer.version = envelope.version;
    for (const auto& line : envelope.lines) {
        if (line.user_id.empty()) {
            roster_.count(envelope.origin, line.channel, static_cast<std::uint32_t>(line.sockets));
            if (observer_ != nullptr) observer_->on_touched(line.channel);
            tell_count(line.channel);
        } else if (line.sockets > 0) {
            if (roster_.sockets_of(envelope.origin, line.channel, line.user_id) == 0)
                tell(roster_.join(envelope.origin, line.channel, {line.user_id, line.info}));
        } else {
            while (roster_.sockets_of(envelope.origin, line.channel, line.user_id) > 0)
                tell(roster_.leave(envelope.origin, line.channel, line.user_id));
        }
    }
}

// ---- Time ----------------------------------------------------------------------------------------------------------

void Hub::judge_peers(async::SteadyTime now) {
    // While nobody is heard, nobody is missed.
    const bool link_is_whole = is_linked_ && now - heard_self_ <= parts_.options.link_broken_after;
    for (auto at = peers_.begin(); at != peers_.end();) {
        const bool dead = !at->second.is_local && link_is_whole && now - at->second.heard_at > parts_.options.lease;
        if (!dead) {
            ++at;
            continue;
        }
        parts_.logger.warn("realtime: an instance is not heard any more", {{"origin", at->first}});
        const auto changes = replace(at->first, {});
        at = peers_.erase(at);
        tell(changes);
    }
}

void Hub::beat_once(std::uint64_t round) {
    const auto now = async::Loop::now();
    if (!counted_.empty()) {
        Envelope envelope{.kind = "ops", .version = ++roster_version_};
        for (const auto& channel : std::exchange(counted_, {})) {
            const auto found = channels_.find(channel);
            const auto sockets = found == channels_.end() ? 0 : found->second.size();
            envelope.lines.push_back({channel, {}, {}, static_cast<std::int64_t>(sockets)});
        }
        send(std::move(envelope));
    }
    if (round % later_rounds == 0) {
        for (const auto& name : std::exchange(large_, {})) {
            const auto found = channels_.find(name);
            if (found == channels_.end()) continue;
            found->second.each([&](Follower* follower) { follower->on_count(name, roster_.sockets(name)); });
        }
    }
    send({.kind = "beat", .number = number_, .version = roster_version_});
    judge_peers(now);
    if (parts_.redis == nullptr || now - heard_self_ <= parts_.options.link_broken_after) return;
    // Up and silent, or not there: begun anew, which costs a connection each time.
    if (is_linked_) parts_.logger.warn("realtime: nothing is heard through Redis", {});
    is_linked_ = false;
    was_broken_ = true;
    heard_self_ = now;
    connect();
}

async::Task<void> Hub::beat() {
    for (std::uint64_t round = 1; co_await stop_.sleep(parts_.options.beat_every); ++round) beat_once(round);
}

}  // namespace realtime
