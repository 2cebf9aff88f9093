-- wrk -s bulk.lua URL -- FILE: POST /v1/products/batch with the file's one line (token, body). The bytes are always the same, the rows new:
-- there is no id in them, and no key.
dofile("bench/wrk/common.lua")

local bulk

function init(arguments)
  local fields = read_lines(arguments[1])[1]
  bulk = wrk.format("POST", "/v1/products/batch", {
    ["Content-Type"] = "application/json",
    Origin = "https://shop.example",
    Authorization = "Bearer " .. fields[1],
  }, fields[2])
end

function request()
  return bulk
end
