-- HTTP over Defold's http.request. See README.md for its limits. Requests cannot be cancelled: a late reply is ignored.

local defold = {}

-- Creates a transport. Create the client in the script whose update() drives it: Defold calls back in that script.
function defold.new()
    local transport = {}

    -- Sends a request; on_reply(status, headers, body), or on_reply(nil, reason).
    function transport.post(request, on_reply)
        http.request(request.url, "POST", function(_, _, response)
            if response.status == 0 then return on_reply(nil, response.error or "no answer") end
            -- The names of the headers are in lower case.
            on_reply(response.status, response.headers or {}, response.response or "")
        end, request.headers, request.body, {timeout = request.timeout, ignore_cache = true})
    end

    return transport
end

return defold
