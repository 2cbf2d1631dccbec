-- Runs inside wrk: makes every request another one where it has a {n}, and counts every answer that is not the expected.
local method, path = os.getenv('BENCH_METHOD'), os.getenv('BENCH_PATH')
local status, n = tonumber(os.getenv('BENCH_STATUS')), tonumber(os.getenv('BENCH_FIRST'))
local repeats = tonumber(os.getenv('BENCH_REPEATS'))
local headers, body = os.getenv('BENCH_HEADERS'), os.getenv('BENCH_BODY')
io.stdin:seek('set') -- wrk loads this file more than once
local expected = io.stdin:read('*a')

faults, last = '', os.time() -- global, for done() to read them: only strings and numbers can be
local counts = {}
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

local head = method .. ' ' .. path .. ' HTTP/1.1\r\nHost: localhost\r\n' .. headers
if body ~= '' then
  -- Twelve digits stand for the three characters {n}.
  local _, count = body:gsub('{n}', '')
  head = head .. 'Content-Length: ' .. (#body + 9 * count) .. '\r\n'
end
local message = head .. '\r\n' .. body
local isEach = message:find('{n}', 1, true) ~= nil

function request()
  if not isEach then return message end
  n = n + 1
  return (message:gsub('{n}', string.format('%012d', n % repeats)))
end

function response(answered, _, answer)
  last = os.time()
  -- Lua keeps one copy of equal strings, so that this compares every byte, once.
  if answered == status and answer == expected then return end
  local fault = answered ~= status and 'status ' .. answered or 'another body'
  counts[fault] = (counts[fault] or 0) + 1
  faults = ''
  for name, count in pairs(counts) do faults = faults .. string.format(',"%s":%d', name, count) end
end

function done(summary)
  local errors, late, all = summary.errors, summary.errors.timeout, ''
  for _, thread in ipairs(threads) do
    all = all .. thread:get('faults')
    -- wrk counts as late what is answered at last, and not what never is.
    if os.time() - thread:get('last') > tonumber(os.getenv('BENCH_LATE_AFTER')) then late = late + 1 end
  end
  all = string.format(',"no connection":%d,"broken off":%d,"late":%d', errors.connect, errors.read + errors.write, late) .. all
  print(string.format('BENCH {"answers":%d,"us":%d%s}', summary.requests, summary.duration, all))
end
