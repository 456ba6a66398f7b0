-- Sends the requests of a file in turn. The file contains them as they are sent, separated by NUL bytes.
-- Prints one line of JSON at the end. Works with one thread only (-t1).
local requests, sent = {}, 0

function init(args)
   local file = io.open(args[1], "rb")
   for request in file:read("*a"):gmatch("[^%z]+") do requests[#requests + 1] = request end
   file:close()
end

function request()
   sent = sent + 1
   return requests[(sent - 1) % #requests + 1]
end

function done(summary, latency)
   local e = summary.errors
   print(string.format('{"answers":%d,"seconds":%.6f,"refused":%d,"broken":%d,"p50":%.3f,"p99":%.3f}',
      summary.requests - e.status, summary.duration / 1e6, e.status,
      e.connect + e.read + e.write + e.timeout, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
