// Sends the requests of turn_client.hpp by libcurl (7.66 or later), without blocking: link with -lcurl.
#pragma once

#include <curl/curl.h>

#include <map>

#include "turn_client.hpp"

namespace turnserver {

/// One for all clients and games of a thread: it keeps connections open and shares them.
class CurlTransport : public Transport {
public:
    CurlTransport() {
        curl_global_init(CURL_GLOBAL_DEFAULT);
        _multi = curl_multi_init();
    }
    CurlTransport(const CurlTransport&) = delete;
    CurlTransport& operator=(const CurlTransport&) = delete;
    ~CurlTransport() override {
        while (!_exchanges.empty()) cancel(_exchanges.begin()->first);
        curl_multi_cleanup(_multi);
        curl_global_cleanup();
    }

    Handle post(Request request, std::function<void(Response)> done) override {
        const auto handle = ++_lastHandle;
        auto& exchange = _exchanges[handle];
        exchange.request = std::move(request);
        exchange.done = std::move(done);
        exchange.easy = curl_easy_init();
        prepare(exchange);
        _handles[exchange.easy] = handle;
        curl_multi_add_handle(_multi, exchange.easy);
        return handle;
    }

    void cancel(Handle handle) override {
        const auto at = _exchanges.find(handle);
        if (at == _exchanges.end()) return;
        _handles.erase(at->second.easy);
        curl_multi_remove_handle(_multi, at->second.easy);
        curl_easy_cleanup(at->second.easy);
        curl_slist_free_all(at->second.headers);
        _exchanges.erase(at);
    }

    void update() override {
        int running = 0, left = 0;
        curl_multi_perform(_multi, &running);
        while (const auto* message = curl_multi_info_read(_multi, &left))
            if (message->msg == CURLMSG_DONE) complete(message->easy_handle, message->data.result);
    }

    /// For programs without frames: sleeps until a request or the descriptor `fd` has something, or the time is over.
    void wait(std::chrono::milliseconds timeout, int fd = -1) {
        curl_waitfd extra{};
        extra.fd = fd;
        extra.events = CURL_WAIT_POLLIN;
        curl_multi_poll(_multi, &extra, fd < 0 ? 0 : 1, static_cast<int>(timeout.count()), nullptr);
    }

private:
    struct Exchange {
        CURL* easy = nullptr;
        curl_slist* headers = nullptr;
        Request request{};
        Response response{};
        bool hasHeaders = false;  // All of them.
        std::function<void(Response)> done{};
    };

    // The exchange stays where it is, as an element of a map: libcurl keeps pointers into it.
    static void prepare(Exchange& exchange) {
        auto* const easy = exchange.easy;
        const auto& request = exchange.request;
        for (const auto& [name, value] : request.headers)
            exchange.headers = curl_slist_append(exchange.headers, (name + ": " + value).c_str());
        // No "Expect: 100-continue": it costs a round trip.
        exchange.headers = curl_slist_append(exchange.headers, "Expect:");
        const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(request.timeout).count();
        curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange.headers);
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout));
        // The server closes connections that are idle for 15 s: close them before, to avoid the race.
        curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, 10L);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &CurlTransport::takeBody);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange.response);
        curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &CurlTransport::takeHeader);
        curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
    }

    static std::size_t takeBody(char* data, std::size_t size, std::size_t count, void* response) {
        auto& body = static_cast<Response*>(response)->body;
        body.append(data, size * count);
        return body.size() > replyBytesMax ? 0 : size * count;  // 0 stops the exchange.
    }

    static std::size_t takeHeader(char* data, std::size_t size, std::size_t count, void* exchange) {
        const std::string_view line(data, size * count);
        auto& headers = static_cast<Exchange*>(exchange)->response.headers;
        if (line.substr(0, 5) == "HTTP/") headers.clear();  // Another status follows a 100 or 103.
        static_cast<Exchange*>(exchange)->hasHeaders = line == "\r\n" || line == "\n";
        const auto colon = line.find(':');
        if (colon != line.npos)
            headers.emplace_back(line.substr(0, colon), text::trimmed(line.substr(colon + 1)));
        return size * count;
    }

    void complete(CURL* easy, CURLcode result) {
        const auto handle = _handles[easy];
        auto& exchange = _exchanges[handle];
        auto response = std::move(exchange.response);
        const auto done = std::move(exchange.done);
        long status = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        const bool isTooLong = response.body.size() > replyBytesMax;
        // libcurl also takes a reply that is cut short inside of its headers.
        if (exchange.hasHeaders && (result == CURLE_OK || isTooLong)) response.status = static_cast<int>(status);
        response.reason = result == CURLE_OK ? "the reply was cut short" : curl_easy_strerror(result);
        cancel(handle);
        done(std::move(response));
    }

    CURLM* _multi = nullptr;
    Handle _lastHandle = 0;
    std::map<Handle, Exchange> _exchanges;
    std::map<CURL*, Handle> _handles;
};

}  // namespace turnserver
