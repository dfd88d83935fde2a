# timeout: 120
# requires: test -e "$(dirname "$(command -v work)")/packets.bpf.o"
# Objects loaded and pinned beside bpftool, then what Debian's does not have or skep does otherwise.
cp "$(dirname "$(command -v work)")"/*.bpf.o .
p=/sys/fs/bpf/prog_load
mkdir $p || exit
trap 'rm -r $p' EXIT
mkdir ours && ln -s "$(command -v skep)" ours/bpftool
cat >lines <<END
prog load packets.bpf.o $p/a@
prog show pinned $p/a@
-f prog show pinned $p/a@
-j prog load packets.bpf.o $p/j@
prog load /nowhere $p/b
-j prog load /nowhere $p/b
prog load lines $p/b
prog load maps.bpf.o $p/maps@
prog loadall packets.bpf.o $p/all@ pinmaps $p/maps@
map show pinned $p/maps@/counts
prog show pinned $p/all@/mark_it
prog load untyped.bpf.o $p/u@ type xdp
prog show pinned $p/u@
prog load packets.bpf.o $p/b@ type
prog load packets.bpf.o $p/b@ type xdp type xdp
prog load packets.bpf.o $p/b@ map foo x id 3
prog load packets.bpf.o $p/b@ map idx x id 3
prog load packets.bpf.o $p/b@ map idx 1
prog load packets.bpf.o $p/b@ map
prog load packets.bpf.o $p/b@ map idx 0 id 999999999
prog load packets.bpf.o $p/b@ map idx 9 pinned $p/maps@/counts
prog load packets.bpf.o $p/b@ map name foo pinned $p/maps@/counts
prog load packets.bpf.o $p/b@ map name counts pinned $p/maps@/counts map name counts pinned $p/maps@/counts
prog load packets.bpf.o $p/c@ map name counts pinned $p/maps@/counts map idx 0 pinned $p/maps@/seen
prog load packets.bpf.o $p/d@ dev nosuch
prog load packets.bpf.o $p/d@ pinmaps
prog load refused.bpf.o $p/r@
-j prog load refused.bpf.o $p/r@
prog pin pinned $p/a@
prog pin pinned $p/a@ $p/z@
prog show pinned $p/z@
-j prog pin pinned $p/a@ $p/zz@
prog pin pinned $p/a@ $p/z.z@
prog load sockets.bpf.o $p/s@
prog loadall sockets.bpf.o $p/sk@ pinmaps $p/sm@
prog load packets.bpf.o $p/x.x@
END
beside -e 's/^[0-9]*: /N: /' -e 's/loaded_at [^ ]*/loaded_at T/' -e 's/\(map_ids\|btf_id\) [0-9,]*/\1 N/' \
	-e '/^Warning: bpftool is now/,/^$/d' -e '/^Warning: .dev. is the old/d' \
	-e 's/^\(Error: failed to pin [^(]*\) (.*/\1/' <lines || exit
for side in 1 2; do
	find $p/all$side $p/maps$side $p/sk$side $p/sm$side | sed "s/$side//" | sort >tree$side
done
diff tree1 tree2 || exit

said() { # STATUS COMMAND...
	want=$1
	shift
	ours/bpftool "$@" >out 2>&1
	status=$?
	[ "$status" = "$want" ] || { echo "status $status, not $want: $*"; cat out; exit 1; }
	echo "> $*" | sed "s|$p|P|g"
	sed "s|$p|P|g" out
}
(
	said 234 prog load packets.bpf.o
	said 234 prog loadall
	said 255 prog load packets.bpf.o $p/a1
	said 255 prog load packets.bpf.o $p/x/y
	said 255 prog load packets.bpf.o /tmp/y
	said 255 -n prog load packets.bpf.o /tmp/y
	said 255 prog loadall packets.bpf.o $p/x/y
	said 255 prog loadall packets.bpf.o $p/all1
	said 255 prog loadall packets.bpf.o $p/a1
	said 255 prog loadall packets.bpf.o $p/fresh pinmaps $p/maps1
	said 255 prog load packets.bpf.o $p/b pinmaps $p/x/y
	said 255 prog load packets.bpf.o $p/b pinmaps $p/m pinmaps $p/m
	said 255 prog load packets.bpf.o $p/b kernel_btf
	said 255 prog load packets.bpf.o $p/b kernel_btf a kernel_btf b
	said 255 prog load packets.bpf.o $p/b foo
	said 255 -j prog load packets.bpf.o $p/b 'fo"o'
	said 255 prog load packets.bpf.o $p/b offload_dev lo xdpmeta_dev lo
	said 255 prog load packets.bpf.o $p/b xdpmeta_dev lo offload_dev lo
	said 255 prog load packets.bpf.o $p/b xdpmeta_dev lo xdpmeta_dev lo
	said 255 prog load packets.bpf.o $p/b offload_dev lo offload_dev lo
	said 255 prog load packets.bpf.o $p/b offload_dev
	said 255 prog load packets.bpf.o $p/b xdpmeta_dev nosuch
	said 255 -L prog load packets.bpf.o $p/b map idx 0 pinned $p/maps1/seen
	said 255 -L prog load packets.bpf.o $p/b autoattach
	said 255 prog pin pinned $p/a1 $p/z1
	said 255 prog pin pinned $p/a1 $p/z3 foo
	said 255 prog pin pinned $p/a1 $p/x/y
	said 0 -L prog load packets.bpf.o
	said 0 -L prog loadall packets.bpf.o $p/L pinmaps $p/LM
	said 0 prog loadall packets.bpf.o $p/auto autoattach
	said 0 -j prog load packets.bpf.o $p/auto1 auto
) >all || { tail -n 5 all; exit 1; }
cat >want <<'END'
> prog load packets.bpf.o
Error: 'load' needs at least 2 arguments, 1 found
> prog loadall
Error: 'loadall' needs at least 2 arguments, 0 found
> prog load packets.bpf.o P/a1
Error: can't pin BPF object: path 'P/a1' already exists
> prog load packets.bpf.o P/x/y
Error: can't pin BPF object: dir 'P/x' doesn't exist
> prog load packets.bpf.o /tmp/y
Error: /tmp is in no BPF file system: mount -t bpf bpf DIR makes one
> -n prog load packets.bpf.o /tmp/y
Error: no BPF file system found, not mounting it due to --nomount option
> prog loadall packets.bpf.o P/x/y
Error: can't create dir 'P/x/y' to pin BPF object: parent dir 'P/x' doesn't exist
> prog loadall packets.bpf.o P/all1
Error: failed to pin all programs (P/all1/turn): File exists
> prog loadall packets.bpf.o P/a1
Error: can't create dir 'P/a1' to pin BPF object: File exists
> prog loadall packets.bpf.o P/fresh pinmaps P/maps1
Error: failed to pin all maps (P/maps1/seen): File exists
> prog load packets.bpf.o P/b pinmaps P/x/y
Error: can't create dir 'P/x/y' to pin BPF object: parent dir 'P/x' doesn't exist
> prog load packets.bpf.o P/b pinmaps P/m pinmaps P/m
Error: pinmaps already specified
> prog load packets.bpf.o P/b kernel_btf
Error: 'kernel_btf' needs at least 1 arguments, 0 found
> prog load packets.bpf.o P/b kernel_btf a kernel_btf b
Error: kernel_btf already specified
> prog load packets.bpf.o P/b foo
Error: expected no more arguments, 'type', 'map', 'offload_dev', 'xdpmeta_dev', 'pinmaps', 'autoattach', or 'kernel_btf', got: 'foo'?
> -j prog load packets.bpf.o P/b fo"o
{"error":"expected no more arguments, 'type', 'map', 'offload_dev', 'xdpmeta_dev', 'pinmaps', 'autoattach', or 'kernel_btf', got: 'fo\"o'?"}
> prog load packets.bpf.o P/b offload_dev lo xdpmeta_dev lo
Error: xdpmeta_dev and offload_dev are mutually exclusive
> prog load packets.bpf.o P/b xdpmeta_dev lo offload_dev lo
Error: xdpmeta_dev and offload_dev are mutually exclusive
> prog load packets.bpf.o P/b xdpmeta_dev lo xdpmeta_dev lo
Error: xdpmeta_dev already specified
> prog load packets.bpf.o P/b offload_dev lo offload_dev lo
Error: offload device already specified
> prog load packets.bpf.o P/b offload_dev
Error: 'offload_dev' needs at least 1 arguments, 0 found
> prog load packets.bpf.o P/b xdpmeta_dev nosuch
Error: unrecognized netdevice 'nosuch': No such device
> -L prog load packets.bpf.o P/b map idx 0 pinned P/maps1/seen
Error: a loader program cannot replace maps: leave out -L
> -L prog load packets.bpf.o P/b autoattach
Error: a loader program cannot attach: leave out -L
> prog pin pinned P/a1 P/z1
Error: can't pin BPF object: path 'P/z1' already exists
> prog pin pinned P/a1 P/z3 foo
Error: expected no more arguments, got: foo
> prog pin pinned P/a1 P/x/y
Error: can't pin BPF object: dir 'P/x' doesn't exist
> -L prog load packets.bpf.o
> -L prog loadall packets.bpf.o P/L pinmaps P/LM
> prog loadall packets.bpf.o P/auto autoattach
Program turn does not support autoattach, falling back to pinning
Program drop_all does not support autoattach, falling back to pinning
Program mark_it does not support autoattach, falling back to pinning
> -j prog load packets.bpf.o P/auto1 auto
null
END
diff want all || exit
# What failed has left nothing behind; a loader program makes what libbpf makes.
test ! -e $p/fresh && test ! -e $p/b && test ! -e $p/m || { find $p; exit 1; }
(cd $p/all1 && find . | sort) >tree1
(cd $p/L && find . | sort) | diff tree1 - || exit
(cd $p/maps1 && find . | sort) >tree1
(cd $p/LM && find . | sort) | diff tree1 - || exit
skep map dump pinned $p/LM/packets_rodata | grep -q '02 00 00 00\|"verdict": 2' || exit
# Types of the kernel may come from a file.
ours/bpftool prog load iterators.bpf.o $p/it kernel_btf /sys/kernel/btf/vmlinux || exit
ours/bpftool prog load iterators.bpf.o $p/it2 kernel_btf lines 2>&1 | grep -qx 'Error: failed to load object file' || exit
# All the verifier says, though nothing is wrong.
ours/bpftool -d prog load packets.bpf.o $p/debug >out 2>&1 || exit
grep -q '^libbpf: loading object' out && grep -q '^processed [0-9]* insns' out || { tail -n 20 out; exit 1; }
