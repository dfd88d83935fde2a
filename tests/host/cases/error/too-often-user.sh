# exit: 255
# expect-err-re: ^stdin:1:1-21: ERROR: profile:hz:100000000: no perf event can be opened: Invalid argument$
# expect-err-re: ^HINT: the kernel does not sample so often: /proc/sys/kernel/perf_event_max_sample_rate$
# Nor without privilege.
skep --engine user -c true -e 'profile:hz:100000000 { }'
