// The test program of the C++ client: see ../README.md.
//   g++ -std=c++17 -O2 -I TurnServer/Client/cpp TurnServer.Tests/Client/Conformance/cpp/client.cpp -lcurl -o client
#include <poll.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>

#include "curl_transport.hpp"

using namespace turnserver;

namespace {

using Fields = std::vector<std::string>;

std::string encode(const std::string& field) {
    if (field.empty()) return "-";
    if (field == "-") return "%2D";
    std::string out;
    for (const char c : field) {
        const auto byte = static_cast<unsigned char>(c);
        char hex[4];
        std::snprintf(hex, sizeof hex, "%%%02X", byte);
        out += byte <= ' ' || c == '%' || c == '\x7F' ? hex : std::string(1, c);
    }
    return out;
}

std::string decode(const std::string& field) {
    if (field == "-") return {};
    std::string out;
    for (std::size_t i = 0; i < field.size(); i++) {
        if (field[i] == '%' && i + 2 < field.size()) {
            out += static_cast<char>(std::strtol(field.substr(i + 1, 2).c_str(), nullptr, 16));
            i += 2;
        } else {
            out += field[i];
        }
    }
    return out;
}

Fields split(const std::string& line, char separator) {
    Fields fields;
    std::string field;
    for (std::istringstream in(line); std::getline(in, field, separator);) fields.push_back(field);
    return fields;
}

Duration seconds(const std::string& text) {
    return Duration(std::llround(std::strtod(text.c_str(), nullptr) * static_cast<double>(Duration::period::den)));
}

std::string secondsOf(Duration duration) {
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", std::chrono::duration<double>(duration).count());
    return text;
}

void print(const std::string& line) { std::cout << line << std::endl; }

class Vectors {
public:
    std::string answer(const Fields& fields) {
        const auto& name = fields[0];
        const auto argument = [&](std::size_t i) { return i < fields.size() ? decode(fields[i]) : std::string(); };
        if (name == "new") {
            _options.wait = seconds(argument(3));
            _options.keepAlive = seconds(argument(4));
            _options.pollInterval = seconds(argument(5));
            _options.savesEachTurn = argument(6) == "1";
            _key = argument(1);
            _seat = std::stoll(argument(2));
            start();
        } else if (name == "resume") {
            SavedGame game;
            game.counter = std::stoll(argument(1));
            game.taken = std::stoll(argument(2));
            game.received = std::stoll(argument(3));
            game.last = split(argument(4), '|');
            game.unsent = split(argument(5), '|');
            game.unread = split(argument(6), '|');
            start();
            _machine->resume(game);
        } else if (name == "send") {
            const auto turn = argument(1);
            _outcomes[turn] = "pending";
            _machine->put({turn, true, [this, turn](const std::optional<TurnFault>& fault) {
                _outcomes[turn] = fault ? "refused" : "taken";
            }});
        } else if (name == "post") {
            _machine->put({argument(1), false, nullptr});
        } else if (name == "receive") {
            _machine->expectTurn();
        } else if (name == "quit") {
            _machine->finish();
        } else if (name == "saved") {
            SavedGame game;
            _machine->save(game);
            _machine->noteSaved(game.received);
        } else if (name == "elapse") {
            _now += seconds(argument(1));
        } else if (name == "reply") {
            auto reply = Reply::parse(argument(1));
            if (!reply) return "error not a reply";
            reply->isHeld = argument(2) == "1";
            reply->turnCounter = text::number(argument(3));
            reply->turnsTaken = text::number(argument(4));
            reply->turnsAcknowledged = text::number(argument(5));
            _machine->complete({*reply, faultOf(reply->error, reply->detail)}, _now);
        } else if (name == "unreachable") {
            _machine->complete({{}, TurnFault{TurnFaultKind::unreachable, "lost"}}, _now);
        } else if (name == "abandon") {
            if (!_machine->wantsToAbandon()) return "error it does not want to abandon the held reply";
            _machine->abandon(_now);
        } else {
            return ask(name, argument(1));
        }
        for (const auto& result : _machine->takeResults()) result();
        return "ok";
    }

private:
    void start() {
        _machine = std::make_unique<SeatMachine>(_key, _seat, _options);
        _now = {};
        _outcomes.clear();
    }

    std::string ask(const std::string& name, const std::string& argument) {
        if (name == "next") return next();
        if (name == "outcome") return _outcomes[argument];
        if (name == "ended") return "ended " + std::to_string(_machine->ended() ? _machine->ended()->error : 0);
        if (name == "save") return save();
        if (name == "missed") return "missed " + std::to_string(_machine->missed());
        if (name != "read") return "error not a command";
        std::string turns;
        while (const auto turn = _machine->takeUnread()) turns += (turns.empty() ? "" : "|") + encode(*turn);
        return "turns " + (turns.empty() ? "-" : turns);
    }

    std::string save() {
        SavedGame game;
        _machine->save(game);
        std::string answer = "save";
        for (const auto number : {game.counter, game.taken, game.received}) answer += " " + std::to_string(number);
        for (const auto* turns : {&game.last, &game.unsent, &game.unread}) {
            std::string list;
            for (const auto& turn : *turns) list += (list.empty() ? "" : "|") + encode(turn);
            answer += " " + (list.empty() ? "-" : list);
        }
        return answer;
    }

    std::string next() {
        const auto step = _machine->next(_now);
        if (step == SeatMachine::Step::stop) {
            _machine->close();
            for (const auto& result : _machine->takeResults()) result();
            return "stop";
        }
        if (step == SeatMachine::Step::pause) return "pause " + secondsOf(_machine->pause());
        const auto& request = _machine->request();
        return "request " + encode(request.body) + " " + secondsOf(request.wait) + " "
            + (request.received < 0 ? "-" : std::to_string(request.received));
    }

    TurnClientOptions _options;
    std::string _key;
    std::int64_t _seat = 0;
    std::unique_ptr<SeatMachine> _machine;
    Duration _now{};
    std::map<std::string, std::string> _outcomes;
};

class Play {
public:
    void run() {
        while (_isInputOpen || (!_isIdle && !_isStarting) || !_commands.empty()) {
            while (_isIdle && !_commands.empty()) {
                const auto command = split(_commands.front(), ' ');
                _commands.pop_front();
                if (!command.empty()) carryOut(command);
            }
            if (_client) _client->update();
            if (_game) _game->update();
            if (_hasLeft) _game.reset();
            _hasLeft = false;
            if (_isIdle && !_commands.empty()) continue;
            if (!_isInputOpen && _isStarting) return;
            _transport.wait(std::chrono::milliseconds(10), _isInputOpen ? STDIN_FILENO : -1);
            readInput();
        }
    }

private:
    // Reads what is there; without any, only when poll says that it does not block.
    void readInput() {
        pollfd input{STDIN_FILENO, POLLIN, 0};
        while (_isInputOpen && poll(&input, 1, 0) > 0) {
            char bytes[65536];
            const auto length = read(STDIN_FILENO, bytes, sizeof bytes);
            if (length > 0)
                _input.append(bytes, static_cast<std::size_t>(length));
            else
                _isInputOpen = false;
        }
        std::size_t begin = 0;
        for (auto end = _input.find('\n'); end != _input.npos; end = _input.find('\n', begin)) {
            _commands.push_back(_input.substr(begin, end - begin));
            begin = end + 1;
        }
        _input.erase(0, begin);
    }

    void carryOut(const Fields& fields) {
        const auto& name = fields[0];
        const auto argument = [&](std::size_t i) { return i < fields.size() ? decode(fields[i]) : std::string(); };
        if (name == "options")
            for (std::size_t i = 1; i < fields.size(); i++) setOption(split(fields[i], '='));
        else if (name == "register")
            enroll(argument(1), {argument(2), argument(3), argument(4), argument(5)});
        else if (name == "resume")
            resume(argument(1));
        else if (!_game)
            print("error there is no game");
        else if (name == "send")
            send(argument(1));
        else if (name == "post")
            post(argument(1));
        else if (name == "quit")
            quit();
        else
            print("error not a command");
    }

    void setOption(const Fields& option) {
        const auto& name = option[0];
        auto& options = _options;
        const std::map<std::string, Duration*> durations = {{"wait", &options.wait},
            {"keepAlive", &options.keepAlive}, {"pollInterval", &options.pollInterval},
            {"replyTimeout", &options.replyTimeout}, {"patience", &options.patience},
            {"firstPause", &options.firstPause}, {"longestPause", &options.longestPause}};
        if (name == "savesEachTurn")
            options.savesEachTurn = option[1] == "1";
        else if (durations.count(name) > 0)
            *durations.at(name) = seconds(option[1]);
        else
            print("error no option " + name);
    }

    void enroll(const std::string& url, const TurnClient::Registration& player) {
        _isIdle = false;
        _isStarting = true;
        _client = std::make_unique<TurnClient>(url, _transport, _options);
        _client->registerPlayer(player, [this](const std::optional<TurnFault>& fault) {
            if (fault) return fail(*fault);
            print("registered " + encode(_client->token()));
            pair();
        });
    }

    void pair() {
        _client->pair([this](const TurnResult<Pairing>& pairing) {
            if (pairing.fault) return pairAgainOrFail(*pairing.fault);
            print("paired " + encode(pairing.value.partner));
            _client->load([this](const std::optional<TurnFault>& fault) {
                if (fault) return pairAgainOrFail(*fault);
                _client->play([this](TurnResult<std::unique_ptr<TurnGame>> game) {
                    if (game.fault) return pairAgainOrFail(*game.fault);
                    _game = std::move(game.value);
                    watch();
                    begin();
                });
            });
        });
    }

    void pairAgainOrFail(const TurnFault& fault) {
        if (fault.kind == TurnFaultKind::partnerLeftEarly)
            pair();
        else
            fail(fault);
    }

    void resume(const std::string& saved) {
        auto game = TurnGame::resume(_transport, saved, _options);
        if (game.fault) return fail(*game.fault);
        _isIdle = false;
        _isStarting = true;
        _game = std::move(game.value);
        _game->onResumed = [this] { begin(); };
        watch();
    }

    void watch() {
        _game->onTurn = [this](const std::string& turn) {
            print("turn " + encode(turn));
            save();
        };
        _game->onEnded = [this](const TurnFault& fault) {
            if (_isStarting) return fail(fault);
            print("ended " + nameOf(fault.kind));
        };
    }

    void begin() {
        _isIdle = true;
        _isStarting = false;
        print("started " + std::to_string(_game->seat()));
        save();
    }

    void fail(const TurnFault& fault) {
        _isIdle = true;
        _isStarting = false;
        _hasLeft = true;
        print("failed " + nameOf(fault.kind));
    }

    void save(const std::string& next = {}) {
        if (!_options.savesEachTurn) return;
        const auto text = _game->save(next);
        print("save " + encode(text));
        if (!_game->saved(text)) print("error the saved game cannot be read");
    }

    void send(const std::string& turn) {
        save(turn);
        _game->send(turn, [this, turn](const std::optional<TurnFault>& fault) {
            if (!fault) print("taken " + encode(turn));
            if (!fault || fault->error != 20) return;
            print("refused " + encode(turn));
            save();
        });
        if (!TurnGame::isTurn(turn)) print("error not a turn");
    }

    void post(const std::string& turn) {
        save(turn);
        if (!_game->post(turn) && !TurnGame::isTurn(turn)) print("error not a turn");
    }

    void quit() {
        _isIdle = false;
        _game->quit([this](const std::optional<TurnFault>&) {
            _isIdle = _hasLeft = true;
            print("left");
        });
    }

    static std::string nameOf(TurnFaultKind kind) {
        static const char* const names[] = {"unreachable", "notTurnServer", "invalidRequest", "serverFull",
            "serverBusy", "registrationGone", "partnerLeftEarly", "partnerLeft", "seatGone", "outOfStep"};
        return names[static_cast<std::size_t>(kind)];
    }

    CurlTransport _transport;
    TurnClientOptions _options;
    std::unique_ptr<TurnClient> _client;
    std::unique_ptr<TurnGame> _game;
    std::string _input;
    std::deque<std::string> _commands;
    bool _isInputOpen = true, _isIdle = true, _isStarting = false, _hasLeft = false;
};

}  // namespace

int main(int count, char** arguments) {
    const std::string mode = count == 2 ? arguments[1] : "";
    if (mode == "play") {
        Play().run();
    } else if (mode == "vectors") {
        Vectors vectors;
        for (std::string line; std::getline(std::cin, line);) print(vectors.answer(split(line, ' ')));
    } else {
        std::cerr << "usage: client vectors|play\n";
        return 2;
    }
    return 0;
}
