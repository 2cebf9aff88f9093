-- wrk -s intent.lua URL -- FILE FIRST: payments by phone, by a file's lines (token, rest of the body) in turn. Each is a new one: its
-- clientRequestId, what it pays and the payer's number are counted from FIRST, and were never used before.
dofile("bench/wrk/common.lua")

local shops, heads, position, sequence, stamp = {}, {}, 0, 0, ""

function init(arguments)
  shops = read_lines(arguments[1])
  sequence = tonumber(arguments[2]) + thread_number * 1000000
  position = thread_number * 97
  local now = os.time()
  math.randomseed(now + sequence)
  local milliseconds = now * 1000
  stamp = string.format("%08x-%04x-7%03x-%%s%03x-%%012x", math.floor(milliseconds / 65536), milliseconds % 65536,
    math.random(0, 4095), math.random(0, 4095))
  for i, shop in ipairs(shops) do
    heads[i] = {
      ["Content-Type"] = "application/json",
      Origin = "https://shop.example",
      Authorization = "Bearer " .. shop[1],
    }
  end
end

function request()
  position = position % #shops + 1
  sequence = sequence + 1
  -- Ranges are ten millions apart, a number has eight digits: a hundred thousand of each range.
  local phone = math.floor(sequence / 1000000) % 1000 * 100000 + sequence % 100000
  local body = string.format('{"clientRequestId":"%s","subjectId":"%s","phone":"2547%08d",%s',
    stamp:format("8", sequence), stamp:format("9", sequence), phone, shops[position][2])
  return wrk.format("POST", "/v1/payment-intents", heads[position], body)
end
