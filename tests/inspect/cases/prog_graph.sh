# timeout: 120
# requires: test -e "$(dirname "$(command -v work)")/listing.bpf.o"
# Control flow as a picture: well-formed, each block once and apart from the others, each jump a line between
# its blocks; and source text that wants to be something else than text.
p=/sys/fs/bpf/prog_graph
trap 'rm -rf $p' EXIT
objects=$(dirname "$(command -v work)")
mkdir $p && /usr/sbin/bpftool prog load "$objects/listing.bpf.o" $p/xdp || exit
status=0
bad() { echo "$*"; status=1; }
skep prog graph pinned $p/xdp >graph.svg && skep prog graph pinned $p/xdp file file.svg && cmp graph.svg file.svg &&
	[ "$(stat -c %a file.svg)" = 600 ] && [ "$(skep prog graph pinned $p/xdp file json.svg -j)" = null ] && cmp graph.svg json.svg || bad 'file'
skep prog dump xlated pinned $p/xdp "visual" >dot
skep prog dump xlated pinned $p/xdp >plain

cat >look.py <<'END2'
import re, sys, xml.etree.ElementTree as tree
S = "{http://www.w3.org/2000/svg}"
root = tree.parse(sys.argv[1]).getroot()
functions = [g for g in root.findall(S + "g") if g.get("class") == "function"]
# Each function's blocks and edges as Graphviz's text has them.
dot = [(f, int(a), int(b)) for f, a, b in re.findall(r"fn_(\d+)_bb_(\d+):s -> fn_\d+_bb_(\d+):n \[style=\"solid", open("dot").read())]
for number, function in enumerate(functions):
    inner = function.find(S + "g")
    rects = [tuple(float(r.get(k)) for k in ("x", "y", "width", "height")) for r in inner.findall(S + "rect")]
    wanted = sorted((a - 2, b - 2) for f, a, b in dot if int(f) == number and a > 1 and b > 1)
    paths = inner.findall(S + "path")
    assert sorted((int(e.get("data-from")), int(e.get("data-to"))) for e in paths) == wanted, (number, wanted)
    assert len(rects) == len(set(re.findall(r"fn_%d_bb_([2-9]|\d\d+) \[" % number, open("dot").read()))), number
    for i, (x, y, w, h) in enumerate(rects):
        assert x >= -0.1 and y >= -0.1
        for a, b, c, d in rects[:i]:
            assert x + w <= a or a + c <= x or y + h <= b or b + d <= y, ("blocks lie on each other", number, i)
    for e in paths:
        places = [tuple(map(float, p.split())) for p in re.findall(r"-?[\d.]+ -?[\d.]+", e.get("d"))]
        (x, y, w, h), (a, b, c, d) = rects[int(e.get("data-from"))], rects[int(e.get("data-to"))]
        assert x <= places[0][0] <= x + w and abs(places[0][1] - (y + h)) < 0.2, "begins at its block's foot"
        assert a <= places[-1][0] <= a + c and abs(places[-1][1] - b) < 0.2, "ends at its block's head"
        # Upright parts of it stand in no block.
        for (px, py), (qx, qy) in zip(places, places[1:]):
            if abs(px - qx) < 0.1:
                for rx, ry, rw, rh in rects:
                    assert not (rx + 1 < px < rx + rw - 1 and min(py, qy) < ry + rh - 1 and max(py, qy) > ry + 1), e.attrib
lines = [t.text for t in root.iter(S + "text") if t.get("class") == "insn"]
plain = [re.sub(r"^( *\d+: )\(..\) ", r"\1", l.rstrip("\n")) for l in open("plain", errors="replace") if re.match(r" *\d+: \(", l)]
assert lines == plain, [x for x in zip(lines, plain) if x[0] != x[1]][:3]
print(len(functions), len(root.findall(".//" + S + "path[@class='taken back']")),
      *sorted(set(t.text for t in root.iter(S + "text") if t.get("class") == "source" and " b)" in t.text)))
END2
python3 look.py graph.svg >saw || status=1
[ "$(cat saw)" = '4 2 if (a > b)' ] || bad "seen: $(cat saw)"
grep -q '<a href="#function[123]"><text class="insn"' graph.svg && grep -q 'id="function3"' graph.svg || bad 'calls lead to functions'

# Text of the same length: the terminal's orders, quotes, what is no UTF-8, the end of a label.
for text in 'if \033[2J b)' 'if <\377&"> b)' '\001\377\200]]> b)'; do
	python3 - "$text" "$objects/listing.bpf.o" <<'END2' || bad 'no such text'
import sys
text = sys.argv[1].encode().decode("unicode_escape").encode("latin1")[:10].ljust(10)
b = open(sys.argv[2], "rb").read()
assert b.count(b"if (a > b)") == 1
open("hostile.o", "wb").write(b.replace(b"if (a > b)", text))
END2
	rm -f $p/hostile
	/usr/sbin/bpftool prog load hostile.o $p/hostile || bad 'not loaded'
	skep prog graph pinned $p/hostile >hostile.svg && skep prog dump xlated pinned $p/hostile >plain &&
		skep prog dump xlated pinned $p/hostile "visual" >dot && python3 look.py hostile.svg >/dev/null || bad "not drawn: $text"
	cat plain dot hostile.svg | tr -d '\n\t\040-\176\200-\377' | od -c | grep -q '[^0-9 ]' && bad "control characters of $text"
	skep prog dump xlated pinned $p/hostile -j | python3 -c 'import json, sys; json.loads(sys.stdin.buffer.read().decode())' || bad "no JSON: $text"
done

says() { # MESSAGE WORDS...
	message=$1
	shift
	skep prog graph "$@" >said 2>&1 && bad "prog graph $*: passes"
	grep -qxF "$message" said || bad "prog graph $*: '$(cat said)' is not '$message'"
}
says "{\"error\":\"'graph' is not compatible with JSON output\"}" pinned $p/xdp -j
says 'Error: expected file path' pinned $p/xdp file
says "Error: what is 'graph'?"
says "Error: can't open file /nowhere/x: No such file or directory" pinned $p/xdp file /nowhere/x
says "Error: get by id (999999999): No such file or directory" id 999999999
skep prog graph pinned $p/xdp nonsense 2>&1 | grep -q '^Usage: ' || bad 'nonsense'
exit $status
