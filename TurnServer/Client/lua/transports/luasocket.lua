-- HTTP over LuaSocket that does not block, with keep-alive: for LÖVE, servers and tests. Plain http:// only: https
-- needs another transport, over lua-https or LuaSec. Resolving a host name does block; its addresses are remembered.

local socket = require "socket"

local luasocket = {}

local ANSWER_BYTES_MAX = 1048576
-- How long a connection may be idle if the server does not say.
local KEEP_ALIVE_DEFAULT = 5

-- A failure of the network; anything else is a bug.
local function fail(why)
    error({reason = why})
end

local function parse_url(url)
    local authority, path = url:match("^[hH][tT][tT][pP]://([^/?#]+)([^#]*)")
    if not authority then error("transports/luasocket.lua sends to http:// only, not to " .. tostring(url), 0) end
    local host, port = authority:match("^%[(.+)%]:?(%d*)$")
    if not host then host, port = authority:match("^([^:]+):?(%d*)$") end
    if not host then error("malformed URL: " .. url, 0) end
    return authority, host, tonumber(port) or 80, path:sub(1, 1) == "/" and path or "/" .. path
end

local function connect(host, port, addresses)
    local why
    for _, address in ipairs(addresses) do
        local connection = assert(socket.tcp())
        connection:settimeout(0)
        local is_open
        is_open, why = connection:connect(address, port)
        if not is_open and (why == "timeout" or why == "Operation already in progress") then
            while not select(2, socket.select(nil, {connection}, 0))[1] do
                coroutine.yield("write", connection)
            end
            is_open, why = connection:connect(address, port)
            is_open = is_open or why == "already connected"
        end
        if is_open then
            connection:setoption("tcp-nodelay", true)
            return connection
        end
        connection:close()
    end
    fail(("%s:%d: %s"):format(host, port, tostring(why)))
end

local function send(connection, data)
    local sent = 0
    while sent < #data do
        local last, why, partial = connection:send(data, sent + 1)
        sent = last or partial
        if not last and why ~= "timeout" then fail(why) end
        if not last then coroutine.yield("write", connection) end
    end
end

-- Returns functions that read up to and including a text, and a number of bytes; nil: to the end.
local function reader_of(connection)
    local buffer = ""

    -- Returns false at the end.
    local function fill()
        if #buffer > ANSWER_BYTES_MAX then fail("its answer is too long") end
        local data, why, partial = connection:receive(16384)
        buffer = buffer .. (data or partial)
        if data or partial ~= "" then return true end
        if why == "timeout" then coroutine.yield("read", connection) end
        return why == "timeout"
    end

    local function take(length)
        local taken = buffer:sub(1, length)
        buffer = buffer:sub(length + 1)
        return taken
    end

    local function read_to(text)
        while true do
            local _, last = buffer:find(text, 1, true)
            if last then return take(last) end
            if not fill() then fail("the connection was closed") end
        end
    end

    local function read(length)
        while not length or #buffer < length do
            if not fill() then
                if length then fail("the connection was closed") end
                length = #buffer
            end
        end
        return take(length)
    end

    return read_to, read
end

local function read_chunked(read_to, read)
    local parts, total = {}, 0
    while true do
        local size = tonumber(read_to("\r\n"):match("^%x+") or fail("malformed chunk"), 16)
        total = total + size
        if total > ANSWER_BYTES_MAX then fail("its answer is too long") end
        if size == 0 then break end
        table.insert(parts, read(size))
        read_to("\r\n")
    end
    -- Trailers.
    while read_to("\r\n") ~= "\r\n" do end
    return table.concat(parts)
end

-- Returns status, headers, body, and for how many seconds the connection may be idle; 0: it is closed.
local function receive(connection)
    local read_to, read = reader_of(connection)
    local head, minor, status
    repeat
        head = read_to("\r\n\r\n")
        minor, status = head:match("^HTTP/1%.(%d) (%d%d%d)")
        if not status then fail("its answer is not HTTP") end
        -- 1xx comes before the answer.
    until status:sub(1, 1) ~= "1"
    local headers = {}
    for name, value in head:gmatch("\r\n([^:\r\n]+):[ \t]*([^\r\n]*)") do
        headers[name:lower()] = value
    end
    local length, body = tonumber(headers["content-length"]), nil
    local is_chunked = (headers["transfer-encoding"] or ""):lower():find("chunked", 1, true)
    if is_chunked then
        body = read_chunked(read_to, read)
    else
        if length and length > ANSWER_BYTES_MAX then fail("its answer is too long") end
        body = read(length)
    end
    local keep_alive = headers["keep-alive"] or ""
    local is_last = (headers["connection"] or ""):lower():find("close", 1, true) or minor == "0"
        or not (length or is_chunked) or keep_alive:find("max=0", 1, true)
    local seconds = tonumber(keep_alive:match("timeout=(%d+)")) or KEEP_ALIVE_DEFAULT
    -- Less than the server allows: the connection is not to be closed while a request is on its way.
    return tonumber(status), headers, body, is_last and 0 or seconds / 2
end

-- Creates a transport. Clients may share it.
function luasocket.new()
    local transport, exchanges, idle, addresses = {}, {}, {}, {}

    -- An open connection to this server; nil if there is none.
    local function take_idle(authority)
        local connections = idle[authority] or {}
        while connections[1] do
            local one = table.remove(connections)
            -- Nothing is to be read from an idle connection but its end.
            if socket.gettime() < one.expires_at and not socket.select({one.connection}, nil, 0)[1] then
                return one.connection
            end
            one.connection:close()
        end
    end

    local function run(exchange, request)
        local authority, host, port, path = parse_url(request.url)
        exchange.connection = take_idle(authority)
        if not exchange.connection then
            if not addresses[host] then
                addresses[host] = {}
                local found, why = socket.dns.getaddrinfo(host)
                if not found then addresses[host] = nil end
                for _, entry in ipairs(found or fail(host .. ": " .. tostring(why))) do
                    table.insert(addresses[host], entry.addr)
                end
            end
            local known = addresses[host]
            -- Resolved again if this fails.
            addresses[host] = nil
            exchange.connection = connect(host, port, known)
            addresses[host] = known
        end
        local lines = {"POST " .. path .. " HTTP/1.1", "Host: " .. authority, "Content-Length: " .. #request.body}
        for name, value in pairs(request.headers) do
            table.insert(lines, name .. ": " .. value)
        end
        send(exchange.connection, table.concat(lines, "\r\n") .. "\r\n\r\n" .. request.body)
        local status, headers, body, seconds = receive(exchange.connection)
        if seconds > 0 then
            idle[authority] = idle[authority] or {}
            table.insert(idle[authority],
                {connection = exchange.connection, expires_at = socket.gettime() + seconds})
        else
            exchange.connection:close()
        end
        return status, headers, body
    end

    local function close(exchange)
        local connection = exchange.connection or exchange.socket
        if connection then connection:close() end
        exchange.is_over = true
    end

    local function advance(exchange)
        if exchange.is_over then return end
        local is_ok, first, second, third = coroutine.resume(exchange.thread)
        if is_ok and coroutine.status(exchange.thread) ~= "dead" then
            exchange.waits_for, exchange.socket = first, second
        elseif is_ok then
            exchange.is_over = true
            exchange.on_reply(first, second, third)
        else
            close(exchange)
            if type(first) ~= "table" then error(debug.traceback(exchange.thread, first), 0) end
            exchange.on_reply(nil, first.reason)
        end
    end

    -- Sends a request; on_reply(status, headers, body), or on_reply(nil, reason). The result has cancel().
    function transport.post(request, on_reply)
        local exchange = {on_reply = on_reply, cancel = close}
        exchange.thread = coroutine.create(function() return run(exchange, request) end)
        table.insert(exchanges, exchange)
        advance(exchange)
        return exchange
    end

    -- Sends and receives what can be without waiting. The client calls it in each update().
    function transport.update()
        local before = exchanges
        exchanges = {}
        for _, exchange in ipairs(before) do
            advance(exchange)
            if not exchange.is_over then table.insert(exchanges, exchange) end
        end
    end

    -- For programs without a frame loop: waits at most this many seconds until there is something to do. `other` is
    -- one more object to read from, with getfd() for socket.select; returns whether it has something to read.
    function transport.wait(seconds, other)
        local reading, writing = {other}, {}
        for _, exchange in ipairs(exchanges) do
            if not exchange.is_over then
                table.insert(exchange.waits_for == "read" and reading or writing, exchange.socket)
            end
        end
        return socket.select(reading, writing, seconds)[other or 0] ~= nil
    end

    return transport
end

return luasocket
