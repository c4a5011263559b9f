#include "correlator/alert_similarity.hpp"

#include "correlator/arithmetic.hpp"
#include "correlator/entity_name.hpp"

#include <boost/container/small_vector.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <string>

namespace incidentd {
namespace {

constexpr float title_share = 2;  // of a title's words together, in words of a name
constexpr std::size_t title_words_most = 6;
constexpr std::size_t candidates_most = 64;
constexpr double rare_least = 1.6;  // weight of a beginning that a fifth of all alerts have

// Of what counters mostly hold; a weight is asked for a hundred times an onset.
constexpr auto small_logs = [] {
    std::array<double, counted_most + 3> table{};
    for (std::uint32_t number = 1; number < table.size(); ++number) table[number] = log_of(number);
    return table;
}();

double quick_log(std::uint32_t number) { return number < small_logs.size() ? small_logs[number] : log_of(number); }

std::uint32_t hash_of(char kind, std::string_view text) {
    return static_cast<std::uint32_t>(XXH3_64bits_withSeed(text.data(), text.size(), static_cast<unsigned char>(kind)));
}

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '#' || static_cast<unsigned char>(c) >= 0x80;
}

// Of the word in `of`, token_count if it is not there. Alerts of one kind have their common words in the same places.
std::size_t place_of(std::uint32_t word, std::size_t likely, const RecentOnset& of) {
    if (likely < of.token_count && of.tokens[likely].word == word) return likely;
    std::size_t at = 0;
    while (at < of.token_count && of.tokens[at].word != word) ++at;
    return at;
}

void put(RecentOnset& into, std::uint32_t word, float share) {
    const auto end = into.tokens.begin() + into.token_count;
    if (into.token_count == onset_tokens_max ||
        std::any_of(into.tokens.begin(), end, [word](const Token& one) { return one.word == word; }))
        return;
    into.tokens[into.token_count++] = {word, share};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Text of which only the hash counts: on the stack, unless it is very long.
using Scratch = boost::container::small_vector<char, 256>;

void append(Scratch& to, std::string_view text) { to.insert(to.end(), text.begin(), text.end()); }

// Words of without_numbers(title) of three letters or more, in small letters.
void put_title(std::string_view title, RecentOnset& into) {
    std::array<std::uint32_t, title_words_most> words{};
    std::size_t count = 0;
    Scratch word;
    const auto finish = [&] {
        if (word.size() >= 3 && count < words.size()) words[count++] = hash_of('t', {word.data(), word.size()});
        word.clear();
    };
    bool was_digit = false;
    for (const char c : title) {
        const bool digit = is_digit(c);
        if (digit && was_digit) continue;
        if (count == words.size()) break;
        was_digit = digit || c == '#';
        const char plain = digit ? '#' : c;
        if (is_word(plain))
            word.push_back(plain >= 'A' && plain <= 'Z' ? static_cast<char>(plain - 'A' + 'a') : plain);
        else
            finish();
    }
    finish();
    for (std::size_t i = 0; i < count; ++i) put(into, words[i], title_share / static_cast<float>(count));
}

// "dc1-r02-h05" is in "dc1-r02": the longer the common beginning of two names, the nearer they are.
void put_name(std::string_view entity, RecentOnset& into) {
    std::string scratch;
    const std::string_view name = short_name(canonical_name(entity, scratch));
    put(into, hash_of('n', name), 1);
    std::size_t parts = 0;
    for (std::size_t end = name.size(); parts < 3 && end > 2; ++parts) {
        end = name.find_last_of("-./: ", end - 1);
        if (end == std::string_view::npos || end < 2) break;
        put(into, hash_of('n', name.substr(0, end)), 1);
        into.name_parts = static_cast<std::uint8_t>(into.token_count - 2);
    }
}

}  // namespace

std::string without_numbers(std::string_view title) {
    std::string out;
    for (const char c : title) {
        const bool digit = is_digit(c);
        if (!digit || out.empty() || out.back() != '#') out += digit ? '#' : c;
    }
    return out;
}

void tokens_of(std::string_view title, std::string_view check, std::string_view entity, LabelsView labels,
               RecentOnset& into) {
    into.token_count = 0;
    into.name_parts = 0;
    Scratch pair;
    put(into, hash_of('c', check), 1);
    put_name(entity, into);
    for (const LabelView& label : labels) {
        if (into.token_count + title_words_most >= onset_tokens_max) break;
        if (label.value == check || label.value == entity || label.name == "alertname") continue;
        pair.clear();
        append(pair, label.name);
        pair.push_back('=');
        append(pair, label.value);
        put(into, hash_of('l', {pair.data(), pair.size()}), 1);
    }
    put_title(title, into);
}

double AlertSimilarity::weight(const Token& token) const {
    const std::uint32_t seen = counters_.empty() ? 0U : counters_[token.word % word_counters];
    return static_cast<double>(token.share) * (quick_log(counted_ + 2) - quick_log(seen + 1));
}

AlertSimilarity::Weights AlertSimilarity::weights(const RecentOnset& onset) const {
    Weights all{};
    for (std::size_t i = 0; i < onset.token_count; ++i) all[i] = weight(onset.tokens[i]);
    return all;
}

// Onsets by the weight of the rows they share with `onset`, at most candidates_most, in the order of those rows.
std::vector<AlertSimilarity::Similar> AlertSimilarity::candidates(const RecentOnset& onset, const Weights& own,
                                                                  const RecentOnsets& recent,
                                                                  std::uint64_t first) const {
    enum : std::uint8_t { unseen = 0, apart = UINT8_MAX };  // else: one more than the place in `found`
    static_assert(candidates_most < apart);
    std::array<std::uint8_t, recent_onsets_max> state{};  // by place in the ring
    std::vector<Similar> found;
    found.reserve(candidates_most);
    for (std::size_t i = 0; i < onset.token_count; ++i) {
        const Row& row = rows_[onset.tokens[i].word % posting_rows];
        if (row.word != onset.tokens[i].word) continue;
        for (std::size_t p = 0; p < row.count; ++p) {
            const std::uint64_t number = row.numbers[p];
            if (number < first) continue;
            std::uint8_t& known = state[number % recent_onsets_max];
            if (known == unseen) {
                if (recent[number].environment.is_apart_from(onset.environment)) {
                    known = apart;
                } else if (found.size() < candidates_most) {
                    found.push_back({number, own[i]});
                    known = static_cast<std::uint8_t>(found.size());
                }
            } else if (known != apart) {
                found[known - 1U].share += own[i];
            }
        }
    }
    return found;
}

std::vector<AlertSimilarity::Similar> AlertSimilarity::find(const RecentOnset& onset, const RecentOnsets& recent,
                                                            Instant since) const {
    if (rows_.empty()) return {};
    const Weights own = weights(onset);
    std::vector<Similar> found = candidates(onset, own, recent, recent.after(since));
    const auto best_first = [](const Similar& a, const Similar& b) {
        return a.share != b.share ? a.share > b.share : a.number > b.number;
    };
    const auto kept = static_cast<std::ptrdiff_t>(std::min(found.size(), similar_most));
    std::partial_sort(found.begin(), found.begin() + kept, found.end(), best_first);
    found.resize(static_cast<std::size_t>(kept));
    double own_whole = 0;
    for (std::size_t i = 0; i < onset.token_count; ++i) own_whole += own[i];
    for (Similar& one : found) {
        const RecentOnset& other = recent[one.number];
        const Weights its = weights(other);
        double both = 0, its_whole = 0;
        for (std::size_t i = 0; i < onset.token_count; ++i)
            if (const std::size_t j = place_of(onset.tokens[i].word, i, other); j < other.token_count)
                both += std::min(own[i], its[j]);
        for (std::size_t j = 0; j < other.token_count; ++j) its_whole += its[j];
        const double all = own_whole + its_whole - both;
        one.share = all > 0 ? both / all : 0;
    }
    std::sort(found.begin(), found.end(), best_first);
    return found;
}

std::vector<std::uint64_t> AlertSimilarity::named_alike(const RecentOnset& onset, const RecentOnsets& recent,
                                                        Instant since) const {
    std::vector<std::uint64_t> found;
    if (rows_.empty()) return found;
    const std::uint64_t first = recent.after(since);
    for (std::size_t i = 2; i < std::min<std::size_t>(onset.name_parts + 2U, onset.token_count); ++i) {
        const Token& token = onset.tokens[i];
        const Row& row = rows_[token.word % posting_rows];
        if (row.word != token.word || weight(token) < rare_least) continue;
        for (std::size_t p = 0; p < row.count; ++p)
            if (row.numbers[p] >= first && !recent[row.numbers[p]].environment.is_apart_from(onset.environment))
                found.push_back(row.numbers[p]);
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

void AlertSimilarity::add(const RecentOnset& onset, std::uint64_t number) {
    if (rows_.empty()) {
        rows_.resize(posting_rows);
        counters_.resize(word_counters);
    }
    for (std::size_t i = 0; i < onset.token_count; ++i) {
        const std::uint32_t word = onset.tokens[i].word;
        Row& row = rows_[word % posting_rows];
        if (row.word != word || row.count == 0) row = Row{word, 0, 0, {}};
        row.numbers[row.next] = number;
        row.next = static_cast<std::uint8_t>((row.next + 1) % postings_max);
        row.count = static_cast<std::uint8_t>(std::min<std::size_t>(row.count + 1U, postings_max));
        std::uint16_t& seen = counters_[word % word_counters];
        if (seen < UINT16_MAX) ++seen;
    }
    if (++counted_ < counted_most) return;
    counted_ /= 2;
    for (std::uint16_t& seen : counters_) seen /= 2;
}

std::uint64_t AlertSimilarity::digest() const {
    std::uint64_t hash = counted_;
    for (const Row& row : rows_) {
        if (row.count == 0) continue;
        hash = XXH3_64bits_withSeed(row.numbers.data(), sizeof row.numbers, hash ^ row.word);
    }
    return counters_.empty() ? hash : XXH3_64bits_withSeed(counters_.data(), counters_.size() * 2, hash);
}

}  // namespace incidentd
