#include "realtime/frame.h"

#include <algorithm>

#include "base/strings.h"

namespace realtime {

namespace {

constexpr unsigned fin_bit = 0x80;
constexpr unsigned compressed_bit = 0x40;
constexpr unsigned other_reserved_bits = 0x30;
constexpr unsigned mask_bit = 0x80;
constexpr std::size_t longest_control = 125;
constexpr std::size_t longest_reason = longest_control - 2;

std::uint8_t byte_of(char c) { return static_cast<std::uint8_t>(c); }

std::uint64_t big_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (const char c : bytes) value = value << 8U | byte_of(c);
    return value;
}

void append_big_endian(std::string& out, std::uint64_t value, unsigned bytes) {
    while (bytes-- > 0) out += static_cast<char>(value >> (8U * bytes) & 0xFFU);
}

}  // namespace

// ---- UTF-8 -------------------------------------------------------------------------------------------------------

// RFC 3629 §4: what may follow depends on the first byte for E0, ED, F0 and F4 alone.
bool Utf8Checker::begin(unsigned char byte) {
    least_ = 0x80;
    most_ = 0xBF;
    if (byte < 0x80) return true;
    if (byte < 0xC2 || byte > 0xF4) return false;
    missing_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    if (byte == 0xE0) least_ = 0xA0;
    if (byte == 0xED) most_ = 0x9F;
    if (byte == 0xF0) least_ = 0x90;
    if (byte == 0xF4) most_ = 0x8F;
    return true;
}

bool Utf8Checker::add(std::string_view bytes) {
    for (const char c : bytes) {
        const auto byte = byte_of(c);
        if (missing_ == 0) {
            if (!begin(byte)) return false;
            continue;
        }
        if (byte < least_ || byte > most_) return false;
        least_ = 0x80;
        most_ = 0xBF;
        --missing_;
    }
    return true;
}

// ---- What comes in -----------------------------------------------------------------------------------------------

bool may_be_sent(std::uint16_t code) {
    if (code >= 3000 && code <= 4999) return true;
    // 1004 to 1006 and 1015 mean something inside of an endpoint; what lies between 1016 and 2999 is not given out yet.
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

MessageReader::Result MessageReader::fail(CloseCode code, std::string_view why) {
    fault_ = Fault{code, why};
    std::string().swap(message_);
    std::string().swap(control_);
    return Result::failed;
}

bool MessageReader::judge_first(unsigned char byte) {
    fin_ = (byte & fin_bit) != 0;
    opcode_ = byte & 0x0FU;
    const bool compressed = (byte & compressed_bit) != 0;
    const auto refuse = [&](std::string_view why) { return fail(CloseCode::protocol_error, why) != Result::failed; };
    if ((byte & other_reserved_bits) != 0) return refuse("a reserved bit is set");
    if ((opcode_ > 2 && opcode_ < 8) || opcode_ > 10) return refuse("the opcode is reserved");
    // RFC 7692 §6: on the first frame of a message alone.
    if (compressed && (!options_.compressed || is_control() || opcode_ == 0)) return refuse("a reserved bit is set");
    if (is_control()) return fin_ || refuse("a control frame is fragmented");
    if (opcode_ == 0 && message_opcode_ == 0) return refuse("there is no message to continue");
    if (opcode_ != 0 && message_opcode_ != 0) return refuse("a message begins within another one");
    if (opcode_ != 0) {
        message_opcode_ = opcode_;
        is_compressed_ = compressed;
        frames_ = 0;
        utf8_.reset();
    }
    if (++frames_ > options_.max_frames) {
        fail(CloseCode::policy_violation, "the message is in too many frames");
        return false;
    }
    return true;
}

bool MessageReader::judge_length(std::uint64_t length) {
    if (is_control() && length > longest_control) {
        fail(CloseCode::protocol_error, "a control frame is too long");
        return false;
    }
    if (!is_control() && length > options_.max_message - message_.size()) {
        fail(CloseCode::message_too_big, "the message is too long");
        return false;
    }
    left_ = length;
    return true;
}

// False: more is needed, or it is at fault.
bool MessageReader::take_head(std::string_view& bytes) {
    while (true) {
        const auto take = std::min<std::size_t>(bytes.size(), head_needs_ - head_size_);
        std::copy_n(bytes.begin(), take, head_.begin() + head_size_);
        bytes.remove_prefix(take);
        head_size_ += static_cast<std::uint8_t>(take);
        if (head_size_ < head_needs_) return false;
        const std::string_view head(head_.data(), head_size_);
        const auto second = byte_of(head_[1]);
        const auto short_length = second & 0x7FU;
        const std::size_t extended = short_length == 126 ? 2 : short_length == 127 ? 8 : 0;
        if (head_needs_ == 2) {
            if (!judge_first(byte_of(head_[0]))) return false;
            if (((second & mask_bit) != 0) != options_.masked) {
                fail(CloseCode::protocol_error, options_.masked ? "a frame is not masked" : "a frame is masked");
                return false;
            }
            if (is_control() && extended != 0) return judge_length(longest_control + 1);
            head_needs_ = static_cast<std::uint8_t>(2 + extended + (options_.masked ? 4 : 0));
            if (head_needs_ > 2) continue;
        }
        const auto length = extended == 0 ? short_length : big_endian(head.substr(2, extended));
        if ((extended == 2 && length < 126) || (extended == 8 && (length <= 0xFFFFU || length >> 63U != 0))) {
            fail(CloseCode::protocol_error, "a length is not written the short way");
            return false;
        }
        if (!judge_length(length)) return false;
        in_payload_ = true;
        mask_at_ = 0;
        return true;
    }
}

// Unmasks what is there into the message. False: more is needed, or it is at fault.
bool MessageReader::take_payload(std::string_view& bytes) {
    auto& into = is_control() ? control_ : message_;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    const auto before = into.size();
    into.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
    left_ -= size;
    if (options_.masked) {
        const char* mask = head_.data() + head_needs_ - 4;
        for (std::size_t i = before; i < into.size(); ++i) into[i] = static_cast<char>(into[i] ^ mask[mask_at_++ & 3U]);
        mask_at_ &= 3U;
    }
    if (!is_control() && message_opcode_ == static_cast<std::uint8_t>(Opcode::text) && !is_compressed_ &&
        !utf8_.add(std::string_view(into).substr(before))) {
        fail(CloseCode::invalid_payload, "the text is no UTF-8");
        return false;
    }
    return left_ == 0;
}

MessageReader::Result MessageReader::finish_close(Item& item) {
    closed_ = true;
    item.opcode = Opcode::close;
    if (control_.size() == 1) return fail(CloseCode::protocol_error, "a close code is cut");
    if (control_.empty()) {
        item.code = CloseCode::no_status;
        item.payload = {};
        return Result::item;
    }
    const auto code = static_cast<std::uint16_t>(big_endian(std::string_view(control_).substr(0, 2)));
    item.payload = std::string_view(control_).substr(2);
    if (!may_be_sent(code)) return fail(CloseCode::protocol_error, "nobody may send this close code");
    if (!base::is_utf8(item.payload)) return fail(CloseCode::invalid_payload, "the reason is no UTF-8");
    item.code = static_cast<CloseCode>(code);
    return Result::item;
}

MessageReader::Result MessageReader::finish_control(Item& item) {
    if (opcode_ == static_cast<std::uint8_t>(Opcode::close)) return finish_close(item);
    item = {.opcode = static_cast<Opcode>(opcode_), .payload = control_};
    return Result::item;
}

MessageReader::Result MessageReader::finish_frame(Item& item) {
    in_payload_ = false;
    head_size_ = 0;
    head_needs_ = 2;
    if (is_control()) {
        given_ = true;
        return finish_control(item);
    }
    if (!fin_) return Result::more;
    if (message_opcode_ == static_cast<std::uint8_t>(Opcode::text) && !is_compressed_ && !utf8_.is_whole())
        return fail(CloseCode::invalid_payload, "the text ends within a character");
    item = {.opcode = static_cast<Opcode>(message_opcode_), .is_compressed = is_compressed_, .payload = message_};
    message_opcode_ = 0;
    given_ = true;
    return Result::item;
}

MessageReader::Result MessageReader::next(std::string_view& bytes, Item& item) {
    if (fault_) return Result::failed;
    if (closed_) return Result::more;
    if (given_) {
        given_ = false;
        std::string().swap(control_);
        if (message_opcode_ == 0) std::string().swap(message_);
    }
    while (true) {
        if (!in_payload_ && !take_head(bytes)) break;
        if (!take_payload(bytes)) break;
        const auto result = finish_frame(item);
        if (result != Result::more) return result;
    }
    return fault_ ? Result::failed : Result::more;
}

// ---- What goes out -----------------------------------------------------------------------------------------------

void append_frame(std::string& out, Opcode opcode, std::string_view payload, bool compressed) {
    out += static_cast<char>(fin_bit | (compressed ? compressed_bit : 0U) | static_cast<unsigned>(opcode));
    if (payload.size() < 126) {
        out += static_cast<char>(payload.size());
    } else if (payload.size() <= 0xFFFFU) {
        out += static_cast<char>(126);
        append_big_endian(out, payload.size(), 2);
    } else {
        out += static_cast<char>(127);
        append_big_endian(out, payload.size(), 8);
    }
    out += payload;
}

void append_close(std::string& out, CloseCode code, std::string_view reason) {
    if (code == CloseCode::no_status) return append_frame(out, Opcode::close, {});
    reason = reason.substr(0, longest_reason);
    while (!base::is_utf8(reason)) reason.remove_suffix(1);
    std::string payload;
    append_big_endian(payload, static_cast<std::uint16_t>(code), 2);
    payload += reason;
    append_frame(out, Opcode::close, payload);
}

}  // namespace realtime
