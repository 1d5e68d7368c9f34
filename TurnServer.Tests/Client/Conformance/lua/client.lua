-- The test program of the Lua client: see ../README.md. `vectors` runs on any Lua, `play` on LuaJIT with LuaSocket.

local folder = arg[0]:match("^(.*)[/\\]") or "."
package.path = folder .. "/../../../../TurnServer/Client/lua/?.lua;" .. package.path

local turn_client = require "turn_client"

local function decode(field)
    if field == "-" then return "" end
    return (field:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

local function encode(text)
    if text == "" then return "-" end
    if text == "-" then return "%2D" end
    return (text:gsub("[%% %c]", function(c) return ("%%%02X"):format(c:byte()) end))
end

local function decode_list(field)
    local turns = {}
    if field ~= "-" then
        for turn in (decode(field) .. "|"):gmatch("([^|]*)|") do table.insert(turns, turn) end
    end
    return turns
end

local function say(...)
    io.write(table.concat({...}, " "), "\n")
    io.flush()
end

-- The name of a fault's kind as the tests spell it.
local function kind_of(fault)
    return (fault.kind:gsub("_(%l)", string.upper))
end

local function fields_of(line)
    local fields = {}
    for field in line:gmatch("[^ \r]+") do table.insert(fields, field) end
    return fields
end

local function vectors()
    local seat, now, outcomes, new = nil, 0, {}, nil
    local commands = {}

    function commands.new(key, number, wait, keep_alive, poll_interval, saves)
        new = {key, number, {
            wait = tonumber(wait), keep_alive = tonumber(keep_alive), poll_interval = tonumber(poll_interval),
            saves_each_turn = saves == "1",
        }}
        now, outcomes = 0, {}
        seat = turn_client.new_seat(new[1], new[2], new[3], now)
    end

    function commands.resume(counter, taken, received, last, unsent, unread)
        seat = turn_client.new_seat(new[1], new[2], new[3], now, {
            counter = tonumber(counter), taken = tonumber(taken), received = tonumber(received),
            last = decode_list(last), unsent = decode_list(unsent), unread = decode_list(unread),
        })
    end

    function commands.send(field)
        local turn = decode(field)
        outcomes[turn] = "pending"
        seat:put(turn, function(fault) outcomes[turn] = fault and "refused" or "taken" end)
    end

    function commands.post(field) seat:put(decode(field)) end

    function commands.receive() seat.is_reading = true end

    function commands.quit() seat.is_last = true end

    function commands.saved() seat.saved_received = seat.received end

    function commands.elapse(seconds) now = now + tonumber(seconds) end

    function commands.reply(text, held, counter, taken, acknowledged)
        local function header(field) return field ~= "-" and field or nil end
        local reply = turn_client.parse_reply(decode(text), {
            ["preference-applied"] = held == "1" and "wait=1" or nil, ["turn-counter"] = header(counter),
            ["turns-taken"] = header(taken), ["turns-acknowledged"] = header(acknowledged),
        })
        if not reply then return "error", encode("this is not a reply") end
        seat:complete(reply, now)
    end

    function commands.unreachable()
        seat:complete({fault = {kind = "unreachable", meaning = "lost", error = 0}}, now)
    end

    function commands.abandon()
        if not seat:should_abandon() then return "error", encode("it does not abandon the reply") end
        seat:abandon(now)
    end

    function commands.next()
        local kind, what = seat:next(now)
        if kind == "send" then
            local received = what.received and ("%d"):format(what.received) or "-"
            return "request", encode(what.body), ("%.9g"):format(what.wait), received
        end
        if kind == "stop" then seat:drop() end
        return kind, what and ("%.9g"):format(what) or nil
    end

    function commands.save()
        local unsent, unread = {}, {}
        for i, turn in ipairs(seat.turns) do unsent[i] = turn.text end
        for i = seat.first, seat.final do table.insert(unread, seat.unread[i]) end
        local function list(turns) return encode(table.concat(turns, "|")) end
        return "save", ("%d"):format(seat.counter), ("%d"):format(seat.taken), ("%d"):format(seat.received),
            list(seat.last), list(unsent), list(unread)
    end

    function commands.read()
        local turns = {}
        for turn in function() return seat:take_unread() end do table.insert(turns, turn) end
        seat.is_reading = false
        return "turns", encode(table.concat(turns, "|"))
    end

    function commands.outcome(turn) return outcomes[decode(turn)] end

    function commands.ended() return "ended", ("%d"):format(seat.ended and seat.ended.error or 0) end

    function commands.missed() return "missed", ("%d"):format(seat.missed) end

    for line in io.lines() do
        local fields = fields_of(line)
        local command = commands[table.remove(fields, 1)]
        local result = {pcall(command, (table.unpack or unpack)(fields))}
        if not result[1] then result = {true, "error", encode(tostring(result[2]))} end
        if not result[2] then result[2] = "ok" end
        say((table.unpack or unpack)(result, 2))
    end
end

-- Lines of standard input, read without blocking: io.read would read ahead, so that select sees nothing.
local function new_input()
    local ffi = require "ffi"
    ffi.cdef "ptrdiff_t read(int file, void *buffer, size_t count);"
    local buffer, size, text = ffi.new("char[?]", 65536), 65536, ""
    local input = {getfd = function() return 0 end}

    -- Reads what is there. Returns the complete lines; nil at the end of the input.
    function input.read()
        local count = tonumber(ffi.C.read(0, buffer, size))
        if count <= 0 then return nil end
        text = text .. ffi.string(buffer, count)
        local lines, first = {}, 1
        for last in text:gmatch("()\n") do
            table.insert(lines, text:sub(first, last - 1))
            first = last + 1
        end
        text = text:sub(first)
        return lines
    end

    return input
end

local OPTIONS = {
    wait = "wait", keepAlive = "keep_alive", pollInterval = "poll_interval", replyTimeout = "reply_timeout",
    patience = "patience", firstPause = "first_pause", longestPause = "longest_pause",
    savesEachTurn = "saves_each_turn",
}

local function play()
    local input = new_input()
    local transport = require("transports.luasocket").new()
    local options = {transport = transport, clock = require("socket").gettime}
    local commands, queue, client, game, is_starting = {}, {}, nil, nil, false

    -- Prints the saved game, which stores it for the test.
    local function save(next_turn)
        if not options.saves_each_turn then return end
        local text = game:save(next_turn)
        say("save", encode(text))
        game:saved(text)
    end

    local function failed(fault)
        is_starting = false
        say("failed", kind_of(fault))
    end

    local function started(new_game)
        is_starting, game = false, new_game
        say("started", ("%d"):format(game.seat))
        save()
        function game.on_turn(turn)
            say("turn", encode(turn))
            save()
        end
        function game.on_ended(fault) say("ended", kind_of(fault)) end
    end

    function commands.options(...)
        for _, field in ipairs{...} do
            local name, value = field:match("^(.-)=(.*)$")
            options[OPTIONS[name]] = tonumber(value)
            if name == "savesEachTurn" then options.saves_each_turn = value == "1" end
        end
    end

    -- Pairs, loads and plays, in a coroutine of turn_client.run.
    local function meet()
        local pairing, fault = client:pair()
        if fault then return nil, fault end
        say("paired", encode(pairing.partner))
        local is_loading
        is_loading, fault = client:load()
        if not is_loading then return nil, fault end
        return client:play()
    end

    function commands.register(url, name, partner, pool, token)
        local function given(field) return field ~= "-" and decode(field) or nil end
        options.url, is_starting = decode(url), true
        client = turn_client.new(options)
        turn_client.run(function()
            local player = {name = decode(name), partner = given(partner), pool = given(pool), token = given(token)}
            local own_token, fault = client:register(player)
            if fault then return failed(fault) end
            say("registered", encode(own_token))
            local new_game
            repeat
                new_game, fault = meet()
            until not fault or fault.kind ~= "partner_left_early"
            if fault then return failed(fault) end
            started(new_game)
        end)
    end

    function commands.resume(text)
        is_starting, client = true, turn_client.new(options)
        client:resume(decode(text), function(new_game, fault)
            if fault then return failed(fault) end
            started(new_game)
        end)
    end

    function commands.send(field)
        local turn = decode(field)
        save(turn)
        game:send(turn, function(_, fault)
            if not fault then
                say("taken", field)
            elseif fault.error == 20 and not game.ended then
                say("refused", field)
                save()
            end
        end)
    end

    function commands.post(field)
        save(decode(field))
        game:post(decode(field))
    end

    function commands.quit()
        game:quit(function() say("left") end)
    end

    local function run()
        -- Commands wait until the game has started.
        while queue[1] and not is_starting do
            local fields = fields_of(table.remove(queue, 1))
            commands[table.remove(fields, 1)](unpack(fields))
        end
        if client then client:update() end
    end

    while true do
        local is_ok, message = pcall(run)
        if not is_ok then say("error", encode(tostring(message))) end
        if transport.wait(0.005, input) then
            local lines = input.read()
            if not lines then return end
            for _, line in ipairs(lines) do table.insert(queue, line) end
        end
    end
end

if arg[1] == "vectors" then
    vectors()
elseif arg[1] == "play" then
    play()
else
    io.stderr:write("usage: client.lua vectors|play\n")
    os.exit(2)
end
