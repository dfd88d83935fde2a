# timeout: 120
# As ext4slower.
slow-files xfs 20 || exit
case-slower xfsslower XFS
status=$?
slow-files off
exit $status
