// A pod that is looked for on the node it left is joined to the wrong outage; an exporter taken for a pod joins all
// nodes.
#include "correlator/estate.hpp"
#include "correlator/label_links.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace incidentd;

namespace {

constexpr Instant start{1'767'225'600'000};

struct Cluster {
    Estate estate;
    void runs(const std::string& pod, const std::string& node, Duration at) {
        estate.learn_node(estate.entity(pod), estate.entity(node), start + at);
    }
    std::string node_of(const std::string& pod) {
        const auto node = estate.node_of(estate.entity(pod));
        return node.has_value() ? std::string(estate.name(*node)) : "none";
    }
    std::string pods_on(const std::string& node) {
        std::string out;
        for (const Topology::Link& link : estate.lowers(estate.entity(node)))
            out += std::string(estate.name(link.to)) + "(" + std::string(estate.word(link)) + ") ";
        return out;
    }
};

const TopologySpec two_nodes{{{"sw1", "n1", "net"}, {"n1", "vm1", "runs"}}, {}};

}  // namespace

TEST_CASE("A pod is on the node it was last seen on, whether or not the topology knows that node") {
    for (const bool in_topology : {false, true}) {
        CAPTURE(in_topology);
        Cluster k;
        if (in_topology) k.estate.replace(std::make_shared<const Topology>(two_nodes), {});
        const std::string own = in_topology ? "vm1(runs) " : "";
        k.runs("p2", "n1", seconds(0));
        k.runs("p1", "n1", seconds(1));
        CHECK(k.node_of("p1") == "n1");
        CHECK(k.pods_on("n1").starts_with(own));
        CHECK(k.pods_on("n1").find("p1(node by labels)") != std::string::npos);
        k.runs("p1", "n2", hours(1));
        CHECK(k.node_of("p1") == "n2");
        CHECK(k.pods_on("n1") == own + "p2(node by labels) ");
        CHECK(k.estate.learned_link_count() == 2);
        // What nobody says for a day is forgotten with the next pod.
        k.runs("p3", "n1", hours(25));
        CHECK(k.pods_on("n1") == own + "p3(node by labels) ");
        k.estate.forget_links();
        CHECK(k.pods_on("n1") == own);
        CHECK(k.estate.learned_link_count() == 0);
    }
}

TEST_CASE("Learned links survive another topology") {
    Cluster k;
    k.runs("p1", "n1", seconds(0));
    k.estate.learn_member(k.estate.entity("p1"), k.estate.entity("shop"));
    k.estate.replace(std::make_shared<const Topology>(two_nodes), {});
    CHECK(k.node_of("p1") == "n1");
    CHECK(k.pods_on("n1") == "vm1(runs) p1(node by labels) ");
    k.estate.replace(std::make_shared<const Topology>(), {});
    CHECK(k.pods_on("n1") == "p1(node by labels) ");
    CHECK(k.pods_on("p1") == "shop(member) ");
}

TEST_CASE("What is on three nodes within an hour is an exporter and on none") {
    Cluster k;
    for (int i = 0; i < 4; ++i) k.runs("ksm", "n" + std::to_string(i), minutes(i));
    CHECK(k.node_of("ksm") == "none");
    CHECK(k.estate.is_exporter(k.estate.entity("ksm"), start + hours(2)));
    k.runs("ksm", "n9", hours(3));
    CHECK(k.node_of("ksm") == "none");
    k.runs("ksm", "n9", hours(30));
    CHECK(k.node_of("ksm") == "n9");
    for (int i = 0; i < 9; ++i) k.runs("drained", "n" + std::to_string(i), hours(2 * i));
    CHECK(k.node_of("drained") == "n8");
}

TEST_CASE("A node keeps so many pods and no more") {
    Cluster k;
    for (std::size_t i = 0; i < learned_lowers_max + 5; ++i) k.runs("p" + std::to_string(i), "n1", seconds(0));
    CHECK(k.estate.lowers(k.estate.entity("n1")).size() == learned_lowers_max);
}

TEST_CASE("Labels say what an alert is about, and change nothing where they say no more than before") {
    Cluster k;
    const auto about = [&k](std::vector<LabelView> labels, bool on = true) {
        LearnSettings learn;
        learn.labels = on;
        const LabelledSubject out = subject_of(k.estate, learn, labels, "as before", start);
        std::string text = out.entity + " @" + out.node;
        for (const std::string& whole : out.wholes) text += " <" + whole;
        return text;
    };
    CHECK(about({{"alertname", "x"}, {"namespace", "shop"}, {"pod", "p1"}}) == "as before @");
    CHECK(about({{"namespace", "shop"}, {"node", "n1"}, {"pod", "p1"}, {"service", "cart"}}) ==
          "pod shop/p1 @n1 <cart <as before");
    CHECK(
        about({{"cluster", "eu.prod"}, {"deployment", "cart"}, {"namespace", "shop"}, {"node", "n1"}, {"pod", "p1"}}) ==
        "pod shop/p1 in eu.prod @n1 <deployment shop/cart in eu.prod <as before");
    CHECK(about({{"namespace", "shop"}, {"node", "n1"}, {"pod", "p1"}}, false) == "as before @");
    CHECK(about({{"host", "p1"}, {"pod", "p1"}, {"service", "cart"}}) == "as before @ <cart");
    CHECK(about({{"alertname", "NotReady"}, {"node", "n1"}}) == "n1 @");
    CHECK(about({{"deployment", "cart"}, {"namespace", "shop"}}) == "as before @");
    k.runs("pod shop/p7", "n1", seconds(0));
    k.estate.learn_member(k.estate.entity("pod shop/p7"), k.estate.entity("deployment shop/cart"));
    CHECK(about({{"deployment", "cart"}, {"namespace", "shop"}}) == "deployment shop/cart @");
    CHECK(about({{"namespace", "shop"}, {"pod", "p7"}}) == "pod shop/p7 @ <as before");
    for (int i = 0; i < 4; ++i) k.runs("pod mon/ksm", "n" + std::to_string(i), seconds(i));
    CHECK(about({{"namespace", "mon"}, {"node", "n5"}, {"pod", "ksm"}}) == "n5 @");
}
