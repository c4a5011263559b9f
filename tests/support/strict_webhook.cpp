// The webhook contract of adapters/sinks/webhook/README.md, checked with code of its own.
#include "tests/support/contract_server.hpp"
#include "tests/support/json.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <exception>

namespace incidentd::test {
namespace {

constexpr std::int64_t skew_s_max = 300;

std::string hmac_hex(const std::string& secret, const std::string& message) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest, &length);
    std::string text;
    for (unsigned i = 0; i < length; ++i) {
        static constexpr char digits[] = "0123456789abcdef";
        text += digits[digest[i] / 16];
        text += digits[digest[i] % 16];
    }
    return text;
}

// Every member the standard body promises, read with its type; throws naming the one that is not there.
StrictWebhookReceiver::Delivery read_body(const std::string& body) {
    const Json json(body);
    StrictWebhookReceiver::Delivery delivery;
    delivery.event = json.text("/event");
    delivery.id = json.text("/delivery");
    delivery.body = body;
    for (const char* path : {"/reason", "/at", "/ticket", "/incident/id", "/incident/status", "/incident/severity",
                             "/incident/peak_severity", "/incident/priority", "/incident/impact", "/incident/urgency",
                             "/incident/service", "/incident/category", "/incident/assignment_group", "/incident/rule",
                             "/incident/because", "/incident/acknowledged_by", "/incident/began_at", "/incident/url"})
        (void)json.text(path);
    delivery.incident_key = json.text("/incident/key");
    delivery.title = json.text("/incident/title");
    delivery.revision = json.number("/incident/revision");
    (void)json.boolean("/incident/acknowledged");
    for (const char* path :
         {"/incident/alerts_total", "/incident/alerts_firing", "/incident/messages_total", "/incident/facts_omitted"})
        (void)json.number(path);
    (void)json.size("/incident/group");
    for (std::size_t i = 0; i < json.size("/incident/alerts"); ++i) {
        const std::string alert = "/incident/alerts/" + std::to_string(i);
        for (const char* name : {"/fingerprint", "/source", "/title", "/status", "/severity", "/first_seen", "/url"})
            (void)json.text(alert + name);
        (void)json.number(alert + "/count");
        (void)json.size(alert + "/labels");
    }
    for (std::size_t i = 0; i < json.size("/incident/facts"); ++i)
        (void)json.text("/incident/facts/" + std::to_string(i) + "/text");
    return delivery;
}

ContractAnswer refuse(int status, const std::string& why) { return {status, "{\"message\":" + json_quote(why) + "}"}; }

}  // namespace

struct StrictWebhookReceiver::State {
    State(std::vector<std::string> s, unsigned short port)
        : secrets(std::move(s)), server([this](const ContractRequest& request) { return answer(request); }, port) {}

    ContractAnswer answer(const ContractRequest& request);
    ContractAnswer violate(int status, const std::string& why);
    std::string breach_of(const ContractRequest& request) const;
    bool is_signed(const ContractRequest& request) const;
    ContractAnswer take(Delivery delivery);

    const std::vector<std::string> secrets;
    Faults faults;
    mutable std::mutex mutex;  // everything below
    std::vector<Delivery> deliveries;
    std::size_t duplicates = 0;
    std::vector<std::string> violations;
    ContractServer server;  // last: it calls answer() as soon as it is there
};

ContractAnswer StrictWebhookReceiver::State::violate(int status, const std::string& why) {
    violations.push_back(why);
    return refuse(status, why);
}

bool StrictWebhookReceiver::State::is_signed(const ContractRequest& request) const {
    if (secrets.empty()) return request.header("X-Incidentd-Signature").empty();
    const std::string offered = request.header("X-Incidentd-Signature") + ",";
    const std::string message = request.header("X-Incidentd-Timestamp") + "." + request.body;
    return std::any_of(secrets.begin(), secrets.end(), [&](const std::string& secret) {
        return offered.find("v1=" + hmac_hex(secret, message) + ",") != std::string::npos;
    });
}

std::string StrictWebhookReceiver::State::breach_of(const ContractRequest& request) const {
    if (request.method != "POST") return "the method is " + request.method;
    if (request.header("Content-Type") != "application/json") return "the content type is not application/json";
    if (request.header("User-Agent").rfind("incidentd/", 0) != 0) return "the user agent does not say incidentd";
    const std::int64_t stamp = std::strtoll(request.header("X-Incidentd-Timestamp").c_str(), nullptr, 10);
    if (std::llabs(stamp - std::time(nullptr)) > skew_s_max) return "the timestamp is off";
    if (!is_signed(request)) return "the signature does not hold";
    return {};
}

ContractAnswer StrictWebhookReceiver::State::take(Delivery delivery) {
    const auto same = [&](const Delivery& earlier) { return earlier.id == delivery.id; };
    const auto of_incident = [&](const Delivery& earlier) { return earlier.incident_key == delivery.incident_key; };
    if (std::any_of(deliveries.begin(), deliveries.end(), same)) {
        ++duplicates;
    } else {
        const auto last = std::find_if(deliveries.rbegin(), deliveries.rend(), of_incident);
        if (last != deliveries.rend() && last->revision >= delivery.revision)
            violations.push_back(delivery.incident_key + ": revision " + std::to_string(delivery.revision) + " after " +
                                 std::to_string(last->revision));
        if ((last == deliveries.rend()) != (delivery.event == "incident.created"))
            violations.push_back(delivery.incident_key + ": " + delivery.event + " out of turn");
        deliveries.push_back(delivery);
    }
    return {200, "{\"id\":" + json_quote("EXT-" + delivery.incident_key) + ",\"url\":\"https://receiver.example/1\"}"};
}

ContractAnswer StrictWebhookReceiver::State::answer(const ContractRequest& request) {
    Fault fault;
    const bool is_faulty = faults.take(fault);
    if (is_faulty && !fault.after_effect) return fault.answer;
    const std::lock_guard lock(mutex);
    if (const std::string breach = breach_of(request); !breach.empty()) return violate(400, breach);
    Delivery delivery;
    try {
        delivery = read_body(request.body);
    } catch (const std::exception& problem) {
        return violate(422, std::string("body: ") + problem.what());
    }
    if (request.header("X-Incidentd-Delivery") != delivery.id || request.header("X-Incidentd-Event") != delivery.event)
        return violate(400, "headers and body name different deliveries");
    const ContractAnswer done = take(std::move(delivery));
    return is_faulty ? fault.answer : done;
}

StrictWebhookReceiver::StrictWebhookReceiver(std::vector<std::string> secrets, unsigned short port)
    : state_(std::make_unique<State>(std::move(secrets), port)) {}
StrictWebhookReceiver::~StrictWebhookReceiver() = default;

std::string StrictWebhookReceiver::url() const { return state_->server.url() + "/hook"; }
Faults& StrictWebhookReceiver::faults() { return state_->faults; }

std::vector<StrictWebhookReceiver::Delivery> StrictWebhookReceiver::deliveries() const {
    const std::lock_guard lock(state_->mutex);
    return state_->deliveries;
}
std::size_t StrictWebhookReceiver::duplicates() const {
    const std::lock_guard lock(state_->mutex);
    return state_->duplicates;
}
std::vector<std::string> StrictWebhookReceiver::violations() const {
    const std::lock_guard lock(state_->mutex);
    return state_->violations;
}

}  // namespace incidentd::test
