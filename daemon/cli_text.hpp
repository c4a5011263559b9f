// What the commands print with: errors, times, text from strangers, JSON. Private to cli*.cpp.
#pragma once

#include "adapters/json.hpp"
#include "correlator/time.hpp"
#include "daemon/cli.hpp"
#include "daemon/read_model/queries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

inline int fail(const std::string& message) {
    fmt::print(stderr, "incidentd: {}\n", message);
    return exit_failed;
}

inline std::string time_or_dash(Instant at) { return at.is_set() ? to_rfc3339(at) : "-"; }

// Alert text comes from anywhere: control characters must not reach a terminal.
inline std::string clean(const std::string& text) {
    std::string out = text;
    std::replace_if(
        out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
    return out;
}

class JsonObject {
public:
    explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
    void text(std::string_view name, std::string_view value) {
        key(name);
        append_json_string(out_, value);
    }
    void time(std::string_view name, Instant at) {
        key(name);
        if (at.is_set())
            append_json_string(out_, to_rfc3339(at));
        else
            out_ += "null";
    }
    void number(std::string_view name, std::int64_t value) { raw(name, std::to_string(value)); }
    void flag(std::string_view name, bool value) { raw(name, value ? "true" : "false"); }
    void raw(std::string_view name, std::string_view json) {
        key(name);
        out_ += json;
    }
    void end() { out_ += '}'; }

private:
    void key(std::string_view name) {
        if (out_.back() != '{') out_ += ',';
        append_json_string(out_, name);
        out_ += ':';
    }
    std::string& out_;
};

template <class Row, class Write>
std::string json_list(const std::vector<Row>& rows, Write write) {
    std::string out = "[";
    for (const Row& row : rows) {
        if (out.size() > 1) out += ',';
        JsonObject object(out);
        write(object, row);
        object.end();
    }
    return out += ']';
}

inline void write_delivery(JsonObject& object, const StoredDelivery& d) {
    object.text("sink", d.sink);
    object.text("action", d.kind);
    object.text("state", d.state);
    object.text("ticket", d.ticket);
    object.text("ticket_url", d.ticket_url);
    object.text("detail", d.detail);
    object.number("revision", d.revision);
    object.time("at", d.at);
}

}  // namespace incidentd
