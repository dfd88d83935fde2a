# timeout: 120
# requires: test -e "$(dirname "$(command -v work)")/listing.bpf.o"
# Machine code as text: each function, where its instructions begin (as binutils has it), source lines, JSON.
p=/sys/fs/bpf/prog_jited
trap 'rm -rf $p' EXIT
objects=$(dirname "$(command -v work)")
mkdir $p && /usr/sbin/bpftool prog loadall "$objects/listing.bpf.o" $p || exit
xdp="pinned $p/listing_xdp" status=0
bad() { echo "$*"; status=1; }
# shellcheck disable=SC2086 # $xdp is two words
{
	skep prog dump jited $xdp >plain && skep prog dump jited $xdp opcodes linum >all &&
		skep prog dump j $xdp -j >json && skep prog dump jited $xdp opcodes linum -p >json-all &&
		skep prog dump jited $xdp file raw && skep prog dump jited $xdp file raw2 -j >null || exit
}
grep -qx null null && cmp raw raw2 && [ "$(stat -c %a raw)" = 600 ] || bad 'file'
[ "$(sed -n 1,3p plain)" = "int listing_xdp(struct xdp_md * ctx):
bpf_prog_$(skep prog show pinned $p/listing_xdp | sed -n 's/.*tag \([0-9a-f]*\).*/\1/p')_listing_xdp:
; SEC(\"xdp\") int listing_xdp(struct xdp_md *ctx)" ] || bad "begins: $(sed -n 1,3p plain)"
[ "$(grep -c '^bpf_prog_[0-9a-f]\{16\}_[a-z_]*:$' plain)" = 4 ] && grep -qx 'int sub(int a, int b):' plain || bad 'functions'
[ "$(tail -n 1 plain)" = '' ] && [ "$(grep -c '^$' plain)" = 4 ] || bad 'an empty line behind each function'
grep -qE '^; return .* \[file:.*listing.bpf.c line_num:[0-9]+ line_col:[0-9]+\]$' all || bad 'linum'

# The bytes of all functions, one behind the other, are the program's.
sed -n 's/^	\(\([0-9a-f][0-9a-f] \)*\)$/\1/p' all | tr -d ' \n' >bytes
od -An -v -tx1 raw | tr -d ' \n' | cmp - bytes || bad 'opcodes'

if [ "$(uname -m)" = x86_64 ]; then
	grep -qxE '   [0-9a-f]:	pushq	%rbp' plain && grep -qE '^ *[0-9a-f]+:	j[a-z]+	0xffffffff[0-9a-f]{8}$' plain &&
		grep -qE '^ *[0-9a-f]+:	nopl	\(%rax,%rax\)$' plain || bad "AT&T's syntax"
	if command -v objdump >/dev/null; then
		first=$(awk '/^$/ { exit } /^ *[0-9a-f]+:/' plain | wc -l)
		objdump -D -b binary -m i386:x86-64 raw | sed -n 's/^ *\([0-9a-f]*\):	.*	.*/\1/p' | head -n "$first" >theirs
		awk '/^$/ { exit } /^ *[0-9a-f]+:/' plain | sed 's/^ *\([0-9a-f]*\):.*/\1/' | diff theirs - >differ || bad "$(head -n 5 differ)"
	fi
fi

python3 - <<'END2' || status=1
import json, re
short, long = json.load(open("json")), json.load(open("json-all"))
assert [f["proto"] for f in short][0] == "int listing_xdp(struct xdp_md * ctx)" and len(short) == 4, short
assert all(re.fullmatch("bpf_prog_[0-9a-f]{16}_[a-z_]+", f["name"]) for f in short)
plain = [l.rstrip("\n").split("\t") for l in open("plain") if re.match(" *[0-9a-f]+:\t", l)]
insns = [i for f in short for i in f["insns"]]
assert len(plain) == len(insns)
for line, i in zip(plain, insns):
    assert int(line[0].strip(" :"), 16) == int(i["pc"], 16) and line[1] == i["operation"], (line, i)
    assert i["operands"] == ([None] if len(line) < 3 else re.split(r", (?![^\[{]*[\]}])", line[2])), (line, i)
    assert "opcodes" not in i and "file" not in i
assert any(i["operands"] == [None] for i in insns)
assert any(i.get("src") == "if (a > b)" for i in short[2]["insns"] + short[3]["insns"] + short[1]["insns"])
i = long[0]["insns"][0]
assert list(i)[:3] == ["src", "file", "line_num"] and i["file"].endswith("listing.bpf.c") and isinstance(i["line_num"], int), i
assert all(re.fullmatch("0x[0-9a-f]{2}", b) for f in long for i in f["insns"] for b in i["opcodes"])
END2

says() { # MESSAGE WORDS...
	message=$1
	shift
	"$@" >said 2>&1 && bad "$*: passes"
	grep -qxF "$message" said || bad "$*: '$(cat said)' is not '$message'"
}
tag=$(skep prog show pinned $p/listing_xdp | sed -n 's/.*tag \([0-9a-f]*\).*/\1/p')
/usr/sbin/bpftool prog load "$objects/listing.bpf.o" $p/again
skep prog dump jited tag "$tag" | grep -c '^[0-9]*: xdp  name listing_xdp  tag ' | grep -qx '[2-9]' || bad 'two of one tag'
skep prog dump jited tag "$tag" -j | python3 -c 'import json, sys
all = json.load(sys.stdin)
assert len(all) >= 2 and all[0]["tag"] == all[1]["tag"], all
assert len(all[0]["insns"]) == 4 and all[0]["type"] == "xdp", all[0]' || status=1
# shellcheck disable=SC2086
{
	says 'Error: several programs matched' skep prog dump jited tag "$tag" file x
	says "Error: 'file' is not compatible with 'opcodes', 'visual', or 'linum'" skep prog dump jited $xdp file x opcodes
	skep prog dump jited $xdp visual 2>&1 | grep -q '^Usage: ' || bad 'visual'
	# Without the library (one that is none is found first), in a skep that loads it.
	if ldd "$(command -v skep)" >/dev/null 2>&1; then
		mkdir none && echo none >none/libcapstone.so.4
		says 'Error: No JIT disassembly support' env LD_LIBRARY_PATH=none skep prog dump jited $xdp
		says '{"error":"No JIT disassembly support"}' env LD_LIBRARY_PATH=none skep prog dump jited $xdp -j
		env LD_LIBRARY_PATH=none skep prog dump jited $xdp file raw3 && cmp raw raw3 || bad 'a file needs no library'
	fi
	# Without the right to addresses the kernel keeps the code to itself.
	if setpriv --bounding-set -syslog --inh-caps -syslog grep -q '^0* . __bpf_call_base' /proc/kallsyms; then
		says 'Error: error retrieving jit dump: no instructions returned or kernel.kptr_restrict set?' \
			setpriv --bounding-set -syslog --inh-caps -syslog skep prog dump jited $xdp
	fi
}
exit $status
