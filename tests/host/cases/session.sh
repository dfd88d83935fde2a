# Entry and return of one function are one program where the kernel can, and the same is seen.
# expect: same
script='uprobe:$1:target_step { printf("in %s %s %d\n", probe, func, arg0); @n[probe] = count(); }
uretprobe:$1:target_step { printf("out %s %s %d\n", probe, func, retval); @n[probe] = count(); }'
file=$(command -v target)
skep -c 'target 5' -e "$script" "$file" >one 2>err || { cat err; exit 1; }
grep -qx 'Attached 2 probes' err || { cat err; exit 1; }
skep --no-feature uprobe_multi -q -c 'target 5' -e "$script" "$file" >two || exit 1
grep -q '^out .* target_step ' one && grep -q '^@n\[uretprobe:.*target_step\]: 5$' one && cmp one two || {
	cat one two
	exit 1
}
echo same
if skep --info | grep -q 'uprobe_session: yes'; then
	n=$(skep -v --dry-run -d bpf -e "$script" "$file" 2>err | grep -c '^; program')
	[ "$n" -eq 1 ] || exit 1
	grep 'verifier refuses' err && exit 1
	# A third probe on the function, and there is no pair.
	n=$(skep --dry-run -d bpf -e "$script uprobe:\$1:target_step { }" "$file" 2>&1 | grep -c '^; program')
	[ "$n" -eq 3 ] || { echo "$n programs for three"; exit 1; }
fi
exit 0
