// For tests of sources: options from YAML, requests from text, and a source driven without a daemon.
#pragma once

#include "adapters/http_message.hpp"
#include "adapters/options.hpp"
#include "adapters/source.hpp"
#include "correlator/alert.hpp"
#include "rules/settings.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace incidentd::test_kit {

// 2026-02-03T04:05:00Z
inline constexpr Instant received{1'770'091'500'000};

struct Request {
    std::string method = "POST";
    std::string path = "/";
    std::string query;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
};

inline Options options_from(const SourceSpec& spec, std::string_view yaml, Problems& problems) {
    const SettingsNode node = parse_settings(yaml, "test.yaml", problems);
    SettingsReader reader(node, problems);
    Options options = read_options(
        spec.options, reader, [](const SettingsNode&, Problems&) { return std::string("secret"); }, problems);
    reader.finish();
    return options;
}

// One configured source. `problems` says why `source` is null.
class Driver {
public:
    explicit Driver(const SourceSpec& spec, std::string_view yaml = "{}")
        : options_(options_from(spec, yaml, problems)),
          source(spec.make(SourceSetup{"test", options_, EventLimits{}}, problems)) {}

    struct Done {
        ParseOutcome outcome;
        AlertBatch batch;
        const std::vector<AlertEvent>& events() const { return batch.events(); }
    };

    Done send(const Request& request) {
        std::vector<HeaderView> headers;
        for (const auto& [name, value] : request.headers) headers.push_back({name, value});
        if (!request.content_type.empty()) headers.push_back({"Content-Type", request.content_type});
        const HttpRequestView view{request.method, request.path, request.query, headers, request.body, "127.0.0.1:1"};
        Done done{{}, AlertBatch("test")};
        done.outcome = source->parse(view, received, done.batch);
        return done;
    }

    Done post(std::string body) {
        Request request;
        request.path = std::string(source->routes().front().path);
        request.body = std::move(body);
        return send(request);
    }

    Problems problems;

private:
    Options options_;

public:
    std::unique_ptr<Source> source;
};

}  // namespace incidentd::test_kit
