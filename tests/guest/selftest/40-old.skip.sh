# requires-kernel: 99.0
exit 1
