// What simdjson alone spends on the bodies that bench_load sends: the measure of how fast anything can be that has to
// read an alert at all. Prints one line of KEY=VALUE, in CPU time of this process.
#include "bench/bodies.hpp"

#include <simdjson.h>
#include <CLI/CLI.hpp>

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <stdexcept>
#include <string>
#include <string_view>

namespace incidentd::bench {
namespace {

struct Settings {
    std::uint64_t alerts = 3'000'000;
    std::size_t per_request = 1'000;
    std::uint64_t fingerprints = 10'000;
};

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// Touches every label, as a reader that wants an identity must.
std::uint64_t read_labels(simdjson::dom::element body) {
    std::uint64_t bytes = 0;
    for (const simdjson::dom::element alert : simdjson::dom::array(body))
        for (const auto [name, value] : simdjson::dom::object(alert["labels"]))
            bytes += name.size() + std::string_view(value).size();
    return bytes;
}

class Bench {
public:
    explicit Bench(const Settings& settings)
        : settings_(settings), request_("bench", "/api/v2/alerts", settings.per_request) {}

    void run() {
        for (std::uint64_t serial = 0; serial < settings_.alerts; serial += settings_.per_request) one(serial);
        const auto alerts = static_cast<double>(settings_.alerts);
        std::printf(
            "parse_alerts_per_s=%.0f parse_us_per_alert=%.3f parse_gb_per_s=%.2f read_alerts_per_s=%.0f "
            "read_us_per_alert=%.3f bytes_per_alert=%.0f simdjson=%s label_bytes=%llu\n",
            alerts / parse_seconds_, parse_seconds_ * 1e6 / alerts, static_cast<double>(bytes_) / parse_seconds_ / 1e9,
            alerts / (parse_seconds_ + read_seconds_), (parse_seconds_ + read_seconds_) * 1e6 / alerts,
            static_cast<double>(bytes_) / alerts, simdjson::get_active_implementation()->name().c_str(),
            static_cast<unsigned long long>(label_bytes_));
    }

private:
    void one(std::uint64_t serial) {
        const std::string& request = request_.with_serials(serial, settings_.fingerprints);
        const simdjson::padded_string body(std::string_view(request).substr(request.size() - request_.body_bytes()));
        bytes_ += body.size();
        const double begin = cpu_seconds();
        simdjson::dom::element root;
        if (parser_.parse(body).get(root) != simdjson::SUCCESS) throw std::runtime_error("a body does not parse");
        const double parsed = cpu_seconds();
        label_bytes_ += read_labels(root);
        parse_seconds_ += parsed - begin;
        read_seconds_ += cpu_seconds() - parsed;
    }

    const Settings settings_;
    AlertRequest request_;
    simdjson::dom::parser parser_;
    double parse_seconds_ = 0, read_seconds_ = 0;
    std::uint64_t bytes_ = 0, label_bytes_ = 0;
};

}  // namespace
}  // namespace incidentd::bench

int main(int argc, char** argv) {
    incidentd::bench::Settings settings;
    CLI::App app("Parses the bodies of bench_load with simdjson alone.");
    app.add_option("--alerts", settings.alerts, "How many")->capture_default_str();
    app.add_option("--per-request", settings.per_request, "Alerts in a body")->capture_default_str();
    app.add_option("--fingerprints", settings.fingerprints, "Different alerts, in turn; 0: all")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    try {
        incidentd::bench::Bench(settings).run();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_parse: %s\n", error.what());
        return 1;
    }
    return 0;
}
