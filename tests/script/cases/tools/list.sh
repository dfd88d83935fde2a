# expect: all
# The list by area, as JSON, and a part of it.
mkdir none && export SKEP_TOOLS=$PWD/none
skep tools >all || exit
grep -qx 'files' all || { cat all; exit 1; }
grep -q '^  opensnoop  *files being opened' all || { cat all; exit 1; }
grep -q '^[^ ].*/\|(/' all && { cat all; exit 1; }
# Areas, and names in them, are in order; each tool is there once.
grep '^[^ ]' all | LC_ALL=C sort -c || exit
awk '/^[^ ]/ { last = ""; next } NF { if ($1 <= last) exit 1; last = $1 }' all || exit
ls "$CASES"/../../../tools/*.bt | sed 's,.*/\(.*\)\.bt,\1,' | LC_ALL=C sort >files
sed -n 's/^  \([^ ]*\).*/\1/p' all | LC_ALL=C sort | diff - files || exit

skep tools --json >json || exit
grep -c '^{"name": "[a-z0-9_]*", "area": "[a-z]*", "purpose": "[^ ].*", "path": null},\{0,1\}$' json |
	grep -qx "$(wc -l <files)" || { cat json; exit 1; }
head -n 1 json | grep -qx '\[' && tail -n 1 json | grep -qx ']' || exit

skep tools Directory >part || exit
[ "$(sed -n 's/^  \([^ ]*\).*/\1/p' part)" = dcsnoop ] || { cat part; exit 1; }
skep tools SECURITY | grep -q '^  capable ' || exit
skep tools no_such_word >out 2>err && exit 1
grep -qx "No tool has 'no_such_word' in its name, area or purpose." err || { cat err; exit 1; }
[ "$(skep tools --json no_such_word | tr -d '\n')" = '[]' ] || exit
skep tools --help | grep -q -- '--links DIR' || exit
skep --help | grep -qx '    skep tools \[OPTIONS\] \[WORD\]' || exit
echo all
