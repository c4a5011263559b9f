// Functions that libm has, from IEEE arithmetic alone. libm's differ between processors in the last bit (it chooses its
// code by what the processor can do), and the same log of inputs must give the same effects everywhere.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace incidentd {

// Natural logarithm of a whole number from 1 on; error below 1e-8. Series of 2 artanh((m - 1) / (m + 1)), m in [1, 2).
constexpr double log_of(std::uint32_t number) {
    constexpr double ln2 = 0.693147180559945309;
    const int exponent = std::bit_width(number) - 1;
    const double m = static_cast<double>(number) / static_cast<double>(std::uint64_t{1} << exponent);
    const double t = (m - 1) / (m + 1), t2 = t * t;
    double sum = 0;
    for (int odd = 15; odd >= 1; odd -= 2) sum = sum * t2 + 1.0 / odd;
    return ln2 * exponent + 2 * t * sum;
}

// What is left of 1 after so many half-lives, 0 or more; error below 1e-9. Taylor's series of exp for the fraction.
inline double left_after(double half_lives) {
    constexpr double ln2 = 0.693147180559945309;
    constexpr double most = 1000;  // 2^-1000 is as good as nothing
    const double lives = half_lives < most ? half_lives : most;
    const double whole = std::floor(lives), x = -(lives - whole) * ln2;
    double sum = 1;
    for (int term = 12; term >= 1; --term) sum = 1 + x * sum / term;
    return std::ldexp(sum, -static_cast<int>(whole));
}

}  // namespace incidentd
