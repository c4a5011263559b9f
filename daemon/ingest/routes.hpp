// Which part of the daemon a method and a path belong to: API routes first, then sources by their longest mount.
#pragma once

#include "adapters/source.hpp"
#include "daemon/reply.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

enum class RouteAuth : std::uint8_t {
    open,  // anybody
    api,   // one of the API tokens, if there are any
};

struct ApiRoute {
    std::string method;  // "GET" serves HEAD too
    std::string path;    // "/api/v2/alerts"; a trailing slash makes no difference
    bool below = false;  // also every path below
    RouteAuth auth = RouteAuth::api;
    // Ingest thread; must not block. The request is only valid during the call, and its path is the whole one.
    std::function<void(const HttpRequestView& request, ReplyPtr reply)> handle;
};

struct RouteMatch {
    const ApiRoute* api = nullptr;
    std::optional<std::size_t> source;  // the source that takes the request
    std::string_view rest;              // of `source`: the path below its mount, "/" at least
    // When neither is set:
    std::vector<std::string> allowed;     // methods this path knows; empty: the path is unknown
    std::optional<std::size_t> refusing;  // the source in whose name to refuse; nullopt: the daemon itself
};

class RouteTable {
public:
    void add(ApiRoute route);
    // `mount` is "" or "/prefix"; `index` is what RouteMatch tells.
    void add(std::size_t index, std::string mount, std::vector<SourceRoute> routes);

    // `path` without repeated slashes. The match borrows from `path` and from this table.
    RouteMatch find(std::string_view method, std::string_view path) const;

private:
    struct Mounted {
        std::size_t index;
        std::string mount;
        std::vector<SourceRoute> routes;
    };
    bool find_api(std::string_view method, std::string_view path, RouteMatch& match) const;
    bool find_source(std::string_view method, std::string_view path, RouteMatch& match) const;

    std::vector<ApiRoute> api_;
    std::vector<Mounted> mounted_;  // longest mount first
};

// `path` with every run of slashes made one; `store` keeps the text when it had to change.
std::string_view fold_slashes(std::string_view path, std::string& store);

}  // namespace incidentd
