// A client for turnserver, protocol version 1 (PROTOCOL.md). C++17 and its standard library only; builds without
// exceptions and RTTI. No threads: call update() each frame, always from one thread. Callbacks come from update() only;
// inside of one, call anything but update(), and do not destroy the object that called it.
#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace turnserver {

using Duration = std::chrono::steady_clock::duration;

/// Kinds of faults, by what a player can do about them.
enum class TurnFaultKind {
    unreachable,       ///< No answer within TurnClientOptions::patience.
    notTurnServer,     ///< The reply is not from a turn server: check the URL.
    invalidRequest,    ///< The server will never take this: correct the name or the request.
    serverFull,        ///< The server has no room for more players or games: register again later.
    serverBusy,        ///< The server was busy, or this address over its rate limit, for all of the patience.
    registrationGone,  ///< The registration is gone: register again.
    partnerLeftEarly,  ///< The partner left before the game; this player still waits: pair again.
    partnerLeft,       ///< The partner has left; everything it sent before has been received.
    seatGone,          ///< The server no longer has this player's seat: register again for another game.
    outOfStep,         ///< Client and server disagree: one of them has a bug, or two clients share a seat.
};

/// Why a call failed, or why a game is over.
struct TurnFault {
    TurnFaultKind kind{};
    std::string meaning{};          ///< A message for users, without a full stop.
    int error = 0;                  ///< The server's error code; 0 if it did not come from the server.
    std::optional<int> detail{};    ///< The detail of the server's error, if any.
    /// Whether the partner quit; otherwise it was dropped for its silence.
    bool hasPartnerQuit() const { return error == 15 && detail == 5; }
};

/// The fault for an error code of the server; empty if the protocol has no such code.
inline std::optional<TurnFault> faultOf(int error, std::optional<int> detail = {}) {
    using Kind = TurnFaultKind;
    static constexpr struct { int error; Kind kind; const char* meaning; } known[] = {
        {1, Kind::invalidRequest, "the request had no usable length"},
        {2, Kind::invalidRequest, "the request was empty or not UTF-8"},
        {3, Kind::invalidRequest, "the server does not know this player's address"},
        {4, Kind::invalidRequest, "the request is malformed"},
        {5, Kind::registrationGone, "the server does not know this registration (any more)"},
        {7, Kind::invalidRequest, "invalid name: 1 to 64 characters, no control characters, no comma"},
        {9, Kind::partnerLeftEarly, "the partner left before the game"},
        {10, Kind::registrationGone, "the server dropped this player for being out of step"},
        {11, Kind::serverFull, "the server has no room for more players"},
        {12, Kind::serverFull, "the server has no room for more games"},
        {13, Kind::seatGone, "the server does not know this game (any more)"},
        {14, Kind::seatGone, "this player has left the game, or was silent too long"},
        {15, Kind::partnerLeft, "the partner has left"},
        {16, Kind::invalidRequest, "invalid name of the partner: 1 to 64 characters, no control characters, no comma"},
        {17, Kind::registrationGone, "the requested partner left before the game, which ended this registration"},
        {18, Kind::outOfStep, "the server has taken a later turn of this player"},
        {19, Kind::outOfStep, "the server has not taken this player's last turn"},
        {20, Kind::invalidRequest, "the request is longer than the server, or a proxy in front of it, accepts"},
        {21, Kind::serverBusy, "the partner has not collected what was sent before"},
        {22, Kind::serverBusy, "too many requests or players from this address"},
        {23, Kind::serverBusy, "the server is overloaded or cannot write its state"},
    };
    if (error == 15 && !detail) return TurnFault{Kind::partnerLeft, "the partner fell silent and was dropped", 15};
    for (const auto& one : known)
        if (one.error == error) return TurnFault{one.kind, one.meaning, error, detail};
    return {};
}

/// Timeouts and intervals of a client. The defaults suit a phone.
struct TurnClientOptions {
    Duration wait = std::chrono::seconds(15);  ///< How long the server may hold a reply; cut to whole seconds; 0: not.
    Duration pollInterval = std::chrono::seconds(1);        ///< How often to poll when replies are not held.
    Duration keepAlive = std::chrono::seconds(5);           ///< How long a seat with nothing to do sends nothing.
    Duration replyTimeout = std::chrono::seconds(5);        ///< A request is lost after this, in addition to wait.
    Duration patience = std::chrono::seconds(30);           ///< How long to repeat a lost request.
    Duration firstPause = std::chrono::milliseconds(50);    ///< The pause before the second repetition; then doubled.
    Duration longestPause = std::chrono::seconds(2);        ///< The longest pause between repetitions.
    bool savesEachTurn = false;  ///< The app stores save() after each turn; what is not saved is not acknowledged.
    /// The time since any fixed point.
    std::function<Duration()> clock = [] { return std::chrono::steady_clock::now().time_since_epoch(); };
    /// Draws 32 random bits, for tokens and for the jitter of pauses.
    std::function<std::uint32_t()> random = [] { return std::uint32_t{std::random_device{}()}; };

    /// `wait`, as the header Prefer has it.
    Duration heldWait() const { return std::chrono::duration_cast<std::chrono::seconds>(wait); }
};

/// Sends HTTP POSTs. It follows no redirects, keeps connections open, and sends two requests at once if it is told to.
class Transport {
public:
    using Handle = std::uint64_t;
    using Headers = std::vector<std::pair<std::string, std::string>>;
    static constexpr std::size_t replyBytesMax = 131072 + 64;  ///< May stop reading a body that is longer.
    struct Request { std::string url, body; Headers headers; Duration timeout; };
    struct Response {
        int status = 0;         ///< 0: no reply, or one that was cut short.
        std::string body{};
        Headers headers{};      ///< Names in any case; values without surrounding blanks.
        std::string reason{};   ///< Why there is no reply.
    };
    virtual ~Transport() = default;
    /// Sends without blocking. Calls `done` once, in the client's thread; it only stores the response.
    virtual Handle post(Request request, std::function<void(Response)> done) = 0;
    virtual void cancel(Handle handle) = 0;  ///< Drops a request: `done` is not called any more. Unknown: ignored.
    virtual void update() {}                 ///< Called by each update() of a client or game.
};

namespace text {

// A whole number in all of the text; none near the limits of 64 bits, so that sums do not overflow.
inline std::optional<std::int64_t> number(std::string_view digits) {
    std::int64_t value = 0;
    const auto end = digits.data() + digits.size();
    const auto [rest, fault] = std::from_chars(digits.data(), end, value);
    if (fault != std::errc() || rest != end || value < -1 || value > INT64_MAX / 2) return {};
    return value;
}

inline bool isUtf8(std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size();) {
        const auto lead = static_cast<unsigned char>(bytes[i]);
        const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        static constexpr std::uint32_t shortest[] = {0, 0, 0x80, 0x800, 0x10000};
        if ((lead >= 0x80 && lead < 0xC0) || lead > 0xF7 || length > bytes.size() - i) return false;
        std::uint32_t scalar = length == 1 ? lead : lead & (0x7Fu >> length);
        for (std::size_t k = 1; k < length; k++) {
            const auto next = static_cast<unsigned char>(bytes[i + k]);
            if ((next & 0xC0) != 0x80) return false;
            scalar = (scalar << 6) | (next & 0x3Fu);
        }
        if (scalar < shortest[length] || scalar > 0x10FFFF || (scalar >= 0xD800 && scalar < 0xE000)) return false;
        i += length;
    }
    return true;
}

// Without surrounding white space: what JavaScript's String.prototype.trim removes, so that all clients trim alike.
inline std::string trimmed(std::string_view name) {
    static constexpr std::string_view spaces[] = {"\t", "\n", "\v", "\f", "\r", " ", "\xC2\xA0", "\xE1\x9A\x80",
        "\xE2\x80\x80", "\xE2\x80\x81", "\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86",
        "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAF",
        "\xE2\x81\x9F", "\xE3\x80\x80", "\xEF\xBB\xBF"};
    for (std::size_t before = name.size() + 1; name.size() < before;) {
        before = name.size();
        for (const auto space : spaces) {
            if (name.substr(0, space.size()) == space) name.remove_prefix(space.size());
            if (name.size() >= space.size() && name.substr(name.size() - space.size()) == space)
                name.remove_suffix(space.size());
        }
    }
    return std::string(name);
}

// What is wrong with this as the URL of a turn server; empty: nothing.
inline std::string faultOfUrl(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == url.npos || (url.substr(0, scheme) != "http" && url.substr(0, scheme) != "https"))
        return "the URL has to begin with http:// or https://, such as http://localhost:8080/";
    const auto host = url.substr(scheme + 3, url.find_first_of("/?#", scheme + 3) - scheme - 3);
    if (host.find('@') != host.npos) return "the URL has a user name or a password: leave them out";
    const auto isBlank = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7F'; };
    return host.empty() || std::any_of(url.begin(), url.end(), isBlank) ? "the URL is malformed" : "";
}

// The length of a block's first turns, without the separator behind them.
inline std::size_t lengthOf(std::string_view block, std::int64_t turns) {
    std::size_t length = 0;
    for (; turns > 0 && length <= block.size(); turns--)
        length = std::min<std::size_t>(block.find('|', length), block.size()) + 1;
    return length == 0 ? 0 : length - 1;
}

}  // namespace text

/// What is needed to come back to a game. Clients in other languages write and read the same line of JSON.
struct SavedGame {
    std::int64_t version = 1;
    std::string url{}, key{};
    std::int64_t seat = 0;
    std::string partner{};
    bool isHost = false;
    std::int64_t counter = -1;                      // The last counter taken.
    std::int64_t taken = 0;                         // How many turns the server has taken.
    std::vector<std::string> last{}, unsent{};      // Those taken with the last update, and those not taken.
    std::int64_t received = 0;                      // How many of the partner's turns have arrived.
    std::vector<std::string> unread{};              // The last of those, which have not been read.

    std::string write() const;
    /// Empty if it is something else; `fault` says what.
    static std::optional<SavedGame> read(std::string_view line, std::string& fault);

private:
    template <class Game, class Visitor> static void visit(Game& game, Visitor field) {
        field("version", game.version);
        field("url", game.url);
        field("key", game.key);
        field("seat", game.seat);
        field("partner", game.partner);
        field("isHost", game.isHost);
        field("counter", game.counter);
        field("taken", game.taken);
        field("last", game.last);
        field("unsent", game.unsent);
        field("received", game.received);
        field("unread", game.unread);
    }
    std::string findFault() const;
};

namespace json {

inline void write(std::string& out, std::int64_t value) { out += std::to_string(value); }
inline void write(std::string& out, bool value) { out += value ? "true" : "false"; }
inline void write(std::string& out, std::string_view value) {
    out += '"';
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') out += '\\';
        if (byte < ' ')
            out += {'\\', 'u', '0', '0', byte < 16 ? '0' : '1', "0123456789abcdef"[byte % 16]};
        else
            out += c;
    }
    out += '"';
}
inline void write(std::string& out, const std::vector<std::string>& values) {
    out += '[';
    for (const auto& value : values) {
        if (&value != &values.front()) out += ',';
        write(out, std::string_view(value));
    }
    out += ']';
}

// Reads one value after another. After the first fault all else fails. The text must be UTF-8.
class Reader {
public:
    explicit Reader(std::string_view text) : _text(text) {}
    bool take(char c) {
        skipSpace();
        return skip(std::string_view(&c, 1));
    }
    bool isAtEnd() {
        skipSpace();
        return _text.empty();
    }
    template <class T> bool readNext(T& value) {
        skipSpace();
        return read(value);
    }

private:
    bool read(std::int64_t& value) {
        const auto digits = _text.substr(0, _text.find_first_not_of("-0123456789"));
        const auto number = text::number(digits);
        value = number.value_or(0);
        _text.remove_prefix(digits.size());
        return number && (digits == "0" || digits[digits[0] == '-' ? 1 : 0] != '0');
    }
    bool read(bool& value) { return (value = skip("true")) || skip("false"); }
    bool read(std::vector<std::string>& values) {
        if (!skip("[")) return false;
        if (take(']')) return true;
        do values.emplace_back();
        while (readNext(values.back()) && take(','));
        return take(']');
    }
    bool read(std::string& value) {
        if (!skip("\"")) return false;
        while (!_text.empty() && _text[0] != '"') {
            const char c = _text[0];
            _text.remove_prefix(1);
            if (static_cast<unsigned char>(c) < ' ' || (c == '\\' && !readEscape(value))) return false;
            if (c != '\\') value += c;
        }
        return skip("\"");
    }
    void skipSpace() {
        _text.remove_prefix(std::min<std::size_t>(_text.find_first_not_of(" \t\r\n"), _text.size()));
    }
    bool skip(std::string_view token) {
        const bool isHere = _text.substr(0, token.size()) == token;
        _text.remove_prefix(isHere ? token.size() : 0);
        return isHere;
    }
    bool readEscape(std::string& value) {
        static constexpr std::string_view names = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
        const auto at = _text.empty() ? names.npos : names.find(_text[0]);
        if (at == names.npos) return skip("u") && readScalar(value);
        value += meanings[at];
        _text.remove_prefix(1);
        return true;
    }
    bool readUnit(std::uint32_t& unit) {
        const auto begin = _text.data();
        const auto end = begin + std::min<std::size_t>(4, _text.size());
        const bool isUnit = std::from_chars(begin, end, unit, 16).ptr - begin == 4;
        _text.remove_prefix(isUnit ? 4 : 0);
        return isUnit;
    }
    bool readScalar(std::string& value) {
        std::uint32_t scalar = 0, low = 0;
        if (!readUnit(scalar) || (scalar >= 0xDC00 && scalar < 0xE000)) return false;
        if (scalar >= 0xD800 && scalar < 0xDC00) {
            if (!skip("\\u") || !readUnit(low) || low < 0xDC00 || low >= 0xE000) return false;
            scalar = 0x10000 + ((scalar - 0xD800) << 10) + (low - 0xDC00);
        }
        const int more = scalar < 0x80 ? 0 : scalar < 0x800 ? 1 : scalar < 0x10000 ? 2 : 3;
        static constexpr std::uint32_t leads[] = {0, 0xC0, 0xE0, 0xF0};
        value += static_cast<char>(leads[more] | (scalar >> (6 * more)));
        for (int k = more - 1; k >= 0; k--) value += static_cast<char>(0x80 | ((scalar >> (6 * k)) & 0x3F));
        return true;
    }
    std::string_view _text;
};

}  // namespace json

inline std::string SavedGame::write() const {
    std::string out;
    visit(*this, [&out](std::string_view name, const auto& value) {
        out += out.empty() ? '{' : ',';
        json::write(out, name);
        json::write(out += ':', value);
    });
    return out + "}";
}

inline std::optional<SavedGame> SavedGame::read(std::string_view line, std::string& fault) {
    SavedGame game;
    json::Reader reader(line);
    std::vector<std::string> seen;
    bool isGood = text::isUtf8(line) && reader.take('{');
    do {
        std::string name;
        isGood = isGood && reader.readNext(name) && reader.take(':');
        isGood = isGood && std::find(seen.begin(), seen.end(), name) == seen.end();
        bool isKnown = false;
        visit(game, [&](std::string_view field, auto& value) {
            if (isGood && field == name) isGood = isKnown = reader.readNext(value);
        });
        isGood = isGood && isKnown;
        seen.push_back(name);
    } while (isGood && reader.take(','));
    visit(game, [&seen, &isGood](std::string_view field, auto&) {
        isGood = isGood && std::find(seen.begin(), seen.end(), field) != seen.end();
    });
    fault = isGood && reader.take('}') && reader.isAtEnd() ? game.findFault()
        : "it is not a JSON object with the fields of one";
    if (fault.empty()) return game;
    fault = "this is not a saved game: " + fault;
    return {};
}

inline std::string SavedGame::findFault() const {
    const auto isBad = [](const std::string& turn) { return turn.empty() || turn.find('|') != turn.npos; };
    if (version != 1) return "its version is " + std::to_string(version) + ", not 1";
    if (const auto urlFault = text::faultOfUrl(url); !urlFault.empty()) return urlFault;
    if (key.empty() || key.find_first_not_of("0123456789") != key.npos || seat < 0 || seat > 1)
        return "its key or seat is malformed";
    if (taken < static_cast<std::int64_t>(last.size()) || received < static_cast<std::int64_t>(unread.size()))
        return "its counts are inconsistent";
    return std::any_of(last.begin(), last.end(), isBad) || std::any_of(unsent.begin(), unsent.end(), isBad)
        ? "one of its turns is empty or contains |" : "";
}

/// A reply of the server: `0/CODE/DATA` or `ERROR/DETAIL/DATA`, and its headers.
struct Reply {
    int error = 0;  ///< 0: the request was taken.
    std::optional<int> detail{};
    int code = 0;  ///< Of a reply without an error.
    std::string data{};
    bool isHeld = false;  ///< Whether the server held it.
    std::optional<std::int64_t> turnCounter{}, turnsTaken{}, turnsAcknowledged{}, partnerSilent{};

    /// As the first reply to a counter, 0/11/* may stand for a turn `*`. As 0 bytes are acknowledged, it comes again.
    bool isEmpty() const { return error == 0 && (code == 10 || (code == 11 && data == "*")); }
    bool hasTotals() const { return turnsTaken && turnsAcknowledged; }

    /// Empty if this is not a reply of a turn server.
    static std::optional<Reply> parse(std::string_view body) {
        const auto slash = body.find('/'), second = body.find('/', slash + 1);
        if (slash == body.npos || second == body.npos) return {};
        const auto middle = body.substr(slash + 1, second - slash - 1), rest = body.substr(second + 1);
        const auto error = text::number(body.substr(0, slash)), code = text::number(middle);
        if (!error || *error < 0 || *error > 255 || (code && (*code < 0 || *code > 255))) return {};
        Reply reply;
        reply.error = static_cast<int>(*error);
        if (reply.error == 0) {
            if (!code || *code > 11) return {};
            reply.code = static_cast<int>(*code);
            reply.data = rest;
            return reply;
        }
        if (!faultOf(reply.error) || (!code && middle != "*") || rest != "*") return {};
        if (code) reply.detail = static_cast<int>(*code);
        return reply;
    }

    /// Whether this can be the answer to a request with this symbol.
    bool answers(char symbol) const {
        switch (symbol) {
            case '0': return code == 0;
            case '2': return code >= 2 && code <= 4;
            case '3': return code == 5 || code == 6;
            case '4': return code == 7 || code == 8;
            case '6': return code >= 9 && code <= 11;
            default: return code == 1 || code == 10;
        }
    }
};

/// A request, which is repeated with the same bytes until it is answered.
struct SeatRequest {
    std::string body{};
    Duration wait{};             ///< How long the server may hold the reply.
    std::int64_t received = -1;  ///< How many bytes of the last block have arrived; -1: no header.
};

/// The result of a request. `fault` says why the server refused, or could not be reached.
struct Outcome {
    Reply reply{};
    std::optional<TurnFault> fault{};
};

/// Called with why something failed, or with nothing.
using Done = std::function<void(const std::optional<TurnFault>& fault)>;

/// The rules for one seat, without I/O and clock: which request to send next, and what a reply means. The update under
/// way carries the batch; each update says how much of the last block has arrived ("Saying what has arrived").
class SeatMachine {
public:
    enum class Step { send, pause, stop };
    struct Turn {
        std::string text;
        bool isSent;  // By send: its sender waits for the result, and a turn that is too long does not end the game.
        Done done;
    };

    SeatMachine(std::string key, std::int64_t seat, const TurnClientOptions& options)
        : _options(options), _tail("," + std::move(key) + "," + std::to_string(seat) + ",") {}

    /// Begins with a saved game. To be called first.
    void resume(const SavedGame& game) {
        _counter = game.counter;
        _fence = game.counter + underWayMax;
        _taken = game.taken;
        _last = game.last;
        for (const auto& turn : game.unsent) _turns.push_back({turn, false, nullptr});
        _savedReceived = _received = game.received;
        for (const auto& turn : game.unread) addUnread(turn);
        _isResumed = false;
        askWhereTheGameStands();
    }

    void put(Turn turn) { _turns.push_back(std::move(turn)); }
    void finish() { _isLast = true; }                   ///< The turns that wait are the last.
    void expectTurn() { _isReaderWaiting = true; }      ///< The game waits for the partner's next turn.
    void noteSaved(std::int64_t received) { _savedReceived = received; }
    bool isFinished() const { return _isLast; }
    bool isResumed() const { return _isResumed; }
    const std::optional<TurnFault>& ended() const { return _ended; }
    std::int64_t missed() const { return _missed; }     ///< Turns acknowledged after the save, lost to this game.
    std::deque<std::string>& unread() { return _unread; }
    const SeatRequest& request() const { return _request; }
    Duration pause() const { return _pause; }
    bool wantsToAbandon() const { return _isLast || !_turns.empty(); }  ///< The held reply: there is a turn to send.

    std::optional<std::string> takeUnread() {
        if (_unread.empty()) return {};
        auto turn = std::move(_unread.front());
        _unread.pop_front();
        _unreadBytes -= turn.size() + 1;
        return turn;
    }

    /// The calls that are due for turns of `send`; each is handed out once.
    std::vector<std::function<void()>> takeResults() { return std::exchange(_results, {}); }

    /// Fills in what a saved game keeps of this seat.
    void save(SavedGame& game) const {
        game.counter = _counter;
        game.taken = _taken;
        game.last = _last;
        game.unsent.clear();
        for (const auto* turns : {&_batch, &_turns})
            for (const auto& turn : *turns) game.unsent.push_back(turn.text);
        game.received = _received;
        game.unread.assign(_unread.begin(), _unread.end());
    }

    /// What to do next: send request(), wait for pause() or until something happens, or stop.
    Step next(Duration now) {
        if (_state == State::idle) return begin(now);
        if (_state == State::backlogFull) {
            if (now < _retryAt) return pauseFor(_retryAt - now);
            if (hasRoom() && _counter >= 0)
                send(State::repeating, _lastAccepted);
            else
                sendUpdate();
        }
        return Step::send;
    }

    /// The request has been answered, or has failed for good.
    void complete(const Outcome& outcome, Duration now) {
        const auto& reply = outcome.reply;
        if (_request.wait > Duration::zero()) _canHold = reply.isHeld || (_canHold && !reply.isEmpty());
        switch (_state) {
            case State::updating: completeUpdate(outcome, now); break;
            case State::confirming: confirm(outcome, now); break;
            case State::repeating: repeat(outcome, now); break;
            case State::resuming: completeResuming(outcome, now); break;
            case State::freeingCounter: freeCounter(outcome, now); break;
            default: break;
        }
    }

    /// The request, whose reply was held, has been abandoned. If it carries turns, their result must be known first.
    void abandon(Duration now) {
        _request.wait = Duration::zero();
        if (!_batch.empty()) return;
        _unconfirmed.push_back(_request);
        Outcome assumed;
        assumed.reply.code = 10;
        finishUpdate(assumed, now);
    }

    /// The game is over: turns that have not been sent fail.
    void close() {
        _isLast = _isResumed = true;
        returnBatch();
        _turns.swap(_batch);
        settleBatch(_ended);
    }

private:
    enum class State {
        idle,
        updating,        // The update is under way.
        confirming,      // The server lacks an unconfirmed update: sends the unconfirmed ones again first.
        backlogFull,     // The partner's backlog has no room for the update.
        repeating,       // Repeats the last update to collect turns; this acknowledges nothing.
        resuming,        // Asks for the last counter, and for how many turns the server has taken.
        freeingCounter,  // Sends an empty update under the refused update's counter, to acknowledge.
    };
    static constexpr std::size_t backlogBytesMax = 131072, bodyBytesMax = 16384;
    static constexpr Duration fullPauseFirst = std::chrono::milliseconds(2);
    static constexpr Duration fullPauseLongest = std::chrono::milliseconds(250);
    // How many counters after the last known one an earlier process may have used: an abandoned update's, and the next.
    static constexpr int underWayMax = 2;

    Step begin(Duration now) {
        if (_ended || (_isLast && _turns.empty())) return Step::stop;
        // Nothing is sent before the first save: until then the registration's token leads back to the game.
        if (_options.savesEachTurn && _savedReceived < 0 && !_isLast) return pauseFor(_options.keepAlive);
        if (_counter < _fence) return startUpdate(Duration::zero());
        if (!_turns.empty() && (hasRoom() || _isLast)) {
            takeBatch();
            _fullPause = fullPauseFirst;
            // Ask for a held reply only if neither a sender nor further turns wait for this update's result.
            const bool isAwaited = !_turns.empty() || _isLast
                || std::any_of(_batch.begin(), _batch.end(), [](const Turn& turn) { return turn.isSent; });
            return startUpdate(isAwaited ? Duration::zero() : _options.heldWait());
        }
        const bool isReaderWaiting = _isReaderWaiting && _unread.empty();
        const auto pause = silenceMax(isReaderWaiting) - (now - _lastHeardAt);
        if (pause > Duration::zero()) return pauseFor(pause);
        if (_counter >= 0 && (!hasRoom() || hasUnsaved())) return send(State::repeating, _lastAccepted);
        return startUpdate(isReaderWaiting ? _options.heldWait() : Duration::zero());
    }

    // How long to send nothing after the last reply.
    Duration silenceMax(bool isReaderWaiting) const {
        if (!isReaderWaiting || !hasRoom() || hasUnsaved()) return _options.keepAlive;
        if (_canHold && _options.heldWait() > Duration::zero()) return Duration::zero();
        return std::min<Duration>(_options.pollInterval, _options.keepAlive);
    }

    // Turns that no saved game has are not acknowledged, and no reply is held while there are any.
    bool hasUnsaved() const { return acknowledgeableBytes() < _block.size(); }
    std::size_t acknowledgeableBytes() const {
        // A resumed game takes no further blocks while there is no room.
        if (_counter < _fence && !hasRoom()) return 0;
        return _options.savesEachTurn ? text::lengthOf(_block, _savedReceived - _acknowledged) : _block.size();
    }

    bool hasRoom() const { return _unreadBytes < backlogBytesMax; }
    Step pauseFor(Duration pause) {
        _pause = pause;
        return Step::pause;
    }
    Step send(State state, SeatRequest request) {
        _state = state;
        _request = std::move(request);
        return Step::send;
    }
    Step startUpdate(Duration wait) {
        _update = compose(_batch, wait);
        return sendUpdate();
    }
    Step sendUpdate() {
        _confirmed = 0;
        return resendUpdate();
    }
    // Not held any more once other turns wait for its result.
    Step resendUpdate() {
        auto update = _update;
        if (wantsToAbandon()) update.wait = Duration::zero();
        return send(State::updating, std::move(update));
    }
    void askWhereTheGameStands() { send(State::resuming, {body({}, INT64_MAX)}); }

    SeatRequest compose(const std::deque<Turn>& turns, Duration wait) const {
        const auto received = static_cast<std::int64_t>(acknowledgeableBytes());
        return {body(turns, _counter + 1), wait, _counter < 0 ? -1 : received};
    }
    std::string body(const std::deque<Turn>& turns, std::int64_t counter) const {
        std::string body = "6,";
        for (const auto& turn : turns) body += (&turn == &turns.front() ? "" : "|") + turn.text;
        return body + _tail + std::to_string(counter);
    }

    void completeUpdate(const Outcome& outcome, Duration now) {
        const int error = outcome.reply.error;
        if (_confirmed == 0 && !_unconfirmed.empty() && error == 19) {
            send(State::confirming, _unconfirmed[0]);
        } else if (isOvertaken(error)) {
            askWhereTheGameStands();
        } else {
            // The length is checked before the counter: this refusal tells nothing about earlier updates.
            if (error != 20) _unconfirmed.clear();
            finishUpdate(outcome, now);
        }
    }

    // Whether a late update of an earlier process has been taken meanwhile, beyond the counter of this request.
    bool isOvertaken(int error) const { return _counter < _fence && error == 18; }

    void confirm(const Outcome& outcome, Duration now) {
        // 18: this update arrived late after all, and then a late copy of the refused one was taken.
        if (outcome.fault && outcome.reply.error != 18)
            finishUpdate(outcome, now);
        else if (++_confirmed < _unconfirmed.size())
            send(State::confirming, _unconfirmed[_confirmed]);
        else
            resendUpdate();
    }

    void finishUpdate(const Outcome& outcome, Duration now) {
        if (!_batch.empty() && outcome.reply.error == 21) {
            // A late copy of the update may still be taken, so the very same update is repeated until it is.
            _state = State::backlogFull;
            _retryAt = now + _fullPause;
            _fullPause = std::min<Duration>(_fullPause * 2, fullPauseLongest);
        } else if (!_batch.empty() && outcome.reply.error == 20) {
            refuse(outcome.fault, now);
        } else {
            take(_update, outcome, now);
            completeBatch(outcome.fault);
        }
    }

    // Too long for the server or a proxy: several turns are split up, a single one is refused.
    void refuse(const std::optional<TurnFault>& fault, Duration now) {
        _lastHeardAt = now;
        if (_batch.size() > 1) {
            _batchBytesMax = 0;
            for (const auto& turn : _batch) _batchBytesMax += turn.text.size();
            _batchBytesMax /= 2;
            returnBatch();
            _state = State::idle;
            return;
        }
        if (!_batch[0].isSent) _ended = fault;
        completeBatch(fault);
    }

    void repeat(const Outcome& outcome, Duration now) {
        if (_batch.empty() && isOvertaken(outcome.reply.error)) return askWhereTheGameStands();
        // 18: the refused update has been taken after all; repeating it will show that.
        const bool isTaken = !_batch.empty() && outcome.reply.error == 18;
        if (!isTaken) deliver(outcome, now);
        if (_batch.empty()) {
            _state = State::idle;
            _isResumed = true;
        } else if (_ended) {
            completeBatch(_ended);
        } else if (!isTaken && _block.size() > backlogBytesMax - bodyBytesMax && acknowledgeableBytes() > 0
            && outcome.reply.hasTotals()) {
            // Both backlogs may be full, and only an update that is taken acknowledges ("Rules for clients").
            send(State::freeingCounter, compose({}, Duration::zero()));
        } else {
            sendUpdate();
        }
    }

    void freeCounter(const Outcome& outcome, Duration now) {
        // The refused update has been taken after all; repeating it gets its block.
        if (outcome.reply.hasTotals() && *outcome.reply.turnsTaken > _taken) {
            sendUpdate();
            return;
        }
        take(_request, outcome, now);
        if (_ended) return completeBatch(_ended);
        // The counter has carried an empty update, so the turns go out under the next one.
        returnBatch();
        _state = State::idle;
    }

    void take(const SeatRequest& update, const Outcome& outcome, Duration now) {
        if (!outcome.fault) {
            _counter++;
            _lastAccepted = update;
            _lastAccepted.wait = Duration::zero();
            if (outcome.reply.code == 11 && outcome.reply.hasTotals()) {
                // By this update, or by one that an earlier process sent under its counter.
                acknowledge(text::lengthOf(_block, *outcome.reply.turnsAcknowledged - _acknowledged));
                if (!setTaken(*outcome.reply.turnsTaken)) endOutOfStep("the server has lost turns that it had taken");
            } else {
                acknowledge(update.received < 0 ? 0 : static_cast<std::size_t>(update.received));
            }
        }
        deliver(outcome, now);
    }

    // The refusal says where the game stands; then the last block comes again.
    void completeResuming(const Outcome& outcome, Duration now) {
        const auto& reply = outcome.reply;
        _lastHeardAt = now;
        _state = State::idle;
        if (!reply.turnCounter || !reply.hasTotals()) {
            if (outcome.fault && reply.error != 19)
                _ended = outcome.fault;
            else
                endOutOfStep("the server does not say what it has taken: it is older than this client");
        } else if (!setTaken(*reply.turnsTaken)) {
            endOutOfStep("the server has lost turns that it had taken");
        } else {
            _counter = *reply.turnCounter;
            _fence = std::max<std::int64_t>(_fence, _counter + underWayMax);
            resumeBlock(*reply.turnsAcknowledged);
            _lastAccepted = {body({}, _counter)};
            if (_counter >= 0) send(State::repeating, _lastAccepted);
        }
        if (_state == State::idle) _isResumed = true;
    }

    void endOutOfStep(const char* meaning) { _ended = TurnFault{TurnFaultKind::outOfStep, meaning}; }

    // The block: a block only grows, and what is not acknowledged begins the next. So what follows _block is new.
    void resumeBlock(std::int64_t acknowledged) {
        _acknowledged = acknowledged;
        _block.clear();
        _known = std::max<std::int64_t>(0, _received - acknowledged);
        const auto missed = std::max<std::int64_t>(0, acknowledged - _received);
        _missed += missed;
        _received += missed;
    }
    void acknowledge(std::size_t bytes) {
        if (bytes == 0 || _block.empty()) return;
        const auto end = _block.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(bytes, _block.size()));
        const auto turns = std::count(_block.begin(), end, '|') + 1;
        _acknowledged += turns;
        _known = std::max<std::int64_t>(0, _known - turns);
        _block.erase(0, bytes >= _block.size() ? _block.npos : bytes + 1);
    }
    void deliver(const Outcome& outcome, Duration now) {
        const auto& reply = outcome.reply;
        _lastHeardAt = now;
        if (outcome.fault) _ended = outcome.fault;
        if (outcome.fault || reply.isEmpty() || reply.data.size() <= _block.size()) return;
        auto begin = std::max<std::size_t>(_block.size(), text::lengthOf(reply.data, _known));
        _block = reply.data;
        if (begin == _block.size()) return;
        _isReaderWaiting = false;
        for (begin += begin > 0 ? 1 : 0; begin <= _block.size();) {
            const auto end = std::min<std::size_t>(_block.find('|', begin), _block.size());
            addUnread(_block.substr(begin, end - begin));
            _received++;
            begin = end + 1;
        }
    }
    void addUnread(std::string turn) {
        _unreadBytes += turn.size() + 1;
        _unread.push_back(std::move(turn));
    }

    // The outbox: the batch of the update under way, and the turns that wait.
    void takeBatch() {
        for (std::size_t bytes = 0; !_turns.empty(); _turns.pop_front()) {
            const auto& next = _turns.front();
            if (!_batch.empty() && bytes + next.text.size() > _batchBytesMax) return;
            bytes += next.text.size() + 1;
            _batch.push_back(next);
        }
    }
    void returnBatch() {
        _turns.insert(_turns.begin(), _batch.begin(), _batch.end());
        _batch.clear();
    }
    void completeBatch(const std::optional<TurnFault>& fault) {
        settleBatch(fault);
        _state = State::idle;
    }
    void settleBatch(const std::optional<TurnFault>& fault) {
        if (!fault && !_batch.empty()) {
            _taken += static_cast<std::int64_t>(_batch.size());
            _last.clear();
            for (const auto& turn : _batch) _last.push_back(turn.text);
        }
        for (auto& turn : _batch)
            if (auto done = std::exchange(turn.done, nullptr))
                _results.push_back([done = std::move(done), fault] { done(fault); });
        // If the game is over, its turns stay for a saved game: who could not reach the server may come back.
        if (fault && fault->error != 20) returnBatch();
        _batch.clear();
    }
    // How many turns the server has taken since the game began. False if it has lost more than are known here.
    bool setTaken(std::int64_t taken) {
        returnBatch();
        const auto lost = _taken - taken;
        if (lost > static_cast<std::int64_t>(_last.size())) return false;
        if (lost > 0) {
            const auto first = _last.end() - static_cast<std::ptrdiff_t>(lost);
            for (auto turn = _last.end(); turn != first;) _turns.push_front({*--turn, false, nullptr});
            _last.clear();
        }
        for (auto left = -lost; left > 0 && !_turns.empty(); left--) {
            _batch.push_back(std::move(_turns.front()));
            _turns.pop_front();
        }
        settleBatch({});
        _taken = taken;
        return true;
    }

    const TurnClientOptions _options;
    const std::string _tail;
    State _state = State::idle;
    SeatRequest _request, _update, _lastAccepted;
    std::int64_t _counter = -1;        // The last counter taken.
    std::int64_t _fence = INT64_MIN;   // Empty updates come first, up to this: then no late update can be taken.
    std::int64_t _savedReceived = -1;  // How many of the partner's turns the last saved game has; -1: none was saved.
    std::vector<SeatRequest> _unconfirmed;  // Updates whose replies were abandoned; assumed to be taken.
    std::size_t _confirmed = 0;
    std::size_t _batchBytesMax = bodyBytesMax - 64;  // Lowered once a longer update was refused.
    std::deque<Turn> _batch, _turns;
    std::vector<std::string> _last;  // The turns taken with the last update, in case the server loses them.
    std::int64_t _taken = 0;
    bool _isLast = false, _canHold = true, _isResumed = true, _isReaderWaiting = false;
    std::string _block;  // The part of the current block that has been delivered.
    std::int64_t _acknowledged = 0, _known = 0, _missed = 0, _received = 0;  // _known: delivered before the resume.
    std::deque<std::string> _unread;
    std::size_t _unreadBytes = 0;
    Duration _lastHeardAt{}, _fullPause{}, _retryAt{}, _pause{};
    std::optional<TurnFault> _ended;
    std::vector<std::function<void()>> _results;
};

/// Sends one request at a time, and repeats the same bytes until a reply comes or the patience is over.
class RequestSender {
public:
    RequestSender(Transport& transport, std::string url, TurnClientOptions options)
        : _transport(transport), _url(std::move(url)), _options(std::move(options)) {}
    RequestSender(const RequestSender&) = delete;
    RequestSender& operator=(const RequestSender&) = delete;
    ~RequestSender() {
        abandon();
        for (auto& attempt : _abandoned) drop(attempt);
    }

    /// Begins with a request, which takes the place of one under way.
    void send(SeatRequest request) {
        abandon();
        _request = std::move(request);
        _settled.reset();
        _firstFailedAt.reset();
        _pause = Duration::zero();
        _retryAt = _options.clock();
    }
    /// Stands for a request that need not be sent.
    void settle(TurnFault fault) {
        send({});
        _settled = Outcome{{}, std::move(fault)};
    }
    /// Ignores the reply of the request under way. It most often comes soon: waiting for it keeps the connection open.
    void abandon() {
        if (!_attempt) return;
        _attempt->droppedAt = _options.clock() + abandonGrace;
        _abandoned.push_back(std::exchange(_attempt, nullptr));
    }
    /// Gives up abandoned requests whose replies have not come. To be called each frame.
    void dropAbandoned() {
        const auto isOver = [this, now = _options.clock()](std::shared_ptr<Attempt>& attempt) {
            if (!attempt->response && now < attempt->droppedAt) return false;
            drop(attempt);
            return true;
        };
        _abandoned.erase(std::remove_if(_abandoned.begin(), _abandoned.end(), isOver), _abandoned.end());
    }
    /// The outcome, once there is one.
    std::optional<Outcome> update() {
        if (_settled) return std::exchange(_settled, {});
        const auto now = _options.clock();
        if (!_attempt) {
            if (now < _retryAt) return {};
            post(now);
        }
        if (!_attempt->response && now < _attempt->sentAt + timeout()) return {};
        const auto verdict = _attempt->response ? judge(*_attempt->response) : lost("no reply in time");
        drop(_attempt);
        if (verdict.isFinal) return verdict.outcome;
        // Counted from when it was known to be lost: a held reply is given up late.
        if (!_firstFailedAt) _firstFailedAt = now;
        // With a jitter from 0.5 to 1, so that after a restart not all clients come back at the same instant.
        const double jitter = 0.5 + _options.random() / 8589934592.0;
        const auto pause = verdict.retryAfter + std::chrono::duration_cast<Duration>(_pause * jitter);
        if (now - *_firstFailedAt + pause > _options.patience) return verdict.outcome;
        _retryAt = now + pause;
        const bool isFirst = _pause == Duration::zero();
        _pause = isFirst ? _options.firstPause : std::min<Duration>(_pause * 2, _options.longestPause);
        return {};
    }

private:
    static constexpr Duration abandonGrace = std::chrono::seconds(1);

    struct Attempt {
        Duration sentAt{}, droppedAt{};
        Transport::Handle handle = 0;
        std::optional<Transport::Response> response{};
    };
    struct Verdict {
        Outcome outcome{};
        bool isFinal = false;
        Duration retryAfter{};
    };

    Duration timeout() const { return _options.replyTimeout + _request.wait; }
    void drop(std::shared_ptr<Attempt>& attempt) {
        if (attempt && !attempt->response) _transport.cancel(attempt->handle);
        attempt.reset();
    }
    void post(Duration now) {
        using std::chrono::seconds;
        Transport::Request request{_url, _request.body, {{"Content-Type", "text/plain"}}, timeout()};
        const auto wait = std::chrono::duration_cast<seconds>(_request.wait).count();
        if (wait > 0) request.headers.emplace_back("Prefer", "wait=" + std::to_string(wait));
        if (_request.received >= 0) request.headers.emplace_back("Turn-Received", std::to_string(_request.received));
        _attempt = std::make_shared<Attempt>();
        _attempt->sentAt = now;
        _attempt->handle = _transport.post(std::move(request), [attempt = _attempt](Transport::Response response) {
            attempt->response = std::move(response);
        });
    }

    static Verdict lost(const std::string& why) {
        return {{{}, TurnFault{TurnFaultKind::unreachable, "the server cannot be reached: " + why}}};
    }
    static Verdict notTurnServer(const std::string& why) {
        return {{{}, TurnFault{TurnFaultKind::notTurnServer, "this is not a turn server: " + why}}, true};
    }
    static std::string header(const Transport::Response& response, std::string_view name) {
        const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
        const auto equal = [&](char a, char b) { return lower(a) == lower(b); };
        for (const auto& [key, value] : response.headers)
            if (std::equal(key.begin(), key.end(), name.begin(), name.end(), equal)) return value;
        return {};
    }
    static std::optional<std::int64_t> count(const Transport::Response& response, std::string_view name) {
        const auto number = text::number(header(response, name));
        return number && *number >= 0 ? number : std::nullopt;
    }
    Verdict judge(const Transport::Response& response) const {
        const int status = response.status;
        if (status == 0) return lost(response.reason);
        if (response.body.size() > Transport::replyBytesMax) return notTurnServer("its answer is too long");
        auto reply = Reply::parse(response.body);
        if (!reply) {
            const auto answer = "it answers with status " + std::to_string(status);
            // From a proxy whose server is down for a moment, or that limits this address's rate.
            if ((status >= 500 && status != 501) || status == 408 || status == 429) return lost(answer);
            // From a proxy whose limit is lower than the server's.
            if (status == 413) return {{{20}, faultOf(20)}, true};
            const auto location = header(response, "Location");
            return notTurnServer(location.empty() ? answer : "it redirects to " + location);
        }
        reply->isHeld = !header(response, "Preference-Applied").empty();
        reply->turnCounter = text::number(header(response, "Turn-Counter"));
        reply->turnsTaken = count(response, "Turns-Taken");
        reply->turnsAcknowledged = count(response, "Turns-Acknowledged");
        reply->partnerSilent = count(response, "Partner-Silent");
        if (reply->error == 0 && !reply->answers(_request.body[0])) return notTurnServer("it answers another request");
        Verdict verdict{{*reply, faultOf(reply->error, reply->detail)}, reply->error != 22 && reply->error != 23};
        // The server asks for a second; do not wait for hours because a proxy says so.
        const auto retryAfter = std::min<std::int64_t>(5, count(response, "Retry-After").value_or(0));
        if (!verdict.isFinal) verdict.retryAfter = std::chrono::seconds(retryAfter);
        return verdict;
    }

    Transport& _transport;
    const std::string _url;
    const TurnClientOptions _options;
    SeatRequest _request;
    std::shared_ptr<Attempt> _attempt;
    std::vector<std::shared_ptr<Attempt>> _abandoned;
    std::optional<Outcome> _settled;
    std::optional<Duration> _firstFailedAt;
    Duration _pause{}, _retryAt{};
};

/// A value, or the fault that prevented it.
template <class T> struct TurnResult {
    T value{};
    std::optional<TurnFault> fault{};
};

/// A pair of players, as one of them sees it.
struct Pairing {
    bool isHost = false;  ///< Whether this player hosts: its request made the pair.
    std::string partner{};
};

/// One seat of a game. Turns arrive exactly once and in order, even if requests and replies are lost. It keeps the seat
/// alive while update() is called. Destroyed without quit(), the server drops the player later.
class TurnGame {
public:
    /// Called with each of the partner's turns. While it is empty, turns wait, and in the end the partner, too.
    std::function<void(const std::string& turn)> onTurn;
    /// Called once when the game is over, after all turns; not after quit().
    std::function<void(const TurnFault& fault)> onEnded;
    /// Called once when a resumed game is on. If that fails, only onEnded is called.
    std::function<void()> onResumed;

    /// From TurnClient::play and resume. The transport must outlive the game.
    TurnGame(Transport& transport, const TurnClientOptions& options, SavedGame game, bool isResumed)
        : _transport(transport), _options(options), _game(std::move(game)), _pairing{_game.isHost, _game.partner},
          _machine(_game.key, _game.seat, options), _sender(transport, _game.url, options),
          _startedAt(options.clock()), _isResumeDue(isResumed) {
        if (isResumed) _machine.resume(_game);
    }

    /// Comes back to a game that was saved; the saved one must not be used any more.
    static TurnResult<std::unique_ptr<TurnGame>> resume(Transport& transport, std::string_view saved,
        const TurnClientOptions& options = {}) {
        std::string fault;
        auto game = SavedGame::read(saved, fault);
        if (!game) return {nullptr, TurnFault{TurnFaultKind::invalidRequest, fault}};
        return {std::make_unique<TurnGame>(transport, options, std::move(*game), true)};
    }

    /// Whether this can be sent: 1 to 16320 bytes of UTF-8 without `|`.
    static bool isTurn(std::string_view turn) {
        return !turn.empty() && turn.size() <= 16320 && turn.find('|') == turn.npos && text::isUtf8(turn);
    }

    const Pairing& pairing() const { return _pairing; }
    /// 0 if this player was ready last, 1 if it was ready first.
    int seat() const { return static_cast<int>(_game.seat); }
    /// Why the game is over; empty while it is on.
    const std::optional<TurnFault>& ended() const { return _machine.ended(); }
    /// For how many seconds the server had not heard from the partner when it sent its last reply; -1: not known yet.
    std::int64_t partnerSilent() const { return _partnerSilent; }
    /// How many of the partner's turns were acknowledged after the save, and are lost to a resumed game.
    std::int64_t missed() const { return _machine.missed(); }

    /// Sends a turn. `done` gets nothing when the server has taken it. With error 20 it is too long for the server, and
    /// the game goes on. False, and nothing is sent: it is not a turn, or the game is over.
    bool send(std::string turn, Done done = nullptr) { return put({std::move(turn), true, std::move(done)}); }

    /// Queues a turn; its request also waits for the partner's next one. If it cannot be sent the game is over.
    bool post(std::string turn) { return put({std::move(turn), false, nullptr}); }

    /// What is needed to come back to this game, as one line of text: store it with the state of your game, then call
    /// saved(). `next` is the turn that you will send next. Empty if that is not a turn.
    std::string save(const std::string& next = {}) const {
        if (!next.empty() && !isTurn(next)) return {};
        auto game = _game;
        _machine.save(game);
        if (!next.empty()) game.unsent.push_back(next);
        return game.write();
    }

    /// The app has stored this text. False if it is not a saved game.
    bool saved(std::string_view text) {
        std::string fault;
        const auto game = SavedGame::read(text, fault);
        if (game) _machine.noteSaved(game->received);
        return game.has_value();
    }

    /// Leaves the game after the server has taken all queued turns. `done` says why the game had ended before.
    void quit(Done done = nullptr) {
        _machine.finish();
        _quit = done ? std::move(done) : [](const std::optional<TurnFault>&) {};
    }

    /// Sends, receives and calls back. To be called each frame.
    void update() {
        _transport.update();
        _sender.dropAbandoned();
        do callBack();
        while (step());
    }

private:
    enum class Phase { playing, over, leaving, left };

    bool put(SeatMachine::Turn turn) {
        if (_machine.isFinished() || !isTurn(turn.text)) return false;
        _machine.put(std::move(turn));
        return true;
    }

    // A callback may replace itself, which destroys what is called.
    template <typename Callback> static Callback copyOf(const Callback& callback) { return callback; }

    void callBack() {
        for (const auto& result : _machine.takeResults()) result();
        if (!_machine.isResumed()) return;
        const bool isOver = _machine.ended() && _machine.unread().empty();
        if (std::exchange(_isResumeDue, false) && onResumed && !isOver) copyOf(onResumed)();
        while (onTurn && !_machine.unread().empty()) copyOf(onTurn)(*_machine.takeUnread());
        if (onTurn) _machine.expectTurn();
        if (_phase != Phase::over || !_machine.unread().empty() || _quit) return;
        if (std::exchange(_isEndDue, false) && onEnded) copyOf(onEnded)(*_machine.ended());
    }

    // Whether there is more to do at once.
    bool step() {
        switch (_phase) {
            case Phase::playing: return play();
            case Phase::over: return _quit && leave();
            case Phase::leaving: return completeLeaving();
            default: return false;
        }
    }

    bool play() {
        const auto now = _options.clock() - _startedAt;
        if (_isSending) {
            if (const auto outcome = _sender.update()) {
                _partnerSilent = outcome->reply.partnerSilent.value_or(_partnerSilent);
                _machine.complete(*outcome, now);
            } else if (_machine.request().wait > Duration::zero() && _machine.wantsToAbandon()) {
                _sender.abandon();
                _machine.abandon(now);
            } else {
                return false;
            }
            _isSending = false;
            return true;
        }
        const auto step = _machine.next(now);
        if (step == SeatMachine::Step::pause) return false;
        _isSending = step == SeatMachine::Step::send;
        if (_isSending) {
            _sender.send(_machine.request());
        } else {
            _machine.close();
            _phase = Phase::over;
        }
        return true;
    }

    bool leave() {
        const auto& ended = _machine.ended();
        // The loop has tried for long enough.
        if (ended && (ended->kind == TurnFaultKind::unreachable || ended->kind == TurnFaultKind::notTurnServer))
            _sender.settle(*ended);
        else
            _sender.send({"5,*," + _game.key + "," + std::to_string(_game.seat) + ",*"});
        _phase = Phase::leaving;
        return true;
    }

    bool completeLeaving() {
        const auto outcome = _sender.update();
        if (!outcome) return false;
        // An earlier attempt whose reply was lost may have ended it, or the partner left first.
        const bool isGone = outcome->fault && outcome->fault->kind == TurnFaultKind::seatGone;
        _phase = Phase::left;
        _quit(_machine.ended() ? _machine.ended() : isGone ? std::nullopt : outcome->fault);
        return false;
    }

    Transport& _transport;
    const TurnClientOptions _options;
    const SavedGame _game;  // Where it began; save() adds the rest.
    const Pairing _pairing;
    SeatMachine _machine;
    RequestSender _sender;
    const Duration _startedAt;
    Phase _phase = Phase::playing;
    bool _isSending = false, _isResumeDue, _isEndDue = true;
    std::int64_t _partnerSilent = -1;
    Done _quit;
};

/// A player up to the game: registerPlayer, pair, load, play. Each call repeats its request until the server answers,
/// and calls back once, from update(). A call takes the place of one under way, which then does not call back; one that
/// comes before registerPlayer has called back is refused.
class TurnClient {
public:
    struct Registration {
        std::string name{};           ///< 1 to 64 characters, no comma, in NFC; white space around it is removed.
        std::string partner{};        ///< The name of the only partner wanted; empty: any partner.
        std::string pool{};           ///< 1 to 32 visible ASCII characters, no comma and no #; empty: none.
        std::string token{};          ///< Used before, it returns the same registration; empty: draws one.
        bool hasLongTimeout = false;  ///< Asks for the server's long pairing timeout, for debugging.
    };

    /// The transport must outlive the client; players may share it. A bad URL is the fault of each call.
    TurnClient(std::string url, Transport& transport, TurnClientOptions options = {})
        : _url(std::move(url)), _transport(transport), _options(std::move(options)),
          _sender(transport, _url, _options) {}

    /// The token of the last registration. Registering with it again before the game keeps the place in the queue.
    const std::string& token() const { return _token; }

    /// Registers this player. (`register` is a keyword of C++.)
    void registerPlayer(const Registration& player, Done done) {
        const auto name = text::trimmed(player.name), partner = text::trimmed(player.partner);
        const auto isPoolByte = [](char c) { return c > ' ' && c < '\x7F' && c != ',' && c != '#'; };
        const auto& pool = player.pool;
        _token = player.token.empty() ? createToken() : player.token;
        _key.clear();
        const auto key = (player.hasLongTimeout ? "bibbybabbis" : "*") + (pool.empty() ? "" : "#" + pool);
        call("0," + name + "," + key + "," + (partner.empty() ? "*" : partner) + "," + _token, false, -1,
            [this, done = std::move(done)](const Outcome& outcome) {
                if (!outcome.fault) _key = outcome.reply.data;
                if (done) done(outcome.fault);
            });
        // The server would take a comma for the start of another field.
        if (name.find(',') != name.npos) _sender.settle(*faultOf(7));
        if (partner == "*" || partner.find(',') != partner.npos) _sender.settle(*faultOf(16));
        if (pool.size() > 32 || !std::all_of(pool.begin(), pool.end(), isPoolByte)) _sender.settle(*faultOf(4, 3));
    }

    /// Waits for a partner, without a timeout. May be called again at any time before the game.
    void pair(std::function<void(TurnResult<Pairing>)> done) {
        callRegistered('2', true, 2, [this, done = std::move(done)](const Outcome& outcome) {
            if (!outcome.fault) _pairing = {outcome.reply.code == 3, outcome.reply.data};
            done({_pairing, outcome.fault});
        });
    }

    /// Tells the server that this player is loading.
    void load(Done done) { callRegistered('3', false, -1, faultTo(std::move(done))); }

    /// Tells the server that this player is ready, and waits until the partner is.
    void play(std::function<void(TurnResult<std::unique_ptr<TurnGame>>)> done) {
        callRegistered('4', true, 7, [this, done = std::move(done)](const Outcome& outcome) {
            if (outcome.fault) return done({nullptr, outcome.fault});
            SavedGame game;
            game.url = _url;
            const auto& data = outcome.reply.data;
            game.key = data.substr(0, data.find('|'));
            game.seat = data.back() == '0' ? 0 : 1;
            game.partner = _pairing.partner;
            game.isHost = _pairing.isHost;
            done({std::make_unique<TurnGame>(_transport, _options, std::move(game), false)});
        });
    }

    /// Gives up the registration, and the game with it if this player has neither sent nor received anything in it.
    void unregister(Done done) {
        callRegistered('1', false, -1, [done = faultTo(std::move(done))](Outcome outcome) {
            // An earlier attempt may have ended it, and its reply was lost.
            if (outcome.fault && outcome.fault->kind == TurnFaultKind::registrationGone) outcome.fault.reset();
            done(outcome);
        });
    }

    /// Sends and calls back. To be called each frame, until the game begins.
    void update() {
        _transport.update();
        _sender.dropAbandoned();
        for (const auto& refused : std::exchange(_refused, {})) refused();
        if (!_done || (_isPollDue && _options.clock() < _pollAt)) return;
        if (std::exchange(_isPollDue, false)) begin();
        const auto outcome = _sender.update();
        if (!outcome) return;
        // No news: the server does not hold replies, or a second client of this player answers this one's held reply.
        _isPollDue = !outcome->fault && outcome->reply.code == _noNews;
        if (!_isPollDue) std::exchange(_done, nullptr)(*outcome);
    }

private:
    using Complete = std::function<void(const Outcome&)>;

    static Complete faultTo(Done done) {
        return [done = std::move(done)](const Outcome& outcome) {
            if (done) done(outcome.fault);
        };
    }
    std::string createToken() const {
        std::string token;
        for (int i = 0; i < 4; i++)
            for (auto bits = _options.random(), k = 8u; k > 0; bits >>= 4, k--) token += "0123456789abcdef"[bits & 15];
        return token;
    }
    // Repeats the request while the reply is `noNews`.
    void call(std::string body, bool canHold, int noNews, Complete done) {
        _request = {std::move(body), canHold ? _options.heldWait() : Duration::zero()};
        _noNews = noNews;
        _done = std::move(done);
        _isPollDue = false;
        begin();
        if (const auto fault = text::faultOfUrl(_url); !fault.empty())
            _sender.settle({TurnFaultKind::invalidRequest, fault});
    }
    // Refused, it takes no other's place: a registration may be under way.
    void callRegistered(char symbol, bool canHold, int noNews, Complete done) {
        if (!_key.empty() || !text::faultOfUrl(_url).empty())
            return call(symbol + (",*," + _key + ",*,*"), canHold, noNews, std::move(done));
        _refused.push_back([done = std::move(done)] {
            done({{}, TurnFault{TurnFaultKind::invalidRequest, "register first, and wait until it has called back"}});
        });
    }
    void begin() {
        _sender.send(_request);
        _pollAt = _options.clock() + _options.pollInterval;
    }

    const std::string _url;
    Transport& _transport;
    const TurnClientOptions _options;
    RequestSender _sender;
    std::string _token, _key;  // No key: not registered yet.
    Pairing _pairing;
    SeatRequest _request;
    int _noNews = -1;
    Complete _done;
    std::vector<std::function<void()>> _refused;  // Calls back those that came too early.
    bool _isPollDue = false;
    Duration _pollAt{};
};

}  // namespace turnserver
