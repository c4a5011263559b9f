#include "daemon/ingest/routes.hpp"

#include <algorithm>
#include <utility>

namespace incidentd {

namespace {

std::string_view without_trailing_slash(std::string_view path) {
    if (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
    return path;
}

bool is_below(std::string_view path, std::string_view prefix) {
    return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

bool serves(std::string_view route_method, std::string_view method) {
    return route_method == method || (method == "HEAD" && route_method == "GET");
}

void allow(std::vector<std::string>& allowed, std::string_view method) {
    if (std::find(allowed.begin(), allowed.end(), method) == allowed.end()) allowed.emplace_back(method);
}

// A source at the root is a stand-in for another program's API: beyond that API it must not answer for the daemon.
bool refuses_for(std::string_view mount, std::string_view path) { return !mount.empty() || is_below(path, "/api/v2"); }

}  // namespace

void RouteTable::add(ApiRoute route) {
    route.path = without_trailing_slash(route.path);
    api_.push_back(std::move(route));
    // Of two routes that match, the longer path says more.
    std::stable_sort(api_.begin(), api_.end(),
                     [](const ApiRoute& a, const ApiRoute& b) { return a.path.size() > b.path.size(); });
}

void RouteTable::add(std::size_t index, std::string mount, std::vector<SourceRoute> routes) {
    while (!mount.empty() && mount.back() == '/') mount.pop_back();
    mounted_.push_back({index, std::move(mount), std::move(routes)});
    std::stable_sort(mounted_.begin(), mounted_.end(),
                     [](const Mounted& a, const Mounted& b) { return a.mount.size() > b.mount.size(); });
}

RouteMatch RouteTable::find(std::string_view method, std::string_view path) const {
    RouteMatch match;
    if (!find_api(method, path, match)) find_source(method, path, match);
    return match;
}

bool RouteTable::find_api(std::string_view method, std::string_view path, RouteMatch& match) const {
    const std::string_view plain = without_trailing_slash(path);
    for (const ApiRoute& route : api_) {
        if (route.path != plain && !(route.below && (route.path == "/" || is_below(plain, route.path)))) continue;
        if (serves(route.method, method)) {
            match.api = &route;
            return true;
        }
        allow(match.allowed, route.method);
    }
    return false;
}

bool RouteTable::find_source(std::string_view method, std::string_view path, RouteMatch& match) const {
    for (const Mounted& mounted : mounted_) {
        if (!is_below(path, mounted.mount)) continue;
        const std::string_view below = path.substr(mounted.mount.size());
        const std::string_view rest = below.empty() ? std::string_view("/") : below;
        bool path_known = false;
        for (const SourceRoute& route : mounted.routes) {
            if (without_trailing_slash(route.path) != without_trailing_slash(rest)) continue;
            if (serves(route.method, method)) {
                match.source = mounted.index;
                match.rest = rest;
                return true;
            }
            path_known = true;
            allow(match.allowed, route.method);
        }
        if (!match.refusing && (path_known || refuses_for(mounted.mount, path))) match.refusing = mounted.index;
    }
    return false;
}

std::string_view fold_slashes(std::string_view path, std::string& store) {
    if (path.find("//") == std::string_view::npos) return path;
    store.clear();
    for (const char c : path) {
        if (c != '/' || store.empty() || store.back() != '/') store += c;
    }
    return store;
}

}  // namespace incidentd
