-- wrk -s get.lua URL -- FILE: GETs of a file's lines (path, token), in turn.
dofile("bench/wrk/common.lua")

local requests, position = {}, 0

function init(arguments)
  for i, fields in ipairs(read_lines(arguments[1])) do
    local headers = { Origin = "https://shop.example" }
    if fields[2] then headers.Authorization = "Bearer " .. fields[2] end
    requests[i] = wrk.format("GET", fields[1], headers)
  end
  position = thread_number * 97
end

function request()
  position = position % #requests + 1
  return requests[position]
end
