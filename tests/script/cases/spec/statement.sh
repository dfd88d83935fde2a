# expect: 14 programs
# What the statement itself says to mistakes.
each-program "$DIR/statement.txt" 'skep --mode codegen -e "options = { a = texts(\"A...\", \"\");
c = texts(\"-c C\", \"\"); n = int(\"-n N\", \"\"); v = flag(\"-v\", \"\"); }
$program" c:open 2>&1 | grep -E "^(stdin:|specif|HINT:|ERROR|WARNING)"'
