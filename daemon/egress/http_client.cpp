#include "daemon/egress/http_client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <limits>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace incidentd {
namespace {

constexpr long connections_kept_max = 64;
constexpr long idle_s_max = 60;  // a connection idle for longer is likely closed by the other side

struct EasyCleanup {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListCleanup {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

struct Transfer {
    HttpClient::Id id = 0;
    HttpCall call;
    std::size_t answer_bytes_max = 0;
    std::unique_ptr<CURL, EasyCleanup> easy;
    std::unique_ptr<curl_slist, ListCleanup> headers;
    HttpAnswer answer;
    bool is_cut = false;    // the answer was longer than we read
    bool was_sent = false;  // once already, over a connection that then broke
    char error[CURL_ERROR_SIZE] = "";
};

std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    const std::size_t room = transfer.answer_bytes_max - transfer.answer.body.size();
    transfer.answer.body.append(bytes, std::min(count, room));
    if (count <= room) return count;
    transfer.is_cut = true;
    return 0;  // ends the transfer
}

std::size_t on_header(char* bytes, std::size_t, std::size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    std::string_view line(bytes, count);
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
    if (line.starts_with("HTTP/")) transfer.answer.headers.clear();  // an interim answer came before
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return count;
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    transfer.answer.headers.emplace_back(line.substr(0, colon), value);
    return count;
}

// libcurl sends a request again, unasked, when a reused connection breaks before any answer. The server may have done
// the work by then: only the dispatcher may repeat it, after looking.
int before_request(void* user, char*, char*, int, int) {
    auto& transfer = *static_cast<Transfer*>(user);
    if (transfer.was_sent && transfer.call.method != "GET") return CURL_PREREQFUNC_ABORT;
    transfer.was_sent = true;
    return CURL_PREREQFUNC_OK;
}

template <class Value>
void set(Transfer& transfer, CURLoption option, Value value) {
    curl_easy_setopt(transfer.easy.get(), option, value);
}

void set_headers(Transfer& transfer) {
    curl_slist* list = curl_slist_append(nullptr, "Expect:");
    for (const auto& [name, value] : transfer.call.headers)
        list = curl_slist_append(list, (name + ": " + value).c_str());
    transfer.headers.reset(list);
    set(transfer, CURLOPT_HTTPHEADER, list);
}

void set_options(Transfer& transfer, const HttpClientOptions& options) {
    const HttpCall& call = transfer.call;
    set(transfer, CURLOPT_URL, call.url.c_str());
    set(transfer, CURLOPT_PROTOCOLS_STR, "http,https");
    set(transfer, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
    set(transfer, CURLOPT_FOLLOWLOCATION, 0L);
    set(transfer, CURLOPT_SSL_VERIFYPEER, 1L);
    set(transfer, CURLOPT_SSL_VERIFYHOST, 2L);
    if (!options.ca_file.empty()) set(transfer, CURLOPT_CAINFO, options.ca_file.c_str());
    set(transfer, CURLOPT_PROXY, options.proxy.c_str());  // set even if empty: else the environment's is taken
    set(transfer, CURLOPT_NOSIGNAL, 1L);
    set(transfer, CURLOPT_MAXAGE_CONN, idle_s_max);
    const auto timeout_ms =
        static_cast<long>(std::clamp<std::int64_t>(call.timeout.ms, 1, std::numeric_limits<std::int32_t>::max()));
    set(transfer, CURLOPT_TIMEOUT_MS, timeout_ms);
    set(transfer, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
    if (call.method != "GET") {
        set(transfer, CURLOPT_POST, 1L);
        set(transfer, CURLOPT_POSTFIELDS, call.body.c_str());
        set(transfer, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
    }
    set(transfer, CURLOPT_CUSTOMREQUEST, call.method.c_str());
    set_headers(transfer);
    set(transfer, CURLOPT_WRITEFUNCTION, &on_body);
    set(transfer, CURLOPT_WRITEDATA, &transfer);
    set(transfer, CURLOPT_HEADERFUNCTION, &on_header);
    set(transfer, CURLOPT_HEADERDATA, &transfer);
    set(transfer, CURLOPT_PREREQFUNCTION, &before_request);
    set(transfer, CURLOPT_PREREQDATA, &transfer);
    set(transfer, CURLOPT_ERRORBUFFER, transfer.error);
    set(transfer, CURLOPT_PRIVATE, &transfer);
}

std::variant<HttpAnswer, NoAnswer> outcome_of(Transfer& transfer, CURLcode code) {
    if (code == CURLE_OK || transfer.is_cut) {
        long status = 0;
        curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
        transfer.answer.status = static_cast<int>(status);
        return std::move(transfer.answer);
    }
    long sent_bytes = 0;
    curl_easy_getinfo(transfer.easy.get(), CURLINFO_REQUEST_SIZE, &sent_bytes);
    NoAnswer failure;
    failure.may_have_arrived = sent_bytes > 0 || transfer.was_sent;
    if (code == CURLE_ABORTED_BY_CALLBACK)
        failure.reason = "the connection broke before any answer";
    else
        failure.reason = transfer.error[0] != '\0' ? transfer.error : curl_easy_strerror(code);
    return failure;
}

}  // namespace

struct HttpClient::State {
    explicit State(HttpClientOptions o) : options(std::move(o)), multi(curl_multi_init()) {
        curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections_kept_max);
    }
    ~State() {
        for (const auto& [easy, transfer] : transfers) curl_multi_remove_handle(multi, easy);
        transfers.clear();
        curl_multi_cleanup(multi);
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    const HttpClientOptions options;
    CURLM* const multi;
    std::unordered_map<CURL*, std::unique_ptr<Transfer>> transfers;
};

HttpClient::HttpClient(HttpClientOptions options) {
    static std::once_flag initialised;  // libcurl's own global state
    std::call_once(initialised, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    state_ = std::make_unique<State>(std::move(options));
}

HttpClient::~HttpClient() = default;

void HttpClient::start(Id id, HttpCall call) {
    auto transfer = std::make_unique<Transfer>();
    transfer->id = id;
    transfer->call = std::move(call);
    transfer->answer_bytes_max = state_->options.answer_bytes_max;
    transfer->easy.reset(curl_easy_init());
    set_options(*transfer, state_->options);
    CURL* easy = transfer->easy.get();
    state_->transfers.emplace(easy, std::move(transfer));
    curl_multi_add_handle(state_->multi, easy);
}

void HttpClient::poll(Duration patience, std::vector<Done>& out) {
    int running = 0;
    curl_multi_perform(state_->multi, &running);
    int queued = 0;
    const auto collect = [&] {
        while (const CURLMsg* message = curl_multi_info_read(state_->multi, &queued)) {
            if (message->msg != CURLMSG_DONE) continue;
            const CURLcode code = message->data.result;
            CURL* easy = message->easy_handle;
            curl_multi_remove_handle(state_->multi, easy);
            const auto found = state_->transfers.find(easy);
            out.push_back({found->second->id, outcome_of(*found->second, code)});
            state_->transfers.erase(found);
        }
    };
    const std::size_t before = out.size();
    collect();
    if (out.size() != before) return;
    const auto wait_ms = static_cast<int>(std::clamp<std::int64_t>(patience.ms, 0, 60'000));
    curl_multi_poll(state_->multi, nullptr, 0, wait_ms, nullptr);
    curl_multi_perform(state_->multi, &running);
    collect();
}

void HttpClient::wake() { curl_multi_wakeup(state_->multi); }

std::size_t HttpClient::active() const { return state_->transfers.size(); }

}  // namespace incidentd
