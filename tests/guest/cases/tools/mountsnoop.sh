# timeout: 60
tool=/tools/mountsnoop.bt
mkdir here
ns=$(readlink /proc/self/ns/mnt | tr -dc 0-9)
cat >load.sh <<'END'
work mount here
mount -t tmpfs -o ro known nowhere 2>/dev/null || true
END
during 'sh load.sh' <<END || exit
all $tool
parents $tool -P
json $tool --json
END
[ "$(head -n 1 all)" = 'COMM             PID     TID     MNT_NS      CALL' ] || exit 1
pid=$(awk '/^work/ { print $2; exit }' all)
awk -v s="work             $(printf %-7d $pid) $(printf %-7d $pid) $(printf %-11d $ns) " 'index($0, s) == 1 { print substr($0, length(s) + 1) }' all >got
cat >want <<'END'
mount("a \"b\"", "here", "tmpfs", MS_NOSUID|MS_NOATIME, "size=64k") = 0
umount("here", MNT_DETACH) = 0
fsopen("tmpfs", FSOPEN_CLOEXEC) = 3
fsconfig(3, FSCONFIG_SET_STRING, "size", "1M", 0) = 0
fsconfig(3, FSCONFIG_CMD_CREATE, "", "", 0) = 0
fsmount(3, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV|MOUNT_ATTR_NOATIME) = 4
move_mount(4, "", -100, "here", MOVE_MOUNT_F_EMPTY_PATH) = 0
umount("here", 0x0) = 0
END
diff want got || exit 1
grep -qF 'mount("known", "nowhere", "tmpfs", MS_RDONLY|MS_SILENT, "") = -ENOENT' all || exit 1
[ "$(head -n 1 parents)" = 'COMM             PID     TID     PCOMM            PPID    MNT_NS      CALL' ] || exit 1
parent=$(awk '/^work/ { print $5; exit }' parents)
[ "$(grep -cE "^work             $pid +$pid +sh               $parent +$ns +" parents)" -eq 8 ] && [ "$parent" -lt "$pid" ] || exit 1
grep -qF "{\"comm\": \"work\", \"pid\": $pid, \"tid\": $pid, \"mnt_ns\": $ns, \"call\": \"umount(\\\"here\\\", MNT_DETACH) = 0\"}" json
