// One signed POST an action. The delivery id is the idempotency key: a receiver that has seen it answers 2xx again.
#include "adapters/json_reader.hpp"
#include "adapters/sink.hpp"
#include "adapters/sinks/webhook/body.hpp"
#include "adapters/sinks/webhook/signature.hpp"

#include <algorithm>
#include <utility>

namespace incidentd::sinks::webhook {
namespace {

constexpr std::size_t ticket_bytes_max = 256;  // longer ids in a reply are ignored
constexpr std::size_t url_bytes_max = 2048;    // likewise

struct Settings {
    std::string url;
    std::vector<std::string> secrets;  // none: unsigned; two while one replaces the other
    std::vector<std::pair<std::string, std::string>> headers;
    std::optional<BodyTemplate> body;
    Duration timeout;
    std::string external_url;
};

class Session final : public SinkSession {
public:
    Session(const Settings& settings, const Action& action, const Attempt& attempt)
        : settings_(settings), action_(action), now_(attempt.now) {}

    SinkStep start() override;
    SinkStep resume(const HttpAnswer& answer) override;
    using SinkSession::resume;

private:
    SinkVerdict accepted(const HttpAnswer& answer) const;
    const Settings& settings_;
    const Action& action_;
    const Instant now_;
};

SinkStep Session::start() {
    const BodyContext context{action_, settings_.external_url};
    HttpCall call;
    call.url = settings_.url;
    call.timeout = settings_.timeout;
    call.body = settings_.body ? settings_.body->render(context) : default_body(context);
    call.headers = settings_.headers;
    const std::int64_t timestamp_s = now_.ms / 1000;
    call.headers.emplace_back("X-Incidentd-Event", event_name(action_.kind));
    call.headers.emplace_back("X-Incidentd-Delivery", action_.idempotency_key);
    call.headers.emplace_back("X-Incidentd-Timestamp", std::to_string(timestamp_s));
    std::string signatures;
    for (const std::string& secret : settings_.secrets) {
        if (!signatures.empty()) signatures += ',';
        signatures += signature(secret, timestamp_s, call.body);
    }
    if (!signatures.empty()) call.headers.emplace_back("X-Incidentd-Signature", std::move(signatures));
    return call;
}

// The receiver may name its ticket; without that, its name stays what it was, or is our key.
SinkVerdict Session::accepted(const HttpAnswer& answer) const {
    std::string ticket = action_.ticket.empty() ? action_.incident.key : action_.ticket;
    std::string url;
    JsonReader reader;
    if (!reader.parse(answer.body)) {
        simdjson::dom::object reply;
        if (reader.root().get_object().get(reply) == simdjson::SUCCESS) {
            const std::string_view id = reader.text(reply, "id");
            if (!id.empty() && id.size() <= ticket_bytes_max) ticket = id;
            const std::string_view link = reader.text(reply, "url");
            const bool is_link = link.starts_with("https://") || link.starts_with("http://");
            if (is_link && link.size() <= url_bytes_max) url = link;
        }
    }
    return delivered(std::move(ticket), std::move(url));
}

SinkStep Session::resume(const HttpAnswer& answer) {
    if (answer.status >= 200 && answer.status < 300) return accepted(answer);
    return verdict_of_failure(answer, "POST " + settings_.url);
}

class WebhookSink final : public Sink {
public:
    explicit WebhookSink(Settings settings) : settings_(std::move(settings)) {}
    std::unique_ptr<SinkSession> begin(const Action& action, const Attempt& attempt) const override {
        return std::make_unique<Session>(settings_, action, attempt);
    }

private:
    const Settings settings_;
};

bool is_header_name(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return is_letter || (c >= '0' && c <= '9') ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

// What is wrong with a static header; "" when nothing is.
std::string header_fault(std::string_view name, const SettingsNode& value) {
    if (!is_header_name(name)) return "is not a header's name";
    const std::string key = lower(name);
    for (const std::string_view own :
         {"content-type", "content-length", "host", "transfer-encoding", "user-agent", "connection", "expect"})
        if (key == own) return "is set by incidentd itself";
    if (key.starts_with("x-incidentd-")) return "is reserved for incidentd's own headers";
    if (key == "authorization") return "is a secret: use the option bearer";
    if (value.kind != SettingsNode::Kind::scalar) return "must be a text";
    const auto is_bad = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (std::any_of(value.scalar.begin(), value.scalar.end(), is_bad)) return "must not hold control characters";
    return {};
}

void read_headers(const Options& options, Settings& settings, Problems& problems) {
    const SettingsNode* node = options.tree("headers");
    if (node == nullptr) return;
    if (node->kind != SettingsNode::Kind::map)
        return problems.add(node->where, node->path, "must be a map of header names to texts", "X-Team: storage");
    for (const SettingsNode::Member& member : node->members) {
        std::string fault = header_fault(member.key, member.value);
        if (fault.empty())
            settings.headers.emplace_back(member.key, member.value.scalar);
        else
            problems.add(member.key_where, node->path + "." + member.key, std::move(fault));
    }
}

void read_template(const Options& options, Settings& settings, Problems& problems) {
    const SettingsNode* node = options.tree("template");
    if (node == nullptr) return;
    if (node->kind != SettingsNode::Kind::scalar)
        return problems.add(node->where, node->path, "must be a text: a JSON text with {{places}}",
                            "write it as a block: template: |");
    auto parsed = BodyTemplate::parse(node->scalar);
    if (parsed)
        settings.body = std::move(*parsed);
    else
        problems.add(node->where, node->path, parsed.error().message,
                     "put text places in quotes: \"{{title}}\"; see the webhook page of the documentation");
}

std::unique_ptr<Sink> make(const SinkSetup& setup, Problems& problems) {
    const std::size_t before = problems.items().size();
    const Options& options = setup.options;
    Settings settings;
    settings.url = options.text("url");
    settings.timeout = options.duration("timeout");
    settings.external_url = setup.external_url;
    settings.headers = {{"Content-Type", "application/json"}, {"User-Agent", setup.user_agent}};
    for (const std::string_view name : {"secret", "previous_secret"})
        if (!options.secret(name).empty()) settings.secrets.push_back(options.secret(name));
    if (!options.secret("bearer").empty())
        settings.headers.emplace_back("Authorization", "Bearer " + options.secret("bearer"));
    read_headers(options, settings, problems);
    read_template(options, settings, problems);
    if (problems.items().size() != before) return nullptr;
    return std::make_unique<WebhookSink>(std::move(settings));
}

}  // namespace

const SinkSpec& spec() {
    static const SinkSpec it{
        "webhook",
        "Posts every step of an incident as signed JSON to a URL.",
        {{"url", OptionType::url, true, "", "Where to POST."},
         {"secret", OptionType::secret, false, "", "Signs each body with HMAC-SHA256; without it bodies are unsigned."},
         {"previous_secret", OptionType::secret, false, "",
          "A second signature while receivers change to a new secret."},
         {"bearer", OptionType::secret, false, "", "Sent as Authorization: Bearer."},
         {"headers", OptionType::tree, false, "", "Further headers with fixed values: a map of names to texts."},
         {"template", OptionType::tree, false, "", "A JSON text with {{places}} to send instead of the standard body."},
         {"timeout", OptionType::duration, false, "10s", "From connecting to the last byte of the answer."}},
        "url: https://hooks.example.org/incidents\nsecret: {env: WEBHOOK_SECRET}\n",
        &make};
    return it;
}

}  // namespace incidentd::sinks::webhook
