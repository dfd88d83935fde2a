# timeout: 120
# Each request to the disk takes 20 ms: a sync and a read past the cache wait for one at least.
slow-files ext4 20 || exit
case-slower ext4slower ext4
status=$?
slow-files off
exit $status
