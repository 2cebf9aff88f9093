#include "pos/arithmetic/packed.h"

#include <bit>
#include <cstring>
#include <string_view>

#include "pos/arithmetic/rounding.h"

namespace pos::arithmetic {
namespace {

static_assert(std::endian::native == std::endian::little);

enum class Operation : std::uint32_t { sale = 1, line_return = 2, cash = 3 };

constexpr std::size_t smallest_line = 40;  // bytes

class Writer {
public:
    explicit Writer(Operation operation) { put(static_cast<std::uint32_t>(operation)); }
    explicit Writer(ArithmeticError error) {
        put(1 + static_cast<std::uint32_t>(error.code));
        put(error.line_number);
    }
    explicit Writer(std::uint32_t status) {
        put(status);
        put(std::int32_t{0});
    }

    template <class Integer>
    void put(Integer value) {
        const auto at = bytes_.size();
        bytes_.resize(at + sizeof value);
        std::memcpy(bytes_.data() + at, &value, sizeof value);
    }
    void flag(bool value) { put(std::uint32_t{value}); }
    void count(std::size_t value) { put(static_cast<std::uint32_t>(value)); }
    void text(std::string_view value) {
        count(value.size());
        bytes_.insert(bytes_.end(), value.begin(), value.end());
    }
    void amounts(const LineAmounts& line) {
        for (const auto amount : {line.gross, line.discount, line.order_discount_share, line.net, line.tax, line.total})
            put(amount);
    }

    Bytes take() && { return std::move(bytes_); }

private:
    Bytes bytes_;
};

// Past the end everything is zero, and the request is not understood.
class Reader {
public:
    explicit Reader(std::span<const unsigned char> bytes) : left_(bytes) {}

    template <class Integer>
    Integer get() {
        Integer value{};
        if (has(sizeof value)) {
            std::memcpy(&value, left_.data(), sizeof value);
            left_ = left_.subspan(sizeof value);
        }
        return value;
    }
    std::int64_t amount() { return get<std::int64_t>(); }
    bool flag() { return get<std::uint32_t>() != 0; }
    std::string text() {
        const auto size = get<std::uint32_t>();
        if (!has(size)) return {};
        std::string value(reinterpret_cast<const char*>(left_.data()), size);
        left_ = left_.subspan(size);
        return value;
    }
    LineAmounts amounts() {
        LineAmounts line;
        for (auto* member :
             {&line.gross, &line.discount, &line.order_discount_share, &line.net, &line.tax, &line.total})
            *member = amount();
        return line;
    }

    [[nodiscard]] bool has(std::size_t bytes) {
        if (bytes > left_.size()) short_ = true;
        return !short_;
    }
    [[nodiscard]] bool is_done() const { return !short_ && left_.empty(); }

private:
    std::span<const unsigned char> left_;
    bool short_ = false;
};

LineInput read_line(Reader& reader) {
    LineInput line;
    line.quantity = reader.amount();
    line.unit_price = reader.amount();
    line.discount = reader.amount();
    line.line_number = reader.get<std::int32_t>();
    line.rate_ppm = reader.get<std::int32_t>();
    line.tax_inclusive = reader.flag();
    line.tax_code = reader.text();
    return line;
}

SaleInput read_sale(Reader& reader) {
    SaleInput input;
    input.order_discount = reader.amount();
    input.cash_rounding = reader.amount();
    input.rounding = reader.flag() ? TaxRounding::line : TaxRounding::rate_group;
    const std::size_t lines = reader.get<std::uint32_t>();
    if (!reader.has(lines * smallest_line)) return input;
    input.lines.reserve(lines);
    for (std::size_t i = 0; i < lines; ++i) input.lines.push_back(read_line(reader));
    return input;
}

ReturnInput read_return(Reader& reader) {
    ReturnInput input;
    input.original = reader.amounts();
    input.original_quantity = reader.amount();
    input.returned = reader.amounts();
    input.returned_quantity = reader.amount();
    input.quantity = reader.amount();
    input.tax_inclusive = reader.flag();
    return input;
}

void write(Writer& writer, const SaleTotals& totals) {
    for (const auto amount : {totals.subtotal, totals.discount_total, totals.inclusive_tax_total,
                              totals.exclusive_tax_total, totals.tax_total, totals.cash_rounding, totals.total})
        writer.put(amount);
    writer.count(totals.lines.size());
    for (const LineTotals& line : totals.lines) {
        writer.amounts(line);
        writer.put(line.line_number);
    }
    writer.count(totals.tax_groups.size());
    for (const TaxGroup& group : totals.tax_groups) {
        writer.put(group.taxable_net);
        writer.put(group.tax);
        writer.put(group.rate_ppm);
        writer.flag(group.tax_inclusive);
        writer.text(group.tax_code);
    }
}

void write(Writer& writer, const LineAmounts& line) { writer.amounts(line); }

void write(Writer& writer, std::int64_t amount) { writer.put(amount); }

template <class Value>
Bytes reply(const Result<Value>& result) {
    if (!result) return Writer{result.error()}.take();
    Writer writer{computed};
    write(writer, *result);
    return std::move(writer).take();
}

}  // namespace

Bytes pack(const SaleInput& input) {
    Writer writer{Operation::sale};
    writer.put(input.order_discount);
    writer.put(input.cash_rounding);
    writer.flag(input.rounding == TaxRounding::line);
    writer.count(input.lines.size());
    for (const LineInput& line : input.lines) {
        writer.put(line.quantity);
        writer.put(line.unit_price);
        writer.put(line.discount);
        writer.put(line.line_number);
        writer.put(line.rate_ppm);
        writer.flag(line.tax_inclusive);
        writer.text(line.tax_code);
    }
    return std::move(writer).take();
}

Bytes pack(const ReturnInput& input) {
    Writer writer{Operation::line_return};
    writer.amounts(input.original);
    writer.put(input.original_quantity);
    writer.amounts(input.returned);
    writer.put(input.returned_quantity);
    writer.put(input.quantity);
    writer.flag(input.tax_inclusive);
    return std::move(writer).take();
}

Bytes pack_cash(std::int64_t amount, std::int64_t unit) {
    Writer writer{Operation::cash};
    writer.put(amount);
    writer.put(unit);
    return std::move(writer).take();
}

Bytes answer(std::span<const unsigned char> request) {
    Reader reader{request};
    switch (Operation{reader.get<std::uint32_t>()}) {
        case Operation::sale: {
            const auto input = read_sale(reader);
            if (reader.is_done()) return reply(compute_sale(input));
            break;
        }
        case Operation::line_return: {
            const auto input = read_return(reader);
            if (reader.is_done()) return reply(return_line(input));
            break;
        }
        case Operation::cash: {
            const auto amount = reader.amount();
            const auto unit = reader.amount();
            if (reader.is_done()) return reply(round_cash(amount, unit));
            break;
        }
    }
    return Writer{not_understood}.take();
}

}  // namespace pos::arithmetic
