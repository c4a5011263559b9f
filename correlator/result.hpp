// The project's one result type. Expected failures are values; broken invariants assert.
#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace incidentd {

enum class ErrorCode : std::uint8_t {
    invalid,       // the input is wrong; trying again with the same input fails again
    too_large,     // a bound of limits.hpp was met
    unauthorized,  // missing or wrong credentials
    not_found,
    unavailable,  // may work later
    corrupt,      // stored data does not match its checksum or format
    io,           // the operating system refused; the message carries errno's text
};

// What went wrong, in words for the person who has to act on it.
struct Error {
    ErrorCode code = ErrorCode::invalid;
    std::string message;

    Error() = default;
    Error(ErrorCode c, std::string text) : code(c), message(std::move(text)) {}
    friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = boost::system::result<T, Error>;

// value() on a failed result is a broken invariant: ends the process with the message.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

}  // namespace incidentd
