// Options of the Request Tracker sink; session.cpp talks to RT.
#include "adapters/action_places.hpp"
#include "adapters/sink.hpp"
#include "adapters/sinks/request_tracker/session.hpp"

#include <utility>

namespace incidentd::sinks::request_tracker {
namespace {

class RequestTracker final : public Sink {
public:
    explicit RequestTracker(Settings settings) : settings_(std::move(settings)) {}
    std::unique_ptr<SinkSession> begin(const Action& action, const Attempt& attempt) const override {
        return std::make_unique<Session>(settings_, action, attempt);
    }

private:
    const Settings settings_;
};

void read_custom_fields(const Options& options, Settings& settings, Problems& problems) {
    const SettingsNode* node = options.tree("custom_fields");
    if (node == nullptr) return;
    if (node->kind != SettingsNode::Kind::map)
        return problems.add(node->where, node->path, "must be a map of field names to texts", "Service: '{{service}}'");
    for (const SettingsNode::Member& member : node->members) {
        const std::string path = node->path + "." + member.key;
        if (member.value.kind != SettingsNode::Kind::scalar) {
            problems.add(member.value.where, path, "must be a text");
            continue;
        }
        auto parsed = parse_action_template(member.value.scalar);
        if (parsed)
            settings.custom_fields.emplace_back(member.key, std::move(*parsed));
        else
            problems.add(member.value.where, path, parsed.error().message);
    }
}

std::unique_ptr<Sink> make(const SinkSetup& setup, Problems& problems) {
    const std::size_t before = problems.items().size();
    const Options& options = setup.options;
    Settings settings;
    settings.url = options.text("url");
    settings.token = options.secret("token");
    settings.queue = options.text("queue");
    settings.requestor = options.text("requestor");
    settings.status_resolved = options.text("status_resolved");
    settings.timeout = options.duration("timeout");
    settings.external_url = setup.external_url;
    settings.user_agent = setup.user_agent;
    settings.update_as = "comment";
    if (const SettingsNode* node = options.tree("update_as")) {
        if (node->scalar == "comment" || node->scalar == "correspond")
            settings.update_as = node->scalar;
        else
            problems.add(node->where, node->path, "must be comment or correspond, found '" + node->scalar + "'",
                         "correspond also mails the requestor");
    }
    read_custom_fields(options, settings, problems);
    if (problems.items().size() != before) return nullptr;
    return std::make_unique<RequestTracker>(std::move(settings));
}

}  // namespace

const SinkSpec& spec() {
    static const SinkSpec it{
        "request_tracker",
        "Opens, comments and resolves tickets in Request Tracker 5 through REST 2.0.",
        {{"url", OptionType::url, true, "", "Where RT's start page is, without /REST/2.0."},
         {"token", OptionType::secret, true, "", "An authentication token of the RT user that incidentd acts as."},
         {"queue", OptionType::text, true, "", "The queue that tickets are created in."},
         {"requestor", OptionType::text, false, "", "E-mail address set as requestor; without it, the token's user."},
         {"status_resolved", OptionType::text, false, "resolved",
          "The status a ticket gets when its incident resolves."},
         {"custom_fields", OptionType::tree, false, "",
          "Custom fields of new tickets: names to texts with {{places}}. RT ignores names it does not know."},
         {"update_as", OptionType::tree, false, "comment", "comment (internal) or correspond (mails the requestor)."},
         {"timeout", OptionType::duration, false, "20s", "From connecting to the last byte of an answer."}},
        "url: https://rt.example.org\ntoken: {credential: rt-token}\nqueue: Incidents\n",
        &make};
    return it;
}

}  // namespace incidentd::sinks::request_tracker
