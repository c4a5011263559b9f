// Real sockets: what a sender does with a connection, kindly or not, must end in one right answer and bounded cost.
#include "daemon/ingest/http_server.hpp"

#include "daemon/ingest/http_test_client.hpp"
#include "daemon/ingest/reply_queue.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace incidentd;
using namespace incidentd::test;
using namespace std::chrono_literals;

namespace {

std::string post(std::string_view path, std::string_view body) {
    return "POST " + std::string(path) + " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
}

HttpLimits patient() { return Running::patient_limits(); }

// Keeps the replies of requests until the test lets them go. The handler's script may outlive it.
class HeldReplies {
public:
    using Held = std::vector<std::pair<std::string, ReplyPtr>>;  // with the request's path

    explicit HeldReplies(EchoHandler& handler) {
        handler.script = [shared = shared_](const HttpRequestView& request, ReplyPtr reply) {
            const std::lock_guard lock(shared->mutex);
            shared->held.emplace_back(request.path, std::move(reply));
        };
    }
    std::size_t count() {
        const std::lock_guard lock(shared_->mutex);
        return shared_->held.size();
    }
    Held take() {
        const std::lock_guard lock(shared_->mutex);
        return std::exchange(shared_->held, {});
    }

private:
    struct Shared {
        std::mutex mutex;
        Held held;
    };
    std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace

TEST_CASE("a connection serves one request after the other") {
    Running run(patient());
    REQUIRE(run.started.has_value());
    Client client(run.port());
    const auto first = client.ask(post("/a", "hello"));
    CHECK(first.status == 200);
    CHECK(first.body == "POST /a hello");
    CHECK(first.has("Content-Length: 13"));
    CHECK(first.has("Content-Type: text/plain"));
    CHECK(first.head.find("Server:") == std::string::npos);
    CHECK(first.head.find("\r\nDate: ") != std::string::npos);
    CHECK(client.ask("GET /b?q HTTP/1.1\r\n\r\n").body == "GET /b ");
    CHECK(run.server->connections() == 1);
}

TEST_CASE("pipelined requests are answered in order, whatever the order of the answers") {
    Running run(patient());
    HeldReplies held(run.handler);
    Client client(run.port());
    client.send("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n" + post("/3", "abc"));
    std::thread answerer([&] {
        for (int answered = 0; answered < 3;) {
            std::this_thread::sleep_for(1ms);
            auto now = held.take();
            for (auto it = now.rbegin(); it != now.rend(); ++it, ++answered) it->second->send({200, "", it->first, {}});
        }
    });
    CHECK(client.receive().body == "/1");
    CHECK(client.receive().body == "/2");
    CHECK(client.receive().body == "/3");
    answerer.join();
}

TEST_CASE("a thousand pipelined requests come back complete") {
    Running run(patient());
    Client client(run.port());
    std::string all;
    for (int i = 0; i < 1000; ++i) all += post("/" + std::to_string(i), "x");
    std::thread sender([&] { client.send(all); });
    int wrong = 0;
    for (int i = 0; i < 1000; ++i) wrong += client.receive().body == "POST /" + std::to_string(i) + " x" ? 0 : 1;
    sender.join();
    CHECK(wrong == 0);
}

TEST_CASE("chunked bodies and large bodies arrive whole") {
    Running run(patient());
    Client client(run.port());
    CHECK(client.ask("POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").body ==
          "POST /c abcde");
    const std::string body(190'000, 'z');
    CHECK(client.ask(post("/l", body)).body == "POST /l " + body);
}

TEST_CASE("a sender that waits for 100-continue is told to go on, or refused without its body") {
    Running run(patient());
    run.handler.early = [](const HttpRequestView& head) -> std::optional<HttpReply> {
        if (head.path == "/no") return HttpReply{401, "", "no", {}};
        return std::nullopt;
    };
    Client client(run.port());
    const std::string rest = " HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    CHECK(client.ask("POST /yes" + rest).status == 100);
    CHECK(client.ask("abc").body == "POST /yes abc");
    const auto refused = client.ask("POST /no" + rest);
    CHECK(refused.status == 401);
    CHECK(refused.has("Connection: close"));
    CHECK(client.at_end());
    CHECK(run.handler.handled == 1);
}

TEST_CASE("HTTP/1.0 gets its answer and the end of the connection, unless it asks to keep it") {
    Running run(patient());
    Client client(run.port());
    const auto kept = client.ask("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK(kept.body == "GET /a ");
    CHECK(kept.has("Connection: keep-alive"));
    CHECK(client.ask("GET /b HTTP/1.0\r\n\r\n").has("Connection: close"));
    CHECK(client.at_end());
}

TEST_CASE("HEAD is answered with the length but without the body") {
    Running run(patient());
    Client client(run.port());
    client.send("HEAD /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
    CHECK(client.receive(true).has("Content-Length: 8"));
    CHECK(client.receive().body == "GET /b ");
}

TEST_CASE("oversized requests are answered as such, at once, and counted") {
    Running run(patient());
    const auto status = [&](const std::string& bytes) {
        Client client(run.port());
        const auto response = client.ask(bytes);
        CHECK(response.has("Connection: close"));
        CHECK_FALSE(response.body.empty());
        client.shutdown_send();
        CHECK(client.at_end());
        return response.status;
    };
    CHECK(status("GET / HTTP/1.1\r\nX: " + std::string(5000, 'a') + "\r\n\r\n") == 431);
    CHECK(status("GET /" + std::string(3000, 'a') + " HTTP/1.1\r\n\r\n") == 414);
    CHECK(status("POST / HTTP/1.1\r\nContent-Length: 200001\r\n\r\n") == 413);
    CHECK(status("NOT HTTP\r\n\r\n") == 400);
    CHECK(run.counted("malformed", 4));
    CHECK(run.handler.handled == 0);
}

TEST_CASE("the answer to a body that is too large survives although the sender goes on sending") {
    Running run(patient());
    Client client(run.port());
    const std::string body(1'000'000, 'x');
    std::thread sender([&] { client.send(post("/", body)); });
    CHECK(client.receive().status == 413);
    sender.join();
}

TEST_CASE("too many request bodies in memory at once are refused, and forgotten afterwards") {
    Running run(patient());
    Client first(run.port());
    Client second(run.port());
    const std::string head = "POST / HTTP/1.1\r\nContent-Length: 180000\r\n\r\n";
    first.send(head + std::string(179'000, 'a'));
    second.send(head + std::string(170'000, 'b'));
    // Whichever arrives last goes over the bound.
    CHECK(eventually([&] { return run.counted("limit", 1); }));
    first.send(std::string(1'000, 'a'));
    second.send(std::string(10'000, 'b'));
    const int one = first.receive().status;
    const int other = second.receive().status;
    CHECK(std::min(one, other) == 200);
    CHECK(std::max(one, other) == 503);
    Client third(run.port());
    CHECK(third.ask(post("/", std::string(190'000, 'c'))).status == 200);
}

TEST_CASE("a slow request gets 408, a silent connection is closed") {
    Running run;
    CHECK(answered_status([&] {
              Client slow(run.port());
              slow.send("POST / HTTP/1.1\r\nContent-Le");
              return slow.receive().status;
          }) == 408);
    CHECK(run.counted("timeout", 1));
    Client silent(run.port());
    CHECK(silent.at_end());
    CHECK(run.counted("timeout", 1));
}

TEST_CASE("a request that trickles in cannot stretch its time") {
    Running run;
    CHECK(answered_status([&] {
              Client slow(run.port());
              slow.send("GET / HTTP/1.1\r\n");
              // Few enough bytes for the bound of the head: only the time can end this.
              for (int i = 0; i < 3000 && !slow.has_answer() && slow.send("a"); ++i) std::this_thread::sleep_for(5ms);
              return slow.receive().status;
          }) == 408);
}

TEST_CASE("a kept connection is closed when it rests too long, one that waits for its answer is not") {
    Running run;
    HeldReplies held(run.handler);
    std::unique_ptr<Client> client;
    REQUIRE(eventually([&] {
        client = std::make_unique<Client>(run.port());
        client->send("GET / HTTP/1.1\r\n\r\n");
        std::this_thread::sleep_for(2 * std::chrono::milliseconds(Running::limits().idle_timeout.ms));
        return held.count() > 0;
    }));
    held.take().back().second->send({200, "", "late", {}});
    CHECK(client->receive().body == "late");
    CHECK(client->at_end());
}

TEST_CASE("a sender that closes its half still gets its answer; one that cuts its request short gets 400") {
    Running run(patient());
    Client whole(run.port());
    whole.send(post("/h", "abc"));
    whole.shutdown_send();
    CHECK(whole.receive().body == "POST /h abc");
    CHECK(whole.at_end());
    Client cut(run.port());
    cut.send("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab");
    cut.shutdown_send();
    CHECK(cut.receive().status == 400);
    CHECK(cut.at_end());
}

TEST_CASE("answers may come from other threads, in bursts, and a dropped one is 503") {
    HttpLimits limits = patient();
    limits.connections_max = 64;
    Running run(limits);
    HeldReplies held(run.handler);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(std::make_unique<Client>(run.port()));
        clients.back()->send("GET / HTTP/1.1\r\n\r\n");
    }
    CHECK(eventually([&] { return held.count() == 20; }));
    std::thread answerer([&] {
        auto replies = held.take();
        const GatheredReplies gathered;
        for (std::size_t i = 0; i < replies.size(); ++i) {
            if (i == 7) continue;
            replies[i].second->send({200, "", "ok", {}});
        }
    });
    int ok = 0;
    int dropped = 0;
    for (auto& client : clients) {
        const int status = client->receive().status;
        ok += status == 200 ? 1 : 0;
        dropped += status == 503 ? 1 : 0;
    }
    answerer.join();
    CHECK(ok == 19);
    CHECK(dropped == 1);
}

TEST_CASE("past the connection limit new connections are turned away, and taken again later") {
    HttpLimits limits = patient();
    limits.connections_max = 2;
    Running run(limits);
    auto first = std::make_unique<Client>(run.port());
    Client second(run.port());
    CHECK(first->ask("GET / HTTP/1.1\r\n\r\n").status == 200);
    CHECK(second.ask("GET / HTTP/1.1\r\n\r\n").status == 200);
    Client third(run.port());
    CHECK(third.receive().status == 503);
    CHECK(run.counted("limit", 1));
    first.reset();
    CHECK(eventually([&] { return run.server->connections() == 1; }));
    Client fourth(run.port());
    CHECK(fourth.ask("GET / HTTP/1.1\r\n\r\n").status == 200);
}

TEST_CASE("header values cannot split a response") {
    Running run(patient());
    run.handler.script = [](const HttpRequestView&, ReplyPtr reply) {
        reply->send({200, "text/plain\r\nX-Evil: 1", "", {{"X-A", "a\r\nX-Evil: 2"}}});
    };
    Client client(run.port());
    const auto response = client.ask("GET / HTTP/1.1\r\n\r\n");
    CHECK(response.status == 200);
    CHECK(response.head.find("\r\nX-Evil") == std::string::npos);
}

TEST_CASE("stop ends idle connections at once and lets a request under way finish") {
    Running run(patient());
    HeldReplies held(run.handler);
    Client idle(run.port());
    Client busy(run.port());
    busy.send("GET / HTTP/1.1\r\n\r\n");
    REQUIRE(eventually([&] { return held.count() == 1; }));
    std::thread stopper([&] { run.server->stop(seconds(test_limit.count())); });
    CHECK(idle.at_end());
    held.take().front().second->send({200, "", "done", {}});
    const auto last = busy.receive();
    CHECK(last.body == "done");
    CHECK(last.has("Connection: close"));
    stopper.join();
}

TEST_CASE("stop does not wait longer than its grace, and replies may outlive the server") {
    Running run(patient());
    HeldReplies held(run.handler);
    Client client(run.port());
    client.send("GET / HTTP/1.1\r\n\r\n");
    REQUIRE(eventually([&] { return held.count() == 1; }));
    run.server->stop(milliseconds(50));  // would wait for ever, were it not for the grace
    run.server.reset();
    held.take().front().second->send({200, "", "nobody listens", {}});
    CHECK(client.at_end());
}

TEST_CASE("an inherited socket is served, anything else is refused with its reason") {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    {
        Running unready(patient(), {{}, fd});
        REQUIRE(unready.started.has_error());
        CHECK(unready.started.error().message.find("not a listening TCP or Unix socket") != std::string::npos);
    }
    REQUIRE(::listen(fd, 8) == 0);
    Running run(patient(), {{}, fd});
    REQUIRE(run.started.has_value());
    Client client(run.port());
    CHECK(client.ask("GET / HTTP/1.1\r\n\r\n").status == 200);
}

TEST_CASE("an inherited Unix socket is served") {
    char directory[] = "/tmp/incidentd-unix-XXXXXX";
    REQUIRE(mkdtemp(directory) != nullptr);
    const std::string path = std::string(directory) + "/socket";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int listening = ::socket(AF_UNIX, SOCK_STREAM, 0);
    REQUIRE(::bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listening, 8) == 0);
    {
        Running run(patient(), {{}, listening});
        REQUIRE(run.started.has_value());
        CHECK(run.port() == 0);
        std::string peer;
        run.handler.script = [&peer](const HttpRequestView& request, ReplyPtr reply) {
            peer = request.peer;
            reply->send({200, "", "ok", {}});
        };
        const int client = ::socket(AF_UNIX, SOCK_STREAM, 0);
        REQUIRE(::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        const std::string request = "GET / HTTP/1.1\r\nConnection: close\r\n\r\n";
        REQUIRE(::send(client, request.data(), request.size(), 0) == static_cast<ssize_t>(request.size()));
        std::string answer(4096, '\0');
        const ssize_t got = ::recv(client, answer.data(), answer.size(), 0);
        REQUIRE(got > 0);
        CHECK(answer.starts_with("HTTP/1.1 200 OK"));
        CHECK(peer == "unix");
        ::close(client);
    }
    std::filesystem::remove_all(directory);
}

TEST_CASE("an address in use is an error that names it") {
    Running run(patient());
    Running other(patient(), loopback(run.port()));
    REQUIRE(other.started.has_error());
    CHECK(other.started.error().message.find("127.0.0.1:" + std::to_string(run.port())) != std::string::npos);
}
