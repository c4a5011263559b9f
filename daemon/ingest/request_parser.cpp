#include "daemon/ingest/request_parser.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace incidentd {

namespace {

namespace http = boost::beast::http;
using BeastError = boost::beast::error_code;
using BeastView = boost::beast::string_view;

// A body buffer larger than this is given back after its request: a thousand idle connections must not hold it.
constexpr std::size_t kept_body_bytes = 256 * 1024;

// A body is given room for at once, up to here: a promise of more is believed as it comes true.
constexpr std::uint64_t promised_body_bytes = 1024 * 1024;

// Of a request line besides method and target: two spaces, the version, the line's end.
constexpr std::size_t line_overhead_bytes = 12;

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return boost::beast::iequals(BeastView(a.data(), a.size()), BeastView(b.data(), b.size()));
}

// The text of one message; reused from request to request.
struct Message {
    std::string text;  // method, target, names and values, end to end
    std::size_t method_bytes = 0;
    std::size_t target_bytes = 0;
    struct Field {
        std::size_t begin, name_bytes, value_bytes;
    };
    std::vector<Field> fields;
    std::vector<HeaderView> headers;
    std::string body;

    void clear() {
        text.clear();
        fields.clear();
        headers.clear();
        body.clear();
        if (body.capacity() > kept_body_bytes) body.shrink_to_fit();
        method_bytes = target_bytes = 0;
    }
};

enum class Overrun : std::uint8_t { none, line, head };

// Beast's parser with our storage behind it. Its own header limit holds only for what it is given at once, so the head
// is counted here.
class BeastParser final : public http::basic_parser<true> {
public:
    BeastParser(Message& message, const RequestLimits& limits) : message_(message), limits_(limits) {
        header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
        body_limit(limits.body_bytes_max);
    }

    Overrun overrun() const { return overrun_; }
    bool line_done() const { return line_done_; }
    bool http_1_0() const { return version_ == 10; }

private:
    void on_request_impl(http::verb, BeastView method, BeastView target, int version, BeastError& ec) override {
        version_ = version;
        line_done_ = true;
        head_bytes_ = method.size() + target.size();
        if (head_bytes_ > limits_.request_line_bytes_max) {
            overrun_ = Overrun::line;
            ec = http::error::header_limit;
            return;
        }
        message_.text.append(method.data(), method.size()).append(target.data(), target.size());
        message_.method_bytes = method.size();
        message_.target_bytes = target.size();
    }

    void on_field_impl(http::field, BeastView name, BeastView value, BeastError& ec) override {
        if (head_done_) return;  // trailers: allowed, of no use to us
        head_bytes_ += name.size() + value.size() + 4;
        if (head_bytes_ > limits_.header_bytes_max) {
            overrun_ = Overrun::head;
            ec = http::error::header_limit;
            return;
        }
        message_.fields.push_back({message_.text.size(), name.size(), value.size()});
        message_.text.append(name.data(), name.size()).append(value.data(), value.size());
    }

    void on_header_impl(BeastError&) override {
        head_done_ = true;
        const std::string_view text = message_.text;
        for (const auto& field : message_.fields) {
            message_.headers.push_back({text.substr(field.begin, field.name_bytes),
                                        text.substr(field.begin + field.name_bytes, field.value_bytes)});
        }
    }

    std::size_t on_body_impl(BeastView body, BeastError&) override {
        message_.body.append(body.data(), body.size());
        return body.size();
    }
    std::size_t on_chunk_body_impl(std::uint64_t, BeastView body, BeastError& ec) override {
        return on_body_impl(body, ec);
    }

    void on_response_impl(int, BeastView, int, BeastError&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>& length, BeastError&) override {
        if (length) message_.body.reserve(std::min(*length, promised_body_bytes));
    }
    void on_chunk_header_impl(std::uint64_t, BeastView, BeastError&) override {}
    void on_finish_impl(BeastError&) override {}

    Message& message_;
    const RequestLimits& limits_;
    std::size_t head_bytes_ = 0;
    int version_ = 11;
    bool line_done_ = false;
    bool head_done_ = false;
    Overrun overrun_ = Overrun::none;
};

std::string_view find_header(const Message& message, std::string_view name) {
    for (const auto& header : message.headers) {
        if (equal_ignoring_case(header.name, name)) return header.value;
    }
    return {};
}

using Failure = RequestParser::Failure;

std::string in_bytes(std::size_t count) { return std::to_string(count) + " bytes"; }

Failure line_too_long(const RequestLimits& limits) {
    return {414, "the request line is longer than " + in_bytes(limits.request_line_bytes_max)};
}

Failure failure_of(const BeastError& ec, const BeastParser& parser, const RequestLimits& limits) {
    if (ec == http::error::header_limit) {
        if (parser.overrun() == Overrun::line) return line_too_long(limits);
        return {431, "the header is larger than " + in_bytes(limits.header_bytes_max)};
    }
    if (ec == http::error::body_limit) return {413, "the body is larger than " + in_bytes(limits.body_bytes_max)};
    return {400, "this is not an HTTP/1.x request: " + ec.message()};
}

// What proxies in front of us might frame in another way than we do, and what we cannot do.
std::optional<Failure> objection_to(const Message& message, const BeastParser& parser) {
    const std::string_view encoding = find_header(message, "transfer-encoding");
    if (!encoding.empty() && !equal_ignoring_case(encoding, "chunked")) {
        return Failure{501, "of the transfer codings only \"chunked\" is understood"};
    }
    if (!encoding.empty() && parser.http_1_0()) return Failure{400, "HTTP/1.0 knows no transfer coding"};
    const std::string_view expectation = find_header(message, "expect");
    if (!expectation.empty() && !equal_ignoring_case(expectation, "100-continue")) {
        return Failure{417, "only the expectation \"100-continue\" is understood"};
    }
    return std::nullopt;
}

}  // namespace

class RequestParser::Core {
public:
    Message message;
    std::optional<BeastParser> beast;
    bool head_told = false;
};

RequestParser::RequestParser(const RequestLimits& limits) : limits_(limits), core_(std::make_unique<Core>()) {
    reset();
}

RequestParser::~RequestParser() = default;

void RequestParser::reset() {
    core_->message.clear();
    core_->beast.emplace(core_->message, limits_);
    core_->head_told = false;
}

RequestParser::Step RequestParser::fail(Failure failure, std::size_t consumed) {
    failure_ = std::move(failure);
    return {Progress::failed, consumed};
}

RequestParser::Step RequestParser::feed(std::string_view bytes) {
    Core& core = *core_;
    std::size_t consumed = 0;
    if (!core.beast->line_done()) {
        // Some senders put an empty line behind a body (RFC 9112, 2.2).
        while (consumed < bytes.size() && (bytes[consumed] == '\r' || bytes[consumed] == '\n')) ++consumed;
        const std::string_view line = bytes.substr(consumed);
        if (line.empty()) return {Progress::more, consumed};
        if (line[0] == '\x16') return fail({400, "this port speaks plain HTTP, not TLS"}, consumed);
        if (line.size() > limits_.request_line_bytes_max + line_overhead_bytes &&
            line.substr(0, limits_.request_line_bytes_max + line_overhead_bytes).find('\n') == std::string_view::npos) {
            return fail(line_too_long(limits_), consumed);
        }
    }
    core.beast->eager(core.head_told);
    BeastError ec;
    const std::string_view rest = bytes.substr(consumed);
    consumed += core.beast->put(boost::asio::const_buffer(rest.data(), rest.size()), ec);
    if (ec && ec != http::error::need_more) return fail(failure_of(ec, *core.beast, limits_), consumed);
    if (!core.head_told && core.beast->is_header_done()) {
        core.head_told = true;
        if (auto objection = objection_to(core.message, *core.beast)) return fail(std::move(*objection), consumed);
        return {core.beast->is_done() ? Progress::complete : Progress::head, consumed};
    }
    return {core.beast->is_done() ? Progress::complete : Progress::more, consumed};
}

HttpRequestView RequestParser::view(std::string_view peer) const {
    const Message& message = core_->message;
    const std::string_view text = message.text;
    HttpRequestView out;
    out.method = text.substr(0, message.method_bytes);
    std::string_view target = text.substr(message.method_bytes, message.target_bytes);
    if (const auto scheme = target.find("://"); scheme != std::string_view::npos && target[0] != '/') {
        const auto path = target.find_first_of("/?", scheme + 3);
        target = path == std::string_view::npos ? std::string_view("/") : target.substr(path);
    }
    target = target.substr(0, target.find('#'));
    const auto question = target.find('?');
    out.path = target.substr(0, question);
    if (question != std::string_view::npos) out.query = target.substr(question + 1);
    out.headers = message.headers;
    out.body = message.body;
    out.peer = peer;
    return out;
}

bool RequestParser::has_line() const { return core_->message.method_bytes > 0; }

bool RequestParser::is_http_1_0() const { return core_->beast->http_1_0(); }

bool RequestParser::keep_alive() const { return core_->beast->keep_alive(); }

bool RequestParser::expects_continue() const {
    return !is_http_1_0() && equal_ignoring_case(find_header(core_->message, "expect"), "100-continue");
}

std::optional<std::uint64_t> RequestParser::content_length() const {
    const auto length = core_->beast->content_length();
    if (!length) return std::nullopt;
    return *length;
}

std::size_t RequestParser::body_bytes() const { return core_->message.body.size(); }

}  // namespace incidentd
