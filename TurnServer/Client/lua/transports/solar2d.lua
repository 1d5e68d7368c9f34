-- HTTP over Solar2D's network.request.

local solar2d = {}

-- Creates a transport.
function solar2d.new()
    local transport = {}

    -- Sends a request; on_reply(status, headers, body), or on_reply(nil, reason). The result has cancel().
    function transport.post(request, on_reply)
        local function listener(event)
            if event.phase and event.phase ~= "ended" then return end
            if event.isError then return on_reply(nil, tostring(event.response)) end
            -- Platforms spell the names of headers as they like.
            local headers = {}
            for name, value in pairs(event.responseHeaders or {}) do
                headers[tostring(name):lower()] = value
            end
            on_reply(event.status, headers, event.response or "")
        end

        local id = network.request(request.url, "POST", listener, {
            headers = request.headers, body = request.body, timeout = request.timeout, handleRedirects = false,
        })
        return {cancel = function() network.cancel(id) end}
    end

    return transport
end

return solar2d
