-- Posts the form of the page, each time with a new name. Arguments: the cookie, the token.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
  thread:set("number", #threads)
end

function init(arguments)
  count, stored, others = 0, 0, 0
  token = arguments[2]:gsub("[^%w%-%._]", function(c) return string.format("%%%02X", c:byte()) end)
  wrk.method = "POST"
  wrk.headers["Cookie"] = arguments[1]
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
end

function request()
  count = count + 1
  return wrk.format(nil, nil, nil,
    "name=Visitor+" .. number .. "+" .. count .. "&submit=Submit&csrf_token=" .. token)
end

function response(status)
  if status == 302 or status == 303 then stored = stored + 1 else others = others + 1 end
end

function done(summary, latency, requests)
  local stored, others = 0, 0
  for _, thread in ipairs(threads) do
    stored = stored + thread:get("stored")
    others = others + thread:get("others")
  end
  local errors = summary.errors
  others = others + errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    '{"stored": %d, "others": %d, "rate": %.1f, "p50_ms": %.2f, "p99_ms": %.2f}\n',
    stored, others, stored / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
