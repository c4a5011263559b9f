// An estate at random: what depends on what in a company with racks, virtual machines and services.
#include "simulator/estate.hpp"

#include <algorithm>
#include <cstdio>

namespace incidentd::simulator {
namespace {

constexpr std::size_t hosts_of_rack = 20;
constexpr std::size_t sites_max = 4;
constexpr std::string_view subjects[] = {
    "account",  "address",  "audit",     "basket",    "billing",  "booking",  "campaign", "catalogue", "checkout",
    "claims",   "contract", "customer",  "delivery",  "discount", "document", "events",   "feed",      "finance",
    "identity", "import",   "inventory", "invoice",   "label",    "ledger",   "loyalty",  "mailer",    "media",
    "orders",   "payment",  "photo",     "pricing",   "profile",  "quota",    "rating",   "refund",    "report",
    "returns",  "search",   "session",   "shipping",  "stock",    "survey",   "tariff",   "tickets",   "tracking",
    "upload",   "voucher",  "wallet",    "warehouse", "wishlist"};
constexpr std::string_view roles[] = {"api", "web", "worker", "gateway", "engine", "view"};
constexpr std::string_view stores[] = {"db", "db", "cache", "queue"};

std::string numbered(std::string_view before, std::size_t number, int digits) {
    char text[16];
    std::snprintf(text, sizeof text, "%0*zu", digits, number);
    return std::string(before) + text;
}

class Draw {
public:
    Draw(std::size_t hosts, Random random) : hosts_(hosts), random_(random) {}

    Estate run() {
        const std::size_t sites = std::clamp<std::size_t>(hosts_ / 400 + 1, 1, sites_max);
        estate_.add("backup", Kind::batch, "site1");
        for (std::size_t i = 0; i < sites; ++i) draw_site(i + 1, hosts_ * (i + 1) / sites - hosts_ * i / sites);
        for (std::size_t i = 0; i < sites; ++i) draw_infrastructure(i);
        draw_services();
        draw_calls();
        return std::move(estate_);
    }

private:
    struct Site {
        std::string name;
        EntityId id = 0, storage = 0, dns = 0, balancer = 0, provider = 0;
        EntityId cores[2]{};
        std::vector<EntityId> machines;
    };

    void draw_site(std::size_t number, std::size_t hosts) {
        Site site;
        site.name = "site" + std::to_string(number);
        site.id = estate_.add(site.name, Kind::site, site.name);
        for (std::size_t i = 0; i < 2; ++i) {
            site.cores[i] = estate_.add(site.name + "-core" + std::to_string(i + 1), Kind::network, site.name);
            estate_.link(site.id, site.cores[i], Relation::site);
        }
        site.provider = estate_.add("transit-" + site.name, Kind::provider, site.name);
        site.storage = estate_.add(site.name + "-san", Kind::storage, site.name);
        for (std::size_t rack = 1, left = hosts; left > 0; ++rack) {
            const std::size_t here = std::min(left, hosts_of_rack);
            draw_rack(site, rack, here);
            left -= here;
        }
        sites_.push_back(std::move(site));
    }

    void draw_rack(Site& site, std::size_t number, std::size_t hosts) {
        const std::string rack = numbered(site.name + "-r", number, 2);
        const EntityId power = estate_.add(rack + "-pdu", Kind::power, site.name);
        const EntityId tor = estate_.add(rack + "-sw", Kind::network, site.name);
        estate_.link(site.id, power, Relation::site);
        estate_.link(power, tor, Relation::power);
        for (const EntityId core : site.cores) estate_.link(core, tor, Relation::uplink);
        for (std::size_t i = 1; i <= hosts; ++i) {
            const EntityId host = estate_.add(numbered(rack + "-h", i, 2), Kind::host, site.name);
            estate_.link(power, host, Relation::power);
            estate_.link(tor, host, Relation::net);
            if (random_.chance(0.4)) estate_.link(site.storage, host, Relation::disk);
            for (int n = random_.from_to(1, 5); n > 0; --n) {
                const EntityId machine =
                    estate_.add(numbered(site.name + "-vm", ++machines_, 4), Kind::machine, site.name);
                estate_.link(host, machine, Relation::runs);
                site.machines.push_back(machine);
            }
        }
    }

    // `where`: one site, or all of them in turn.
    void draw_instances(EntityId service, std::size_t count, std::optional<std::size_t> where) {
        const std::string name = estate_.at(service).name;
        for (std::size_t i = 0; i < count; ++i) {
            const Site& site = sites_[where.value_or((i + service) % sites_.size())];
            const EntityId instance = estate_.add(name + "-" + std::to_string(i), Kind::instance, site.name);
            estate_.link(random_.pick(site.machines), instance, Relation::runs);
            estate_.link(instance, service, Relation::member);
        }
    }

    void draw_infrastructure(std::size_t at) {
        Site& site = sites_[at];
        site.dns = estate_.add("dns-" + site.name, Kind::dns, site.name);
        draw_instances(site.dns, 2, at);
        site.balancer = estate_.add("lb-" + site.name, Kind::balancer, site.name);
        draw_instances(site.balancer, 2, at);
        estate_.link(site.provider, site.balancer, Relation::wan);
    }

    // Four tiers: edge, middle, back, stores.
    void draw_services() {
        std::vector<std::string> names;
        for (const std::string_view role : roles)
            for (const std::string_view subject : subjects)
                names.push_back(std::string(subject) + "-" + std::string(role));
        for (std::size_t i = names.size(); i > 1; --i) std::swap(names[i - 1], names[random_.below(i)]);
        const std::size_t count = std::clamp<std::size_t>(hosts_ * 35 / 100, 14, names.size());
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t tier = i * 100 < count * 12 ? 0 : i * 100 < count * 45 ? 1 : i * 100 < count * 78 ? 2 : 3;
            draw_service(tier, names[i]);
        }
    }

    void draw_service(std::size_t tier, std::string name) {
        if (tier == 3)
            name = name.substr(0, name.find('-') + 1) + std::string(stores[random_.below(std::size(stores))]);
        while (estate_.find(name).has_value()) name += "2";
        const std::size_t home = random_.below(sites_.size());
        const Site& site = sites_[home];
        const EntityId service = estate_.add(name, tier == 3 ? Kind::database : Kind::service, site.name);
        tiers_[tier].push_back(service);
        const std::size_t instances =
            tier == 3 ? 1 + random_.below(3)
                      : std::min<std::size_t>(24, 2 + static_cast<std::size_t>(random_.pareto(1.3)));
        draw_instances(service, instances, random_.chance(0.6) ? std::optional(home) : std::nullopt);
        if (random_.chance(0.5)) estate_.link(site.dns, service, Relation::infra);
        if (tier == 0) estate_.link(site.balancer, service, Relation::front);
    }

    // Downwards, mostly to what many call already: that is how few services come to be needed by nearly all.
    void draw_calls() {
        std::vector<std::size_t> popularity(estate_.size(), 1);
        for (std::size_t tier = 0; tier < 3; ++tier)
            for (std::size_t i = 0; i < tiers_[tier].size(); ++i) {
                std::vector<EntityId> callees(tiers_[tier].begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                              tiers_[tier].end());
                for (std::size_t below = tier + 1; below < 4; ++below)
                    callees.insert(callees.end(), tiers_[below].begin(), tiers_[below].end());
                draw_calls_of(tiers_[tier][i], callees, popularity);
            }
    }

    void draw_calls_of(EntityId caller, const std::vector<EntityId>& callees, std::vector<std::size_t>& popularity) {
        std::size_t sum = 0;
        for (const EntityId callee : callees) sum += popularity[callee];
        if (sum == 0) return;
        std::vector<EntityId> chosen;
        for (int n = std::min(12, 1 + static_cast<int>(random_.pareto(1.1))); n > 0; --n) {
            std::size_t left = random_.below(sum);
            const auto at = std::find_if(callees.begin(), callees.end(), [&](EntityId callee) {
                if (left < popularity[callee]) return true;
                left -= popularity[callee];
                return false;
            });
            if (at == callees.end() || std::find(chosen.begin(), chosen.end(), *at) != chosen.end()) continue;
            chosen.push_back(*at);
            estate_.link(*at, caller, Relation::call);
        }
        for (const EntityId callee : chosen) popularity[callee] += 3;
    }

    const std::size_t hosts_;
    Random random_;
    Estate estate_;
    std::vector<Site> sites_;
    std::vector<EntityId> tiers_[4];
    std::size_t machines_ = 0;
};

}  // namespace

Estate draw_estate(std::size_t hosts, Random random) { return Draw(std::max<std::size_t>(hosts, 1), random).run(); }

}  // namespace incidentd::simulator
