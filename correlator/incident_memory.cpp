#include "correlator/incident_memory.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <set>
#include <utility>

namespace incidentd {
namespace {

constexpr std::uint32_t alike_least = 50;            // percent
constexpr std::uint32_t alike_least_same_root = 25;  // likewise, when the likeliest root cause is the same
constexpr std::size_t rows = signature_size / signature_bands;

std::uint64_t mixed(std::uint64_t x) {
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93ULL;
    x ^= x >> 32;
    return x;
}

// At a character's border.
std::string cut(std::string_view words) {
    std::size_t size = std::min(words.size(), ending_bytes_max);
    while (size > 0 && size < words.size() && (static_cast<unsigned char>(words[size]) & 0xC0U) == 0x80) --size;
    return std::string(words.substr(0, size));
}

std::string in_words(Duration span) {
    const auto count = [](std::int64_t n, const char* unit) {
        return std::to_string(n) + ' ' + unit + (n == 1 ? "" : "s");
    };
    if (span >= hours(48)) return count(span.ms / hours(24).ms, "day");
    if (span >= hours(2)) return count(span.ms / hours(1).ms, "hour");
    if (span >= minutes(1)) return count(span.ms / minutes(1).ms, "minute");
    return count(span.ms / 1000, "second");
}

}  // namespace

std::string to_string(const Likeness& likeness, Instant now) {
    return to_string(likeness.incident) +
           (likeness.times > 1 ? ", the last of " + std::to_string(likeness.times) : std::string()) + " (" +
           in_words(now - likeness.ended_at) + " ago, over after " + in_words(likeness.lasted) + ": " +
           ending_of(likeness) + ")";
}

std::string ending_of(const Likeness& likeness) {
    if (!likeness.said.empty()) return likeness.said_by + " said \"" + likeness.said + '"';
    return likeness.alerts == 1 ? "its alert ended by itself"
                                : "its " + std::to_string(likeness.alerts) + " alerts ended by themselves";
}

std::uint64_t IncidentMemory::root_key(std::string_view root) {
    return root.empty() ? 0 : XXH3_64bits_withSeed(root.data(), root.size(), 1);
}

std::uint64_t IncidentMemory::band_key(const Signature& signature, std::size_t band) {
    return XXH3_64bits_withSeed(&signature[band * rows], rows * sizeof signature[0], 1000 + band);
}

template <class Each>
void IncidentMemory::each_key(const Signature& signature, std::uint64_t root, const Each& each) {
    if (root != 0) each(root);
    if (signature == none()) return;
    for (std::size_t band = 0; band < signature_bands; ++band) each(band_key(signature, band));
}

void IncidentMemory::failed(IncidentId incident, std::uint64_t what) {
    Signature& signature = under_way_[incident].signature;
    for (std::size_t i = 0; i < signature.size(); ++i)
        signature[i] =
            std::min(signature[i], static_cast<std::uint32_t>(mixed(what + i * 0x9e3779b97f4a7c15ULL) >> 32));
}

void IncidentMemory::said(IncidentId incident, std::string_view who, std::string_view words) {
    if (words.empty()) return;
    const auto found = under_way_.find(incident);
    if (found == under_way_.end()) return;
    found->second.said_by = cut(who);
    found->second.said = cut(words);
}

void IncidentMemory::merge(IncidentId into, IncidentId from) {
    const auto found = under_way_.find(from);
    if (found == under_way_.end()) return;
    Course& target = under_way_[into];
    for (std::size_t i = 0; i < signature_size; ++i)
        target.signature[i] = std::min(target.signature[i], found->second.signature[i]);
    if (target.said.empty()) {
        target.said_by = std::move(found->second.said_by);
        target.said = std::move(found->second.said);
    }
    under_way_.erase(from);
}

bool IncidentMemory::is_news(IncidentId incident, IncidentId earlier) {
    const auto found = under_way_.find(incident);
    return found != under_way_.end() && std::exchange(found->second.told, earlier) != earlier;
}

bool IncidentMemory::was_told(IncidentId incident) const {
    const auto found = under_way_.find(incident);
    return found != under_way_.end() && found->second.told.is_set();
}

void IncidentMemory::forget(IncidentId incident) { under_way_.erase(incident); }

void IncidentMemory::end(IncidentId incident, const End& end) {
    const auto found = under_way_.find(incident);
    if (found == under_way_.end()) return;
    Ended one;
    one.signature = found->second.signature;
    one.root = root_key(end.root);
    one.known.incident = incident;
    one.known.ended_at = end.ended;
    one.known.lasted = end.ended - end.began;
    one.known.alerts = end.alerts;
    one.known.said_by = std::move(found->second.said_by);
    one.known.said = std::move(found->second.said);
    one.known.ticket = cut(end.ticket);
    one.known.ticket_url = end.ticket_url.size() <= ending_bytes_max ? end.ticket_url : std::string_view();
    under_way_.erase(found);
    if (const auto same = same_as(one)) {
        one.known.times += ended_.at(*same).known.times;
        remove(*same);
    }
    if (ended_.size() >= ended_incidents_max) remove(ended_.begin()->first);
    add(std::move(one));
}

std::optional<std::uint64_t> IncidentMemory::same_as(const Ended& one) const {
    const auto known = by_key_.find(band_key(one.signature, 0));
    if (known == by_key_.end()) return std::nullopt;
    for (const std::uint64_t number : known->second)
        if (ended_.at(number).signature == one.signature && ended_.at(number).root == one.root) return number;
    return std::nullopt;
}

void IncidentMemory::add(Ended&& one) {
    const std::uint64_t number = next_++;
    each_key(one.signature, one.root, [&](std::uint64_t key) { by_key_[key].insert(number); });
    ended_.emplace_hint(ended_.end(), number, std::move(one));
}

void IncidentMemory::remove(std::uint64_t number) {
    const auto found = ended_.find(number);
    each_key(found->second.signature, found->second.root, [&](std::uint64_t key) {
        const auto known = by_key_.find(key);
        if (known == by_key_.end()) return;
        known->second.erase(number);
        if (known->second.empty()) by_key_.erase(known);
    });
    ended_.erase(found);
}

std::vector<Likeness> IncidentMemory::like(IncidentId incident, std::string_view root) const {
    const auto found = under_way_.find(incident);
    if (found == under_way_.end() || found->second.signature == none()) return {};
    const Signature& own = found->second.signature;
    const std::uint64_t own_root = root_key(root);
    std::set<std::uint64_t> candidates;
    each_key(own, own_root, [&](std::uint64_t key) {
        const auto known = by_key_.find(key);
        if (known == by_key_.end()) return;
        std::size_t looked_at = 0;
        for (auto at = known->second.rbegin(); at != known->second.rend() && looked_at < found_max; ++at, ++looked_at)
            candidates.insert(*at);
    });
    std::vector<Likeness> likenesses;
    for (auto at = candidates.rbegin(); at != candidates.rend(); ++at) {  // the latest first
        const Ended& one = ended_.at(*at);
        std::uint32_t equal = 0;
        for (std::size_t i = 0; i < signature_size; ++i) equal += one.signature[i] == own[i];
        const auto percent = static_cast<std::uint32_t>(equal * 100 / signature_size);
        const bool same_root = own_root != 0 && own_root == one.root;
        if (percent < (same_root ? alike_least_same_root : alike_least)) continue;
        likenesses.push_back(one.known);
        likenesses.back().percent = percent;
        likenesses.back().same_cause = same_root;
    }
    std::stable_sort(likenesses.begin(), likenesses.end(),
                     [](const Likeness& a, const Likeness& b) { return a.percent > b.percent; });
    if (likenesses.size() > likenesses_max) likenesses.resize(likenesses_max);
    return likenesses;
}

std::uint64_t IncidentMemory::digest() const {
    std::uint64_t hash = ended_.size();
    const auto add = [&hash](const void* data, std::size_t size) { hash = XXH3_64bits_withSeed(data, size, hash); };
    for (const auto& [incident, course] : under_way_) {
        add(&incident.value, sizeof incident.value);
        add(course.signature.data(), sizeof course.signature);
        add(course.said_by.data(), course.said_by.size());
        add(course.said.data(), course.said.size());
        add(&course.told.value, sizeof course.told.value);
    }
    for (const auto& [number, one] : ended_) {
        add(one.signature.data(), sizeof one.signature);
        const Likeness& known = one.known;
        const std::uint64_t numbers[] = {known.incident.value, static_cast<std::uint64_t>(known.ended_at.ms),
                                         static_cast<std::uint64_t>(known.lasted.ms), known.times, known.alerts};
        add(numbers, sizeof numbers);
        for (const std::string* text : {&known.said_by, &known.said, &known.ticket, &known.ticket_url})
            add(text->data(), text->size());
    }
    return hash;
}

}  // namespace incidentd
