# Who asks, and whom. A key for each POST that takes one: keep it, and send it again with each attempt.
: "${BASE_URL:?}" "${TOKEN:?}"
new_key() { cat /proc/sys/kernel/random/uuid; }
