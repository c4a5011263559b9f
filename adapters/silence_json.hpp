// Silences as Alertmanager's API v2 writes them (prometheus/alertmanager v0.25.0 api/v2/openapi.yaml: postableSilence,
// gettableSilence).
#pragma once

#include "correlator/silence.hpp"

#include <string>
#include <string_view>

namespace incidentd {

constexpr std::size_t silence_matchers_max = 100;
constexpr std::size_t silence_text_bytes_max = 4096;  // of createdBy and comment each

struct PostedSilence {
    std::string id;  // of the silence to change; empty: a new one
    Matchers match;
    Instant starts_at, ends_at;
    std::string created_by, comment;
};

// What Alertmanager would answer to a body it does not take: its status, and its body as JSON.
struct SilenceFault {
    int status = 400;
    std::string json;
};

// False: `fault` is filled. Times are not compared with the clock here.
bool read_posted_silence(std::string_view body, PostedSilence& out, SilenceFault& fault);

// One of the rules is marked as such: it is made by `silence_of_rules`, and its comment begins with what it is.
void append_silence(std::string& out, const Silence& silence);
constexpr std::string_view silence_of_rules = "rule file";

// Whether amtool's `filter` matchers choose it: they are held against the silence's own matchers by name.
bool is_chosen(const Silence& silence, const Matchers& filter);

}  // namespace incidentd
