-- The player's side of the turn protocol, version 1, for games with a frame loop: Defold, LÖVE, Solar2D. Turns arrive
-- exactly once and in order, even if requests or replies are lost. README.md has examples.
--
-- Nothing blocks: Client:update() sends, receives and calls the callbacks. A callback gets the result, or nil and a
-- fault: a table with kind, meaning (for users), error and detail (of the server's reply). In a coroutine the callback
-- can be left out: the call then waits, and returns what the callback would get.

local turn_client = {}

-- The longest turn, in bytes: the longest body minus what its other fields can take.
turn_client.TURN_BYTES_MAX = 16384 - 64

-- Timeouts and intervals, in seconds. The defaults suit a phone.
local DEFAULTS = {
    wait = 15,                  -- how long the server may hold a reply that has no news; rounded down; 0: poll
    poll_interval = 1,          -- between requests, if the server does not hold replies
    keep_alive = 5,             -- between requests while there are no turns to send and nobody reads
    reply_timeout = 5,          -- until a request counts as lost, in addition to the time its reply may be held
    patience = 30,              -- how long to repeat a lost request
    first_pause = 0.05,         -- before the second repetition; each further pause is twice as long
    longest_pause = 2,
    saves_each_turn = false,    -- whether the app stores Game:save() after each turn that it has read
}

local BACKLOG_BYTES_MAX = 131072
local REPLY_BYTES_MAX = BACKLOG_BYTES_MAX + 64
-- With more than this in the block, the partner's longest update may be refused.
local NEARLY_FULL_BYTES = BACKLOG_BYTES_MAX - 16384
-- No seat reaches it: the refusal says which counter was the last. A string, because a double cannot hold it.
local UNREACHABLE_COUNTER = "9223372036854775807"
-- How many counters after the last known one an earlier process may have used: of an abandoned update, and the next.
local UNDER_WAY_MAX = 2
-- Pauses before an update is repeated while the partner's backlog is full.
local FULL_PAUSE_FIRST, FULL_PAUSE_LONGEST = 0.002, 0.25
-- The reply to an abandoned request is most often on its way: waiting for it keeps the connection open.
local ABANDON_GRACE = 1
-- Do not wait for hours because a proxy says so.
local RETRY_AFTER_MAX = 5

-- Reply codes and errors.
local PAIRING, START_SERVER, PARTNER_LOAD, NO_DATA, REDUNDANT = 2, 3, 7, 10, 11
local BEHIND, AHEAD, TOO_LONG, BACKLOG_FULL, RATE_LIMITED, SERVER_BUSY = 18, 19, 20, 21, 22, 23

local NAME_RULE = ": 1 to 64 characters, no control characters, no comma"
local ERRORS = {
    [1] = {"invalid_request", "the request had no usable length"},
    [2] = {"invalid_request", "the request was empty or not UTF-8"},
    [3] = {"invalid_request", "the server does not know this player's address"},
    [4] = {"invalid_request", "the request is malformed"},
    [5] = {"registration_gone", "the server does not know this registration (any more)"},
    [7] = {"invalid_request", "invalid name" .. NAME_RULE},
    [9] = {"partner_left_early", "the partner left before the game"},
    [10] = {"registration_gone", "the server dropped this player for being out of step"},
    [11] = {"server_full", "the server has no room for more players"},
    [12] = {"server_full", "the server has no room for more games"},
    [13] = {"seat_gone", "the server does not know this game (any more)"},
    [14] = {"seat_gone", "this player has left the game, or was silent too long"},
    [15] = {"partner_left", "the partner has left, or fell silent and was dropped"},
    [16] = {"invalid_request", "invalid name of the partner" .. NAME_RULE},
    [17] = {"registration_gone", "the requested partner left before the game, which ended this registration"},
    [BEHIND] = {"out_of_step", "the server has taken a later turn of this player"},
    [AHEAD] = {"out_of_step", "the server has not taken this player's last turn"},
    [TOO_LONG] = {"invalid_request", "the request is longer than the server or a proxy in front of it accepts"},
    [BACKLOG_FULL] = {"server_busy", "the partner has not collected what was sent before"},
    [RATE_LIMITED] = {"server_busy", "too many requests or players from this address"},
    [SERVER_BUSY] = {"server_busy", "the server is overloaded or cannot write its state"},
}

local function fault(kind, meaning, code, detail)
    return {kind = kind, meaning = meaning, error = code or 0, detail = detail}
end

local function error_fault(code, detail)
    return fault(ERRORS[code][1], ERRORS[code][2], code, detail)
end

local CANNOT_RESUME = fault("out_of_step",
    "the server does not say what it has taken: it, or its part of this game, is older than this client")
local SERVER_BEHIND = fault("out_of_step", "the server has lost turns that it had taken")

---------------------------------------------------------------------------------------------------------------------
-- Texts: UTF-8, names, tokens, and the JSON of a saved game

-- The well-formed sequences of UTF-8: none is overlong or a surrogate.
local UTF8_SEQUENCES = {
    "^[^\128-\255]+()", "^[\194-\223][\128-\191]()", "^\224[\160-\191][\128-\191]()",
    "^[\225-\236\238\239][\128-\191][\128-\191]()", "^\237[\128-\159][\128-\191]()",
    "^\240[\144-\191][\128-\191][\128-\191]()", "^[\241-\243][\128-\191][\128-\191][\128-\191]()",
    "^\244[\128-\143][\128-\191][\128-\191]()",
}

local function is_utf8(text)
    local at, before = 1, nil
    repeat
        before = at
        for _, sequence in ipairs(UTF8_SEQUENCES) do
            at = text:match(sequence, at) or at
        end
    until at == before
    return at > #text
end

local function encode_utf8(code)
    local function rest(unit) return string.char(0x80 + math.floor(code / unit) % 0x40) end
    if code < 0x80 then return string.char(code) end
    if code < 0x800 then return string.char(0xC0 + math.floor(code / 0x40)) .. rest(1) end
    if code < 0x10000 then return string.char(0xE0 + math.floor(code / 0x1000)) .. rest(0x40) .. rest(1) end
    return string.char(0xF0 + math.floor(code / 0x40000)) .. rest(0x1000) .. rest(0x40) .. rest(1)
end

-- What JavaScript's String.prototype.trim removes, so that all clients trim alike.
local SPACES = {
    "[\t-\r ]", "\194\160", "\225\154\128", "\226\128[\128-\138\168\169\175]", "\226\129\159", "\227\128\128",
    "\239\187\191",
}

-- Lua cannot normalize to NFC: the app has to.
local function trim(name)
    local before
    repeat
        before = name
        for _, space in ipairs(SPACES) do
            name = name:gsub("^" .. space, ""):gsub(space .. "$", "")
        end
    until name == before
    return name
end

local TOKEN_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

-- math.random may be unseeded, and then gives every player the same numbers. So each letter also mixes in the clocks
-- and the address of a new table.
local function create_token(options)
    local letters, state = {}, 1
    for i = 1, 22 do
        local noise = tostring({}) .. ("%.17g"):format(options.clock()) .. os.time() .. os.clock()
            .. options.random(2147483646)
        for j = 1, #noise do
            state = (state + noise:byte(j)) * 48271 % 2147483647
        end
        local index = state % 64 + 1
        letters[i] = TOKEN_LETTERS:sub(index, index)
    end
    return table.concat(letters)
end

local ESCAPES = {['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t"}

-- Reads an object of strings, integers, booleans and lists of these, which is all that a saved game has.
local function read_json(text)
    local at, read_value = 1, nil

    local function fail(what)
        error(("this is not a saved game: %s at byte %d"):format(what, at), 0)
    end

    local function take(pattern)
        local found, after = text:match("^(" .. pattern .. ")()", at)
        at = after or at
        return found
    end

    local function take_token(pattern)
        take("[ \t\r\n]*")
        return take(pattern)
    end

    local function read_escape()
        local letter = take(".")
        if letter ~= "u" then return ESCAPES[letter] or fail("invalid escape") end
        local code = tonumber(take("%x%x%x%x") or fail("invalid escape"), 16)
        if code < 0xD800 or code > 0xDFFF then return encode_utf8(code) end
        local low = code < 0xDC00 and take("\\u[dD][c-fC-F]%x%x") or fail("half of a surrogate pair")
        return encode_utf8(0x10000 + (code - 0xD800) * 0x400 + tonumber(low:sub(3), 16) - 0xDC00)
    end

    local function read_string()
        local parts = {}
        while not take('"') do
            table.insert(parts, take('[^%z\1-\31"\\]+') or take("\\") and read_escape() or fail("unfinished string"))
        end
        return table.concat(parts)
    end

    local function read_items(close, read_item)
        if take_token(close) then return end
        repeat
            read_item()
        until not take_token(",")
        if not take_token(close) then fail("no comma or end") end
    end

    function read_value()
        if take_token('"') then return read_string() end
        if take("%[") then
            local list = {}
            read_items("%]", function() table.insert(list, read_value()) end)
            return list
        end
        local word = take("%a+") or take("%-?[1-9]%d*") or take("0") or fail("no value")
        if word == "true" or word == "false" then return word == "true" end
        -- More digits than a double holds exactly are refused.
        return #word <= 15 and tonumber(word) or fail("invalid value")
    end

    local object = {}
    if not take_token("{") then fail("no {") end
    read_items("}", function()
        local name = take_token('"') and read_string() or fail("no name")
        if not take_token(":") then fail("no :") end
        object[name] = read_value()
    end)
    take_token("")
    if at <= #text then fail("more text") end
    return object
end

local function quote(value)
    if type(value) == "string" then
        return '"' .. value:gsub('[%c"\\]', function(c) return ("\\u%04x"):format(c:byte()) end) .. '"'
    elseif type(value) ~= "table" then
        return type(value) == "number" and ("%d"):format(value) or tostring(value)
    end
    local quoted = {}
    for i, item in ipairs(value) do quoted[i] = quote(item) end
    return "[" .. table.concat(quoted, ",") .. "]"
end

local SAVED_FIELDS = {
    {"version", "number"}, {"url", "string"}, {"key", "string"}, {"seat", "number"}, {"partner", "string"},
    {"isHost", "boolean"}, {"counter", "number"}, {"taken", "number"}, {"last", "table"}, {"unsent", "table"},
    {"received", "number"}, {"unread", "table"},
}

local function write_saved_game(saved)
    local members = {}
    for i, field in ipairs(SAVED_FIELDS) do
        members[i] = ('"%s":%s'):format(field[1], quote(saved[field[1]]))
    end
    return "{" .. table.concat(members, ",") .. "}"
end

-- What is wrong with the URL of a server; nil: nothing.
local function url_fault(url)
    local host = type(url) == "string" and url:match("^[hH][tT][tT][pP][sS]?://([^/?#%s]+)")
    if not host then return "the URL has to begin with http:// or https://, such as http://localhost:8080/" end
    return host:find("@", 1, true) and "the URL has a user name or a password: leave them out" or nil
end

local function are_turns(list, is_own)
    for _, turn in ipairs(list) do
        if type(turn) ~= "string" or is_own and (turn == "" or turn:find("|", 1, true)) then return false end
    end
    return true
end

local function read_saved_game(text)
    local function check(condition, what)
        if not condition then error("this is not a saved game: " .. what, 0) end
    end
    check(type(text) == "string" and is_utf8(text), "it is not UTF-8")
    local saved = read_json(text)
    for _, field in ipairs(SAVED_FIELDS) do
        check(type(saved[field[1]]) == field[2], field[1] .. " is missing or malformed")
    end
    check(saved.version == 1, ("its version is %d, not 1"):format(saved.version))
    check(not url_fault(saved.url), url_fault(saved.url))
    check(saved.key:find("^%d+$") and (saved.seat == 0 or saved.seat == 1), "its key or seat is malformed")
    check(saved.counter >= -1 and saved.taken >= #saved.last and saved.received >= #saved.unread,
        "its counts are inconsistent")
    check(are_turns(saved.last, true) and are_turns(saved.unsent, true) and are_turns(saved.unread, false),
        "one of its turns is empty, contains | or is no text")
    return saved
end

---------------------------------------------------------------------------------------------------------------------
-- Replies and requests

-- Nil if there is no such header, or it is no number that a double holds exactly.
local function header_number(headers, name)
    local digits = tostring(headers[name]):match("^%-?%d+$")
    return digits and #digits <= 15 and tonumber(digits) or nil
end

-- Parses a reply (PROTOCOL.md, "Reply"), with the names of its headers in lower case; nil if it is none.
function turn_client.parse_reply(body, headers)
    local first, second, data = body:match("^(%d+)/([%d*]+)/(.*)$")
    local number, detail = tonumber(first), tonumber(second)
    local code = number == 0 and detail and detail <= REDUNDANT and detail or nil
    local is_error = ERRORS[number] and data == "*" and (detail or second == "*")
    if not code and not is_error then return nil end
    local taken, acknowledged = header_number(headers, "turns-taken"), header_number(headers, "turns-acknowledged")
    return {
        code = code, data = code and data or "", error = is_error and number or nil,
        held = headers["preference-applied"] ~= nil,
        fault = is_error and error_fault(number, detail) or nil, counter = header_number(headers, "turn-counter"),
        taken = acknowledged and taken, acknowledged = acknowledged, silent = header_number(headers, "partner-silent"),
    }
end

local function lost(why)
    return {is_unsettled = true, fault = fault("unreachable", "the server cannot be reached: " .. tostring(why))}
end

local function not_turn_server(why)
    return {fault = fault("not_turn_server", "this is not a turn server: " .. why)}
end

-- The first and the last reply code that can answer each symbol. The old server answers 1 and 5 with 10.
local ANSWERS = {
    ["0"] = {0, 0}, ["1"] = {1, 10}, ["2"] = {2, 4}, ["3"] = {5, 6}, ["4"] = {7, 8}, ["5"] = {1, 10}, ["6"] = {9, 11},
}

-- What a transport's result means for this request.
local function judge(request, status, headers, body)
    if not status then return lost(headers) end
    local reply = #body <= REPLY_BYTES_MAX and turn_client.parse_reply(body, headers)
    -- From a proxy whose server is down for a moment, that limits this address's rate, or with a lower limit.
    if not reply and (status >= 500 and status ~= 501 or status == 408 or status == 429) then
        return lost("the answer was " .. status)
    elseif not reply and status == 413 then
        return {error = TOO_LONG, fault = error_fault(TOO_LONG)}
    elseif not reply then
        return not_turn_server(headers.location and "it redirects to " .. headers.location
            or ("it answers %d, but not like a turn server"):format(status))
    end
    local range = ANSWERS[request.body:sub(1, 1)]
    if reply.code and (reply.code < range[1] or reply.code > range[2]) then
        return not_turn_server(("it answers %d to %s"):format(reply.code, request.body:sub(1, 1)))
    end
    reply.is_unsettled = reply.error == RATE_LIMITED or reply.error == SERVER_BUSY
    reply.retry_after = math.min(reply.is_unsettled and header_number(headers, "retry-after") or 0, RETRY_AFTER_MAX)
    return reply
end

-- Sends requests {body, wait, received}, and repeats the same bytes until a reply comes: requests are idempotent.
local Sender = {}
Sender.__index = Sender

-- Sends in the next update(), or at the time `at`, and passes the reply to on_reply.
function Sender:send(request, on_reply, at)
    local call = {request = request, on_reply = on_reply, at = at or 0, pause = 0}
    table.insert(self.calls, call)
    return call
end

-- Ignores the reply of a call.
function Sender:abandon(call)
    call.is_abandoned = true
    if call.attempt then
        call.attempt.deadline = math.min(call.attempt.deadline, self.options.clock() + ABANDON_GRACE)
    end
end

function Sender:update()
    local calls = self.calls
    self.calls = {}
    for _, call in ipairs(calls) do
        if self:advance(call, self.options.clock()) then table.insert(self.calls, call) end
    end
end

function Sender:attempt(call, now)
    local request, options, headers = call.request, self.options, {["Content-Type"] = "text/plain"}
    if request.wait > 0 then headers["Prefer"] = ("wait=%d"):format(request.wait) end
    if request.received then headers["Turn-Received"] = ("%d"):format(request.received) end
    local timeout = options.reply_timeout + request.wait
    local attempt = {deadline = now + timeout, timeout = timeout}
    call.attempt = attempt
    attempt.handle = options.transport.post({url = self.url, body = request.body, headers = headers, timeout = timeout},
        function(...) attempt.reply = attempt.reply or judge(request, ...) end)
end

-- Returns whether the call is still under way.
function Sender:advance(call, now)
    local attempt, options = call.attempt, self.options
    if not attempt then
        if not call.is_abandoned and now >= call.at then self:attempt(call, now) end
        return not call.is_abandoned
    end
    if not attempt.reply then
        if now < attempt.deadline then return true end
        attempt.reply = lost(("no answer within %g s"):format(attempt.timeout))
        if attempt.handle and attempt.handle.cancel then attempt.handle:cancel() end
    end
    if call.is_abandoned then return false end
    local reply = attempt.reply
    -- Patience is counted from when the request was known to be lost: a held reply is given up late.
    call.attempt, call.failed_at = nil, call.failed_at or now
    -- With jitter, so that after a restart of the server not all clients come back at the same instant.
    call.at = now + (reply.retry_after or 0) + call.pause * (0.5 + options.random(1000) / 2000)
    if not reply.is_unsettled or call.at - call.failed_at > options.patience then
        call.on_reply(reply)
        return false
    end
    call.pause = call.pause == 0 and options.first_pause or math.min(2 * call.pause, options.longest_pause)
    return self:advance(call, now)
end

---------------------------------------------------------------------------------------------------------------------
-- The rules for one seat, without I/O and clock: which request to send next, and what a reply means
--
-- An update acknowledges the previous block, and a late copy of an earlier update may still reach the server and add to
-- that block. So each update says how much of the last block has arrived (PROTOCOL.md, "Saying what has arrived").
-- That also allows a turn to go out while a reply is held: the held reply is abandoned and its data comes again.
--
-- States: idle; updating; confirming: the server lacks an abandoned update, so those are sent again first; full: the
-- partner's backlog has no room for the update; repeating the last update, which acknowledges nothing; freeing the
-- counter of a refused update with an empty one, to acknowledge; resuming: asks what was taken.
local Seat = {}
Seat.__index = Seat

-- saved: what a resumed game begins with; nil for a new one.
function turn_client.new_seat(key, number, options, now, saved)
    local game = saved or {counter = -1, taken = 0, received = 0, last = {}, unsent = {}, unread = {}}
    local self = setmetatable({
        options = options, tail = (",%s,%s,"):format(key, number), state = "idle", last_heard_at = now, can_hold = true,
        -- The turns that the server has not taken; the first `batch` of them travel with the update under way.
        turns = {}, batch = 0, batch_bytes_max = turn_client.TURN_BYTES_MAX, is_last = false,
        taken = game.taken, last = game.last,
        -- The partner's turns that have not been read are unread[first] to unread[final].
        unread = {}, first = 1, final = 0, unread_bytes = 0, received = 0, is_reading = false,
        -- The delivered part of the last counter's block, and how many of its turns had come before a resumed game.
        block = "", known = 0, acknowledged = 0, missed = 0, saved_received = saved and game.received or -1,
        -- Up to the fence, a resumed game sends empty updates: then no late update of an earlier process can be taken.
        counter = game.counter, fence = saved and game.counter + UNDER_WAY_MAX or -1,
        -- Updates whose replies were abandoned; the next update assumes that they were taken.
        unconfirmed = {}, confirmed = 0,
    }, Seat)
    for _, turn in ipairs(game.unsent) do self:put(turn) end
    for _, turn in ipairs(game.unread) do self:add_unread(turn) end
    self.received = game.received
    if saved then self:ask_what_was_taken() end
    return self
end

-- Queues a turn. If the server refuses it as too long, on_taken learns that; without on_taken the game is over.
function Seat:put(turn, on_taken)
    table.insert(self.turns, {text = turn, on_taken = on_taken})
end

function Seat:add_unread(turn)
    self.final, self.received = self.final + 1, self.received + 1
    self.unread[self.final] = turn
    self.unread_bytes = self.unread_bytes + #turn + 1
end

-- The partner's next turn; nil if there is none to read.
function Seat:take_unread()
    local turn = self.unread[self.first]
    if not turn then return nil end
    self.unread[self.first] = nil
    self.first, self.unread_bytes = self.first + 1, self.unread_bytes - #turn - 1
    return turn
end

-- Whether to abandon the held reply, because there is something to send.
function Seat:should_abandon()
    return #self.turns > self.batch or self.is_last
end

-- What to do next: "send" and the request, "pause" and for how long (unless something happens), or "stop".
function Seat:next(now)
    if self.state == "idle" then return self:begin(now) end
    if self.state == "full" and now < self.retry_at then return "pause", self.retry_at - now end
    if self.state == "full" and self:has_room() and self.counter >= 0 then
        return self:go("repeating", self.last_accepted)
    elseif self.state == "full" then
        return self:send_update()
    end
    return "send", self.request
end

-- The request of the last step has been answered, or has failed for good.
function Seat:complete(reply, now)
    if self.request.wait > 0 then
        local is_empty = reply.code == NO_DATA or reply.code == REDUNDANT and reply.data == "*"
        self.can_hold = reply.held or self.can_hold and not is_empty
    end
    self["complete_" .. self.state](self, reply, now)
end

-- The request of the last step, whose reply was held, has been abandoned.
function Seat:abandon(now)
    local request = {body = self.request.body, wait = 0, received = self.request.received}
    if self.batch > 0 then
        -- The result of these turns must be known before others are sent.
        self.request = request
    else
        table.insert(self.unconfirmed, request)
        self:finish({code = NO_DATA, data = "*"}, now)
    end
end

function Seat:go(state, request)
    self.state, self.request = state, request
    return "send", request
end

function Seat:begin(now)
    local options, is_waiting = self.options, self.is_reading and self.first > self.final
    -- The header Prefer has whole seconds.
    local wait = math.floor(options.wait)
    if self.ended or self.is_last and #self.turns == 0 then return "stop" end
    -- Nothing is sent before the first save: until then the registration's token leads back to the game.
    if options.saves_each_turn and self.saved_received < 0 and not self.is_last then
        return "pause", options.keep_alive
    end
    if self.counter < self.fence then return self:start_update(0) end
    if #self.turns > 0 and (self:has_room() or self.is_last) then
        self.full_pause = FULL_PAUSE_FIRST
        -- Ask for a held reply only if neither a sender nor further turns wait for this update's result.
        local is_awaited = self:take_batch() or #self.turns > self.batch or self.is_last
        return self:start_update(is_awaited and 0 or wait)
    end
    -- No reply is held while there are turns that no saved game has.
    local can_receive = self:has_room() and self:acknowledgeable_bytes() == #self.block
    -- How long to send nothing after the last reply.
    local silence = options.keep_alive
    if is_waiting and can_receive then
        silence = self.can_hold and wait > 0 and 0 or math.min(options.poll_interval, silence)
    end
    local pause = silence - (now - self.last_heard_at)
    if pause > 0 then return "pause", pause end
    if self.counter >= 0 and not can_receive then return self:go("repeating", self.last_accepted) end
    return self:start_update(is_waiting and wait or 0)
end

-- Whether the inbox takes another block: it holds at most one and a full one.
function Seat:has_room()
    return self.unread_bytes < BACKLOG_BYTES_MAX
end

-- How much of the block the next update acknowledges: with saves_each_turn, not the turns that no saved game has.
function Seat:acknowledgeable_bytes()
    -- A resumed game takes no further blocks while the inbox is full.
    if self.counter < self.fence and not self:has_room() then return 0 end
    return self.options.saves_each_turn and self:length_of(self.saved_received, self.block) or #self.block
end

-- Moves the next turn, and as many more as fit, to the batch. Returns whether a sender waits for one of them.
function Seat:take_batch()
    local is_awaited, length = false, 0
    for i, turn in ipairs(self.turns) do
        if i > 1 and length + #turn.text > self.batch_bytes_max then break end
        self.batch, length = i, length + #turn.text + 1
        is_awaited = is_awaited or turn.on_taken ~= nil
    end
    return is_awaited
end

function Seat:batch_texts()
    local texts = {}
    for i = 1, self.batch do texts[i] = self.turns[i].text end
    return texts
end

function Seat:start_update(wait)
    self.update = self:compose(table.concat(self:batch_texts(), "|"), wait)
    return self:send_update()
end

function Seat:send_update()
    self.confirmed = 0
    return self:resend_update()
end

-- Not held any more once other turns wait for its result.
function Seat:resend_update()
    local update = self.update
    if update.wait > 0 and self:should_abandon() then
        update = {body = update.body, wait = 0, received = update.received}
    end
    return self:go("updating", update)
end

function Seat:compose(data, wait)
    local received = self.counter >= 0 and self:acknowledgeable_bytes() or nil
    return {body = ("6,%s%s%d"):format(data, self.tail, self.counter + 1), wait = wait, received = received}
end

function Seat:complete_updating(reply, now)
    if self.confirmed == 0 and #self.unconfirmed > 0 and reply.error == AHEAD then
        self:go("confirming", self.unconfirmed[1])
    elseif self:is_overtaken(reply) then
        self:ask_what_was_taken()
    else
        -- Length is checked before the counter: this refusal tells nothing about earlier updates.
        if reply.error ~= TOO_LONG then self.unconfirmed = {} end
        self:finish(reply, now)
    end
end

function Seat:complete_confirming(reply, now)
    self.confirmed = self.confirmed + 1
    -- Behind: this update arrived late after all, and then a late copy of the refused one was accepted.
    if reply.fault and reply.error ~= BEHIND then
        self:finish(reply, now)
    elseif self.confirmed < #self.unconfirmed then
        self:go("confirming", self.unconfirmed[self.confirmed + 1])
    else
        self:resend_update()
    end
end

function Seat:finish(reply, now)
    if self.batch > 0 and reply.error == BACKLOG_FULL then
        -- A late copy of the update may still be taken, so the very same update is repeated until it is.
        self.state, self.retry_at = "full", now + self.full_pause
        self.full_pause = math.min(2 * self.full_pause, FULL_PAUSE_LONGEST)
    elseif self.batch > 1 and reply.error == TOO_LONG then
        -- For the server or a proxy: the turns are split up.
        self.batch_bytes_max, self.last_heard_at = math.floor(#table.concat(self:batch_texts()) / 2), now
        self:return_batch()
    elseif self.batch == 1 and reply.error == TOO_LONG and self.turns[1].on_taken then
        self.last_heard_at = now
        self:complete_batch(reply.fault)
    else
        self:take(self.update, reply, now)
        self:complete_batch(reply.fault)
    end
end

function Seat:complete_repeating(reply, now)
    local is_behind = reply.error == BEHIND
    if self.batch == 0 and self:is_overtaken(reply) then return self:ask_what_was_taken() end
    -- Behind: the refused update has been taken after all; repeating it will show that.
    if self.batch == 0 or not is_behind then self:deliver(reply, now) end
    if self.batch == 0 or self.ended then
        self.is_resumed = true
        self:complete_batch(self.ended)
    elseif not is_behind and #self.block > NEARLY_FULL_BYTES and self:acknowledgeable_bytes() > 0 and reply.taken then
        -- Both backlogs may be full, and only an update that is taken acknowledges (PROTOCOL.md, "Rules for clients").
        self:go("freeing", self:compose("", 0))
    else
        self:send_update()
    end
end

function Seat:complete_freeing(reply, now)
    if reply.taken and reply.taken > self.taken then
        -- The refused update has been taken after all: repeating it gets its block.
        self:send_update()
        return
    end
    self:take(self.request, reply, now)
    if self.ended then return self:complete_batch(self.ended) end
    -- The counter has carried an empty update, so the turns go out under the next one.
    self:return_batch()
end

-- Coming back to a saved game (PROTOCOL.md, "Coming back").
function Seat:ask_what_was_taken()
    self:go("resuming", {body = "6," .. self.tail .. UNREACHABLE_COUNTER, wait = 0})
end

-- Whether a late update of an earlier process has been taken meanwhile, beyond the counter of this request.
function Seat:is_overtaken(reply)
    return self.counter < self.fence and reply.error == BEHIND
end

function Seat:complete_resuming(reply, now)
    self.last_heard_at, self.state = now, "idle"
    if not (reply.counter and reply.taken) then
        self.ended = (not reply.fault or reply.error == AHEAD) and CANNOT_RESUME or reply.fault
    elseif self:set_taken(reply.taken) then
        self.counter, self.acknowledged, self.block = reply.counter, reply.acknowledged, ""
        self.fence = math.max(self.fence, self.counter + UNDER_WAY_MAX)
        self.known = math.max(0, self.received - self.acknowledged)
        self.missed = self.missed + math.max(0, self.acknowledged - self.received)
        self.received = math.max(self.received, self.acknowledged)
        self.last_accepted = {body = ("6,%s%d"):format(self.tail, self.counter), wait = 0}
        -- Then the last block comes again.
        if self.counter >= 0 then return self:go("repeating", self.last_accepted) end
    end
    self.is_resumed = true
end

-- The server has taken an update, or the game is over.
function Seat:take(update, reply, now)
    if not reply.fault then
        self.counter = self.counter + 1
        self.last_accepted = {body = update.body, wait = 0, received = update.received}
        if reply.code == REDUNDANT and reply.taken then
            -- This counter was taken before: by this update, or by one that an earlier process sent under it.
            self:acknowledge(self:length_of(reply.acknowledged, self.block))
            self:set_taken(reply.taken)
        else
            self:acknowledge(update.received or 0)
        end
    end
    self:deliver(reply, now)
end

-- A block only grows: whatever follows the delivered part is new.
function Seat:deliver(reply, now)
    local data = reply.data
    self.last_heard_at, self.ended = now, reply.fault or self.ended
    -- As the first reply to a counter, 0/11/* may stand for a turn "*". It is skipped: as 0 bytes are acknowledged, a
    -- real turn comes again.
    if reply.fault or reply.code == NO_DATA or reply.code == REDUNDANT and data == "*" then return end
    if #data <= #self.block then return end
    local old = math.max(#self.block, self:length_of(self.acknowledged + self.known, data))
    self.block = data
    if old == #data then return end
    for turn in ((old == 0 and data or data:sub(old + 2)) .. "|"):gmatch("([^|]*)|") do
        self:add_unread(turn)
    end
end

-- How many bytes of a block the partner's first turns fill, counted since the game began.
function Seat:length_of(turns, block)
    local length = 0
    for _ = self.acknowledged + 1, turns do
        if length > #block then break end
        length = block:find("|", length + 1, true) or #block + 1
    end
    return math.max(0, length - 1)
end

-- The server has taken an update that acknowledges this many bytes: the rest begins the next block.
function Seat:acknowledge(bytes)
    if bytes == 0 or self.block == "" then return end
    local _, separators = self.block:sub(1, bytes):gsub("|", "")
    self.acknowledged, self.known = self.acknowledged + separators + 1, math.max(0, self.known - separators - 1)
    self.block = self.block:sub(bytes + 2)
end

-- Puts the batch back, ahead of all other turns.
function Seat:return_batch()
    self.batch, self.state = 0, "idle"
end

-- The server has taken the whole batch, or refused it. If the game is over, its turns stay for a saved game: who could
-- not reach the server may come back.
function Seat:complete_batch(refusal)
    local turns, count, texts = self.turns, self.batch, self:batch_texts()
    self:return_batch()
    if count == 0 then return end
    if not refusal then self.taken, self.last = self.taken + count, texts end
    local stays = refusal and refusal.error ~= TOO_LONG
    self.turns = {}
    for i, turn in ipairs(turns) do
        if i > count or stays then table.insert(self.turns, i > count and turn or {text = turn.text}) end
        if i <= count and turn.on_taken then turn.on_taken(refusal) end
    end
end

-- The server says how many turns it has taken since the game began. Returns false if it has lost more than are known.
function Seat:set_taken(taken)
    local missing = self.taken - taken
    if missing > #self.last then
        self.batch, self.ended = 0, SERVER_BEHIND
        return false
    end
    for i = 1, missing do
        table.insert(self.turns, i, {text = self.last[#self.last - missing + i]})
    end
    if missing > 0 then self.last = {} end
    self.batch = math.max(0, math.min(-missing, #self.turns))
    self:complete_batch(nil)
    -- More may have been taken than were saved.
    self.taken = taken
    return true
end

-- Tells senders that the game is over.
function Seat:drop()
    for _, turn in ipairs(self.turns) do
        if turn.on_taken then turn.on_taken(self.ended) end
        turn.on_taken = nil
    end
end

---------------------------------------------------------------------------------------------------------------------
-- A game: drives its seat

-- Runs a function in a coroutine: in it, calls without a callback wait. Client:update() continues it.
function turn_client.run(body)
    return coroutine.wrap(body)()
end

-- Lets the callback, the last argument of these methods, be left out in a coroutine.
local function add_waiting(class, names)
    for _, name in ipairs(names) do
        local start = class[name]
        class[name] = function(self, first, second)
            if type(second or first) == "function" then return start(self, first, second) end
            local thread, is_main = coroutine.running()
            if not thread or is_main then error("pass a callback, or call this in turn_client.run", 2) end
            local function continue(...)
                local is_ok, message = coroutine.resume(thread, ...)
                if not is_ok then error(debug.traceback(thread, tostring(message)), 0) end
            end
            start(self, first or continue, first and continue)
            return coroutine.yield()
        end
    end
end

local function check_turn(turn)
    local length = type(turn) == "string" and #turn or error("a turn must be a string")
    if length == 0 or length > turn_client.TURN_BYTES_MAX then
        error(("a turn has 1 to %d bytes, not %d"):format(turn_client.TURN_BYTES_MAX, length))
    end
    if turn:find("|", 1, true) then error("a turn cannot contain |, which separates turns on the wire") end
    if not is_utf8(turn) then error("a turn must be UTF-8: encode binary data, such as in Base64") end
end

-- One seat of a game. Set on_turn(turn) and on_ended(fault), or call receive(). To be read: seat (0 or 1), partner and
-- is_host; ended, why the game is over; partner_silent, for how many seconds the server had not heard from the partner
-- when it sent its last reply; missed, how many of the partner's turns were lost to a resumed game.
local Game = {}
Game.__index = Game

local function new_game(client, key, number, pairing, saved)
    local game = {
        client = client, key = key, seat = tonumber(number), partner = pairing.partner, is_host = pairing.is_host,
        missed = 0, machine = turn_client.new_seat(key, number, client.options, client.options.clock(), saved),
    }
    client.game = setmetatable(game, Game)
    return game
end

-- Returns why the game is over, if it is.
function Game:put(turn, on_taken)
    check_turn(turn)
    local machine = self.machine
    if machine.ended then return machine.ended end
    if machine.is_last then error("this player has left the game") end
    machine:put(turn, on_taken)
end

-- Sends a turn: 1 to TURN_BYTES_MAX bytes of UTF-8 without |. callback(true) once the server has taken it. With a fault
-- whose error is 20 the turn is too long for the server or a proxy, and the game continues; else the game is over.
function Game:send(turn, callback)
    local function on_taken(refusal) self.client:defer(callback, true, refusal) end
    local ended = self:put(turn, on_taken)
    if ended then on_taken(ended) end
end

-- Queues a turn; the request that carries it also waits for the partner's next turn. If it cannot be sent, the game is
-- over. Returns true, or nil and why the game is over.
function Game:post(turn)
    local ended = self:put(turn)
    return not ended or nil, ended
end

-- callback(turn) once, with the partner's next turn, or nil and why the game is over.
function Game:receive(callback)
    self.reader = callback
end

-- What is needed to come back with Client:resume(), as one line of text. Store it together with the state of your game
-- after each turn that you have read, and before each that you send: save(turn) includes that turn, which is then sent
-- once, now or by the resumed game. Then call saved(text). Whoever has the text can play this seat.
function Game:save(next_turn)
    local machine, unsent, unread = self.machine, {}, {}
    if next_turn then check_turn(next_turn) end
    for i, turn in ipairs(machine.turns) do unsent[i] = turn.text end
    table.insert(unsent, next_turn)
    for i = machine.first, machine.final do table.insert(unread, machine.unread[i]) end
    return write_saved_game{
        version = 1, url = self.client.sender.url, key = self.key, seat = self.seat, partner = self.partner,
        isHost = self.is_host, counter = machine.counter, taken = machine.taken, last = machine.last, unsent = unsent,
        received = machine.received, unread = unread,
    }
end

-- The app has stored what save() returned. With the option saves_each_turn nothing is sent before the first save, and
-- turns that no saved game has are not acknowledged: an app that is killed at any moment misses none.
function Game:saved(text)
    self.machine.saved_received = read_saved_game(text).received
end

-- Leaves once the server has taken all queued turns. callback(true), or nil and why the game had ended before.
function Game:quit(callback)
    self.machine.is_last, self.on_quit = true, callback
end

-- Calls back what has happened.
function Game:tell()
    local machine = self.machine
    self.ended, self.missed = machine.ended, machine.missed
    if self.on_resumed and machine.is_resumed then
        local on_resumed = self.on_resumed
        self.on_resumed, self.is_told = nil, machine.ended and machine.first > machine.final
        if self.is_told then on_resumed(nil, machine.ended) else on_resumed(self) end
    end
    while machine.first <= machine.final and (self.reader or self.on_turn) do
        local on_turn = self.reader or self.on_turn
        self.reader = nil
        on_turn(machine:take_unread())
    end
    if not self.is_stopped or machine.first <= machine.final then return end
    local reader, on_ended = self.reader, not self.is_told and not machine.is_last and self.on_ended or nil
    self.reader, self.is_told = nil, self.is_told or on_ended ~= nil
    if reader then reader(nil, machine.ended) end
    if on_ended then on_ended(machine.ended) end
end

-- Sends the next request if none is under way, or in place of one whose reply is held.
function Game:step()
    local machine, sender, clock = self.machine, self.client.sender, self.client.options.clock
    if self.call then
        if self.call.request.wait == 0 or not machine:should_abandon() then return end
        sender:abandon(self.call)
        self.call = nil
        machine:abandon(clock())
    end
    machine.is_reading = (self.reader or self.on_turn) ~= nil
    local kind, request = machine:next(clock())
    if kind == "send" then
        self.call = sender:send(request, function(reply)
            self.call, self.partner_silent = nil, reply.silent or self.partner_silent
            machine:complete(reply, clock())
        end)
    elseif kind == "stop" then
        self.is_stopped = true
        machine:drop()
        if self.on_quit then self:leave(machine.ended, self.on_quit) end
    end
end

function Game:leave(ended, callback)
    self.on_quit = nil
    -- The sender has tried for long enough.
    if ended and (ended.kind == "unreachable" or ended.kind == "not_turn_server") then
        return self.client:defer(callback, nil, ended)
    end
    self.client.sender:send({body = "5,*" .. self.machine.tail .. "*", wait = 0}, function(reply)
        -- An earlier attempt whose reply was lost may have ended it, or the partner left first.
        local is_gone = reply.fault and reply.fault.kind == "seat_gone"
        self.client:defer(callback, true, ended or not is_gone and reply.fault or nil)
    end)
end

add_waiting(Game, {"send", "receive", "quit"})

---------------------------------------------------------------------------------------------------------------------
-- A client: registers, pairs, loads and begins the game

-- One player, who plays one game at a time. Call update() each frame.
local Client = {}
Client.__index = Client

-- options: url (not to resume), transport, clock (seconds; by default socket.gettime where there is one), random (as
-- math.random, the default), and any of DEFAULTS.
function turn_client.new(options)
    local socket = rawget(_G, "socket") or package.loaded.socket
    local own = {
        transport = options.transport or error("pass a transport", 2), random = options.random or math.random,
        clock = options.clock or socket and socket.gettime or error("pass a clock: see README.md", 2),
    }
    for name, default in pairs(DEFAULTS) do
        own[name] = options[name] == nil and default or options[name]
    end
    if options.url and url_fault(options.url) then error(url_fault(options.url), 2) end
    local sender = setmetatable({url = options.url, options = own, calls = {}}, Sender)
    return setmetatable({options = own, sender = sender, events = {}}, Client)
end

-- Sends, receives, and calls the callbacks.
function Client:update()
    if self.options.transport.update then self.options.transport.update() end
    self.sender:update()
    while self.events[1] do
        local event = table.remove(self.events, 1)
        event.callback(event.result, event.fault)
    end
    if self.game then self.game:tell() end
    if self.game then self.game:step() end
    self.sender:update()
end

-- Calls back in the next update().
function Client:defer(callback, result, failure)
    table.insert(self.events, {callback = callback, result = not failure and result or nil, fault = failure})
end

-- Sends a request of those before the game, in place of the one under way; with no_news, until the reply is another.
function Client:ask(body, on_reply, no_news, at)
    local options, sent_at = self.options, at or self.options.clock()
    if self.call then self.sender:abandon(self.call) end
    self.call = self.sender:send({body = body, wait = no_news and math.floor(options.wait) or 0}, function(reply)
        self.call = nil
        if reply.fault or reply.code ~= no_news then return on_reply(reply) end
        -- The server does not hold replies, or a second client of this player answers this one's held reply.
        self:ask(body, on_reply, no_news, math.max(sent_at + options.poll_interval, options.clock()))
    end, at)
end

function Client:body(symbol)
    return ("%d,*,%s,*,*"):format(symbol, self.pairing_key or error("register first"))
end

-- Registers to wait for a partner. player: name; partner, the name of the only one wanted; pool, to be paired within;
-- token. All but the name may be left out. callback(token): registering with the same values again, even from another
-- process, keeps the place in the queue until the game begins.
function Client:register(player, callback)
    local name, partner, pool = trim(player.name), player.partner and trim(player.partner), player.pool
    if not self.sender.url then error("pass a url to turn_client.new") end
    -- The server would take a comma for the start of another field.
    if name:find(",", 1, true) then return self:defer(callback, nil, error_fault(7)) end
    if partner == "*" or partner and partner:find(",", 1, true) then
        return self:defer(callback, nil, error_fault(16))
    end
    if pool and (not pool:find("^[!-~]+$") or #pool > 32 or pool:find("[,#]")) then
        local rule = "invalid pool: 1 to 32 visible ASCII characters, no comma and no #"
        return self:defer(callback, nil, fault("invalid_request", rule, 4, 3))
    end
    self.token = player.token or create_token(self.options)
    local body = ("0,%s,*%s,%s,%s"):format(name, pool and "#" .. pool or "", partner or "*", self.token)
    self:ask(body, function(reply)
        self.pairing_key = not reply.fault and reply.data or nil
        self:defer(callback, self.token, reply.fault)
    end)
end

-- Waits for a partner, without a timeout. callback{partner, is_host}. May be called again at any time before the game.
function Client:pair(callback)
    self:ask(self:body(2), function(reply)
        self.pairing = {partner = reply.data, is_host = reply.code == START_SERVER}
        self:defer(callback, self.pairing, reply.fault)
    end, PAIRING)
end

-- Tells the server that this player is loading. callback(true).
function Client:load(callback)
    self:ask(self:body(3), function(reply) self:defer(callback, true, reply.fault) end)
end

-- Tells the server that this player is ready, and waits until the partner is. callback(game).
function Client:play(callback)
    self:ask(self:body(4), function(reply)
        if reply.fault then return self:defer(callback, nil, reply.fault) end
        local key, number = reply.data:match("^(.*)|(.*)$")
        self:defer(callback, new_game(self, key, number, self.pairing))
    end, PARTNER_LOAD)
end

-- Gives up the registration, in place of the request under way, whose callback is not called. callback(true).
function Client:unregister(callback)
    self:ask(self:body(1), function(reply)
        -- An earlier attempt may have ended it, and its reply was lost.
        local is_gone = reply.fault and reply.fault.kind == "registration_gone"
        self:defer(callback, true, not is_gone and reply.fault or nil)
    end)
end

-- Comes back to a game that was saved, in this process or another. callback(game), or nil and why it is over. Raises an
-- error if the text is not a saved game.
function Client:resume(text, callback)
    local saved = read_saved_game(text)
    local pairing = {partner = saved.partner, is_host = saved.isHost}
    self.sender.url = saved.url
    new_game(self, saved.key, saved.seat, pairing, saved).on_resumed = callback
end

add_waiting(Client, {"register", "pair", "load", "play", "unregister", "resume"})

return turn_client
