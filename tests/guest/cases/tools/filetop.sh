# timeout: 60
# Each process reads or writes so often so many bytes; one does so in another directory.
tool=/tools/filetop.bt
mkdir other
on-cue go sh -c 'exec 3<>f; exec work write f 100 7' & pid=$!
cat >load.sh <<END
work write f 2048 30
work read f 1024 51
work write other/g 512 40
work read /dev/zero 4096 5
cue go $pid
END
during 'sh load.sh' <<END || exit
all $tool -C 100
top $tool -aC -r 2 -s reads 100
busy $tool -s wbytes --json -p $pid 100
writes $tool --csv --write-only -d other 100
reads $tool -C --read-only -s rbytes -r 1 100
END
[ "$(head -n 1 all)" = 'Tracing... Output every 100 secs. Hit Ctrl-C to end' ] && [ "$(tail -n 1 all)" = Detaching... ] || exit 1
[ -z "$(sed -n 2p all)" ] && sed -n 3p all | grep -qE '^[0-9:]{8} loadavg: [0-9]' && [ -z "$(sed -n 4p all)" ] || exit 1
[ "$(sed -n 5p all)" = 'TID     COMM             READS  WRITES R_Kb    W_Kb    T FILE' ] || exit 1
grep -qE '^[0-9]+ +work +0      30     0       60      R f$' all &&
	grep -qE '^[0-9]+ +work +51     0      51      0       R f$' all &&
	grep -qE '^[0-9]+ +work +0      40     0       20      R g$' all &&
	grep -qE "^$pid +work +0      7      0       0       R f$" all && ! grep zero all || exit 1
grep -qE '^[0-9]+ +work +5      0      20      0       O zero$' top || grep -qE 'work +51 .* f$' top || exit 1
[ "$(sed 1,5d top | wc -l)" -eq 3 ] && sed -n 6p top | grep -qE ' work +51 ' || exit 1
[ "$(head -n 1 busy)" = "{\"tid\": $pid, \"comm\": \"work\", \"reads\": 0, \"writes\": 7, \"r_kb\": 0, \"w_kb\": 0, \"t\": \"R\", \"file\": \"f\"}" ] || exit 1
[ "$(sed 1d writes | sed 's/^[0-9]*,//')" = work,0,40,0,20,R,g ] || exit 1
[ "$(sed 1,5d reads | wc -l)" -eq 2 ] && grep -qE ' work +51     0      51      0       R f$' reads || exit 1
# The order; so many reports, of a wiped screen; what cannot be.
echo 'work read f 1 20; work write f 1000 10; sleep 3' >l.sh
skep -q -c 'sh l.sh' $tool -s writes 1 2 >out || exit
[ "$(grep -c loadavg: out)" -eq 2 ] && grep -q "$(printf '\033')" out || exit 1
grep -E 'R f$' out | head -n 1 | grep -qE ' work +0      10 ' || exit 1
skep $tool --read-only --write-only 2>&1 | grep -q 'exclude each other' || exit 1
skep $tool -d nowhere 2>&1 | grep -q "Failed to look up inode number of 'nowhere'"
