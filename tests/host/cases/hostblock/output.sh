# expect: Tracing...
# expect: N    WHO
# expect: 1    a
# expect: N    WHO
# expect: 2    b
# expect: [2J[1;1Hwiped
# expect: N,WHO
# expect: 1,"a, ""b"""
# expect: 1 {"n": 1, "who": "a, \"b\""}
# expect: a link
# Headers on demand, banners for people, rows for programs.
cat >t.bt <<'S'
options = { quiet = flag("-q, --quiet", "no rows"); }
table t { N:-4; WHO; }
begin { exit() }
host begin { banner("Tracing...\n"); header(t); emit t(n=1, who="a"); header(t); emit t(n=2, who="b"); }
S
skep t.bt
skep -e 'begin { exit() } host begin { clear_screen(); print("wiped"); }' | tr -d '\033'
sed 's/who="a"); header(t); emit t(n=2, who="b")/who="a, \\"b\\"")/' t.bt >u.bt
skep u.bt --csv
skep u.bt --json | grep -n .  | sed 's/:/ /'
ln -s /nowhere link
skep -e 'begin { exit() } host begin { print(read_link("link") == "/nowhere" ? "a link" : "none"); }'
