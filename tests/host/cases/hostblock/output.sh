# expect: Tracing...
# expect: N    WHO
# expect: 1    a
# expect: N    WHO
# expect: 2    b
# expect: [2J[1;1Hwiped
# expect: a link
# Headers on demand, banners for people.
skep -e 'table t { N:-4; WHO; } begin { exit() }
host begin { banner("Tracing...\n"); header(t); emit t(n=1, who="a"); header(t); emit t(n=2, who="b"); }'
skep -e 'begin { exit() } host begin { clear_screen(); print("wiped"); }' | tr -d '\033'
ln -s /nowhere link
skep -e 'begin { exit() } host begin { print(read_link("link") == "/nowhere" ? "a link" : "none"); }'
