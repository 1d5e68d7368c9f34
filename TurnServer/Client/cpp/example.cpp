// A chat for two on the console: start it twice.
//   g++ -std=c++17 -O2 example.cpp -lcurl -o chat && ./chat http://localhost:8080/ Ann
#include <poll.h>
#include <unistd.h>

#include <iostream>

#include "curl_transport.hpp"

using namespace turnserver;

int main(int count, char** arguments) {
    if (count != 3) {
        std::cerr << "usage: chat URL NAME\n";
        return 2;
    }
    CurlTransport transport;
    TurnClient client(arguments[1], transport);
    std::unique_ptr<TurnGame> game;
    bool isOver = false;

    const auto fail = [&](const TurnFault& fault) {
        std::cerr << fault.meaning << '\n';
        isOver = true;
    };
    const auto play = [&](TurnResult<std::unique_ptr<TurnGame>> started) {
        if (started.fault) return fail(*started.fault);
        game = std::move(started.value);
        game->onTurn = [&](const std::string& turn) {
            std::cout << game->pairing().partner << ": " << turn << std::endl;
        };
        game->onEnded = fail;
    };
    client.registerPlayer({arguments[2]}, [&](const std::optional<TurnFault>& refused) {
        if (refused) return fail(*refused);
        client.pair([&](const TurnResult<Pairing>& pair) {  // Waits for a partner.
            if (pair.fault) return fail(*pair.fault);
            std::cout << "paired with " << pair.value.partner << std::endl;
            client.load([&](const std::optional<TurnFault>&) { client.play(play); });  // play finds a fault again.
        });
    });

    std::string line;
    for (bool isQuitting = false; !isOver;) {  // A game calls update() once a frame instead.
        client.update();
        if (game) game->update();
        transport.wait(std::chrono::milliseconds(10), game && !isQuitting ? STDIN_FILENO : -1);
        pollfd input{STDIN_FILENO, POLLIN, 0};
        if (!game || isQuitting || poll(&input, 1, 0) <= 0) continue;
        char bytes[4096];
        const auto length = read(STDIN_FILENO, bytes, sizeof bytes);
        line.append(bytes, length > 0 ? static_cast<std::size_t>(length) : 0);
        for (auto end = line.find('\n'); end != line.npos; end = line.find('\n')) {
            if (end > 0 && !game->post(line.substr(0, end))) std::cerr << "not sent\n";
            line.erase(0, end + 1);
        }
        isQuitting = length <= 0;
        if (isQuitting) game->quit([&](const std::optional<TurnFault>&) { isOver = true; });
    }
}
