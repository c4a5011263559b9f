// A real system beside ours, run by its script in services/. Started by the constructor, stopped by the destructor.
#pragma once

#include "tests/support/http.hpp"
#include "tests/support/json.hpp"
#include "tests/support/process.hpp"

#include <map>
#include <string>

namespace incidentd::test {

class OtherSystem {
public:
    // `script`: "nagios" for services/nagios.sh. Throws with the script's words when it fails.
    explicit OtherSystem(const std::string& script, const std::map<std::string, std::string>& environment = {});
    ~OtherSystem();
    OtherSystem(const OtherSystem&) = delete;
    OtherSystem& operator=(const OtherSystem&) = delete;

    std::string value(const std::string& key) const;  // of what the script published; throws when it is not there

private:
    std::string script_;
    TempDirectory directory_;
    std::map<std::string, std::string> values_;
};

// Request Tracker, asked through its own API.
class RequestTracker {
public:
    RequestTracker();

    std::string sink(const TempDirectory& secrets) const;  // the block of incidentd.yaml's sinks, named "rt"
    std::size_t tickets() const;
    std::string status(std::size_t ticket) const;
    std::string subject(std::size_t ticket) const;
    std::string texts(std::size_t ticket) const;  // its description and comments

private:
    Json get(const std::string& path) const;
    OtherSystem system_;
};

}  // namespace incidentd::test
