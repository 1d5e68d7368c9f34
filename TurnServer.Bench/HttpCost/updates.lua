-- Plays updates (symbol 6) for wrk: one connection per thread, so that the counters of a seat go out in order.
--   SEATS    "KEY,PLAYER KEY,PLAYER ...", one seat per thread; neighbours play one game
-- done() prints what the caller checks. There is no response callback: it would cost wrk more than the request costs
-- the server. Replies that are not 200 show in wrk's own count.

local threads = {}

function setup(thread)
   thread:set("number", #threads)
   threads[#threads + 1] = thread
end

function init()
   local seats = {}
   for seat in os.getenv("SEATS"):gmatch("%S+") do
      seats[#seats + 1] = seat
   end
   tail = "," .. seats[number + 1] .. ","
   counter = 0
   -- wrk makes one request on its first thread only to look at it, and throws it away.
   thrown_away = number > 0
end

function request()
   local body = string.format("6,turn %013d d%s%d", counter, tail, counter)
   if thrown_away then
      counter = counter + 1
   else
      thrown_away = true
   end
   return "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

function done(summary)
   local errors = summary.errors
   io.write(string.format("requests=%d microseconds=%d refused=%d connect=%d read=%d write=%d timeout=%d counters=",
      summary.requests, summary.duration, errors.status, errors.connect, errors.read, errors.write, errors.timeout))
   for i, thread in ipairs(threads) do
      io.write(i > 1 and "," or "", string.format("%d", thread:get("counter")))
   end
   io.write("\n")
end
