// The bytes of records and snapshots: small numbers in few bytes, lengths before texts. See docs/journal-format.md.
// Used by the engine and by what the daemon keeps in packed form.
#pragma once

#include "correlator/labels.hpp"
#include "correlator/matcher.hpp"
#include "correlator/time.hpp"
#include "correlator/topology.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace incidentd::codec {

class Writer {
public:
    explicit Writer(std::string& out) : out_(out) {}
    void byte(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
    // LEB128: small numbers take one byte.
    void number(std::uint64_t value) {
        while (value >= 0x80) {
            byte(static_cast<std::uint8_t>(value | 0x80));
            value >>= 7;
        }
        byte(static_cast<std::uint8_t>(value));
    }
    void fixed64(std::uint64_t value) {
        char bytes[8];
        for (unsigned i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
        out_.append(bytes, sizeof bytes);
    }
    void time(Instant at) { number(static_cast<std::uint64_t>(at.ms)); }
    void text(std::string_view value) {
        number(value.size());
        out_ += value;
    }
    void labels(LabelsView labels) {
        number(labels.size());
        for (const LabelView& label : labels) {
            text(label.name);
            text(label.value);
        }
    }

private:
    std::string& out_;
};

// Every read is bounded by the record; after a failure all further reads fail too, so callers check once at the end.
class Reader {
public:
    explicit Reader(std::string_view record) : rest_(record) {}
    std::uint8_t byte() {
        if (rest_.empty()) return fail();
        const auto value = static_cast<std::uint8_t>(rest_.front());
        rest_.remove_prefix(1);
        return value;
    }
    std::uint64_t number() {
        if (!rest_.empty() && (rest_.front() & 0x80) == 0) return byte();  // most of them
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::uint8_t piece = byte();
            if (failed_) return 0;
            value |= static_cast<std::uint64_t>(piece & 0x7F) << shift;
            if ((piece & 0x80) == 0) return value;
        }
        return fail();
    }
    std::uint64_t fixed64() {
        if (rest_.size() < 8) return fail();
        std::uint64_t value = 0;
        if constexpr (std::endian::native == std::endian::little)
            std::memcpy(&value, rest_.data(), sizeof value);
        else
            for (unsigned i = 0; i < 8; ++i)
                value |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(rest_[i])) << (8 * i);
        rest_.remove_prefix(8);
        return value;
    }
    Instant time() { return {static_cast<std::int64_t>(number())}; }
    std::string_view text() {
        const std::uint64_t size = number();
        if (failed_ || size > rest_.size()) {
            fail();
            return {};
        }
        const std::string_view value = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return value;
    }
    std::string string() { return std::string(text()); }
    // A count of things that take at least `least_bytes` each: more than the record can hold is corruption, not memory.
    std::size_t count(std::size_t least_bytes) {
        const std::uint64_t value = number();
        if (failed_ || value > rest_.size() / least_bytes) return fail();
        return value;
    }
    bool flag() { return byte() != 0; }
    template <class Enum>
    Enum member(Enum most) {
        return checked(byte(), most);
    }
    template <class Enum>
    Enum checked(std::uint8_t value, Enum most) {
        if (value > static_cast<std::uint8_t>(most)) fail();
        return static_cast<Enum>(value);
    }
    void reject() { fail(); }  // what was read makes no sense
    bool done() const { return !failed_ && rest_.empty(); }
    bool failed() const { return failed_; }

private:
    std::uint8_t fail() {
        failed_ = true;
        rest_ = {};
        return 0;
    }
    std::string_view rest_;
    bool failed_ = false;
};

// A matcher is its name, operator and value; one that does not compile is corruption.
inline void write_matchers(Writer& w, const Matchers& matchers) {
    w.number(matchers.size());
    for (const Matcher& matcher : matchers) {
        w.text(matcher.name());
        w.byte(static_cast<std::uint8_t>(matcher.op()));
        w.text(matcher.value());
    }
}
inline Matchers read_matchers(Reader& r) {
    Matchers matchers;
    for (std::size_t left = r.count(3); left > 0 && !r.failed(); --left) {
        std::string name = r.string();
        const auto op = r.member<MatchOp>(MatchOp::not_regex);
        Result<Matcher> matcher = Matcher::make(std::move(name), op, r.string());
        if (!matcher) {
            r.reject();
            return {};
        }
        matchers.push_back(std::move(*matcher));
    }
    return matchers;
}

inline void write_topology(Writer& w, const TopologySpec& spec) {
    w.number(spec.links.size());
    for (const TopologySpec::Link& link : spec.links)
        for (const std::string* text : {&link.upper, &link.lower, &link.kind}) w.text(*text);
    w.number(spec.aliases.size());
    for (const auto& [alias, entity] : spec.aliases) {
        w.text(alias);
        w.text(entity);
    }
}
inline TopologySpec read_topology(Reader& r) {
    TopologySpec spec;
    for (std::size_t left = r.count(3); left > 0 && !r.failed(); --left) {
        TopologySpec::Link& link = spec.links.emplace_back();
        for (std::string* text : {&link.upper, &link.lower, &link.kind}) *text = r.string();
    }
    for (std::size_t left = r.count(2); left > 0 && !r.failed(); --left) {
        std::string alias = r.string();
        spec.aliases.emplace_back(std::move(alias), r.string());
    }
    return spec;
}

using TopologyNeeds = std::vector<std::pair<std::string, std::uint32_t>>;

inline void write_needs(Writer& w, const TopologyNeeds& needs) {
    w.number(needs.size());
    for (const auto& [whole, least] : needs) {
        w.text(whole);
        w.number(least);
    }
}
inline TopologyNeeds read_needs(Reader& r) {
    TopologyNeeds needs;
    for (std::size_t left = r.count(2); left > 0 && !r.failed(); --left) {
        std::string whole = r.string();
        const std::uint64_t least = r.number();
        if (least == 0 || least > topology_links_max) r.reject();
        needs.emplace_back(std::move(whole), static_cast<std::uint32_t>(least));
    }
    return needs;
}

}  // namespace incidentd::codec
