# The full name of a file, from a pointer and of a member; no more than there is room for: the
# kernel then gives nothing.
# expect: looked at /etc/passwd and 0
# expect: opened /etc/passwd
skep -q -c 'ls -l /etc/passwd' -e '
fentry:security_inode_getattr /pid == cpid && path(args.path) == "/etc/passwd"/ {
	printf("looked at %s and %d\n", path(args.path, 64), strlen(path(args.path, 7)));
}' | grep looked | head -n 1
skep -q -c 'cat /etc/passwd' -e '
fentry:security_file_open /pid == cpid/ {
	$p = path(args.file.f_path);
	if ($p == "/etc/passwd") { printf("opened %s\n", $p); }
}' | grep opened
