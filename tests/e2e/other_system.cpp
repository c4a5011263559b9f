#include "tests/e2e/other_system.hpp"

#include <sstream>
#include <stdexcept>

namespace incidentd::test {
namespace {

std::string script_path(const std::string& script) {
    return std::string(INCIDENTD_SOURCE_DIR) + "/tests/e2e/services/" + script + ".sh";
}

}  // namespace

OtherSystem::OtherSystem(const std::string& script, const std::map<std::string, std::string>& environment)
    : script_(script) {
    // Generous: the first start may install the system.
    const Run started = run({script_path(script), directory_.path().string()}, environment, std::chrono::minutes(10));
    if (started.code != 0) throw std::runtime_error(script + " did not start: " + started.out + started.err);
    std::istringstream lines(started.out);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t equals = line.find('=');
        if (equals != std::string::npos) values_[line.substr(0, equals)] = line.substr(equals + 1);
    }
}

OtherSystem::~OtherSystem() {
    run({script_path(script_), directory_.path().string(), "stop"}, {}, std::chrono::minutes(1));
}

std::string OtherSystem::value(const std::string& key) const {
    const auto found = values_.find(key);
    if (found == values_.end()) throw std::runtime_error(script_ + " did not publish " + key);
    return found->second;
}

RequestTracker::RequestTracker() : system_("request_tracker") {}

std::string RequestTracker::sink(const TempDirectory& secrets) const {
    const std::string file = secrets.write("rt-token", system_.value("RT_TOKEN"));
    return "rt: {type: request_tracker, url: '" + system_.value("RT_URL") + "', queue: General, token: {file: '" +
           file + "'}}\n";
}

Json RequestTracker::get(const std::string& path) const {
    HttpClient client(system_.value("RT_URL"));
    const HttpResponse reply =
        client.get("/REST/2.0" + path, {{"Authorization", "token " + system_.value("RT_TOKEN")}});
    if (reply.status != 200)
        throw std::runtime_error("RT answered " + std::to_string(reply.status) + ": " + reply.body);
    return Json(reply.body);
}

std::size_t RequestTracker::tickets() const {
    return static_cast<std::size_t>(get("/tickets?query=id%3E0").number("/total"));
}
std::string RequestTracker::status(std::size_t ticket) const {
    return get("/ticket/" + std::to_string(ticket)).text("/Status");
}
std::string RequestTracker::subject(std::size_t ticket) const {
    return get("/ticket/" + std::to_string(ticket)).text("/Subject");
}

std::string RequestTracker::texts(std::size_t ticket) const {
    const Json list = get("/ticket/" + std::to_string(ticket) + "/attachments?fields=Content&per_page=100");
    std::string text;
    for (std::size_t i = 0; i < list.size("/items"); ++i) {
        const std::string content = "/items/" + std::to_string(i) + "/Content";
        if (list.has(content)) text += list.text(content) + "\n";
    }
    return text;
}

}  // namespace incidentd::test
