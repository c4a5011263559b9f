// A hash or comparison that is wrong lets strangers in or locks senders out.
#include "daemon/token.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>

using namespace incidentd;

namespace {

std::string hex(const TokenHash& hash) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const auto byte : hash) {
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

}  // namespace

TEST_CASE("sha256 gives the published test vectors") {
    CHECK(hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("a token matches wherever its hash stands in the list, and nothing else does") {
    const std::vector<TokenHash> known{sha256("first"), sha256("second"), sha256("third")};
    CHECK(token_matches("first", known));
    CHECK(token_matches("second", known));
    CHECK(token_matches("third", known));
    CHECK_FALSE(token_matches("fourth", known));
    CHECK_FALSE(token_matches("", known));
    CHECK_FALSE(token_matches("first", {}));
}

TEST_CASE("a hash that differs in its last bit only does not match") {
    std::vector<TokenHash> known{sha256("secret")};
    known[0].back() = static_cast<std::uint8_t>(known[0].back() ^ 1U);
    CHECK_FALSE(token_matches("secret", known));
}

TEST_CASE("tokens are 43 base64url characters and never repeat") {
    const std::string one = make_token().value();
    const std::string other = make_token().value();
    CHECK(one.size() == 43);
    CHECK(one != other);
    CHECK(std::all_of(one.begin(), one.end(),
                      [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_'; }));
}

TEST_CASE("random hex has two digits a byte") { CHECK(random_hex(4).value().size() == 8); }
