#include "correlator/packed_text.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>

namespace incidentd {
namespace {

void put(std::string& out, std::string_view text) {
    const auto size = static_cast<std::uint32_t>(text.size());
    char bytes[sizeof size];
    std::memcpy(bytes, &size, sizeof size);
    out.append(bytes, sizeof size);
    out += text;
}

std::string_view take(std::string_view& rest) {
    std::uint32_t size = 0;
    std::memcpy(&size, rest.data(), sizeof size);
    const std::string_view text = rest.substr(sizeof size, size);
    rest.remove_prefix(sizeof size + size);
    return text;
}

std::size_t packed_size(const AlertEvent& event) {
    std::size_t size = 12 + event.title.size() + event.text.size() + event.url.size();
    for (const LabelView& annotation : event.annotations) size += 8 + annotation.name.size() + annotation.value.size();
    return size;
}

}  // namespace

std::string pack_details(const AlertEvent& event) {
    std::string out;
    out.reserve(packed_size(event));
    put(out, event.title);
    put(out, event.text);
    put(out, event.url);
    for (const LabelView& annotation : event.annotations) {
        put(out, annotation.name);
        put(out, annotation.value);
    }
    return out;
}

UnpackedDetails unpack_details(std::string_view packed) {
    UnpackedDetails details;
    if (packed.empty()) return details;
    details.title = take(packed);
    details.text = take(packed);
    details.url = take(packed);
    while (!packed.empty()) {
        const std::string_view name = take(packed);
        details.annotations.emplace_back(name, take(packed));
    }
    return details;
}

bool is_packed(std::string_view bytes) {
    std::size_t texts = 0;
    for (; !bytes.empty(); ++texts) {
        std::uint32_t size = 0;
        if (bytes.size() < sizeof size) return false;
        std::memcpy(&size, bytes.data(), sizeof size);
        if (size > bytes.size() - sizeof size) return false;
        bytes.remove_prefix(sizeof size + size);
    }
    return texts == 0 || (texts >= 3 && texts % 2 == 1);
}

std::uint64_t hash_details(const AlertEvent& event) {
    std::uint64_t hash = 0;
    const auto mix = [&hash](std::string_view text) {
        hash = XXH3_64bits_withSeed(text.data(), text.size(), hash + text.size());
    };
    mix(event.title);
    mix(event.text);
    mix(event.url);
    for (const LabelView& annotation : event.annotations) {
        mix(annotation.name);
        mix(annotation.value);
    }
    return hash;
}

}  // namespace incidentd
