#include "adapters/sink.hpp"

#include "adapters/http_date.hpp"
#include "adapters/json.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace incidentd {
namespace {

constexpr std::size_t excerpt_bytes_max = 300;

// One line of what a server answered, fit for a log: no control characters, valid UTF-8, bounded.
std::string excerpt(std::string_view body) {
    std::string line;
    for (std::size_t at = 0; at < body.size() && line.size() < excerpt_bytes_max;) {
        const std::size_t length = utf8_length_at(body, at);
        const auto byte = static_cast<unsigned char>(body[at]);
        if (length == 0 || byte <= 0x20 || byte == 0x7F) {
            if (!line.empty() && line.back() != ' ') line += ' ';
            ++at;
        } else {
            line += body.substr(at, length);
            at += length;
        }
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    return line;
}

// Seconds, or a date: measured against the answer's own Date, so that two clocks that disagree do no harm. A date in an
// answer without one waits for somebody with a clock.
void note_wish(const HttpAnswer& answer, SinkVerdict& verdict) {
    const std::string_view value = answer.header("retry-after");
    std::int64_t wish = 0;
    const auto [end, error] = std::from_chars(value.begin(), value.end(), wish);
    if (!value.empty() && error == std::errc{} && end == value.end() && wish >= 0) {
        verdict.retry_after = seconds(std::min(wish, retry_after_max.ms / 1000));
        return;
    }
    const std::optional<Instant> until = parse_http_date(value);
    if (!until) return;
    if (const std::optional<Instant> sent = parse_http_date(answer.header("date")))
        verdict.retry_after = std::clamp(*until - *sent, seconds(0), retry_after_max);
    else
        verdict.retry_at = until;
}

}  // namespace

SinkVerdict delivered(std::string ticket, std::string url) {
    SinkVerdict verdict;
    verdict.kind = SinkVerdict::Kind::delivered;
    verdict.ticket = std::move(ticket);
    verdict.ticket_url = std::move(url);
    return verdict;
}

SinkVerdict retry(std::string reason, bool unclear) {
    SinkVerdict verdict;
    verdict.reason = std::move(reason);
    verdict.unclear = unclear;
    return verdict;
}

SinkVerdict rejected(std::string reason) {
    SinkVerdict verdict;
    verdict.kind = SinkVerdict::Kind::rejected;
    verdict.reason = std::move(reason);
    return verdict;
}

SinkStep SinkSession::resume(const NoAnswer& failure) {
    SinkVerdict verdict = retry(failure.reason, failure.may_have_arrived);
    verdict.system_failed = true;
    return verdict;
}

SinkVerdict verdict_of_failure(const HttpAnswer& answer, std::string_view what) {
    std::string reason = std::string(what) + ": HTTP " + std::to_string(answer.status);
    if (const std::string said = excerpt(answer.body); !said.empty()) reason += ": " + said;
    // A server that failed, or gave up waiting for its own backend, may have done the work before.
    const bool failed = answer.status >= 500 || answer.status == 408;
    if (failed || answer.status == 425 || answer.status == 429) {
        SinkVerdict verdict = retry(std::move(reason), failed);
        note_wish(answer, verdict);
        verdict.system_failed = failed;
        return verdict;
    }
    if (answer.status >= 300 && answer.status < 400 && !answer.header("location").empty())
        reason += "; redirects are not followed, configure the final URL: " + excerpt(answer.header("location"));
    return rejected(std::move(reason));
}

std::string cut_text(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return std::string(text);
    std::size_t end = bytes_max - 3;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return std::string(text.substr(0, end)) + "...";
}

std::string incident_url(const IncidentView& incident, std::string_view external_url) {
    if (external_url.empty()) return {};
    return std::string(external_url) + "/incidents/" + percent_encode(incident.key);
}

}  // namespace incidentd
