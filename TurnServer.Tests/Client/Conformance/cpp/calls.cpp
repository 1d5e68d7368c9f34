// Calls of the C++ client against a simulated transport and clock; exits with 0 if all is as it should be.
//   g++ -std=c++17 -I TurnServer/Client/cpp TurnServer.Tests/Client/Conformance/cpp/calls.cpp -o calls && ./calls
#include <iostream>
#include <map>

#include "turn_client.hpp"

using namespace turnserver;

namespace {

int failures = 0;

template <class T, class U> void expect(const T& actual, const U& expected, const char* what) {
    if (actual == expected) return;
    failures++;
    std::cerr << what << ": " << actual << ", not " << expected << '\n';
}

// Answers when it is told to.
class FakeTransport : public Transport {
public:
    Handle post(Request request, std::function<void(Response)> done) override {
        bodies.push_back(request.body);
        _open[bodies.size()] = std::move(done);
        return bodies.size();
    }
    void cancel(Handle handle) override { cancelled += static_cast<int>(_open.erase(handle)); }
    void answer(Handle handle, std::string body, Headers headers = {}) {
        const auto done = std::move(_open.at(handle));
        _open.erase(handle);
        done({200, std::move(body), std::move(headers)});
    }
    std::size_t open() const { return _open.size(); }

    std::vector<std::string> bodies;
    int cancelled = 0;

private:
    std::map<Handle, std::function<void(Response)>> _open;
};

struct Stage {
    FakeTransport transport;
    Duration now{};
    TurnClientOptions options;
    Stage() { options.clock = [this] { return now; }; }
};

void abandonedRequestsHaveASecond() {
    Stage stage;
    auto& transport = stage.transport;
    SavedGame begin;
    begin.url = "http://localhost/";
    begin.key = "17";
    TurnGame game(transport, stage.options, begin, false);
    game.onTurn = [](const std::string&) {};
    game.update();
    expect(transport.bodies.back(), "6,,17,0,0", "a held update");
    game.send("a");
    game.update();
    expect(transport.bodies.back(), "6,a,17,0,1", "a turn while a reply is held");
    transport.answer(2, "0/10/*");
    game.update();  // Another held update.
    game.send("b");
    game.update();
    expect(transport.bodies.back(), "6,b,17,0,3", "a second turn");
    expect(transport.open(), 3u, "the first abandoned request is still open");
    transport.answer(3, "0/10/*");
    stage.now += std::chrono::milliseconds(999);
    game.update();
    expect(transport.cancelled, 0, "cancelled before the grace is over");
    stage.now += std::chrono::milliseconds(1);
    game.update();
    expect(transport.cancelled, 1, "cancelled once it is");
    expect(transport.open(), 1u, "open is the second turn");
}

void callsBeforeTheRegistrationAreRefused() {
    Stage stage;
    auto& transport = stage.transport;
    TurnClient client("http://localhost/", transport, stage.options);
    std::string events;
    client.registerPlayer({"Ann", "", "", "t"}, [&](const std::optional<TurnFault>& fault) {
        events += fault ? "failed " : "registered ";
    });
    const auto note = [&](const std::optional<TurnFault>& fault) {
        events += (fault ? fault->meaning : "done") + "; ";
    };
    client.pair([&](const TurnResult<Pairing>& pairing) { note(pairing.fault); });
    client.load(note);
    client.play([&](TurnResult<std::unique_ptr<TurnGame>> game) { note(game.fault); });
    client.unregister(note);
    client.update();
    const std::string refusal = "register first, and wait until it has called back; ";
    expect(events, refusal + refusal + refusal + refusal, "early calls");
    events.clear();
    expect(transport.bodies.size(), 1u, "only the registration is sent");
    transport.answer(1, "0/0/5");
    client.update();
    expect(events, "registered ", "the registration");
    client.pair([&](const TurnResult<Pairing>& pairing) { events += pairing.value.partner; });
    client.update();
    expect(transport.bodies.back(), "2,*,5,*,*", "pairing");
    transport.answer(2, "0/3/Bob");
    client.update();
    expect(events, "registered Bob", "paired");
}

void aCallInPlaceOfAHeldOneKeepsItsConnection() {
    Stage stage;
    auto& transport = stage.transport;
    TurnClient client("http://localhost/", transport, stage.options);
    client.registerPlayer({"Ann"}, nullptr);
    client.update();
    transport.answer(1, "0/0/5");
    client.update();
    client.pair([](const TurnResult<Pairing>&) {});
    client.update();
    client.unregister(nullptr);
    client.update();
    expect(transport.bodies.back(), "1,*,5,*,*", "unregistering");
    expect(transport.cancelled, 0, "cancelled");
    transport.answer(2, "5/*/*");
    transport.answer(3, "0/1/*");
    client.update();
    expect(transport.open(), 0u, "open");
}

void aBadUrlIsTheFaultOfEachCall() {
    Stage stage;
    TurnClient client("localhost", stage.transport, stage.options);
    std::string meaning;
    client.load([&](const std::optional<TurnFault>& fault) { meaning = fault->meaning; });
    client.update();
    expect(meaning.substr(0, 7), "the URL", "a bad URL");
}

}  // namespace

int main() {
    abandonedRequestsHaveASecond();
    callsBeforeTheRegistrationAreRefused();
    aCallInPlaceOfAHeldOneKeepsItsConnection();
    aBadUrlIsTheFaultOfEachCall();
    return failures == 0 ? 0 : 1;
}
