// Credits that leak would one day refuse every alert; a lost wake-up would leave alerts waiting.
#include "daemon/inbox.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace incidentd;
using namespace std::chrono_literals;

namespace {

InboxItem alerts(const std::string& title) {
    AlertsItem item{0, AlertBatch("test"), {}, nullptr, {}};
    AlertDraft draft;
    draft.title = title;
    draft.labels = {{"alertname", "x"}};
    CHECK(item.batch.add(draft, EventLimits{}).has_value());
    return item;
}

InboxItem input() { return InputItem{Tick{}, {}}; }

std::size_t drain(Inbox& inbox, std::size_t most = 1000) {
    std::vector<InboxItem> out;
    return inbox.pop(out, most, 0us);
}

}  // namespace

TEST_CASE("what was put in without waking is there after a wake-up, and for whoever looks") {
    Inbox inbox(1 << 20, 0);
    std::vector<InboxItem> out;
    std::thread consumer([&] {
        while (out.size() < 2) inbox.pop(out, 10, 10s);
    });
    for (const char* title : {"one", "two"}) {
        auto item = alerts(title);
        CHECK(inbox.push(item, false, Inbox::Wake::later) == Inbox::Push::taken);
    }
    inbox.wake();
    consumer.join();
    auto item = alerts("three");
    CHECK(inbox.push(item, false, Inbox::Wake::later) == Inbox::Push::taken);
    CHECK(drain(inbox) == 1);
}

TEST_CASE("items come out in the order one producer put them in, at most as many as asked") {
    Inbox inbox(1 << 20, 0);
    for (const char* title : {"one", "two", "three"}) {
        auto item = alerts(title);
        CHECK(inbox.push(item, false) == Inbox::Push::taken);
    }
    CHECK(inbox.depth() == 3);
    std::vector<InboxItem> out;
    CHECK(inbox.pop(out, 2, 0us) == 2);
    CHECK(inbox.pop(out, 2, 0us) == 1);
    REQUIRE(out.size() == 3);
    CHECK(std::get<AlertsItem>(out[0]).batch.events()[0].title == "one");
    CHECK(std::get<AlertsItem>(out[2]).batch.events()[0].title == "three");
    CHECK(inbox.depth() == 0);
    CHECK(inbox.bytes() == 0);
}

TEST_CASE("a full inbox leaves the item with its caller and takes it once there is room") {
    Inbox inbox(1500, 0);
    auto first = alerts(std::string(900, 'a'));
    CHECK(inbox.push(first, false) == Inbox::Push::taken);
    auto second = alerts("kept");
    CHECK(inbox.push(second, false) == Inbox::Push::full);
    CHECK(std::get<AlertsItem>(second).batch.events().size() == 1);
    CHECK(inbox.depth() == 1);
    CHECK(drain(inbox) == 1);
    CHECK(inbox.push(second, false) == Inbox::Push::taken);
}

TEST_CASE("only privileged items may use the reserve") {
    Inbox inbox(1500, 4000);
    auto filler = alerts(std::string(900, 'a'));
    CHECK(inbox.push(filler, false) == Inbox::Push::taken);
    auto ordinary = alerts("ordinary");
    CHECK(inbox.push(ordinary, false) == Inbox::Push::full);
    auto recovery = alerts("recovery");
    CHECK(inbox.push(recovery, true) == Inbox::Push::taken);
    auto report = input();
    CHECK(inbox.push(report, true) == Inbox::Push::taken);
    for (int i = 0; i < 20; ++i) {
        auto more = input();
        if (inbox.push(more, true) == Inbox::Push::full) return;
    }
    FAIL("the reserve has no end");
}

TEST_CASE("an item heavier than all credits passes when nothing else waits") {
    Inbox inbox(100, 0);
    auto heavy = alerts(std::string(1000, 'a'));
    CHECK(inbox.push(heavy, false) == Inbox::Push::taken);
    auto next = alerts("next");
    CHECK(inbox.push(next, false) == Inbox::Push::full);
}

TEST_CASE("close refuses new items and keeps those inside") {
    Inbox inbox(1 << 20, 0);
    auto before = input();
    CHECK(inbox.push(before, true) == Inbox::Push::taken);
    inbox.close();
    auto after = input();
    CHECK(inbox.push(after, true) == Inbox::Push::closed);
    CHECK(drain(inbox) == 1);
    CHECK(inbox.depth() == 0);
}

TEST_CASE("pop waits for its patience at most, and wake ends the wait") {
    Inbox inbox(1 << 20, 0);
    std::vector<InboxItem> out;
    const auto begin = std::chrono::steady_clock::now();
    CHECK(inbox.pop(out, 10, 20ms) == 0);
    CHECK(std::chrono::steady_clock::now() - begin >= 15ms);
    std::thread waker([&] {
        std::this_thread::sleep_for(10ms);
        inbox.wake();
    });
    CHECK(inbox.pop(out, 10, 24h) == 0);  // comes back at all: it was woken
    waker.join();
}

TEST_CASE("many producers lose nothing and leave no credits behind") {
    Inbox inbox(64 << 10, 64 << 10);
    constexpr std::size_t each = 2000;
    std::vector<std::thread> producers;
    for (int p = 0; p < 3; ++p) {
        producers.emplace_back([&] {
            for (std::size_t i = 0; i < each; ++i) {
                auto item = input();
                while (inbox.push(item, i % 2 == 0) != Inbox::Push::taken) std::this_thread::yield();
            }
        });
    }
    std::vector<InboxItem> out;
    const auto give_up = std::chrono::steady_clock::now() + 120s;
    while (out.size() < 3 * each && std::chrono::steady_clock::now() < give_up) inbox.pop(out, 64, 10ms);
    for (auto& producer : producers) producer.join();
    CHECK(out.size() == 3 * each);
    CHECK(inbox.depth() == 0);
    CHECK(inbox.bytes() == 0);
}

TEST_CASE("a source that floods gets its share, another one still gets in, recoveries always") {
    Inbox inbox(64 << 10, 64 << 10, 4);
    const auto from = [](std::uint32_t source) {
        InboxItem item = alerts(std::string(1000, 'a'));
        std::get<AlertsItem>(item).source = source;
        return item;
    };
    std::size_t taken = 0;
    for (;; ++taken) {
        auto item = from(0);
        const Inbox::Push pushed = inbox.push(item, false);
        if (pushed == Inbox::Push::taken) continue;
        CHECK(pushed == Inbox::Push::over_share);
        break;
    }
    CHECK(inbox.bytes() <= inbox.bytes_max() / 2);
    CHECK(taken > 5);
    auto other = from(1);
    CHECK(inbox.push(other, false) == Inbox::Push::taken);
    auto recovery = from(0);
    CHECK(inbox.push(recovery, true) == Inbox::Push::taken);
    drain(inbox);
    auto again = from(0);
    CHECK(inbox.push(again, false) == Inbox::Push::taken);
}

TEST_CASE("a lone source may fill the whole inbox") {
    Inbox inbox(16 << 10, 0);
    Inbox::Push pushed = Inbox::Push::taken;
    while (pushed == Inbox::Push::taken) {
        auto item = alerts(std::string(1000, 'a'));
        pushed = inbox.push(item, false);
    }
    CHECK(pushed == Inbox::Push::full);
    CHECK(inbox.bytes() > inbox.bytes_max() * 3 / 4);
}
