// Writes what the tills' WebAssembly has to answer, bit by bit, for tests/e2e/sdk-arithmetic.test.ts: pairs of a request and its reply
// (pos/arithmetic/packed.h), each behind its u32 count of bytes.
//
//     pos_arithmetic_vectors golden              whatever this library's own tests compute, but for the random ones
//     pos_arithmetic_vectors random SEED COUNT   COUNT baskets, every tenth of hostile numbers, with a return and a rounding for each
//
// The linker leads the tests' calls through here (--wrap), so that no vector is written down twice.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "pos/arithmetic/packed.h"
#include "pos/arithmetic/random_for_test.h"
#include "pos/arithmetic/rounding.h"

namespace pos::arithmetic {

#define COMPUTE_SALE "_ZN3pos10arithmetic12compute_saleERKNS0_9SaleInputE"
#define RETURN_LINE "_ZN3pos10arithmetic11return_lineERKNS0_11ReturnInputE"
#define ROUND_CASH "_ZN3pos10arithmetic10round_cashEll"

Result<SaleTotals> real_compute_sale(const SaleInput& input) asm("__real_" COMPUTE_SALE);
Result<SaleTotals> wrapped_compute_sale(const SaleInput& input) asm("__wrap_" COMPUTE_SALE);
Result<LineAmounts> real_return_line(const ReturnInput& input) asm("__real_" RETURN_LINE);
Result<LineAmounts> wrapped_return_line(const ReturnInput& input) asm("__wrap_" RETURN_LINE);
Result<std::int64_t> real_round_cash(std::int64_t amount, std::int64_t unit) asm("__real_" ROUND_CASH);
Result<std::int64_t> wrapped_round_cash(std::int64_t amount, std::int64_t unit) asm("__wrap_" ROUND_CASH);

namespace {

class Recorder {
public:
    // The standard output; what the tests say goes to the other one.
    bool open() {
        file_.reset(fdopen(dup(STDOUT_FILENO), "wb"));
        return file_ != nullptr && dup2(STDERR_FILENO, STDOUT_FILENO) == STDOUT_FILENO;
    }
    void record(const Bytes& request) {
        if (is_busy_) return;  // called by the answer itself
        is_busy_ = true;
        write(request);
        write(answer(request));
        is_busy_ = false;
    }
    bool close() { return std::fclose(file_.release()) == 0 && is_whole_; }

private:
    void write(const Bytes& bytes) {
        const auto size = static_cast<std::uint32_t>(bytes.size());
        is_whole_ &= std::fwrite(&size, sizeof size, 1, file_.get()) == 1;
        is_whole_ &= std::fwrite(bytes.data(), 1, size, file_.get()) == size;
    }

    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    std::unique_ptr<std::FILE, Close> file_;
    bool is_busy_ = false;
    bool is_whole_ = true;
};

Recorder recorder;

void record_random(std::uint64_t seed, long count) {
    Draw draw{seed};
    for (long i = 0; i < count; ++i) {
        const auto sale = draw.chance(10) ? draw.extreme_sale() : draw.sale();
        recorder.record(pack(sale));
        recorder.record(
            pack_cash(draw.chance(50) ? draw.up_to(10'000'000) : draw.extreme_amount(), 1 + draw.up_to(500)));
        const auto totals = real_compute_sale(sale);
        if (!totals) continue;
        ReturnInput back{.original = totals->lines.front(),
                         .original_quantity = sale.lines.front().quantity,
                         .tax_inclusive = sale.lines.front().tax_inclusive};
        back.quantity = draw.chance(5) ? draw.extreme_amount() : 1 + draw.up_to(back.original_quantity - 1);
        recorder.record(pack(back));
    }
}

}  // namespace

Result<SaleTotals> wrapped_compute_sale(const SaleInput& input) {
    recorder.record(pack(input));
    return real_compute_sale(input);
}

Result<LineAmounts> wrapped_return_line(const ReturnInput& input) {
    recorder.record(pack(input));
    return real_return_line(input);
}

Result<std::int64_t> wrapped_round_cash(std::int64_t amount, std::int64_t unit) {
    recorder.record(pack_cash(amount, unit));
    return real_round_cash(amount, unit);
}

}  // namespace pos::arithmetic

int main(int argc, char** argv) {
    using pos::arithmetic::recorder;
    const std::string_view what = argc > 1 ? argv[1] : "";
    const bool is_random = what == "random" && argc == 4;
    if ((!is_random && what != "golden") || !recorder.open()) {
        std::fprintf(stderr, "usage: pos_arithmetic_vectors golden | random SEED COUNT\n");
        return 2;
    }
    int code = 0;
    if (is_random) {
        pos::arithmetic::record_random(std::strtoull(argv[2], nullptr, 10), std::strtol(argv[3], nullptr, 10));
    } else {
        testing::InitGoogleTest(&argc, argv);
        GTEST_FLAG_SET(filter, "-Property.*");
        code = RUN_ALL_TESTS();
    }
    return recorder.close() ? code : 1;
}
