# What cannot be imported, and why.
mkdir dir
touch x.bpf.c x.txt open.bt
chmod o+w open.bt
printf '\0' >nul.bt
echo 'config = { max_strlen = 64 } begin { }' >config.bt
printf macro >bad.bt
cat >main.bt <<'END'
import "nosuch.bt";
import "open.bt";
import "config.bt";
import "x.bpf.c";
import "x.txt";
import "dir";
import "nul.bt";
import 5;
import "bad.bt"
begin { import "base"; import "foo"; import 1; }
import "late.bt";
END
skep --dry-run main.bt 2>err && exit 1
fail=0
while read -r line; do
	grep -qFx "$line" err || { echo "missing: $line"; fail=1; }
done <<'END'
main.bt:1:8-19: ERROR: Cannot import "nosuch.bt": No such file or directory
main.bt:2:8-17: ERROR: Cannot import "open.bt": everybody may write to it
config.bt:1:1-7: ERROR: syntax: config is not allowed in an imported file
main.bt:4:8-17: ERROR: Cannot import "x.bpf.c": BPF C has to be compiled first
HINT: import what it is compiled to: clang -g -O2 --target=bpf -c x.bpf.c
main.bt:5:8-15: ERROR: Cannot import "x.txt": only .bt, .h and .bpf.o files can be imported
main.bt:6:8-13: ERROR: Cannot import "dir": nothing in it can be imported
main.bt:7:8-16: ERROR: Cannot import "nul.bt": it is no text
main.bt:8:8-9: ERROR: syntax: expected a string
bad.bt:1:6-7: ERROR: syntax: expected macro name
main.bt:10:31-36: ERROR: Cannot import "foo": the standard library has no such module
main.bt:10:45-46: ERROR: syntax: expected a string
main.bt:11:1-7: ERROR: syntax: root imports must appear before probes and functions
END
skep --dry-run -e 'begin { import "base"; }' 2>err && exit 1
grep -q 'ERROR: import statement feature is not enabled by default\. To enable this unstable feature, set the config flag to enable\. unstable_import_statement=enable$' err || { cat err; fail=1; }
skep --dry-run -e 'config = { unstable_import_statement = warn } begin { import "base"; }' 2>err
grep -q 'WARNING: Script is using an unstable feature: import statement\. To prevent this warning you must explicitly enable it in the config e\.g\. unstable_import_statement=enable$' err || { cat err; fail=1; }
for i in $(seq 70); do echo "import \"d$((i + 1)).bt\";" >"d$i.bt"; done
touch d71.bt
echo 'import "d1.bt"; begin { }' >deep.bt
skep --dry-run deep.bt 2>err && exit 1
grep -q 'ERROR: Cannot import "d65.bt": imports nest too deep$' err || { cat err; fail=1; }
[ $fail = 0 ] || cat err
exit $fail
