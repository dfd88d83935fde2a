# timeout: 60
# BTF listed as it is: the kernel's and files with each kind of type, as bpftool lists them.
file=/sys/kernel/btf/vmlinux
# An unsigned value of 32 bits is that in JSON, too; 7.1 extends its sign.
beside -e 's/"val": *[0-9]*/"val":N/g' <<END || exit
btf dump file $file
-j btf dump file $file
btf dump file $file format raw
END
sh "$DIR/btf_all.inc" all.btf || exit
beside -e 's/18446744073441116159/4026531839/' <<END || exit
btf dump file all.btf
-p btf dump file all.btf
btf d f all.btf f raw
END
/usr/sbin/bpftool btf dump file all.btf | grep -q "^	'A2' val=4026531839$" || exit
ln -s "$(command -v skep)" bpftool
./bpftool -j btf dump file all.btf | grep -q '{"name":"A2","val":4026531839}' || exit
./bpftool -j btf dump file all.btf | grep -q '"values":\[{"name":"D1","val":-1}\]' || exit
# Only what is asked for.
[ "$(./bpftool btf dump file all.btf root_id 4 root_id 0x1)" = "$(./bpftool btf dump file all.btf |
	sed -n '4p;1p' | sort -r)" ] || { ./bpftool btf dump file all.btf root_id 4 root_id 1; exit 1; }
# Names that would harm a terminal, or JSON.
mkbtf bad.btf <<'END' || exit
int a\x1b[2J\x07b 4 1
int q"\x5c\x0a 4 1
int \xff\xc3\xa4\xc2\x9b 4 1
END
./bpftool btf dump file bad.btf >out
printf '%s\n' "[1] INT 'a\\x1b[2J\\x07b' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED" \
	"[2] INT 'q\"\\\\x0a' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED" \
	"[3] INT '\\xffä\\xc2\\x9b' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED" | diff - out || exit
./bpftool -j btf dump file bad.btf root_id 1 root_id 2 | python3 -c '
import json, sys
names = [t["name"] for t in json.load(sys.stdin)["types"]]
assert names == ["a\x1b[2J\x07b", "q\"\\\n"], names'
