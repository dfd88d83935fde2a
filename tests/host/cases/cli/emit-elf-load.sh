# libbpf takes what --emit-elf writes: callbacks, maps, data, strings.
# requires: command -v bpftool && unshare -m true
# timeout: 30
cat >one.bt <<'E'
interval:s:1 {
	for ($i : 0..1000) { @squares[$i] = $i * $i; }
	@calls++;
	@by[comm, str("two")] = hist(@calls);
	printf("%s %d\n", comm, @calls);
}
E
skep --emit-elf one.o one.bt || exit 1
mkdir pins
export DIR_OF_PINS="$PWD/pins"
# In a mount namespace of its own: the pin is gone with it, whatever happens.
unshare -m sh -c '
	mount -t bpf none "$DIR_OF_PINS" || { echo "no bpffs"; exit 77; }
	bpftool prog load one.o "$DIR_OF_PINS/one" >out 2>&1 || { cat out; exit 1; }
	[ ! -s out ] || { cat out; echo "libbpf has something to say"; exit 1; }
	bpftool prog show pinned "$DIR_OF_PINS/one" >shown || exit 1
	grep -q "perf_event  name interval " shown || { cat shown; exit 1; }
	bpftool prog dump xlated pinned "$DIR_OF_PINS/one" linum >dump
	grep -q "^; @calls++; \[file:one.bt line_num:3 " dump || { head -20 dump; echo "no lines"; exit 1; }
	grep -q "^long loop0()" dump || { echo "no callback"; exit 1; }
	for id in $(sed -n "s/.*map_ids //p" shown | tr "," " "); do bpftool map show id "$id"; done >maps
	for map in "ringbuf  name events " "hash  name squares " "hash  name by " "array  name one.data " "array  name one.rodata "; do
		grep -q "$map" maps || { cat maps; echo "no $map"; exit 1; }
	done
	id=$(sed -n "s/^\([0-9]*\): array  name one.rodata .*/\1/p" maps)
	bpftool map dump id "$id" | tr -s " \n" " " | grep -q "74 77 6f 00" || { bpftool map dump id "$id"; echo "no \"two\""; exit 1; }
	rm "$DIR_OF_PINS/one" && [ ! -e "$DIR_OF_PINS/one" ]
'
