// Strict HTTP servers for tests: they play the systems incidentd delivers to, and remember every breach of contract.
// Each runs its own threads on a loopback port; every member may be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace incidentd::test {

struct ContractRequest {
    std::string method;
    std::string path;   // without the query, not decoded
    std::string query;  // without '?'
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::string header(std::string_view name) const;  // case-insensitive; "" when absent
};

struct ContractAnswer {
    int status = 200;
    std::string body = {};
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::chrono::milliseconds delay{0};
    enum class End : std::uint8_t { answer, silence, close };
    End end =
        End::answer;  // silence: the request was read, no answer ever comes; close: likewise, and the connection ends
};

class ContractServer {
public:
    // Called for one request at a time.
    using Handler = std::function<ContractAnswer(const ContractRequest&)>;

    // `port` 0: a free one. Requests that are not well-formed HTTP/1.1 with a Host and, where there is a body, a
    // Content-Length, are answered 400 or 411 without the handler.
    explicit ContractServer(Handler handler, unsigned short port = 0);
    ~ContractServer();

    unsigned short port() const;
    std::string url() const;  // "http://127.0.0.1:<port>"
    std::vector<ContractRequest> requests() const;
    std::size_t request_count() const;
    std::size_t connection_count() const;  // ever accepted

    // Until `condition` holds, at most `patience`; whether it held.
    static bool wait_until(const std::function<bool()>& condition,
                           std::chrono::milliseconds patience = std::chrono::seconds(60));

private:
    struct State;
    std::unique_ptr<State> state_;
};

// What a strict server does to one request instead of behaving.
struct Fault {
    ContractAnswer answer;
    bool after_effect = false;  // the work is done first: the client cannot know
};
Fault too_many(unsigned retry_after_s);
Fault error_before();
Fault error_after();
Fault silence_after();
Fault close_after();

// Faults for the next requests, in order.
class Faults {
public:
    void add(Fault fault, unsigned count = 1);
    bool take(Fault& out);

private:
    std::mutex mutex_;
    std::vector<Fault> queue_;
};

// Verifies signature, headers and standard body; does the work once per delivery id.
class StrictWebhookReceiver {
public:
    explicit StrictWebhookReceiver(std::vector<std::string> secrets, unsigned short port = 0);
    ~StrictWebhookReceiver();

    struct Delivery {
        std::string id;
        std::string event;
        std::string incident_key;
        std::int64_t revision = 0;
        std::string title;
        std::string body;
    };
    std::string url() const;
    Faults& faults();
    std::vector<Delivery> deliveries() const;     // each once, in order of arrival
    std::size_t duplicates() const;               // repetitions of a delivery id
    std::vector<std::string> violations() const;  // breaches of contract, in words; tests want none

private:
    struct State;
    std::unique_ptr<State> state_;
};

// A look-alike of Request Tracker 5.0.3's REST 2.0, as far as incidentd may use it.
class StrictRequestTracker {
public:
    explicit StrictRequestTracker(std::string token, std::set<std::string> queues = {"General"},
                                  unsigned short port = 0);
    ~StrictRequestTracker();

    struct Ticket {
        int id = 0;
        std::string queue, subject, content, priority, requestor, refers_to;
        std::string status = "new";
        std::vector<std::string> comments;  // correspondence too
    };
    std::string url() const;  // without /REST/2.0
    Faults& faults();
    std::vector<Ticket> tickets() const;
    std::map<std::string, int> tickets_by_link() const;  // RefersTo -> count; every count should be 1
    std::size_t request_count() const;
    void set_status(int ticket, std::string status);  // what a person does
    std::vector<std::string> violations() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace incidentd::test
