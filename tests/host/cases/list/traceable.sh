# --traceable-functions says what there is: for lists, wildcards and warnings. Parts that the
# compiler split off are no functions.
# expect: kprobe:skep_one
# expect: kprobe:skep_two
# expect: two matches
# expect: split
# expect: warned
# expect: unreadable
printf 'skep_one\nskep_two\nskep_two.part.0\nother_function [nomod]\n' >functions
skep --traceable-functions functions -l 'kprobe:skep_*'
skep --traceable-functions functions --dry-run -e 'config = { max_probes = 1 } kprobe:skep_* { }' 2>&1 |
	grep -q "Can't attach to 2 probes because it exceeds the current limit of 1 probes" && echo two matches
skep --traceable-functions functions -l 'kprobe:*part*' | grep . || echo split
skep --traceable-functions functions --dry-run -e 'kprobe:vfs_read { }' 2>&1 |
	grep -q 'vfs_read is not traceable (either non-existing, inlined, or marked as "notrace"); attaching to it will likely fail' && echo warned
skep --traceable-functions /nonesuch -l 2>&1 | grep -q "^ERROR: failed to open file '/nonesuch': No such file or directory$" && echo unreadable
