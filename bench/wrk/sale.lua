-- wrk -s sale.lua URL -- FILE FIRST: sales of a file's lines (token, receipt prefix, rest of the body), in turn. Each
-- is a new one: its clientRequestId and its deviceSeq, counted from FIRST, were never used before.
dofile("bench/wrk/common.lua")

local baskets, position, sequence, stamp, heads = {}, 0, 0, "", {}

function init(arguments)
  baskets = read_lines(arguments[1])
  sequence = tonumber(arguments[2]) + thread_number * 1000000
  position = thread_number * 97
  local now = os.time()
  math.randomseed(now + sequence)
  local milliseconds = now * 1000
  stamp = string.format("%08x-%04x-7%03x-8%03x-", math.floor(milliseconds / 65536), milliseconds % 65536,
    math.random(0, 4095), math.random(0, 4095))
  occurred_at = os.date("!%Y-%m-%dT%H:%M:%S.000Z", now)
  for i, basket in ipairs(baskets) do
    heads[i] = {
      ["Content-Type"] = "application/json",
      Origin = "https://shop.example",
      Authorization = "Bearer " .. basket[1],
    }
  end
end

function request()
  position = position % #baskets + 1
  sequence = sequence + 1
  local basket = baskets[position]
  local body = string.format('{"clientRequestId":"%s%012x","deviceSeq":%d,"receiptNumber":"%s%d","occurredAt":"%s",%s',
    stamp, sequence, sequence, basket[2], sequence, occurred_at, basket[3])
  return wrk.format("POST", "/v1/sales", heads[position], body)
end
