// Asio's types for one known executor: no type erasure on the path of every request.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>

namespace incidentd {

using IngestExecutor = boost::asio::io_context::executor_type;
using IngestSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, IngestExecutor>;
using IngestAcceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, IngestExecutor>;
using IngestTimer =
    boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                      IngestExecutor>;
template <class T>
using Awaitable = boost::asio::awaitable<T, IngestExecutor>;

constexpr boost::asio::use_awaitable_t<IngestExecutor> use_awaitable{};

}  // namespace incidentd
