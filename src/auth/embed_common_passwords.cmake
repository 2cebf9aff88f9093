# Writes the lines of INPUT that are no comment as one C++ string literal, each line closed by a line feed.
# cmake -D INPUT=list.txt -D OUTPUT=list.inc -P embed_common_passwords.cmake
file(READ "${INPUT}" text)
string(REGEX REPLACE "#[^\n]*\n" "" text "${text}")
string(REPLACE "\\" "\\\\" text "${text}")
string(REPLACE "\"" "\\\"" text "${text}")
string(REPLACE "?" "\\?" text "${text}")
string(REPLACE "\n" "\\n\"\n\"" text "${text}")
file(WRITE "${OUTPUT}" "\"${text}\"\n")
